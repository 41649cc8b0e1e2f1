#include "vm.h"

#include "parse.h"
#include "root_value.h"

#include <stdio.h>
#include <string.h>

enum { CMDLINE_MAX = 65536 };

const char *hr_vm_name(enum hr_vm_kind k)
{
    static const char *const name[] = { "unknown", "bare metal", "WSL 1", "WSL 2",     "Hyper-V",          "KVM",
                                        "VMware",  "VirtualBox", "Xen",   "Parallels", "a virtual machine" };
    return name[k];
}

bool hr_vm_boot_option(struct hr_str cmdline, const char *key, struct hr_str *ret_value)
{
    struct hr_str one, name;
    bool found = false;
    while (hr_str_cut(&cmdline, ' ', &one)) {
        one = hr_str_trim(one);
        if (one.n == 0 || !hr_str_cut(&one, '=', &name) || !hr_str_is(name, key))
            continue;
        *ret_value = one.p != NULL ? one : (struct hr_str) { name.p + name.n, 0 };
        found = true; /* the kernel takes the last one */
    }
    return found;
}

static bool contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* Microsoft's own test for WSL1 is the capital M in the release ("4.4.0-19041-Microsoft"); kernels of WSL2 write
 * "microsoft" or "WSL2", and what people build themselves may write neither, but WSL's init is always told WSL_ROOT_INIT. */
static enum hr_vm_kind wsl_kind(const struct hr_vm *v, const char **why)
{
    const char *r = v->release.known ? v->release.v : "";
    if (contains(r, "Microsoft"))
        return *why = "the kernel's release has Microsoft with a capital M", HR_VM_WSL1;
    if (contains(r, "microsoft") || contains(r, "WSL2"))
        return *why = "the kernel's release names it", HR_VM_WSL2;
    if (v->root_init.known && v->root_init.v)
        return *why = "the kernel was started with WSL_ROOT_INIT=1", HR_VM_WSL2;
    return HR_VM_UNKNOWN;
}

static const struct {
    const char *dmi; /* a part of DMI's vendor or product */
    enum hr_vm_kind kind;
} makers[] = {
    { "QEMU", HR_VM_KVM },
    { "KVM", HR_VM_KVM },
    { "Google", HR_VM_KVM },
    { "Amazon EC2", HR_VM_KVM },
    { "OpenStack", HR_VM_KVM },
    { "RHEV", HR_VM_KVM },
    { "Alibaba", HR_VM_KVM },
    { "VMware", HR_VM_VMWARE },
    { "VirtualBox", HR_VM_VIRTUALBOX },
    { "innotek", HR_VM_VIRTUALBOX },
    { "Xen", HR_VM_XEN },
    { "Parallels", HR_VM_PARALLELS },
    { "Bochs", HR_VM_KVM },
    { "Virtual Machine", HR_VM_HYPERV },
};

static void decide(struct hr_vm *v, const struct hr_truth *hypervisor)
{
    const char *why = "";
    v->kind = wsl_kind(v, &why);
    if (v->kind != HR_VM_UNKNOWN) {
        snprintf(v->why, sizeof v->why, "%s", why);
        return;
    }
    for (size_t i = 0; i < HR_COUNT(makers); i++)
        if ((v->vendor.known && contains(v->vendor.v, makers[i].dmi)) ||
            (v->product.known && contains(v->product.v, makers[i].dmi))) {
            /* Amazon's and Alibaba's bare-metal machines carry the same names. */
            if (hypervisor->known && !hypervisor->v)
                continue;
            v->kind = makers[i].kind;
            snprintf(v->why, sizeof v->why, "DMI says %.30s %.40s", v->vendor.v, v->product.v);
            return;
        }
    if (hypervisor->known && hypervisor->v) {
        v->kind = HR_VM_OTHER;
        snprintf(v->why, sizeof v->why, "the processor's flags have hypervisor");
    } else if (hypervisor->known || v->product.known) {
        v->kind = HR_VM_NONE;
        snprintf(v->why, sizeof v->why, "neither DMI nor the processor tells of a hypervisor");
    } else {
        snprintf(v->why, sizeof v->why, "nothing here tells it");
    }
}

static void read_cmdline(const struct hr_root *root, struct hr_vm *v)
{
    struct hr_buf b = HR_BUF_INIT(CMDLINE_MAX);
    char why[HR_WHY_MAX];
    struct hr_str value;
    uint64_t n;
    if (!hr_root_text(root, "proc/cmdline", &b, why)) {
        v->cmdline = hr_word_unknown("%s", why);
        v->root_init = v->psi = v->timesync = v->zswap = hr_truth_unknown("%s", why);
        v->nr_cpus = hr_figure_unknown("%s", why);
        hr_buf_fini(&b);
        return;
    }
    struct hr_str line = hr_str_trim(hr_buf_str(&b));
    v->cmdline = hr_word_clean(line);
    v->root_init = hr_truth_of(hr_vm_boot_option(line, "WSL_ROOT_INIT", &value) && hr_str_is(value, "1"));
    v->psi = hr_truth_of(hr_vm_boot_option(line, "psi", &value) && hr_str_is(value, "1"));
    v->zswap = hr_truth_of(hr_vm_boot_option(line, "zswap.enabled", &value) &&
                           (hr_str_is(value, "1") || hr_str_is(value, "Y") || hr_str_is(value, "y")));
    v->timesync = hr_truth_of(hr_vm_boot_option(line, "hv_utils.timesync_implicit", &value) && hr_str_is(value, "1"));
    v->nr_cpus = hr_vm_boot_option(line, "nr_cpus", &value) && hr_parse_u64(value, &n, NULL) == 0
                     ? hr_figure_of(n)
                     : hr_figure_unknown("the kernel was started without nr_cpus");
    hr_buf_fini(&b);
}

