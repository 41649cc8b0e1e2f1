/* The inside of the guard: what its files share. */
#ifndef HR_WATCH_H
#define HR_WATCH_H

#include "gate.h"
#include "guard.h"
#include "keeper.h"
#include "leaves.h"
#include "room.h"
#include "scribe.h"

struct hr_watch {
    const struct hr_guard_options *o;
    struct hr_guard_report *r;
    struct hr_gate gate;
    struct hr_leaves leaves;
    struct hr_room room;
    struct hr_history history;
    struct hr_keeper keeper;
    struct hr_scribe scribe;
    struct hr_brake brake;
    struct hr_space space;
    uint64_t start, looked, scanned; /* hr_now: of the start, the last look at the memory, the last look at the tree */
    uint64_t others;                 /* bytes of the tree's processes that are no leaves */
    bool over;                       /* the command has ended */
    uint64_t stop_at;                /* when the build was told to end; 0: it was not */
    unsigned stop_stage;
};

/* One line of the timeline; `leaf` may be NULL. */
void hr_watch_tell(struct hr_watch *w, const char *event, const struct hr_leaf *leaf, const struct hr_job *job);
/* The build shall end, for this reason. */
void hr_watch_stop(struct hr_watch *w, enum hr_guard_verdict why);
/* The next step of ending it, where one is due: first everybody is let go, then SIGTERM, then SIGKILL. */
void hr_watch_stop_step(struct hr_watch *w, uint64_t now);
/* Looks at the processes of the tree: what those take that are no leaves; and without a gate, which leaves have come. */
void hr_watch_scan(struct hr_watch *w, uint64_t now);
/* Reads leaves and room anew unless they are fresh. */
void hr_watch_look(struct hr_watch *w, uint64_t now, uint64_t fresh_ns);
void hr_watch_admit(struct hr_watch *w, uint64_t now);
void hr_watch_brake(struct hr_watch *w, uint64_t now);
/* A leaf has ended. */
void hr_watch_ended(struct hr_watch *w, size_t at, uint64_t now);
void hr_watch_let(struct hr_watch *w, size_t at, uint64_t now);
/* Ends what the command has left behind. */
void hr_watch_sweep(struct hr_watch *w);

#endif
