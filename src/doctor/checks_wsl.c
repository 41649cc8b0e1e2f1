/* WSL: which one, which kernel, and what of it works.  (The virtual GPU: checks_wsl_gpu.c.  What only Windows can tell:
 * checks_wsl_host.c.  Its configuration files: src/wsl's linter.) */
#include "checks_wsl.h"

#include "check_parts.h"
#include "human.h"

#include <inttypes.h>
#include <string.h>

static void version(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_vm *vm = hr_facts_vm(facts);
    if (!hr_check_wsl(facts, f))
        return;
    hr_seen(f, "/proc/sys/kernel/osrelease: %s", hr_word_text(&vm->release));
    if (vm->kind == HR_VM_WSL1) {
        hr_find(f, HR_BAD, "this is WSL 1: it has no GPU, and no Linux kernel");
        hr_fix(f, "wsl --set-version %s 2   # in PowerShell; save what matters before",
               vm->distro.known ? vm->distro.v : "<distribution>");
        hr_undo(f, "wsl --set-version %s 1", vm->distro.known ? vm->distro.v : "<distribution>");
        return;
    }
    const struct hr_wslinfo *w = hr_facts_wslinfo(facts);
    if (w->version.known)
        hr_find(f, HR_GOOD, "WSL 2 (%s)", w->version.v);
    else
        hr_find(f, HR_GOOD, "WSL 2 (its version: –, %s)", w->version.why);
}

static void kernel(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_vm *vm = hr_facts_vm(facts);
    if (!hr_check_wsl2(facts, f) || !hr_check_known(f, vm->kernel.n != 0, "the kernel's version is not known"))
        return;
    hr_seen(f, "/proc/sys/kernel/osrelease: %s", vm->release.v);
    if (hr_version_against(vm->kernel, "5.10.43.3") < 0) {
        hr_find(f, HR_BAD, "kernel %s is too old for CUDA: it needs 5.10.43.3", vm->release.v);
        hr_fix(f, "wsl --update; wsl --shutdown   # in PowerShell");
    } else if (strstr(vm->release.v, "microsoft") == NULL) {
        hr_find(f, HR_NOTE, "kernel %s is not Microsoft's: wsl --update does not renew it", vm->release.v);
    } else {
        hr_find(f, HR_GOOD, "kernel %s can do CUDA", vm->release.v);
    }
}

/* memory=4096 in .wslconfig are bytes; WSL makes 256 MiB of it. */
static void tiny(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_ram *m = hr_facts_memory(facts);
    if (!hr_check_wsl2(facts, f) || !hr_check_known(f, m->total.known, m->total.why))
        return;
    struct hr_human total = hr_human_bytes(m->total.v);
    hr_seen(f, "/proc/meminfo: MemTotal: %" PRIu64 " kB", m->total.v / 1024);
    if (m->total.v < UINT64_C(512) << 20) {
        hr_find(f, HR_BAD, "the virtual machine has %s: a number without a unit in .wslconfig is bytes", total.text);
        hr_check_wslconfig(f, "wsl2", "memory=8GB");
    } else {
        hr_find(f, HR_GOOD, "the virtual machine has %s", total.text);
    }
}

static void interop(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_vm *vm = hr_facts_vm(facts);
    if (!hr_check_wsl(facts, f))
        return;
    if (!vm->distribution.known || !vm->distribution.v) {
        hr_find(f, HR_NOT_HERE, "this is a container inside WSL");
    } else if (vm->interop.known && vm->interop.v) {
        hr_find(f, HR_GOOD, "Windows programs start from here");
    } else if (vm->binfmt.known) {
        hr_seen(f, "/proc/sys/fs/binfmt_misc/WSLInterop: %s", vm->binfmt.v);
        hr_find(f, HR_NOTE,
                "Windows programs are switched off here, so headrace cannot ask Windows for the PC's memory");
        hr_fix(f, "echo 1 | sudo tee /proc/sys/fs/binfmt_misc/WSLInterop");
        hr_undo(f, "echo 0 | sudo tee /proc/sys/fs/binfmt_misc/WSLInterop");
    } else {
        hr_seen(f, "/proc/sys/fs/binfmt_misc has no WSLInterop");
        hr_find(f, HR_NOTE,
                "Windows programs do not start here (\"Exec format error\"): their entry is gone from the kernel");
        hr_fix(f, "sudo sh -c 'echo :WSLInterop:M::MZ::/init:PF > /etc/binfmt.d/WSLInterop.conf' && sudo systemctl "
                  "restart systemd-binfmt");
        hr_undo(f, "sudo rm /etc/binfmt.d/WSLInterop.conf");
    }
}

