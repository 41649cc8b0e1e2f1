/* Where the recorder's file is, and which moment of it a user means. */
#ifndef HR_TAPE_PLACE_H
#define HR_TAPE_PLACE_H

#include "ring_read.h"
#include "root.h"

/* `given`, or ${XDG_STATE_HOME:-$HOME/.local/state}/headrace/record.ring */
int hr_tape_place(const struct hr_root *root, const char *given, struct hr_buf *ret, struct hr_error *err) HR_MUST_USE;
/* The recording at `path`, which is where hr_tape_place put it; where nobody has named it and there is none, it is said how one is made. */
int hr_tape_open_at(const char *path, const char *given, struct hr_tape *ret, struct hr_error *err) HR_MUST_USE;
/* "10m" (before `end`), "now" or "end", "14:05:30" (the last such moment before the end), "2026-11-27 14:05" (local time), "@1790000000"
 * (seconds since 1970). */
int hr_tape_time(const char *text, uint64_t end, uint64_t *ret, struct hr_error *err) HR_MUST_USE;
/* "2026-11-27 14:05:30", local time. */
const char *hr_tape_clock(uint64_t wall, char out[32]);
/* The last words of what is wrong with it: one sentence appended, or nothing. */
void hr_tape_lost(const struct hr_tape *t, struct hr_buf *out);

#endif
