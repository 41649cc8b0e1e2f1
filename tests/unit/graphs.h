/* Graph samples made up from their number: every value can be computed again, so a batch is checked against the samples
 * it says it holds.  In memory, as chunks of columns; test_loader.c writes the same to a store. */
#ifndef HR_GRAPHS_H
#define HR_GRAPHS_H

#include "headrace/feed.h"
#include "rng.h"
#include "schema.h"

#include <stdlib.h>
#include <string.h>

enum { G_X = 0, G_EDGES, G_ATTR, G_Y, G_FIELDS, G_FX = 9, G_FA = 4, G_FY = 8 };

struct graphs {
    uint64_t samples;
    uint32_t chunk_samples, chunks;
    enum hr_dtype index; /* as edge_index is stored */
    struct hr_field field[G_FIELDS];
    struct hr_layout layout[G_FIELDS];
    struct hr_schema schema;
    struct hr_chunk *chunk;
    struct hr_column *col; /* [chunks][G_FIELDS] */
};

static inline uint32_t g_nodes(uint64_t s)
{
    return 20 + (uint32_t)(hr_mix64(s * 2 + 1) % 41);
}
static inline uint32_t g_edges(uint64_t s)
{
    return s % 97 == 5 ? 0 : 120 + (uint32_t)(hr_mix64(s * 3 + 7) % 161);
}
static inline float g_x(uint64_t s, uint64_t i)
{
    return (float)(int32_t)(hr_mix64(s * 1000003 + i) % 200001) / 100.0f - 1000.0f;
}
static inline float g_attr(uint64_t s, uint64_t i)
{
    return (float)(s % 5000) + (float)i * 0.25f;
}
static inline float g_y(uint64_t s, uint64_t i)
{
    return (float)s * 8 + (float)i;
}
static inline uint32_t g_end(uint64_t s, uint64_t i) /* i-th of the 2E ends, list after list */
{
    return (uint32_t)(hr_mix64(s * 7919 + i) % g_nodes(s));
}

static inline void g_put(void *to, enum hr_dtype t, uint64_t i, uint32_t v)
{
    if (t == HR_U8)
        ((uint8_t *)to)[i] = (uint8_t)v;
    else if (t == HR_U16)
        ((uint16_t *)to)[i] = (uint16_t)v;
    else if (t == HR_I32 || t == HR_U32)
        ((uint32_t *)to)[i] = v;
    else
        ((int64_t *)to)[i] = v;
}

/* Exactly as many bytes as are needed: a read past the end is a read past the allocation. */
static inline void g_chunk(struct graphs *g, uint32_t c)
{
    uint64_t s0 = (uint64_t)c * g->chunk_samples, n = g->samples - s0 < g->chunk_samples ? g->samples - s0 : g->chunk_samples;
    uint64_t nodes = 0, edges = 0, at_n = 0, at_e = 0;
    size_t ib = hr_dtype_size(g->index);
    for (uint64_t s = s0; s < s0 + n; s++) {
        nodes += g_nodes(s);
        edges += g_edges(s);
    }
    float *x = malloc(nodes * G_FX * 4 + 1), *a = malloc(edges * G_FA * 4 + 1), *y = malloc(n * G_FY * 4);
    void *e = malloc(edges * 2 * ib + 1);
    int32_t *ox = malloc((n + 1) * 4), *oe = malloc((2 * n + 1) * 4), *oa = malloc((n + 1) * 4);
    ox[0] = oe[0] = oa[0] = 0;
    for (uint64_t k = 0; k < n; k++) {
        uint64_t s = s0 + k;
        for (uint64_t i = 0; i < g_nodes(s) * (uint64_t)G_FX; i++)
            x[at_n * G_FX + i] = g_x(s, i);
        for (uint64_t i = 0; i < g_edges(s) * (uint64_t)G_FA; i++)
            a[at_e * G_FA + i] = g_attr(s, i);
        for (uint64_t i = 0; i < 2 * (uint64_t)g_edges(s); i++)
            g_put(e, g->index, at_e * 2 + i, g_end(s, i));
        for (uint64_t i = 0; i < G_FY; i++)
            y[k * G_FY + i] = g_y(s, i);
        at_n += g_nodes(s);
        at_e += g_edges(s);
        ox[k + 1] = (int32_t)at_n;
        oa[k + 1] = (int32_t)at_e;
        oe[2 * k + 1] = (int32_t)(2 * at_e - g_edges(s));
        oe[2 * k + 2] = (int32_t)(2 * at_e);
    }
    struct hr_column *col = g->col + (size_t)c * G_FIELDS;
    col[G_X] = (struct hr_column){ (uint8_t *)x, ox, nodes * G_FX * 4 };
    col[G_EDGES] = (struct hr_column){ e, oe, edges * 2 * ib };
    col[G_ATTR] = (struct hr_column){ (uint8_t *)a, oa, edges * G_FA * 4 };
    col[G_Y] = (struct hr_column){ (uint8_t *)y, NULL, n * G_FY * 4 };
    g->chunk[c] = (struct hr_chunk){ (uint32_t)n, col };
}

