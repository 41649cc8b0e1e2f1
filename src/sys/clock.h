/* Time.  All in nanoseconds. */
#ifndef HR_CLOCK_H
#define HR_CLOCK_H

#include "attr.h"

uint64_t hr_now(void);        /* monotonic */
uint64_t hr_wall(void);       /* since 1970, for names and records */
/* The clock by which file systems stamp: behind hr_wall() by up to a tick of the kernel.  What is touched from now on is not older. */
uint64_t hr_wall_files(void);
uint64_t hr_cpu_thread(void); /* CPU time of this thread */
uint64_t hr_cpu_process(void);
void hr_sleep(uint64_t ns);   /* returns early on a signal */

/* The cheap clock of the accounting: ticks of the CPU's constant counter where there is one, else nanoseconds. */
static inline uint64_t hr_ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t v;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
    return v;
#else
    return hr_now();
#endif
}
/* Nanoseconds per tick, measured once (about 2 ms on the first call on x86). */
double hr_tick_ns(void);

#endif
