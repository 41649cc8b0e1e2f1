/* The inside of a loader: what its files share.
 *
 *   loader.c   open, close, getters          choose.c   budget, path, window, slots
 *   build.c    planning and building batches next.c     the sequence of batches, state, seek, batch_at
 *   shares.c   which positions a step takes  ahead.c    builder threads
 *   chunks.c   access to chunks: resident    cache.c    ... and beyond the budget
 *   report.c   what the counters say         marks.c    memory marks and the curve
 *
 * I1  A batch is a function of (dataset, seed, window, epoch, step, rank, world, options) alone.
 * I2  The loader's position is (epoch, step); planned batches beyond it are guesses that a seek throws away. */
#ifndef HR_LOADER_H
#define HR_LOADER_H

#include "acct.h"
#include "cache.h"
#include "cuts.h"
#include "gather.h"
#include "rank.h"
#include "steps.h"

struct hr_ahead;
struct hr_marks;

/* A batch that is to be built: its place in the epoch. */
struct hr_target {
    uint64_t epoch, step;
    struct hr_share share;
};

/* A plan on its way: picked (samples known, chunks pinned), then measured (sizes known). */
enum hr_plan_stage { HR_PLAN_EMPTY, HR_PLAN_PICKED, HR_PLAN_MEASURED };
struct hr_draft {
    struct hr_plan plan;
    enum hr_plan_stage stage;
};
enum { HR_DRAFTS = 3 }; /* the batch being built, the next (measured), the one after it (picked) */

/* What one thread needs to plan batches: nothing of it is shared. */
struct hr_planner {
    struct hr_epoch epoch;
    bool epoch_ready;
    struct hr_cursor cursor;
    struct hr_place *place; /* [batch_max] */
    struct hr_draft draft[HR_DRAFTS];
    uint64_t charged;
};

/* choose.c: what the caller left open.  Nothing is charged by choosing. */
struct hr_choice {
    uint64_t budget;
    bool resident;
    uint64_t window;        /* chunks */
    enum hr_order_kind kind;
    uint32_t cache_slots, ahead; /* CACHED: chunks held, and read beyond the window */
    int threads, builders;
    uint32_t slots;         /* batches */
    char why[384];
};

struct hr_loader {
    uint64_t birth; /* hr_fork_generation at open */
    struct hr_store *store;
    struct hr_loader_options o; /* as resolved; its pointers are ours or NULL */
    char *path;                 /* as asked for */
    double *weights;
    struct hr_rank rank;
    struct hr_choice choice;
    struct hr_ledger *ledger;
    struct hr_acct acct;
    struct hr_transforms *transforms; /* NULL = none */
    struct hr_collate collate;
    struct hr_chunks chunks;
    struct hr_order order;
    _Atomic uint64_t window_now; /* of the order, for reports from other threads */
    uint64_t order_age;     /* grows when the order is another one (hr_loader_window) */
    struct hr_pool *pool;
    struct hr_planner planner;
    struct hr_ahead *ahead; /* NULL: the caller builds every batch */
    struct hr_marks *marks;
    uint32_t batch_max;     /* the most samples of any batch */
    pthread_mutex_t share_lock; /* guards steps and cuts: builders and the caller ask for shares */
    struct hr_steps steps;
    bool cut;               /* batches are cut by nodes and edges: `cuts` instead of `steps` */
    struct hr_cuts cuts;
    struct hr_epoch cut_epoch;
    bool cuts_ready;
    uint64_t epoch, step;   /* of the next batch */
    uint64_t position;      /* global, where that step begins for all ranks */
    bool over;              /* the epoch's end was told; the next call begins the following one */
    bool halve;             /* the window is halved when the next epoch begins (marks.c) */
    pthread_mutex_t follow_lock; /* guards the three below; CACHED only */
    struct hr_window window; /* of the last batch */
    uint64_t window_epoch;
    bool followed;          /* the cache knows where we are */
    uint64_t left;          /* ticks when next last returned; 0 before */
    char localised[512];    /* a sentence when the data was copied here first; else "" */
};

/* choose.c */
int hr_choose(const struct hr_store *s, const struct hr_loader_options *o, uint64_t batch_bytes, uint64_t fixed_bytes,
              struct hr_choice *ret, struct hr_error *err) HR_MUST_USE;

