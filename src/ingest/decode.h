/* A dataset's chunks as the values that they stand for: checked against their checksums, decompressed, narrowed and
 * quantised fields widened to their dtype.  For exporting and looking, not for feeding: one thread, one chunk at a time. */
#ifndef HR_DECODE_H
#define HR_DECODE_H

#include "store.h"

struct hr_decoder;

/* `fields`: names, ended by NULL, in the order wanted; NULL = all.  The store must outlive the decoder. */
int hr_decoder_open(const struct hr_store *s, const char *const *fields, struct hr_decoder **ret, struct hr_error *err) HR_MUST_USE;
void hr_decoder_close(struct hr_decoder *d); /* accepts NULL */
/* The fields as they come out: stored == dtype, no scale. */
const struct hr_schema *hr_decoder_schema(const struct hr_decoder *d);
const struct hr_layout *hr_decoder_layout(const struct hr_decoder *d); /* per field */
/* Chunk c; valid until the next call. */
int hr_decoder_chunk(struct hr_decoder *d, uint32_t c, struct hr_chunk *ret, struct hr_error *err) HR_MUST_USE;
/* Calls fn with samples first .. first + n - 1 of the dataset, cut at the chunks' borders.  Stops at the first negative
 * result and returns it. */
int hr_decoder_each(struct hr_decoder *d, uint64_t first, uint64_t n,
                    int (*fn)(void *arg, const struct hr_chunk *c, struct hr_error *err), void *arg, struct hr_error *err) HR_MUST_USE;

/* Samples first .. first + n - 1 of a chunk, as a chunk; `col` has room for `fields` columns. */
void hr_chunk_slice(const struct hr_chunk *c, const struct hr_layout *layout, int fields, uint32_t first, uint32_t n,
                    struct hr_column *col, struct hr_chunk *ret);

#endif
