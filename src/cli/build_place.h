/* Where builds and trainings keep what outlives them: logs, the history of peaks, the past builds. */
#ifndef HR_BUILD_PLACE_H
#define HR_BUILD_PLACE_H

#include "buf.h"
#include "err.h"
#include "root.h"

/* ${XDG_STATE_HOME:-$HOME/.local/state}/headrace/NAME, or the same of the cache. */
int hr_build_place(const struct hr_root *root, const char *variable, const char *below_home, const char *name, struct hr_buf *ret,
                   struct hr_error *err) HR_MUST_USE;
/* A new folder for a log, "build" or "run", named after this moment (UTC); *ret is its path.  The oldest ones go. */
int hr_new_log(const struct hr_root *root, const char *of, struct hr_buf *ret, struct hr_error *err) HR_MUST_USE;
/* The same for a build. */
int hr_build_new_log(const struct hr_root *root, struct hr_buf *ret, struct hr_error *err) HR_MUST_USE;

#endif
