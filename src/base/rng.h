/* Counter-based random numbers: a value is a pure function of (key, counter), so the same sample gets the same
 * numbers whatever thread builds it and in whatever order.  Nothing here has a state. */
#ifndef HR_RNG_H
#define HR_RNG_H

#include "attr.h"

/* A bijection of 64 bits whose outputs pass as random: the finaliser "moremur" by Pelle Evensen (2019), two
 * multiplications and three xor-shifts. */
static inline uint64_t hr_mix64(uint64_t x)
{
    x ^= x >> 27;
    x *= 0x3C79AC492BA7B653u;
    x ^= x >> 33;
    x *= 0x1C69B3F74AC4AE35u;
    x ^= x >> 27;
    return x;
}

/* A key from the parts that name a stream, e.g. (seed, epoch, sample, transform). */
uint64_t hr_rng_key(uint64_t seed, uint64_t a, uint64_t b, uint64_t c);

/* The counter-th 64 random bits of the stream `key`. */
static inline uint64_t hr_rng_u64(uint64_t key, uint64_t counter)
{
    return hr_mix64(hr_mix64(key + counter * 0x9E3779B97F4A7C15u) ^ key);
}

/* Uniform in [0, 1), 53 bits. */
static inline double hr_rng_unit(uint64_t key, uint64_t counter)
{
    return (double)(hr_rng_u64(key, counter) >> 11) * 0x1p-53;
}

#endif
