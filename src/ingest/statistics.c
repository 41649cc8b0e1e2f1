#include "statistics.h"

#include "half.h"
#include "mem.h"
#include "moments.h"

#include <string.h>

/* Rows that are taken together: at most BLOCK, and about BLOCK_BYTES of the chunk, so that the passes of all features
 * find them in a near cache. */
enum { BLOCK = 2048, BLOCK_BYTES = 64 << 10 };

struct field {
    const struct hr_field *f;
    struct hr_layout layout;
    int features;
    struct hr_moments *feature;
    struct bounds {
        __int128 min, max;
    } *bounds;              /* per feature, of 64-bit integers */
    struct hr_moments rows; /* lengths, of ragged fields */
};

struct hr_measure {
    const struct hr_schema *schema;
    uint64_t samples;
    struct field *field;
    union {
        float f32[BLOCK];
        double f64[BLOCK];
    } block;
};

static int feature_count(const struct hr_field *f)
{
    if (f->stored == HR_STR || f->stored == HR_BYTES)
        return 0;
    int64_t n = f->ndim == 0 ? 1 : f->shape[f->ndim - 1];
    return n >= 1 && n <= HR_STATS_FEATURES_MAX ? (int)n : 1;
}

/* True when float holds every stored value, so that the faster classes will do. */
static bool fits_float(const struct hr_field *f)
{
    if (f->scale != NULL)
        return false;
    switch (f->stored) {
    case HR_BOOL:
    case HR_I8:
    case HR_U8:
    case HR_I16:
    case HR_U16:
    case HR_F16:
    case HR_F32:
        return true;
    default:
        return false;
    }
}

static int field_init(struct field *s, const struct hr_field *f, struct hr_error *err)
{
    s->f = f;
    s->layout = hr_layout_of(f);
    int n = feature_count(f);
    hr_moments_init(&s->rows, true);
    s->feature = hr_calloc((size_t)HR_MAX(n, 1), sizeof *s->feature);
    s->bounds = hr_calloc((size_t)HR_MAX(n, 1), sizeof *s->bounds);
    if (s->feature == NULL || s->bounds == NULL)
        return hr_fail_nomem(err, (size_t)n * (sizeof *s->feature + sizeof *s->bounds), "statistics");
    s->features = n;
    for (int i = 0; i < n; i++) {
        hr_moments_init(&s->feature[i], !fits_float(f));
        s->bounds[i] = (struct bounds){ (__int128)UINT64_MAX + 1, (__int128)INT64_MIN - 1 };
    }
    return 0;
}

int hr_measure_create(const struct hr_schema *schema, struct hr_measure **ret, struct hr_error *err)
{
    struct hr_measure *m = hr_calloc(1, sizeof *m);
    if (m == NULL)
        return hr_fail_nomem(err, sizeof *m, "statistics");
    m->schema = schema;
    m->field = hr_calloc((size_t)HR_MAX(schema->n, 1), sizeof *m->field);
    int r = m->field == NULL ? hr_fail_nomem(err, (size_t)schema->n * sizeof *m->field, "statistics") : 0;
    for (int i = 0; r == 0 && i < schema->n; i++)
        r = field_init(&m->field[i], &schema->field[i], err);
    if (r < 0) {
        hr_measure_destroy(m);
        return r;
    }
    *ret = m;
    return 0;
}

void hr_measure_destroy(struct hr_measure *m)
{
    if (m == NULL)
        return;
    for (int i = 0; m->field != NULL && i < m->schema->n; i++) {
        struct field *s = &m->field[i];
        for (int k = 0; k < s->features; k++)
            hr_moments_fini(&s->feature[k]);
        hr_moments_fini(&s->rows);
        hr_free(s->feature);
        hr_free(s->bounds);
    }
    hr_free(m->field);
    hr_free(m);
}

/* --- gathering one feature's values --- */

