/* A recording in the live view: the arrow keys move through it, the tables are those of the moment. */
#ifndef HR_TAPE_VIEW_H
#define HR_TAPE_VIEW_H

#include "ring_read.h"

bool hr_tape_view_able(void);
/* From `from` to `to` (ns since 1970); begins at its end. */
int hr_tape_view(struct hr_tape *t, uint64_t from, uint64_t to, bool no_color, struct hr_error *err) HR_MUST_USE;

#endif
