/* Arrow's own bytes: the messages and the footer of an IPC file (Arrow columnar format 1.x, metadata version V5).
 *
 * Both directions know exactly the types of docs/format.md and no others: what hr_arrow_* reads is what it writes.  No
 * function here does I/O, and reading trusts no byte (flatbuf.h). */
#ifndef HR_ARROW_H
#define HR_ARROW_H

#include "buf.h"
#include "flatbuf.h"
#include "schema.h"
#include "store.h"

enum {
    HR_ARROW_ALIGN = 64,          /* of blocks in the file and of buffers in a body */
    HR_ARROW_NODES_MAX = HR_FIELDS_MAX * (HR_NDIM_MAX + 1),
    HR_ARROW_BUFFERS_MAX = HR_FIELDS_MAX * (HR_NDIM_MAX + 3),
};
#define HR_ARROW_MAGIC "ARROW1"

/* FieldNode and Buffer as they lie in the file. */
struct hr_arrow_node {
    int64_t length, nulls;
};
struct hr_arrow_buffer {
    int64_t offset, length;
};
/* Block of the footer. */
struct hr_arrow_block {
    int64_t offset;
    int32_t meta, pad;
    int64_t body;
};

struct hr_arrow_kv {
    const char *key;
    struct hr_str value;
};

/* What a record batch of `n` samples consists of, in Arrow's order: depth first, and per level
 *   FixedSizeList  validity                    Utf8, Binary  validity, offsets, data
 *   List           validity, offsets           number        validity, data
 * Validity buffers are empty: nothing is null. */
struct hr_arrow_plan {
    int nodes, buffers;
};
struct hr_arrow_plan hr_arrow_plan_of(const struct hr_schema *s);
/* Fills the nodes of one field of a chunk of n samples with `rows` rows in all (0 when fixed); returns how many. */
int hr_arrow_nodes_of(const struct hr_field *f, uint64_t n, uint64_t rows, struct hr_arrow_node *node);
/* Index among the field's buffers of its offsets (-1: none) and its values; returns how many buffers it has. */
int hr_arrow_buffers_of(const struct hr_field *f, int *ret_offsets, int *ret_values);

/* --- writing --- */

/* Appends an encapsulated message: continuation, length, flatbuffer, and zeros up to a multiple of `align` bytes of file
 * when it begins at `at`. */
int hr_arrow_put_schema(struct hr_fbb *fb, const struct hr_schema *s, const struct hr_arrow_kv *kv, size_t kvs, uint64_t at,
                        struct hr_buf *to, struct hr_error *err) HR_MUST_USE;
/* `node` and `buffer` as the plan says; a body of `body` bytes follows the message. */
int hr_arrow_put_batch(struct hr_fbb *fb, uint64_t n, const struct hr_arrow_node *node, const struct hr_arrow_buffer *buffer,
                       struct hr_arrow_plan plan, enum hr_codec codec, uint64_t body, const struct hr_arrow_kv *kv, size_t kvs,
                       struct hr_buf *to, struct hr_error *err) HR_MUST_USE;
/* The footer's flatbuffer alone, valid until `fb` is used again. */
int hr_arrow_put_footer(struct hr_fbb *fb, const struct hr_schema *s, const struct hr_arrow_kv *schema_kv, size_t schema_kvs,
                        const struct hr_arrow_block *block, size_t blocks, const struct hr_arrow_kv *kv, size_t kvs,
                        const void **ret_p, size_t *ret_n, struct hr_error *err) HR_MUST_USE;

/* --- reading: false or a negative code means malformed bytes; sentences do not name the file, the caller puts it before --- */

struct hr_arrow_footer {
    struct hr_fb schema;
    struct hr_fb_vec blocks; /* of struct hr_arrow_block */
    struct hr_fb_vec kv;     /* of KeyValue tables */
};
int hr_arrow_get_footer(const void *p, size_t n, struct hr_arrow_footer *ret, struct hr_error *err) HR_MUST_USE;
/* The custom metadata of a Schema table. */
bool hr_arrow_schema_kv(const struct hr_fb *schema, struct hr_fb_vec *ret) HR_MUST_USE;
/* The value of a key; p == NULL when it is absent.  False: malformed, or the key stands twice. */
bool hr_arrow_get_kv(const struct hr_fb_vec *kv, const char *key, struct hr_str *ret) HR_MUST_USE;
/* Fields with their types compared to the headrace metadata. */
int hr_arrow_get_schema(const struct hr_fb *schema, struct hr_schema *ret, struct hr_error *err) HR_MUST_USE;

/* The Schema table of the encapsulated schema message that fills the n bytes at p. */
bool hr_arrow_message_schema(const void *p, size_t n, struct hr_fb *ret) HR_MUST_USE;

struct hr_arrow_batch {
    uint64_t n;               /* samples */
    uint64_t body;            /* bytes of the body, as the message says */
    struct hr_fb_vec nodes, buffers, kv;
    enum hr_codec codec;
};
/* The message of `meta` bytes at `p` (continuation included).  *ret_meta: how long the message says that it is. */
int hr_arrow_get_batch(const void *p, size_t meta, struct hr_arrow_batch *ret, struct hr_error *err) HR_MUST_USE;
/* Total bytes of the encapsulated message that begins at p, of which at least 8 bytes are there; 0 = not a message, or the
 * end-of-stream mark. */
uint64_t hr_arrow_message_size(const void *p);

#endif
