/* The graphs of graphs.h as a dataset on disk, and loaders opened on it. */
#ifndef HR_GRAPH_STORE_H
#define HR_GRAPH_STORE_H

#include "graphs.h"

#include "file.h"
#include "writer.h"

#include <stdio.h>

/* One file of `samples` samples; returns 0. */
static inline int g_write(const char *path, uint64_t samples, uint32_t chunk_samples, enum hr_dtype index, enum hr_codec codec,
                          struct hr_error *err)
{
    struct graphs g;
    struct hr_writer *w;
    struct hr_writer_options o = { .codec = codec, .chunk_samples = chunk_samples };
    g_make(&g, samples, chunk_samples, index);
    int r = hr_writer_create(path, &g.schema, &o, &w, err);
    if (r == 0) {
        for (uint32_t c = 0; r == 0 && c < g.chunks; c++)
            r = hr_writer_append(w, &g.chunk[c], err);
        if (r == 0)
            r = hr_writer_finish(w, err);
        hr_writer_destroy(w, false);
    }
    g_free(&g);
    return r;
}

/* A digest of everything that a batch holds. */
static inline uint64_t g_digest(const struct hr_batch *b, uint64_t before)
{
    uint64_t h = hr_mix64(before ^ b->samples);
    for (int i = 0; i < b->tensors; i++) {
        const struct hr_tensor *t = &b->tensor[i];
        uint64_t n = hr_dtype_size(t->dtype);
        for (int d = 0; d < t->ndim; d++) {
            n *= (uint64_t)t->shape[d];
            h = hr_mix64(h + (uint64_t)t->shape[d]);
        }
        const uint8_t *p = t->data;
        for (; n >= 8; n -= 8, p += 8) {
            uint64_t v;
            memcpy(&v, p, 8);
            h = hr_mix64(h ^ v);
        }
        for (uint64_t k = 0; k < n; k++)
            h = hr_mix64(h ^ p[k]);
    }
    return h;
}

#endif
