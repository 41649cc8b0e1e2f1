/* The head of a .npy file: NumPy's format description NEP 1, versions 1.0, 2.0 and 3.0. */
#ifndef HR_NPY_H
#define HR_NPY_H

#include "buf.h"
#include "err.h"
#include "headrace/types.h"

enum { HR_NPY_NDIM_MAX = HR_NDIM_MAX + 1, HR_NPY_HEAD_MAX = 64 << 10 };

enum hr_npy_kind {
    HR_NPY_NUMBER, /* dtype says which */
    HR_NPY_BYTES,  /* "S": `item` bytes, filled up with zeros */
    HR_NPY_UCS4,   /* "U": `item` / 4 code points, filled up with zeros */
};

struct hr_npy {
    enum hr_npy_kind kind;
    enum hr_dtype dtype;
    bool swapped;       /* the bytes of each element stand in the other order than this machine's */
    bool fortran;       /* first index runs fastest; only where it makes a difference (two dimensions of more than 1) */
    uint64_t item;      /* bytes per element */
    int ndim;
    uint64_t shape[HR_NPY_NDIM_MAX];
    uint64_t data;      /* offset of the first element */
    uint64_t bytes;     /* of all elements; fits, was checked */
};

/* Bytes from the front that hr_npy_parse needs: 0 when p[0..n) is no .npy file or more than HR_NPY_HEAD_MAX is asked for;
 * n of 12 or more suffices to tell. */
size_t hr_npy_need(const void *p, size_t n);
/* `where` names the file in the sentence.  Refuses pickled objects, structured types and complex numbers, saying so. */
int hr_npy_parse(const void *p, size_t n, const char *where, struct hr_npy *ret, struct hr_error *err) HR_MUST_USE;
/* Appends a head of version 1.0 (a multiple of 64 bytes) for C order, native bytes.  The length of the head depends on ndim
 * alone, so it can be written again when the shape is known. */
int hr_npy_write(struct hr_buf *b, enum hr_dtype dtype, int ndim, const uint64_t *shape, struct hr_error *err) HR_MUST_USE;

#endif
