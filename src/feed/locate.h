/* What was in a step: the samples that a rank was fed, computed from the options of the run and the dataset's footer alone,
 * on any machine and without reading a chunk. */
#ifndef HR_LOCATE_H
#define HR_LOCATE_H

#include "order.h"
#include "quality.h"
#include "steps.h"
#include "store.h"

/* The options of the run that the order depends on.  `window_chunks` is what the loader told (hr_state, the report): the budget of
 * the machine may have chosen it. */
struct hr_run {
    bool shuffle;
    uint64_t seed, window_chunks; /* 0, or all chunks and more: a full shuffle, as the loader does it */
    uint64_t batch_size;
    int world;
    const double *weights; /* world of them, or NULL */
    enum hr_tail tail;
};

/* The order that a loader with these options has. */
int hr_run_order(const struct hr_store *s, const struct hr_run *run, struct hr_order *ret, struct hr_error *err) HR_MUST_USE;

struct hr_located {
    enum hr_order_kind kind;
    uint64_t window_chunks;
    uint64_t steps; /* of this rank per epoch */
    struct hr_share share;
    struct hr_window window; /* of its first position; samples 0 when the epoch has none */
    struct hr_place *place;  /* [share.count], owned */
};
/* HR_E_INVALID when the epoch has no such step for the rank. */
int hr_locate(const struct hr_store *s, const struct hr_run *run, uint64_t epoch, uint64_t step, int rank, struct hr_located *ret,
              struct hr_error *err) HR_MUST_USE;
void hr_located_fini(struct hr_located *l); /* accepts a zeroed one */

/* The mean of quality.h's figures over `epochs` whole epochs from `epoch` on. */
int hr_run_quality(const struct hr_store *s, const struct hr_run *run, uint64_t epoch, uint64_t epochs, struct hr_quality *ret,
                   struct hr_error *err) HR_MUST_USE;

#endif
