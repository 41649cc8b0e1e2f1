/* Memory: what is there, what limits it, and what happened when it ran short.  (Switches and limits of the kernel:
 * checks_limits.c; /dev/shm: checks_shm.c; between WSL and Windows: checks_memory_wsl.c.) */
#include "checks_memory.h"

#include "check_parts.h"
#include "human.h"

#include <inttypes.h>
#include <string.h>

#define GIB (UINT64_C(1) << 30)

static const char *size(uint64_t bytes, struct hr_human *h)
{
    *h = hr_human_bytes(bytes);
    return h->text;
}

static void available(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    struct hr_figure most = hr_ram_ceiling(m), left = m->available;
    struct hr_human a, b;
    if (!hr_check_known(f, most.known, most.why) || !hr_check_known(f, left.known, left.why))
        return;
    if (m->group.limit.known && m->group.used.known) {
        uint64_t room = m->group.limit.v > m->group.used.v ? m->group.limit.v - m->group.used.v : 0;
        left.v = HR_MIN(left.v, room);
    }
    hr_seen(f, "/proc/meminfo: MemAvailable: %" PRIu64 " kB", m->available.v / 1024);
    if (left.v < most.v / 10) {
        hr_find(f, HR_WARN, "only %s of %s are left", size(left.v, &a), size(most.v, &b));
        hr_fix(f, "ps -eo pid,rss,comm --sort=-rss | head   # who holds it");
    } else {
        hr_find(f, HR_GOOD, "%s of %s are available", size(left.v, &a), size(most.v, &b));
    }
}

static void cgroup_limit(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    const struct hr_cgroup *g = &m->group;
    bool container = hr_facts_container(facts)->kind != HR_CONTAINER_NONE;
    struct hr_human a, b;
    if (!hr_check_known(f, m->total.known, m->total.why))
        return;
    if (!g->limit.known || g->limit.v >= m->total.v - m->total.v / 20) {
        hr_find(f, HR_GOOD, "no cgroup limits this process below the machine's %s", size(m->total.v, &a));
        return;
    }
    hr_seen(f, "%s: %" PRIu64, g->limit_file.v, g->limit.v);
    hr_find(f, g->limit.v < 2 * GIB ? HR_WARN : HR_NOTE,
            "this process may take %s of the machine's %s; above that the kernel kills it", size(g->limit.v, &a),
            size(m->total.v, &b));
    if (container) {
        hr_fix(f,
               "# start the container with more:  docker run --memory 32g …   (Kubernetes: resources.limits.memory)");
        hr_undo(f, "# start it with --memory %" PRIu64 " again", g->limit.v);
    } else {
        hr_fix(f, "systemd-run --user --scope -p MemoryMax=infinity your-command   # a group of its own, if you may");
    }
}

static void cgroup_high(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_cgroup *g = &hr_facts_memory(facts)->group;
    struct hr_human a, b;
    if (!hr_check_known(f, g->v2.known, g->v2.why))
        return;
    if (!g->high.known) {
        hr_find(f, HR_GOOD, "no memory.high slows this process down");
        return;
    }
    bool near = g->used.known && g->used.v > g->high.v - g->high.v / 10;
    hr_find(f, near ? HR_WARN : HR_NOTE, "above %s (memory.high) the kernel slows this process down%s%s",
            size(g->high.v, &a), near ? "; charged now: " : "", near ? size(g->used.v, &b) : "");
    hr_seen(f, "cgroup %s: memory.high %" PRIu64, g->path.v, g->high.v);
}

