#include "convert.h"

#include "half.h"

#include <math.h>
#include <string.h>

/* A value between two types: every integer type fits `i` or `u`, every float type fits `f`. */
struct number {
    enum { SIGNED, UNSIGNED, FLOATING } kind;
    union {
        int64_t i;
        uint64_t u;
        double f;
    };
};

#define LOAD(type)             \
    ({                         \
        type _v;               \
        memcpy(&_v, p, sizeof _v); \
        _v;                    \
    })

static struct number load(enum hr_dtype t, const uint8_t *p)
{
    switch (t) {
    case HR_I8:
        return (struct number){ SIGNED, { .i = LOAD(int8_t) } };
    case HR_I16:
        return (struct number){ SIGNED, { .i = LOAD(int16_t) } };
    case HR_I32:
        return (struct number){ SIGNED, { .i = LOAD(int32_t) } };
    case HR_I64:
        return (struct number){ SIGNED, { .i = LOAD(int64_t) } };
    case HR_U16:
        return (struct number){ UNSIGNED, { .u = LOAD(uint16_t) } };
    case HR_U32:
        return (struct number){ UNSIGNED, { .u = LOAD(uint32_t) } };
    case HR_U64:
        return (struct number){ UNSIGNED, { .u = LOAD(uint64_t) } };
    case HR_F16:
        return (struct number){ FLOATING, { .f = (double)hr_half_to_float(LOAD(uint16_t)) } };
    case HR_F32:
        return (struct number){ FLOATING, { .f = (double)LOAD(float) } };
    case HR_F64:
        return (struct number){ FLOATING, { .f = LOAD(double) } };
    default: /* BOOL, U8 */
        return (struct number){ UNSIGNED, { .u = *p } };
    }
}

/* The value as a signed or unsigned whole number between the bounds. */
static bool whole(struct number v, int64_t min, uint64_t max, uint64_t *ret)
{
    if (v.kind == FLOATING) {
        if (!(v.f >= -0x1p63 && v.f < 0x1p64) || v.f != floor(v.f))
            return false;
        v = v.f < 0 ? (struct number){ SIGNED, { .i = (int64_t)v.f } } : (struct number){ UNSIGNED, { .u = (uint64_t)v.f } };
    }
    bool minus = v.kind == SIGNED && v.i < 0;
    if (minus ? v.i < min : v.u > max)
        return false;
    *ret = v.u;
    return true;
}

static double floating(struct number v)
{
    return v.kind == FLOATING ? v.f : v.kind == SIGNED ? (double)v.i : (double)v.u;
}

#define STORE_WHOLE(type, min, max)                 \
    do {                                            \
        uint64_t w;                                 \
        if (!whole(v, (min), (max), &w))            \
            return false;                           \
        type t_ = (type)w;                          \
        memcpy(p, &t_, sizeof t_);                  \
        return true;                                \
    } while (0)

/* Rounds twice (double, float, half); the second rounding can only differ from one for doubles within 2^-29 of a tie. */
static bool store_half(double f, uint8_t *p)
{
    uint16_t h = hr_float_to_half((float)f);
    memcpy(p, &h, sizeof h);
    return isfinite(f) ? (h & 0x7c00u) != 0x7c00u : true;
}

static bool store(enum hr_dtype t, struct number v, uint8_t *p)
{
    switch (t) {
    case HR_BOOL:
        STORE_WHOLE(uint8_t, 0, 1);
    case HR_I8:
        STORE_WHOLE(int8_t, INT8_MIN, INT8_MAX);
    case HR_U8:
        STORE_WHOLE(uint8_t, 0, UINT8_MAX);
    case HR_I16:
        STORE_WHOLE(int16_t, INT16_MIN, INT16_MAX);
    case HR_U16:
        STORE_WHOLE(uint16_t, 0, UINT16_MAX);
    case HR_I32:
        STORE_WHOLE(int32_t, INT32_MIN, INT32_MAX);
    case HR_U32:
        STORE_WHOLE(uint32_t, 0, UINT32_MAX);
    case HR_I64:
        STORE_WHOLE(int64_t, INT64_MIN, INT64_MAX);
    case HR_U64:
        STORE_WHOLE(uint64_t, 0, UINT64_MAX);
    case HR_F16:
        return store_half(floating(v), p);
    case HR_F32: {
        float f = (float)floating(v);
        memcpy(p, &f, sizeof f);
        return isfinite(f) || !isfinite(floating(v));
    }
    default: { /* F64 */
        double f = floating(v);
        memcpy(p, &f, sizeof f);
        return true;
    }
    }
}

/* The pair that files of doubles packed as float32 go through: worth a loop of its own. */
static int64_t doubles_to_floats(uint8_t *dst, const uint8_t *src, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        double v;
        memcpy(&v, src + i * sizeof v, sizeof v);
        float f = (float)v;
        if (HR_UNLIKELY(isinf(f) && !isinf(v)))
            return (int64_t)i;
        memcpy(dst + i * sizeof f, &f, sizeof f);
    }
    return (int64_t)n;
}

int64_t hr_convert(enum hr_dtype to, void *dst, enum hr_dtype from, const void *src, uint64_t n)
{
    size_t a = hr_dtype_size(to), b = hr_dtype_size(from);
    if (a == 0 || b == 0)
        return -1;
    if (to == from && to != HR_BOOL) {
        if (n != 0)
            memcpy(dst, src, n * a);
        return (int64_t)n;
    }
    if (to == HR_F32 && from == HR_F64)
        return doubles_to_floats(dst, src, n);
    uint8_t *d = dst;
    const uint8_t *s = src;
    for (uint64_t i = 0; i < n; i++) {
        if (!store(to, load(from, s + i * b), d + i * a))
            return (int64_t)i;
    }
    return (int64_t)n;
}

void hr_swap_bytes(void *p, size_t size, uint64_t n)
{
    uint8_t *at = p;
    for (uint64_t i = 0; size > 1 && i < n; i++, at += size) {
        for (size_t k = 0; k < size / 2; k++) {
            uint8_t t = at[k];
            at[k] = at[size - 1 - k];
            at[size - 1 - k] = t;
        }
    }
}
