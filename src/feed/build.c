/* One batch: which samples, where they lie, how large it becomes, then the gather.  While a batch is copied, the next one is
 * measured and the one after it picked, so that its offsets and values are on their way into the CPU's cache. */
#include "loader.h"

#include "mem.h"
#include "num.h"

#include <string.h>

uint64_t hr_planner_bytes(const struct hr_loader *l)
{
    return HR_DRAFTS * hr_plan_bytes(&l->collate, l->batch_max) + l->batch_max * sizeof(struct hr_place) + hr_cursor_bytes(&l->order);
}

int hr_planner_init(struct hr_planner *p, const struct hr_loader *l, struct hr_error *err)
{
    memset(p, 0, sizeof *p);
    int r = hr_cursor_init(&p->cursor, &l->order, err);
    for (int i = 0; r == 0 && i < HR_DRAFTS; i++)
        r = hr_plan_init(&p->draft[i].plan, &l->collate, l->batch_max, l->ledger, err);
    if (r < 0)
        return r;
    p->place = hr_reallocarray(NULL, l->batch_max, sizeof *p->place);
    return p->place != NULL ? 0 : hr_fail_nomem(err, l->batch_max * sizeof *p->place, "the plan of a batch");
}

static void drop(struct hr_draft *d, struct hr_loader *l)
{
    if (d->stage != HR_PLAN_EMPTY)
        for (uint32_t i = 0; i < d->plan.n; i++)
            hr_chunks_put(&l->chunks, d->plan.pick[i].chunk);
    d->stage = HR_PLAN_EMPTY;
}

void hr_planner_reset(struct hr_planner *p, struct hr_loader *l)
{
    for (int i = 0; i < HR_DRAFTS; i++)
        drop(&p->draft[i], l);
}

void hr_planner_fini(struct hr_planner *p, struct hr_loader *l)
{
    hr_planner_reset(p, l);
    for (int i = 0; i < HR_DRAFTS; i++)
        hr_plan_fini(&p->draft[i].plan);
    hr_epoch_fini(&p->epoch);
    hr_cursor_fini(&p->cursor);
    hr_free(p->place);
    memset(p, 0, sizeof *p);
}

int hr_planner_epoch(struct hr_planner *p, const struct hr_loader *l, uint64_t epoch, struct hr_error *err)
{
    if (p->epoch_ready && p->epoch.epoch == epoch)
        return 0;
    p->epoch_ready = false;
    int r = hr_order_epoch(&l->order, epoch, &p->epoch, err);
    p->epoch_ready = r == 0;
    return r;
}

bool hr_step_at(const struct hr_loader *l, uint64_t step, int rank, int world, uint64_t *ret_position, uint32_t *ret_n)
{
    uint64_t total = l->store->samples, position, index;
    if (hr_ckd_mul(&index, step, (uint64_t)world) || hr_ckd_add(&index, index, (uint64_t)rank) ||
        hr_ckd_mul(&position, index, (uint64_t)l->batch))
        return false;
    uint64_t whole = (uint64_t)world * l->batch;
    if (l->o.tail == HR_TAIL_DROP && step >= total / whole)
        return false;
    if (l->o.tail == HR_TAIL_PAD && step >= hr_div_up(total, whole))
        return false;
    if (l->o.tail == HR_TAIL_KEEP && position >= total)
        return false;
    *ret_position = position;
    *ret_n = l->o.tail == HR_TAIL_PAD ? l->batch : (uint32_t)HR_MIN((uint64_t)l->batch, total - position);
    return true;
}

/* Fills `d` with the step's samples and pins their chunks.  Without `wait` it stops at the first chunk that is not there
 * (returns 0 and leaves nothing pinned). */
