/* Named arrays, from wherever they come, and how a dataset is read out of them.  Shared by the NPY, NPZ and HDF5 sources.
 *
 * The convention of flat arrays ("columns"): all samples of a field stand in one array, and a ragged field has an array of
 * offsets, integers, one more than there are samples, never decreasing: rows offsets[i] .. offsets[i+1] are sample i's.
 *
 *   x [sumN, 9]          with x_offsets, x_ptr or x_indptr [n+1]      field [-1, 9], or one shared by all fields whose
 *   edge_index [2, sumE] with edge_index_offsets ...                  length it fits: node_offsets, node_ptr, no, edge_offsets,
 *   y [n, 8]             none                                         edge_ptr, eo, offsets, ptr, indptr, or ANY_offsets
 *
 * An array of offsets of its own is asked first; then a first dimension of n is taken as fixed; then the shared offsets
 * are tried, along the first dimension and (where the first is at most 16) along the second.  Where several fit, one whose
 * name begins with "e" serves fields whose name begins with "e", one with "n" the others.  Fields called x, node... and
 * edge... ask these before they are taken as fixed.
 *
 * "Records": a container without any offsets whose arrays differ in length is one sample, each array a field. */
#ifndef HR_ARRAYS_H
#define HR_ARRAYS_H

#include "block.h"
#include "npy.h"

#define HR_ARRAY_ROWS UINT64_MAX

struct hr_array {
    char name[HR_NAME_MAX + 1];
    enum hr_npy_kind kind;
    enum hr_dtype dtype; /* STR and BYTES for text of `item` bytes, filled up with zeros */
    bool swapped;        /* read gives foreign byte order */
    uint64_t item;       /* bytes per element, as read gives it */
    int ndim;
    uint64_t shape[HR_NPY_NDIM_MAX];
    /* What headrace's exporter noted beside the array, else NONE: the role, and the dtype of a field whose bytes lie in a
     * ragged array of uint8 (STR, BYTES). */
    enum hr_role role;
    enum hr_dtype as;
    /* lead == HR_ARRAY_ROWS: rows first .. first + rows - 1 of the first dimension; else the rows first ..
     * first + rows - 1 of the second dimension, in entry `lead` of the first.  The caller has checked that they are there. Any thread. */
    int (*read)(const struct hr_array *a, uint64_t lead, uint64_t first, uint64_t rows, void *to, struct hr_error *err);
    const char *path; /* for sentences */
    int fd;           /* of the readers by pread, */
    uint64_t data;    /* and where the first element stands */
    int64_t handle;   /* HDF5's */
};

/* The reader of arrays that lie in a file as they are (fd, data). */
int hr_array_pread(const struct hr_array *a, uint64_t lead, uint64_t first, uint64_t rows, void *to, struct hr_error *err);
/* Bytes of one row along the first dimension (axis 0), or of one element of a row (axis 1). */
uint64_t hr_array_row(const struct hr_array *a, int axis);
uint64_t hr_array_bytes(const struct hr_array *a);

struct hr_column_plan {
    const struct hr_array *array;
    const struct hr_array *offsets; /* NULL: fixed */
    int axis;                       /* the ragged one */
};
struct hr_columns {
    uint64_t samples;
    int n;
    struct hr_column_plan *field; /* owned */
};

/* True when the arrays are one sample, not columns of many. */
bool hr_arrays_are_record(const struct hr_array *a, int n);
int hr_columns_plan(const struct hr_array *a, int n, const char *where, struct hr_columns *ret, struct hr_error *err) HR_MUST_USE;
void hr_columns_fini(struct hr_columns *c);
int hr_columns_schema(const struct hr_columns *c, struct hr_schema *ret, struct hr_error *err) HR_MUST_USE;
/* map[f] = the plan that feeds the schema's field f. */
int hr_columns_bind(const struct hr_columns *c, const struct hr_schema *schema, const char *where, int *map,
                    struct hr_error *err) HR_MUST_USE;
/* Bytes that samples first .. first + n - 1 take in the arrays of the map. */
int hr_columns_bytes(const struct hr_columns *c, const int *map, int fields, uint64_t first, uint64_t n, uint64_t *ret,
                     struct hr_error *err) HR_MUST_USE;
/* The samples into the block; at most `memory` bytes are held besides. */
int hr_columns_parse(const struct hr_columns *c, const int *map, uint64_t first, uint64_t n, uint64_t memory,
                     struct hr_block *b, struct hr_error *err) HR_MUST_USE;

/* Records: *schema becomes one that this record fits too (begin with an empty one), dimensions that differ becoming
 * ragged. */
int hr_record_schema(const struct hr_array *a, int n, const char *where, struct hr_schema *schema, struct hr_error *err) HR_MUST_USE;
int hr_record_parse(const struct hr_array *a, int n, uint64_t number, uint64_t memory, struct hr_block *b,
                    struct hr_error *err) HR_MUST_USE;

/* n elements of the array's bytes, as field f of the open sample.  False: element *ret_bad does not fit the field's type. */
bool hr_array_put(const struct hr_array *a, const void *bytes, uint64_t n, struct hr_block *b, int f, uint64_t *ret_bad);

#endif
