/* Steps: who gets which positions of the epoch's global order, and when.
 *
 * One step of all ranks together takes batch * world positions; rank r's share of it begins at start(r) and has count(r) of
 * them.  With equal weights count = batch, so that step s of rank r is global batch s * world + r.  With weights the
 * counts are the weights' shares by largest remainder (ties to the lower rank), and ranks take their shares of each step in rank
 * order.  Either way the shares of a step, laid end to end in rank order, are the global order: I1.
 *
 * The end of the epoch:
 *   KEEP  shares are cut at the last sample; a rank whose share would be empty has one step less
 *   DROP  only steps that are whole for every rank
 *   PAD   the last step is filled up with positions beyond the end, which hr_epoch_places takes modulo the number of samples
 * Thread-safety: immutable after init and resume. */
#ifndef HR_STEPS_H
#define HR_STEPS_H

#include "err.h"
#include "headrace/feed.h"

struct hr_steps {
    uint64_t samples;  /* of the epoch */
    uint64_t per_step; /* batch * world */
    uint64_t batch;
    uint64_t base, origin; /* step `base` begins at position `origin`: 0 and 0 unless resumed */
    enum hr_tail tail;
    int world;
    uint64_t *start; /* [world + 1], owned; NULL = equal shares */
};

/* `weights`: world of them, all above 0, or NULL.  HR_E_INVALID when a rank's share would be no sample at all. */
int hr_steps_init(struct hr_steps *s, uint64_t samples, uint64_t batch, int world, const double *weights, enum hr_tail tail,
                  struct hr_error *err) HR_MUST_USE;
void hr_steps_fini(struct hr_steps *s); /* accepts a zeroed one */

/* Continues from global position `position` (of an hr_state, perhaps written by another world or batch size): every sample
 * from there on comes exactly once.  Where the position is no whole number of steps, the steps are numbered from the last whole
 * one.  Returns the number of the step that begins there. */
uint64_t hr_steps_resume(struct hr_steps *s, uint64_t position);

struct hr_share {
    uint64_t position; /* global, of the first sample */
    uint64_t count;
};
/* False when the epoch has no such step for this rank (0 <= rank < world). */
bool hr_steps_at(const struct hr_steps *s, uint64_t step, int rank, struct hr_share *ret);
/* How many steps the rank has; they are numbered from 0, resumed or not. */
uint64_t hr_steps_count(const struct hr_steps *s, int rank);
/* Where a step begins, for all ranks together: what hr_state.position holds. */
uint64_t hr_steps_position(const struct hr_steps *s, uint64_t step);
/* Samples in a whole step of this rank, and the most that any rank has. */
uint64_t hr_steps_share(const struct hr_steps *s, int rank);
uint64_t hr_steps_share_max(const struct hr_steps *s);

#endif
