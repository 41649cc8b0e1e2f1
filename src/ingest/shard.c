#include "shard.h"

#include "buf.h"
#include "half.h"
#include "mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a sample is grouped by.  Numbers are compared as numbers, strings bytewise. */
struct key {
    uint64_t sample;
    double v;        /* of numbers; the span's number with "time" */
    struct hr_str s; /* of strings, into the mapped store */
};

static int compare(const void *pa, const void *pb)
{
    const struct key *a = pa, *b = pb;
    if (a->v != b->v)
        return a->v < b->v ? -1 : 1;
    int c = a->s.n == 0 || b->s.n == 0 ? 0 : memcmp(a->s.p, b->s.p, HR_MIN(a->s.n, b->s.n));
    if (c != 0)
        return c;
    if (a->s.n != b->s.n)
        return a->s.n < b->s.n ? -1 : 1;
    return a->sample < b->sample ? -1 : a->sample > b->sample;
}

static bool same(const struct key *a, const struct key *b)
{
    return a->v == b->v && a->s.n == b->s.n && (a->s.n == 0 || memcmp(a->s.p, b->s.p, a->s.n) == 0);
}

static double number(enum hr_dtype t, const uint8_t *p)
{
#define AS(type)                            \
    do {                                    \
        type v;                             \
        memcpy(&v, p, sizeof v);            \
        return (double)v;                   \
    } while (0)
    switch (t) {
    case HR_BOOL:
    case HR_U8: AS(uint8_t);
    case HR_I8: AS(int8_t);
    case HR_U16: AS(uint16_t);
    case HR_I16: AS(int16_t);
    case HR_U32: AS(uint32_t);
    case HR_I32: AS(int32_t);
    case HR_U64: AS(uint64_t);
    case HR_I64: AS(int64_t);
    case HR_F32: AS(float);
    case HR_F64: AS(double);
    case HR_F16: {
        uint16_t h;
        memcpy(&h, p, sizeof h);
        return (double)hr_half_to_float(h);
    }
    default: return 0;
    }
#undef AS
}

static int keys_of_chunk(const struct hr_store *s, uint32_t c, int f, struct key *key, struct hr_column *room, struct hr_error *err)
{
    struct hr_chunk chunk = { .col = room };
    int e = hr_store_view(s, c, hr_store_block(s, c), NULL, true, &chunk, err);
    if (e < 0)
        return e;
    const struct hr_column *col = &chunk.col[f];
    enum hr_dtype t = s->schema.field[f].stored;
    for (uint32_t i = 0; i < chunk.n; i++) {
        key[i] = (struct key){ .sample = s->chunk[c].first + i, .s = { "", 0 } };
        if (t == HR_STR)
            key[i].s = (struct hr_str){ (const char *)col->values + col->offsets[i], (size_t)(col->offsets[i + 1] - col->offsets[i]) };
        else
            key[i].v = number(t, col->values + i * hr_dtype_size(t));
        if (isnan(key[i].v))
            return hr_fail(err, HR_E_INVALID, "sample %llu has NaN in '%s': it belongs to no shard",
                           (unsigned long long)key[i].sample, s->schema.field[f].name);
    }
    return 0;
}

static int find_field(const struct hr_store *s, const char *by, int *ret_f, struct hr_error *err)
{
    static const char *const times[] = { "time", "timestamp", "t", "ts" };
    int f = hr_schema_find(&s->schema, by);
    for (size_t i = 0; f < 0 && strcmp(by, "time") == 0 && i < HR_COUNT(times); i++)
        f = hr_schema_find(&s->schema, times[i]);
    if (f < 0)
        return hr_fail(err, HR_E_INVALID, "there is no field '%s' to make shards by", by);
    if (s->schema.field[f].ndim != 0 || s->schema.field[f].dtype == HR_BYTES)
        return hr_fail(err, HR_E_INVALID, "'%s' has more than one value per sample: shards are made by a number or a string",
                       s->schema.field[f].name);
    *ret_f = f;
    return 0;
}

