/* Two small texts, line by line: what was taken away and what was added, as `diff -u` shows it. */
#ifndef HR_LINE_DIFF_H
#define HR_LINE_DIFF_H

#include "buf.h"

/* Appends the differing lines with `context` equal ones around them, each begun by ' ', '-' or '+', and "@@ line N @@" before each
 * group.  Line ends are left out of the comparison's output, not of the comparison.  Texts of more than 4,000 lines are shown as
 * replaced in their differing middle.  *ret_changed: lines taken away or added.  false: out of memory. */
bool hr_line_diff(struct hr_str a, struct hr_str b, unsigned context, struct hr_buf *out, size_t *ret_changed);

#endif
