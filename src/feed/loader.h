/* The inside of a loader: what its files share.
 *
 *   loader.c   open, close, getters          choose.c   budget, path, window, slots
 *   build.c    planning and building batches next.c     the sequence of batches, state, seek, batch_at
 *   chunks.c   access to chunks: resident    cache.c    ... and beyond the budget
 *   report.c   what the counters say         marks.c    memory marks and the curve
 *
 * I1  A batch is a function of (dataset, seed, window, epoch, step, rank, world, options) alone.
 * I2  The loader's position is (epoch, step); planned batches beyond it are guesses that a seek throws away. */
#ifndef HR_LOADER_H
#define HR_LOADER_H

#include "acct.h"
#include "chunks.h"
#include "gather.h"
#include "order.h"

struct hr_builders;
struct hr_marks;

/* A plan on its way: picked (samples known, chunks pinned), then measured (sizes known). */
enum hr_stage_of_plan { HR_PLAN_EMPTY, HR_PLAN_PICKED, HR_PLAN_MEASURED };
struct hr_draft {
    struct hr_plan plan;
    enum hr_stage_of_plan stage;
};
enum { HR_DRAFTS = 3 }; /* the batch being built, the next (measured), the one after it (picked) */

/* What one thread needs to plan batches: nothing of it is shared. */
struct hr_planner {
    struct hr_epoch epoch;
    bool epoch_ready;
    struct hr_cursor cursor;
    struct hr_place *place; /* [batch_max] */
    struct hr_draft draft[HR_DRAFTS];
};

struct hr_loader {
    uint64_t birth; /* hr_fork_generation at open */
    struct hr_store *store;
    struct hr_loader_options o; /* as resolved; its pointers are not the caller's */
    char *path;                 /* as asked for */
    struct hr_ledger *ledger;
    struct hr_acct acct;
    struct hr_transforms *transforms; /* NULL = none */
    struct hr_collate collate;
    struct hr_chunks chunks;
    struct hr_order order;
    struct hr_pool *pool;
    struct hr_planner planner;
    struct hr_builders *builders; /* NULL: the caller builds every batch */
    struct hr_marks *marks;
    int rank, world;
    uint32_t batch, batch_max;  /* samples per step of this rank, and the most of any batch */
    uint64_t epoch, step;       /* of the next batch */
    bool over;                  /* the epoch's end was told; the next call begins the following one */
    uint64_t left;              /* ticks when next last returned; 0 before */
    char notice[512];           /* sentences for the report: what was chosen and why */
};

/* choose.c: fills in what the caller left open and charges nothing.  `resident` and `window` are its decisions. */
struct hr_choice {
    uint64_t budget;
    bool resident;
    uint64_t window;        /* chunks */
    enum hr_order_kind kind;
    uint64_t cache_bytes;   /* for chunks of the CACHED path */
    uint32_t slots;
    char why[256];
};
int hr_choose(const struct hr_store *s, const struct hr_loader_options *o, uint64_t batch_bytes, uint64_t fixed_bytes,
              struct hr_choice *ret, struct hr_error *err) HR_MUST_USE;

/* build.c */
int hr_planner_init(struct hr_planner *p, const struct hr_loader *l, struct hr_error *err) HR_MUST_USE;
uint64_t hr_planner_bytes(const struct hr_loader *l);
void hr_planner_fini(struct hr_planner *p, struct hr_loader *l);
/* Forgets what was planned ahead. */
void hr_planner_reset(struct hr_planner *p, struct hr_loader *l);
/* Where a step lies: *ret_position of its first sample and how many; false when the epoch has no such step. */
bool hr_step_at(const struct hr_loader *l, uint64_t step, int rank, int world, uint64_t *ret_position, uint32_t *ret_n);
/* The batch of (epoch, step) for the given rank.  With `ahead` the batches after it are planned too.  1, or 0 when the epoch
 * has no such step. */
int hr_build(struct hr_loader *l, struct hr_planner *p, uint64_t epoch, uint64_t step, int rank, int world, bool ahead,
             struct hr_batch **ret, struct hr_error *err) HR_MUST_USE;
int hr_planner_epoch(struct hr_planner *p, const struct hr_loader *l, uint64_t epoch, struct hr_error *err) HR_MUST_USE;

/* HR_E_STATE in a forked child. */
int hr_loader_alive(const struct hr_loader *l, struct hr_error *err) HR_MUST_USE;

#endif
