#include "exact.h"

#include "rng.h"

#include <math.h>
#include <string.h>

static inline double of_bits(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

/* Without a signed shift or a conversion of 64-bit integers, which vectors of AVX2 do not have. */
static inline double ln(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    /* 1023 + floor(log2(x / sqrt(1/2))): the exponent after moving sqrt(1/2) to the start of an octave */
    uint64_t biased = (bits - UINT64_C(0x3FE6A09E667F3BCD) + (UINT64_C(1023) << 52)) >> 52;
    double k = of_bits(biased | UINT64_C(0x4330000000000000)) - (0x1p52 + 1023.0); /* exact */
    double m = of_bits(bits - (biased << 52) + (UINT64_C(1023) << 52));
    double f = (m - 1.0) / (m + 1.0), s = f * f;
    double p = 1.0 / 21.0;
    p = p * s + 1.0 / 19.0;
    p = p * s + 1.0 / 17.0;
    p = p * s + 1.0 / 15.0;
    p = p * s + 1.0 / 13.0;
    p = p * s + 1.0 / 11.0;
    p = p * s + 1.0 / 9.0;
    p = p * s + 1.0 / 7.0;
    p = p * s + 1.0 / 5.0;
    p = p * s + 1.0 / 3.0;
    return k * 0.6931471805599453 + (2.0 * f + 2.0 * f * s * p);
}

double hr_exact_log(double x)
{
    return ln(x);
}

void hr_exact_sincos(double turn, double *ret_sin, double *ret_cos)
{
    double quarter = floor(4.0 * turn + 0.5);
    double x = (turn - 0.25 * quarter) * 6.283185307179586, s = x * x;
    double p = -1.0 / 1307674368000.0; /* 15! */
    p = p * s + 1.0 / 6227020800.0;
    p = p * s - 1.0 / 39916800.0;
    p = p * s + 1.0 / 362880.0;
    p = p * s - 1.0 / 5040.0;
    p = p * s + 1.0 / 120.0;
    p = p * s - 1.0 / 6.0;
    double sine = x + x * s * p;
    double q = 1.0 / 20922789888000.0; /* 16! */
    q = q * s - 1.0 / 87178291200.0;
    q = q * s + 1.0 / 479001600.0;
    q = q * s - 1.0 / 3628800.0;
    q = q * s + 1.0 / 40320.0;
    q = q * s - 1.0 / 720.0;
    q = q * s + 1.0 / 24.0;
    q = q * s - 0.5;
    double cosine = 1.0 + s * q;
    /* quarter is -2 .. 2; NaN (of an infinite value) takes any way, as both series are NaN */
    int k = quarter >= -2.0 && quarter <= 2.0 ? (int)quarter & 3 : 0;
    *ret_sin = k == 0 ? sine : k == 1 ? cosine : k == 2 ? -sine : -cosine;
    *ret_cos = k == 0 ? cosine : k == 1 ? -sine : k == 2 ? -cosine : sine;
}

/* |u - 1/2| <= 0.425 */
static inline double middle(double q)
{
    double r = 0.180625 - q * q;
    double a = 2509.0809287301226727;
    a = a * r + 33430.575583588128105;
    a = a * r + 67265.770927008700853;
    a = a * r + 45921.953931549871457;
    a = a * r + 13731.693765509461125;
    a = a * r + 1971.5909503065514427;
    a = a * r + 133.14166789178437745;
    a = a * r + 3.387132872796366608;
    double b = 5226.495278852854561;
    b = b * r + 28729.085735721942674;
    b = b * r + 39307.89580009271061;
    b = b * r + 21213.794301586595867;
    b = b * r + 5394.1960214247511077;
    b = b * r + 687.1870074920579083;
    b = b * r + 42.313330701600911252;
    b = b * r + 1.0;
    return q * a / b;
}

/* r <= 5, that is down to 1.4e-11 */
static inline double tail_near(double r)
{
    r -= 1.6;
    double c = 7.74545014278341407640e-4;
    c = c * r + 2.27238449892691845833e-2;
    c = c * r + 2.41780725177450611770e-1;
    c = c * r + 1.27045825245236838258;
    c = c * r + 3.64784832476320460504;
    c = c * r + 5.76949722146069140550;
    c = c * r + 4.63033784615654529590;
    c = c * r + 1.42343711074968357734;
    double d = 1.05075007164441684324e-9;
    d = d * r + 5.47593808499534494600e-4;
    d = d * r + 1.51986665636164571966e-2;
    d = d * r + 1.48103976427480074590e-1;
    d = d * r + 6.89767334985100004550e-1;
    d = d * r + 1.67638483018380384940;
    d = d * r + 2.05319162663775882187;
    d = d * r + 1.0;
    return c / d;
}

static double tail_far(double r)
{
    r -= 5.0;
    double e = 2.01033439929228813265e-7;
    e = e * r + 2.71155556874348757815e-5;
    e = e * r + 1.24266094738807843860e-3;
    e = e * r + 2.65321895265761230930e-2;
    e = e * r + 2.96560571828504891230e-1;
    e = e * r + 1.78482653991729133580;
    e = e * r + 5.46378491116411436990;
    e = e * r + 6.65790464350110377720;
    double f = 2.04426310338993978564e-15;
    f = f * r + 1.42151175831644588870e-7;
    f = f * r + 1.84631831751005468180e-5;
    f = f * r + 7.86869131145613259100e-4;
    f = f * r + 1.48753612908506148525e-2;
    f = f * r + 1.36929880922735805310e-1;
    f = f * r + 5.99832206555887937690e-1;
    f = f * r + 1.0;
    return e / f;
}

static inline double nearer_end(double u)
{
    return u < 0.5 ? u : 1.0 - u;
}

double hr_exact_normal(double u)
{
    double q = u - 0.5;
    if (fabs(q) <= 0.425)
        return middle(q);
    double r = sqrt(-ln(nearer_end(u)));
    double z = r <= 5.0 ? tail_near(r) : tail_far(r);
    return u < 0.5 ? -z : z;
}

enum { BLOCK = 64 };

/* The middle's formula for all, then the tails' (15 in 100) for those gathered in `end`, then the far tails (1 in 4e10): no
 * branch depends on chance, and the loops become vectors. */
static inline __attribute__((always_inline)) void normals(uint64_t key, uint64_t first, uint64_t step, unsigned n, double *restrict out)
{
    double q[BLOCK], end[BLOCK], r[BLOCK], z[BLOCK];
    uint8_t at[BLOCK];
    unsigned tails = 0;
    for (unsigned i = 0; i < n; i++)
        q[i] = hr_exact_open_unit(hr_rng_u64(key, first + i * step)) - 0.5;
    for (unsigned i = 0; i < n; i++)
        out[i] = middle(q[i]);
    for (unsigned i = 0; i < n; i++) {
        at[tails] = (uint8_t)i;
        tails += fabs(q[i]) > 0.425;
    }
    for (unsigned i = 0; i < tails; i++)
        end[i] = nearer_end(q[at[i]] + 0.5); /* q + 1/2 is exact here: it is the 53-bit number that q came from */
    for (unsigned i = 0; i < tails; i++)
        r[i] = sqrt(-ln(end[i]));
    for (unsigned i = 0; i < tails; i++)
        z[i] = tail_near(r[i]);
    for (unsigned i = 0; i < tails; i++) {
        double v = HR_LIKELY(r[i] <= 5.0) ? z[i] : tail_far(r[i]);
        out[at[i]] = q[at[i]] < 0 ? -v : v;
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void normals_avx2(uint64_t key, uint64_t first, uint64_t step, unsigned n, double *out)
{
    normals(key, first, step, n, out);
}
#endif

static void normals_any(uint64_t key, uint64_t first, uint64_t step, unsigned n, double *out)
{
    normals(key, first, step, n, out);
}

void hr_exact_normals(uint64_t key, uint64_t first, uint64_t step, size_t n, double *out)
{
    void (*run)(uint64_t, uint64_t, uint64_t, unsigned, double *) = normals_any;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        run = normals_avx2;
#endif
    while (n > 0) {
        unsigned now = n < BLOCK ? (unsigned)n : BLOCK;
        run(key, first, step, now, out);
        first += now * step;
        out += now;
        n -= now;
    }
}
