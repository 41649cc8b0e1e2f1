/* A box: a chunk being filled, in memory of its own.  Where samples of blocks and stores are laid end to end. */
#ifndef HR_BOX_H
#define HR_BOX_H

#include "buf.h"
#include "schema.h"

struct hr_box_column {
    struct hr_buf values;
    struct hr_buf offsets; /* int32; ragged fields only */
};

struct hr_box {
    const struct hr_schema *schema; /* the caller's */
    struct hr_layout *layout;
    struct hr_box_column *col;
    struct hr_chunk chunk;          /* the view, made by hr_box_view */
    struct hr_box *next;            /* in whatever list it is */
};

int hr_box_create(const struct hr_schema *schema, struct hr_box **ret, struct hr_error *err) HR_MUST_USE;
void hr_box_destroy(struct hr_box *b); /* accepts NULL */
void hr_box_reset(struct hr_box *b);   /* empty, keeps the memory */
/* Appends samples first .. first + n - 1 of `from`, which has the same schema.  HR_E_LIMIT when a field would get 2^31 rows. */
int hr_box_add(struct hr_box *b, const struct hr_chunk *from, uint32_t first, uint32_t n, struct hr_error *err) HR_MUST_USE;
/* The contents as a chunk, valid until the next add. */
const struct hr_chunk *hr_box_view(struct hr_box *b);
uint64_t hr_box_bytes(const struct hr_box *b); /* of values and offsets */

#endif
