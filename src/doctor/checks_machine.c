/* The processors, the kind of machine, the container, and what the kernel's log says of the hardware. */
#include "check_parts.h"
#include "human.h"

#include <inttypes.h>
#include <string.h>

static void quota(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_cpu *c = hr_facts_cpu(facts);
    const struct hr_truth *groups = &hr_facts_memory(facts)->group.v2;
    if (!hr_check_known(f, groups->known, groups->why))
        return;
    if (!c->quota.known) {
        hr_find(f, HR_GOOD, "no quota limits the CPU time of this process");
        return;
    }
    if (!hr_check_known(f, c->allowed.known, c->allowed.why))
        return;
    uint64_t threads = hr_check_cpus(facts);
    if (c->quota.v >= (double)c->allowed.v - 0.5) {
        hr_find(f, HR_GOOD, "the quota of %.2f CPUs leaves all %" PRIu64, c->quota.v, c->allowed.v);
        return;
    }
    hr_seen(f, "cpu.max of this process's group: %.2f CPUs; Cpus_allowed_list names %" PRIu64, c->quota.v,
            c->allowed.v);
    hr_find(f, HR_WARN,
            "programs see %" PRIu64 " CPUs but get the time of %.1f: as many threads as CPUs stall each other",
            c->allowed.v, c->quota.v);
    hr_fix(f, "export OMP_NUM_THREADS=%" PRIu64 "   # and num_workers of loaders not above it", threads);
    hr_undo(f, "unset OMP_NUM_THREADS");
}

static void affinity(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_cpu *c = hr_facts_cpu(facts);
    if (!hr_check_known(f, c->allowed.known, c->allowed.why) || !hr_check_known(f, c->online.known, c->online.why))
        return;
    if (c->allowed.v >= c->online.v) {
        hr_find(f, HR_GOOD, "this process may use all %" PRIu64 " CPUs", c->online.v);
        return;
    }
    hr_seen(f, "/proc/self/status: Cpus_allowed_list names %" PRIu64 " of %" PRIu64, c->allowed.v, c->online.v);
    hr_find(f, HR_NOTE, "this process may use %" PRIu64 " of the machine's %" PRIu64 " CPUs", c->allowed.v,
            c->online.v);
}

static void kinds(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_cpu *c = hr_facts_cpu(facts);
    if (!c->slow.known) {
        hr_find(f, HR_NOT_HERE, "%s", c->slow.why);
        return;
    }
    hr_seen(f, "%s: %" PRIu64 " slower CPUs, %" PRIu64 " faster ones", c->kinds_from.v, c->slow.v, c->fast.v);
    hr_find(f, HR_NOTE,
            "%" PRIu64 " CPUs are on P-cores and %" PRIu64
            " on E-cores: a loader that gives batches in order waits for its slowest worker",
            c->fast.v, c->slow.v);
    hr_fix(f, "# keep the step's own thread on P-cores:  taskset -c $(cat /sys/devices/cpu_core/cpus) your-command");
}

static void governor(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_cpu *c = hr_facts_cpu(facts);
    if (!c->governor.known) {
        hr_find(f, HR_NOT_HERE, "%s", c->governor.why);
        return;
    }
    const char *driver = c->driver.known ? c->driver.v : "";
    /* These two choose the frequency themselves; there "powersave" is only a name. */
    bool own = strcmp(driver, "intel_pstate") == 0 || strncmp(driver, "amd-pstate-epp", 14) == 0 ||
               strcmp(driver, "amd_pstate_epp") == 0;
    bool saving = c->preference.known && strcmp(c->preference.v, "power") == 0;
    hr_seen(f, "/sys/devices/system/cpu/cpu0/cpufreq: scaling_governor %s, scaling_driver %s%s%s", c->governor.v,
            hr_word_text(&c->driver), c->preference.known ? ", energy_performance_preference " : "",
            c->preference.known ? c->preference.v : "");
    if (strcmp(c->governor.v, "powersave") == 0 && !own) {
        hr_find(f, HR_WARN, "the CPUs are held at their lowest frequency (governor powersave)");
        hr_fix(f, "echo schedutil | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor");
        hr_undo(f, "echo powersave | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor");
    } else if (own && saving) {
        hr_find(f, HR_NOTE, "the CPUs are told to save power before all else");
        hr_fix(
            f,
            "echo balance_performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/energy_performance_preference");
        hr_undo(f, "echo power | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/energy_performance_preference");
    } else {
        hr_find(f, HR_GOOD, "the CPUs' frequency follows the load (%s)", c->governor.v);
    }
}

