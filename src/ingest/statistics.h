/* Measuring the statistics of a dataset in one pass over its chunks (src/store/stats.h has the result).
 *
 * Everything that is summed is an integer, so the result is exact up to one last rounding and does not depend on the
 * number of threads, on the size of the chunks or on the order in which partial results are merged.
 *
 * How: a finite value is sorted by its top bits (sign, exponent, 6 bits of the mantissa: 64 classes per power of two)
 * and the class counts it, and adds the rest of its mantissa and its square as integers.  From these follow the exact
 * sum, the exact sum of squares about the mean class by class (so nothing cancels), and every quantile within half a
 * class, 1/128 of the value.
 *
 * A struct hr_measure belongs to one thread at a time: give each thread its own and merge them at the end. */
#ifndef HR_STATISTICS_H
#define HR_STATISTICS_H

#include "schema.h"
#include "stats.h"

struct hr_measure;

/* `schema` must live as long as the measure; columns are taken to hold its `stored` types, int8-quantised ones are
 * measured as the values that they stand for. */
int hr_measure_create(const struct hr_schema *schema, struct hr_measure **ret, struct hr_error *err) HR_MUST_USE;
void hr_measure_destroy(struct hr_measure *m); /* accepts NULL */
/* All samples of the chunk.  After a failure (HR_E_NOMEM; HR_E_LIMIT past 2^36 values of one class) the measure can only
 * be destroyed. */
int hr_measure_add(struct hr_measure *m, const struct hr_chunk *c, struct hr_error *err) HR_MUST_USE;
/* Adds what `from` has seen, of an equal schema; `from` is unchanged in meaning. */
int hr_measure_merge(struct hr_measure *m, struct hr_measure *from, struct hr_error *err) HR_MUST_USE;
/* The result so far (hr_stats_fini frees it); the measure may go on. */
int hr_measure_finish(struct hr_measure *m, struct hr_stats *ret, struct hr_error *err) HR_MUST_USE;

#endif
