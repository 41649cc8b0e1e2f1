/* The texts of the model: one row for every enumerated thing. */
#include "model.h"
#include "series.h"

const char *hr_why_text(enum hr_why why)
{
    static const char *const texts[HR_WHYS] = {
        [HR_WHY_KNOWN] = "",
        [HR_WHY_FIRST] = "a rate: told from the second look on",
        [HR_WHY_CAPTURED] = "a rate: a captured machine stands still",
        [HR_WHY_FORBIDDEN] = "only its owner and root may look",
        [HR_WHY_KERNEL] = "this kernel does not tell it",
        [HR_WHY_GONE] = "it ended while it was looked at",
        [HR_WHY_COSTLY] = "not measured: it would cost more than a watcher may take",
        [HR_WHY_LATER] = "measured about once a minute, and not yet",
        [HR_WHY_IDLE] = "a time per request, and there was none",
        [HR_WHY_WDDM] = "Windows' driver model (WDDM) hides it",
        [HR_WHY_NO_GPU] = "no GPU is told of",
        [HR_WHY_HANGS] = "the driver does not answer",
        [HR_WHY_FOREIGN] = "not asked: Windows or another machine serves it, and may hang",
        [HR_WHY_MEANS] = "of that time only means are kept",
        [HR_WHY_UNREAD] = "it could not be read",
    };
    return (unsigned)why < HR_WHYS ? texts[why] : texts[HR_WHY_UNREAD];
}

const struct hr_part_word *hr_part_word(enum hr_part p)
{
    static const struct hr_part_word words[HR_PARTS] = {
        [HR_PART_ANON] = { "anonymous", "programs", "their own memory (anonymous)", false },
        [HR_PART_SHMEM] = { "shmem", "shared memory", "tmpfs, /dev/shm: stays until deleted", false },
        [HR_PART_CACHE] = { "cache", "page cache", "files, given back on demand", true },
        [HR_PART_DIRTY] = { "dirty", "page cache, dirty", "must be written to disk first", true },
        [HR_PART_SLAB_FREE] = { "slab-reclaimable", "kernel caches", "inodes and names, given back on demand", true },
        [HR_PART_SLAB] = { "slab", "kernel objects", "not given back", false },
        [HR_PART_PAGE_TABLES] = { "page-tables", "page tables", "2 MiB per GiB of mapped 4 KiB pages", false },
        [HR_PART_STACKS] = { "kernel-stacks", "kernel stacks", "16 KiB per thread", false },
        [HR_PART_VMALLOC] = { "vmalloc", "kernel, vmalloc", "vmalloc and per-CPU", false },
        [HR_PART_HUGETLB] = { "hugetlb", "huge pages", "reserved, used or not", false },
        [HR_PART_ZSWAP] = { "zswap", "compressed swap", "zswap's pool", false },
        [HR_PART_OTHER] = { "other", "not attributed", "drivers, network, balloon: the kernel does not say", false },
        [HR_PART_FREE] = { "free", "free", "used by nothing", true },
    };
    return &words[(unsigned)p < HR_PARTS ? p : HR_PART_OTHER];
}

const char *hr_duty_name(enum hr_duty r)
{
    static const char *const names[HR_DUTIES] = {
        [HR_DUTY_NONE] = "", [HR_DUTY_LAUNCHER] = "launcher", [HR_DUTY_RANK] = "rank",
        [HR_DUTY_WORKER] = "worker", [HR_DUTY_COMPILER] = "compiler", [HR_DUTY_HELPER] = "helper",
    };
    return (unsigned)r < HR_DUTIES ? names[r] : "";
}

const char *hr_metric_unit_name(enum hr_metric_unit u)
{
    static const char *const names[] = { [HR_UNIT_PERCENT] = "percent",       [HR_UNIT_BYTES] = "bytes",    [HR_UNIT_BYTES_S] = "bytes/s",
                                         [HR_UNIT_COUNT] = "count",           [HR_UNIT_COUNT_S] = "count/s", [HR_UNIT_NS] = "ns",
                                         [HR_UNIT_MILLIWATTS] = "milliwatts", [HR_UNIT_CELSIUS] = "celsius", [HR_UNIT_MHZ] = "mhz" };
    return names[u];
}

