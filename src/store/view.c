#include "view.h"

#include "num.h"

#include <string.h>

/* Where the reading of a batch stands. */
struct cursor {
    const struct hr_view *v;
    const struct hr_arrow_batch *b;
    const uint8_t *body;
    uint64_t used; /* of the scratch */
    uint32_t node, buffer;
    struct hr_error *err;
};

static int damaged(struct hr_error *err, const char *field, const char *what)
{
    return hr_fail(err, HR_E_CORRUPT, "field '%s' %s", field, what);
}

/* The bytes of buffer i inside the body. */
static bool buffer_range(const struct hr_arrow_batch *b, uint32_t i, struct hr_arrow_buffer *ret)
{
    memcpy(ret, hr_fb_vec_at(&b->buffers, i), sizeof *ret);
    return ret->offset >= 0 && ret->length >= 0 && ret->offset % 8 == 0 &&
           hr_range_ok((uint64_t)ret->offset, (uint64_t)ret->length, b->body);
}

/* The true length of a compressed buffer. */
static bool coded_length(const uint8_t *p, uint64_t n, uint64_t *ret)
{
    if (n < 8)
        return false;
    int64_t length = hr_fb_i64(p);
    *ret = length == -1 ? n - 8 : (uint64_t)length;
    return length >= -1;
}

/* Buffer i decoded to exactly `want` bytes; *ret points into the body or the scratch. */
static int fetch(struct cursor *c, const char *field, uint32_t i, uint64_t want, const uint8_t **ret)
{
    struct hr_arrow_buffer range;
    if (!buffer_range(c->b, i, &range))
        return damaged(c->err, field, "has a buffer that is not inside the chunk's body");
    const uint8_t *p = c->body + range.offset;
    uint64_t n = (uint64_t)range.length, length = n;
    if (c->v->codec == HR_CODEC_NONE || n == 0) {
        if (n != want)
            return damaged(c->err, field, "has a buffer of another length than its samples need");
        *ret = p;
        return 0;
    }
    if (!coded_length(p, n, &length) || length != want || want == 0)
        return damaged(c->err, field, "has a compressed buffer of another length than its samples need");
    if (!hr_range_ok(c->used, hr_align_up(want, HR_ARROW_ALIGN), c->v->scratch_bytes))
        return damaged(c->err, field, "needs more room to be decompressed than the file says");
    uint8_t *to = c->v->scratch + c->used;
    c->used += hr_align_up(want, HR_ARROW_ALIGN);
    *ret = to;
    if (hr_fb_i64(p) == -1) {
        memcpy(to, p + 8, want);
        return 0;
    }
    int r = hr_coder_decode(c->v->coder, p + 8, n - 8, to, want, c->err);
    return r < 0 ? hr_fail_prefix(c->err, r, "field '%s'", field) : 0;
}

static bool never_falls(const int32_t *offsets, uint64_t n)
{
    bool falls = false;
    for (uint64_t j = 0; j + 1 < n; j++)
        falls |= offsets[j + 1] < offsets[j];
    return !falls;
}

static int offsets_of(struct cursor *c, const char *name, const struct hr_layout *l, uint32_t at, const int32_t **ret,
                      uint64_t *ret_rows)
{
    uint64_t lists, bytes;
    const uint8_t *p = NULL;
    if (hr_ckd_mul(&lists, c->b->n, (uint64_t)l->lists) || lists > INT32_MAX)
        return damaged(c->err, name, "has more lists than the format can count");
    bytes = (lists + 1) * sizeof **ret;
    int r = fetch(c, name, at, bytes, &p);
    if (r < 0)
        return r;
    const int32_t *offsets = (const int32_t *)(const void *)p;
    if (offsets[0] != 0 || offsets[lists] < 0 || (c->v->deep && !never_falls(offsets, lists + 1)))
        return damaged(c->err, name, "has offsets that do not begin at 0 or that decrease");
    *ret = offsets;
    *ret_rows = (uint64_t)offsets[lists];
    return 0;
}

