/* JSON documents as `headrace pack` reads them: inference, then every sample into columns.  The first byte chooses the form;
 * the second whether the schema is inferred from the text or a fixed one of every kind of field.
 *
 * What must hold besides not crashing: every sample is either in the block or recorded as bad, in ascending order and at a
 * byte of the text; columns are complete for as many samples as the block says. */
#include "decimal.h"
#include "json_doc.h"
#include "json_infer.h"
#include "mem.h"
#include "roles.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hr_field fixed[] = {
    { .name = "x", .dtype = HR_F32, .stored = HR_F32, .ndim = 2, .shape = { HR_RAGGED, 2 }, .role = HR_ROLE_NODE },
    { .name = "edge_index", .dtype = HR_I64, .stored = HR_I64, .ndim = 2, .shape = { 2, HR_RAGGED }, .role = HR_ROLE_EDGE_INDEX },
    { .name = "e", .dtype = HR_F64, .stored = HR_F64, .ndim = 1, .shape = { HR_RAGGED }, .role = HR_ROLE_EDGE },
    { .name = "y", .dtype = HR_F16, .stored = HR_F16, .ndim = 2, .shape = { 2, 2 } },
    { .name = "g.b", .dtype = HR_BOOL, .stored = HR_BOOL, .ndim = 1, .shape = { 3 } },
    { .name = "g.u", .dtype = HR_U8, .stored = HR_U8 },
    { .name = "g.h.s", .dtype = HR_STR, .stored = HR_STR },
    { .name = "n", .dtype = HR_I32, .stored = HR_I32 },
};

static int look(const char *p, void *arg, struct hr_error *err)
{
    return hr_json_infer_add(arg, p, err);
}

static void check(const struct hr_block *b, const struct hr_json_piece *piece)
{
    const struct hr_bad_sample *bad = (const struct hr_bad_sample *)(const void *)b->bad.data;
    const uint64_t *number = (const uint64_t *)(const void *)b->number.data;
    uint64_t next = piece->number, k = 0;
    if (b->number.len != b->n * sizeof *number || b->open)
        abort();
    for (uint32_t i = 0; i <= b->n; i++) {
        for (; k < hr_block_bads(b) && bad[k].after == i; k++, next++)
            if (bad[k].number != next || bad[k].offset < piece->offset || bad[k].offset > piece->offset + piece->n)
                abort();
        if (i < b->n && number[i] != next++)
            abort();
    }
    if (k != hr_block_bads(b))
        abort();
    for (int f = 0; f < b->schema->n; f++) {
        const struct hr_layout *l = &b->layout[f];
        size_t row = b->col[f].row_bytes, values = b->col[f].values.len;
        if (l->lists == 0 && values != b->n * row)
            abort();
        if (l->lists == 0 || b->n == 0)
            continue;
        const int32_t *off = (const int32_t *)(const void *)b->col[f].offsets.data;
        if (b->col[f].offsets.len != ((size_t)b->n * l->lists + 1) * sizeof *off || (size_t)off[b->n * l->lists] * row != values)
            abort();
        for (size_t i = 0; i < (size_t)b->n * l->lists; i++)
            if (off[i] > off[i + 1])
                abort();
    }
}

static void parse(const struct hr_json_piece *piece, struct hr_schema *schema)
{
    struct hr_json_reader *r;
    struct hr_json_scratch scratch = HR_JSON_SCRATCH_INIT;
    struct hr_block b;
    if (hr_json_reader_create(schema, piece->n % 2 != 0, &r, NULL) < 0)
        return; /* names that cannot be both a value and an object */
    if (hr_block_init(&b, schema, (size_t)1 << 30, NULL) < 0)
        abort();
    b.hashing = true;
    if (hr_json_piece_parse(r, &scratch, piece, &b, NULL) == 0)
        check(&b, piece);
    hr_roles_guess(schema, &b);
    hr_block_fini(&b);
    hr_json_scratch_fini(&scratch);
    hr_json_reader_destroy(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    hr_decimal_init();
    size_t n = size - 2;
    char *text = hr_malloc(n + HR_DECIMAL_PAD); /* exactly as large as promised: one byte more is found by the sanitizer */
    if (text == NULL)
        return 0;
    memcpy(text, data + 2, n);
    memset(text + n, 0, HR_DECIMAL_PAD);
    struct hr_json_piece piece = { .p = text, .n = n, .offset = 1000, .number = 5, .form = (enum hr_json_form)(data[0] & 3) };
    piece.first = (data[0] & 4) == 0;
    piece.last = (data[0] & 8) == 0;
    piece.tail = (data[0] & 16) != 0;
    struct hr_schema schema = { 0, NULL };
    struct hr_json_infer *infer;
    if (data[1] % 2 == 0) {
        schema = (struct hr_schema){ HR_COUNT(fixed), hr_memdup(fixed, sizeof fixed) };
    } else if (hr_json_infer_create(&infer, NULL) == 0) {
        if (hr_json_piece_walk(&piece, look, infer, NULL) < 0 || hr_json_infer_schema(infer, data[1] % 4 == 1, &schema, NULL) < 0)
            schema = (struct hr_schema){ 0, NULL };
        hr_json_infer_destroy(infer);
        if (schema.field != NULL && hr_schema_check(&schema, NULL) < 0)
            hr_schema_fini(&schema); /* a name that no field may have */
    }
    if (schema.field != NULL)
        parse(&piece, &schema);
    hr_schema_fini(&schema);
    hr_free(text);
    return 0;
}
