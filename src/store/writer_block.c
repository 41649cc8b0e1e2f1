#include "writer_state.h"

#include "file.h"
#include "hash.h"
#include "hex.h"
#include "keys.h"
#include "mem.h"
#include "num.h"

#include <string.h>

/* Bytes of one field of a chunk. */
struct piece {
    const int32_t *offsets; /* NULL for fixed fields */
    uint64_t offset_bytes;
    const uint8_t *values;
    uint64_t value_bytes;
    uint64_t rows; /* 0 for fixed fields */
};

static int bad_column(const struct hr_writer *w, int i, const char *what, struct hr_error *err)
{
    return hr_fail(err, HR_E_INVALID, "field '%s' of a chunk for '%s' %s", w->schema.field[i].name, w->path, what);
}

static int piece_ragged(const struct hr_writer *w, int i, uint32_t n, const struct hr_column *c, struct piece *ret,
                        struct hr_error *err)
{
    struct hr_layout l = w->layout[i];
    uint64_t lists, offset_bytes, row_bytes, from, bytes;
    if (c->offsets == NULL || hr_ckd_mul(&lists, (uint64_t)n, (uint64_t)l.lists) || lists > INT32_MAX)
        return bad_column(w, i, "has no offsets, or more lists than the format can count", err);
    offset_bytes = (lists + 1) * sizeof *c->offsets;
    bool falls = c->offsets[0] < 0;
    for (uint64_t j = 0; j < lists; j++)
        falls |= c->offsets[j + 1] < c->offsets[j];
    if (falls)
        return bad_column(w, i, "has offsets that decrease", err);
    uint64_t rows = (uint64_t)(c->offsets[lists] - c->offsets[0]);
    if (hr_ckd_mul(&row_bytes, l.row, (uint64_t)l.elem) || hr_ckd_mul(&from, (uint64_t)c->offsets[0], row_bytes) ||
        hr_ckd_mul(&bytes, rows, row_bytes) || !hr_range_ok(from, bytes, c->bytes))
        return bad_column(w, i, "has fewer values than its offsets say", err);
    *ret = (struct piece){ c->offsets, offset_bytes, bytes != 0 ? c->values + from : NULL, bytes, rows };
    return 0;
}

static int piece_of(const struct hr_writer *w, int i, uint32_t n, const struct hr_column *c, struct piece *ret,
                    struct hr_error *err)
{
    struct hr_layout l = w->layout[i];
    if (l.lists != 0)
        return piece_ragged(w, i, n, c, ret, err);
    uint64_t bytes;
    if (hr_ckd_mul(&bytes, (uint64_t)n * l.elem, l.row) || bytes > c->bytes)
        return bad_column(w, i, "has fewer values than samples", err);
    *ret = (struct piece){ NULL, 0, c->values, bytes, 0 };
    return 0;
}

/* What a buffer of n bytes may take in the body. */
static bool room_add(const struct hr_writer *w, uint64_t n, uint64_t *total)
{
    if (n == 0)
        return true;
    if (n > INT64_MAX / 4)
        return false;
    uint64_t most = w->coder == NULL ? n : 8 + HR_MAX(n, (uint64_t)hr_coder_bound(w->coder, n));
    return !hr_ckd_add(total, *total, hr_align_up(most, HR_ARROW_ALIGN));
}

static int space_make(struct hr_writer *w, const struct hr_chunk *c, struct hr_error *err)
{
    uint64_t total = w->meta_bytes;
    for (int i = 0; i < w->schema.n; i++) {
        struct piece p;
        int r = piece_of(w, i, c->n, &c->col[i], &p, err);
        if (r < 0)
            return r;
        if (!room_add(w, p.offset_bytes, &total) || !room_add(w, p.value_bytes, &total))
            return bad_column(w, i, "is larger than any memory", err);
    }
    if (total <= w->space_bytes)
        return 0;
    uint8_t *space = hr_aligned(HR_ARROW_ALIGN, total);
    if (space == NULL)
        return hr_fail_nomem(err, total, "a chunk being written");
    hr_free(w->space);
    w->space = space;
    w->space_bytes = total;
    return 0;
}

/* A body being filled: buffers begin at multiples of 64, the bytes between are zero. */
struct body {
    uint8_t *p;
    uint64_t used;
    uint64_t scratch;
};

static void pad(struct body *b)
{
    uint64_t end = hr_align_up(b->used, HR_ARROW_ALIGN);
    memset(b->p + b->used, 0, end - b->used);
    b->used = end;
}

/* A buffer of a compressed body begins with its true length; -1 says that it stands as it is, since compressing it gained
 * nothing. */
static int put(struct hr_writer *w, struct body *b, const void *p, uint64_t n, struct hr_arrow_buffer *ret, struct hr_error *err)
{
    uint64_t from = b->used;
    if (n != 0 && w->coder != NULL) {
        size_t coded = 0, room = hr_coder_bound(w->coder, n);
        uint8_t *to = b->p + b->used;
        int r = hr_coder_encode(w->coder, p, n, to + 8, room, &coded, err);
        if (r < 0)
            return r;
        int64_t length = coded < n ? (int64_t)n : -1;
        memcpy(to, &length, sizeof length);
        if (length == -1)
            memcpy(to + 8, p, n);
        b->used += 8 + HR_MIN(coded, n);
    } else if (n != 0) {
        memcpy(b->p + b->used, p, n);
        b->used += n;
    }
    *ret = (struct hr_arrow_buffer){ (int64_t)from, (int64_t)(b->used - from) };
    pad(b);
    b->scratch += hr_align_up(n, HR_ARROW_ALIGN);
    return 0;
}

