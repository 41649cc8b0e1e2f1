/* What is tried next when a build has failed for want of memory: pure decisions over what the last try has shown.
 *
 * L1: only a failure of memory is tried again; any other passes with its own status.  A kill is taken for one unless memory is known to
 *     have been plentiful all the while: then somebody else has killed, and would again.
 * L2: no rung that would do the same as the last one: each changes something, and says what.
 * L3: at most one of each, in this order: again, half, one, CPU. */
#ifndef HR_LADDER_H
#define HR_LADDER_H

#include "guard.h"

enum hr_rung_kind {
    HR_RUNG_FIRST, /* as it was asked */
    HR_RUNG_AGAIN, /* the same: what its jobs take is known now, and what is finished stays */
    HR_RUNG_HALF,  /* half the jobs, one architecture, no debug information where the project lets that be chosen */
    HR_RUNG_ONE,   /* one job */
    HR_RUNG_CPU,   /* without CUDA */
};
enum { HR_RUNGS_MAX = 5 };
const char *hr_rung_name(enum hr_rung_kind k);

struct hr_rung {
    enum hr_rung_kind kind;
    unsigned jobs; /* at once; 0: as many as fit */
    bool one_arch, lean, cpu;
    char say[512]; /* what is tried and why */
};

/* How a try ended, as far as the next depends on it. */
struct hr_rung_end {
    enum hr_guard_verdict verdict;
    int status;       /* a wait status */
    uint64_t ended;   /* leaves that were ended for want of memory */
    uint64_t stalled; /* leaves that were ended because they stood still */
    uint64_t shot;    /* processes that the kernel shot for memory meanwhile */
    unsigned at_once; /* leaves */
    bool gate;
    const char *clue; /* what its output tells of memory; NULL: nothing */
    bool clue_killed; /* which is only that something was killed */
    bool oom_ruled_out; /* the kernel shot nothing of this machine for memory meanwhile: it counts that, and the count stood still */
    enum hr_level worst_level;
    int64_t least_room; /* bytes */
    uint64_t ceiling;
};
/* Was something killed by somebody who is neither this guard nor the kernel for want of memory?  Only where that is sure. */
bool hr_rung_foreign_kill(const struct hr_rung_end *e);
/* Why it is a failure of memory, in words; NULL: it is none. */
const char *hr_rung_of_memory(const struct hr_rung_end *e);

struct hr_ladder {
    unsigned retries;       /* at most so many after the first */
    unsigned asked;         /* jobs that the user set; 0: none */
    bool archs;             /* more than one architecture is built for, and the choice was not the user's */
    bool lean;              /* the project has variables that make it lean */
    bool cpu;               /* it can be built without CUDA */
    const char *cpu_lacks;  /* what it cannot do then; NULL: not known */
};
/* The next rung after the n-th (n rungs were tried, `last` is the latest).  False: there is none, and *ret_why says so ("" where no
 * rung was due at all). */
bool hr_ladder_next(const struct hr_ladder *l, size_t n, const struct hr_rung *last, const struct hr_rung_end *end,
                    struct hr_rung *ret, char ret_why[200]);

#endif
