/* The inside of the guard: what its files share. */
#ifndef HR_WARDEN_H
#define HR_WARDEN_H

#include "gate.h"
#include "guard.h"
#include "keeper.h"
#include "leaves.h"
#include "preload.h"
#include "outside.h"
#include "room.h"
#include "scribe.h"
#include "tokens.h"

struct hr_warden {
    const struct hr_guard_options *o;
    struct hr_guard_report *r;
    struct hr_gate gate;
    struct hr_leaves leaves;
    struct hr_room room;
    struct hr_history history;
    struct hr_preload preload;
    struct hr_tokens tokens;
    struct hr_keeper keeper;
    struct hr_scribe scribe;
    struct hr_brake brake;
    struct hr_space space;
    enum hr_level level;
    uint64_t tick;                   /* ns to the next look: shorter where little is left */
    uint64_t scan_every;             /* ns */
    uint64_t start, looked, scanned, audited; /* hr_now: of the start, and of the last look at the memory, the tree, the rest */
    uint64_t others;                 /* bytes of the tree's processes that are no leaves */
    struct hr_outside outside;
    unsigned cpus;
    bool learnt;                     /* since what waits has been thought of last */
    bool lost;                       /* the keeper has been killed */
    bool over;                       /* the command has ended */
    uint64_t stop_at;                /* when the build was told to end; 0: it was not */
    unsigned stop_stage;
};

/* One line of the timeline; `leaf` may be NULL. */
void hr_warden_tell(struct hr_warden *w, const char *event, const struct hr_leaf *leaf, const struct hr_job *job);
/* The build shall end, for this reason. */
void hr_warden_stop(struct hr_warden *w, enum hr_guard_verdict why);
/* The next step of ending it, where one is due: first everybody is let go, then SIGTERM, then SIGKILL. */
void hr_warden_stop_step(struct hr_warden *w, uint64_t now);
/* Looks at the processes of the tree: what those take that are no leaves; and without a gate, which leaves have come. */
void hr_warden_scan(struct hr_warden *w, uint64_t now);
/* Reads leaves and room anew.  Every look is followed by the brake: what lets more through on fresh figures also stops on them. */
void hr_warden_look(struct hr_warden *w, uint64_t now);
void hr_warden_admit(struct hr_warden *w, uint64_t now);
void hr_warden_brake(struct hr_warden *w, uint64_t now);
/* Once a second: leaves that stand still, and compilers of a server outside. */
void hr_warden_audit(struct hr_warden *w, uint64_t now);
/* The process that all of the command's are below. */
int hr_warden_top(const struct hr_warden *w);
/* A leaf has ended. */
void hr_warden_ended(struct hr_warden *w, size_t at, uint64_t now);
void hr_warden_let(struct hr_warden *w, size_t at, uint64_t now);
/* Ends what the command has left behind. */
void hr_warden_sweep(struct hr_warden *w);

#endif