static void load(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_cpu *c = hr_facts_cpu(facts);
    uint64_t cpus = hr_check_cpus(facts);
    if (!hr_check_known(f, c->load5.known, c->load5.why) ||
        !hr_check_known(f, cpus != 0, "the number of CPUs is not known"))
        return;
    hr_seen(f, "/proc/loadavg: %.2f %.2f %.2f", c->load1.v, c->load5.v, c->load15.v);
    if (c->load5.v > 2 * (double)cpus) {
        hr_find(f, HR_WARN, "%.0f tasks compete for %" PRIu64 " CPUs", c->load5.v, cpus);
        hr_fix(f, "ps -eo pid,pcpu,comm --sort=-pcpu | head   # who");
    } else {
        hr_find(f, HR_GOOD, "%.1f tasks on %" PRIu64 " CPUs", c->load5.v, cpus);
    }
}

static void container(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_container *c = hr_facts_container(facts);
    const struct hr_ram *m = hr_facts_memory(facts);
    if (c->kind == HR_CONTAINER_NONE) {
        hr_find(f, HR_NOT_HERE, "this is no container");
        return;
    }
    hr_seen(f, "%s", c->how.v);
    if (m->group.limit.known && m->total.known && m->group.limit.v < m->total.v) {
        hr_find(f, HR_GOOD, "%s, with %s of memory", hr_container_name(c->kind), hr_human_bytes(m->group.limit.v).text);
        return;
    }
    hr_find(f, HR_NOTE,
            "%s without a memory limit: a run that takes too much takes it from everything else on the machine",
            hr_container_name(c->kind));
    hr_fix(f, c->kind == HR_CONTAINER_KUBERNETES ? "# set resources.limits.memory of the pod"
                                                 : "# start it with  docker run --memory 32g …");
    hr_undo(f, "# start it without that option");
}

/* The oldest line that kernel.org still mends. */
static const char oldest[] = "5.10";

static void kernel_age(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_vm *vm = hr_facts_vm(facts);
    if (!hr_check_known(f, vm->kernel.n != 0, "the kernel's version is not known"))
        return;
    if (vm->kind == HR_VM_WSL1) {
        hr_find(f, HR_NOT_HERE, "WSL1 has no Linux kernel");
    } else if (hr_version_against(vm->kernel, oldest) < 0) {
        hr_seen(f, "/proc/sys/kernel/osrelease: %s", vm->release.v);
        hr_find(f, HR_WARN, "kernel %s is older than %s, the oldest that still gets fixes", vm->release.v, oldest);
        hr_fix(f, vm->kind == HR_VM_WSL2 ? "wsl --update   # in PowerShell" : "# upgrade the distribution");
    } else {
        hr_find(f, HR_GOOD, "kernel %s", vm->release.v);
    }
}

static void kernel_log(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_kernel_log *log = hr_facts_kernel_log(facts);
    if (log->known.known) {
        hr_find(f, HR_GOOD, "%" PRIu64 " lines of the kernel's log were read%s", log->lines,
                log->from_boot ? ", from the start on" : "; its beginning is gone");
        return;
    }
    hr_find(f, HR_UNKNOWN, "%s: what it may tell of killed processes, disks and GPUs is not seen", log->known.why);
    hr_fix(f, "sudo headrace doctor   # or, for everybody: sudo sysctl -w kernel.dmesg_restrict=0");
    hr_undo(f, "sudo sysctl -w kernel.dmesg_restrict=1");
}

