/* A block: samples as a source has just parsed them, in columns.  The meeting point of sources and the packer.
 *
 * A source writes one sample like this:
 *
 *     hr_block_begin(b, number, offset);
 *     float *row = hr_block_room(b, f, n * sizeof *row);     // fixed field: the whole value; ragged: one or more rows
 *     ... fill ...
 *     hr_block_commit(b, f, n * sizeof *row);
 *     hr_block_list(b, f);                                   // ragged fields: after each of the sample's lists
 *     if (hr_block_end(b) < 0) ...                           // memory is short; a wrong sample is recorded, not returned
 *
 * and says hr_block_bad() instead of hr_block_end() when the sample is no good: what it had written is taken back, the
 * reason is kept, and the next sample begins.  What the packer then does (stop, skip, reject file) is not the source's
 * business.
 *
 * A block belongs to one thread at a time. */
#ifndef HR_BLOCK_H
#define HR_BLOCK_H

#include "arena.h"
#include "buf.h"
#include "schema.h"

/* How the schema would have to change for a refused sample to fit: only an inferred schema is ever changed. */
enum hr_widen {
    HR_WIDEN_NONE,
    HR_WIDEN_FLOAT,  /* an integer field met a float */
    HR_WIDEN_DOUBLE, /* a float32 field met a number beyond its range */
    HR_WIDEN_RAGGED, /* a fixed dimension (the first, or the second of two rows) met another length */
};

struct hr_bad_sample {
    uint64_t number;       /* of the sample in its file, from 0 */
    uint64_t offset;       /* byte in the file where the trouble is; HR_OFFSET_NONE when bytes mean nothing there */
    const char *key;       /* "x", "globals.speed", or "" when the sample as a whole is at fault; in the block's arena */
    const char *why;       /* ends the sentence "sample 3: ...": "has 8 numbers in a row of 9" */
    uint32_t after;        /* good samples of this block before it */
    enum hr_widen widen;
    int field;             /* of widen; -1 */
    int dim;               /* of HR_WIDEN_RAGGED */
};

#define HR_OFFSET_NONE UINT64_MAX

struct hr_block_column {
    struct hr_buf values;  /* elements of the field's `stored` type, rows back to back */
    struct hr_buf offsets; /* ragged fields: int32, one entry more than there are lists, in rows, from 0 */
    size_t row_bytes;      /* bytes of one row when ragged, of the whole value when fixed */
    size_t mark_values, mark_offsets; /* lengths at the start of the sample being written */
};

struct hr_block {
    const struct hr_schema *schema; /* the caller's; outlives the block */
    struct hr_layout *layout;       /* per field */
    struct hr_block_column *col;    /* per field */
    uint32_t n;                     /* whole samples */
    struct hr_buf number;           /* uint64 per sample: its number in the file */
    struct hr_buf hash;             /* 16 bytes per sample when `hashing` */
    bool hashing;                   /* keep a hash of each sample's contents (--dedup) */
    bool open;                      /* between begin and end */
    uint64_t cur_number, cur_offset;
    struct hr_buf bad;              /* struct hr_bad_sample each */
    struct hr_arena words;          /* their strings */
    int node, edge_index;           /* fields that the sample's graph is checked by, or -1 */
};

/* `ceiling`: bytes that any one column may grow to. */
int hr_block_init(struct hr_block *b, const struct hr_schema *schema, size_t ceiling, struct hr_error *err) HR_MUST_USE;
void hr_block_reset(struct hr_block *b); /* empty, keeps the memory */
void hr_block_fini(struct hr_block *b);
uint64_t hr_block_bytes(const struct hr_block *b); /* memory held */

/* `offset`: byte in the file where the sample begins, or HR_OFFSET_NONE. */
void hr_block_begin(struct hr_block *b, uint64_t number, uint64_t offset);
/* Where to write the next n bytes of field f, uninitialised; NULL = memory is short (hr_block_end then says so).  Take it back
 * by not committing. */
static inline void *hr_block_room(struct hr_block *b, int f, size_t n)
{
    return hr_buf_reserve(&b->col[f].values, n);
}
static inline void hr_block_commit(struct hr_block *b, int f, size_t n)
{
    b->col[f].values.len += n;
}
/* Room, copy, commit. */
void hr_block_add(struct hr_block *b, int f, const void *p, size_t n);
/* Ends a list of ragged field f: the rows written since the last one belong to it. STR and BYTES too (rows are bytes). */
void hr_block_list(struct hr_block *b, int f);
/* Ends the sample.  Checks that every field is complete and that the graph holds together (edge rows equal in number, edge
 * indices within the nodes); a sample that fails is recorded as bad and taken back.
 * 1 = kept, 0 = recorded as bad, negative = memory is short or a list has 2^31 rows. */
int hr_block_end(struct hr_block *b, struct hr_error *err) HR_MUST_USE;
/* Takes the sample just kept back again: there were `before` then. */
void hr_block_drop_last(struct hr_block *b, uint32_t before);
/* Takes the open sample back and records why.  `key` and the sentence are copied.  Negative when memory is short. */
int hr_block_bad(struct hr_block *b, const char *key, uint64_t offset, struct hr_error *err, const char *fmt, ...)
    HR_PRINTF(5, 6) HR_MUST_USE;
/* The record just made, to be completed (widen); NULL when there is none. */
struct hr_bad_sample *hr_block_last_bad(struct hr_block *b);

static inline size_t hr_block_bads(const struct hr_block *b)
{
    return b->bad.len / sizeof(struct hr_bad_sample);
}

#endif
