#include "decode.h"

#include "convert.h"
#include "file.h"
#include "mem.h"

#include <string.h>

struct hr_decoder {
    const struct hr_store *store;
    struct hr_schema schema;  /* logical, the fields wanted */
    struct hr_layout *layout;
    int *from;                /* field of the store, per wanted field */
    struct hr_column *raw;    /* the store's columns of the chunk */
    struct hr_column *col;    /* ours */
    struct hr_column *slice;
    struct {
        void *p;
        size_t n;
    } *wide; /* widened values, per wanted field */
    void *block, *scratch;
};

static int choose_fields(struct hr_decoder *d, const char *const *fields, struct hr_error *err)
{
    const struct hr_schema *all = &d->store->schema;
    int n = 0;
    while (fields != NULL && fields[n] != NULL)
        n++;
    if (fields == NULL)
        n = all->n;
    d->schema.field = hr_calloc((size_t)n + 1, sizeof *d->schema.field);
    d->layout = hr_calloc((size_t)n + 1, sizeof *d->layout);
    d->from = hr_calloc((size_t)n + 1, sizeof *d->from);
    d->raw = hr_calloc((size_t)all->n + 1, sizeof *d->raw);
    d->col = hr_calloc((size_t)n + 1, sizeof *d->col);
    d->slice = hr_calloc((size_t)n + 1, sizeof *d->slice);
    d->wide = hr_calloc((size_t)n + 1, sizeof *d->wide);
    if (d->schema.field == NULL || d->layout == NULL || d->from == NULL || d->raw == NULL || d->col == NULL ||
        d->slice == NULL || d->wide == NULL)
        return hr_fail_nomem(err, (size_t)n * sizeof *d->schema.field, "reading a dataset");
    for (int i = 0; i < n; i++) {
        d->from[i] = fields == NULL ? i : hr_schema_find(all, fields[i]);
        if (d->from[i] < 0)
            return hr_fail(err, HR_E_NOT_FOUND, "'%s' has no field '%s'", d->store->path, fields[i]);
        struct hr_field f = all->field[d->from[i]];
        f.stored = f.dtype;
        f.scale = f.offset = NULL;
        f.quant_n = 0;
        d->schema.field[i] = f;
        d->schema.n = i + 1;
        d->layout[i] = hr_layout_of(&f);
    }
    return hr_schema_check(&d->schema, err); /* names twice */
}

int hr_decoder_open(const struct hr_store *s, const char *const *fields, struct hr_decoder **ret, struct hr_error *err)
{
    struct hr_decoder *d = hr_calloc(1, sizeof *d);
    if (d == NULL)
        return hr_fail_nomem(err, sizeof *d, "reading a dataset");
    d->store = s;
    int r = choose_fields(d, fields, err);
    uint64_t scratch = hr_store_scratch(s);
    if (r == 0) {
        d->block = hr_aligned(64, s->body_max + 64);
        d->scratch = scratch == 0 ? NULL : hr_aligned(64, scratch);
        if (d->block == NULL || (scratch != 0 && d->scratch == NULL))
            r = hr_fail_nomem(err, s->body_max + scratch, "a chunk");
    }
    if (r < 0) {
        hr_decoder_close(d);
        return r;
    }
    *ret = d;
    return 0;
}

void hr_decoder_close(struct hr_decoder *d)
{
    if (d == NULL)
        return;
    for (int i = 0; d->wide != NULL && i < d->schema.n; i++)
        hr_free(d->wide[i].p);
    hr_free(d->wide);
    hr_free(d->schema.field); /* scale and offset are the store's, and were left out */
    hr_free(d->layout);
    hr_free(d->from);
    hr_free(d->raw);
    hr_free(d->col);
    hr_free(d->slice);
    hr_free(d->block);
    hr_free(d->scratch);
    hr_free(d);
}

const struct hr_schema *hr_decoder_schema(const struct hr_decoder *d)
{
    return &d->schema;
}

const struct hr_layout *hr_decoder_layout(const struct hr_decoder *d)
{
    return d->layout;
}