/* shares.c: steps by count or cut by size.  1 = *ret is the step's share; 0 = the epoch has no such step. */
int hr_shares_init(struct hr_loader *l, struct hr_error *err) HR_MUST_USE;
void hr_shares_fini(struct hr_loader *l);
void hr_shares_forget(struct hr_loader *l); /* the order is about to change */
int hr_share_of(struct hr_loader *l, uint64_t epoch, uint64_t step, struct hr_share *ret, struct hr_error *err) HR_MUST_USE;
/* For another rank and world, from the epoch's beginning. */
int hr_share_any(struct hr_loader *l, uint64_t epoch, uint64_t step, int rank, int world, struct hr_share *ret, struct hr_error *err)
    HR_MUST_USE;
/* Where the step begins for all ranks; the epoch's end when there is none. */
int hr_share_position(struct hr_loader *l, uint64_t epoch, uint64_t step, uint64_t *ret, struct hr_error *err) HR_MUST_USE;
/* Steps are numbered from the epoch's beginning again. */
void hr_share_restart(struct hr_loader *l);
/* The step that begins at a global position, from which steps are numbered on. */
int hr_share_resume(struct hr_loader *l, uint64_t epoch, uint64_t position, uint64_t *ret_step, struct hr_error *err) HR_MUST_USE;

/* build.c */
int hr_planner_init(struct hr_planner *p, struct hr_loader *l, struct hr_error *err) HR_MUST_USE;
uint64_t hr_planner_bytes(const struct hr_loader *l);
void hr_planner_fini(struct hr_planner *p, struct hr_loader *l);
/* Forgets what was planned ahead. */
void hr_planner_reset(struct hr_planner *p, struct hr_loader *l);
/* Builds the target's batch in `slot`.  `next` are the targets after it, as far as they are known (up to 2): they are planned on
 * the way. */
int hr_build(struct hr_loader *l, struct hr_planner *p, const struct hr_target *t, const struct hr_target *next, int nexts,
             struct hr_slot *slot, struct hr_error *err) HR_MUST_USE;
/* Tells the cache where the consumer is. */
int hr_follow(struct hr_loader *l, struct hr_planner *p, const struct hr_target *t, struct hr_error *err) HR_MUST_USE;
int hr_planner_epoch(struct hr_planner *p, const struct hr_loader *l, uint64_t epoch, struct hr_error *err) HR_MUST_USE;

/* ahead.c: threads that build batches before they are asked for. */
int hr_ahead_create(struct hr_loader *l, int threads, int depth, struct hr_ahead **ret, struct hr_error *err) HR_MUST_USE;
void hr_ahead_destroy(struct hr_ahead *a); /* accepts NULL */
/* Drops everything built or planned; the next claim begins at the loader's (epoch, step). */
void hr_ahead_reset(struct hr_ahead *a);
/* 1 = the next batch, *ret_after the global position of the step after it; 0 = the epoch is over. */
int hr_ahead_next(struct hr_ahead *a, struct hr_batch **ret, uint64_t *ret_after, struct hr_error *err) HR_MUST_USE;
void hr_ahead_depth(struct hr_ahead *a, int depth);

/* marks.c */
int hr_marks_create(struct hr_loader *l, struct hr_marks **ret, struct hr_error *err) HR_MUST_USE;
void hr_marks_destroy(struct hr_marks *m); /* accepts NULL */
void hr_marks_tick(struct hr_marks *m, uint64_t ticks); /* called once per batch; looks at the memory a few times a second */
uint64_t hr_marks_warned(struct hr_marks *m);
uint64_t hr_marks_acted(struct hr_marks *m);
uint64_t hr_marks_peak(struct hr_marks *m); /* anonymous bytes of the process; 0 = never looked */

/* loader.c: another window from the epoch's beginning on. */
int hr_loader_window(struct hr_loader *l, uint64_t chunks, struct hr_error *err) HR_MUST_USE;

/* HR_E_STATE in a forked child. */
int hr_loader_alive(const struct hr_loader *l, struct hr_error *err) HR_MUST_USE;

#endif
