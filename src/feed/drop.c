#include "drop.h"

#include "program.h"
#include "rng.h"

#include <inttypes.h>
#include <string.h>

uint64_t hr_drop_scratch(uint64_t nodes, uint64_t edges)
{
    return (2 * nodes + edges) * sizeof(uint32_t);
}

static int64_t end_at(const void *ends, enum hr_dtype type, uint64_t i)
{
    switch (type) {
    case HR_I8:
        return ((const int8_t *)ends)[i];
    case HR_BOOL:
    case HR_U8:
        return ((const uint8_t *)ends)[i];
    case HR_I16:
        return ((const int16_t *)ends)[i];
    case HR_U16:
        return ((const uint16_t *)ends)[i];
    case HR_I32:
        return ((const int32_t *)ends)[i];
    case HR_U32:
        return ((const uint32_t *)ends)[i];
    case HR_I64:
        return ((const int64_t *)ends)[i];
    case HR_U64: {
        uint64_t v = ((const uint64_t *)ends)[i];
        return v > INT64_MAX ? -1 : (int64_t)v;
    }
    default:
        return -1;
    }
}

/* True when one of the n droppers leaves out number i. */
static inline bool left_out(const struct hr_dropper *d, const uint64_t *key, int n, uint64_t i)
{
    bool out = false;
    for (int k = 0; k < n; k++)
        out |= (hr_rng_u64(key[k], i) >> 11) < d[k].below;
    return out;
}

static void make_keys(const struct hr_dropper *d, int n, const struct hr_draw *draw, uint64_t *ret_key)
{
    for (int k = 0; k < n; k++)
        ret_key[k] = hr_rng_key(draw->seed, draw->epoch, draw->sample, d[k].index);
}

int hr_drop_sample(const struct hr_transforms *t, const struct hr_draw *draw, uint64_t nodes, const struct hr_edges *edges,
                   void *scratch, struct hr_kept *ret, struct hr_error *err)
{
    uint64_t key[HR_TRANSFORMS_MAX];
    uint32_t *renumber = scratch, *node = renumber + nodes, *edge = node + nodes;
    struct hr_kept kept = { .nodes = nodes, .edges = edges->n };
    if (nodes >= UINT64_C(1) << 31 || edges->n >= UINT64_C(1) << 31)
        return hr_fail(err, HR_E_LIMIT, "sample %" PRIu64 " has %" PRIu64 " nodes and %" PRIu64 " edges: 2^31 cannot be left out from",
                       draw->sample, nodes, edges->n);
    if (t->node_drops > 0) {
        make_keys(t->node_drop, t->node_drops, draw, key);
        uint32_t left = 0;
        for (uint64_t v = 0; v < nodes; v++) {
            bool out = left_out(t->node_drop, key, t->node_drops, v);
            node[left] = (uint32_t)v;
            renumber[v] = out ? UINT32_MAX : left;
            left += !out;
        }
        kept.nodes = left;
        kept.node = node;
        kept.renumber = renumber;
    }
    if (t->node_drops + t->edge_drops > 0) {
        make_keys(t->edge_drop, t->edge_drops, draw, key);
        uint32_t left = 0;
        for (uint64_t e = 0; e < edges->n; e++) {
            bool out = left_out(t->edge_drop, key, t->edge_drops, e);
            if (kept.renumber != NULL) {
                int64_t a = end_at(edges->src, edges->type, e * edges->stride), b = end_at(edges->dst, edges->type, e * edges->stride);
                if (a < 0 || b < 0 || (uint64_t)a >= nodes || (uint64_t)b >= nodes)
                    return hr_fail(err, HR_E_BAD_SAMPLE,
                                   "edge %" PRIu64 " of sample %" PRIu64 " goes from node %" PRId64 " to %" PRId64
                                   ", and the sample has %" PRIu64 " nodes",
                                   e, draw->sample, a, b, nodes);
                out |= renumber[a] == UINT32_MAX || renumber[b] == UINT32_MAX;
            }
            edge[left] = (uint32_t)e;
            left += !out;
        }
        kept.edges = left;
        kept.edge = edge;
    }
    *ret = kept;
    return 0;
}

/* Rows that follow each other are copied together: most are kept. */
void hr_drop_copy_rows(void *dst, const void *src, uint64_t row_bytes, const uint32_t *keep, uint64_t n)
{
    char *to = dst;
    for (uint64_t i = 0; i < n;) {
        uint64_t run = 1;
        while (i + run < n && keep[i + run] == keep[i] + run)
            run++;
        memcpy(to, (const char *)src + keep[i] * row_bytes, run * row_bytes);
        to += run * row_bytes;
        i += run;
    }
}

void hr_drop_copy_edges(const struct hr_edges *edges, const struct hr_kept *kept, int64_t add, int64_t *a, int64_t *b, uint64_t stride)
{
    for (uint64_t i = 0; i < kept->edges; i++) {
        uint64_t e = kept->edge == NULL ? i : kept->edge[i];
        int64_t from = end_at(edges->src, edges->type, e * edges->stride), to = end_at(edges->dst, edges->type, e * edges->stride);
        if (kept->renumber != NULL) {
            from = kept->renumber[from];
            to = kept->renumber[to];
        }
        a[i * stride] = from + add;
        b[i * stride] = to + add;
    }
}
