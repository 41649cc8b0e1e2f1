/* IEEE 754 half precision (float16), by bits: the same result on every machine, with or without the CPU's own
 * instructions. */
#ifndef HR_HALF_H
#define HR_HALF_H

#include "attr.h"

#include <string.h>

/* Exact: every half is a float. */
static inline float hr_half_to_float(uint16_t h)
{
    uint32_t mag = h & 0x7fffu, bits = mag << 13;
    float v;
    memcpy(&v, &bits, sizeof v);
    v *= 0x1p112f; /* moves the exponent's bias from 15 to 127, and makes subnormals normal */
    memcpy(&bits, &v, sizeof bits);
    if (mag >= 0x7c00u)
        bits = (mag << 13) | 0x7f800000u; /* infinity and NaN */
    bits |= (uint32_t)(h & 0x8000u) << 16;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* To the nearest, ties to even.  Beyond 65519.99 it is infinity; a NaN stays a (quiet) NaN. */
static inline uint16_t hr_float_to_half(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
    bits &= 0x7fffffffu;
    if (bits > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00u | (bits >> 13 & 0x1ffu));
    if (bits >= 0x477ff000u)
        return (uint16_t)(sign | 0x7c00u);
    if (bits < 0x38800000u) { /* below 2^-14: a subnormal half, a multiple of 2^-24 */
        float mag;
        memcpy(&mag, &bits, sizeof mag);
        mag += 0.5f; /* the sum's last bit is worth 2^-24, so the addition itself rounds to nearest even */
        memcpy(&bits, &mag, sizeof bits);
        return (uint16_t)(sign | (bits - 0x3f000000u));
    }
    bits += 0xfffu + (bits >> 13 & 1u); /* rounds; a carry moves into the exponent, as it should */
    return (uint16_t)(sign | ((bits - 0x38000000u) >> 13));
}

#endif
