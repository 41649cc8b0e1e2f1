/* The checks of the groups machine, WSL, memory and storage: each verdict on a root that has it, and what holds for all. */
#include "unit.h"

#include "doctor.h"
#include "fault.h"
#include "mem.h"
#include "root_make.h"

/* A healthy WSL2 distribution and a healthy Linux machine, to be spoilt by one file. */
static void healthy(bool wsl)
{
    fresh();
    put("proc/sys/kernel/osrelease", wsl ? "6.18.40.1-microsoft-standard-WSL2\n" : "6.8.0-45-generic\n");
    put("proc/cmdline",
        wsl ? "WSL_ROOT_INIT=1 nr_cpus=4 hv_utils.timesync_implicit=1 psi=1\n" : "root=/dev/nvme0n1p2\n");
    put("proc/cpuinfo", wsl ? "processor : 0\nmodel name : x\nphysical id : 0\ncpu cores : 4\nflags : fpu hypervisor\n"
                            : "processor : 0\nmodel name : x\nphysical id : 0\ncpu cores : 4\nflags : fpu\n");
    put("sys/devices/system/cpu/online", "0-3\n");
    put("proc/self/status", "Uid:\t1000\t1000\t1000\t1000\nCpus_allowed_list:\t0-3\n");
    put("proc/loadavg", "0.1 0.1 0.1 1/100 5\n");
    put("proc/meminfo",
        "MemTotal: 33554432 kB\nMemAvailable: 30000000 kB\nBuffers: 0 kB\nCached: 1000000 kB\n"
        "SReclaimable: 0 kB\nShmem: 0 kB\nSwapTotal: 8388608 kB\nSwapFree: 8388608 kB\nHugePages_Total: 0\n"
        "HugePages_Free: 0\nHugepagesize: 2048 kB\nCommitLimit: 20000000 kB\nCommitted_AS: 1000 kB\n");
    put("proc/vmstat", "oom_kill 0\npswpout 0\n");
    put("proc/swaps", "Filename Type Size Used Priority\n/dev/sdb partition 8388608 0 -2\n");
    put("proc/self/cgroup", "0::/\n");
    put("proc/sys/vm/swappiness", "60\n");
    put("proc/sys/vm/overcommit_memory", "0\n");
    put("proc/sys/vm/max_map_count", "65530\n");
    put("proc/sys/fs/inotify/max_user_watches", "524288\n");
    put("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    put("sys/module/page_reporting/parameters/page_reporting_order", "5\n");
    put("sys/fs/cgroup/wsl-user/memory.max", "34000000000\n");
    put("proc/self/limits", "Max core file size 0 unlimited bytes\nMax processes 100000 100000 processes\n"
                            "Max open files 65536 65536 files\nMax locked memory 67108864 67108864 bytes\n");
    put("proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
    put("proc/self/mountinfo", "1 0 259:2 / / rw - ext4 /dev/nvme0n1p2 rw\n3 1 0:3 / /dev/shm rw - tmpfs t rw\n"
                               "2 1 0:2 / /mnt/c rw - 9p C:\\134 rw,aname=drvfs;path=C:\\134\n");
    put("proc/1/comm", "systemd\n");
    put("proc/1/oom_score_adj", "0\n");
    put("proc/1/stat", "1 (systemd) S 0 1 1 0 -1\n");
    put("proc/net/route", "Iface\tDestination\neth0\t00000000\n");
    put("proc/sys/fs/binfmt_misc/WSLInterop", "enabled\n");
    put("sys/class/net/eth0/operstate", "up\n");
    put("sys/block/nvme0n1/size", "1000\n");
    put("sys/block/nvme0n1/queue/rotational", "0\n");
    put("sys/block/nvme0n1/queue/read_ahead_kb", "128\n");
    put("sys/fs/ext4/nvme0n1p2/errors_count", "0\n");
    put("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
    put("headrace/answer/kernel-log", "[    0.000000] Linux version\n");
    put("headrace/answer/machine", "x86_64\n");
    put("headrace/env", "HOME /home/me\nWSL_DISTRO_NAME Ubuntu\n");
    put("headrace/link", "usr/bin/wslpath /init\nsys/dev/block/259:2 ../../devices/pci/nvme/nvme0n1/nvme0n1p2\n");
    put("headrace/run", "wslinfo%20--wsl-version exit 0 2.9.12%0A\nwslinfo%20--networking-mode exit 0 nat%0A\n");
    put("headrace/statfs", "% ef53 1000000000000 500000000000 500000000000 1000 900\n"
                           "dev/shm 1021994 17179869184 17179869184 17179869184 9 9\n"
                           "mnt/c 1021997 1000000000000 500000000000 500000000000 0 0\n");
    put("dev/dxg", "");
}

static struct hr_diagnosis diagnose(struct hr_root **ret_root, struct hr_facts **ret_facts, const char *only)
{
    struct hr_diagnosis d;
    struct hr_doctor_options o = { &only, only != NULL ? 1 : 0, true };
    *ret_root = opened();
    assert_int_equal(hr_facts_open(*ret_root, NULL, 0, ret_facts, NULL), 0);
    assert_int_equal(hr_doctor(*ret_facts, &o, &d, NULL), 0);
    return d;
}

static enum hr_verdict verdict_of(const char *id, char *say, size_t room)
{
    struct hr_root *root;
    struct hr_facts *facts;
    struct hr_diagnosis d = diagnose(&root, &facts, id);
    assert_int_equal(d.n, 1);
    enum hr_verdict v = d.result[0].finding.verdict;
    snprintf(say, room, "%s", d.result[0].finding.say.data);
    hr_diagnosis_fini(&d);
    hr_facts_close(facts);
    hr_root_close(root);
    return v;
}

/* One file spoilt, and the verdict that must follow.  What is spoilt last stands for the row. */
static const struct row {
    bool wsl;
    const char *id, *path, *text;
    enum hr_verdict want;
} table[] = {
    { false, "machine-cpu-quota", "sys/fs/cgroup/cpu.max", "150000 100000\n", HR_WARN },
    { false, "machine-cpu-allowed", "proc/self/status", "Cpus_allowed_list:\t0-1\n", HR_NOTE },
    { false, "machine-cpu-kinds", "sys/devices/cpu_atom/cpus", "2-3\n",
      HR_NOT_HERE }, /* one kind alone tells nothing */
    { false, "machine-load", "proc/loadavg", "30.0 20.0 9.0 1/2 3\n", HR_WARN },
    { false, "machine-governor", "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n", HR_WARN },
    { false, "machine-governor", "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "schedutil\n", HR_GOOD },
    { false, "machine-container", ".dockerenv", "", HR_NOTE },
    { false, "machine-kernel", "proc/sys/kernel/osrelease", "4.15.0-200-generic\n", HR_WARN },
    { false, "machine-kernel-faults", "headrace/answer/kernel-log", "[ 1.0] kernel BUG at mm/x.c:1!\n", HR_BAD },
    { false, "machine-hardware-errors", "headrace/answer/kernel-log", "[ 1.0] mce: [Hardware Error]: CPU 0\n", HR_BAD },
    { false, "machine-heat", "headrace/answer/kernel-log",
      "[ 1.0] CPU0: Core temperature above threshold, cpu clock throttled\n", HR_WARN },
    { false, "machine-gpu-errors", "headrace/answer/kernel-log",
      "[ 1.0] NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus\n", HR_WARN },
    { true, "machine-gpu-errors", "headrace/answer/kernel-log", "[ 1.0] NVRM: Xid (PCI:0000:01:00): 79\n",
      HR_NOT_HERE },
    { false, "machine-clock", "sys/devices/system/clocksource/clocksource0/current_clocksource", "acpi_pm\n", HR_WARN },
    { false, "machine-network", "proc/net/route", "Iface\tDestination\n", HR_NOTE },
    { false, "machine-build-jobs", "sys/devices/system/cpu/online", "0-3\n", HR_GOOD },
    { false, "machine-build-jobs", "proc/meminfo", "MemTotal: 8000000 kB\n", HR_NOTE },
    { false, "machine-loader-workers", "proc/9/stat", "9 (pt_data_worker) S 1 1 1 0 -1\n",
      HR_NOT_HERE }, /* without its command line */
    { true, "wsl-version", "proc/sys/kernel/osrelease", "4.4.0-19041-Microsoft\n", HR_BAD },
    { true, "wsl-kernel", "proc/sys/kernel/osrelease", "5.4.72-microsoft-standard-WSL2\n", HR_BAD },
    { true, "wsl-kernel", "proc/sys/kernel/osrelease", "6.12.0-xanmod-WSL2\n", HR_NOTE },
    { true, "wsl-memory-unit", "proc/meminfo", "MemTotal: 240000 kB\n", HR_BAD },
    { true, "wsl-gpu-kernel-bug", "proc/sys/kernel/osrelease", "6.18.35.2-microsoft-standard-WSL2\n", HR_WARN },
    { true, "wsl-gpu-kernel-bug", "proc/sys/kernel/osrelease", "6.18.26.1-microsoft-standard-WSL2\n", HR_WARN },
    { true, "wsl-gpu-kernel-bug", "proc/sys/kernel/osrelease", "6.18.20.1-microsoft-standard-WSL2\n", HR_GOOD },
    { true, "wsl-gpu-kernel-bug", "proc/sys/kernel/osrelease", "6.6.87.2-microsoft-standard-WSL2\n", HR_GOOD },
    { true, "wsl-gpu-residency", "headrace/answer/kernel-log", "[ 1.0] dxgk: dxgkio_make_resident: Ioctl failed: -12\n",
      HR_WARN },
    { true, "wsl-gpu-residency", "headrace/answer/kernel-log",
      "[ 1.0] dxgk: dxgkio_query_adapter_info: Ioctl failed: -22\n", HR_GOOD },
    { true, "wsl-gpu-noise", "headrace/answer/kernel-log",
      "[ 1.0] dxgk: dxgkio_query_adapter_info: Ioctl failed: -22\n", HR_GOOD },
    { true, "wsl-gpu-panic", "headrace/answer/kernel-log", "[ 1.0] RIP: 0010:hmgrtable_free_handle+0x1\n", HR_BAD },
    { true, "wsl-interop", "proc/sys/fs/binfmt_misc/WSLInterop", "disabled\n", HR_NOTE },
    { true, "wsl-systemd", "proc/1/comm", "init\n", HR_NOTE },
    { true, "wsl-clock", "proc/cmdline", "WSL_ROOT_INIT=1 nr_cpus=4\n", HR_NOTE },
    { true, "wsl-first-process", "proc/1/oom_score_adj", "900\n", HR_WARN },
    { true, "wsl-networking", "headrace/run",
      "wslinfo%20--wsl-version exit 0 2.9.12%0A\nwslinfo%20--networking-mode exit 0 none%0A\n", HR_WARN },
    { true, "wsl-networking", "headrace/run", "wslinfo%20--wsl-version timeout 0 %\n", HR_UNKNOWN },
    { false, "memory-available", "proc/meminfo", "MemTotal: 1000000 kB\nMemAvailable: 50000 kB\n", HR_WARN },
    { false, "memory-limit", "sys/fs/cgroup/memory.max", "536870912\n", HR_WARN },
    { false, "memory-limit", "sys/fs/cgroup/memory.max", "8589934592\n", HR_NOTE },
    { false, "memory-high", "sys/fs/cgroup/memory.high", "8589934592\n", HR_NOTE },
    { true, "memory-swap", "proc/meminfo", "MemTotal: 1000000 kB\nSwapTotal: 0 kB\n", HR_WARN },
    { false, "memory-swap", "proc/meminfo", "MemTotal: 1000000 kB\nSwapTotal: 0 kB\n", HR_NOTE },
    { false, "memory-swap-place", "proc/swaps", "Filename Type Size Used Priority\n/dev/zram0 partition 5 0 100\n",
      HR_NOTE },
    { false, "memory-swapping", "proc/meminfo", "SwapTotal: 1000 kB\nSwapFree: 10 kB\n", HR_WARN },
    { false, "memory-oom", "proc/vmstat", "oom_kill 3\n", HR_WARN },
    { false, "memory-oom", "headrace/answer/kernel-log",
      "[ 1.0] Out of memory: Killed process 7 (python3) total-vm:1kB, anon-rss:2kB\n", HR_WARN },
    { false, "memory-pressure", "proc/pressure/memory", "some avg10=55.00 avg60=1 avg300=1 total=1\n", HR_WARN },
    { true, "memory-page-cache", "proc/meminfo", "MemTotal: 1000 kB\nCached: 800 kB\nBuffers: 0 kB\nShmem: 0 kB\n",
      HR_NOTE },
    { true, "memory-page-reporting", "sys/module/page_reporting/parameters/page_reporting_order", "9\n", HR_NOTE },
    { false, "memory-shm", "headrace/statfs", "dev/shm 1021994 67108864 67108864 67108864 9 9\n", HR_WARN },
    { false, "memory-alloc-fail", "headrace/answer/kernel-log", "[ 1.0] python3: page allocation failure: order:4\n",
      HR_WARN },
    { false, "memory-overcommit", "proc/sys/vm/overcommit_memory", "2\n", HR_WARN },
    { false, "memory-overcommit", "proc/sys/vm/overcommit_memory", "1\n", HR_NOTE },
    { false, "memory-swappiness", "proc/sys/vm/swappiness", "0\n", HR_WARN },
    { false, "memory-swappiness", "proc/sys/vm/swappiness", "180\n", HR_NOTE },
    { false, "memory-thp", "sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n", HR_NOTE },
    { false, "memory-huge-pages", "proc/meminfo", "HugePages_Total: 1000\nHugePages_Free: 900\nHugepagesize: 2048 kB\n",
      HR_WARN },
    { false, "memory-huge-pages", "proc/meminfo", "HugePages_Total: 1000\nHugePages_Free: 5\nHugepagesize: 2048 kB\n",
      HR_GOOD },
    { false, "memory-maps", "proc/sys/vm/max_map_count", "1000\n", HR_WARN },
    { false, "memory-open-files", "proc/self/limits", "Max open files 1024 524288 files\n", HR_NOTE },
    { false, "memory-open-files", "proc/self/limits", "Max open files 256 256 files\n", HR_WARN },
    { false, "memory-locked", "sys/class/infiniband/mlx5_0/x", "", HR_WARN },
    { false, "memory-processes", "proc/self/limits", "Max processes 100 100 processes\n", HR_WARN },
    { false, "memory-pids", "proc/sys/kernel/pid_max", "4096\n", HR_WARN },
    { false, "memory-pids", "proc/sys/kernel/pid_max", "4194304\n", HR_GOOD },
    { false, "memory-all-files", "proc/sys/fs/file-max", "1000\n", HR_WARN },
    { false, "memory-all-files", "proc/sys/fs/file-max", "9223372036854775807\n", HR_GOOD },
    { false, "memory-inotify", "proc/sys/fs/inotify/max_user_watches", "8192\n", HR_NOTE },
    { false, "memory-core-dumps", "proc/self/limits", "Max core file size unlimited unlimited bytes\n", HR_NOTE },
    { true, "memory-zswap", "proc/cmdline", "WSL_ROOT_INIT=1 zswap.enabled=1\n", HR_WARN },
    { true, "memory-zswap", "sys/module/zswap/parameters/enabled", "Y\n", HR_GOOD },
    { false, "storage-room", "headrace/statfs", "% ef53 1000000000000 1 1000000000 1000 900\n", HR_BAD },
    { false, "storage-room", "headrace/statfs", "% ef53 1000000000000 1 10000000000 1000 900\n", HR_WARN },
    { true, "storage-windows-room", "headrace/statfs", "mnt/c 1021997 1000000000000 1 4000000000 0 0\n", HR_BAD },
    { true, "storage-windows-room", "proc/self/mountinfo", "1 0 259:2 / / rw - ext4 /dev/x rw\n", HR_UNKNOWN },
    { false, "storage-inodes", "headrace/statfs", "% ef53 1000000000000 1 10000000000 1000 9\n", HR_WARN },
    { false, "storage-read-only", "proc/self/mountinfo", "1 0 259:2 / / ro - ext4 /dev/x rw\n", HR_BAD },
    { false, "storage-errors", "sys/fs/ext4/nvme0n1p2/errors_count", "4\n", HR_BAD },
    { false, "storage-errors", "headrace/answer/kernel-log",
      "[ 1.0] blk_update_request: I/O error, dev sda, sector 5\n", HR_BAD },
    { false, "storage-read-ahead", "sys/block/nvme0n1/queue/read_ahead_kb", "8192\n", HR_NOTE },
    { true, "storage-model-cache", "headrace/env", "HOME /home/me\nHF_HOME /mnt/c/hf\n", HR_WARN },
    { true, "storage-temporary", "headrace/env", "TMPDIR /mnt/c/tmp\n", HR_WARN },
    { false, "storage-temporary", "headrace/env", "TMPDIR /dev/shm/tmp\n", HR_NOTE },
    { true, "storage-home", "headrace/env", "HOME /mnt/c/Users/me\n", HR_WARN },
    { true, "wsl-config", "mnt/c/Users/me/.wslconfig", "[wsl2]\nmemory=16GB\n", HR_GOOD },
    { true, "wsl-config", "mnt/c/Users/me/.wslconfig", "[wsl2]\nautoMemoryReclaim=gradual\n", HR_WARN },
    { true, "wsl-config-applied", "mnt/c/Users/me/.wslconfig", "[wsl2]\nprocessors=4\n", HR_GOOD },
    { true, "wsl-config-applied", "mnt/c/Users/me/.wslconfig", "[wsl2]\nprocessors=2\n", HR_WARN },
    { true, "wsl-conf", "etc/wsl.conf", "[boot]\nsystemd=true\n", HR_GOOD },
    { true, "wsl-conf", "etc/wsl.conf", "[boot]\nsystemd\n[user]\ndefault=me\n", HR_BAD },
    { true, "wsl-claim-auto-memory-reclaim", "mnt/c/Users/me/.wslconfig", "[wsl2]\nautoMemoryReclaim=gradual\n",
      HR_NOTE },
    { true, "wsl-claim-auto-memory-reclaim", "mnt/c/Users/me/.wslconfig", "[experimental]\nautoMemoryReclaim=gradual\n",
      HR_GOOD },
    { true, "wsl-claim-gradual", "mnt/c/Users/me/.wslconfig", "[experimental]\nautoMemoryReclaim=Gradual\n", HR_NOTE },
    { true, "wsl-claim-gradual", "mnt/c/Users/me/.wslconfig", "[experimental]\nautoMemoryReclaim=dropCache\n",
      HR_GOOD },
    { true, "wsl-claim-guess-vhd-size", "mnt/c/Users/me/.wslconfig", "[wsl2]\nguessVhdSize=true\n", HR_NOTE },
    { true, "wsl-claim-page-reporting", "mnt/c/Users/me/.wslconfig", "[wsl2]\npageReporting=true\n", HR_NOTE },
    { true, "wsl-claim-vm-idle-timeout", "mnt/c/Users/me/.wslconfig", "[wsl2]\nvmIdleTimeout=60000\n", HR_NOTE },
    { true, "wsl-claim-vm-idle-timeout", "mnt/c/Users/me/.wslconfig", "[wsl2]\nmemory=8GB\n", HR_GOOD },
    { true, "wsl-claim-sparse-vhd", "mnt/c/Users/me/.wslconfig", "[experimental]\nsparseVhd=true\n", HR_NOTE },
    { false, "wsl-claim-sparse-vhd", "mnt/c/Users/me/.wslconfig", "[experimental]\nsparseVhd=true\n", HR_NOT_HERE },
    { true, "storage-docker", "etc/docker/daemon.json", "{\"data-root\": \"/mnt/c/docker\"}", HR_WARN },
    { true, "storage-docker", "etc/docker/daemon.json", "{\"data-root\": 5", HR_NOT_HERE },
};

static void verdicts(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT(table); i++) {
        char say[512];
        healthy(table[i].wsl);
        put(table[i].path, table[i].text);
        enum hr_verdict v = verdict_of(table[i].id, say, sizeof say);
        if (v != table[i].want)
            fail_msg("row %zu, %s: %s, not %s: %s", i, table[i].id, hr_verdict_name(v), hr_verdict_name(table[i].want),
                     say);
    }
}

/* --- what takes more than one file --- */

#define CMD "mnt/c/Windows/System32/cmd.exe%20/d%20/c%20ver%20&%20echo%20%25USERPROFILE%25 exit 0 "
#define POWERSHELL                                                                                              \
    "mnt/c/Windows/System32/WindowsPowerShell/v1.0/powershell.exe%20-NoProfile%20-NonInteractive%20-Command%20" \
    "$c=Get-CimInstance%20Win32_ComputerSystem;%20$c.TotalPhysicalMemory;%20$c.NumberOfLogicalProcessors;%20"   \
    "(Get-CimInstance%20Win32_OperatingSystem).FreePhysicalMemory exit 0 "

static void expect(const char *id, enum hr_verdict want)
{
    char say[512];
    enum hr_verdict v = verdict_of(id, say, sizeof say);
    if (v != want)
        fail_msg("%s: %s, not %s: %s", id, hr_verdict_name(v), hr_verdict_name(want), say);
}

/* The virtual machine has 32 GiB and 4 CPUs. */
static void the_host(void **state)
{
    (void)state;
    static const struct {
        const char *run;
        enum hr_verdict memory, cpus, leak;
    } hosts[] = {
        { CMD "Windows%20[Version%2010.0.22631.1]%0D%0AC:\\Users\\me%0D%0A\n" POWERSHELL
              "51539607552%0D%0A6%0D%0A5%0D%0A\n",
          HR_GOOD, HR_GOOD, HR_GOOD },
        { CMD "Windows%20[Version%2010.0.26200.1]%0D%0AC:\\Users\\me%0D%0A\n" POWERSHELL
              "68719476736%0D%0A32%0D%0A5%0D%0A\n",
          HR_NOTE, HR_NOTE, HR_NOTE },
        { CMD "Windows%20[Version%2010.0.26200.1]%0D%0AC:\\Users\\me%0D%0A\n" POWERSHELL
              "34359738368%0D%0A4%0D%0A5%0D%0A\n",
          HR_WARN, HR_GOOD, HR_NOTE },
        { CMD "Windows%20[Version%2010.0.26200.1]%0D%0AC:\\Users\\me%0D%0A\n" POWERSHELL "nonsense%0D%0A\n", HR_UNKNOWN,
          HR_UNKNOWN, HR_NOTE },
        { "x exit 0 %\n", HR_UNKNOWN, HR_UNKNOWN, HR_UNKNOWN },
    };
    for (size_t i = 0; i < HR_COUNT(hosts); i++) {
        healthy(true);
        put("headrace/run", hosts[i].run);
        expect("wsl-host-memory", hosts[i].memory);
        expect("wsl-host-cpus", hosts[i].cpus);
        expect("wsl-pool-leak", hosts[i].leak);
    }
    put("proc/sys/fs/binfmt_misc/WSLInterop", "disabled\n");
    put("headrace/run", hosts[0].run);
    expect("wsl-host-memory", HR_UNKNOWN); /* interop is off: nothing is started */
}

static void run_process(const char *pid, const char *name, const char *command, size_t n)
{
    char path[64], stat[128];
    snprintf(path, sizeof path, "proc/%s/stat", pid);
    snprintf(stat, sizeof stat, "%s (%s) S 1 1 1 0 -1\n", pid, name);
    put(path, stat);
    snprintf(path, sizeof path, "proc/%s/cmdline", pid);
    put_bytes(path, command, n);
}

static void processes(void **state)
{
    (void)state;
    static const char poll[] = "watch\0nvidia-smi", train[] = "python\0train.py";
    healthy(true);
    expect("wsl-nvidia-smi-loop", HR_GOOD);
    expect("wsl-idle-stop", HR_GOOD);
    run_process("70", "watch", poll, sizeof poll);
    run_process("71", "python", train, sizeof train);
    expect("wsl-nvidia-smi-loop", HR_WARN);
    expect("wsl-idle-stop", HR_NOTE);
    for (int i = 0; i < 5; i++) {
        char pid[8];
        snprintf(pid, sizeof pid, "%d", 80 + i);
        run_process(pid, "pt_data_worker", train, sizeof train);
        expect("machine-loader-workers", i < 4 ? HR_GOOD : HR_WARN);
    }
    put("headrace/statfs", "dev/shm 1021994 67108864 1000 1000 9 9\n");
    expect("memory-shm", HR_BAD); /* full, and workers run */
}

static void left_segments(void **state)
{
    (void)state;
    healthy(false);
    put("headrace/statfs", "dev/shm 1021994 17179869184 1 8589934592 9 9\n");
    put("dev/shm/sem.x", "");
    expect("memory-shm-left", HR_GOOD);
    put("dev/shm/torch_12_34", "");
    expect("memory-shm-left", HR_WARN);
}

static void rotating_disks(void **state)
{
    (void)state;
    healthy(false);
    expect("storage-rotating", HR_GOOD);
    put("headrace/link", "sys/dev/block/259:2 ../../devices/pci/ata1/block/sda/sda2\n");
    put("sys/block/sda/size", "1000\n");
    put("sys/block/sda/queue/rotational", "1\n");
    put("proc/swaps", "Filename Type Size Used Priority\n/dev/sda3 partition 8388608 0 -2\n");
    expect("storage-rotating", HR_WARN);
    expect("memory-swap-place", HR_WARN);
    put("sys/class/dmi/id/sys_vendor", "QEMU\n");
    put("proc/cpuinfo", "processor : 0\nflags : hypervisor\n");
    expect("storage-rotating", HR_NOT_HERE); /* a virtual disk says "rotational" and means nothing by it */
}

/* Only root under systemd is offered the file; what it would write is what the commands write. */
static void what_can_be_mended(void **state)
{
    (void)state;
    for (int root_user = 0; root_user < 2; root_user++) {
        struct hr_root *root;
        struct hr_facts *facts;
        healthy(false);
        put("proc/self/status", root_user ? "Uid:\t0\t0\t0\t0\n" : "Uid:\t1000\t1000\t1000\t1000\n");
        put("proc/sys/vm/swappiness", "0\n");
        struct hr_diagnosis d = diagnose(&root, &facts, "memory-swappiness");
        const struct hr_mend *m = d.result[0].finding.mend;
        assert_int_equal(m != NULL, root_user);
        if (m != NULL) {
            assert_string_equal(m->path, "/etc/sysctl.d/60-headrace-vm-swappiness.conf");
            assert_string_equal(m->text, "vm.swappiness = 10\n");
            assert_non_null(strstr(d.result[0].finding.undo.data, "vm.swappiness=0"));
        }
        hr_diagnosis_fini(&d);
        hr_facts_close(facts);
        hr_root_close(root);
    }
}

static bool ours(const struct hr_result *r)
{
    return r->group <= HR_CHECK_STORAGE;
}

/* A healthy machine has nothing wrong with it. */
static void healthy_is_healthy(void **state)
{
    (void)state;
    for (int wsl = 0; wsl < 2; wsl++) {
        struct hr_root *root;
        struct hr_facts *facts;
        healthy(wsl != 0);
        struct hr_diagnosis d = diagnose(&root, &facts, NULL);
        for (size_t i = 0; i < d.n; i++)
            if (ours(&d.result[i]) && d.result[i].finding.verdict >= HR_WARN)
                fail_msg("%s: %s", d.result[i].check->id, d.result[i].finding.say.data);
        hr_diagnosis_fini(&d);
        hr_facts_close(facts);
        hr_root_close(root);
    }
}

/* Where nothing can be read nothing is good, and nothing is wrong: everything is unknown, or not here, and says why. */
static void nothing_is_known_of_nothing(void **state)
{
    (void)state;
    struct hr_root *root;
    struct hr_facts *facts;
    fresh();
    struct hr_diagnosis d = diagnose(&root, &facts, NULL);
    for (size_t i = 0; i < d.n; i++) {
        const struct hr_finding *f = &d.result[i].finding;
        if (ours(&d.result[i]) && (f->verdict > HR_UNKNOWN || f->say.len < 5))
            fail_msg("%s: %s: %s", d.result[i].check->id, hr_verdict_name(f->verdict), f->say.data);
    }
    hr_diagnosis_fini(&d);
    hr_facts_close(facts);
    hr_root_close(root);
}

/* Ids are their group's, each once; every claim has its source; a sentence does not end with a full stop. */
static void the_tables(void **state)
{
    (void)state;
    size_t n = 0;
    for (int g = 0; g <= HR_CHECK_STORAGE; g++) {
        const char *name = hr_check_group_name((enum hr_check_group)g);
        for (const struct hr_check *c = hr_check_group_table((enum hr_check_group)g); c->id != NULL; c++, n++) {
            enum hr_check_group found;
            if (strncmp(c->id, name, strlen(name)) != 0 || c->id[strlen(name)] != '-' || strlen(c->title) < 3 ||
                strlen(c->why) < 20 || strlen(c->source) < 6 || hr_check_find(hr_str(c->id), &found) != c)
                fail_msg("%s", c->id);
        }
    }
    assert_true(n >= 70);
}

/* With the k-th system call failing, the doctor ends and no finding lies: none is without its sentence. */
static void every_call_can_fail(void **state)
{
    (void)state;
    healthy(true);
    for (uint64_t k = 1; k < 3000; k += k < 100 ? 1 : 7) {
        struct hr_root *root = opened();
        struct hr_facts *facts;
        struct hr_diagnosis d;
        struct hr_doctor_options o = { NULL, 0, false };
        assert_int_equal(hr_facts_open(root, NULL, 0, &facts, NULL), 0);
        uint64_t before = hr_fault_sys_count();
        hr_fault_sys_at(k, false);
        int r = hr_doctor(facts, &o, &d, NULL);
        uint64_t made = hr_fault_sys_count() - before;
        hr_fault_sys_at(0, false);
        assert_int_equal(r, 0);
        for (size_t i = 0; i < d.n; i++)
            if (ours(&d.result[i]) && (d.result[i].finding.say.len < 5 || d.result[i].finding.verdict == HR_BAD))
                fail_msg("call %zu: %s: %s", (size_t)k, d.result[i].check->id, d.result[i].finding.say.data);
        hr_diagnosis_fini(&d);
        hr_facts_close(facts);
        hr_root_close(root);
        if (made < k)
            return;
    }
    fail_msg("the loop of faults did not come to its end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(the_host),
        cmocka_unit_test(processes),
        cmocka_unit_test(left_segments),
        cmocka_unit_test(rotating_disks),
        cmocka_unit_test(what_can_be_mended),
        cmocka_unit_test(healthy_is_healthy),
        cmocka_unit_test(nothing_is_known_of_nothing),
        cmocka_unit_test(every_call_can_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
