/* Decimal text to binary numbers, exactly rounded, at memory speed.
 *
 * m * 10^e with 64 bits of m becomes the nearest double by one or two 64x64 multiplications with a 128-bit power of five:
 * D. Lemire, "Number parsing at a gigabyte per second", Software: Practice and Experience 51 (2021); that the product
 * always decides is proven in N. Mushtak, D. Lemire, "Fast number parsing without fallback", ibid. 53 (2023).  The table
 * of powers is computed on the first use with whole-number arithmetic (10 KiB, well under a millisecond).
 *
 * The functions are inline: they are the inner loop of packing JSON. */
#ifndef HR_DECIMAL_H
#define HR_DECIMAL_H

#include "attr.h"

#include <math.h>
#include <string.h>

/* Bytes that must be readable from the end of the text on, the first of them 0: eight digits are looked at at once. */
enum { HR_DECIMAL_PAD = 16 };

enum { HR_POW5_MIN = -342, HR_POW5_MAX = 308 };
extern uint64_t hr_pow5[HR_POW5_MAX - HR_POW5_MIN + 1][2]; /* the 128 leading bits of 5^q, high word first */

/* Must have run once before anything below; any number of threads may call it. */
void hr_decimal_init(void);

struct hr_decimal {
    uint64_t m; /* the first 19 significant digits */
    int64_t e;  /* the value is m * 10^e, or a little more when `cut` */
    bool minus;
    bool cut;   /* digits were left out of m, not all of them zeros for sure */
    bool whole; /* neither a fraction nor an exponent was written */
};

/* The slow ways of the functions below, for what hardly ever occurs. */
const char *hr_decimal_scan_long(const char *digits, struct hr_decimal *ret);
double hr_decimal_f64_exact(const char *text);

static inline uint64_t hr_load8(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

/* The number whose eight digits, most significant first, are the bytes of d from the lowest on. */
static inline uint64_t hr_value8(uint64_t d)
{
    d = (d * 10 + (d >> 8)) & 0x00FF00FF00FF00FFu;
    d = (d * 100 + (d >> 16)) & 0x0000FFFF0000FFFFu;
    return (d * 10000 + (d >> 32)) & 0xFFFFFFFFu;
}

/* All digits from p on, appended to *m (which wraps round after 19 of them). */
static inline const char *hr_decimal_digits(const char *p, uint64_t *m)
{
    static const uint32_t ten[8] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000 };
    const uint64_t ones = 0x0101010101010101u;
    for (;;) {
        uint64_t v = hr_load8(p), d = v - ones * '0';
        /* A byte that is no digit has its top bit set in one of the two.  A carry or borrow can only come from such a byte, and
         * only the first of them is asked for. */
        uint64_t odd = ((v + ones * (0x7F - '9')) | d) & ones * 0x80;
        if (odd != 0) { /* no further branch on their number: it is what no CPU foresees */
            unsigned bit = (unsigned)__builtin_ctzll(odd), k = bit >> 3;
            *m = *m * ten[k] + hr_value8(d << (70 - bit) << 1); /* zeros in front; what follows the digits falls out */
            return p + k;
        }
        *m = *m * 100000000 + hr_value8(d);
        p += 8;
    }
}

/* Reads a JSON number (minus, digits without a leading zero, fraction, exponent) at p; returns the byte after it, or NULL
 * when there is none. */
static inline const char *hr_decimal_scan(const char *p, struct hr_decimal *ret)
{
    uint64_t m = 0;
    ret->minus = *p == '-';
    p += ret->minus;
    const char *digits = p, *fraction = p;
    p = hr_decimal_digits(p, &m);
    if (HR_UNLIKELY(p == digits || (*digits == '0' && p != digits + 1)))
        return NULL;
    size_t n = *digits == '0' ? 0 : (size_t)(p - digits);
    ret->whole = true;
    ret->e = 0;
    if (*p == '.') {
        fraction = ++p;
        p = hr_decimal_digits(p, &m);
        if (HR_UNLIKELY(p == fraction))
            return NULL;
        ret->e = fraction - p;
        n += (size_t)(p - fraction);
        ret->whole = false;
    }
    ret->m = m;
    ret->cut = false;
    if (HR_UNLIKELY(n > 19 || (*p | 0x20) == 'e'))
        return hr_decimal_scan_long(digits, ret);
    return p;
}

/* m * 10^e, to nearest, ties to even; m is not 0. */
static inline double hr_decimal_round(uint64_t m, int64_t e)
{
    if (e < HR_POW5_MIN)
        return 0;
    if (e > HR_POW5_MAX)
        return HUGE_VAL;
    int lz = __builtin_clzll(m);
    m <<= lz;
    const uint64_t *five = hr_pow5[e - HR_POW5_MIN];
    __uint128_t product = (__uint128_t)m * five[0];
    uint64_t hi = (uint64_t)(product >> 64), lo = (uint64_t)product;
    if (HR_UNLIKELY((hi & 0x1FF) == 0x1FF)) { /* 9 bits below the 55 that are used: the low word may decide */
        uint64_t more = (uint64_t)(((__uint128_t)m * five[1]) >> 64);
        lo += more;
        hi += lo < more;
    }
    int upper = (int)(hi >> 63);
    uint64_t bits = hi >> (upper + 9); /* 53 bits and one to round by */
    int64_t power = ((217706 * e) >> 16) + 63 + upper - lz + 1023; /* 217706 / 2^16 = log2(10) */
    if (HR_UNLIKELY(power <= 0)) { /* subnormal */
        if (power <= -63)
            return 0;
        bits >>= 1 - power;
        bits += bits & 1;
        bits >>= 1;
    } else {
        /* A tie is exact only where 5^e fits 64 bits (0 <= e) or divides (e < 0): then round to even, not up. */
        if (HR_UNLIKELY(lo <= 1 && (bits & 3) == 1) && e >= -4 && e <= 23 && bits << (upper + 9) == hi)
            bits &= ~(uint64_t)1;
        bits += bits & 1;
        bits >>= 1;
        if (bits >> 53 != 0) {
            bits = (uint64_t)1 << 52;
            power++;
        }
        if (power >= 2047)
            return HUGE_VAL;
        bits = (bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)power << 52;
    }
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* The nearest double; infinity when it is too large.  `text` is what was scanned: read again only when digits were cut and
 * the answer depends on them. */
static inline double hr_decimal_f64(const struct hr_decimal *d, const char *text)
{
    static const double sign[2] = { 1.0, -1.0 };
    if (HR_UNLIKELY(d->m == 0))
        return d->minus ? -0.0 : 0.0;
    double v = hr_decimal_round(d->m, d->e);
    if (HR_UNLIKELY(d->cut) && v != hr_decimal_round(d->m + 1, d->e))
        return hr_decimal_f64_exact(text);
    return v * sign[d->minus];
}

/* False when it is no whole number or does not fit. */
static inline bool hr_decimal_i64(const struct hr_decimal *d, int64_t *ret_v)
{
    if (!d->whole || d->cut || d->e != 0 || d->m > (uint64_t)INT64_MAX + d->minus)
        return false;
    *ret_v = d->minus ? (int64_t)(0 - d->m) : (int64_t)d->m;
    return true;
}

#endif
