/* The memory account.  Invariant: the parts sum to MemTotal + overlap, whatever the kernel says (hr_account_of makes the
 * remainder last). */
#include "watch_inside.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* In the order of /proc/meminfo. */
enum key {
    TOTAL, FREE, AVAILABLE, BUFFERS, CACHED, SWAP_CACHED, SWAP_TOTAL, SWAP_FREE, ZSWAP, DIRTY, WRITEBACK, ANON, SHMEM,
    KRECLAIMABLE, SRECLAIMABLE, SUNRECLAIM, STACK, PAGE_TABLES, SEC_PAGE_TABLES, COMMIT_LIMIT, COMMITTED, VMALLOC, PERCPU,
    ANON_HUGE, MLOCKED, HUGE_TOTAL, HUGE_SIZE, HUGETLB, KEYS
};
static const char *const keys[KEYS] = {
    [TOTAL] = "MemTotal", [FREE] = "MemFree", [AVAILABLE] = "MemAvailable", [BUFFERS] = "Buffers", [CACHED] = "Cached",
    [SWAP_CACHED] = "SwapCached", [SWAP_TOTAL] = "SwapTotal", [SWAP_FREE] = "SwapFree", [ZSWAP] = "Zswap", [DIRTY] = "Dirty",
    [WRITEBACK] = "Writeback", [ANON] = "AnonPages", [SHMEM] = "Shmem", [KRECLAIMABLE] = "KReclaimable",
    [SRECLAIMABLE] = "SReclaimable", [SUNRECLAIM] = "SUnreclaim", [STACK] = "KernelStack", [PAGE_TABLES] = "PageTables",
    [SEC_PAGE_TABLES] = "SecPageTables", [COMMIT_LIMIT] = "CommitLimit", [COMMITTED] = "Committed_AS",
    [VMALLOC] = "VmallocUsed", [PERCPU] = "Percpu", [ANON_HUGE] = "AnonHugePages", [MLOCKED] = "Mlocked",
    [HUGE_TOTAL] = "HugePages_Total", [HUGE_SIZE] = "Hugepagesize", [HUGETLB] = "Hugetlb",
};

enum vm_key { ZSPAGES, REFAULT_FILE, SWAP_IN, SWAP_OUT, STALL_DMA, STALL_NORMAL, STALL_MOVABLE, MAJOR, PINNED, UNPINNED, OOM, VM_KEYS };
static const char *const vm_keys[VM_KEYS] = {
    [ZSPAGES] = "nr_zspages", [REFAULT_FILE] = "workingset_refault_file", [SWAP_IN] = "pswpin", [SWAP_OUT] = "pswpout",
    [STALL_DMA] = "allocstall_dma32", [STALL_NORMAL] = "allocstall_normal", [STALL_MOVABLE] = "allocstall_movable",
    [MAJOR] = "pgmajfault", [PINNED] = "nr_foll_pin_acquired", [UNPINNED] = "nr_foll_pin_released", [OOM] = "oom_kill",
};

