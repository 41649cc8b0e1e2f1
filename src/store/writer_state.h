/* The inside of a writer, shared by its three files: life and footer (writer.c), blocks (writer_block.c), and taking up a
 * file that was left behind (writer_resume.c). */
#ifndef HR_WRITER_STATE_H
#define HR_WRITER_STATE_H

#include "arrow.h"
#include "behind.h"
#include "codec.h"
#include "writer.h"

enum { HR_WRITER_SCHEMA_KV = 3, HR_WRITER_METAS = 16 };

struct hr_writer {
    char *path, *partial;
    int fd;
    struct hr_behind behind;
    struct hr_schema schema;
    struct hr_layout *layout;
    struct hr_writer_options options;
    char chunk_text[16]; /* chunk_samples in decimal */
    struct hr_coder *coder;

    uint64_t off; /* where the next block goes */
    uint64_t samples;
    uint64_t head_sum;
    uint64_t scratch; /* most bytes that the buffers of a chunk take when decompressed, each rounded up to 64 */
    bool closed;      /* a short chunk was written: it must stay the last (I1 of store.h) */
    bool finished;

    uint32_t chunks, room; /* of the next two */
    struct hr_arrow_block *block;
    uint64_t *sum;

    /* One block being made. */
    struct hr_fbb fb;
    struct hr_buf message;
    size_t meta_bytes; /* of every block's message */
    struct hr_arrow_plan plan;
    struct hr_arrow_node *node;
    struct hr_arrow_buffer *buffer;
    uint8_t *space; /* meta_bytes for the message, then the body */
    size_t space_bytes;
    struct hr_buf rebased; /* offsets counted from 0 */

    struct {
        char *key, *value;
    } meta[HR_WRITER_METAS];
    size_t metas;
};

void hr_writer_schema_kv(const struct hr_writer *w, struct hr_arrow_kv kv[HR_WRITER_SCHEMA_KV]);
/* Builds the message of a block of n samples from w->node and w->buffer into w->message. */
int hr_writer_message(struct hr_writer *w, uint64_t n, uint64_t body, uint64_t body_sum, struct hr_error *err) HR_MUST_USE;
/* Room for one more block; its figures. */
int hr_writer_reserve(struct hr_writer *w, struct hr_error *err) HR_MUST_USE;
void hr_writer_count(struct hr_writer *w, uint64_t n, uint64_t body, uint64_t sum, uint64_t scratch);
/* Takes over the whole blocks of an opened partial file that begins with `head`, and cuts off the rest. */
int hr_writer_recover(struct hr_writer *w, struct hr_str head, struct hr_error *err) HR_MUST_USE;

#endif
