/* The parameters of normalisation that a dataset carries: from its statistics.json to what transforms are compiled with. */
#ifndef HR_NORMS_H
#define HR_NORMS_H

#include "transform.h"

/* One entry per field of the schema, n = 0 where nothing is known; freed with one hr_free.  `json` NULL: *ret is NULL. */
int hr_norms_read(const char *json, const struct hr_schema *schema, struct hr_field_norm **ret, struct hr_error *err) HR_MUST_USE;

#endif
