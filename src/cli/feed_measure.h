/* A training loop without the training: takes batches and gives them back, and looks at the clock. */
#ifndef HR_FEED_MEASURE_H
#define HR_FEED_MEASURE_H

#include "cli.h"
#include "headrace/feed.h"

struct hr_feed_plan {
    uint64_t epochs;  /* whole ones, at most; 0 = until `seconds`, and without that until a second is over */
    uint64_t seconds; /* ns, 0 = no limit; ends an epoch in its middle */
    uint64_t step;    /* ns that every training step is pretended to take */
};

/* What was seen from outside the loader. */
struct hr_feed_seen {
    uint64_t open_ns;                         /* filled in by the caller */
    uint64_t first_ns;                        /* opening and the first batch */
    uint64_t total_ns, next_ns;               /* of feeding; inside hr_loader_next */
    uint64_t epochs, batches, samples, bytes; /* epochs: whole ones */
};

/* Ends early, without an error, on Ctrl-C. */
int hr_feed_measure(struct hr_cli *cli, hr_loader *l, const struct hr_feed_plan *plan, struct hr_feed_seen *seen,
                    struct hr_error *err);

#endif
