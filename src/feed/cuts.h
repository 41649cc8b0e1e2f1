/* Batches cut by size: each takes the next samples of the global order until one more would pass a limit.  Global batch g goes
 * to rank g mod world as its step g / world, so the batches are the same for every world.
 *
 * Where batch g begins depends on all before it: the cuts are found by a scan of the sizes in global order, and every
 * 256th is kept (8 bytes), so that any batch is found again by at most 255 cuts.  A sample that passes a limit alone is a
 * batch of its own (`oversized` counts them).
 *
 * The scan asks for sizes in runs of up to 64 places in global order: a windowed order keeps them within a window.
 * Thread-safety: one thread at a time. */
#ifndef HR_CUTS_H
#define HR_CUTS_H

#include "headrace/feed.h"
#include "order.h"
#include "steps.h"

struct hr_limits {
    uint64_t samples;      /* at least 1 */
    uint64_t nodes, edges; /* 0 = no limit */
};

/* The sizes of n samples.  A negative code stops the scan, and is returned with *err as it was filled. */
typedef int hr_sizes_fn(void *arg, const struct hr_place *place, size_t n, uint64_t *ret_nodes, uint64_t *ret_edges,
                        struct hr_error *err);

struct hr_cuts {
    const struct hr_epoch *epoch;
    struct hr_limits limits;
    hr_sizes_fn *sizes;
    void *arg;
    struct hr_cursor cursor;
    uint64_t batch, position;     /* the scan stands before this batch, which begins here */
    uint64_t seen, seen_position; /* the furthest it ever stood */
    bool whole;                   /* seen is the number of all batches */
    uint64_t oversized;
    uint64_t *mark; /* [marks]: where batch 256 * i begins; owned */
    uint64_t marks, capacity;
    uint64_t run_at, run; /* sizes known: positions run_at .. + run - 1 */
    uint64_t nodes[HR_CURSOR_AHEAD], edges[HR_CURSOR_AHEAD];
};

/* `epoch` must outlive the cuts.  Free with hr_cuts_fini, also after a failure. */
int hr_cuts_init(struct hr_cuts *c, const struct hr_epoch *epoch, const struct hr_limits *limits, hr_sizes_fn *sizes, void *arg,
                 struct hr_error *err) HR_MUST_USE;
void hr_cuts_fini(struct hr_cuts *c); /* accepts a zeroed one */

/* 1 = *ret is global batch g; 0 = the epoch has fewer. */
int hr_cuts_at(struct hr_cuts *c, uint64_t g, struct hr_share *ret, struct hr_error *err) HR_MUST_USE;
/* How many batches the epoch has: scans what has not been seen. */
int hr_cuts_total(struct hr_cuts *c, uint64_t *ret, struct hr_error *err) HR_MUST_USE;
/* The batch of a rank's step: 1, or 0 past the rank's last.  DROP and PAD must know the total, and so scan the whole epoch at the
 * first step that might be the last; PAD fills up with the epoch's first batches. */
int hr_cuts_step(struct hr_cuts *c, uint64_t step, int rank, int world, enum hr_tail tail, struct hr_share *ret, struct hr_error *err)
    HR_MUST_USE;
/* How many steps a rank has of `total` batches. */
uint64_t hr_cuts_steps(uint64_t total, int rank, int world, enum hr_tail tail);

#endif
