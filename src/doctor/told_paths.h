/* The paths that a user named, as an answer of the root: a tape hears them, and a captured root that is examined without naming any
 * looks at those that were named where it was captured. */
#ifndef HR_TOLD_PATHS_H
#define HR_TOLD_PATHS_H

#include "root.h"

struct hr_told_paths {
    struct hr_buf text; /* the paths, each ended by a 0 */
    const char **path;  /* NULL: none */
    size_t n;
};

/* On this machine `path` is told to the tape and nothing comes back; on a captured root what was told there, when n is 0. */
int hr_told_paths(const struct hr_root *root, const char *const *path, size_t n, struct hr_told_paths *ret,
                  struct hr_error *err) HR_MUST_USE;
void hr_told_paths_fini(struct hr_told_paths *p);

#endif