static void systemd(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_vm *vm = hr_facts_vm(facts);
    if (!hr_check_wsl2(facts, f))
        return;
    if (!vm->distribution.known || !vm->distribution.v) {
        hr_find(f, HR_NOT_HERE, "this is a container inside WSL");
        return;
    }
    if (!hr_check_known(f, vm->systemd.known, vm->systemd.why))
        return;
    hr_seen(f, "/proc/1/comm: %s", vm->systemd.v ? "systemd" : "not systemd");
    if (vm->systemd.v) {
        hr_find(f, HR_GOOD, "systemd runs: sysctl.d is applied, and commands can be given groups with limits");
        return;
    }
    hr_find(f, HR_NOTE,
            "systemd does not run: files in /etc/sysctl.d are not applied, and no command can be given a memory group");
    hr_fix(f, "printf '[boot]\\nsystemd=true\\n' | sudo tee -a /etc/wsl.conf   # when it has no [boot] yet; then wsl "
              "--shutdown in PowerShell");
    hr_undo(f, "# take the two lines out of /etc/wsl.conf, then: wsl --shutdown");
}

static void clock_sync(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_vm *vm = hr_facts_vm(facts);
    if (!hr_check_wsl2(facts, f) || !hr_check_known(f, vm->timesync.known, vm->timesync.why))
        return;
    hr_seen(f, "/proc/cmdline: hv_utils.timesync_implicit=1 is %s; /dev/ptp0 is %s", vm->timesync.v ? "set" : "not set",
            vm->ptp.v ? "there" : "not there");
    if (vm->timesync.v || vm->ptp.v) {
        hr_find(f, HR_GOOD, "the clock is set by Windows' clock%s", vm->timesync.v ? ", also after the PC slept" : "");
        return;
    }
    hr_find(f, HR_NOTE, "nothing sets the clock after the PC slept: downloads fail with certificate errors, logs lie");
    hr_fix(f, "sudo hwclock -s   # now");
    hr_fix(f, "wsl --update   # in PowerShell; 2.1.1 and later keep it right");
}

static void oom_score(struct hr_facts *facts, struct hr_finding *f)
{
    if (!hr_check_wsl2(facts, f))
        return;
    struct hr_word v = hr_check_file(facts, "proc/1/oom_score_adj");
    if (!hr_check_known(f, v.known, v.why))
        return;
    hr_seen(f, "/proc/1/oom_score_adj: %s", v.v);
    if (v.v[0] == '-' || strcmp(v.v, "0") == 0) {
        hr_find(f, HR_GOOD, "the kernel does not choose process 1 first when memory runs out");
        return;
    }
    hr_find(f, HR_WARN, "process 1 is marked to be killed early (%s): when memory runs out, all of WSL ends with it",
            v.v);
    hr_fix(f, "echo 0 | sudo tee /proc/1/oom_score_adj   # until the next start");
    hr_undo(f, "echo %s | sudo tee /proc/1/oom_score_adj", v.v);
}

static void idle_stop(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_procs *p = hr_facts_procs(facts);
    if (!hr_check_wsl2(facts, f) || !hr_check_known(f, p->known.known, p->known.why))
        return;
    if (p->trainers == 0) {
        hr_find(f, HR_GOOD, "no training runs now that could end with its terminal");
        return;
    }
    for (uint64_t i = 0; i < HR_MIN(p->trainers, (uint64_t)HR_PROCS_SHOWN); i++)
        hr_seen(f, "pid %" PRIu64 "%s: %s", p->trainer[i].pid, p->trainer[i].terminal ? " (has a terminal)" : "",
                p->trainer[i].command);
    hr_find(f, HR_NOTE,
            "a run under systemd, cron or docker does not keep WSL alive: 15 s after the last terminal closed it is "
            "stopped");
    hr_fix(f, "# in %%USERPROFILE%%\\.wslconfig (vmIdleTimeout alone does not do it: it counts from the stop of the "
              "last distribution):");
    hr_fix(f, "# [general]  instanceIdleTimeout=-1");
    hr_fix(f, "# [wsl2]     vmIdleTimeout=-1");
    hr_undo(f, "# take both lines out again, then: wsl --shutdown");
}

