/* Ctrl-C, taken as a wish: the first SIGINT or SIGTERM sets a flag that long work looks at, so that it can stop at a safe
 * place; the second one kills the process as it always did.  For the program only: a library never takes signals. */
#ifndef HR_INTERRUPT_H
#define HR_INTERRUPT_H

#include "attr.h"

void hr_interrupt_install(void);
/* The signal that came (SIGINT, SIGTERM), or 0.  Any thread, any time. */
int hr_interrupted(void);
/* Sleeps until then (of hr_now), or until one comes: what hr_interrupted tells. */
int hr_interrupted_until(uint64_t when);
/* Dies of the signal that came, so that the parent (a shell's loop) sees why.  Returns when none came. */
void hr_interrupt_die(void);

#endif
