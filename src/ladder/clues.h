/* Does what a build has printed tell that memory ran out?  Compilers say it in many ways and seldom with the word. */
#ifndef HR_CLUES_H
#define HR_CLUES_H

#include "err.h"
#include "str.h"

struct hr_clue {
    const char *means; /* NULL: no clue */
    bool killed;       /* it tells of a kill: by whom and why, it does not */
    char line[160];    /* the line, cut */
};
/* What one line tells, or NULL.  Source that a compiler quotes ("  12 | throw std::bad_alloc();") tells nothing. */
const char *hr_clue_of(struct hr_str line);
/* The first clue of a file.  A file that cannot be read has none. */
void hr_clue_find(const char *path, struct hr_clue *ret);

#endif
