#include "json_row.h"

#include "decimal.h"
#include "half.h"

#include <math.h>
#include <string.h>

/* NaN, Infinity, -Infinity; NULL when it is none of them. */
static const char *no_number(const char *p, double *ret)
{
    bool minus = *p == '-';
    if (strncmp(p + minus, "Infinity", 8) == 0) {
        *ret = minus ? -HUGE_VAL : HUGE_VAL;
        return p + minus + 8;
    }
    if (strncmp(p, "NaN", 3) == 0) {
        *ret = (double)NAN;
        return p + 3;
    }
    return NULL;
}

/* Each reader takes one value at p into *to and returns the byte behind it, or NULL with *why saying what is wrong. */

static inline const char *read_f64(const char *p, double *to, enum hr_row_what *why)
{
    struct hr_decimal d;
    const char *end = hr_decimal_scan(p, &d);
    if (HR_UNLIKELY(end == NULL)) {
        *why = HR_ROW_SYNTAX;
        return no_number(p, to);
    }
    double v = hr_decimal_f64(&d, p);
    if (HR_UNLIKELY(isinf(v))) {
        *why = HR_ROW_RANGE;
        return NULL;
    }
    *to = v;
    return end;
}

static inline const char *read_f32(const char *p, float *to, enum hr_row_what *why)
{
    double v;
    const char *end = read_f64(p, &v, why);
    if (HR_UNLIKELY(end == NULL))
        return NULL;
    *to = (float)v;
    if (HR_UNLIKELY(isinf(*to)) && !isinf(v)) {
        *why = HR_ROW_RANGE;
        return NULL;
    }
    return end;
}

/* In one rounding: the float in between is rounded to odd, so no tie is made or broken by it. */
static uint16_t double_to_half(double v)
{
    float f = (float)v;
    if ((double)f != v && !isnan(v)) {
        uint32_t b;
        memcpy(&b, &f, sizeof b);
        b -= fabs((double)f) > fabs(v); /* towards zero */
        b |= 1;
        memcpy(&f, &b, sizeof f);
    }
    return hr_float_to_half(f);
}

static inline const char *read_f16(const char *p, uint16_t *to, enum hr_row_what *why)
{
    double v;
    const char *end = read_f64(p, &v, why);
    if (HR_UNLIKELY(end == NULL))
        return NULL;
    *to = double_to_half(v);
    if (HR_UNLIKELY((*to & 0x7FFF) == 0x7C00) && !isinf(v)) {
        *why = HR_ROW_RANGE;
        return NULL;
    }
    return end;
}

static inline const char *read_i64(const char *p, int64_t *to, enum hr_row_what *why)
{
    struct hr_decimal d;
    double v;
    const char *end = hr_decimal_scan(p, &d);
    if (HR_UNLIKELY(end == NULL)) {
        *why = no_number(p, &v) != NULL ? HR_ROW_FRACTION : HR_ROW_SYNTAX;
        return NULL;
    }
    if (HR_UNLIKELY(!hr_decimal_i64(&d, to))) {
        *why = d.whole ? HR_ROW_RANGE : HR_ROW_FRACTION;
        return NULL;
    }
    return end;
}

static inline const char *read_u64(const char *p, uint64_t *to, enum hr_row_what *why)
{
    struct hr_decimal d;
    const char *end = hr_decimal_scan(p, &d);
    if (HR_LIKELY(end != NULL) && d.whole && !d.cut && d.e == 0 && (!d.minus || d.m == 0)) {
        *to = d.m;
        return end;
    }
    int64_t ignored;
    *why = HR_ROW_RANGE;
    (void)(end == NULL || !d.whole ? read_i64(p, &ignored, why) : NULL);
    return NULL;
}

static inline const char *read_bool(const char *p, uint8_t *to, enum hr_row_what *why)
{
    *to = *p == 't';
    if (strncmp(p, "true", 4) == 0)
        return p + 4;
    if (strncmp(p, "false", 5) == 0)
        return p + 5;
    *why = HR_ROW_SYNTAX;
    return NULL;
}

#define NARROW(name, type, wide, from)                                                 \
    static inline const char *name(const char *p, type *to, enum hr_row_what *why)     \
    {                                                                                  \
        wide v;                                                                        \
        const char *end = from(p, &v, why);                                            \
        if (end == NULL)                                                               \
            return NULL;                                                               \
        *to = (type)v;                                                                 \
        *why = HR_ROW_RANGE;                                                           \
        return (wide)*to == v ? end : NULL;                                            \
    }
