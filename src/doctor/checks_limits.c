/* Switches and limits of the kernel that memory runs into. */
#include "checks_memory.h"

#include "check_parts.h"
#include "human.h"

#include <inttypes.h>
#include <string.h>

const char hr_why_overcommit[] =
    "CUDA and PyTorch reserve far more address space than they use. Strict accounting (2) refuses it although memory "
    "is free; "
    "\"always\" (1) never refuses, so that a too large array is found out by the kernel's killer and not by an error.";

void hr_check_overcommit(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    if (!hr_check_known(f, m->overcommit.known, m->overcommit.why))
        return;
    hr_seen(f, "/proc/sys/vm/overcommit_memory: %" PRIu64, m->overcommit.v);
    if (m->overcommit.v == 2) {
        struct hr_human limit = hr_human_bytes(m->commit_limit.known ? m->commit_limit.v : 0);
        hr_find(f, HR_WARN, "memory is accounted strictly: all programs together may reserve %s, used or not",
                m->commit_limit.known ? limit.text : "–");
        if (m->committed.known)
            hr_seen(f, "/proc/meminfo: Committed_AS: %" PRIu64 " kB", m->committed.v / 1024);
        hr_check_sysctl(facts, f, "vm.overcommit_memory", 0, 2);
    } else if (m->overcommit.v == 1) {
        hr_find(f, HR_NOTE,
                "no reservation of memory is ever refused (overcommit_memory=1): a too large array ends in a kill, not "
                "in an error");
        hr_check_sysctl(facts, f, "vm.overcommit_memory", 0, 1);
    } else {
        hr_find(f, HR_GOOD, "reservations of memory are judged by the kernel's own rule");
    }
}

void hr_check_swappiness(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    if (!hr_check_known(f, m->swappiness.known, m->swappiness.why))
        return;
    if (m->swap_total.known && m->swap_total.v == 0) {
        hr_find(f, HR_NOT_HERE, "there is no swap");
        return;
    }
    hr_seen(f, "/proc/sys/vm/swappiness: %" PRIu64, m->swappiness.v);
    bool zram = m->swaps != 0 && m->swap[0].zram;
    if (m->swappiness.v == 0) {
        hr_find(f, HR_WARN, "swappiness is 0: swap is not used before memory is almost gone");
        hr_check_sysctl(facts, f, "vm.swappiness", 10, 0);
    } else if (m->swappiness.v > 100 && !zram) {
        hr_find(f, HR_NOTE, "swappiness is %" PRIu64 ": programs are swapped out rather than files dropped",
                m->swappiness.v);
        hr_check_sysctl(facts, f, "vm.swappiness", 60, m->swappiness.v);
    } else {
        hr_find(f, HR_GOOD, "swappiness is %" PRIu64, m->swappiness.v);
    }
}

void hr_check_thp(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_word *thp = &hr_facts_memory(facts)->thp;
    if (!hr_check_known(f, thp->known, thp->why))
        return;
    hr_seen(f, "/sys/kernel/mm/transparent_hugepage/enabled: [%s]", thp->v);
    if (strcmp(thp->v, "never") != 0) {
        hr_find(f, HR_GOOD, "huge pages are given on \"%s\"", thp->v);
        return;
    }
    hr_find(f, HR_NOTE, "transparent huge pages are switched off");
    hr_fix(f, "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled   # until the next start");
    hr_undo(f, "echo never | sudo tee /sys/kernel/mm/transparent_hugepage/enabled");
}

