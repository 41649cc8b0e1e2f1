/* Double-double: a value as the unevaluated sum of two doubles, about 106 bits.  For the few sums whose last digit
 * must not depend on luck; never in a hot loop.  Source: T. J. Dekker (1971), Knuth's two-sum, fma for the product. */
#ifndef HR_DD_H
#define HR_DD_H

#include "attr.h"

#include <math.h>

struct hr_dd {
    double hi, lo; /* |lo| <= ulp(hi) / 2 */
};

static inline struct hr_dd hr_dd_sum2(double a, double b)
{
    double s = a + b, t = s - a;
    return (struct hr_dd){ s, (a - (s - t)) + (b - t) };
}

static inline struct hr_dd hr_dd_add(struct hr_dd a, struct hr_dd b)
{
    struct hr_dd s = hr_dd_sum2(a.hi, b.hi), t = hr_dd_sum2(a.lo, b.lo);
    s = hr_dd_sum2(s.hi, s.lo + t.hi);
    return hr_dd_sum2(s.hi, s.lo + t.lo);
}

static inline struct hr_dd hr_dd_neg(struct hr_dd a)
{
    return (struct hr_dd){ -a.hi, -a.lo };
}

static inline struct hr_dd hr_dd_mul(struct hr_dd a, struct hr_dd b)
{
    double p = a.hi * b.hi, e = fma(a.hi, b.hi, -p);
    e += a.hi * b.lo + a.lo * b.hi;
    return hr_dd_sum2(p, e);
}

/* b must not be 0. */
static inline struct hr_dd hr_dd_div(struct hr_dd a, double b)
{
    double q = a.hi / b;
    struct hr_dd r = hr_dd_add(a, hr_dd_neg(hr_dd_mul((struct hr_dd){ q, 0 }, (struct hr_dd){ b, 0 })));
    return hr_dd_sum2(q, r.hi / b);
}

/* The exact value up to 106 bits, then the nearest. */
static inline struct hr_dd hr_dd_of_u128(unsigned __int128 v)
{
    struct hr_dd r = { (double)(uint32_t)(v >> 96) * 0x1p96, 0 };
    r = hr_dd_add(r, (struct hr_dd){ (double)(uint32_t)(v >> 64) * 0x1p64, 0 });
    r = hr_dd_add(r, (struct hr_dd){ (double)(uint32_t)(v >> 32) * 0x1p32, 0 });
    return hr_dd_add(r, (struct hr_dd){ (double)(uint32_t)v, 0 });
}

static inline struct hr_dd hr_dd_scale(struct hr_dd a, int exponent)
{
    return (struct hr_dd){ ldexp(a.hi, exponent), ldexp(a.lo, exponent) };
}

/* a >= 0 */
static inline double hr_dd_sqrt(struct hr_dd a)
{
    double s = sqrt(a.hi);
    return s > 0 && isfinite(s) ? s + (fma(-s, s, a.hi) + a.lo) / (2 * s) : s;
}

#endif