NARROW(read_i8, int8_t, int64_t, read_i64)
NARROW(read_i16, int16_t, int64_t, read_i64)
NARROW(read_i32, int32_t, int64_t, read_i64)
NARROW(read_u8, uint8_t, int64_t, read_i64)
NARROW(read_u16, uint16_t, int64_t, read_i64)
NARROW(read_u32, uint32_t, int64_t, read_i64)

/* One loop per type: values, commas and blanks up to the closing bracket. */
#define ROW(name, type, read)                                                          \
    static struct hr_row name(const char *p, void *to, size_t max)                     \
    {                                                                                  \
        struct hr_row r = { .what = HR_ROW_SYNTAX };                                   \
        type *v = to;                                                                  \
        p = hr_json_blanks(p);                                                         \
        if (*p == ']')                                                                 \
            return (struct hr_row){ p + 1, 0, HR_ROW_END };                            \
        for (;;) {                                                                     \
            if (r.n == max)                                                            \
                return (struct hr_row){ p, r.n, HR_ROW_FULL };                         \
            const char *end = read(p, &v[r.n], &r.what);                               \
            r.p = p;                                                                   \
            if (HR_UNLIKELY(end == NULL))                                              \
                return r;                                                              \
            r.n++;                                                                     \
            p = end;                                                                   \
            if (HR_LIKELY(p[0] == ',' && p[1] == ' ' && (unsigned char)p[2] > ' ')) {  \
                p += 2;                                                                \
                continue;                                                              \
            }                                                                          \
            p = hr_json_blanks(p);                                                     \
            if (*p == ']')                                                             \
                return (struct hr_row){ p + 1, r.n, HR_ROW_END };                      \
            if (*p != ',')                                                             \
                return (struct hr_row){ p, r.n, HR_ROW_SYNTAX };                       \
            p = hr_json_blanks(p + 1);                                                 \
        }                                                                              \
    }
ROW(row_bool, uint8_t, read_bool)
ROW(row_i8, int8_t, read_i8)
ROW(row_u8, uint8_t, read_u8)
ROW(row_i16, int16_t, read_i16)
ROW(row_u16, uint16_t, read_u16)
ROW(row_i32, int32_t, read_i32)
ROW(row_u32, uint32_t, read_u32)
ROW(row_i64, int64_t, read_i64)
ROW(row_u64, uint64_t, read_u64)
ROW(row_f16, uint16_t, read_f16)
ROW(row_f32, float, read_f32)
ROW(row_f64, double, read_f64)

static const struct {
    struct hr_row (*row)(const char *p, void *to, size_t max);
} rows[] = {
    [HR_BOOL] = { row_bool }, [HR_I8] = { row_i8 },   [HR_U8] = { row_u8 },   [HR_I16] = { row_i16 },
    [HR_U16] = { row_u16 },   [HR_I32] = { row_i32 }, [HR_U32] = { row_u32 }, [HR_I64] = { row_i64 },
    [HR_U64] = { row_u64 },   [HR_F16] = { row_f16 }, [HR_F32] = { row_f32 }, [HR_F64] = { row_f64 },
};

struct hr_row hr_json_row(const char *p, enum hr_dtype t, void *to, size_t max)
{
    return rows[t].row(p, to, max);
}

struct hr_row hr_json_one(const char *p, enum hr_dtype t, void *to)
{
    struct hr_row r = { .p = p, .what = HR_ROW_SYNTAX };
    const char *end = NULL;
    switch (t) {
    case HR_BOOL: end = read_bool(p, to, &r.what); break;
    case HR_I8: end = read_i8(p, to, &r.what); break;
    case HR_U8: end = read_u8(p, to, &r.what); break;
    case HR_I16: end = read_i16(p, to, &r.what); break;
    case HR_U16: end = read_u16(p, to, &r.what); break;
    case HR_I32: end = read_i32(p, to, &r.what); break;
    case HR_U32: end = read_u32(p, to, &r.what); break;
    case HR_I64: end = read_i64(p, to, &r.what); break;
    case HR_U64: end = read_u64(p, to, &r.what); break;
    case HR_F16: end = read_f16(p, to, &r.what); break;
    case HR_F32: end = read_f32(p, to, &r.what); break;
    case HR_F64: end = read_f64(p, to, &r.what); break;
    default: break;
    }
    return end == NULL ? r : (struct hr_row){ end, 1, HR_ROW_END };
}
