/* The processors: what they are, how many this process may use, what slows them. */
#ifndef HR_CPU_H
#define HR_CPU_H

#include "known.h"
#include "pressure.h"
#include "root.h"

struct hr_cpu {
    struct hr_word model;             /* "13th Gen Intel(R) Core(TM) i9-13900KF" */
    struct hr_word machine;           /* "x86_64" */
    struct hr_figure online, allowed; /* CPUs (hardware threads) of the machine; those this process may run on */
    struct hr_figure cores, sockets;
    struct hr_figure fast, slow; /* CPUs on P-cores and on E-cores; unknown where all are alike, or nothing tells */
    struct hr_word kinds_from;   /* the file that tells P from E: "/sys/devices/cpu_atom/cpus" */
    struct hr_real quota;        /* CPUs, of the cgroups of this process */
    struct hr_real load1, load5, load15;
    struct hr_figure max_hz;    /* the highest frequency of CPU 0 */
    struct hr_word governor;    /* "performance", "powersave", "schedutil" */
    struct hr_word preference;  /* "balance_performance": of intel_pstate and amd_pstate */
    struct hr_word driver;      /* "intel_pstate" */
    struct hr_truth hypervisor; /* the flag in cpuinfo: this is a virtual machine */
    struct hr_pressure pressure;
};

void hr_cpu_read(const struct hr_root *root, struct hr_cpu *ret);
/* "0-7,16" is 9 CPUs; false: it is no such list. */
bool hr_cpu_list_count(struct hr_str list, uint64_t *ret_n);
/* The text of cpuinfo alone: model, cores, sockets, hypervisor, and `online` when nothing better told it. */
void hr_cpu_parse(struct hr_str cpuinfo, struct hr_cpu *ret);

#endif
