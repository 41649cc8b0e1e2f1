/* Narrower element types in the file: chosen from the statistics, and values turned into them.
 *
 *   narrow   an integer field gets the narrowest type that holds every value it has: lossless
 *   float16  every float field but labels and scalars is stored as float16, rounded to nearest even; a field with a finite value beyond
 *            65504 keeps its type
 *   int8     every float field but labels and scalars is stored as int8 with a scale and an offset per feature:
 *                stored = round((value - offset) / scale), scale = (max - min) / 255, offset = min + 128 * scale
 *            so the error is at most scale / 2; a field with NaN or infinities keeps its type, as does one with more features
 *            than statistics keep apart */
#ifndef HR_RECAST_H
#define HR_RECAST_H

#include "schema.h"
#include "stats.h"

/* Sets `stored`, `scale` and `offset` of the fields of `s` (which own them afterwards).  `quantize` is NULL, "float16" or
 * "int8".  `keep` is told of every field that cannot be quantised, and why. */
int hr_recast_plan(struct hr_schema *s, const struct hr_stats *stats, bool narrow, const char *quantize,
                   void (*keep)(void *arg, const char *field, const char *why), void *arg, struct hr_error *err) HR_MUST_USE;

/* What quantising has done to a field so far. */
struct hr_recast_error {
    double max, sum2; /* largest difference, sum of squared ones */
    uint64_t n;
};

/* n elements at `from` of type f->dtype into `to` of type f->stored; n is a multiple of the last dimension where there is a
 * scale per feature.  `e` is added to when values may change. */
void hr_recast(const struct hr_field *f, const void *from, uint64_t n, void *to, struct hr_recast_error *e);

#endif