/* Turns times into the numbers of their spans, and tells where the spans lie. */
static void into_spans(struct key *key, uint64_t n, double *ret_lo, double *ret_step)
{
    double lo = INFINITY, hi = -INFINITY;
    for (uint64_t i = 0; i < n; i++) {
        lo = HR_MIN(lo, key[i].v);
        hi = HR_MAX(hi, key[i].v);
    }
    double step = (hi - lo) / HR_SHARD_SPANS;
    for (uint64_t i = 0; i < n; i++) {
        double k = step > 0 && isfinite(step) ? floor((key[i].v - lo) / step) : 0;
        key[i].v = HR_MIN(k, (double)(HR_SHARD_SPANS - 1));
    }
    *ret_lo = lo;
    *ret_step = step;
}

static char *label_of(const struct key *k, bool spans, double lo, double step)
{
    struct hr_buf b = HR_BUF_INIT(1 << 12);
    if (spans)
        hr_buf_printf(&b, "%.17g to %.17g", lo + k->v * step, lo + (k->v + 1) * step);
    else if (k->s.n != 0)
        hr_buf_printf(&b, "%.*s", (int)HR_MIN(k->s.n, (size_t)200), k->s.p);
    else
        hr_buf_printf(&b, "%.17g", k->v);
    return hr_buf_take(&b);
}

static int group(const struct key *key, uint64_t n, bool spans, double lo, double step, struct hr_shards *ret, struct hr_error *err)
{
    ret->order = hr_malloc(HR_MAX(n, (uint64_t)1) * sizeof *ret->order);
    ret->end = hr_calloc(HR_SHARDS_MAX, sizeof *ret->end);
    ret->label = hr_calloc(HR_SHARDS_MAX, sizeof *ret->label);
    if (ret->order == NULL || ret->end == NULL || ret->label == NULL)
        return hr_fail_nomem(err, n * sizeof *ret->order, "the order of shards");
    for (uint64_t i = 0; i < n; i++) {
        ret->order[i] = key[i].sample;
        if (i == 0 || !same(&key[i], &key[i - 1])) {
            if (ret->n == HR_SHARDS_MAX)
                return hr_fail(err, HR_E_LIMIT, "there would be more than %d shards: choose a field with fewer values", HR_SHARDS_MAX);
            ret->label[ret->n] = label_of(&key[i], spans, lo, step);
            if (ret->label[ret->n++] == NULL)
                return hr_fail_nomem(err, 1, "a shard's label");
        }
        ret->end[ret->n - 1] = i + 1;
    }
    return 0;
}

int hr_shards_make(const struct hr_store *s, const char *by, struct hr_shards *ret, struct hr_error *err)
{
    struct hr_shards shards = { .n = 0 };
    int f = 0, e = find_field(s, by, &f, err);
    if (e < 0)
        return e;
    struct key *key = hr_reallocarray(NULL, HR_MAX(s->samples, (uint64_t)1), sizeof *key);
    struct hr_column *room = hr_calloc((size_t)s->schema.n, sizeof *room);
    double lo = 0, step = 0;
    bool spans = strcmp(by, "time") == 0 && s->schema.field[f].dtype != HR_STR;
    if (key == NULL || room == NULL)
        e = hr_fail_nomem(err, s->samples * sizeof *key, "the order of shards");
    for (uint32_t c = 0; e == 0 && c < s->chunks; c++)
        e = keys_of_chunk(s, c, f, key + s->chunk[c].first, room, err);
    if (e == 0) {
        if (spans)
            into_spans(key, s->samples, &lo, &step);
        qsort(key, s->samples, sizeof *key, compare);
        e = group(key, s->samples, spans, lo, step, &shards, err);
    }
    hr_free(key);
    hr_free(room);
    if (e < 0)
        hr_shards_fini(&shards);
    else
        *ret = shards;
    return e;
}

void hr_shards_fini(struct hr_shards *s)
{
    for (uint32_t i = 0; i < s->n && s->label != NULL; i++)
        hr_free(s->label[i]);
    hr_free(s->label);
    hr_free(s->order);
    hr_free(s->end);
    *s = (struct hr_shards){ .n = 0 };
}
