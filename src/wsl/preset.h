/* What to write into .wslconfig for a kind of work, from the PC's real memory and processors; each value with its reason, and
 * nothing that has no effect: what equals the default is left out. */
#ifndef HR_PRESET_H
#define HR_PRESET_H

#include "lint.h"

enum hr_preset { HR_PRESET_TRAINING, HR_PRESET_INFERENCE, HR_PRESET_DAILY, HR_PRESET_MAX };

enum { HR_PRESET_LINES_MAX = 8 };
struct hr_preset_line {
    const char *section, *name;
    char value[32];
    char why[240];
};
struct hr_suggestion {
    struct hr_preset_line line[HR_PRESET_LINES_MAX];
    size_t n;
};
/* Lines that are often copied and are left out on purpose. */
struct hr_left_out {
    const char *line, *why;
};
extern const struct hr_left_out hr_preset_left_out[]; /* ends with a NULL line */

/* `ram` bytes and `cpus` of the PC.  HR_E_INVALID: less memory than WSL2 is of use on (4 GiB), or no processor. */
int hr_suggest(enum hr_preset preset, uint64_t ram, uint64_t cpus, struct hr_suggestion *ret,
               struct hr_error *err) HR_MUST_USE;
/* The suggestion as a file, with a comment on each value. */
bool hr_suggestion_write(const struct hr_suggestion *s, struct hr_buf *out);

#endif
