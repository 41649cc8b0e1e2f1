/* The measure of one feature: exact moments and quantiles of a stream of numbers (src/ingest/statistics.h has the idea). */
#ifndef HR_MOMENTS_H
#define HR_MOMENTS_H

#include "err.h"
#include "stats.h"

/* I1  A class is (sign, exponent, top 6 bits of the mantissa); a page is the 64 classes of one (sign, exponent).
 * I2  Pages are created when a value first falls into them; page_of[p] is the page's index + 1, 0 = not there.
 * I3  A float's class lies in `hot` in two words: values << 40 | sum of low, and sum of low^2, `low` being the 17 bits of
 *     the mantissa that do not name the class.  No word can overflow while a feature sees at most 2^22 values between
 *     two calls of the flush that moves them into `sum`.
 * I4  A double's class lies in `sum` alone: low has 46 bits, low^2 92, so 128-bit sums hold 2^36 values. */
struct hr_moments {
    bool wide; /* classes of doubles, not of floats */
    uint64_t count, nan, inf;
    double min, max;   /* +inf and -inf while count is 0 */
    uint32_t pending;  /* values in `hot` */
    uint32_t pages, cap;
    uint16_t *page_of; /* NULL until the first value */
    struct hr_hot_page *hot;
    struct hr_sum_page *sum; /* floats: NULL until the first flush */
};

void hr_moments_init(struct hr_moments *m, bool wide);
void hr_moments_fini(struct hr_moments *m);
/* v is a float's measure's (wide == false), resp. a double's. */
int hr_moments_f32(struct hr_moments *m, const float *v, size_t n, struct hr_error *err) HR_MUST_USE;
int hr_moments_f64(struct hr_moments *m, const double *v, size_t n, struct hr_error *err) HR_MUST_USE;
int hr_moments_merge(struct hr_moments *m, const struct hr_moments *from, struct hr_error *err) HR_MUST_USE;
/* All but the exact integer bounds. */
void hr_moments_finish(const struct hr_moments *m, struct hr_feature_stats *ret);

#endif