static void loaders(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_procs *p = hr_facts_procs(facts);
    uint64_t cpus = hr_check_cpus(facts);
    if (!hr_check_known(f, p->known.known, p->known.why) ||
        !hr_check_known(f, cpus != 0, "the number of CPUs is not known"))
        return;
    if (p->loaders == 0) {
        hr_find(f, HR_NOT_HERE, "no loader workers run now");
    } else if (p->loaders > cpus) {
        hr_seen(f, "%" PRIu64 " processes of pt_data_worker or Python's multiprocessing", p->loaders);
        hr_find(f, HR_WARN, "%" PRIu64 " loader workers share %" PRIu64 " CPUs", p->loaders, cpus);
        hr_fix(f, "# DataLoader(num_workers=%" PRIu64 ") or fewer, over all ranks of this machine together", cpus);
    } else {
        hr_find(f, HR_GOOD, "%" PRIu64 " loader workers on %" PRIu64 " CPUs", p->loaders, cpus);
    }
}

/* Compilers of CUDA extensions take 2 to 5 GB each; ninja starts two more than there are CPUs. */
static void build_jobs(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_cpu *c = hr_facts_cpu(facts);
    const struct hr_ram *m = hr_facts_memory(facts);
    struct hr_figure most = hr_ram_ceiling(m);
    struct hr_word jobs = hr_check_env(facts, "MAX_JOBS");
    if (!hr_check_known(f, c->allowed.known, c->allowed.why) || !hr_check_known(f, most.known, most.why))
        return;
    uint64_t fit = HR_MAX(most.v / (UINT64_C(4) << 30), UINT64_C(1)), started = c->allowed.v + 2;
    if (jobs.known) {
        hr_find(f, HR_GOOD, "builds of CUDA extensions start %s compilers at once (MAX_JOBS)", jobs.v);
    } else if (fit >= started) {
        hr_find(f, HR_GOOD, "there is memory for as many compilers as CPUs");
    } else {
        hr_find(f, HR_NOTE,
                "building a CUDA extension would start %" PRIu64
                " compilers at once, and memory is there for about %" PRIu64,
                started, fit);
        hr_fix(f, "export MAX_JOBS=%" PRIu64 "   # before pip install of a package that compiles for the GPU", fit);
        hr_undo(f, "unset MAX_JOBS");
    }
}

struct log_row {
    enum hr_log_kind kind;
    enum hr_verdict verdict;
    const char *say;
};

/* The worst row that the log has; `good` when it has none of them. */
static void by_log(struct hr_facts *facts, struct hr_finding *f, const struct log_row *row, size_t n, const char *good)
{
    enum hr_verdict worst = HR_GOOD;
    if (!hr_check_log_known(facts, f))
        return;
    hr_find(f, HR_GOOD, "%s", good);
    for (size_t i = 0; i < n; i++)
        if (hr_check_log(facts, f, row[i].kind) && row[i].verdict > worst) {
            worst = row[i].verdict;
            hr_find(f, worst, "%s", row[i].say);
        }
}

static void kernel_faults(struct hr_facts *facts, struct hr_finding *f)
{
    static const struct log_row rows[] = {
        { HR_LOG_PANIC, HR_BAD, "the kernel has failed since it started: restart the machine before a long run" },
        { HR_LOG_LOCKUP, HR_WARN, "a CPU was stuck in the kernel for seconds" },
        { HR_LOG_HUNG, HR_WARN, "a task waited for minutes for a disk, a network file system or a driver" },
    };
    by_log(facts, f, rows, HR_COUNT(rows), "the kernel's log tells of no failure of its own");
    if (f->verdict >= HR_WARN)
        hr_fix(f, "sudo dmesg -T | grep -iE 'bug|oops|lockup|stall|blocked for more' | tail -n 20");
}

static void hardware(struct hr_facts *facts, struct hr_finding *f)
{
    static const struct log_row rows[] = {
        { HR_LOG_HARDWARE, HR_BAD,
          "the processor reported hardware errors: results may be wrong, and runs may end at any time" },
    };
    by_log(facts, f, rows, HR_COUNT(rows), "no hardware errors in the kernel's log");
    if (f->verdict >= HR_WARN)
        hr_fix(f, "sudo dmesg -T | grep -i 'hardware error'   # then test the memory (memtest86+)");
}

