/* Whether there is a GPU and why not, and whose driver answers: the part of the group GPU that looks at the driver. */
#include "gpu_checks.h"

#include "arch.h"
#include "gpu_words.h"
#include "human.h"
#include "root_value.h"

#include <inttypes.h>
#include <string.h>

/* --- is there one, and why not --- */

/* A card on the PCI bus that no driver answers for. */
static bool nvidia_on_pci(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_root *root = hr_facts_root(facts);
    struct hr_names names = { NULL, 0 };
    bool found = false;
    if (hr_root_list(root, "sys/bus/pci/devices", &names, NULL) < 0)
        return false;
    for (size_t i = 0; i < names.n && i < 1024; i++) {
        struct hr_buf path = HR_BUF_INIT(512);
        hr_buf_printf(&path, "sys/bus/pci/devices/%s/vendor", names.name[i]);
        struct hr_word vendor = hr_root_word(root, path.data);
        hr_buf_reset(&path);
        hr_buf_printf(&path, "sys/bus/pci/devices/%s/class", names.name[i]);
        struct hr_word class = vendor.known && strcmp(vendor.v, "0x10de") == 0 ? hr_root_word(root, path.data)
                                                                               : hr_word_unknown("not asked");
        if (class.known && strncmp(class.v, "0x03", 4) == 0) {
            hr_seen(f, "/sys/bus/pci/devices/%s: vendor %s, class %s", names.name[i], vendor.v, class.v);
            found = true;
        }
        hr_buf_fini(&path);
    }
    hr_names_fini(&names);
    return found;
}

static void not_on_wsl(struct hr_facts *facts, const struct hr_gpus *g, struct hr_finding *f)
{
    bool library = hr_root_exists(hr_facts_root(facts), "usr/lib/wsl/lib/libcuda.so.1");
    hr_seen(f, "/dev/dxg: %s", g->dxg.v ? "there" : "missing");
    hr_seen(f, "/usr/lib/wsl/lib/libcuda.so.1: %s", library ? "there" : "missing");
    hr_seen(f, "NVML: %s", g->say);
    if (hr_in_container(facts)) {
        hr_find(f, HR_NOTE, "no GPU is given to this container");
        hr_fix(f, "docker run --gpus all ...");
        return;
    }
    hr_find(f, HR_WARN, "%s",
            !g->dxg.v && !library
                ? "WSL gives this machine no GPU: neither /dev/dxg nor the driver's libraries are there"
            : !g->dxg.v ? "WSL gives this machine no GPU: /dev/dxg is missing"
            : !library  ? "the GPU's device is there, but Windows gives no NVIDIA driver: its libraries are missing"
                        : "the GPU's device and library are there, but NVML cannot be loaded");
    hr_fix(f, "# 1. install the current NVIDIA driver in Windows; nothing inside WSL");
    hr_fix(f, "# 2. in %%UserProfile%%\\.wslconfig there must be no gpuSupport=false and no safeMode=true");
    hr_fix(f, "# 3. then, in Windows: wsl --update ; wsl --shutdown");
}

static void no_library(struct hr_facts *facts, const struct hr_gpus *g, struct hr_finding *f)
{
    struct hr_word module = hr_root_word(hr_facts_root(facts), "proc/driver/nvidia/version");
    bool node = hr_root_exists(hr_facts_root(facts), "dev/nvidiactl");
    if (hr_facts_vm(facts)->kind == HR_VM_WSL1) {
        hr_find(f, HR_NOTE, "WSL 1 gives programs no GPU; WSL 2 does");
        hr_fix(f, "# in Windows: wsl --set-version <distribution> 2");
        hr_undo(f, "# in Windows: wsl --set-version <distribution> 1");
    } else if (hr_on_wsl2(facts)) {
        not_on_wsl(facts, g, f);
    } else if (module.known || node) {
        hr_seen(f, "%s: %s", module.known ? "/proc/driver/nvidia/version" : "/dev/nvidiactl",
                module.known ? module.v : "there");
        hr_seen(f, "%s", g->say);
        hr_find(f, HR_BAD, "the NVIDIA kernel module is loaded, but its library libnvidia-ml.so.1 is missing%s",
                hr_in_container(facts) ? " in this container" : "");
        hr_fix(f, hr_in_container(facts) ? "docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility ..."
                                         : "# install the driver's user part: libnvidia-compute of the same version");
    } else if (nvidia_on_pci(facts, f)) {
        hr_find(f, HR_WARN, "there is an NVIDIA card, but no driver for it is loaded");
        hr_fix(f, hr_in_container(facts) ? "docker run --gpus all ..."
                                         : "# install your distribution's NVIDIA driver, then restart");
    } else {
        hr_find(f, HR_NOT_HERE, "this machine has no NVIDIA GPU");
    }
}

