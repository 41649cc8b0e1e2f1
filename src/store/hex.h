/* 64-bit sums as 16 lower-case hexadecimal digits: how the metadata carries them. */
#ifndef HR_HEX_H
#define HR_HEX_H

#include "attr.h"

#include <string.h>

enum { HR_HEX = 16 };

static inline void hr_hex_put(uint64_t v, char to[HR_HEX])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = HR_HEX - 1; i >= 0; i--, v >>= 4)
        to[i] = digits[v & 15];
}

/* Eight digits at once, a byte lane each.  A dataset of 1.6 GB carries 6,061 sums that are read when it is opened: digit by
 * digit that took a quarter of the time. */
static inline bool hr_hex_get8(const char *p, uint64_t *ret)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t x;
    memcpy(&x, p, sizeof x);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    x = __builtin_bswap64(x); /* the first digit is the highest */
#endif
    uint64_t letter = (x >> 6) & ones, low = x & (ones * 15); /* '0' is 0x30, 'a' 0x61 */
    uint64_t wrong = (x ^ (ones * 0x30 + letter * 0x30)) & (ones * 0xf0);
    wrong |= (low + ones * 6 + letter * 3) & (ones * 0xf0); /* beyond 9, beyond f */
    wrong |= letter & ~((low + ones * 15) >> 4);            /* 0x60, the sign before 'a' */
    uint64_t v = low + letter * 9;
    v = (v | v >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    v = (v | v >> 8) & UINT64_C(0x0000ffff0000ffff);
    *ret = (v | v >> 16) & UINT32_MAX;
    return wrong == 0;
}

/* False when one of the 16 characters is no lower-case digit. */
static inline bool hr_hex_get(const char *p, uint64_t *ret)
{
    uint64_t high, low;
    if (!hr_hex_get8(p, &high) || !hr_hex_get8(p + 8, &low))
        return false;
    *ret = high << 32 | low;
    return true;
}

#endif
