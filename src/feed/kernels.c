#include "kernels.h"

#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

/* --- bodies: written once, compiled once per instruction set --- */

#define BODY_INT(T, t)                                                                                     \
    INLINE void body_add_##T(int64_t *restrict d, const t *restrict s, size_t n, int64_t k)                \
    {                                                                                                      \
        for (size_t i = 0; i < n; i++)                                                                     \
            d[i] = (int64_t)s[i] + k;                                                                      \
    }                                                                                                      \
    INLINE void body_pair_##T(int64_t *restrict d, const t *restrict a, const t *restrict b, size_t n, int64_t k) \
    {                                                                                                      \
        for (size_t i = 0; i < n; i++) {                                                                   \
            d[2 * i] = (int64_t)a[i] + k;                                                                  \
            d[2 * i + 1] = (int64_t)b[i] + k;                                                              \
        }                                                                                                  \
    }                                                                                                      \
    INLINE void body_unpair_##T(int64_t *restrict a, int64_t *restrict b, const t *restrict s, size_t n, int64_t k) \
    {                                                                                                      \
        for (size_t i = 0; i < n; i++) {                                                                   \
            a[i] = (int64_t)s[2 * i] + k;                                                                  \
            b[i] = (int64_t)s[2 * i + 1] + k;                                                              \
        }                                                                                                  \
    }

#define INTS(X, ...)            \
    X(I8, int8_t, __VA_ARGS__)  \
    X(U8, uint8_t, __VA_ARGS__) \
    X(I16, int16_t, __VA_ARGS__) \
    X(U16, uint16_t, __VA_ARGS__) \
    X(I32, int32_t, __VA_ARGS__) \
    X(U32, uint32_t, __VA_ARGS__) \
    X(I64, int64_t, __VA_ARGS__) \
    X(U64, uint64_t, __VA_ARGS__)

#define BODY_INT_ROW(T, t, unused) BODY_INT(T, t)
INTS(BODY_INT_ROW, 0)

INLINE void body_fill(int64_t *d, size_t n, int64_t v)
{
    for (size_t i = 0; i < n; i++)
        d[i] = v;
}

/* Whole periods in the outer loop leave the inner one without a remainder to compute. */
#define BODY_DEQUANT(name, t)                                                                                            \
    INLINE void name(t *restrict d, const int8_t *restrict s, size_t n, const double *restrict scale,                    \
                     const double *restrict offset, size_t period)                                                       \
    {                                                                                                                    \
        for (; n >= period; n -= period, d += period, s += period)                                                       \
            for (size_t i = 0; i < period; i++)                                                                          \
                d[i] = (t)((double)s[i] * scale[i] + offset[i]);                                                         \
        for (size_t i = 0; i < n; i++)                                                                                   \
            d[i] = (t)((double)s[i] * scale[i] + offset[i]);                                                             \
    }
BODY_DEQUANT(body_q8_f32, float)
BODY_DEQUANT(body_q8_f64, double)

/* IEEE 754 binary16 to binary32; NaNs keep their payload and become quiet, as the hardware's conversion does. */
INLINE float half_to_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, e = (h >> 10) & 31u, m = h & 0x3FFu, bits;
    if (e == 31) {
        bits = sign | 0x7F800000u | m << 13 | (m != 0 ? 0x400000u : 0);
    } else if (e != 0) {
        bits = sign | (e + 112) << 23 | m << 13;
    } else {
        float f = (float)m * 0x1p-24f; /* subnormal: exact, as m has 10 bits */
        memcpy(&bits, &f, sizeof bits);
        bits |= sign;
    }
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static void f16_f32_base(void *dst, const void *src, size_t n)
{
    float *d = dst;
    const uint16_t *s = src;
    for (size_t i = 0; i < n; i++)
        d[i] = half_to_float(s[i]);
}

#if defined(__x86_64__)
__attribute__((target("avx2,f16c"))) static void f16_f32_f16c(void *dst, const void *src, size_t n)
{
    float *d = dst;
    const uint16_t *s = src;
    for (; n >= 8; n -= 8, d += 8, s += 8)
        _mm256_storeu_ps(d, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)s)));
    for (size_t i = 0; i < n; i++)
        d[i] = half_to_float(s[i]);
}
#endif

/* --- one set of functions and one table per instruction set --- */


#define SET_INT(T, t, suffix, attr)                                                                              \
    attr static void add_##T##_##suffix(int64_t *d, const void *s, size_t n, int64_t k)                          \
    {                                                                                                            \
        body_add_##T(d, s, n, k);                                                                                \
    }                                                                                                            \
    attr static void pair_##T##_##suffix(int64_t *d, const void *a, const void *b, size_t n, int64_t k)          \
    {                                                                                                            \
        body_pair_##T(d, a, b, n, k);                                                                            \
    }                                                                                                            \
    attr static void unpair_##T##_##suffix(int64_t *a, int64_t *b, const void *s, size_t n, int64_t k)           \
    {                                                                                                            \
        body_unpair_##T(a, b, s, n, k);                                                                          \
    }

#define ADD_ROW(T, t, suffix) [HR_##T] = add_##T##_##suffix,
#define PAIR_ROW(T, t, suffix) [HR_##T] = pair_##T##_##suffix,
#define UNPAIR_ROW(T, t, suffix) [HR_##T] = unpair_##T##_##suffix,