static void swap(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    struct hr_human a, b;
    if (!hr_check_known(f, m->swap_total.known, m->swap_total.why) || !hr_check_known(f, m->total.known, m->total.why))
        return;
    hr_seen(f, "/proc/meminfo: SwapTotal: %" PRIu64 " kB", m->swap_total.v / 1024);
    if (m->swap_total.v >= m->total.v / 16 || m->swap_total.v >= 8 * GIB) {
        hr_find(f, HR_GOOD, "%s of swap beside %s of memory", size(m->swap_total.v, &a), size(m->total.v, &b));
        return;
    }
    bool wsl = hr_facts_vm(facts)->kind == HR_VM_WSL2;
    if (m->swap_total.v == 0)
        hr_find(f, wsl ? HR_WARN : HR_NOTE, "there is no swap: when %s are used up, the kernel kills at once",
                size(hr_ram_ceiling(m).v, &a));
    else
        hr_find(f, HR_NOTE, "only %s of swap beside %s of memory", size(m->swap_total.v, &b), size(m->total.v, &a));
    if (wsl) {
        hr_check_wslconfig(f, "wsl2", "swap=16GB");
    } else if (hr_facts_container(facts)->kind == HR_CONTAINER_NONE) {
        const struct hr_mount *root = hr_mounts_holding(hr_facts_mounts(facts), "/");
        if (root != NULL && strcmp(root->type, "btrfs") == 0)
            hr_fix(f, "sudo btrfs filesystem mkswapfile --size 16g /swapfile && sudo swapon /swapfile");
        else
            hr_fix(f, "sudo fallocate -l 16G /swapfile && sudo chmod 600 /swapfile && sudo mkswap /swapfile && sudo "
                      "swapon /swapfile");
        hr_fix(f, "echo '/swapfile none swap sw 0 0' | sudo tee -a /etc/fstab   # and after a restart");
        hr_undo(f, "sudo swapoff /swapfile && sudo rm /swapfile   # and its line in /etc/fstab");
    }
}

static void swap_place(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    const struct hr_disks *d = hr_facts_disks(facts);
    if (!hr_check_known(f, m->swaps_known.known, m->swaps_known.why))
        return;
    if (m->swaps == 0) {
        hr_find(f, HR_NOT_HERE, "there is no swap");
        return;
    }
    for (size_t i = 0; i < m->swaps; i++) {
        const struct hr_swap *s = &m->swap[i];
        hr_seen(f, "/proc/swaps: %s %s %" PRIu64 " kB, %" PRIu64 " kB used, priority %" PRId64, s->name, s->type,
                s->size / 1024, s->used / 1024, s->priority);
    }
    for (size_t i = 0; i < m->swaps; i++) {
        const char *base = strrchr(m->swap[i].name, '/');
        const struct hr_disk *on = NULL;
        for (size_t k = 0; k < d->n && on == NULL; k++)
            if (base != NULL && strncmp(base + 1, d->disk[k].name, strlen(d->disk[k].name)) == 0)
                on = &d->disk[k];
        if (strcmp(m->swap[i].type, "file") == 0)
            on = hr_disks_below(hr_facts_root(facts), d, hr_mounts_holding(hr_facts_mounts(facts), m->swap[i].name));
        if (on != NULL && on->kind == HR_DISK_ROTATING) {
            hr_find(f, HR_WARN, "swap '%s' lies on a rotating disk (%s)", m->swap[i].name, on->name);
            hr_fix(f, "sudo swapoff %s   # after swap was made on a faster disk", m->swap[i].name);
            hr_undo(f, "sudo swapon %s", m->swap[i].name);
            return;
        }
    }
    if (hr_facts_vm(facts)->kind == HR_VM_WSL2)
        hr_find(f, HR_NOTE, "swap is a file on the Windows disk: what is swapped out is written through Windows");
    else if (m->swap[0].zram)
        hr_find(f, HR_NOTE, "swap is compressed memory (zram): it helps against idle pages, not against tensors");
    else
        hr_find(f, HR_GOOD, "swap lies on no rotating disk");
}

static void swapping(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    struct hr_human a, b;
    if (!hr_check_known(f, m->swap_total.known, m->swap_total.why) ||
        !hr_check_known(f, m->swap_free.known, m->swap_free.why))
        return;
    if (m->swap_total.v == 0) {
        hr_find(f, HR_NOT_HERE, "there is no swap");
        return;
    }
    uint64_t used = m->swap_total.v > m->swap_free.v ? m->swap_total.v - m->swap_free.v : 0;
    if (used > m->swap_total.v / 2) {
        hr_find(f, HR_WARN, "%s of %s of swap are used: memory has been short", size(used, &a),
                size(m->swap_total.v, &b));
        hr_fix(f, "for p in /proc/[0-9]*; do awk '/^Name|^VmSwap/{printf \"%%s \", $2}END{print \"\"}' $p/status; done "
                  "| sort -k2n | tail");
    } else {
        hr_find(f, HR_GOOD, "%s of %s of swap are used", size(used, &a), size(m->swap_total.v, &b));
    }
    if (m->swap_out.known)
        hr_seen(f, "/proc/vmstat: pswpout %" PRIu64 " (pages since the start)", m->swap_out.v);
}

