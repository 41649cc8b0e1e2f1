/* Leaving out nodes and edges at random: decided per sample before its sizes are known to the batch.
 *
 * Node v is kept when hr_rng_unit(key, v) >= a for every NODE_DROP of the list, edge e when hr_rng_unit(key, e) >= a for every
 * EDGE_DROP and both its ends are kept; key = hr_rng_key(seed, epoch, sample, index in the list).  Kept ones keep their
 * order; nodes are renumbered 0, 1, ...  A graph may lose all its nodes.
 * Thread-safety: as transform.h; the scratch belongs to the caller. */
#ifndef HR_DROP_H
#define HR_DROP_H

#include "transform.h"

/* The edges of one sample as they are stored: edge e goes from src[e * stride] to dst[e * stride], elements of `type` (an
 * integer type).  [2, E]: stride 1 and dst = src + E; [E, 2]: stride 2 and dst = src + 1. */
struct hr_edges {
    const void *src, *dst;
    uint64_t stride;
    enum hr_dtype type;
    uint64_t n;
};

struct hr_kept {
    uint64_t nodes, edges;    /* how many are left */
    const uint32_t *node;     /* [nodes] their old numbers, ascending; NULL: all are kept */
    const uint32_t *edge;     /* [edges] the same; NULL: all are kept */
    const uint32_t *renumber; /* [old nodes] new number, UINT32_MAX = left out; NULL: unchanged */
};

/* Bytes of scratch (4-byte aligned) for a sample of so many nodes and edges, both below 2^31. */
uint64_t hr_drop_scratch(uint64_t nodes, uint64_t edges);
/* Fills *ret, whose lists lie in `scratch`.  HR_E_BAD_SAMPLE when an edge names a node that there is not (looked at only when
 * nodes are dropped). */
int hr_drop_sample(const struct hr_transforms *t, const struct hr_draw *draw, uint64_t nodes, const struct hr_edges *edges,
                   void *scratch, struct hr_kept *ret, struct hr_error *err) HR_MUST_USE;

/* Copies n kept rows of row_bytes each: row keep[i] of src becomes row i of dst. */
void hr_drop_copy_rows(void *dst, const void *src, uint64_t row_bytes, const uint32_t *keep, uint64_t n);
/* Writes the kept edges with new node numbers + add: a[i * stride], b[i * stride]. */
void hr_drop_copy_edges(const struct hr_edges *edges, const struct hr_kept *kept, int64_t add, int64_t *a, int64_t *b,
                        uint64_t stride);

#endif
