/* Who may start, and who must wait, stop or end: pure functions over a picture of the jobs, so that every case is a test.
 *
 * A1: at least one job runs, whatever the figures say: one that waits for nobody.
 * A2: the oldest running job is never paused and never ended to make room; so something always finishes.
 * A3: nothing is let through that does not fit beside what the running jobs are still expected to take.
 * A4: a smaller job may overtake a larger one that waits, until that one has waited for `age`; then nobody passes it. */
#ifndef HR_ADMIT_H
#define HR_ADMIT_H

#include "attr.h"

enum hr_job_state { HR_JOB_HELD, HR_JOB_RUNNING, HR_JOB_PAUSED };
struct hr_job {
    enum hr_job_state state;
    uint64_t predicted, peak, resident; /* bytes: expected, most so far, now */
    uint64_t order;                     /* of arrival: smaller is older */
    uint64_t since;                     /* held: since when, in ns */
    bool waits; /* for another job of the picture, its descendant: it does not get on by itself */
    bool fixed; /* it must not be paused at this moment */
};

/* What may still be taken: negative when the reserve has been touched. */
struct hr_space {
    int64_t room;     /* bytes above the reserve */
    uint64_t reserve; /* bytes: 0 = there is none, nothing is ever ended for it */
    bool machine;     /* it is the machine's own memory that is short: when it is gone, everything is */
};

struct hr_admit_rules {
    unsigned jobs; /* at most this many run; 0 = no limit */
    uint64_t age;  /* ns, A4 */
};

/* Bytes that a running job is still expected to take. */
uint64_t hr_job_to_come(const struct hr_job *j);
/* Which held job may go now; -1: none.  Call again after letting it go. */
int hr_admit(const struct hr_job *job, size_t n, const struct hr_space *s, uint64_t now, const struct hr_admit_rules *rules);

enum hr_brake_what { HR_BRAKE_NOTHING, HR_BRAKE_PAUSE, HR_BRAKE_RESUME, HR_BRAKE_END_JOB, HR_BRAKE_END_ALL };
struct hr_brake {
    uint64_t paused, resumed, ended; /* when it did so last; 0: never */
};
/* What to do at this tick; *ret_job is whom.  Orange (room < 0): the newest is paused, one per 200 ms.  Red (half of the reserve
 * is gone): the newest is ended, one per 500 ms.  Black (an eighth of it is left, of the machine): all.  Paused ones go on, the
 * oldest first, a second after the last pause, when what they still take fits. */
enum hr_brake_what hr_brake(const struct hr_job *job, size_t n, const struct hr_space *s, uint64_t now,
                            const struct hr_brake *last, int *ret_job);

#endif
