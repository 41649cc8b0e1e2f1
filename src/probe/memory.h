/* Memory: what there is, what is left, who limits it, and the switches that decide how it behaves when it is short.
 * (The struct is called hr_ram: hr_memory is sys/machine.h's, the few figures that a budget needs.) */
#ifndef HR_MEMORY_H
#define HR_MEMORY_H

#include "cgroup.h"
#include "known.h"
#include "pressure.h"
#include "root.h"

enum { HR_SWAPS_MAX = 16 };

struct hr_swap {
    char name[HR_WORD_MAX]; /* "/dev/sdb", "/swapfile", "/dev/zram0" */
    char type[16];          /* "partition" or "file" */
    bool zram;
    uint64_t size, used; /* bytes */
    int64_t priority;
};

struct hr_ram {
    /* meminfo, all bytes */
    struct hr_figure total, free, available, buffers, cached, reclaimable, shared, dirty, writeback, anon, mlocked;
    struct hr_figure swap_total, swap_free, commit_limit, committed, huge_size, hugetlb;
    struct hr_figure huge_total, huge_free; /* pages */
    /* vmstat, counts since boot */
    struct hr_figure oom_kills, swap_in, swap_out, major_faults, stalls; /* swap: pages; stalls: allocstall_* summed */
    /* swaps */
    struct hr_truth swaps_known;
    struct hr_swap swap[HR_SWAPS_MAX];
    size_t swaps;
    struct hr_word zswap; /* "Y", "N"; unknown where the kernel has none */
    /* switches */
    struct hr_figure swappiness, overcommit, overcommit_ratio, max_map_count, dirty_ratio, dirty_background_ratio;
    struct hr_word thp, thp_defrag; /* the chosen word: "madvise" */
    /* limits */
    struct hr_cgroup group;
    struct hr_figure wsl_user; /* memory.max of WSL's own group for user processes (newer WSL) */
    /* what gives memory back to Windows (WSL) */
    struct hr_figure reporting_order; /* page reporting: free blocks of 2^order pages are given back */
    struct hr_truth reclaim;          /* the root group has memory.reclaim, which autoMemoryReclaim=gradual needs */
    struct hr_figure shm_total, shm_available; /* bytes of /dev/shm */
    struct hr_pressure pressure, io_pressure;
};

void hr_ram_read(const struct hr_root *root, struct hr_ram *ret);
/* What this process may use at most: the smaller of MemTotal and the cgroup's limit. */
struct hr_figure hr_ram_ceiling(const struct hr_ram *m);
/* Page cache that could be given back: Cached + Buffers + SReclaimable - Shmem. */
struct hr_figure hr_ram_cache(const struct hr_ram *m);
/* Parsers of the texts alone. */
void hr_ram_parse_meminfo(struct hr_str text, struct hr_ram *ret);
void hr_ram_parse_vmstat(struct hr_str text, struct hr_ram *ret);
void hr_ram_parse_swaps(struct hr_str text, struct hr_ram *ret);
/* The word in brackets of "always [madvise] never". */
struct hr_word hr_ram_chosen(struct hr_str text);

#endif
