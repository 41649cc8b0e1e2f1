/* Bytes that nobody can guess, for secrets; everything else draws from base/rng.h. */
#ifndef HR_RANDOM_H
#define HR_RANDOM_H

#include "err.h"

/* Fills out[0..n) with a terminated text of letters and digits; at least 128 bits when n is 23 or more. */
int hr_random_text(char *out, size_t n, struct hr_error *err) HR_MUST_USE;

#endif