static void copy(struct hr_figure *f, bool there, uint64_t v, const char *key)
{
    if (there) {
        hr_set(f, v);
    } else if (f->known || f->why[0] == 0) {
        char why[HR_WHY_MAX];
        snprintf(why, sizeof why, "/proc/meminfo has no %s", key);
        hr_unset(f, why);
    }
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static void part(struct hr_account *a, enum hr_part p, bool there, uint64_t v)
{
    a->part[p] = there ? HR_READ(v) : HR_UNREAD(HR_WHY_KERNEL);
}

/* Every byte in one part; what is left is told as such, and what the kernel counts twice too. */
static void parts(struct hr_account *a, const uint64_t *v, const bool *f, uint64_t zspages)
{
    uint64_t dirty = v[DIRTY] + v[WRITEBACK], cache = less(v[CACHED] + v[BUFFERS], v[SHMEM]);
    bool shmem = f[SHMEM], cached = f[CACHED];
    dirty = HR_MIN(f[DIRTY] ? dirty : 0, cache);
    part(a, HR_PART_FREE, f[FREE], v[FREE]);
    part(a, HR_PART_ANON, f[ANON], v[ANON]);
    part(a, HR_PART_SHMEM, shmem, v[SHMEM]);
    part(a, HR_PART_CACHE, cached, cache - dirty);
    part(a, HR_PART_DIRTY, cached && f[DIRTY], dirty);
    part(a, HR_PART_SLAB_FREE, f[SRECLAIMABLE] || f[KRECLAIMABLE], HR_MAX(v[SRECLAIMABLE], v[KRECLAIMABLE]));
    part(a, HR_PART_SLAB, f[SUNRECLAIM], v[SUNRECLAIM]);
    part(a, HR_PART_PAGE_TABLES, f[PAGE_TABLES], v[PAGE_TABLES] + v[SEC_PAGE_TABLES]);
    part(a, HR_PART_STACKS, f[STACK], v[STACK]);
    /* Kernel stacks are taken from vmalloc where the kernel guards them (all that train): they count as stacks only. */
    part(a, HR_PART_VMALLOC, f[VMALLOC] || f[PERCPU], less(v[VMALLOC], v[STACK]) + v[PERCPU]);
    part(a, HR_PART_HUGETLB, f[HUGETLB] || f[HUGE_TOTAL], f[HUGETLB] ? v[HUGETLB] : v[HUGE_TOTAL] * v[HUGE_SIZE]);
    part(a, HR_PART_ZSWAP, f[ZSWAP] || zspages != 0, HR_MAX(v[ZSWAP], zspages));
    uint64_t sum = 0;
    for (unsigned p = 0; p < HR_PARTS; p++)
        sum += p == HR_PART_OTHER || a->part[p].why != HR_WHY_KNOWN ? 0 : a->part[p].v;
    part(a, HR_PART_OTHER, f[TOTAL], less(v[TOTAL], sum));
    a->overlap = f[TOTAL] ? less(sum, v[TOTAL]) : 0;
}

static void of_meminfo(struct hr_str text, uint64_t zspages, struct hr_account *a)
{
    uint64_t v[KEYS] = { 0 };
    bool f[KEYS];
    hr_keyed(text, keys, KEYS, v, f);
    static const struct {
        enum key key;
        size_t offset;
    } plain[] = {
#define AT(m) offsetof(struct hr_account, m)
        { TOTAL, AT(total) }, { AVAILABLE, AT(available) }, { MLOCKED, AT(locked) }, { SWAP_TOTAL, AT(swap_total) },
        { SWAP_CACHED, AT(swap_cached) }, { COMMITTED, AT(committed) }, { COMMIT_LIMIT, AT(commit_limit) },
        { WRITEBACK, AT(writeback) }, { ANON_HUGE, AT(huge_anon) },
#undef AT
    };
    for (size_t i = 0; i < HR_COUNT(plain); i++) {
        void *at = (char *)a + plain[i].offset;
        copy(at, f[plain[i].key], v[plain[i].key], keys[plain[i].key]);
    }
    copy(&a->swap_used, f[SWAP_TOTAL] && f[SWAP_FREE], less(v[SWAP_TOTAL], v[SWAP_FREE]), keys[SWAP_FREE]);
    parts(a, v, f, zspages);
}

void hr_account_of(struct hr_str meminfo, struct hr_str vmstat, uint64_t page, struct hr_account *ret)
{
    uint64_t v[VM_KEYS] = { 0 };
    bool f[VM_KEYS];
    hr_keyed(vmstat, vm_keys, VM_KEYS, v, f);
    of_meminfo(meminfo, f[ZSPAGES] ? v[ZSPAGES] * page : 0, ret);
}

static void of_vmstat(struct hr_watch *w, struct hr_str text, uint64_t *ret_zspages)
{
    struct hr_look_memory *l = &w->memory;
    struct hr_account *a = &w->model->memory;
    uint64_t v[VM_KEYS] = { 0 }, span = w->model->span;
    bool f[VM_KEYS], stands = w->model->captured;
    const char *none = text.p == NULL ? "/proc/vmstat cannot be read" : "/proc/vmstat does not tell it";
    hr_keyed(text, vm_keys, VM_KEYS, v, f);
    *ret_zspages = f[ZSPAGES] ? v[ZSPAGES] * l->page : 0;
    hr_rate_figure(&a->swap_in, &l->swap_in, f[SWAP_IN], v[SWAP_IN] * l->page, span, none, stands);
    hr_rate_figure(&a->swap_out, &l->swap_out, f[SWAP_OUT], v[SWAP_OUT] * l->page, span, none, stands);
    hr_rate_figure(&a->major_faults, &l->major, f[MAJOR], v[MAJOR], span, none, stands);
    hr_rate_figure(&a->refaults, &l->refault, f[REFAULT_FILE], v[REFAULT_FILE], span, none, stands);
    hr_rate_figure(&a->stalls, &l->stall, f[STALL_NORMAL], v[STALL_DMA] + v[STALL_NORMAL] + v[STALL_MOVABLE], span, none, stands);
    if (f[OOM])
        hr_set(&a->oom_kills, v[OOM]);
    else
        hr_unset(&a->oom_kills, none);
    if (f[PINNED] && f[UNPINNED])
        hr_set(&a->pinned, less(v[PINNED], v[UNPINNED]) * l->page);
    else
        hr_unset(&a->pinned, "this kernel does not count pages pinned for devices");
}

int hr_look_memory_open(struct hr_watch *w)
{
    struct hr_look_memory *l = &w->memory;
    struct hr_account *a = &w->model->memory;
    l->meminfo.path = "proc/meminfo";
    l->vmstat.path = "proc/vmstat";
    l->page = w->sight.live ? (uint64_t)sysconf(_SC_PAGESIZE) : 4096;
    of_meminfo(hr_sight_read(&w->sight, &l->meminfo), 0, a); /* how much there is, before the first tick: marks are parts of it */
    return 0;
}

void hr_look_memory(struct hr_watch *w)
{
    uint64_t zspages = 0;
    of_vmstat(w, hr_sight_read(&w->sight, &w->memory.vmstat), &zspages);
    of_meminfo(hr_sight_read(&w->sight, &w->memory.meminfo), zspages, &w->model->memory);
}

void hr_look_memory_close(struct hr_watch *w)
{
    struct hr_kept_file *f[] = { &w->memory.meminfo, &w->memory.vmstat };
    for (size_t i = 0; i < HR_COUNT(f); i++)
        hr_kept_file_close(f[i]);
}
