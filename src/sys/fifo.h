/* A fifo full of single bytes, as a pool of tokens: never waits.  Every call passes the fault counter. */
#ifndef HR_FIFO_H
#define HR_FIFO_H

#include "err.h"

/* Makes it (there must be none) and opens it for reading and writing, so that it never ends.  For this user alone. */
int hr_fifo_open(const char *path, int *ret_fd, struct hr_error *err) HR_MUST_USE;
/* Shall programs that are started inherit the descriptor? */
int hr_fd_inherit(int fd, bool yes);
int hr_fifo_count(int fd, unsigned *ret) HR_MUST_USE; /* bytes in it; negative: -errno */
/* How many were really put in, or taken out. */
unsigned hr_fifo_put(int fd, unsigned n);
unsigned hr_fifo_take(int fd, unsigned n);

#endif
