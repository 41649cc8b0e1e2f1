#include "block.h"

#include "hash.h"
#include "mem.h"
#include "num.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_CEILING = 16 << 20, BADS_CEILING = 64 << 20 };

static void find_graph(struct hr_block *b)
{
    b->node = b->edge_index = -1;
    for (int f = 0; f < b->schema->n; f++) {
        if (b->schema->field[f].role == HR_ROLE_NODE && b->node < 0)
            b->node = f;
        if (b->schema->field[f].role == HR_ROLE_EDGE_INDEX && b->edge_index < 0)
            b->edge_index = f;
    }
}

int hr_block_init(struct hr_block *b, const struct hr_schema *schema, size_t ceiling, struct hr_error *err)
{
    *b = (struct hr_block){ .schema = schema };
    size_t n = (size_t)schema->n;
    b->layout = hr_calloc(n + 1, sizeof *b->layout);
    b->col = hr_calloc(n + 1, sizeof *b->col);
    b->number = HR_BUF_INIT(ceiling);
    b->hash = HR_BUF_INIT(ceiling);
    b->bad = HR_BUF_INIT(BADS_CEILING);
    b->words = HR_ARENA_INIT(WORDS_CEILING);
    if (b->layout == NULL || b->col == NULL) {
        hr_block_fini(b);
        return hr_fail_nomem(err, n * sizeof *b->col, "the columns of a block");
    }
    for (size_t f = 0; f < n; f++) {
        b->layout[f] = hr_layout_of(&schema->field[f]);
        b->col[f].values = HR_BUF_INIT(ceiling);
        b->col[f].offsets = HR_BUF_INIT(ceiling);
        b->col[f].row_bytes = b->layout[f].row * b->layout[f].elem;
    }
    find_graph(b);
    return 0;
}

void hr_block_reset(struct hr_block *b)
{
    for (int f = 0; b->col != NULL && f < b->schema->n; f++) {
        hr_buf_reset(&b->col[f].values);
        hr_buf_reset(&b->col[f].offsets);
    }
    hr_buf_reset(&b->number);
    hr_buf_reset(&b->hash);
    hr_buf_reset(&b->bad);
    hr_arena_fini(&b->words);
    b->n = 0;
    b->open = false;
}

void hr_block_fini(struct hr_block *b)
{
    for (int f = 0; b->col != NULL && f < b->schema->n; f++) {
        hr_buf_fini(&b->col[f].values);
        hr_buf_fini(&b->col[f].offsets);
    }
    hr_buf_fini(&b->number);
    hr_buf_fini(&b->hash);
    hr_buf_fini(&b->bad);
    hr_arena_fini(&b->words);
    hr_free(b->layout);
    hr_free(b->col);
    *b = (struct hr_block){ .schema = NULL };
}

uint64_t hr_block_bytes(const struct hr_block *b)
{
    uint64_t sum = b->number.cap + b->hash.cap + b->bad.cap + b->words.used;
    for (int f = 0; b->col != NULL && f < b->schema->n; f++)
        sum += b->col[f].values.cap + b->col[f].offsets.cap;
    return sum;
}

static bool ragged(const struct hr_block *b, int f)
{
    return b->layout[f].lists != 0;
}

void hr_block_begin(struct hr_block *b, uint64_t number, uint64_t offset)
{
    for (int f = 0; f < b->schema->n; f++) {
        struct hr_block_column *c = &b->col[f];
        if (ragged(b, f) && c->offsets.len == 0)
            hr_buf_add(&c->offsets, &(int32_t){ 0 }, sizeof(int32_t));
        c->mark_values = c->values.len;
        c->mark_offsets = c->offsets.len;
    }
    b->cur_number = number;
    b->cur_offset = offset;
    b->open = true;
}

void hr_block_add(struct hr_block *b, int f, const void *p, size_t n)
{
    hr_buf_add(&b->col[f].values, p, n);
}