static int pick(struct hr_loader *l, struct hr_planner *p, struct hr_draft *d, uint64_t step, uint64_t position, uint32_t n, bool wait,
                struct hr_error *err)
{
    struct hr_plan *plan = &d->plan;
    hr_epoch_places(&p->epoch, &p->cursor, position, n, p->place);
    plan->epoch = p->epoch.epoch;
    plan->step = step;
    plan->position = position;
    for (uint32_t i = 0; i < n; i++) {
        const struct hr_place *at = &p->place[i];
        const struct hr_column *col = hr_chunks_peek(&l->chunks, at->chunk);
        int r = 0;
        if (HR_UNLIKELY(col == NULL) && wait)
            r = hr_chunks_get(&l->chunks, at->chunk, &col, err);
        if (HR_UNLIKELY(col == NULL)) {
            plan->n = i;
            d->stage = HR_PLAN_PICKED;
            drop(d, l);
            return r;
        }
        plan->sample[i] = at->sample;
        plan->pick[i] = (struct hr_pick){ col, at->index, at->chunk };
    }
    plan->n = n;
    d->stage = HR_PLAN_PICKED;
    return 1;
}

static struct hr_draft *find(struct hr_planner *p, uint64_t epoch, uint64_t step)
{
    for (int i = 0; i < HR_DRAFTS; i++)
        if (p->draft[i].stage != HR_PLAN_EMPTY && p->draft[i].plan.epoch == epoch && p->draft[i].plan.step == step)
            return &p->draft[i];
    return NULL;
}

static struct hr_draft *blank(struct hr_planner *p)
{
    for (int i = 0; i < HR_DRAFTS; i++)
        if (p->draft[i].stage == HR_PLAN_EMPTY)
            return &p->draft[i];
    return NULL;
}

/* The step's draft: planned before, or picked now. */
static int draft_of(struct hr_loader *l, struct hr_planner *p, uint64_t step, int rank, int world, bool wait,
                    struct hr_draft **ret, struct hr_error *err)
{
    uint64_t position;
    uint32_t n;
    struct hr_draft *d = find(p, p->epoch.epoch, step);
    if (d == NULL) {
        d = blank(p);
        if (d == NULL || !hr_step_at(l, step, rank, world, &position, &n))
            return 0;
        int r = pick(l, p, d, step, position, n, wait, err);
        if (r <= 0)
            return r;
    }
    *ret = d;
    return 1;
}

/* Plans the two steps after `step` as far as their chunks are there.  Never waits and never fails: an error shows when the
 * step itself is asked for. */
static const struct hr_plan *look_ahead(struct hr_loader *l, struct hr_planner *p, uint64_t step, int rank, int world)
{
    struct hr_draft *next, *later;
    if (draft_of(l, p, step + 1, rank, world, false, &next, NULL) != 1)
        return NULL;
    if (next->stage == HR_PLAN_PICKED) {
        if (hr_gather_measure(&l->collate, &next->plan, NULL) < 0) {
            drop(next, l);
            return NULL;
        }
        next->stage = HR_PLAN_MEASURED;
    }
    if (find(p, p->epoch.epoch, step + 2) == NULL && draft_of(l, p, step + 2, rank, world, false, &later, NULL) == 1)
        hr_gather_foresee(&l->collate, &later->plan);
    return &next->plan;
}

int hr_build(struct hr_loader *l, struct hr_planner *p, uint64_t epoch, uint64_t step, int rank, int world, bool ahead,
             struct hr_batch **ret, struct hr_error *err)
{
    struct hr_draft *d = NULL;
    struct hr_slot *slot = NULL;
    int r = hr_planner_epoch(p, l, epoch, err);
    if (r < 0)
        return r;
    if (find(p, epoch, step) == NULL)
        hr_planner_reset(p, l); /* guesses about other steps only take the room */
    r = draft_of(l, p, step, rank, world, true, &d, err);
    if (r <= 0)
        return r;
    if (d->stage == HR_PLAN_PICKED)
        r = hr_gather_measure(&l->collate, &d->plan, err);
    if (r >= 0) {
        d->stage = HR_PLAN_MEASURED;
        r = hr_pool_acquire(l->pool, &slot, err);
    }
    if (r >= 0) {
        const struct hr_plan *next = ahead ? look_ahead(l, p, step, rank, world) : NULL;
        r = hr_gather_fill(&l->collate, &d->plan, next, slot, err);
    }
    if (r >= 0) {
        hr_acct_count(&l->acct.batches, 1);
        hr_acct_count(&l->acct.samples, d->plan.n);
        drop(d, l);
        *ret = hr_slot_publish(slot);
        return 1;
    }
    drop(d, l);
    if (slot != NULL)
        hr_slot_abandon(slot);
    return r;
}
