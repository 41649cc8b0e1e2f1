/* Who may start, and who must wait, stop or end: pure functions over a picture of the jobs, so that every case is a test.
 *
 * A1: at least one job runs, whatever the figures say: one that waits for nobody.
 * A2: the oldest running job (where all are known, the one that wants least: banker.h) is never paused and never ended to make
 *     room for another; so something always finishes.  Where it is alone and about to run into a limit behind which there is no
 *     swap, it is ended here and not by the kernel.
 * A3: nothing is let through that does not fit beside what the running jobs are still expected to take; but for what banker.h
 *     knows to end well.  Of one that is not known the careful figure counts, and while fewer jobs run than there are CPUs, the
 *     likely one: the brake is there for the one that needs more.
 * A4: a smaller job may overtake a larger one that waits, until that one has waited for `age`; then nobody passes it. */
#ifndef HR_ADMIT_H
#define HR_ADMIT_H

#include "attr.h"

enum hr_job_state { HR_JOB_HELD, HR_JOB_RUNNING, HR_JOB_PAUSED };
struct hr_job {
    enum hr_job_state state;
    uint64_t predicted, peak, resident; /* bytes: expected, most so far, now */
    uint64_t likely;                    /* bytes: what is likelier than the careful `predicted`; 0: that itself */
    uint64_t grows;                     /* bytes per second, at present */
    uint64_t order;                     /* of arrival: smaller is older */
    uint64_t since;                     /* held: since when, in ns */
    bool known; /* `predicted` is its own past */
    bool waits; /* for another job of the picture, its descendant: it does not get on by itself */
    bool fixed; /* it must not be paused at this moment */
};

/* What may still be taken: negative when the reserve has been touched. */
struct hr_space {
    int64_t room;     /* bytes above the reserve */
    uint64_t reserve; /* bytes: 0 = there is none, nothing is ever ended for it */
    bool machine;     /* it is the machine's own memory that is short: when it is gone, everything is */
    bool wall;        /* there is no swap behind it: whoever passes it is shot by the kernel */
    bool budget;      /* it is the user's own, of the build alone, that is short */
    bool near;        /* of machine or group less than twice the reserve is left: only then strain tells of memory */
    uint64_t available; /* bytes that the machine has; 0: not known */
    uint64_t gap;       /* ns from one look to the next, as it is at present; 0: not known */
    uint64_t foreign;   /* bytes per second that those take more and more of it who are no jobs */
    unsigned some, full; /* per mille of the last second in which a task, or all of them, waited for memory */
    uint64_t swapping;   /* ns for which more than HR_SWAP_FAST has been swapped out without a break */
};
#define HR_SWAP_FAST (UINT64_C(64) << 20) /* bytes per second */

/* How short it is.  What decides, in one place: hr_level(). */
enum hr_level {
    HR_LEVEL_GREEN,
    HR_LEVEL_YELLOW, /* nothing new starts, nothing paused goes on */
    HR_LEVEL_ORANGE, /* the newest is paused */
    HR_LEVEL_RED,    /* the newest is ended */
    HR_LEVEL_BLACK,  /* all are */
};
const char *hr_level_name(enum hr_level l);

struct hr_admit_rules {
    unsigned jobs; /* at most this many run; 0 = no limit (hr_admit_jobs) */
    uint64_t age;  /* ns, A4 */
    unsigned cpus; /* A3: of the machine; 0: guesses count in full */
};

/* How many may run at once, of what the user asked for (0: nothing): as many as there are CPUs.  Compilers want a CPU each, so more
 * of them finish nothing sooner and only take more memory (docs/decisions/0008). */
unsigned hr_admit_jobs(unsigned asked, unsigned cpus);
/* Do as many run as may?  Then those that are held wait for a CPU, and not for memory. */
bool hr_admit_full(const struct hr_job *job, size_t n, const struct hr_admit_rules *rules);

/* Has it given back nearly all that it took?  It is on its way out, and wants nothing any more. */
bool hr_job_ends(const struct hr_job *j);
/* Bytes that a running job is still expected to take. */
uint64_t hr_job_to_come(const struct hr_job *j);
/* Which held job may go now; -1: none.  Call again after letting it go. */
int hr_admit(const struct hr_job *job, size_t n, const struct hr_space *s, uint64_t now, const struct hr_admit_rules *rules);

enum hr_brake_what { HR_BRAKE_NOTHING, HR_BRAKE_PAUSE, HR_BRAKE_PARK, HR_BRAKE_RESUME, HR_BRAKE_END_JOB, HR_BRAKE_END_ALL };
struct hr_brake {
    uint64_t paused, parked, resumed, ended; /* when it did so last; 0: never */
};
/* It has been done to `job`: its state, and when.  What nobody does to a job changes nothing. */
void hr_brake_did(struct hr_brake *last, struct hr_job *job, enum hr_brake_what what, uint64_t now);
/* Bytes that the running jobs will take within `ns` if they grow on as they do: one that has not yet reached what is expected of
 * it, up to that; and what others will. */
uint64_t hr_ahead(const struct hr_job *job, size_t n, const struct hr_space *s, uint64_t ns);
enum hr_level hr_level(const struct hr_job *job, size_t n, const struct hr_space *s);
/* What to do at this tick; *ret_job is whom.  Orange: one is paused per 200 ms.  Red: one is ended per 500 ms (for swapping: per 2 s).
 * Paused ones go on, the oldest first, a second after the last pause, when it is green and what they still take fits.  Parked: a
 * pause that was foreseen when the job was let through (banker.h); nothing is short, and it goes on as soon as there is room. */
enum hr_brake_what hr_brake(const struct hr_job *job, size_t n, const struct hr_space *s, uint64_t now,
                            const struct hr_brake *last, int *ret_job);

#endif