#define SET(suffix, attr, half)                                                                                          \
    INTS(SET_INT, suffix, attr)                                                                                          \
    attr static void fill_##suffix(int64_t *d, size_t n, int64_t v)                                                      \
    {                                                                                                                    \
        body_fill(d, n, v);                                                                                              \
    }                                                                                                                    \
    attr static void q8_f32_##suffix(void *d, const int8_t *s, size_t n, const double *k, const double *o, size_t p)     \
    {                                                                                                                    \
        body_q8_f32(d, s, n, k, o, p);                                                                                   \
    }                                                                                                                    \
    attr static void q8_f64_##suffix(void *d, const int8_t *s, size_t n, const double *k, const double *o, size_t p)     \
    {                                                                                                                    \
        body_q8_f64(d, s, n, k, o, p);                                                                                   \
    }                                                                                                                    \
    static const struct hr_kernels table_##suffix = { .name = #suffix,                                                   \
                                                      .add = { INTS(ADD_ROW, suffix) },                                  \
                                                      .pair = { INTS(PAIR_ROW, suffix) },                                \
                                                      .unpair = { INTS(UNPAIR_ROW, suffix) },                            \
                                                      .f16_f32 = half,                                                   \
                                                      .q8_f32 = q8_f32_##suffix,                                         \
                                                      .q8_f64 = q8_f64_##suffix,                                         \
                                                      .fill = fill_##suffix };

SET(base, , f16_f32_base)
#if defined(__x86_64__)
/* -ffp-contract=off (cmake/Warnings.cmake) keeps the AVX-512 set from fusing: every set gives the same bits. */
SET(avx2, __attribute__((target("avx2"))), f16_f32_f16c)
#if defined(__clang__) /* knows no preferred width in this attribute, and takes the whole width by itself */
#define WIDE ""
#else
#define WIDE ",prefer-vector-width=512"
#endif
SET(avx512, __attribute__((target("avx2,avx512f,avx512bw,avx512vl,avx512dq" WIDE))), f16_f32_f16c)
#endif

#if defined(__x86_64__)
/* Asked of the CPU itself: clang's __builtin_cpu_supports does not know the name "f16c". */
static bool has_f16c(void)
{
    unsigned a, b, c = 0, d;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}
#endif

const struct hr_kernels *hr_kernels_at(int level)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (level == 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && has_f16c())
        return &table_avx512;
    if (level == 1 && __builtin_cpu_supports("avx2") && has_f16c())
        return &table_avx2;
#endif
    return level == 0 ? &table_base : NULL;
}

const struct hr_kernels *hr_kernels(void)
{
    const struct hr_kernels *k = hr_kernels_at(2);
    if (k == NULL)
        k = hr_kernels_at(1);
    return k != NULL ? k : &table_base;
}

/* --- conversions that are rare enough for the common instruction set --- */

#define WIDEN(S, s, D, d)                                             \
    static void conv_##S##_##D(void *to, const void *from, size_t n)  \
    {                                                                 \
        d *restrict y = to;                                           \
        const s *restrict x = from;                                   \
        for (size_t i = 0; i < n; i++)                                \
            y[i] = (d)x[i];                                           \
    }
#define WIDENINGS(X)                                                                                     \
    X(I8, int8_t, I16, int16_t) X(I8, int8_t, I32, int32_t) X(I8, int8_t, I64, int64_t)                  \
    X(U8, uint8_t, I16, int16_t) X(U8, uint8_t, I32, int32_t) X(U8, uint8_t, I64, int64_t)               \
    X(U8, uint8_t, U16, uint16_t) X(U8, uint8_t, U32, uint32_t) X(U8, uint8_t, U64, uint64_t)            \
    X(I16, int16_t, I32, int32_t) X(I16, int16_t, I64, int64_t)                                          \
    X(U16, uint16_t, I32, int32_t) X(U16, uint16_t, I64, int64_t)                                        \
    X(U16, uint16_t, U32, uint32_t) X(U16, uint16_t, U64, uint64_t)                                      \
    X(I32, int32_t, I64, int64_t) X(U32, uint32_t, I64, int64_t) X(U32, uint32_t, U64, uint64_t)         \
    X(F32, float, F64, double)
WIDENINGS(WIDEN)

static void conv_F16_F32(void *to, const void *from, size_t n)
{
    hr_kernels()->f16_f32(to, from, n);
}

static void conv_F16_F64(void *to, const void *from, size_t n)
{
    double *y = to;
    const uint16_t *x = from;
    for (size_t i = 0; i < n; i++)
        y[i] = (double)half_to_float(x[i]);
}

hr_kernel_convert *hr_kernel_converter(enum hr_dtype stored, enum hr_dtype dtype, bool *ret_ok)
{
#define WIDEN_ROW(S, s, D, d) { HR_##S, HR_##D, conv_##S##_##D },
    static const struct {
        enum hr_dtype from, to;
        hr_kernel_convert *fn;
    } table[] = { WIDENINGS(WIDEN_ROW){ HR_F16, HR_F32, conv_F16_F32 }, { HR_F16, HR_F64, conv_F16_F64 } };
    bool same = stored == dtype || (stored == HR_U8 && dtype == HR_BOOL) || (stored == HR_BOOL && dtype == HR_U8);
    for (size_t i = 0; i < HR_COUNT(table); i++) {
        if (table[i].from == stored && table[i].to == dtype) {
            *ret_ok = true;
            return table[i].fn;
        }
    }
    *ret_ok = same;
    return NULL;
}
