/* Transforms: what feed.h's list of struct hr_transform does to the values of a sample, compiled once into a program per
 * field and run while the sample's rows are in the cache.
 *
 * A *line* is what lies along a field's last dimension: `width` elements of it (9 of [-1, 9]; 1 for scalars and where the
 * last dimension is ragged).  An *element index* counts the elements of one delivered sample in C order, before any column
 * was appended and after rows were dropped: line * width + column.
 *
 * What is computed (tests/ref/transforms.py is the same in NumPy, equal bit for bit for float64, and for float32 within
 * one unit in the last place, which fusing affine steps may cost):
 *   - every step in double, in the order of the list; the result is rounded to the field's type once, at the end
 *   - affine    float64: (v - a) / d;  float32: (v - a) * (1 / d), consecutive ones of a column joined into one
 *               d = b - a for MINMAX, b for ZSCORE; from statistics, a column that is constant (min = max, or b = 0) has
 *               d = 1 and so becomes 0
 *   - CLAMP     v < a ? a : v > b ? b : v: a NaN stays one
 *   - SINCOS    t = v / a - floor(v / a + 1/2), then exact.h's sine and cosine of t turns
 *   - NOISE     v + a * normal(key, e);  JITTER  v + (a + (b - a) * unit(key, e));  SHIFT  the same with e = 0
 *   - MASK      v = b where unit(key, e) < a
 * with key = hr_rng_key(seed, epoch, sample, index in the list), e the element index, unit = hr_rng_unit, and normal =
 * exact.h's inverse of the normal distribution at ((hr_rng_u64 >> 12) + 1/2) / 2^52.  Only additions, multiplications,
 * divisions and square roots of IEEE double are used, never contracted: the same numbers on every machine.
 *
 * Thread-safety: a compiled program is immutable. */
#ifndef HR_TRANSFORM_H
#define HR_TRANSFORM_H

#include "err.h"
#include "headrace/feed.h"
#include "schema.h"

enum { HR_TRANSFORMS_MAX = 64 };

/* Statistics of one feature (element of the last dimension), as in statistics.json; NaN where unknown. */
struct hr_norm {
    double min, max, mean, std;
};
struct hr_field_norm {
    const struct hr_norm *feature; /* [n] */
    uint32_t n;                    /* the field's width, or 0: no statistics for it */
};

struct hr_transforms;

/* `stats`: one per schema field, or NULL when the dataset has none.  Nothing of the arguments is kept.  HR_E_INVALID names
 * the transform by its place in the list when it fits no field, column, type or range. */
int hr_transforms_compile(const struct hr_transform *list, int n, const struct hr_schema *schema,
                          const struct hr_field_norm *stats, struct hr_transforms **ret, struct hr_error *err) HR_MUST_USE;
void hr_transforms_free(struct hr_transforms *t); /* accepts NULL */

/* All accept NULL: nothing to do. */
bool hr_transforms_touch(const struct hr_transforms *t, int field); /* hr_transforms_apply has something to do */
int hr_transforms_extra(const struct hr_transforms *t, int field);  /* columns appended to the last dimension */
bool hr_transforms_drop_nodes(const struct hr_transforms *t);       /* drop.h must be asked before sizes are known */
bool hr_transforms_drop_edges(const struct hr_transforms *t);       /* true as well when nodes are dropped */
bool hr_transforms_random(const struct hr_transforms *t);           /* the batch depends on (seed, epoch, sample) */

/* Names the stream of a sample's random numbers. */
struct hr_draw {
    uint64_t seed, epoch, sample;
};

/* Transforms `lines` lines of one sample from `src` (lines src_line elements apart, src_line >= width) to `dst` (lines
 * width + extra apart, appended columns filled in).  Elements are of the field's dtype.  dst == src is allowed when src_line ==
 * width + extra; otherwise they may not overlap. */
void hr_transforms_apply(const struct hr_transforms *t, int field, const struct hr_draw *draw, const void *src, uint64_t src_line,
                         void *dst, uint64_t lines);

#endif
