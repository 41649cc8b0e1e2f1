/* The environment of the process, read-only. */
#ifndef HR_ENV_H
#define HR_ENV_H

#include "err.h"
#include "mem.h"
#include "str.h"

/* The value, or NULL.  Points into the environment: valid until somebody calls setenv. */
const char *hr_env(const char *name);
/* The i-th variable as "NAME=VALUE", from 0; NULL behind the last. */
const char *hr_env_at(size_t i);
/* 1 and *ret_v when the variable holds a whole number; 0 when it is unset or empty; negative when it is neither. */
int hr_env_i64(const char *name, int64_t *ret_v, struct hr_error *err) HR_MUST_USE;
/* A copy of an environment (pointers that end with NULL) in which `lines` ("NAME=VALUE", ends with NULL) stand instead of what had
 * their names.  The lines are copied, the rest is pointed to; one block, for hr_free.  NULL: out of memory. */
const char **hr_env_with(const char *const *now, const char *const *lines) HR_MUST_USE HR_ALLOCATES(hr_free);

#endif
