/* A JSON document read front to back in pieces that hold whole samples; and the buffers that texts live in. */
#ifndef HR_JSON_STREAM_H
#define HR_JSON_STREAM_H

#include "json_doc.h"
#include "thread.h"

struct hr_json_text {
    struct hr_json_text *next; /* in the pool */
    struct hr_json_piece piece;
    char *p;
    size_t cap;                /* HR_DECIMAL_PAD more are there */
};

/* Buffers for reuse: a fresh one of megabytes costs more in page faults than a tenth of its parsing.  Thread-safe. */
struct hr_json_pool {
    pthread_mutex_t lock;
    struct hr_json_text *free;
};
void hr_json_pool_init(struct hr_json_pool *pool);
void hr_json_pool_fini(struct hr_json_pool *pool);
struct hr_json_text *hr_json_text_get(struct hr_json_pool *pool, size_t n, struct hr_error *err) HR_MUST_USE; /* NULL: no memory */
void hr_json_text_put(struct hr_json_pool *pool, struct hr_json_text *t); /* accepts NULL */

struct hr_json_stream;

/* `path` may be "-". Pieces have about `piece` bytes; a sample beyond `limit` bytes is HR_E_LIMIT. */
int hr_json_stream_open(const char *path, enum hr_json_form form, size_t piece, uint64_t limit, struct hr_json_pool *pool,
                        struct hr_json_stream **ret, struct hr_error *err) HR_MUST_USE;
/* 1 = the next piece, in a text to be put back to the pool (ret_piece is a copy of its piece); 0 = the end. */
int hr_json_stream_next(struct hr_json_stream *s, struct hr_json_text **ret, struct hr_json_piece *ret_piece,
                        struct hr_error *err) HR_MUST_USE;
void hr_json_stream_close(struct hr_json_stream *s); /* accepts NULL */

#endif
