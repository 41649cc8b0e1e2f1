/* A build played again from its course (course.h), with another amount of memory: who would have waited at the gate, what the
 * tree would have held at most, how long it would have taken.  The decisions are those of admit.h itself.
 *
 * R1: a leaf comes as long after the one whose end made place for it as it did then; one that came when nothing else ran waits for
 *     all that came before it (a link, the next step of a script); the first ones of such a step come as they came then.
 * R2: CPUs are shared: more running leaves than CPUs slow each other down.
 * R3: played under the conditions of its own record, a course gives the peak that was measured (`base` sees to that). */
#ifndef HR_REPLAY_H
#define HR_REPLAY_H

#include "course.h"

struct hr_replay_ask {
    uint64_t room;  /* bytes for the tree; UINT64_MAX: no limit */
    unsigned jobs;  /* leaves at once; 0: no limit */
    unsigned cpus, cpus_then;
    int64_t base;   /* bytes: hr_replay_base */
};
struct hr_replay {
    uint64_t peak, wall_ns, held_ns;
    unsigned at_once, held;
};
/* Bytes to add to what the leaves hold together, so that the record's own peak comes out. */
int64_t hr_replay_base(const struct hr_course *c, uint64_t measured_peak);
/* HR_E_NOMEM only. */
int hr_replay_run(const struct hr_course *c, const struct hr_replay_ask *ask, struct hr_replay *ret, struct hr_error *err) HR_MUST_USE;

#endif
