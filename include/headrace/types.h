/* What a dataset is made of: element types, roles, fields.  Shared by the store, the feed and Python. */
#ifndef HEADRACE_TYPES_H
#define HEADRACE_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif


/* X(NAME, value, "text", bytes per element; 0 = variable) */
#define HR_DTYPES(X)        \
    X(BOOL, 1, "bool", 1)   \
    X(I8, 2, "int8", 1)     \
    X(U8, 3, "uint8", 1)    \
    X(I16, 4, "int16", 2)   \
    X(U16, 5, "uint16", 2)  \
    X(I32, 6, "int32", 4)   \
    X(U32, 7, "uint32", 4)  \
    X(I64, 8, "int64", 8)   \
    X(U64, 9, "uint64", 8)  \
    X(F16, 10, "float16", 2) \
    X(F32, 11, "float32", 4) \
    X(F64, 12, "float64", 8) \
    X(STR, 13, "string", 0) \
    X(BYTES, 14, "bytes", 0)

enum hr_dtype {
    HR_DTYPE_NONE = 0,
#define HR_DTYPE_ENUM(name, value, text, size) HR_##name = value,
    HR_DTYPES(HR_DTYPE_ENUM)
#undef HR_DTYPE_ENUM
};

/* What a field is to a graph batch.  NODE and EDGE rows are concatenated; EDGE_INDEX additionally gets the node offset of
 * its graph added; GRAPH and LABEL are one row per sample and are stacked. */
#define HR_ROLES(X)              \
    X(NONE, 0, "none")           \
    X(NODE, 1, "node")           \
    X(EDGE, 2, "edge")           \
    X(EDGE_INDEX, 3, "edge_index") \
    X(GRAPH, 4, "graph")         \
    X(LABEL, 5, "label")

enum hr_role {
#define HR_ROLE_ENUM(name, value, text) HR_ROLE_##name = value,
    HR_ROLES(HR_ROLE_ENUM)
#undef HR_ROLE_ENUM
};

enum { HR_NAME_MAX = 63, HR_NDIM_MAX = 4, HR_FIELDS_MAX = 256 };
#define HR_RAGGED (-1) /* in shape[]: this dimension differs from sample to sample */

/* One field of every sample.  At most one dimension is ragged, and it is the first or the second:
 *   x          [-1, 9]  float32   rows of 9, their number differs: stored List<FixedSizeList<9>>
 *   edge_index [2, -1]  int64     two rows of equal, differing length: stored FixedSizeList<List, 2>
 *   y          [8]      float32   the same for every sample: stored FixedSizeList<8>
 *   time       []       float64   a scalar (ndim 0)
 * STR and BYTES have ndim 0. */
struct hr_field {
    char name[HR_NAME_MAX + 1]; /* UTF-8, terminated */
    enum hr_dtype dtype;        /* as a consumer sees it */
    enum hr_dtype stored;       /* as it lies in the file: narrower after --narrow or --quantize */
    enum hr_role role;
    int ndim;
    int64_t shape[HR_NDIM_MAX]; /* HR_RAGGED where ragged */
    /* int8 quantisation: value = stored * scale[k] + offset[k], k = the index in the last dimension (or 0 for one
     * pair that serves all).  NULL when the stored value is the value.  Owned by the schema. */
    const double *scale, *offset;
    int quant_n;
};

#pragma GCC visibility push(default)
const char *hr_dtype_name(enum hr_dtype t);  /* "float32"; "?" for a value that is none */
enum hr_dtype hr_dtype_of(const char *name); /* HR_DTYPE_NONE when it is no name of one */
size_t hr_dtype_size(enum hr_dtype t);       /* bytes per element; 0 for STR, BYTES and NONE */
const char *hr_role_name(enum hr_role r);
int hr_role_of(const char *name);            /* -1 when it is no name of one */
#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif
