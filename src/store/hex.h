/* 64-bit sums as 16 lower-case hexadecimal digits: how the metadata carries them. */
#ifndef HR_HEX_H
#define HR_HEX_H

#include "attr.h"

enum { HR_HEX = 16 };

static inline void hr_hex_put(uint64_t v, char to[HR_HEX])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = HR_HEX - 1; i >= 0; i--, v >>= 4)
        to[i] = digits[v & 15];
}

/* False when one of the 16 characters is no lower-case digit. */
static inline bool hr_hex_get(const char *p, uint64_t *ret)
{
    uint64_t v = 0;
    unsigned bad = 0;
    for (int i = 0; i < HR_HEX; i++) {
        unsigned c = (unsigned char)p[i], digit = c - '0', letter = c - 'a';
        unsigned d = digit < 10 ? digit : letter + 10;
        bad |= digit >= 10 && letter >= 6;
        v = v << 4 | (d & 15);
    }
    if (bad)
        return false;
    *ret = v;
    return true;
}

#endif