void hr_check_gpu_found(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_gpus *g = hr_facts_gpus(facts);
    const char *advice = g->state == HR_GPUS_REFUSED ? hr_nvml_advice(g->error) : NULL;
    if (g->state == HR_GPUS_NO_LIBRARY) {
        no_library(facts, g, f);
    } else if (g->state == HR_GPUS_UNREADABLE) {
        hr_find(f, HR_UNKNOWN, "%s", g->say);
    } else if (g->state != HR_GPUS_READ) {
        hr_find(f, HR_BAD, "%s", g->say);
        hr_seen(f, "library: %s", hr_word_text(&g->library));
        if (advice != NULL)
            hr_fix(f, "# %s", advice);
        else if (g->state == HR_GPUS_HANGS || g->state == HR_GPUS_CRASHED)
            hr_fix(f, hr_on_wsl2(facts) ? "# in Windows: wsl --shutdown, then start again; if it stays, restart Windows"
                                        : "# read the kernel's log (sudo dmesg | grep -i nvrm), then restart");
    } else if (g->n == 0) {
        hr_find(f, HR_WARN, "NVML answers, but finds no GPU");
        hr_seen(f, "driver %s, library %s", hr_word_text(&g->driver), hr_word_text(&g->library));
    } else {
        struct hr_word name = hr_gpu_name(g, 0);
        hr_find(f, HR_GOOD, "%zu GPU%s: %s%s, driver %s, CUDA %s", g->n, g->n == 1 ? "" : "s", name.v,
                g->n == 1 ? "" : " and more", hr_word_text(&g->driver),
                g->cuda.known ? hr_cuda_text((unsigned)g->cuda.v).text : "–");
        for (size_t i = 0; i < g->n; i++) {
            unsigned cc = hr_gpu_cc(&g->gpu[i]);
            name = hr_gpu_name(g, i);
            hr_seen(f, "%zu: %s, compute capability %s, VRAM %s", i, name.v, cc != 0 ? hr_cc_text(cc).text : "–",
                    g->gpu[i].memory.known ? hr_human_bytes(g->gpu[i].memory.v).text : "–");
        }
    }
}

void hr_check_gpu_mismatch(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_gpus *g = hr_facts_gpus(facts);
    const struct hr_kernel_log *log = hr_facts_kernel_log(facts);
    const struct hr_log_hit *hit = &log->hit[HR_LOG_NV_MISMATCH];
    struct hr_word module = hr_root_word(hr_facts_root(facts), "proc/driver/nvidia/version");
    if (hr_on_wsl2(facts) || (g->state == HR_GPUS_NO_LIBRARY && !module.known)) {
        hr_find(f, HR_NOT_HERE, "no NVIDIA kernel module is in use here");
        return;
    }
    if (module.known)
        hr_seen(f, "/proc/driver/nvidia/version: %s", module.v);
    if (g->state == HR_GPUS_REFUSED && g->error == 18) {
        hr_find(f, HR_BAD, "the driver's libraries are newer or older than its loaded kernel module (NVML error 18)");
        hr_fix(f, "# restart; or, with nothing running on the GPU:");
        hr_fix(f, "sudo rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia && sudo modprobe nvidia");
    } else if (log->known.known && log->known.v && hit->count != 0) {
        hr_seen(f, "kernel: %s", hit->line);
        hr_find(f, HR_WARN,
                "the kernel has seen programs whose NVIDIA libraries do not match its module (%" PRIu64 " times)",
                hit->count);
        hr_fix(
            f,
            "# look for a second copy of the driver's libraries: a container image, LD_LIBRARY_PATH, an old package");
    } else if (g->state == HR_GPUS_READ) {
        hr_find(f, HR_GOOD, "libraries and kernel module are of the same driver, %s", hr_word_text(&g->driver));
    } else {
        hr_find(f, HR_UNKNOWN, "%s", g->say);
    }
}

/* --- WSL --- */

