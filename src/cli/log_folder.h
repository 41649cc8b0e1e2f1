/* Where commands keep what they noted, and what they remember. */
#ifndef HR_LOG_FOLDER_H
#define HR_LOG_FOLDER_H

#include "root.h"

/* ${XDG_STATE_HOME:-$HOME/.local/state}/headrace/<name> */
int hr_state_place(const struct hr_root *root, const char *name, struct hr_buf *ret, struct hr_error *err) HR_MUST_USE;
/* A new folder below it, named after this moment (UTC); of older ones the last 32 are kept. */
int hr_log_new(const struct hr_root *root, const char *name, struct hr_buf *ret, struct hr_error *err) HR_MUST_USE;

#endif