/* The value of a quantised element, as the feed computes it. */
static void dequantize(const struct hr_field *stored, enum hr_dtype to, const int8_t *from, uint64_t n, void *dst)
{
    size_t pairs = (size_t)HR_MAX(stored->quant_n, 1);
    for (uint64_t i = 0; i < n; i++) {
        double v = (double)from[i] * stored->scale[i % pairs] + stored->offset[i % pairs];
        if (to == HR_F64)
            ((double *)dst)[i] = v;
        else
            ((float *)dst)[i] = (float)v;
    }
}

/* Column i widened to its dtype; the elements from the column's first byte on, whatever the first offset is. */
static int widen(struct hr_decoder *d, int i, struct hr_error *err)
{
    const struct hr_field *stored = &d->store->schema.field[d->from[i]];
    const struct hr_field *logical = &d->schema.field[i];
    const struct hr_column *raw = &d->raw[d->from[i]];
    uint64_t n = raw->bytes / HR_MAX(hr_dtype_size(stored->stored), (size_t)1), bytes = n * hr_dtype_size(logical->dtype);
    if (bytes > d->wide[i].n) {
        hr_free(d->wide[i].p);
        d->wide[i].n = 0;
        d->wide[i].p = hr_malloc(bytes);
        if (d->wide[i].p == NULL)
            return hr_fail_nomem(err, bytes, "a chunk");
        d->wide[i].n = bytes;
    }
    if (stored->scale != NULL)
        dequantize(stored, logical->dtype, (const int8_t *)raw->values, n, d->wide[i].p);
    else if (hr_convert(logical->dtype, d->wide[i].p, stored->stored, raw->values, n) != (int64_t)n)
        return hr_fail(err, HR_E_CORRUPT, "'%s': the field '%s' is stored as %s, which is no narrower %s", d->store->path,
                       logical->name, hr_dtype_name(stored->stored), hr_dtype_name(logical->dtype));
    d->col[i] = (struct hr_column){ d->wide[i].p, raw->offsets, bytes };
    return 0;
}

int hr_decoder_chunk(struct hr_decoder *d, uint32_t c, struct hr_chunk *ret, struct hr_error *err)
{
    const struct hr_store *s = d->store;
    struct hr_chunk view = { 0, d->raw };
    int r = hr_store_read(s, c, d->block, err);
    if (r == 0)
        r = hr_store_check(s, c, d->block, err);
    if (r >= 0)
        r = hr_store_view(s, c, d->block, d->scratch, true, &view, err);
    if (r < 0)
        return r;
    hr_drop_behind(s->part[s->chunk[c].part].fd, s->chunk[c].off, s->chunk[c].meta + s->chunk[c].body);
    for (int i = 0; i < d->schema.n; i++) {
        const struct hr_field *stored = &s->schema.field[d->from[i]];
        d->col[i] = d->raw[d->from[i]];
        r = stored->stored != stored->dtype || stored->scale != NULL ? widen(d, i, err) : 0;
        if (r < 0)
            return r;
    }
    *ret = (struct hr_chunk){ view.n, d->col };
    return 0;
}

int hr_decoder_each(struct hr_decoder *d, uint64_t first, uint64_t n,
                    int (*fn)(void *arg, const struct hr_chunk *c, struct hr_error *err), void *arg, struct hr_error *err)
{
    const struct hr_store *s = d->store;
    while (n != 0) {
        uint32_t c = hr_store_chunk_of(s, first);
        uint64_t skip = first - s->chunk[c].first, take = HR_MIN(n, s->chunk[c].n - skip);
        struct hr_chunk whole, part;
        int r = hr_decoder_chunk(d, c, &whole, err);
        if (r < 0)
            return r;
        hr_chunk_slice(&whole, d->layout, d->schema.n, (uint32_t)skip, (uint32_t)take, d->slice, &part);
        r = fn(arg, &part, err);
        if (r < 0)
            return r;
        first += take;
        n -= take;
    }
    return 0;
}

void hr_chunk_slice(const struct hr_chunk *c, const struct hr_layout *layout, int fields, uint32_t first, uint32_t n,
                    struct hr_column *col, struct hr_chunk *ret)
{
    for (int f = 0; f < fields; f++) {
        uint64_t sample = layout[f].row * layout[f].elem;
        col[f] = c->col[f];
        if (layout[f].lists != 0) {
            col[f].offsets += (size_t)first * layout[f].lists;
        } else {
            col[f].values += first * sample;
            col[f].bytes = n * sample;
        }
    }
    *ret = (struct hr_chunk){ n, col };
}
