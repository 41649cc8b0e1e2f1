/* Elementary functions made of IEEE +, -, *, / and sqrt alone, so that every machine and every build gives the same bits (the C
 * library's log and sin do not: they differ between versions and CPUs).  Files that use them are compiled with
 * -ffp-contract=off.  tests/ref/transforms.py has the same formulas. */
#ifndef HR_EXACT_H
#define HR_EXACT_H

#include "attr.h"

/* Natural logarithm of a positive normal number, within 2 units in the last place.  x = m * 2^k with m in [sqrt(1/2),
 * sqrt(2)); ln m = 2 artanh((m - 1) / (m + 1)) by its series to the 21st power. */
double hr_exact_log(double x);

/* Sine and cosine of `turn` full turns, |turn| <= 1/2: folded to an eighth of a turn, then Taylor's series to the 15th and 16th
 * power; the error is below 3e-16. */
void hr_exact_sincos(double turn, double *ret_sin, double *ret_cos);

/* The normal distribution's inverse at u in (0, 1): Wichura's rational approximations (Algorithm AS 241, PPND16, Applied
 * Statistics 37, 1988), relative error about 1e-16. */
double hr_exact_normal(double u);

/* out[i] = a normal deviate of the stream `key` at counter first + i * step. */
void hr_exact_normals(uint64_t key, uint64_t first, uint64_t step, size_t n, double *out);

/* The uniform number in (0, 1) behind the normal one: ((bits >> 12) + 1/2) / 2^52. */
static inline double hr_exact_open_unit(uint64_t bits)
{
    union {
        uint64_t u;
        double d;
    } x = { .u = (bits >> 12) | UINT64_C(0x3FF0000000000000) };
    return (x.d - 1.0) + 0x1p-53; /* both exact */
}

#endif
