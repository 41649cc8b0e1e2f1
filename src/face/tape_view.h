/* A recording in the live view: the keys move through it, the tables are those of the moment. */
#ifndef HR_TAPE_VIEW_H
#define HR_TAPE_VIEW_H

#include "err.h"

bool hr_tape_view_able(void);
/* From `from` to `to` (ns since 1970); begins at `at`. */
int hr_tape_view(const char *path, uint64_t from, uint64_t to, uint64_t at, bool no_color, struct hr_error *err) HR_MUST_USE;

#endif
