/* What a window costs in randomness, told before the run: the figures of quality.h as they are to be expected.
 *
 * The model.  N samples in C chunks of c; windows of W chunks, so of n = W c samples; batches of B.  A batch is cut by window
 * borders into pieces of j samples; within a piece every set of j of the window's n samples is equally likely, and chunks
 * are dealt to windows at random.  So everything follows from pairs:
 *   two samples of one piece come from one chunk with probability (c - 1) / (n - 1), else from two chunks at random;
 *   two samples of different pieces come from two different chunks at random.
 * neighbours: two of one chunk lie within G places with probability sum over d <= min(G, c - 1) of 2 (c - d) / (c (c - 1)); two of
 * different chunks with what is left of chance.  variance: 1 + (B - 1) times the mean correlation of a pair's labels; for the
 * drifting label (the sample's number) two of one chunk correlate by 1 - c^2 / N^2 less the share within the chunk, and two
 * of different chunks by what makes all pairs together correlate by -1 / (N - 1).  The exact means, for whole chunks.
 * groups: a block of G places overlaps one, two or more chunks; the chance that none of its samples is drawn is
 * hypergeometric given which of these chunks are in the piece's window.  Exact while a block overlaps at most two chunks and
 * a batch has at most two pieces; otherwise pieces are taken as independent, and chunks as equal beyond twelve.
 * A short last window counts with its own size and share; a short last chunk (of one part; more parts blur it further) moves
 * the windows behind it against the batches.  A window of all chunks is a full permutation.
 *
 * Errors: *_error is one standard deviation of what measuring one epoch gives, relative to the figure, with 0.5 % of groups
 * for the model.  Tested: measured means over several epochs lie within 4 of these (tests/unit/test_forecast.c). */
#ifndef HR_FORECAST_H
#define HR_FORECAST_H

#include "quality.h"

struct hr_forecast {
    double groups, neighbours, variance;
    double groups_error, neighbours_error, variance_error; /* relative */
    double groups_full; /* of a full permutation */
};

/* `chunk_samples` and `batch` at least 1; `window_chunks` 0 = all.  NaN where a batch has no pairs or there are no samples. */
struct hr_forecast hr_forecast_of(uint64_t samples, uint64_t chunk_samples, uint64_t window_chunks, uint64_t batch);

/* Only its variance, without the work that groups are (a fraction of a millisecond). */
double hr_forecast_variance(uint64_t samples, uint64_t chunk_samples, uint64_t window_chunks, uint64_t batch);

/* The smallest window whose predicted variance is at most `target` (1 and below: all chunks). */
uint64_t hr_forecast_window(uint64_t samples, uint64_t chunk_samples, uint64_t batch, double target);

#endif
