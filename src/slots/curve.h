/* The memory curve: points (time, ledger bytes, anonymous bytes of the process) over a whole run in bounded memory.  When
 * the ring is full, every second point goes and the interval doubles, so the curve always covers the run from its start.
 * Thread-safety: one thread at a time. */
#ifndef HR_CURVE_H
#define HR_CURVE_H

#include "err.h"

enum { HR_CURVE_POINTS = 1024 };

struct hr_curve_point {
    uint64_t at;     /* hr_now */
    uint64_t ledger; /* bytes */
    uint64_t anon;   /* bytes; UINT64_MAX = not known */
};

struct hr_curve {
    uint64_t start, interval; /* ns */
    uint32_t n;
    struct hr_curve_point point[HR_CURVE_POINTS];
};

void hr_curve_init(struct hr_curve *c, uint64_t now, uint64_t interval);
/* True when the next point is due. */
bool hr_curve_due(const struct hr_curve *c, uint64_t now);
void hr_curve_add(struct hr_curve *c, const struct hr_curve_point *p);
/* Lines "seconds,ledger_bytes,anon_bytes" with a header; what is not known is left empty. */
int hr_curve_write(const struct hr_curve *c, const char *path, struct hr_error *err) HR_MUST_USE;

#endif
