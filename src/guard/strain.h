/* How much tasks suffer from want of memory, watched many times a second: pressure stall information where the kernel has it (the
 * machine's, and the group's with cgroup v2), otherwise what /proc/vmstat counts of reclaim; and how fast memory goes out to swap.
 * Files are opened once; nothing is allocated after that. */
#ifndef HR_STRAIN_H
#define HR_STRAIN_H

#include "admit.h"

/* Counters since boot, as they are read. */
struct hr_strain_counts {
    uint64_t some_us, full_us;         /* PSI */
    uint64_t stalls, refaults, swapped; /* vmstat: direct reclaims, pages read again, pages written to swap */
};
struct hr_strain_rates {
    uint64_t at;         /* of the last counts; 0: none */
    struct hr_strain_counts was;
    double some, full;   /* per mille, decaying with HR_STRAIN_WINDOW */
    double swap;         /* bytes per second */
    uint64_t swapping;   /* ns above HR_SWAP_FAST without a break */
};
#define HR_STRAIN_WINDOW UINT64_C(1000000000)
/* One more reading; `psi`: some_us and full_us count, else the substitute does.  Pure. */
void hr_strain_feed(struct hr_strain_rates *r, const struct hr_strain_counts *c, bool psi, uint64_t now);

struct hr_strain {
    int machine, group, vmstat; /* -1: not there */
    bool group_counts;          /* it is read: the group has a limit, or one around it */
    struct hr_strain_rates of_machine, of_group;
    unsigned worst_some, worst_full; /* per mille, so far */
    uint64_t swapped_first;          /* pages */
};
/* `group_dir`: the folder of the cgroup v2 whose memory.pressure counts too, or NULL; `swap`: there is any. */
void hr_strain_open(const char *at, const char *group_dir, bool swap, struct hr_strain *ret);
void hr_strain_close(struct hr_strain *s);
/* Reads anew and fills some, full and swapping of `ret`. */
void hr_strain_now(struct hr_strain *s, uint64_t now, struct hr_space *ret);
/* "pressure stall information", "counts of reclaim (this kernel has no pressure stall information)", ... */
const char *hr_strain_source(const struct hr_strain *s);
/* Bytes that went out to swap since it was opened. */
uint64_t hr_strain_swapped(const struct hr_strain *s);

#endif