void hr_check_huge_pages(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    if (!hr_check_known(f, m->huge_total.known, m->huge_total.why) ||
        !hr_check_known(f, m->huge_size.known, m->huge_size.why))
        return;
    uint64_t unused = m->huge_free.known ? HR_MIN(m->huge_free.v, m->huge_total.v) : 0, bytes;
    if (__builtin_mul_overflow(unused, m->huge_size.v, &bytes))
        bytes = UINT64_MAX;
    hr_seen(f, "/proc/meminfo: HugePages_Total: %" PRIu64, m->huge_total.v);
    if (bytes < (UINT64_C(256) << 20)) {
        hr_find(f, HR_GOOD, "no memory is tied up in unused huge pages");
        return;
    }
    hr_find(f, HR_WARN, "%s are reserved as huge pages that nobody uses", hr_human_bytes(bytes).text);
    hr_check_sysctl(facts, f, "vm.nr_hugepages", m->huge_total.v - unused, m->huge_total.v);
}

void hr_check_maps(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_figure *n = &hr_facts_memory(facts)->max_map_count;
    if (!hr_check_known(f, n->known, n->why))
        return;
    hr_seen(f, "/proc/sys/vm/max_map_count: %" PRIu64, n->v);
    if (n->v >= 65530) { /* the kernel's default */
        hr_find(f, HR_GOOD, "a process may have %s mappings", hr_human_count(n->v).text);
        return;
    }
    hr_find(f, HR_WARN, "a process may have only %s mappings, fewer than the kernel's default of 65,530",
            hr_human_count(n->v).text);
    hr_check_sysctl(facts, f, "vm.max_map_count", 262144, n->v);
}

void hr_check_open_files(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_rlimit *n = &hr_facts_limits(facts)->nofile;
    if (!hr_check_known(f, n->soft.known, n->soft.why))
        return;
    bool more = n->hard.known && n->hard.v > n->soft.v;
    if (n->soft.v > 1024) {
        hr_find(f, HR_GOOD,
                n->soft.v == HR_UNLIMITED ? "a process may open any number of files" : "a process may open %s files",
                hr_human_count(n->soft.v).text);
        return;
    }
    hr_seen(f, "/proc/self/limits: Max open files %" PRIu64, n->soft.v);
    hr_find(f, n->soft.v < 1024 || hr_facts_procs(facts)->loaders != 0 ? HR_WARN : HR_NOTE,
            "a process started here may open %" PRIu64 " files", n->soft.v);
    hr_fix(f, more ? "ulimit -n $(ulimit -Hn)   # in this shell, before the run"
                   : "# the hard limit is as low: raise it in /etc/security/limits.conf and log in again");
    hr_undo(f, "# a new shell has the old limit");
}

void hr_check_locked(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_rlimit *n = &hr_facts_limits(facts)->memlock;
    const struct hr_figure *ib = &hr_facts_net(facts)->infiniband;
    if (!hr_check_known(f, n->soft.known, n->soft.why))
        return;
    if (n->soft.v == HR_UNLIMITED) {
        hr_find(f, HR_GOOD, "a process may lock any amount of memory");
    } else if (ib->known && ib->v != 0) {
        hr_seen(f, "/sys/class/infiniband: %" PRIu64 " devices", ib->v);
        hr_find(f, HR_WARN, "a process may lock only %s, and there is InfiniBand: NCCL cannot register its buffers",
                hr_human_bytes(n->soft.v).text);
        hr_fix(
            f,
            "ulimit -l unlimited   # containers: docker run --ulimit memlock=-1; for good: /etc/security/limits.conf");
        hr_undo(f, "# a new shell has the old limit");
    } else {
        hr_find(f, HR_GOOD, "a process may lock %s, and no InfiniBand is here that would need more",
                hr_human_bytes(n->soft.v).text);
    }
}

void hr_check_processes(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_rlimit *n = &hr_facts_limits(facts)->nproc;
    if (!hr_check_known(f, n->soft.known, n->soft.why))
        return;
    if (n->soft.v >= 4096) {
        hr_find(f, HR_GOOD,
                n->soft.v == HR_UNLIMITED ? "any number of processes may be started"
                                          : "this user may have %s processes and threads",
                hr_human_count(n->soft.v).text);
        return;
    }
    hr_seen(f, "/proc/self/limits: Max processes %" PRIu64, n->soft.v);
    hr_find(f, HR_WARN, "this user may have only %" PRIu64 " processes and threads", n->soft.v);
    hr_fix(f, "ulimit -u $(ulimit -Hu)");
    hr_undo(f, "# a new shell has the old limit");
}

