/* The schema of a dataset, and how a field lies in memory chunk by chunk.  The vocabulary of the whole storey. */
#ifndef HR_SCHEMA_H
#define HR_SCHEMA_H

#include "err.h"
#include "headrace/types.h"

struct hr_schema {
    int n;
    struct hr_field *field; /* n of them, owned */
};

void hr_schema_fini(struct hr_schema *s);
int hr_schema_copy(const struct hr_schema *from, struct hr_schema *ret, struct hr_error *err) HR_MUST_USE;
int hr_schema_find(const struct hr_schema *s, const char *name); /* index, or -1 */
/* Structure only: names are unique and valid, dtypes known, one ragged dimension at most and in place 0 or 1, products
 * of fixed dimensions within 2^31. */
int hr_schema_check(const struct hr_schema *s, struct hr_error *err) HR_MUST_USE;
/* Same names, dtypes, roles and shapes in the same order: parts of one dataset must agree. */
bool hr_schema_same(const struct hr_schema *a, const struct hr_schema *b);

/* How a field's bytes are arranged: derived from the field once, used by every inner loop. */
struct hr_layout {
    int ragged;        /* the ragged dimension, or -1 */
    uint32_t lists;    /* lists per sample: 0 = fixed field; 1 = [-1, ...] and STR/BYTES; k = [k, -1] */
    uint64_t row;      /* elements per row: of a list's entry when ragged, of the whole sample when fixed */
    uint32_t elem;     /* bytes per stored element (1 for STR and BYTES) */
};
struct hr_layout hr_layout_of(const struct hr_field *f);

/* One field of one chunk: sample i of a chunk of n owns
 *   fixed   values[i * row * elem ...)
 *   ragged  lists j = i*lists .. i*lists+lists-1, list j being rows offsets[j] .. offsets[j+1]
 * `offsets` has n * lists + 1 entries, never decreasing, starting anywhere >= 0 (0 when we wrote it). */
struct hr_column {
    const uint8_t *values;
    const int32_t *offsets; /* NULL for fixed fields */
    uint64_t bytes;         /* of values */
};

struct hr_chunk {
    uint32_t n;            /* samples */
    struct hr_column *col; /* one per field, in schema order */
};

#endif