static inline void g_make(struct graphs *g, uint64_t samples, uint32_t chunk_samples, enum hr_dtype index)
{
    *g = (struct graphs){ .samples = samples, .chunk_samples = chunk_samples, .index = index };
    g->chunks = (uint32_t)((samples + chunk_samples - 1) / chunk_samples);
    g->field[G_X] = (struct hr_field){ .name = "x", .dtype = HR_F32, .stored = HR_F32, .role = HR_ROLE_NODE, .ndim = 2, .shape = { -1, G_FX } };
    g->field[G_EDGES] = (struct hr_field){ .name = "edge_index", .dtype = HR_I64, .stored = index, .role = HR_ROLE_EDGE_INDEX, .ndim = 2, .shape = { 2, -1 } };
    g->field[G_ATTR] = (struct hr_field){ .name = "edge_attr", .dtype = HR_F32, .stored = HR_F32, .role = HR_ROLE_EDGE, .ndim = 2, .shape = { -1, G_FA } };
    g->field[G_Y] = (struct hr_field){ .name = "y", .dtype = HR_F32, .stored = HR_F32, .role = HR_ROLE_GRAPH, .ndim = 1, .shape = { G_FY } };
    g->layout[G_X] = (struct hr_layout){ 0, 1, G_FX, 4 };
    g->layout[G_EDGES] = (struct hr_layout){ 1, 2, 1, (uint32_t)hr_dtype_size(index) };
    g->layout[G_ATTR] = (struct hr_layout){ 0, 1, G_FA, 4 };
    g->layout[G_Y] = (struct hr_layout){ -1, 0, G_FY, 4 };
    g->schema = (struct hr_schema){ G_FIELDS, g->field };
    g->chunk = calloc(g->chunks, sizeof *g->chunk);
    g->col = calloc((size_t)g->chunks * G_FIELDS, sizeof *g->col);
    for (uint32_t c = 0; c < g->chunks; c++)
        g_chunk(g, c);
}

static inline void g_free(struct graphs *g)
{
    for (size_t i = 0; i < (size_t)g->chunks * G_FIELDS; i++) {
        free((void *)g->col[i].values);
        free((void *)g->col[i].offsets);
    }
    free(g->chunk);
    free(g->col);
}

static inline const struct hr_tensor *g_tensor(const struct hr_batch *b, const char *name)
{
    for (int i = 0; i < b->tensors; i++)
        if (strcmp(b->tensor[i].name, name) == 0)
            return &b->tensor[i];
    return NULL;
}

/* 0 when the batch is the graph join of the samples that it names, else a number that says what differs. */
static inline int g_check(const struct hr_batch *b, bool edge_rows)
{
    const struct hr_tensor *x = g_tensor(b, "x"), *e = g_tensor(b, "edge_index"), *a = g_tensor(b, "edge_attr"),
                           *y = g_tensor(b, "y"), *bt = g_tensor(b, "batch"), *pt = g_tensor(b, "ptr");
    if (x == NULL || e == NULL || a == NULL || y == NULL || bt == NULL || pt == NULL)
        return 1;
    uint64_t nodes = 0, edges = 0, total = (uint64_t)a->shape[0];
    const int64_t *ei = e->data;
    for (uint32_t i = 0; i < b->samples; i++) {
        uint64_t s = b->sample[i], n = g_nodes(s), m = g_edges(s);
        if (((int64_t *)pt->data)[i] != (int64_t)nodes)
            return 2;
        for (uint64_t k = 0; k < n * G_FX; k++)
            if (((float *)x->data)[nodes * G_FX + k] != g_x(s, k))
                return 3;
        for (uint64_t k = 0; k < m * G_FA; k++)
            if (((float *)a->data)[edges * G_FA + k] != g_attr(s, k))
                return 4;
        for (uint64_t k = 0; k < G_FY; k++)
            if (((float *)y->data)[i * G_FY + k] != g_y(s, k))
                return 5;
        for (uint64_t k = 0; k < n; k++)
            if (((int64_t *)bt->data)[nodes + k] != (int64_t)i)
                return 6;
        for (uint64_t k = 0; k < 2 * m; k++) {
            uint64_t l = k / m, j = edges + k % m;
            if (ei[edge_rows ? 2 * j + l : l * total + j] != (int64_t)(g_end(s, k) + nodes))
                return 7;
        }
        nodes += n;
        edges += m;
    }
    if (x->shape[0] != (int64_t)nodes || x->shape[1] != G_FX || a->shape[0] != (int64_t)edges || bt->shape[0] != (int64_t)nodes ||
        pt->shape[0] != (int64_t)b->samples + 1 || ((int64_t *)pt->data)[b->samples] != (int64_t)nodes ||
        y->shape[0] != (int64_t)b->samples || e->shape[edge_rows ? 0 : 1] != (int64_t)edges || e->shape[edge_rows ? 1 : 0] != 2)
        return 8;
    return 0;
}

#endif
