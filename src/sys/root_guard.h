/* Keeps a root handle away from file systems that do not answer.  What another machine serves (9p and drvfs of Windows, NFS, a FUSE
 * program) can block a process for ever, and one that sleeps in the kernel cannot even be ended.  So a child is sent ahead, once per
 * mount, with a deadline; where it does not come back, every question about that mount fails at once with ETIMEDOUT.
 *
 * Local paths cost nothing but the comparison with the mount points.  A symbolic link on a local disk that leads to such a mount is
 * not seen before it is followed. */
#ifndef HR_ROOT_GUARD_H
#define HR_ROOT_GUARD_H

#include "buf.h"
#include "err.h"

struct hr_root_guard;

/* `mounts`: /proc/self/mounts.  `ask` is called in the child with the mount point and returns when that has answered; NULL: statfs. */
int hr_root_guard_open(struct hr_str mounts, uint64_t wait, int (*ask)(void *at, struct hr_buf *out), struct hr_root_guard **ret,
                       struct hr_error *err) HR_MUST_USE;
void hr_root_guard_close(struct hr_root_guard *g); /* accepts NULL */
/* The path (absolute, with or without its leading slash) may be touched. */
bool hr_root_guard_lets(struct hr_root_guard *g, const char *path);

#endif
