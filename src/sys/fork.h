/* Knowing that the process was forked: a number that is another one in every child.  Objects with threads or locks keep
 * the number of their birth and refuse to work where it differs. */
#ifndef HR_FORK_H
#define HR_FORK_H

#include "attr.h"

/* Costs one load after the first call.  Sees fork(), and everything built on it (os.fork, multiprocessing). */
uint64_t hr_fork_generation(void);

#endif
