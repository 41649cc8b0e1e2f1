/* What kind of machine this is: WSL 1 or 2, another virtual machine, or the hardware itself; and what WSL lets us do here. */
#ifndef HR_VM_H
#define HR_VM_H

#include "known.h"
#include "root.h"
#include "version.h"

enum hr_vm_kind {
    HR_VM_UNKNOWN,
    HR_VM_NONE, /* bare metal, as far as can be seen */
    HR_VM_WSL1,
    HR_VM_WSL2,
    HR_VM_HYPERV, /* Hyper-V or Azure, not WSL */
    HR_VM_KVM,    /* QEMU/KVM, also Google's, Amazon's and other clouds */
    HR_VM_VMWARE,
    HR_VM_VIRTUALBOX,
    HR_VM_XEN,
    HR_VM_PARALLELS,
    HR_VM_OTHER, /* the processor says "hypervisor", nothing says which */
};

struct hr_vm {
    enum hr_vm_kind kind;
    char why[HR_WHY_MAX];           /* what told it: "/proc/sys/kernel/osrelease has microsoft" */
    struct hr_word release;         /* uname -r */
    struct hr_version kernel;       /* its numbers */
    struct hr_word cmdline;         /* the first 150 bytes of /proc/cmdline */
    struct hr_word os;              /* "Ubuntu 24.04.1 LTS" */
    struct hr_word vendor, product; /* DMI */
    struct hr_truth systemd;        /* it is process 1 */
    struct hr_figure uptime;        /* ns */
    struct hr_word clocksource;
    /* WSL only; otherwise unknown ("this is not WSL") */
    struct hr_truth distribution; /* a WSL distribution itself; false: a container inside the WSL2 virtual machine */
    struct hr_word distro;        /* "Ubuntu-24.04": WSL_DISTRO_NAME */
    struct hr_truth interop;      /* Windows programs are registered with the kernel and enabled */
    struct hr_word binfmt;        /* the first line of that entry: "enabled" */
    struct hr_truth session;      /* WSL_INTEROP is set: started from Windows, not by systemd, cron or ssh */
    struct hr_truth wslg, dxg, ptp;
    /* the kernel's command line */
    struct hr_truth root_init, psi, timesync, zswap; /* zswap: asked for */
    struct hr_figure nr_cpus;
};

/* `hypervisor`: cpuinfo's flag (cpu.h). */
void hr_vm_read(const struct hr_root *root, const struct hr_truth *hypervisor, struct hr_vm *ret);
const char *hr_vm_name(enum hr_vm_kind k); /* "WSL 2" */
static inline bool hr_vm_is_wsl(const struct hr_vm *v)
{
    return v->kind == HR_VM_WSL1 || v->kind == HR_VM_WSL2;
}
/* A word of the kernel's command line: "psi=1" gives "1"; a word without "=" gives the empty view. */
bool hr_vm_boot_option(struct hr_str cmdline, const char *key, struct hr_str *ret_value);

#endif