const struct hr_metric_word *hr_metric_word(enum hr_metric m)
{
    static const struct hr_metric_word words[HR_METRICS] = {
        [HR_M_CPU] = { "cpu", "CPU", HR_UNIT_PERCENT },
        [HR_M_IOWAIT] = { "iowait", "waiting for disks", HR_UNIT_PERCENT },
        [HR_M_LOAD1] = { "load1", "load, 1 min", HR_UNIT_COUNT },
        [HR_M_MEM_USED] = { "memory-used", "memory used", HR_UNIT_BYTES },
        [HR_M_MEM_AVAILABLE] = { "memory-available", "memory available", HR_UNIT_BYTES },
        [HR_M_MEM_ANON] = { "memory-anonymous", "programs' own memory", HR_UNIT_BYTES },
        [HR_M_MEM_SHMEM] = { "memory-shmem", "shared memory", HR_UNIT_BYTES },
        [HR_M_MEM_CACHE] = { "memory-cache", "page cache", HR_UNIT_BYTES },
        [HR_M_MEM_KERNEL] = { "memory-kernel", "kernel", HR_UNIT_BYTES },
        [HR_M_SWAP_USED] = { "swap-used", "swap used", HR_UNIT_BYTES },
        [HR_M_SWAP_IO] = { "swap-io", "swap in and out", HR_UNIT_BYTES_S },
        [HR_M_MAJOR_FAULTS] = { "major-faults", "major faults", HR_UNIT_COUNT_S },
        [HR_M_STALL_CPU] = { "stall-cpu", "pressure: CPU", HR_UNIT_PERCENT },
        [HR_M_STALL_MEMORY] = { "stall-memory", "pressure: memory", HR_UNIT_PERCENT },
        [HR_M_STALL_IO] = { "stall-io", "pressure: disks", HR_UNIT_PERCENT },
        [HR_M_DISK_READ] = { "disk-read", "disks, read", HR_UNIT_BYTES_S },
        [HR_M_DISK_WRITE] = { "disk-write", "disks, written", HR_UNIT_BYTES_S },
        [HR_M_DISK_BUSY] = { "disk-busy", "busiest disk", HR_UNIT_PERCENT },
        [HR_M_DISK_WAIT] = { "disk-wait", "slowest disk, per request", HR_UNIT_NS },
        [HR_M_NET_RX] = { "net-received", "network, received", HR_UNIT_BYTES_S },
        [HR_M_NET_TX] = { "net-sent", "network, sent", HR_UNIT_BYTES_S },
        [HR_M_JOB_CPU] = { "job-cpu", "jobs, CPU", HR_UNIT_PERCENT },
        [HR_M_JOB_MEM] = { "job-memory", "jobs, memory", HR_UNIT_BYTES },
        [HR_M_JOB_WORKERS_BLOCKED] = { "job-workers-blocked", "loader workers waiting for storage", HR_UNIT_COUNT },
        [HR_M_OWN_CPU] = { "own-cpu", "this watcher, CPU", HR_UNIT_PERCENT },
        [HR_M_GPU_BUSY] = { "gpu-busy", "GPU", HR_UNIT_PERCENT },
        [HR_M_GPU_VRAM] = { "gpu-vram", "VRAM", HR_UNIT_BYTES },
        [HR_M_GPU_POWER] = { "gpu-power", "GPU power", HR_UNIT_MILLIWATTS },
        [HR_M_GPU_CELSIUS] = { "gpu-celsius", "GPU temperature", HR_UNIT_CELSIUS },
        [HR_M_GPU_MHZ] = { "gpu-mhz", "GPU clock", HR_UNIT_MHZ },
        [HR_M_GPU_THROTTLED] = { "gpu-throttled", "GPU slowed down", HR_UNIT_PERCENT },
    };
    return &words[(unsigned)m < HR_METRICS ? m : HR_M_CPU];
}

size_t hr_model_bytes(const struct hr_model *m)
{
    return offsetof(struct hr_model, proc) + (size_t)m->proc_n * sizeof m->proc[0];
}
