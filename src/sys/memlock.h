/* The memory of a program that must get on while everybody else waits for memory. */
#ifndef HR_MEMLOCK_H
#define HR_MEMLOCK_H

#include "attr.h"

/* Takes the memory that this program uses from here on for good, best effort; what was granted, in words.
 *
 * Pages of files that it has only read go back first: what the start needed does not stay, what is used again comes again and then
 * stays.  Locked are the program, libc and all that is no file, and not the libraries that the work does not touch: so the usual limit
 * of 8 MiB suffices, which mlockall() would pass. */
const char *hr_memory_lock(void);
/* From here on the heap gives back what is freed: for a program that plans much and then watches for hours. */
void hr_memory_thrifty(void);
/* Bytes of this process that are resident, pages of its files too; 0: /proc/self/statm cannot be read. */
uint64_t hr_self_resident(void);

#endif
