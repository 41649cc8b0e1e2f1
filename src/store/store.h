/* Reading a dataset: one Arrow IPC file (NAME.arrow), or a folder with manifest.json and parts.
 *
 * An opened store is immutable: any number of threads may use it.  Opening reads footers and metadata only; chunk bytes
 * are touched by hr_store_view and hr_store_read alone.  docs/format.md is the specification. */
#ifndef HR_STORE_H
#define HR_STORE_H

#include "mapping.h"
#include "schema.h"

enum hr_codec { HR_CODEC_NONE, HR_CODEC_LZ4, HR_CODEC_ZSTD };

/* A chunk is one record batch.  Every chunk of a dataset holds `chunk_samples` samples, except that the last chunk of each
 * part may hold fewer (I1): so sample -> chunk is arithmetic, and the order needs no table. */
struct hr_chunk_ref {
    uint64_t first;     /* number of the first sample in the dataset */
    uint32_t n;         /* samples */
    uint32_t part;
    uint64_t off;       /* of the encapsulated message in the part's file, a multiple of 64 */
    uint32_t meta;      /* bytes of the message's head (continuation, length, flatbuffer, padding) */
    uint64_t body;      /* bytes of the body */
    uint64_t sum;       /* XXH3-64 of the meta + body bytes; meaningful when the store has sums */
};

struct hr_part {
    char *path;        /* as opened */
    uint64_t first;    /* number of the first sample */
    uint64_t samples;
    uint32_t chunk0;   /* its chunks are chunk0 .. chunk0 + chunks - 1 */
    uint32_t chunks;
    uint64_t bytes;    /* size of the file */
    int fd;
    struct hr_mapping map; /* the whole file, read-only; pages are touched only as they are used */
    uint64_t head;         /* bytes before the first chunk */
    uint64_t head_sum;     /* XXH3-64 of them, and of the footer; meaningful when the store has sums */
    uint64_t footer_sum;
};

struct hr_store {
    char *path;
    struct hr_schema schema;
    struct hr_layout *layout; /* per field */
    uint64_t samples;
    uint32_t chunk_samples;
    uint32_t chunks;
    struct hr_chunk_ref *chunk;
    uint32_t parts;
    struct hr_part *part;
    enum hr_codec codec;
    bool sums;              /* chunks carry checksums, and this build can check them */
    uint64_t id;            /* fingerprint of schema + chunk sums: a resume state of another dataset is refused by it */
    char *statistics;       /* the JSON text of statistics.json, or NULL */
    uint64_t body_max;      /* largest meta + body of any chunk, bytes */
    uint64_t bytes;         /* of all parts */
    uint64_t scratch;       /* hr_store_scratch */
    struct hr_coder_pool *coders; /* for compressed chunks, else NULL */
};

int hr_store_open(const char *path, struct hr_store **ret, struct hr_error *err) HR_MUST_USE;
void hr_store_close(struct hr_store *s); /* accepts NULL */

/* The chunk that holds `sample` (< samples). */
uint32_t hr_store_chunk_of(const struct hr_store *s, uint64_t sample);

/* The view of chunk `c` whose meta + body bytes lie at `block` (64-byte aligned; the mapping, or a buffer filled by the
 * caller).  Columns point into `block`; ret->col has room for schema.n.  Checks every length and offset against the block
 * (all offsets when `deep`), so a damaged chunk is HR_E_CORRUPT and never a wild pointer.
 * Compressed stores: the columns are decompressed into `scratch` (hr_store_scratch(s) bytes, 64-byte aligned); NULL then is
 * HR_E_INVALID. */
int hr_store_view(const struct hr_store *s, uint32_t c, const void *block, void *scratch, bool deep, struct hr_chunk *ret,
                  struct hr_error *err) HR_MUST_USE;
/* Bytes of scratch that any one chunk of this store can need (0 when nothing is compressed). */
uint64_t hr_store_scratch(const struct hr_store *s);
/* The block in the mapping. */
const void *hr_store_block(const struct hr_store *s, uint32_t c);
/* Reads meta + body of chunk c with pread into `to`. */
int hr_store_read(const struct hr_store *s, uint32_t c, void *to, struct hr_error *err) HR_MUST_USE;
/* 0, or HR_E_CORRUPT naming file, chunk and samples.  1 when there is nothing to check against. */
int hr_store_check(const struct hr_store *s, uint32_t c, const void *block, struct hr_error *err) HR_MUST_USE;

#endif
