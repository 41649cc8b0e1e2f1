/* Chunks of made-up samples for tests of the store: values are a function of (field, sample, element), so that any reader
 * can say what must be there.  Header-only, for tests alone. */
#ifndef STORE_MAKE_H
#define STORE_MAKE_H

#include "mem.h"
#include "rng.h"
#include "schema.h"
#include "writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of list `list` of a ragged field in sample i: 0 to 5, equal for the lists of one sample. */
static inline uint32_t make_rows(int field, uint64_t i)
{
    return (uint32_t)(hr_rng_u64((uint64_t)field + 1, i) % 6);
}

/* Element e of the field in sample i, as a byte pattern that is valid for every dtype. */
static inline void make_value(const struct hr_field *f, int field, uint64_t i, uint64_t e, uint8_t *to)
{
    uint64_t v = hr_rng_u64((uint64_t)field << 32 | 77, i * 1000003 + e);
    double d = (double)(int64_t)(v % 2001) / 8 - 125;
    float s = (float)d;
    uint16_t half = (uint16_t)(0x3C00 + v % 1024); /* 1.0 to 2.0 */
    size_t n = hr_dtype_size(f->stored);
    switch (f->stored) {
    case HR_BOOL:
        *to = v & 1;
        return;
    case HR_F16:
        memcpy(to, &half, 2);
        return;
    case HR_F32:
        memcpy(to, &s, 4);
        return;
    case HR_F64:
        memcpy(to, &d, 8);
        return;
    case HR_STR:
        *to = (uint8_t)('a' + v % 26);
        return;
    case HR_BYTES:
        *to = (uint8_t)v;
        return;
    default:
        memcpy(to, &v, n);
        return;
    }
}

struct make_column {
    uint8_t *values;
    int32_t *offsets;
};

struct make_chunk {
    struct hr_chunk chunk;
    struct make_column *own;
    int n;
};

static inline void make_free(struct make_chunk *m)
{
    for (int i = 0; i < m->n; i++) {
        hr_free(m->own[i].values);
        hr_free(m->own[i].offsets);
    }
    hr_free(m->own);
    hr_free(m->chunk.col);
}

/* Samples first .. first + n - 1 of every field. */
static inline void make_fill(const struct hr_schema *s, uint64_t first, uint32_t n, struct make_chunk *m)
{
    *m = (struct make_chunk){ { n, hr_calloc((size_t)s->n, sizeof(struct hr_column)) }, hr_calloc((size_t)s->n, sizeof *m->own), s->n };
    for (int f = 0; f < s->n; f++) {
        struct hr_layout l = hr_layout_of(&s->field[f]);
        uint64_t rows = n, lists = (uint64_t)n * l.lists;
        if (l.lists != 0) {
            int32_t *off = m->own[f].offsets = hr_calloc(lists + 1, sizeof *off);
            for (uint64_t j = 0; j < lists; j++)
                off[j + 1] = off[j] + (int32_t)make_rows(f, first + j / l.lists);
            rows = (uint64_t)off[lists];
        }
        uint8_t *p = m->own[f].values = hr_malloc(rows * l.row * l.elem + 1);
        uint64_t per_sample = l.row, e = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (l.lists != 0)
                per_sample = (uint64_t)make_rows(f, first + i) * l.lists * l.row;
            for (uint64_t k = 0; k < per_sample; k++, e++)
                make_value(&s->field[f], f, first + i, k, p + e * l.elem);
        }
        m->chunk.col[f] = (struct hr_column){ p, m->own[f].offsets, rows * l.row * l.elem };
    }
}

static inline struct hr_field make_field(const char *name, enum hr_dtype dtype, int ndim, int64_t a, int64_t b, int64_t c, int64_t d)
{
    struct hr_field f = { .dtype = dtype, .stored = dtype, .ndim = ndim, .shape = { a, b, c, d } };
    snprintf(f.name, sizeof f.name, "%s", name);
    return f;
}

/* Every dtype in one shape each, and every kind of shape. */
enum { MAKE_ALL = 24 };
static inline void make_all(struct hr_field f[MAKE_ALL], struct hr_schema *s)
{
    int n = 0;
    f[n++] = make_field("x", HR_F32, 2, -1, 9, 0, 0);
    f[0].role = HR_ROLE_NODE;
    f[n++] = make_field("edge_index", HR_I64, 2, 2, -1, 0, 0);
    f[1].role = HR_ROLE_EDGE_INDEX;
    f[1].stored = HR_U8;
    f[n++] = make_field("fixed", HR_F32, 1, 8, 0, 0, 0);
    f[n++] = make_field("matrix", HR_F64, 2, 3, 2, 0, 0);
    f[n++] = make_field("four", HR_I16, 4, 2, 3, 1, 2);
    f[n++] = make_field("list", HR_I32, 1, -1, 0, 0, 0);
    f[n++] = make_field("deep", HR_U16, 4, -1, 2, 2, 2);
    f[n++] = make_field("pairs", HR_F16, 3, 3, -1, 2, 0);
    f[n++] = make_field("text", HR_STR, 0, 0, 0, 0, 0);
    f[n++] = make_field("blob", HR_BYTES, 0, 0, 0, 0, 0);
    f[n++] = make_field("quant", HR_F32, 2, -1, 2, 0, 0);
    for (int t = HR_BOOL; t <= HR_F64; t++, n++) {
        char name[32];
        snprintf(name, sizeof name, "scalar_%s", hr_dtype_name((enum hr_dtype)t));
        f[n] = make_field(name, (enum hr_dtype)t, 0, 0, 0, 0, 0);
    }
    f[n++] = make_field("один \"字\"", HR_BOOL, 1, -1, 0, 0, 0);
    static const double scale[2] = { 0.1, 1e-9 }, offset[2] = { -3.25, 7 };
    f[10].stored = HR_I8;
    f[10].scale = scale;
    f[10].offset = offset;
    f[10].quant_n = 2;
    *s = (struct hr_schema){ n, f };
}

/* A file of `samples` samples; *err tells when it is negative. */
static inline int make_store(const char *path, const struct hr_schema *s, uint64_t first, uint64_t samples,
                             const struct hr_writer_options *o, struct hr_error *err)
{
    struct hr_writer *w = NULL;
    int r = hr_writer_create(path, s, o, &w, err);
    for (uint64_t i = 0; r == 0 && i < samples; i += o->chunk_samples) {
        struct make_chunk m;
        make_fill(s, first + i, (uint32_t)HR_MIN(samples - i, (uint64_t)o->chunk_samples), &m);
        r = hr_writer_append(w, &m.chunk, err);
        make_free(&m);
    }
    if (r == 0)
        r = hr_writer_finish(w, err);
    hr_writer_destroy(w, false);
    return r;
}

#endif
