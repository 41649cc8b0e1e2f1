/* Numbers of one element type into another, refusing what would not survive. */
#ifndef HR_CONVERT_H
#define HR_CONVERT_H

#include "err.h"
#include "headrace/types.h"

/* n elements (native byte order, any alignment).  Allowed: everything between the numeric types and bool, as long as each
 * value fits: an integer type takes whole numbers within its range (so no NaN), a float type takes any number, rounded to
 * nearest (a finite double beyond the range of float32 or float16 does not fit), bool takes 0 and 1.
 * Returns n, or the index of the first value that does not fit; -1 when one of the types is not numeric. */
int64_t hr_convert(enum hr_dtype to, void *dst, enum hr_dtype from, const void *src, uint64_t n);

/* Reverses the bytes of n elements of `size` (1, 2, 4, 8) in place. */
void hr_swap_bytes(void *p, size_t size, uint64_t n);

#endif
