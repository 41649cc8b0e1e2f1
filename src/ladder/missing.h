/* The file that a build's tool needs and its folder does not have: make without a Makefile, pip install . beside a project.  Told only where
 * it is certain: an option that may lead elsewhere (make -C, -f) ends the search. */
#ifndef HR_MISSING_H
#define HR_MISSING_H

#include <stdbool.h>
#include <stddef.h>

enum { HR_MISSING_MAX = 512 };

/* One sentence: what is missing in `cwd`, and what to do.  False: nothing, or nothing certain, and `ret` is empty. */
bool hr_missing(const char *const *argv, const char *cwd, char ret[HR_MISSING_MAX]);

#endif