static void oom(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    const struct hr_kernel_log *log = hr_facts_kernel_log(facts);
    uint64_t told = log->hit[HR_LOG_OOM].count + log->hit[HR_LOG_OOM_CGROUP].count;
    struct hr_human h;
    if (!m->oom_kills.known && !hr_check_known(f, log->known.known, m->oom_kills.why))
        return;
    uint64_t kills = m->oom_kills.known ? HR_MAX(m->oom_kills.v, told) : told;
    if (kills == 0) {
        hr_find(f, HR_GOOD, "the kernel has killed nothing for memory since it started");
        return;
    }
    if (m->oom_kills.known)
        hr_seen(f, "/proc/vmstat: oom_kill %" PRIu64, m->oom_kills.v);
    for (size_t i = 0; i < log->victims; i++) {
        const struct hr_victim *v = &log->victim[i];
        hr_seen(f, "kernel log: killed %s (pid %" PRIu64 ")%s%s%s", v->name, v->pid, v->anon != 0 ? ", it held " : "",
                v->anon != 0 ? size(v->anon, &h) : "", v->cgroup ? ", by its cgroup's limit" : "");
    }
    hr_find(f, HR_WARN, "the kernel has killed %" PRIu64 " process%s for memory since it started%s%s", kills,
            kills == 1 ? "" : "es", log->victims != 0 ? ", the last one " : "",
            log->victims != 0 ? log->victim[log->victims - 1].name : "");
    hr_fix(f, "# fewer loader workers, a smaller batch, fewer parallel compilers (MAX_JOBS), or more memory and swap");
}

static void pressure(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_pressure *p = &hr_facts_memory(facts)->pressure;
    if (!p->some10.known) {
        hr_find(f, HR_NOT_HERE, "%s", p->some10.why);
        return;
    }
    hr_seen(f, "/proc/pressure/memory: some avg10=%.2f", p->some10.v);
    if (p->some10.v >= 10) {
        hr_find(f, HR_WARN, "programs wait for memory in %.0f %% of the time", p->some10.v);
        hr_fix(f, "# stop what is not needed now; a smaller batch or fewer workers");
    } else {
        hr_find(f, HR_GOOD, "programs wait for memory in %.1f %% of the time", p->some10.v);
    }
}

static void psi(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_pressure *p = &hr_facts_memory(facts)->pressure;
    const struct hr_vm *vm = hr_facts_vm(facts);
    if (p->some10.known) {
        hr_find(f, HR_GOOD, "the kernel measures pressure (PSI)");
        return;
    }
    if (vm->kind == HR_VM_WSL1 || vm->kernel.n == 0) {
        hr_find(f, HR_NOT_HERE, "this kernel has no PSI");
    } else if (vm->kind == HR_VM_WSL2 && hr_version_against(vm->kernel, "6.1") < 0) {
        hr_find(f, HR_NOTE, "WSL's kernel %s was built without PSI: headrace judges by allocation stalls instead",
                vm->release.v);
        hr_fix(f, "wsl --update   # in PowerShell: WSL 2.7 and later bring kernel 6.18, which has it");
    } else if (vm->psi.known && vm->psi.v) {
        hr_find(f, HR_NOTE, "psi=1 is set, but this kernel was built without PSI");
    } else {
        hr_find(f, HR_NOTE, "PSI is off: nothing tells early that memory gets short");
        hr_check_boot_option(facts, f, "psi=1");
    }
}