static void heat(struct hr_facts *facts, struct hr_finding *f)
{
    static const struct log_row rows[] = {
        { HR_LOG_THROTTLED, HR_WARN, "the processor was slowed down because of heat" },
    };
    by_log(facts, f, rows, HR_COUNT(rows), "the processor was not slowed down by heat");
    if (f->verdict >= HR_WARN)
        hr_fix(f, "# clean the fans and filters; a laptop on a hard surface");
}

static void gpu_errors(struct hr_facts *facts, struct hr_finding *f)
{
    static const struct log_row rows[] = {
        { HR_LOG_NV_MISMATCH, HR_BAD,
          "NVIDIA's kernel module and its libraries are of different versions: no CUDA program starts" },
        { HR_LOG_XID, HR_WARN, "the NVIDIA driver reported a GPU error (Xid)" },
    };
    if (hr_vm_is_wsl(hr_facts_vm(facts))) {
        hr_find(f, HR_NOT_HERE, "under WSL the driver and its log are Windows'");
        return;
    }
    by_log(facts, f, rows, HR_COUNT(rows), "the NVIDIA driver's log tells of no GPU error");
    if (f->verdict == HR_BAD)
        hr_fix(f, "sudo reboot   # after an upgrade of the driver");
    else if (f->verdict == HR_WARN)
        hr_fix(f, "sudo dmesg -T | grep Xid   # NVIDIA's list of Xid numbers says what each means");
}

static void clock_source(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_vm *vm = hr_facts_vm(facts);
    if (!hr_check_known(f, vm->clocksource.known, vm->clocksource.why))
        return;
    hr_seen(f, "/sys/devices/system/clocksource/clocksource0/current_clocksource: %s", vm->clocksource.v);
    if (strcmp(vm->clocksource.v, "acpi_pm") != 0 && strcmp(vm->clocksource.v, "hpet") != 0 &&
        strcmp(vm->clocksource.v, "jiffies") != 0) {
        hr_find(f, HR_GOOD, "time is read from %s", vm->clocksource.v);
        return;
    }
    hr_check_log(facts, f, HR_LOG_CLOCK);
    hr_find(f, HR_WARN, "time is read from %s: every reading is a system call and a slow one", vm->clocksource.v);
    hr_fix(f, "cat /sys/devices/system/clocksource/clocksource0/available_clocksource   # is tsc there?");
    hr_fix(f, "echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource");
    hr_undo(f, "echo %s | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource",
            vm->clocksource.v);
}

static void network(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_net *n = hr_facts_net(facts);
    const struct hr_link *l = NULL;
    if (!hr_check_known(f, n->known.known, n->known.why))
        return;
    if (!n->default_link.known) {
        hr_find(f, HR_NOTE, "%s: models and datasets must be here already", n->default_link.why);
        hr_fix(f, "export HF_HUB_OFFLINE=1   # or every start waits for a timeout");
        hr_undo(f, "unset HF_HUB_OFFLINE");
        return;
    }
    for (size_t i = 0; i < n->n; i++)
        l = strcmp(n->link[i].name, n->default_link.v) == 0 ? &n->link[i] : l;
    if (n->proxy.known)
        hr_seen(f, "a proxy is set: %s", n->proxy.v);
    if (l != NULL && l->speed.known && l->speed.v < 1000) {
        hr_seen(f, "/sys/class/net/%s/speed: %" PRIu64, l->name, l->speed.v);
        hr_find(f, HR_NOTE, "%s runs at %" PRIu64 " Mbit/s: 100 GB of data take at least %s", l->name, l->speed.v,
                hr_human_duration(UINT64_C(800000000000000) / l->speed.v).text);
    } else {
        hr_find(f, HR_GOOD, "%s is the way to the network", n->default_link.v);
    }
}

#define ROW(id, title, why, source, run)   \
    {                                      \
        id, title, why, source, false, run \
    }
