/* The guard at work on one command.  guard.c sets it up, goes round until the command has ended, and sums up; what is done in a round
 * stands here, in the order of a leaf's life.  A leaf is a process that takes much memory for a while: a compiler, a linker (leaf.h).
 *
 *   warden_tell.c    the timeline, one line for each thing that happens
 *   warden_look.c    the figures of now: who is below the command, what each takes, what is left, when to look again
 *   warden_arrive.c  a leaf comes: at the gate, or found by its name
 *   warden_admit.c   it is let through when there is memory for it
 *   warden_brake.c   it is paused, goes on, or is ended, when memory is short all the same
 *   warden_audit.c   once a second: it was left stopped, or stands still
 *   warden_learn.c   it has ended: what it took is remembered
 *   warden_end.c     the build is told to end; what the command leaves behind
 *
 * None of them decides how much is too much: that is admit.h and banker.h, which see figures and know no process.
 *
 *  W1  Who lets more through on fresh figures also stops on them: each look is followed by the brake.
 *  W2  Nobody is left stopped or waiting: whatever ends the build lets everybody go on first.
 *  W3  After the start nothing is allocated (the report counts it). */
#ifndef HR_WARDEN_H
#define HR_WARDEN_H

#include "gate.h"
#include "guard.h"
#include "keeper.h"
#include "leaves.h"
#include "outside.h"
#include "preload.h"
#include "room.h"
#include "scribe.h"
#include "tokens.h"

struct hr_warden {
    const struct hr_guard_options *o;
    struct hr_guard_report *r;
    /* what it works with */
    struct hr_gate gate;
    struct hr_preload preload;
    struct hr_keeper keeper;
    struct hr_scribe scribe;
    struct hr_tokens tokens;
    struct hr_history history;
    unsigned cpus;
    uint64_t start;                     /* hr_now */
    /* what it saw */
    struct hr_leaves leaves;
    struct hr_outside outside;
    struct hr_room room;
    struct hr_space space;              /* of the last look, as all that follow down to `tick` */
    uint64_t others;                    /* bytes of the tree's processes that are no leaves */
    enum hr_level level;
    uint64_t tick;                      /* ns to the next look: shorter where little is left */
    uint64_t scan_every;                /* ns */
    uint64_t looked, scanned, audited;  /* hr_now: of the last look at the memory, at the tree, at the rest; 0: none yet */
    /* what it did */
    struct hr_brake brake;
    bool learnt;                        /* something, since what waits has been thought of last */
    /* how it ends */
    bool lost;                          /* the keeper has been killed */
    bool over;                          /* the command has ended */
    uint64_t stop_at;                   /* when the build was told to end; 0: it was not */
    bool asked;                         /* its processes have been, by SIGTERM */
};

/* Every leaf shows itself at the kernel's gate, and nothing that outlives the gate can start a program.  Of the preloaded library's
 * neither is true: what is linked statically passes it. */
static inline bool hr_warden_gated(const struct hr_warden *w)
{
    return w->r->gate && !w->gate.door;
}

/* --- warden_tell.c: `leaf` and `job` may be NULL --- */
void hr_warden_tell(struct hr_warden *w, const char *event, const struct hr_leaf *leaf, const struct hr_job *job);

/* --- warden_look.c --- */
/* The process that all of the command's are below. */
int hr_warden_top(const struct hr_warden *w);
/* All below it; *ret holds until the next call. */
size_t hr_warden_tree(const struct hr_warden *w, const int **ret);
/* Reads leaves and room anew. */
void hr_warden_look(struct hr_warden *w, uint64_t now);

/* --- warden_arrive.c --- */
/* Those who have come to the gate: they stand in the table and wait. */
void hr_warden_gate(struct hr_warden *w, uint64_t now);
/* Lets through whoever comes to the gate: nothing is held any more. */
void hr_warden_open_gate(struct hr_warden *w);
/* A process that stands in no table; if it is a leaf, it does then. */
void hr_warden_found(struct hr_warden *w, int pid, uint64_t now);

/* --- warden_admit.c --- */
/* All that may go now. */
void hr_warden_admit(struct hr_warden *w, uint64_t now);
/* This one goes. */
void hr_warden_let(struct hr_warden *w, size_t at, uint64_t now);
/* Notes how many run at once; after each that begins. */
void hr_warden_count(struct hr_warden *w);

/* --- warden_brake.c --- */
void hr_warden_brake(struct hr_warden *w, uint64_t now);
void hr_warden_resume(struct hr_warden *w, size_t at, uint64_t now);
void hr_warden_signal(struct hr_warden *w, size_t at, int sig);
/* Ends it; its memory is given back at once, by the keeper. */
void hr_warden_kill(struct hr_warden *w, size_t at);

/* --- warden_audit.c --- */
void hr_warden_audit(struct hr_warden *w, uint64_t now);

/* --- warden_learn.c --- */
void hr_warden_ended(struct hr_warden *w, size_t at, uint64_t now);

/* --- warden_end.c --- */
/* The build shall end, for this reason. */
void hr_warden_stop(struct hr_warden *w, enum hr_guard_verdict why);
/* The next step of it, where one is due: everybody has been let go; then SIGTERM; then SIGKILL. */
void hr_warden_stop_step(struct hr_warden *w, uint64_t now);
/* Ends what the command has left behind. */
void hr_warden_sweep(struct hr_warden *w);

#endif
