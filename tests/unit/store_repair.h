/* Gives a damaged Arrow file the footer checksum that fits it, so that tests and the fuzzer get past the checksum to the
 * checks behind it: what an attacker would do. */
#ifndef STORE_REPAIR_H
#define STORE_REPAIR_H

#include "arrow.h"
#include "hash.h"
#include "hex.h"
#include "keys.h"

#include <string.h>

static inline void store_repair(uint8_t *p, size_t n)
{
    struct hr_arrow_footer footer;
    struct hr_str at;
    if (!hr_hash_available() || n < HR_TAIL)
        return;
    int32_t length = hr_fb_i32(p + n - HR_TAIL);
    if (length < 8 || (size_t)length > n - HR_TAIL)
        return;
    uint8_t *begin = p + n - HR_TAIL - (size_t)length;
    if (hr_arrow_get_footer(begin, (size_t)length, &footer, NULL) < 0 || !hr_arrow_get_kv(&footer.kv, HR_KEY_FOOTER_SUM, &at) ||
        at.n != HR_HEX)
        return;
    memset((char *)(uintptr_t)at.p, '0', HR_HEX);
    hr_hex_put(hr_hash(begin, (size_t)length), (char *)(uintptr_t)at.p);
}

#endif