static struct hr_word os_name(const struct hr_root *root)
{
    struct hr_buf b = HR_BUF_INIT(65536);
    struct hr_word w = { false, "", "" };
    struct hr_str name;
    if (hr_root_text(root, "etc/os-release", &b, w.why)) {
        if (hr_text_line(hr_buf_str(&b), '=', "PRETTY_NAME", &name)) {
            if (name.n >= 2 && (name.p[0] == '"' || name.p[0] == '\'') && name.p[name.n - 1] == name.p[0])
                name = (struct hr_str) { name.p + 1, name.n - 2 };
            w = hr_word_clean(name);
        } else {
            w = hr_word_unknown("/etc/os-release has no PRETTY_NAME");
        }
    }
    hr_buf_fini(&b);
    return w;
}

static struct hr_figure uptime(const struct hr_root *root)
{
    struct hr_buf b = HR_BUF_INIT(256);
    struct hr_figure f = { false, 0, "" };
    double s;
    if (hr_root_text(root, "proc/uptime", &b, f.why)) {
        struct hr_str rest = hr_buf_str(&b), first;
        f = hr_str_cut(&rest, ' ', &first) && hr_parse_f64(hr_str_trim(first), &s, NULL) == 0 && s >= 0 && s < 1e10
                ? hr_figure_of((uint64_t)(s * 1e9))
                : hr_figure_unknown("/proc/uptime has another form than expected");
    }
    hr_buf_fini(&b);
    return f;
}

static struct hr_word env(const struct hr_root *root, const char *name)
{
    struct hr_buf b = HR_BUF_INIT(65536);
    struct hr_word w =
        hr_root_env(root, name, &b) ? hr_word_clean(hr_buf_str(&b)) : hr_word_unknown("%.60s is not set", name);
    hr_buf_fini(&b);
    return w;
}

/* wslpath is a link to /init in every distribution and in no container. */
static struct hr_truth is_distribution(const struct hr_root *root)
{
    static const char *const link[] = { "bin/wslpath", "usr/bin/wslpath", "usr/bin/wslinfo", "bin/wslinfo" };
    struct hr_buf b = HR_BUF_INIT(4096);
    bool yes = false;
    for (size_t i = 0; i < HR_COUNT(link) && !yes; i++) {
        hr_buf_reset(&b);
        yes = hr_root_readlink(root, link[i], &b, NULL) == 0 && hr_str_ends(hr_buf_str(&b), "/init");
    }
    hr_buf_fini(&b);
    return hr_truth_of(yes);
}

static void read_wsl(const struct hr_root *root, struct hr_vm *v)
{
    v->distribution = is_distribution(root);
    v->distro = env(root, "WSL_DISTRO_NAME");
    v->binfmt = hr_root_word(root, "proc/sys/fs/binfmt_misc/WSLInterop");
    if (!v->binfmt.known)
        v->binfmt = hr_root_word(root, "proc/sys/fs/binfmt_misc/WSLInterop-late");
    v->interop = hr_truth_of(v->binfmt.known && strcmp(v->binfmt.v, "enabled") == 0);
    struct hr_word socket = env(root, "WSL_INTEROP");
    v->session = hr_truth_of(socket.known && socket.v[0] != 0);
    v->wslg = hr_truth_of(hr_root_exists(root, "mnt/wslg"));
    v->dxg = hr_truth_of(hr_root_exists(root, "dev/dxg"));
    v->ptp = hr_truth_of(hr_root_exists(root, "dev/ptp0"));
}

void hr_vm_read(const struct hr_root *root, const struct hr_truth *hypervisor, struct hr_vm *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->release = hr_root_word(root, "proc/sys/kernel/osrelease");
    ret->kernel = hr_version_of(hr_str(ret->release.known ? ret->release.v : ""));
    read_cmdline(root, ret);
    ret->vendor = hr_root_word(root, "sys/class/dmi/id/sys_vendor");
    ret->product = hr_root_word(root, "sys/class/dmi/id/product_name");
    decide(ret, hypervisor);
    ret->os = os_name(root);
    struct hr_word one = hr_root_word(root, "proc/1/comm");
    ret->systemd = one.known ? hr_truth_of(strcmp(one.v, "systemd") == 0) : hr_truth_unknown("%s", one.why);
    ret->uptime = uptime(root);
    ret->clocksource = hr_root_word(root, "sys/devices/system/clocksource/clocksource0/current_clocksource");
    if (hr_vm_is_wsl(ret)) {
        read_wsl(root, ret);
        return;
    }
    struct hr_truth no = hr_truth_unknown("this is not WSL");
    ret->distribution = ret->interop = ret->session = ret->wslg = ret->dxg = ret->ptp = no;
    ret->distro = ret->binfmt = hr_word_unknown("this is not WSL");
}
