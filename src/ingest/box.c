#include "box.h"

#include "mem.h"

#include <string.h>

enum { BOX_CEILING = INT32_MAX };

int hr_box_create(const struct hr_schema *schema, struct hr_box **ret, struct hr_error *err)
{
    size_t n = (size_t)schema->n;
    struct hr_box *b = hr_calloc(1, sizeof *b);
    if (b != NULL) {
        b->schema = schema;
        b->layout = hr_calloc(n, sizeof *b->layout);
        b->col = hr_calloc(n, sizeof *b->col);
        b->chunk.col = hr_calloc(n, sizeof *b->chunk.col);
    }
    if (b == NULL || b->layout == NULL || b->col == NULL || b->chunk.col == NULL) {
        hr_box_destroy(b);
        return hr_fail_nomem(err, n * sizeof *b->col, "the columns of a chunk");
    }
    for (size_t f = 0; f < n; f++) {
        b->layout[f] = hr_layout_of(&schema->field[f]);
        b->col[f].values = HR_BUF_INIT(BOX_CEILING);
        b->col[f].offsets = HR_BUF_INIT(BOX_CEILING);
    }
    *ret = b;
    return 0;
}

void hr_box_destroy(struct hr_box *b)
{
    if (b == NULL)
        return;
    for (int f = 0; b->col != NULL && f < b->schema->n; f++) {
        hr_buf_fini(&b->col[f].values);
        hr_buf_fini(&b->col[f].offsets);
    }
    hr_free(b->layout);
    hr_free(b->col);
    hr_free(b->chunk.col);
    hr_free(b);
}

void hr_box_reset(struct hr_box *b)
{
    for (int f = 0; f < b->schema->n; f++) {
        hr_buf_reset(&b->col[f].values);
        hr_buf_reset(&b->col[f].offsets);
    }
    b->chunk.n = 0;
}

static int add_ragged(struct hr_box *b, int f, const struct hr_column *from, uint32_t first, uint32_t n, struct hr_error *err)
{
    struct hr_box_column *c = &b->col[f];
    uint64_t lists = b->layout[f].lists, row = b->layout[f].row * b->layout[f].elem;
    const int32_t *off = from->offsets + first * lists;
    int64_t base = off[0], rows = off[n * lists] - base, have = (int64_t)(c->values.len / row);
    if (have + rows > INT32_MAX)
        return hr_fail(err, HR_E_LIMIT, "field '%s' has more than 2^31 rows in one chunk; make chunks smaller",
                       b->schema->field[f].name);
    if (c->offsets.len == 0)
        hr_buf_add(&c->offsets, &(int32_t){ 0 }, sizeof(int32_t));
    int32_t *to = (int32_t *)(void *)hr_buf_reserve(&c->offsets, n * lists * sizeof *to);
    if (to == NULL || !hr_buf_add(&c->values, from->values + (uint64_t)base * row, (uint64_t)rows * row))
        return hr_fail_nomem(err, (uint64_t)rows * row, "a chunk");
    for (uint64_t j = 0; j < n * lists; j++)
        to[j] = (int32_t)(off[j + 1] - base + have);
    hr_buf_commit(&c->offsets, n * lists * sizeof *to);
    return 0;
}

int hr_box_add(struct hr_box *b, const struct hr_chunk *from, uint32_t first, uint32_t n, struct hr_error *err)
{
    if (n == 0)
        return 0;
    for (int f = 0; f < b->schema->n; f++) {
        uint64_t row = b->layout[f].row * b->layout[f].elem;
        int e = 0;
        if (b->layout[f].lists != 0)
            e = add_ragged(b, f, &from->col[f], first, n, err);
        else if (!hr_buf_add(&b->col[f].values, from->col[f].values + first * row, n * row))
            e = hr_fail_nomem(err, n * row, "a chunk");
        if (e < 0)
            return e;
    }
    b->chunk.n += n;
    return 0;
}

const struct hr_chunk *hr_box_view(struct hr_box *b)
{
    for (int f = 0; f < b->schema->n; f++)
        b->chunk.col[f] = (struct hr_column){
            .values = (const uint8_t *)b->col[f].values.data,
            .offsets = b->layout[f].lists != 0 ? (const int32_t *)(const void *)b->col[f].offsets.data : NULL,
            .bytes = b->col[f].values.len,
        };
    return &b->chunk;
}

uint64_t hr_box_bytes(const struct hr_box *b)
{
    uint64_t sum = 0;
    for (int f = 0; f < b->schema->n; f++)
        sum += b->col[f].values.len + b->col[f].offsets.len;
    return sum;
}