void hr_check_pids(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_figure *n = &hr_facts_limits(facts)->pid_max;
    if (!hr_check_known(f, n->known, n->why))
        return;
    hr_seen(f, "/proc/sys/kernel/pid_max: %" PRIu64, n->v);
    if (n->v >= 32768) { /* the kernel's least default */
        hr_find(f, HR_GOOD, "the machine may have %s processes and threads", hr_human_count(n->v).text);
        return;
    }
    hr_find(f, HR_WARN, "the machine may have only %s processes and threads, fewer than the kernel's default of 32,768",
            hr_human_count(n->v).text);
    hr_check_sysctl(facts, f, "kernel.pid_max", 4194304, n->v);
}

void hr_check_all_files(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_figure *n = &hr_facts_limits(facts)->file_max;
    if (!hr_check_known(f, n->known, n->why))
        return;
    hr_seen(f, "/proc/sys/fs/file-max: %" PRIu64, n->v);
    if (n->v >= 65536) {
        hr_find(f, HR_GOOD, "all programs together may open %s files", hr_human_count(n->v).text);
        return;
    }
    hr_find(f, HR_WARN, "all programs together may open only %s files", hr_human_count(n->v).text);
    hr_check_sysctl(facts, f, "fs.file-max", 2097152, n->v);
}

void hr_check_inotify(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_figure *n = &hr_facts_limits(facts)->inotify_watches;
    if (!hr_check_known(f, n->known, n->why))
        return;
    hr_seen(f, "/proc/sys/fs/inotify/max_user_watches: %" PRIu64, n->v);
    if (n->v >= 65536) {
        hr_find(f, HR_GOOD, "%s files may be watched", hr_human_count(n->v).text);
        return;
    }
    hr_find(f, HR_NOTE, "only %s files may be watched: editors and file synchronisers miss changes in large trees",
            hr_human_count(n->v).text);
    hr_check_sysctl(facts, f, "fs.inotify.max_user_watches", 524288, n->v);
}

void hr_check_core(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_limits *l = hr_facts_limits(facts);
    if (!hr_check_known(f, l->core.soft.known, l->core.soft.why))
        return;
    bool piped = l->core_pattern.known && l->core_pattern.v[0] == '|';
    if (l->core.soft.v == 0 || piped) {
        hr_find(f, HR_GOOD,
                piped ? "core dumps go to a program that keeps or drops them" : "crashes write no core dump");
        return;
    }
    hr_seen(f, "/proc/sys/kernel/core_pattern: %s", l->core_pattern.known ? l->core_pattern.v : l->core_pattern.why);
    hr_find(f, HR_NOTE, "a crash writes the whole memory of the process to a file");
    hr_fix(f, "ulimit -c 0   # in this shell, before the run");
    hr_undo(f, "# a new shell has the old limit");
}

void hr_check_zswap(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    const struct hr_vm *vm = hr_facts_vm(facts);
    if (m->zswap.known) {
        hr_find(f, HR_GOOD, "zswap is %s", m->zswap.v[0] == 'Y' || m->zswap.v[0] == '1' ? "on" : "off");
    } else if (vm->zswap.known && vm->zswap.v) {
        hr_seen(f, "/proc/cmdline: zswap.enabled");
        hr_find(f, HR_WARN,
                "zswap is asked for on the kernel's command line, but this kernel has none: it does nothing");
        hr_fix(f, vm->kind == HR_VM_WSL2 ? "# take zswap.enabled=1 out of kernelCommandLine in .wslconfig"
                                         : "# take zswap.enabled=1 out of the kernel's command line");
    } else {
        hr_find(f, HR_NOT_HERE, "this kernel has no zswap");
    }
}
