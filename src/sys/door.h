/* A socket at which processes of this user knock and wait until they are let in: what preloaded programs (guard/preload.h) do where
 * the kernel grants no gate.  An abstract name: no file is left behind, and when the last holder dies nobody waits any more.
 *
 * Every call passes the fault counter.  Negative results are -errno. */
#ifndef HR_DOOR_H
#define HR_DOOR_H

#include "attr.h"

enum { HR_DOOR_NAME_MAX = 48 };

/* The descriptor, with a name that nobody else has. */
int hr_door_open(char ret_name[HR_DOOR_NAME_MAX]);
/* Whoever knocks next: a descriptor on which it waits, and its pid.  -EAGAIN: nobody; another user's processes are sent on at once. */
int hr_door_next(int fd, int *ret_pid) HR_MUST_USE;
/* Is it still there? */
bool hr_door_waits(int visitor);
/* Lets it in, and closes the descriptor. */
void hr_door_let(int visitor);

#endif