/* Every `step`-th element from p[first] on, n of them, as TO. */
#define GATHER(type, expr)                                  \
    do {                                                    \
        const uint8_t *at = p + first * sizeof(type);       \
        for (size_t i = 0; i < n; i++) {                    \
            type v;                                         \
            memcpy(&v, at, sizeof v);                       \
            to[i] = (expr);                                 \
            at += step * sizeof(type);                      \
        }                                                   \
    } while (0)

static void gather_f32(enum hr_dtype t, const uint8_t *p, size_t first, size_t step, size_t n, float *to)
{
    switch (t) {
    case HR_I8:
        GATHER(int8_t, (float)v);
        break;
    case HR_I16:
        GATHER(int16_t, (float)v);
        break;
    case HR_U16:
        GATHER(uint16_t, (float)v);
        break;
    case HR_F16:
        GATHER(uint16_t, hr_half_to_float(v));
        break;
    case HR_F32:
        GATHER(float, v);
        break;
    default: /* BOOL, U8 */
        GATHER(uint8_t, (float)v);
        break;
    }
}

/* 64-bit integers also move the exact bounds. */
static void gather_f64(const struct hr_field *f, const uint8_t *p, size_t first, size_t step, size_t n, double *to,
                       struct bounds *b)
{
    switch (f->stored) {
    case HR_I8: { /* quantised: the pair of the element's column, or the one pair for all */
        size_t pairs = (size_t)HR_MAX(f->quant_n, 1);
        GATHER(int8_t, (double)v * f->scale[(first + i * step) % pairs] + f->offset[(first + i * step) % pairs]);
        break;
    }
    case HR_I32:
        GATHER(int32_t, (double)v);
        break;
    case HR_U32:
        GATHER(uint32_t, (double)v);
        break;
    case HR_I64: {
        int64_t min = INT64_MAX, max = INT64_MIN;
        GATHER(int64_t, (min = HR_MIN(min, v), max = HR_MAX(max, v), (double)v));
        b->min = HR_MIN(b->min, (__int128)min);
        b->max = HR_MAX(b->max, (__int128)max);
        break;
    }
    case HR_U64: {
        uint64_t min = UINT64_MAX, max = 0;
        GATHER(uint64_t, (min = HR_MIN(min, v), max = HR_MAX(max, v), (double)v));
        b->min = HR_MIN(b->min, (__int128)min);
        b->max = HR_MAX(b->max, (__int128)max);
        break;
    }
    default: /* F64 */
        GATHER(double, v);
        break;
    }
}

/* `values` elements from p on, a multiple of the number of features. */
static int add_values(struct hr_measure *m, struct field *s, const uint8_t *p, uint64_t values, struct hr_error *err)
{
    size_t step = (size_t)s->features, rows = (size_t)(values / step);
    size_t block = HR_MIN(HR_MAX(BLOCK_BYTES / (step * s->layout.elem), (size_t)16), (size_t)BLOCK);
    for (size_t row = 0; row < rows; row += block) {
        size_t n = HR_MIN(rows - row, block);
        for (size_t k = 0; k < step; k++) {
            int r;
            if (!s->feature[k].wide) {
                gather_f32(s->f->stored, p, row * step + k, step, n, m->block.f32);
                r = hr_moments_f32(&s->feature[k], m->block.f32, n, err);
            } else {
                gather_f64(s->f, p, row * step + k, step, n, m->block.f64, &s->bounds[k]);
                r = hr_moments_f64(&s->feature[k], m->block.f64, n, err);
            }
            if (r < 0)
                return r;
        }
    }
    return 0;
}

/* The length of each sample's first list (the others of a [k, -1] field are as long). */
static int add_lengths(struct hr_measure *m, struct field *s, const struct hr_chunk *c, const int32_t *offsets,
                       struct hr_error *err)
{
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < c->n; i += BLOCK) {
        uint32_t n = HR_MIN(c->n - i, (uint32_t)BLOCK);
        for (uint32_t j = 0; j < n; j++) {
            const int32_t *o = offsets + (size_t)(i + j) * s->layout.lists;
            m->block.f64[j] = (double)o[1] - (double)o[0];
        }
        r = hr_moments_f64(&s->rows, m->block.f64, n, err);
    }
    return r;
}