void hr_block_list(struct hr_block *b, int f)
{
    struct hr_block_column *c = &b->col[f];
    size_t rows = c->values.len / c->row_bytes;
    if (rows > INT32_MAX)
        c->offsets.failed = true;
    else
        hr_buf_add(&c->offsets, &(int32_t){ (int32_t)rows }, sizeof(int32_t));
}

static void take_back(struct hr_block *b)
{
    for (int f = 0; f < b->schema->n; f++) {
        b->col[f].values.len = b->col[f].mark_values;
        b->col[f].offsets.len = b->col[f].mark_offsets;
    }
    b->open = false;
}

void hr_block_drop_last(struct hr_block *b, uint32_t before)
{
    if (b->n != before + 1)
        return;
    take_back(b); /* the marks are still that sample's */
    b->number.len -= sizeof(uint64_t);
    b->hash.len -= b->hashing ? sizeof(struct hr_hash128) : 0;
    b->n = before;
}

int hr_block_bad(struct hr_block *b, const char *key, uint64_t offset, struct hr_error *err, const char *fmt, ...)
{
    char why[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    take_back(b);
    struct hr_bad_sample bad = { .number = b->cur_number, .offset = offset, .after = b->n, .field = -1 };
    bad.key = hr_arena_str(&b->words, key, strlen(key));
    bad.why = hr_arena_str(&b->words, why, n < 0 ? 0 : HR_MIN((size_t)n, sizeof why - 1));
    if (bad.key == NULL || bad.why == NULL || !hr_buf_add(&b->bad, &bad, sizeof bad))
        return hr_fail_nomem(err, sizeof bad, "the record of a bad sample");
    return 0;
}

struct hr_bad_sample *hr_block_last_bad(struct hr_block *b)
{
    size_t n = hr_block_bads(b);
    return n == 0 ? NULL : (struct hr_bad_sample *)(void *)b->bad.data + (n - 1);
}

/* Rows that field f of the open sample has: of its first list when ragged, of its first dimension when fixed. */
static uint64_t sample_rows(const struct hr_block *b, int f)
{
    if (!ragged(b, f))
        return b->schema->field[f].ndim > 0 ? (uint64_t)b->schema->field[f].shape[0] : 1;
    const int32_t *off = (const int32_t *)(const void *)(b->col[f].offsets.data + b->col[f].mark_offsets);
    return (uint64_t)(off[0] - off[-1]);
}

/* The largest index among n elements, a negative one counting as larger than all. */
#define LARGEST(type, utype)                                \
    do {                                                    \
        const type *v = p;                                  \
        utype top = 0;                                      \
        for (size_t i = 0; i < n; i++)                      \
            top = HR_MAX(top, (utype)v[i]);                 \
        return top;                                         \
    } while (0)

static uint64_t largest(enum hr_dtype t, const void *p, size_t n)
{
    switch (t) {
    case HR_I8:
    case HR_U8: LARGEST(uint8_t, uint8_t);
    case HR_I16:
    case HR_U16: LARGEST(uint16_t, uint16_t);
    case HR_I32:
    case HR_U32: LARGEST(uint32_t, uint32_t);
    case HR_I64:
    case HR_U64: LARGEST(uint64_t, uint64_t);
    default: return 0;
    }
}

static int check_complete(struct hr_block *b, int f, struct hr_error *err)
{
    const struct hr_block_column *c = &b->col[f];
    const char *name = b->schema->field[f].name;
    size_t bytes = c->values.len - c->mark_values, lists = (c->offsets.len - c->mark_offsets) / sizeof(int32_t);
    uint32_t elem = b->layout[f].elem;
    if (!ragged(b, f)) {
        if (bytes == c->row_bytes)
            return 1;
        return hr_block_bad(b, name, b->cur_offset, err, bytes == 0 ? "is missing" : "has %zu values where %zu are expected",
                            bytes / elem, c->row_bytes / elem);
    }
    if (lists != b->layout[f].lists)
        return hr_block_bad(b, name, b->cur_offset, err, lists == 0 ? "is missing" : "has %zu lists where %u are expected",
                            lists, b->layout[f].lists);
    if (bytes % c->row_bytes != 0)
        return hr_block_bad(b, name, b->cur_offset, err, "ends inside a row of %zu values", c->row_bytes / elem);
    if (lists > 1) {
        const int32_t *off = (const int32_t *)(const void *)(c->offsets.data + c->mark_offsets);
        for (size_t i = 1; i < lists; i++)
            if (off[i] - off[i - 1] != off[0] - off[-1])
                return hr_block_bad(b, name, b->cur_offset, err, "has rows of differing length: %d and %d",
                                    (int)(off[0] - off[-1]), (int)(off[i] - off[i - 1]));
    }
    return 1;
}

/* Node fields agree in length, edge fields agree with edge_index, edge_index points at nodes. */
static int check_graph(struct hr_block *b, struct hr_error *err)
{
    for (int f = 0; f < b->schema->n; f++) {
        enum hr_role role = b->schema->field[f].role;
        int like = role == HR_ROLE_NODE ? b->node : role == HR_ROLE_EDGE ? b->edge_index : -1;
        if (like < 0 || like == f)
            continue;
        uint64_t mine = sample_rows(b, f), its = sample_rows(b, like);
        if (mine != its)
            return hr_block_bad(b, b->schema->field[f].name, b->cur_offset, err, "has %llu rows, and '%s' has %llu",
                                (unsigned long long)mine, b->schema->field[like].name, (unsigned long long)its);
    }
    if (b->edge_index < 0 || b->node < 0)
        return 1;
    const struct hr_block_column *c = &b->col[b->edge_index];
    size_t n = (c->values.len - c->mark_values) / b->layout[b->edge_index].elem;
    uint64_t top = largest(b->schema->field[b->edge_index].stored, c->values.data + c->mark_values, n);
    uint64_t nodes = sample_rows(b, b->node);
    if (n == 0 || top < nodes)
        return 1;
    return hr_block_bad(b, b->schema->field[b->edge_index].name, b->cur_offset, err,
                        "names node %lld, and '%s' has %llu rows", (long long)top, b->schema->field[b->node].name,
                        (unsigned long long)nodes);
}

/* A hash of the open sample's contents: equal exactly when all values and lengths are equal. */
static void hash_sample(struct hr_block *b)
{
    struct {
        struct hr_hash128 values;
        uint64_t rows;
    } part[HR_FIELDS_MAX];
    for (int f = 0; f < b->schema->n; f++) {
        const struct hr_block_column *c = &b->col[f];
        part[f].values = hr_hash128(c->values.data + c->mark_values, c->values.len - c->mark_values);
        part[f].rows = ragged(b, f) ? sample_rows(b, f) : 0;
    }
    struct hr_hash128 all = hr_hash128(part, (size_t)b->schema->n * sizeof part[0]);
    hr_buf_add(&b->hash, &all, sizeof all);
}

static bool short_of_memory(struct hr_block *b)
{
    bool failed = b->number.failed || b->hash.failed;
    for (int f = 0; f < b->schema->n; f++)
        failed = failed || b->col[f].values.failed || b->col[f].offsets.failed;
    return failed;
}

int hr_block_end(struct hr_block *b, struct hr_error *err)
{
    if (short_of_memory(b)) {
        take_back(b);
        return hr_fail(err, HR_E_NOMEM, "sample %llu does not fit the memory for packing; give more with --memory",
                       (unsigned long long)b->cur_number);
    }
    int r = 1;
    for (int f = 0; f < b->schema->n && r == 1; f++)
        r = check_complete(b, f, err);
    if (r == 1)
        r = check_graph(b, err);
    if (r != 1)
        return r;
    if (b->hashing)
        hash_sample(b);
    hr_buf_add(&b->number, &b->cur_number, sizeof b->cur_number);
    if (short_of_memory(b)) {
        take_back(b);
        return hr_fail_nomem(err, sizeof b->cur_number, "a sample's number");
    }
    b->open = false;
    b->n++;
    return 1;
}
