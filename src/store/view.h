/* One record batch as columns: shared by the store (chunks it knows from a footer) and by a writer that takes up a partial
 * file (blocks it has only just found). */
#ifndef HR_VIEW_H
#define HR_VIEW_H

#include "arrow.h"
#include "codec.h"

struct hr_view {
    const struct hr_schema *schema;
    const struct hr_layout *layout;
    enum hr_codec codec;
    struct hr_coder *coder; /* for compressed chunks */
    uint8_t *scratch;       /* 64-byte aligned; compressed buffers are decompressed to here */
    uint64_t scratch_bytes;
    bool deep;              /* look at every offset, not only at the first and the last */
};

/* The columns of a parsed batch whose body lies at `body` (64-byte aligned).  ret->col has room for every field.  Every
 * number is checked against the body before it is used.  HR_E_CORRUPT (the sentence does not name the file) or
 * HR_E_NOMEM. *ret_scratch: bytes of scratch that were used; may be NULL. */
int hr_view_batch(const struct hr_view *v, const struct hr_arrow_batch *b, const uint8_t *body, struct hr_chunk *ret,
                  uint64_t *ret_scratch, struct hr_error *err) HR_MUST_USE;
/* Bytes of scratch that the buffers of a batch ask for: the sum of their true lengths, each rounded up to 64.  Read from
 * the prefixes; HR_E_CORRUPT when they make no sense. */
int hr_view_scratch(const struct hr_arrow_batch *b, const uint8_t *body, uint64_t *ret, struct hr_error *err) HR_MUST_USE;

#endif