const struct hr_check hr_checks_machine[] = {
    ROW("machine-cpu-quota", "CPU time of this process's group",
        "PyTorch, OpenMP and BLAS start one thread per CPU that they see. With a quota below that, all of them are "
        "stopped together "
        "when the group's time is used up.",
        "kernel Documentation/admin-guide/cgroup-v2.rst (cpu.max); kernel Documentation/scheduler/sched-bwc.rst",
        quota),
    ROW("machine-cpu-allowed", "CPUs this process may use",
        "Programs that count the machine's CPUs instead of the allowed ones start too many threads and workers.",
        "sched_getaffinity(2)", affinity),
    ROW("machine-cpu-kinds", "P-cores and E-cores", "Work that is shared out evenly ends when the slowest core ends.",
        "kernel tools/perf/Documentation/intel-hybrid.txt; PyTorch documentation, DataLoader (in_order)", kinds),
    ROW("machine-governor", "frequency of the CPUs",
        "The loader and the launches of GPU kernels run on the CPU; at its lowest frequency the GPU waits for it.",
        "kernel Documentation/admin-guide/pm/cpufreq.rst, intel_pstate.rst, amd-pstate.rst", governor),
    ROW("machine-load", "competing tasks", "A loader that gets half of the CPU feeds half of the batches.",
        "proc(5), /proc/loadavg", load),
    ROW("machine-container", "container",
        "Without a limit of its own a container is limited by the machine: its out-of-memory is everybody's.",
        "Docker documentation, resource constraints; kernel Documentation/admin-guide/cgroup-v2.rst", container),
    ROW("machine-kernel", "age of the kernel",
        "Kernels that get no fixes keep the memory and file system bugs they have.", "kernel.org, releases",
        kernel_age),
    ROW("machine-kernel-faults", "failures of the kernel",
        "After a failure inside the kernel, locks may be held for ever: later calls hang, and a run stops without a "
        "message.",
        "kernel Documentation/admin-guide/bug-hunting.rst, lockup-watchdogs.rst", kernel_faults),
    ROW("machine-hardware-errors", "hardware errors",
        "Uncorrected memory errors change weights and gradients silently or kill the process.",
        "kernel Documentation/arch/x86/x86_64/machinecheck.rst", hardware),
    ROW("machine-heat", "heat",
        "A processor that is slowed down by heat makes each step slower the longer the run lasts.",
        "kernel drivers/thermal/intel/therm_throt.c", heat),
    ROW("machine-gpu-errors", "GPU errors in the kernel's log",
        "An Xid tells of a GPU fault, a fallen-off bus or a memory error that the program sees only as a failed call.",
        "NVIDIA documentation, Xid errors", gpu_errors),
    ROW("machine-clock", "reading the time",
        "Profilers, loaders and the driver read the clock thousands of times a second.",
        "kernel Documentation/admin-guide/kernel-parameters.txt (clocksource)", clock_source),
    ROW("machine-network", "network", "Weights and datasets of tens of gigabytes are downloaded at the first start.",
        "kernel Documentation/ABI/testing/sysfs-class-net (speed)", network),
    ROW("machine-kernel-log", "the kernel's log",
        "Whom the kernel killed, and which disk or GPU failed, stands only there.",
        "dmesg(1); kernel Documentation/admin-guide/sysctl/kernel.rst (dmesg_restrict)", kernel_log),
    ROW("machine-loader-workers", "loader workers",
        "More workers than CPUs do not load faster; each takes memory of its own and a share of /dev/shm.",
        "PyTorch documentation, DataLoader (num_workers; its own warning)", loaders),
    ROW("machine-build-jobs", "parallel compilers",
        "One compiler of a CUDA extension takes 2 to 5 GB. Started once per CPU they take all memory, and WSL2 goes "
        "down with them.",
        "pytorch/pytorch#124018; flash-attention#2079, #832; PyTorch documentation, cpp_extension (MAX_JOBS)",
        build_jobs),
    { NULL, NULL, NULL, NULL, false, NULL },
};
