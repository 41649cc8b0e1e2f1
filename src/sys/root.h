/* The root handle: everything that describes the machine (/proc, /sys, /etc, /mnt/c) is read relative to a root that can
 * be another machine's captured tree.  The opened handle is immutable and may be used by many threads. */
#ifndef HR_ROOT_H
#define HR_ROOT_H

#include "buf.h"
#include "err.h"
#include "file.h"

struct hr_root;

/* NULL or "/" = this machine. */
int hr_root_open(const char *dir, struct hr_root **ret, struct hr_error *err) HR_MUST_USE;
void hr_root_close(struct hr_root *root); /* accepts NULL */
bool hr_root_is_live(const struct hr_root *root);
/* Appends a small file ("proc/meminfo", without the leading slash) to `b`; its ceiling bounds what is read.  Links that
 * lead out of the root are not followed. */
int hr_root_read(const struct hr_root *root, const char *path, struct hr_buf *b, struct hr_error *err) HR_MUST_USE;
int hr_root_list(const struct hr_root *root, const char *path, struct hr_names *ret, struct hr_error *err) HR_MUST_USE;
bool hr_root_exists(const struct hr_root *root, const char *path);

#endif
