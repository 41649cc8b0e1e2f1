/* Alerts in a recording: a note when one begins ("memory-low: what is, and what to do") and one when it is over ("memory-low is
 * over, after 35 s"). */
#ifndef HR_RING_ALERTS_H
#define HR_RING_ALERTS_H

#include "episodes.h"
#include "ring.h"

enum { HR_RING_ALERTS = 24 };

struct hr_ring_alerts { /* zeroed at birth */
    struct {
        const char *key; /* NULL: free */
        uint64_t since;
        bool on;
    } last[HR_RING_ALERTS];
};

/* Behind every look of `e`. */
int hr_ring_alerts_put(struct hr_ring_alerts *t, struct hr_ring *ring, const struct hr_episodes *e, struct hr_error *err) HR_MUST_USE;

#endif
