/* Checked arithmetic for everything that comes from a file or a user.  The shape of C23's <stdckdint.h>: true means
 * the result did not fit and *ret holds nothing of use. */
#ifndef HR_NUM_H
#define HR_NUM_H

#include "attr.h"

#define hr_ckd_add(ret, a, b) __builtin_add_overflow((a), (b), (ret))
#define hr_ckd_sub(ret, a, b) __builtin_sub_overflow((a), (b), (ret))
#define hr_ckd_mul(ret, a, b) __builtin_mul_overflow((a), (b), (ret))

/* [off, off + len) lies inside [0, size). */
static inline bool hr_range_ok(uint64_t off, uint64_t len, uint64_t size)
{
    return off <= size && len <= size - off;
}

/* Rounds up to a power of two `align`; the caller has checked that it fits. */
static inline uint64_t hr_align_up(uint64_t n, uint64_t align)
{
    return (n + align - 1) & ~(align - 1);
}

static inline uint64_t hr_div_up(uint64_t n, uint64_t d)
{
    return n / d + (n % d != 0);
}

#endif