static void networking(struct hr_facts *facts, struct hr_finding *f)
{
    if (!hr_check_wsl2(facts, f))
        return;
    const struct hr_wslinfo *w = hr_facts_wslinfo(facts);
    if (!hr_check_known(f, w->networking.known, w->networking.why))
        return;
    hr_seen(f, "wslinfo --networking-mode: %s", w->networking.v);
    if (strcmp(w->networking.v, "none") == 0) {
        hr_find(f, HR_WARN, "WSL has no network (networkingMode=none, or safeMode)");
        hr_check_wslconfig(f, "wsl2", "networkingMode=nat");
    } else if (strcmp(w->networking.v, "nat") == 0) {
        hr_find(f, HR_GOOD,
                "networking is nat: TensorBoard on localhost is reached from Windows, not from other machines");
    } else {
        hr_find(f, HR_GOOD, "networking is %s", w->networking.v);
    }
}

static void gui(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_vm *vm = hr_facts_vm(facts);
    if (!hr_check_wsl2(facts, f))
        return;
    hr_find(f, HR_GOOD,
            vm->wslg.v ? "WSLg is on; the GPU memory in use that nvidia-smi shows is the whole Windows machine's, its "
                         "desktop included"
                       : "WSLg is off");
}

#define ROW(id, title, why, source, run)   \
    {                                      \
        id, title, why, source, false, run \
    }
#define DEEP(id, title, why, source, run) \
    {                                     \
        id, title, why, source, true, run \
    }
