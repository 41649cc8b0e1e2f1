/* How well an order shuffles, measured on the order itself.
 *
 *   groups      distinct blocks of HR_NEAR neighbours (sample / HR_NEAR) in a batch, on average
 *   neighbours  pairs of a batch that lie within HR_NEAR places in the store, as a multiple of what chance gives
 *   variance    variance of the batch mean of a label that drifts along the store (here: the sample's number), as a multiple
 *               of what independent draws give.  1 = a true permutation; batch size = not mixed at all; below 1 is not
 *               random either */
#ifndef HR_QUALITY_H
#define HR_QUALITY_H

#include "order.h"

enum { HR_NEAR = 100 };

struct hr_quality {
    uint64_t batches; /* measured; with 0 or no pairs to speak of the figures are NaN */
    double groups, neighbours, variance;
};

/* Of up to `batches` whole batches from the epoch's beginning (0 = all).  Memory: 16 bytes per sample of a batch. */
int hr_quality_measure(const struct hr_epoch *e, uint64_t batch, uint64_t batches, struct hr_quality *ret, struct hr_error *err)
    HR_MUST_USE;

#endif