static int nodes_check(struct cursor *c, const struct hr_field *f, uint64_t rows)
{
    struct hr_arrow_node want[HR_NDIM_MAX + 1];
    uint32_t n = (uint32_t)hr_arrow_nodes_of(f, c->b->n, rows, want);
    for (uint32_t k = 0; k < n; k++)
        if (memcmp(&want[k], hr_fb_vec_at(&c->b->nodes, c->node + k), sizeof want[k]) != 0)
            return damaged(c->err, f->name, "has lengths in its head that its offsets contradict, or null values");
    c->node += n;
    return 0;
}

static int column_of(struct cursor *c, int i, struct hr_column *ret)
{
    const struct hr_field *f = &c->v->schema->field[i];
    const struct hr_layout *l = &c->v->layout[i];
    struct hr_column col = { NULL, NULL, 0 };
    int offsets_at, values_at, r;
    int buffers = hr_arrow_buffers_of(f, &offsets_at, &values_at);
    uint64_t rows = c->b->n, row_bytes;
    for (int k = 0; k < buffers; k++) {
        struct hr_arrow_buffer range;
        bool validity = k != offsets_at && k != values_at;
        if (validity && (!buffer_range(c->b, c->buffer + (uint32_t)k, &range) || range.length != 0))
            return damaged(c->err, f->name, "has null values, which a dataset never has");
    }
    if (offsets_at >= 0) {
        r = offsets_of(c, f->name, l, c->buffer + (uint32_t)offsets_at, &col.offsets, &rows);
        if (r < 0)
            return r;
    }
    if (hr_ckd_mul(&row_bytes, l->row, (uint64_t)l->elem) || hr_ckd_mul(&col.bytes, rows, row_bytes) ||
        col.bytes > INT64_MAX / 2)
        return damaged(c->err, f->name, "has more values than any file holds");
    r = fetch(c, f->name, c->buffer + (uint32_t)values_at, col.bytes, &col.values);
    if (r == 0)
        r = nodes_check(c, f, offsets_at >= 0 ? rows : 0);
    if (r < 0)
        return r;
    c->buffer += (uint32_t)buffers;
    *ret = col;
    return 0;
}

int hr_view_batch(const struct hr_view *v, const struct hr_arrow_batch *b, const uint8_t *body, struct hr_chunk *ret,
                  uint64_t *ret_scratch, struct hr_error *err)
{
    struct hr_arrow_plan plan = hr_arrow_plan_of(v->schema);
    struct cursor c = { .v = v, .b = b, .body = body, .err = err };
    if (b->nodes.n != (uint32_t)plan.nodes || b->buffers.n != (uint32_t)plan.buffers || b->codec != v->codec)
        return hr_fail(err, HR_E_CORRUPT, "the head of the chunk does not fit the schema");
    if (b->n > UINT32_MAX)
        return hr_fail(err, HR_E_CORRUPT, "the chunk claims %llu samples", (unsigned long long)b->n);
    for (int i = 0; i < v->schema->n; i++) {
        int r = column_of(&c, i, &ret->col[i]);
        if (r < 0)
            return r;
    }
    ret->n = (uint32_t)b->n;
    if (ret_scratch != NULL)
        *ret_scratch = c.used;
    return 0;
}

int hr_view_scratch(const struct hr_arrow_batch *b, const uint8_t *body, uint64_t *ret, struct hr_error *err)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < b->buffers.n && b->codec != HR_CODEC_NONE; i++) {
        struct hr_arrow_buffer range;
        uint64_t n = 0;
        if (!buffer_range(b, i, &range) || (range.length != 0 && !coded_length(body + range.offset, (uint64_t)range.length, &n)) ||
            n > INT64_MAX / 2 || hr_ckd_add(&total, total, hr_align_up(n, HR_ARROW_ALIGN)))
            return hr_fail(err, HR_E_CORRUPT, "a compressed buffer has a length that makes no sense");
    }
    *ret = total;
    return 0;
}