static void alloc_fail(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_kernel_log *log = hr_facts_kernel_log(facts);
    if (!hr_check_log_known(facts, f))
        return;
    if (hr_check_log(facts, f, HR_LOG_ALLOC_FAIL))
        hr_find(f, HR_WARN, "the kernel itself got no memory %" PRIu64 " times", log->hit[HR_LOG_ALLOC_FAIL].count);
    else
        hr_find(f, HR_GOOD, "the kernel always got the memory it asked for");
}

#define ROW(id, title, why, source, run)   \
    {                                      \
        id, title, why, source, false, run \
    }
const struct hr_check hr_checks_memory[] = {
    ROW("memory-available", "memory that is left",
        "A run that starts with little memory left is the one that the kernel kills first, often hours later.",
        "kernel Documentation/filesystems/proc.rst (MemAvailable)", available),
    ROW("memory-limit", "limit of this process's group",
        "Programs look at the whole machine's memory to choose how many workers they start and how much they cache; "
        "the limit "
        "that counts is the group's, and the kernel kills at it.",
        "kernel Documentation/admin-guide/cgroup-v2.rst (memory.max)", cgroup_limit),
    ROW("memory-high", "where the kernel slows the group down",
        "Above memory.high every allocation makes the process reclaim and sleep: a run looks hung, and nothing says "
        "why.",
        "kernel Documentation/admin-guide/cgroup-v2.rst (memory.high)", cgroup_high),
    ROW("memory-swap", "swap",
        "With swap a peak that is too high makes a run slow; without it the kernel kills. In WSL2 the virtual machine "
        "itself may "
        "go down with it.",
        "microsoft/WSL#13263, #40458, #7540; kernel Documentation/admin-guide/mm/concepts.rst", swap),
    ROW("memory-swap-place", "where swap lies",
        "Swap on a slow disk turns a short peak into minutes in which nothing moves.",
        "microsoft/WSL#10047; kernel Documentation/admin-guide/blockdev/zram.rst", swap_place),
    ROW("memory-swapping", "swap in use",
        "Pages of a training process that lie in swap are read back one by one in the middle of a step.",
        "kernel Documentation/admin-guide/mm/concepts.rst", swapping),
    ROW("memory-oom", "processes killed for memory",
        "A killed loader worker or compiler ends the run with an error that does not name memory (\"Killed\", \"exited "
        "unexpectedly\", signal 9).",
        "kernel mm/oom_kill.c; microsoft/WSL#13263, #11307", oom),
    ROW("memory-pressure", "waiting for memory",
        "While programs wait for memory, the loader and the launch of kernels wait as well.",
        "kernel Documentation/accounting/psi.rst", pressure),
    ROW("memory-psi", "early warning (PSI)",
        "Pressure stall information tells seconds before the kernel kills that memory gets short; without it a guard "
        "has to guess "
        "from counters.",
        "microsoft/WSL#11147; kernel Documentation/accounting/psi.rst", psi),
    ROW("memory-page-cache", "page cache kept from Windows",
        "Only free pages go back to Windows; files that were read stay in WSL's memory, and Windows swaps while WSL "
        "looks idle.",
        "microsoft/WSL#4166, #8725, #10011, #41096", hr_check_page_cache),
    ROW("memory-page-reporting", "giving memory back to Windows",
        "In coarse blocks one page in use keeps 2 MiB from Windows, so vmmem stays large after a run. (pageReporting= "
        "in "
        ".wslconfig is gone since WSL 1.1.7: reporting is always on.)",
        "microsoft/WSL src/windows/service (page reporting order); #9899 (pageReporting removed)",
        hr_check_page_reporting),
    ROW("memory-shm", "shared memory for loader workers",
        "PyTorch's loader workers hand batches over through /dev/shm. Containers get 64 MiB of it by default, and a "
        "worker that "
        "finds it full dies of a bus error.",
        "pytorch/pytorch#5040; PyTorch README (--shm-size); NCCL documentation, troubleshooting", hr_check_shm),
    ROW("memory-shm-left", "shared memory left behind",
        "Workers that were killed leave their segments in /dev/shm: memory that no process shows.",
        "pytorch/pytorch#5040; shm_overview(7)", hr_check_shm_left),
    ROW("memory-wsl-reserve", "memory WSL keeps for itself",
        "Newer WSL keeps 32 MiB out of the reach of programs, so that the kernel kills a program and not WSL's own "
        "processes.",
        "microsoft/WSL#40519, #40458", hr_check_wsl_user),
    ROW("memory-alloc-fail", "failed allocations of the kernel",
        "When the kernel itself gets no memory, drivers fail: disk and network errors, and GPU calls that return out "
        "of memory.",
        "kernel mm/page_alloc.c (page allocation failure)", alloc_fail),
    { "memory-overcommit", "promises of memory (overcommit)", hr_why_overcommit,
      "kernel Documentation/mm/overcommit-accounting.rst", false, hr_check_overcommit },
    ROW("memory-swappiness", "readiness to swap",
        "At 0 the kernel does not swap before it is almost too late; above 100 it prefers swapping programs to "
        "dropping files.",
        "kernel Documentation/admin-guide/sysctl/vm.rst (swappiness)", hr_check_swappiness),
    ROW("memory-thp", "transparent huge pages",
        "Arrays of many megabytes take fewer page faults and fewer TLB misses on huge pages; \"never\" takes the "
        "choice from "
        "allocators that ask for them.",
        "kernel Documentation/admin-guide/mm/transhuge.rst", hr_check_thp),
    ROW("memory-huge-pages", "reserved huge pages",
        "Reserved huge pages are taken out of the memory that programs can get, used or not.",
        "kernel Documentation/admin-guide/mm/hugetlbpage.rst", hr_check_huge_pages),
    ROW("memory-maps", "mappings per process",
        "Every mapped file and every tensor shared between processes is a mapping; at the limit mmap fails with "
        "\"Cannot allocate "
        "memory\" while memory is free.",
        "kernel Documentation/admin-guide/sysctl/vm.rst (max_map_count)", hr_check_maps),
    ROW("memory-open-files", "open files per process",
        "PyTorch's default way to share tensors keeps a file descriptor for each; sharded datasets keep one per shard. "
        "At the "
        "limit: \"Too many open files\".",
        "PyTorch documentation, torch.multiprocessing (file_descriptor); getrlimit(2)", hr_check_open_files),
    ROW("memory-locked", "locked memory",
        "RDMA registers memory under this limit, and NCCL over InfiniBand fails at it. CUDA's pinned memory is not "
        "counted here.",
        "NCCL documentation, troubleshooting (memlock); getrlimit(2)", hr_check_locked),
    ROW("memory-processes", "number of processes",
        "Loader workers, their threads and those of OpenMP count against it; at the limit fork fails with \"Resource "
        "temporarily "
        "unavailable\".",
        "getrlimit(2), RLIMIT_NPROC", hr_check_processes),
    ROW("memory-pids", "processes of the machine",
        "Every thread of every loader, of OpenMP and of the driver takes one number; when they are used up nothing "
        "starts any more.",
        "kernel Documentation/admin-guide/sysctl/kernel.rst (pid_max)", hr_check_pids),
    ROW("memory-all-files", "open files of the machine",
        "At the kernel's own limit every program fails to open files, not only the one that has too many open.",
        "kernel Documentation/admin-guide/sysctl/fs.rst (file-max)", hr_check_all_files),
    ROW("memory-inotify", "watched files",
        "Editors, TensorBoard and file synchronisers watch whole trees of checkpoints; past the limit they stop seeing "
        "changes.",
        "inotify(7); microsoft/WSL src/linux/init/main.cpp sets 524288", hr_check_inotify),
    ROW("memory-core-dumps", "core dumps",
        "A crashed training process writes its whole memory to the disk: many gigabytes, often onto the disk of the "
        "checkpoints.",
        "core(5)", hr_check_core),
    ROW("memory-zswap", "zswap", "A word on the kernel's command line that this kernel does not know does nothing.",
        "microsoft/WSL2-Linux-Kernel config-wsl 6.18 (ZSWAP is not set)", hr_check_zswap),
    { NULL, NULL, NULL, NULL, false, NULL },
};
