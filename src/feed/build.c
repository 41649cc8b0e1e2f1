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

int hr_planner_init(struct hr_planner *p, struct hr_loader *l, struct hr_error *err)
{
    memset(p, 0, sizeof *p);
    int r = hr_ledger_take(l->ledger, HR_CHARGE_TABLES, hr_planner_bytes(l), err);
    if (r < 0)
        return r;
    p->charged = hr_planner_bytes(l);
    r = hr_cursor_init(&p->cursor, &l->order, err);
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
    if (p->charged != 0)
        hr_ledger_give(l->ledger, HR_CHARGE_TABLES, p->charged);
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

/* Fills `d` with the target's samples and pins their chunks.  Without `wait` it stops at the first chunk that is not there
 * (returns 0 and leaves nothing pinned). */
static int pick(struct hr_loader *l, struct hr_planner *p, struct hr_draft *d, const struct hr_target *t, bool wait, struct hr_error *err)
{
    struct hr_plan *plan = &d->plan;
    uint32_t n = (uint32_t)t->share.count;
    hr_epoch_places(&p->epoch, &p->cursor, t->share.position, n, p->place);
    plan->epoch = t->epoch;
    plan->step = t->step;
    plan->position = t->share.position;
    for (uint32_t i = 0; i < n; i++) {
        const struct hr_place *at = &p->place[i];
        const struct hr_column *col = hr_chunks_peek(&l->chunks, at->chunk);
        int r = 0;
        if (HR_UNLIKELY(col == NULL) && wait)
            r = hr_chunks_get(&l->chunks, at->chunk, &col, err);
        if (HR_UNLIKELY(col == NULL)) {
            for (uint32_t k = i; !wait && k < n; k++)
                hr_chunks_hint(&l->chunks, p->place[k].chunk);
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

static struct hr_draft *find(struct hr_planner *p, const struct hr_target *t)
{
    for (int i = 0; i < HR_DRAFTS; i++) {
        const struct hr_plan *plan = &p->draft[i].plan;
        if (p->draft[i].stage != HR_PLAN_EMPTY && plan->epoch == t->epoch && plan->step == t->step && plan->position == t->share.position)
            return &p->draft[i];
    }
    return NULL;
}

/* The target's draft: planned before, or picked now.  0 when it cannot be had without waiting. */
static int draft_of(struct hr_loader *l, struct hr_planner *p, const struct hr_target *t, bool wait, struct hr_draft **ret,
                    struct hr_error *err)
{
    struct hr_draft *d = find(p, t);
    for (int i = 0; d == NULL && i < HR_DRAFTS; i++) {
        if (p->draft[i].stage != HR_PLAN_EMPTY)
            continue;
        d = &p->draft[i];
        int r = pick(l, p, d, t, wait, err);
        if (r <= 0)
            return r;
    }
    *ret = d;
    return d != NULL;
}

/* Plans the targets after this one as far as their chunks are there.  Never waits and never fails: an error shows when the
 * batch itself is asked for. */
static const struct hr_plan *look_ahead(struct hr_loader *l, struct hr_planner *p, const struct hr_target *t, int n)
{
    struct hr_draft *next, *later;
    if (n < 1 || t[0].epoch != p->epoch.epoch)
        return NULL;
    if (draft_of(l, p, &t[0], false, &next, NULL) != 1) {
        if (n > 1) /* not to be had yet; but its successor's chunks may be on their way as well */
            draft_of(l, p, &t[1], false, &later, NULL);
        return NULL;
    }
    if (next->stage == HR_PLAN_PICKED) {
        if (hr_gather_measure(&l->collate, &next->plan, NULL) < 0) {
            drop(next, l);
            return NULL;
        }
        next->stage = HR_PLAN_MEASURED;
    }
    if (n > 1 && t[1].epoch == p->epoch.epoch && find(p, &t[1]) == NULL && draft_of(l, p, &t[1], false, &later, NULL) == 1)
        hr_gather_foresee(&l->collate, &later->plan);
    return &next->plan;
}

int hr_follow(struct hr_loader *l, struct hr_planner *p, const struct hr_target *t, struct hr_error *err)
{
    const struct hr_window *w = &l->window;
    int r = 0;
    pthread_mutex_lock(&l->follow_lock);
    /* Builders may come here out of order: going back would make the cache read again what is about to be left. */
    bool known = l->followed && (t->epoch < l->window_epoch || (t->epoch == l->window_epoch && t->share.position < w->position + w->samples));
    if (!known) {
        struct hr_window now = hr_epoch_window(&p->epoch, t->share.position % l->store->samples);
        r = hr_cache_at(l->chunks.cache, t->epoch, now.rank, now.chunks, err);
        if (r == 0) {
            hr_acct_count(&l->acct.chunk_uses, now.chunks);
            l->window = now;
            l->window_epoch = t->epoch;
            l->followed = true;
        }
    }
    pthread_mutex_unlock(&l->follow_lock);
    return r;
}

int hr_build(struct hr_loader *l, struct hr_planner *p, const struct hr_target *t, const struct hr_target *next, int nexts,
             struct hr_slot *slot, struct hr_error *err)
{
    struct hr_draft *d = NULL;
    int r = hr_planner_epoch(p, l, t->epoch, err);
    if (r < 0)
        return r;
    if (find(p, t) == NULL)
        hr_planner_reset(p, l); /* guesses about other steps only take the room */
    r = draft_of(l, p, t, true, &d, err);
    if (r == HR_E_BUDGET) { /* the pins of later plans were in the way */
        hr_planner_reset(p, l);
        r = draft_of(l, p, t, true, &d, err);
    }
    if (r <= 0)
        return r < 0 ? r : hr_fail(err, HR_E_BUG, "a plan found no room");
    r = d->stage == HR_PLAN_PICKED ? hr_gather_measure(&l->collate, &d->plan, err) : 0;
    if (r == 0) {
        d->stage = HR_PLAN_MEASURED;
        const struct hr_plan *after = look_ahead(l, p, next, nexts);
        r = hr_gather_fill(&l->collate, &d->plan, after, slot, err);
    }
    if (r == 0) {
        hr_acct_count(&l->acct.batches, 1);
        hr_acct_count(&l->acct.samples, d->plan.n);
        if (l->collate.transforms != NULL)
            hr_acct_add(&l->acct, HR_STAGE_AUGMENT, d->plan.augment);
    }
    drop(d, l);
    return r;
}
