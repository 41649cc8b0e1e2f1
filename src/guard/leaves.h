/* The leaves that stand at the gate or run: what each takes now, seen many times a second.  A fixed table: nothing is allocated.
 * A process is named by its pid and the moment of its birth, and signalled through a descriptor that stays with it. */
#ifndef HR_LEAVES_H
#define HR_LEAVES_H

#include "admit.h"
#include "course.h"
#include "history.h"
#include "leaf.h"

enum { HR_LEAVES_MAX = 256 };

struct hr_leaf {
    struct hr_leaf_key key;
    int pid, pidfd, statm;
    int under;              /* the pid of the nearest leaf above it (ld starts lto1); 0: none */
    uint64_t note;          /* at the gate; 0: it never stood there */
    uint64_t arrived, began; /* ns; began: let through */
    uint64_t refused; /* ns: when it first had to wait for memory, 0: never; waiting for the watcher itself or for a CPU is not that */
    uint64_t stopped, stopped_at; /* ns paused, and since when */
    bool there;             /* its exec has been seen: the figures are its own and not its parent's */
    bool ended_by_us;
    bool paused_once;
    bool too_large;         /* ended alone, before a limit */
    uint64_t cpu, busy;     /* ticks of the kernel, and ns: when they last went up */
    unsigned sampled;
    uint64_t seen;          /* ns: the last look at its memory */
    struct hr_shape shape;  /* how it grew */
};

struct hr_leaves {
    struct hr_leaf leaf[HR_LEAVES_MAX];
    struct hr_job job[HR_LEAVES_MAX]; /* the same index */
    size_t n;
    uint64_t order;
    uint64_t resident; /* of all, at the last sample */
};

/* A leaf at the gate (note != 0), or one found running.  NULL: the table is full, or it has gone.  No process stands in the table
 * twice: one that turns into another program (a wrapper's exec) is removed first. */
struct hr_leaf *hr_leaves_add(struct hr_leaves *l, const struct hr_leaf_key *key, int pid, uint64_t note,
                              struct hr_expected e, uint64_t now);
void hr_leaves_remove(struct hr_leaves *l, size_t at); /* the last one takes its place */
int hr_leaves_find(const struct hr_leaves *l, int pid); /* -1: none */
bool hr_leaves_held(const struct hr_leaves *l); /* is one? */
/* Has its exec been done?  One whose program was not there (a search along PATH) tries the next, as the process it was. */
bool hr_leaf_has_become(struct hr_leaf *f);
/* Reads the memory of all that run, and how fast it grows. */
void hr_leaves_sample(struct hr_leaves *l, uint64_t now);
/* The peak to remember of one that has ended.  One that was seen less than three times has shown little: then what it can have
 * reached since at the fastest growth known of compilers. */
uint64_t hr_leaves_peak(const struct hr_leaves *l, size_t at, uint64_t now);
/* One that runs, waits for no other, and has used no CPU for `ns`; -1: none.  Ask about once a second: it reads CPU times. */
int hr_leaves_stalled(struct hr_leaves *l, uint64_t now, uint64_t ns);
/* One that counts as running, was paused once, and stands still all the same: its SIGCONT has been lost.  -1: none. */
int hr_leaves_left_stopped(struct hr_leaves *l);
void hr_leaves_close(struct hr_leaves *l);

#endif