const struct hr_check hr_checks_wsl[] = {
    ROW("wsl-version", "which WSL", "CUDA exists in WSL 2 only.",
        "NVIDIA, CUDA on WSL user guide; microsoft/WSL src/shared (UtilIsUtilityVm)", version),
    ROW("wsl-kernel", "WSL's kernel", "Older kernels lack what the GPU driver needs.",
        "NVIDIA, CUDA on WSL user guide (kernel 5.10.43.3)", kernel),
    ROW("wsl-memory-unit", "memory= without a unit",
        "memory=4096 means 4096 bytes, and WSL makes the smallest machine of it: 256 MiB.", "microsoft/WSL#11144",
        tiny),
    ROW("wsl-gpu-kernel-bug", "kernels that end long CUDA runs",
        "Runs of hours ended without a message, or the virtual machine restarted, with kernels 6.18.26 to 6.18.35.",
        "microsoft/WSL#41017, #40580, #41093, #41060; WSL2-Linux-Kernel 6.18.40.1", hr_check_wsl_dxg_bug),
    ROW("wsl-gpu-residency", "room in the GPU's memory",
        "Windows pages GPU memory. When it cannot bring a buffer in, the call fails although nvidia-smi shows memory "
        "free.",
        "microsoft/WSL#41176, #11050", hr_check_wsl_residency),
    ROW("wsl-gpu-panic", "failures of the GPU's kernel driver",
        "Old drivers failed when a program with GPU memory ended, and took the virtual machine with them.",
        "microsoft/WSL#10558, #12476, #40732", hr_check_wsl_dxg_panic),
    ROW("wsl-gpu-noise", "harmless messages of the GPU driver",
        "These lines are blamed for every failure, and mean nothing.", "microsoft/WSL#40715, #11293",
        hr_check_wsl_dxg_noise),
    ROW("wsl-nvidia-smi-loop", "nvidia-smi in a loop",
        "Each run of nvidia-smi inside WSL leaks memory of the Windows kernel that only a restart gives back.",
        "microsoft/WSL#12756", hr_check_wsl_polling),
    ROW("wsl-interop", "Windows programs",
        "Without them nothing here can ask Windows, and code, explorer and wsl.exe do not start.",
        "microsoft/WSL#8843, #8952, #9722; wsl.conf boot.protectBinfmt", interop),
    ROW("wsl-systemd", "systemd",
        "systemd applies kernel switches at the start, and gives commands groups with memory limits.",
        "Microsoft documentation, wsl-config (boot.systemd)", systemd),
    ROW("wsl-clock", "clock after sleep", "A clock that is behind breaks downloads, tokens and the order of logs.",
        "microsoft/WSL#5324, #8204; WSL 2.1.1 release notes", clock_sync),
    ROW("wsl-first-process", "who is killed first",
        "When memory runs out and the kernel kills process 1, every terminal and every run ends at once "
        "(\"Catastrophic failure\").",
        "microsoft/WSL#40458, #40519", oom_score),
    ROW("wsl-idle-stop", "runs without a terminal",
        "WSL stops a distribution when its last Windows client is gone; services do not count, and a run ends with it.",
        "microsoft/WSL#8854, #9968, #9401, #8661", idle_stop),
    ROW("wsl-networking", "networking mode",
        "It decides from where TensorBoard, Jupyter and other machines of a job are reached.",
        "microsoft/WSL#4150, #10632; wslinfo(1)", networking),
    ROW("wsl-gui", "WSLg", "It is often blamed for GPU memory that Windows' own desktop uses.",
        "Microsoft documentation, wsl-config (guiApplications); NVIDIA, CUDA on WSL user guide", gui),
    ROW("wsl-config", ".wslconfig",
        "A line that WSL does not know is only warned about: the setting that was meant is not in force.",
        "microsoft/WSL src/shared/configfile/configfile.cpp, src/windows/common/WslCoreConfig.h", hr_check_wsl_config),
    ROW("wsl-config-applied", "whether .wslconfig is in force",
        "A changed .wslconfig does nothing before wsl --shutdown, and memory above the PC's is cut without a word.",
        "Microsoft documentation, wsl-config; microsoft/WSL src/windows/common/WslCoreConfig.cpp",
        hr_check_wsl_applied),
    ROW("wsl-conf", "/etc/wsl.conf",
        "WSL leaves this file at the first line that it cannot read: all that stands below is lost.",
        "microsoft/WSL src/linux/init/WslDistributionConfig.cpp", hr_check_wsl_conf),
    ROW("wsl-claim-auto-memory-reclaim", "autoMemoryReclaim under [wsl2]",
        "Many guides put it under [wsl2], where WSL has no such key. It works in [experimental]; its default, "
        "dropCache, empties the page "
        "cache once the machine's CPUs were idle for minutes, and does nothing during a run.",
        "microsoft/WSL#10759; src/windows/common/WslCoreConfig.h", hr_check_claim_reclaim),
    ROW("wsl-claim-gradual", "autoMemoryReclaim=gradual",
        "gradual takes a little memory back every half minute while the machine is idle; it may swap programs out, and "
        "it broke systemd and "
        "dockerd for some.",
        "microsoft/WSL#10675, #41096, #41171", hr_check_claim_gradual),
    ROW("wsl-claim-guess-vhd-size", "guessVhdSize", "It is in guides and in no version of WSL.",
        "no trace in microsoft/WSL, MicrosoftDocs/WSL or the issues", hr_check_claim_vhd_size),
    ROW("wsl-claim-page-reporting", "pageReporting",
        "Guides promise faster memory of it. WSL has dropped the key: free pages always go back to Windows.",
        "microsoft/WSL#9899; WSL 1.1.7 release notes", hr_check_claim_reporting),
    ROW("wsl-claim-vm-idle-timeout", "vmIdleTimeout",
        "Guides say that it frees memory after a minute of idling. It ends the virtual machine after the last "
        "distribution has stopped, "
        "which is after its last terminal was closed.",
        "microsoft/WSL src/windows/service/exe/LxssUserSession.cpp; #8854", hr_check_claim_idle),
    ROW("wsl-claim-sparse-vhd", "sparseVhd",
        "Guides promise that the disk file shrinks by itself. WSL switched it off because it damaged disks.",
        "microsoft/WSL#13075, #12103", hr_check_claim_sparse),
    DEEP("wsl-host-memory", "memory given to WSL",
         "Without memory= WSL gets half of the PC; with all of it Windows itself runs short and everything stalls.",
         "microsoft/WSL src/windows/common/WslCoreConfig.cpp; #40458", hr_check_wsl_host_memory),
    DEEP("wsl-host-cpus", "processors given to WSL", "Loaders and compilers can use what WSL has, not what the PC has.",
         "microsoft/WSL src/windows/common/WslCoreConfig.cpp", hr_check_wsl_host_cpus),
    DEEP("wsl-pool-leak", "leak of Windows kernel memory",
         "Walking over large trees of a Windows drive fills a pool of the Windows kernel until it restarts.",
         "microsoft/WSL#41296, #40804, #41644", hr_check_wsl_pool_leak),
    { NULL, NULL, NULL, NULL, false, NULL },
};
