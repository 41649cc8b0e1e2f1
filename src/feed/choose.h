/* Resolving what a caller left open, for loaders and streams alike. */
#ifndef HR_CHOOSE_H
#define HR_CHOOSE_H

#include "cuts.h"
#include "headrace/feed.h"

/* A copy of `o` (NULL = defaults) with what an older caller does not know at its default, checked. */
int hr_choose_options(const struct hr_loader_options *o, struct hr_loader_options *ret, struct hr_error *err) HR_MUST_USE;
/* The budget asked for, or a quarter of the memory that is free. */
int hr_choose_budget(const struct hr_loader_options *o, uint64_t *ret, struct hr_error *err) HR_MUST_USE;
/* auto_batch: 16, 8 or 4 samples by the memory that is free; else what was asked for. */
int hr_choose_batch(const struct hr_loader_options *o, uint64_t *ret, struct hr_error *err) HR_MUST_USE;

#endif
