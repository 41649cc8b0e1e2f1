/* The inner loops of the gather: copying while converting.  One table of function pointers, chosen once for the CPU that
 * runs (AVX-512, AVX2, or what every CPU of the architecture has); plain pointers and no ifunc, so sanitizers see them.
 *
 * All kernels: `dst` and `src` do not overlap; `src` needs no alignment beyond its element; exact for every value. */
#ifndef HR_KERNELS_H
#define HR_KERNELS_H

#include "attr.h"
#include "headrace/types.h"

/* dst[i] = src[i] + add */
typedef void hr_kernel_add(int64_t *dst, const void *src, size_t n, int64_t add);
/* dst[2i] = a[i] + add, dst[2i+1] = b[i] + add */
typedef void hr_kernel_pair(int64_t *dst, const void *a, const void *b, size_t n, int64_t add);
/* the reverse: a[i] = src[2i] + add, b[i] = src[2i+1] + add */
typedef void hr_kernel_unpair(int64_t *a, int64_t *b, const void *src, size_t n, int64_t add);
/* n elements of one type to another */
typedef void hr_kernel_convert(void *dst, const void *src, size_t n);
/* dst[i] = src[i] * scale[i % period] + offset[i % period], computed in double and rounded once */
typedef void hr_kernel_dequant(void *dst, const int8_t *src, size_t n, const double *scale, const double *offset, size_t period);

struct hr_kernels {
    const char *name;                 /* "avx512", "avx2", "base" */
    hr_kernel_add *add[HR_BYTES + 1]; /* by the source's type; NULL where it is no integer */
    hr_kernel_pair *pair[HR_BYTES + 1];
    hr_kernel_unpair *unpair[HR_BYTES + 1];
    hr_kernel_convert *f16_f32;
    hr_kernel_dequant *q8_f32, *q8_f64;
    void (*fill)(int64_t *dst, size_t n, int64_t v);
};

const struct hr_kernels *hr_kernels(void);
/* A certain table, for tests: 0 = base; NULL when this CPU cannot run it. */
const struct hr_kernels *hr_kernels_at(int level);

/* How elements of type `stored` become elements of `dtype`, quantisation left out; NULL when they are the same bits (copy)
 * or when *ret_ok is set to false (nothing converts these). */
hr_kernel_convert *hr_kernel_converter(enum hr_dtype stored, enum hr_dtype dtype, bool *ret_ok);

#endif