int hr_measure_add(struct hr_measure *m, const struct hr_chunk *c, struct hr_error *err)
{
    for (int i = 0; i < m->schema->n; i++) {
        struct field *s = &m->field[i];
        const struct hr_column *col = &c->col[i];
        uint64_t first = 0, rows = c->n;
        int r = 0;
        if (s->layout.ragged >= 0 || s->features == 0) {
            size_t lists = (size_t)c->n * s->layout.lists;
            first = (uint64_t)col->offsets[0];
            rows = (uint64_t)col->offsets[lists] - first;
            r = add_lengths(m, s, c, col->offsets, err);
        }
        uint64_t row = s->layout.row;
        if (r == 0 && s->features != 0 && (first + rows) * row * s->layout.elem > col->bytes)
            r = hr_fail(err, HR_E_CORRUPT, "field '%s' of a chunk has fewer bytes than its rows need", s->f->name);
        if (r == 0 && s->features != 0)
            r = add_values(m, s, col->values + first * row * s->layout.elem, rows * row, err);
        if (r < 0)
            return r;
    }
    m->samples += c->n;
    return 0;
}

int hr_measure_merge(struct hr_measure *m, struct hr_measure *from, struct hr_error *err)
{
    if (!hr_schema_same(m->schema, from->schema))
        return hr_fail(err, HR_E_INVALID, "statistics of different schemas cannot be merged");
    for (int i = 0; i < m->schema->n; i++) {
        struct field *a = &m->field[i], *b = &from->field[i];
        int r = hr_moments_merge(&a->rows, &b->rows, err);
        for (int k = 0; r == 0 && k < a->features; k++) {
            r = hr_moments_merge(&a->feature[k], &b->feature[k], err);
            a->bounds[k].min = HR_MIN(a->bounds[k].min, b->bounds[k].min);
            a->bounds[k].max = HR_MAX(a->bounds[k].max, b->bounds[k].max);
        }
        if (r < 0)
            return r;
    }
    m->samples += from->samples;
    return 0;
}

static int finish_field(const struct field *s, struct hr_field_stats *ret, struct hr_error *err)
{
    memcpy(ret->name, s->f->name, sizeof ret->name);
    ret->dtype = s->f->dtype;
    ret->features = s->features;
    ret->ragged = s->layout.ragged >= 0 || s->features == 0;
    if (ret->ragged)
        hr_moments_finish(&s->rows, &ret->rows);
    ret->feature = hr_calloc((size_t)HR_MAX(s->features, 1), sizeof *ret->feature);
    if (ret->feature == NULL)
        return hr_fail_nomem(err, (size_t)s->features * sizeof *ret->feature, "statistics");
    for (int k = 0; k < s->features; k++) {
        hr_moments_finish(&s->feature[k], &ret->feature[k]);
        if ((s->f->stored == HR_I64 || s->f->stored == HR_U64) && s->feature[k].count != 0) {
            ret->feature[k].exact = true;
            ret->feature[k].int_min = s->bounds[k].min;
            ret->feature[k].int_max = s->bounds[k].max;
        }
    }
    return 0;
}

int hr_measure_finish(struct hr_measure *m, struct hr_stats *ret, struct hr_error *err)
{
    struct hr_stats s = { m->samples, 0, hr_calloc((size_t)HR_MAX(m->schema->n, 1), sizeof *s.field) };
    if (s.field == NULL)
        return hr_fail_nomem(err, (size_t)m->schema->n * sizeof *s.field, "statistics");
    for (int i = 0; i < m->schema->n; i++) {
        s.n = i + 1;
        int r = finish_field(&m->field[i], &s.field[i], err);
        if (r < 0) {
            hr_stats_fini(&s);
            return r;
        }
    }
    *ret = s;
    return 0;
}
