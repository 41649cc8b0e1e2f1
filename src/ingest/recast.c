#include "recast.h"

#include "half.h"
#include "mem.h"

#include <math.h>
#include <string.h>

#define HALF_MOST 65504.0

/* --- the plan --- */

static bool is_float(enum hr_dtype t)
{
    return t == HR_F32 || t == HR_F64;
}

/* The narrowest type for whole numbers from lo to hi; `t` when none is narrower. */
static enum hr_dtype narrowest(enum hr_dtype t, __int128 lo, __int128 hi)
{
    static const struct {
        enum hr_dtype t;
        int64_t lo, hi;
    } types[] = {
        { HR_U8, 0, UINT8_MAX },   { HR_I8, INT8_MIN, INT8_MAX },    { HR_U16, 0, UINT16_MAX },
        { HR_I16, INT16_MIN, INT16_MAX }, { HR_U32, 0, UINT32_MAX }, { HR_I32, INT32_MIN, INT32_MAX },
    };
    for (size_t i = 0; i < HR_COUNT(types); i++)
        if (lo >= types[i].lo && hi <= types[i].hi && hr_dtype_size(types[i].t) < hr_dtype_size(t))
            return types[i].t;
    return t;
}

static void plan_narrow(struct hr_field *f, const struct hr_field_stats *s)
{
    __int128 lo = 0, hi = 0;
    bool any = false;
    for (int i = 0; i < s->features; i++) {
        const struct hr_feature_stats *v = &s->feature[i];
        if (v->count == 0)
            continue;
        __int128 a = v->exact ? v->int_min : (__int128)v->min, b = v->exact ? v->int_max : (__int128)v->max;
        lo = any ? HR_MIN(lo, a) : a;
        hi = any ? HR_MAX(hi, b) : b;
        any = true;
    }
    f->stored = narrowest(f->dtype, lo, hi);
}

/* NULL, or why the field cannot be quantised. */
static const char *obstacle(const struct hr_field *f, const struct hr_field_stats *s, bool int8)
{
    int64_t last = f->ndim > 0 && f->shape[f->ndim - 1] != HR_RAGGED ? f->shape[f->ndim - 1] : 1;
    if (int8 && s->features != last)
        return "it has more features than statistics keep apart";
    for (int i = 0; i < s->features; i++) {
        const struct hr_feature_stats *v = &s->feature[i];
        if (int8 && v->nan + v->inf != 0)
            return "int8 has no NaN and no infinity";
        if (!int8 && v->count != 0 && HR_MAX(fabs(v->min), fabs(v->max)) > HALF_MOST)
            return "float16 ends at 65504";
        if (int8 && v->count != 0 && !isfinite(v->max - v->min))
            return "its range is beyond a double";
    }
    return NULL;
}

static int plan_int8(struct hr_field *f, const struct hr_field_stats *s, struct hr_error *err)
{
    size_t n = (size_t)s->features;
    double *scale = hr_calloc(n, sizeof *scale), *offset = hr_calloc(n, sizeof *offset);
    if (scale == NULL || offset == NULL) {
        hr_free(scale);
        hr_free(offset);
        return hr_fail_nomem(err, n * sizeof *scale, "the scales of a field");
    }
    for (size_t i = 0; i < n; i++) {
        const struct hr_feature_stats *v = &s->feature[i];
        double lo = v->count != 0 ? v->min : 0, hi = v->count != 0 ? v->max : 0;
        scale[i] = hi > lo ? (hi - lo) / 255 : 1; /* a constant is stored as -128 whatever its scale */
        offset[i] = lo + 128 * scale[i];
    }
    f->scale = scale;
    f->offset = offset;
    f->quant_n = s->features;
    f->stored = HR_I8;
    return 0;
}

