/* Words filled into lines, measured in terminal columns. */
#ifndef HR_WRAP_H
#define HR_WRAP_H

#include "buf.h"

/* Appends the words of `text` so that no line passes `width` columns.  The cursor stands at `column` when it begins; lines
 * after the first begin with `indent` blanks.  A word longer than a line stays whole.  Returns the column it ends in; no
 * line end is appended. */
size_t hr_wrap(struct hr_buf *out, struct hr_str text, size_t column, size_t indent, size_t width);

#endif