/* Offsets counted from the chunk's own first row: the caller's may be a window of a longer column. */
static const int32_t *rebase(struct hr_writer *w, const struct piece *p, struct hr_error *err)
{
    if (p->offsets[0] == 0)
        return p->offsets;
    hr_buf_reset(&w->rebased);
    int32_t *to = (int32_t *)(void *)hr_buf_reserve(&w->rebased, p->offset_bytes);
    if (to == NULL) {
        hr_fail_nomem(err, p->offset_bytes, "the offsets of a chunk");
        return NULL;
    }
    for (uint64_t j = 0; j < p->offset_bytes / sizeof *to; j++)
        to[j] = p->offsets[j] - p->offsets[0];
    return to;
}

static int body_make(struct hr_writer *w, const struct hr_chunk *c, struct body *b, struct hr_error *err)
{
    struct hr_arrow_node *node = w->node;
    struct hr_arrow_buffer *buffer = w->buffer;
    memset(buffer, 0, (size_t)w->plan.buffers * sizeof *buffer);
    for (int i = 0; i < w->schema.n; i++) {
        const struct hr_field *f = &w->schema.field[i];
        struct piece p;
        int offsets_at, values_at, r = piece_of(w, i, c->n, &c->col[i], &p, err);
        if (r < 0)
            return r;
        node += hr_arrow_nodes_of(f, c->n, p.rows, node);
        int buffers = hr_arrow_buffers_of(f, &offsets_at, &values_at);
        if (offsets_at >= 0) {
            const int32_t *offsets = rebase(w, &p, err);
            if (offsets == NULL)
                return HR_E_NOMEM;
            r = put(w, b, offsets, p.offset_bytes, &buffer[offsets_at], err);
        }
        if (r == 0)
            r = put(w, b, p.values, p.value_bytes, &buffer[values_at], err);
        if (r < 0)
            return r;
        buffer += buffers;
    }
    return 0;
}

int hr_writer_message(struct hr_writer *w, uint64_t n, uint64_t body, uint64_t body_sum, struct hr_error *err)
{
    char text[HR_HEX];
    hr_hex_put(body_sum, text);
    const struct hr_arrow_kv kv = { HR_KEY_BODY_SUM, { text, HR_HEX } };
    hr_buf_reset(&w->message);
    return hr_arrow_put_batch(&w->fb, n, w->node, w->buffer, w->plan, w->options.codec, body, &kv, hr_hash_available(),
                              &w->message, err);
}

int hr_writer_reserve(struct hr_writer *w, struct hr_error *err)
{
    if (w->chunks < w->room)
        return 0;
    uint32_t room = HR_MAX(w->room + w->room / 2, 64u);
    if (room > INT32_MAX / sizeof *w->block)
        return hr_fail(err, HR_E_LIMIT, "'%s' has %u chunks; write a further part", w->path, w->chunks);
    struct hr_arrow_block *block = hr_reallocarray(w->block, room, sizeof *block);
    if (block != NULL)
        w->block = block;
    uint64_t *sum = block == NULL ? NULL : hr_reallocarray(w->sum, room, sizeof *sum);
    if (sum == NULL)
        return hr_fail_nomem(err, room * sizeof *block, "the list of chunks");
    w->sum = sum;
    w->room = room;
    return 0;
}

void hr_writer_count(struct hr_writer *w, uint64_t n, uint64_t body, uint64_t sum, uint64_t scratch)
{
    w->block[w->chunks] = (struct hr_arrow_block){ (int64_t)w->off, (int32_t)w->meta_bytes, 0, (int64_t)body };
    w->sum[w->chunks++] = sum;
    w->off += w->meta_bytes + body;
    w->samples += n;
    if (w->coder != NULL)
        w->scratch = HR_MAX(w->scratch, scratch);
    w->closed = n < w->options.chunk_samples;
}

static int append_check(const struct hr_writer *w, const struct hr_chunk *c, struct hr_error *err)
{
    if (w->finished)
        return hr_fail(err, HR_E_STATE, "'%s' is finished: nothing can be added", w->path);
    if (w->closed)
        return hr_fail(err, HR_E_STATE, "a chunk of fewer than %u samples was written to '%s': it must stay the last",
                       w->options.chunk_samples, w->path);
    if (c->n == 0 || c->n > w->options.chunk_samples)
        return hr_fail(err, HR_E_INVALID, "a chunk of %u samples was given to '%s', whose chunks hold 1 to %u", c->n, w->path,
                       w->options.chunk_samples);
    return 0;
}

int hr_writer_append(struct hr_writer *w, const struct hr_chunk *c, struct hr_error *err)
{
    int r = append_check(w, c, err);
    if (r == 0)
        r = hr_writer_reserve(w, err);
    if (r == 0)
        r = space_make(w, c, err);
    if (r < 0)
        return r;
    struct body b = { .p = w->space + w->meta_bytes };
    r = body_make(w, c, &b, err);
    if (r == 0)
        r = hr_writer_message(w, c->n, b.used, hr_hash(b.p, b.used), err);
    if (r < 0)
        return r;
    if (w->message.len != w->meta_bytes)
        return hr_fail(err, HR_E_BUG, "a message of '%s' has %zu bytes, not %zu", w->path, w->message.len, w->meta_bytes);
    memcpy(w->space, w->message.data, w->meta_bytes);
    uint64_t bytes = w->meta_bytes + b.used;
    r = hr_behind_put(&w->behind, w->fd, w->space, bytes, w->off, w->partial, err);
    if (r < 0)
        return r;
    hr_writer_count(w, c->n, b.used, hr_hash(w->space, bytes), b.scratch);
    return 0;
}