int hr_recast_plan(struct hr_schema *s, const struct hr_stats *stats, bool narrow, const char *quantize,
                   void (*keep)(void *arg, const char *field, const char *why), void *arg, struct hr_error *err)
{
    bool int8 = quantize != NULL && strcmp(quantize, "int8") == 0;
    for (int i = 0; i < s->n; i++) {
        struct hr_field *f = &s->field[i];
        const struct hr_field_stats *fs = hr_stats_find(stats, f->name);
        if (fs == NULL || fs->features == 0)
            continue;
        if (narrow && f->dtype >= HR_I8 && f->dtype <= HR_U64)
            plan_narrow(f, fs);
        if (quantize == NULL || !is_float(f->dtype) || f->role == HR_ROLE_LABEL || f->ndim == 0)
            continue;
        const char *why = obstacle(f, fs, int8);
        if (why != NULL) {
            keep(arg, f->name, why);
            continue;
        }
        int e = 0;
        if (int8)
            e = plan_int8(f, fs, err);
        else
            f->stored = HR_F16;
        if (e < 0)
            return e;
    }
    return 0;
}

/* --- the values --- */

#define TO(type)                                          \
    do {                                                  \
        type *t = to;                                     \
        for (uint64_t i = 0; i < n; i++)                  \
            t[i] = (type)v[i];                            \
    } while (0)

#define FROM(type)                                        \
    do {                                                  \
        const type *v = from;                             \
        switch (f->stored) {                              \
        case HR_U8:                                       \
        case HR_I8: TO(uint8_t); break;                   \
        case HR_U16:                                      \
        case HR_I16: TO(uint16_t); break;                 \
        case HR_U32:                                      \
        case HR_I32: TO(uint32_t); break;                 \
        default: break;                                   \
        }                                                 \
    } while (0)

/* The values fit (statistics are exact), so the low bytes of two's complement are the value. */
static void narrow_ints(const struct hr_field *f, const void *from, uint64_t n, void *to)
{
    switch (hr_dtype_size(f->dtype)) {
    case 2: FROM(uint16_t); break;
    case 4: FROM(uint32_t); break;
    case 8: FROM(uint64_t); break;
    default: break;
    }
}

static inline double value_at(const struct hr_field *f, const void *from, uint64_t i)
{
    return f->dtype == HR_F32 ? (double)((const float *)from)[i] : ((const double *)from)[i];
}

static inline void differ(struct hr_recast_error *e, double was, double is)
{
    if (!isfinite(was))
        return;
    double d = fabs(was - is);
    e->max = HR_MAX(e->max, d);
    e->sum2 += d * d;
    e->n++;
}

static void to_half(const struct hr_field *f, const void *from, uint64_t n, uint16_t *to, struct hr_recast_error *e)
{
    for (uint64_t i = 0; i < n; i++) {
        double v = value_at(f, from, i);
        to[i] = hr_float_to_half((float)v);
        differ(e, v, (double)hr_half_to_float(to[i]));
    }
}

static void to_int8(const struct hr_field *f, const void *from, uint64_t n, int8_t *to, struct hr_recast_error *e)
{
    uint64_t k = 0, last = (uint64_t)f->quant_n;
    for (uint64_t i = 0; i < n; i++) {
        double v = value_at(f, from, i), q = nearbyint((v - f->offset[k]) / f->scale[k]);
        to[i] = (int8_t)HR_MIN(HR_MAX(q, -128.0), 127.0);
        differ(e, v, (double)to[i] * f->scale[k] + f->offset[k]);
        k = k + 1 == last ? 0 : k + 1;
    }
}

void hr_recast(const struct hr_field *f, const void *from, uint64_t n, void *to, struct hr_recast_error *e)
{
    if (f->stored == f->dtype)
        memcpy(to, from, n * hr_dtype_size(f->dtype));
    else if (f->stored == HR_F16)
        to_half(f, from, n, to, e);
    else if (is_float(f->dtype))
        to_int8(f, from, n, to, e);
    else
        narrow_ints(f, from, n, to);
}