void hr_check_gpu_linux_driver(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_dpkg *d = hr_facts_dpkg(facts);
    size_t n = 0;
    if (!hr_on_wsl2(facts) || hr_in_container(facts)) {
        hr_find(f, HR_NOT_HERE, "this is no distribution of WSL2");
        return;
    }
    for (size_t i = 0; i < d->n; i++)
        if (d->package[i].driver && strcmp(d->package[i].state, "installed") == 0) {
            hr_seen(f, "/var/lib/dpkg/status: %s %s, %s", d->package[i].name, d->package[i].version,
                    d->package[i].state);
            if (n++ == 0)
                hr_find(f, HR_BAD, "a Linux NVIDIA driver is installed inside WSL: %s %s", d->package[i].name,
                        d->package[i].version);
        }
    if (n != 0) {
        struct hr_buf names = HR_BUF_INIT(2048); /* by name: a pattern such as libnvidia-* takes the container toolkit along */
        for (size_t i = 0; i < d->n; i++)
            if (d->package[i].driver && strcmp(d->package[i].state, "installed") == 0)
                hr_buf_printf(&names, " %s", d->package[i].name);
        hr_fix(f, "sudo apt-get purge%s && sudo ldconfig", names.data);
        hr_fix(f, "# then, in Windows: wsl --shutdown; keep toolkits (cuda-toolkit-12-8), never install 'cuda' or "
                  "'cuda-drivers'");
        hr_undo(f, "sudo apt-get install%s", names.data);
        hr_buf_fini(&names);
    } else if (d->absent) {
        hr_find(f, HR_NOT_HERE, "this distribution has no dpkg (see gpu-driver-library)");
    } else if (!d->known) {
        hr_find(f, HR_UNKNOWN, "%s", d->why);
    } else {
        hr_find(f, HR_GOOD, "no Linux NVIDIA driver is installed inside WSL");
    }
}

void hr_check_gpu_library(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_toolkits *t = hr_facts_toolkits(facts);
    bool wsl = hr_on_wsl2(facts) && !hr_in_container(facts), shadowed = false, beside = false;
    for (size_t i = 0; i < t->libcudas; i++) {
        hr_seen(f, "%s (%s)", t->libcuda[i].path, t->libcuda[i].from);
        bool foreign = wsl && !t->libcuda[i].wsl && !t->libcuda[i].stub;
        beside |= foreign;
        shadowed |= foreign && i == 0;
    }
    if (t->libcudas == 0) {
        hr_find(f, HR_NOT_HERE, "no libcuda.so.1 lies in the folders that the loader looks into");
    } else if (shadowed) {
        hr_find(f, HR_BAD, "programs load %s, which is not the driver that Windows gives", t->libcuda[0].path);
        if (t->library_path.known)
            hr_fix(f, "export LD_LIBRARY_PATH=/usr/lib/wsl/lib:$LD_LIBRARY_PATH");
        hr_fix(f, "# and remove the Linux driver from WSL: headrace doctor --explain gpu-linux-driver");
        hr_undo(f, "# open a new shell");
    } else if (beside) {
        hr_find(f, HR_WARN, "there is a second libcuda.so.1 beside the one that Windows gives");
        hr_fix(f, "# remove the Linux driver from WSL: headrace doctor --explain gpu-linux-driver");
    } else {
        hr_find(f, HR_GOOD, "programs load %s", t->libcuda[0].path);
    }
}

void hr_check_gpu_cuda(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_cuda *c = hr_facts_cuda(facts);
    const struct hr_gpus *g = hr_facts_gpus(facts);
    const char *advice = c->state == HR_CUDA_REFUSED ? hr_cuda_advice(c->error) : NULL;
    if (c->state == HR_CUDA_NO_LIBRARY) {
        hr_find(f, HR_NOT_HERE, "no CUDA driver is installed");
        return;
    }
    if (c->library.known)
        hr_seen(f, "library: %s", c->library.v);
    if (c->state == HR_CUDA_UNREADABLE) {
        hr_find(f, HR_UNKNOWN, "%s", c->say);
    } else if (c->state != HR_CUDA_READ) {
        hr_find(f, HR_BAD, "%s", c->say);
        if (advice != NULL)
            hr_fix(f, "# %s", advice);
    } else if (!c->devices.known) {
        hr_find(f, HR_UNKNOWN, "%s", c->devices.why);
    } else if (c->devices.v == 0 || (g->state == HR_GPUS_READ && c->devices.v < g->n)) {
        hr_find(f, HR_WARN, "the CUDA driver starts and sees %" PRIu64 " of %zu GPUs", c->devices.v, g->n);
        hr_fix(f, "# look at CUDA_VISIBLE_DEVICES: headrace doctor --only gpu-visible");
    } else {
        hr_find(f, HR_GOOD, "the CUDA driver starts and sees %" PRIu64 " GPU%s", c->devices.v,
                c->devices.v == 1 ? "" : "s");
    }
}
