/* The sequence of batches, and going to any place in it. */
#include "loader.h"

#include "mem.h"
#include "num.h"

#include <string.h>

/* Builds the loader's next batch here and now; *ret_after is where the step after it begins. */
static int build_next(struct hr_loader *l, struct hr_batch **ret, uint64_t *ret_after, struct hr_error *err)
{
    struct hr_target t[3];
    struct hr_slot *slot;
    int n = 0, r = 1;
    for (; n < 3 && r == 1; n += r == 1) {
        t[n].epoch = l->epoch;
        t[n].step = l->step + (uint64_t)n;
        r = hr_share_of(l, l->epoch, t[n].step, &t[n].share, n == 0 ? err : NULL);
        if (n == 0 && r <= 0)
            return r;
    }
    if (!l->chunks.resident) {
        r = hr_planner_epoch(&l->planner, l, l->epoch, err);
        if (r == 0)
            r = hr_follow(l, &l->planner, &t[0], err);
        if (r < 0)
            return r;
    }
    r = hr_share_position(l, l->epoch, l->step + 1, ret_after, err);
    if (r == 0)
        r = hr_pool_acquire(l->pool, &slot, err);
    if (r < 0)
        return r;
    r = hr_build(l, &l->planner, &t[0], t + 1, n - 1, slot, err);
    if (r < 0) {
        hr_slot_abandon(slot);
        return r;
    }
    *ret = hr_slot_publish(slot);
    return 1;
}

/* From the end of one epoch to the beginning of the next. */
static int turn(struct hr_loader *l, struct hr_error *err)
{
    if (l->halve) { /* memory is short: marks.c */
        int r = hr_loader_window(l, HR_MAX(l->order.window_chunks / 2, 1u), err);
        if (r < 0)
            return r;
        l->halve = false;
    }
    l->epoch++;
    l->step = 0;
    l->position = 0;
    l->over = false;
    if (l->ahead == NULL)
        hr_share_restart(l);
    return 0;
}

int hr_loader_next(hr_loader *l, hr_batch **ret, struct hr_error *err)
{
    struct hr_batch *b = NULL;
    uint64_t after = 0;
    int r = hr_loader_alive(l, err);
    if (r < 0)
        return r;
    uint64_t t = hr_ticks();
    if (l->left != 0)
        hr_acct_add(&l->acct, HR_STAGE_CONSUMER, t - l->left);
    hr_marks_tick(l->marks, t);
    if (l->over && (r = turn(l, err)) < 0)
        return r;
    r = l->ahead != NULL ? hr_ahead_next(l->ahead, &b, &after, err) : build_next(l, &b, &after, err);
    if (r == 1) {
        l->step++;
        l->position = after;
        *ret = b;
    }
    l->over = r == 0;
    l->left = hr_ticks();
    hr_acct_add(&l->acct, HR_STAGE_GATHER, l->left - t);
    return r;
}

/* World 0 is the loader's own place. */
static int check_place(const hr_loader *l, int *rank, int *world, struct hr_error *err)
{
    int r = hr_loader_alive(l, err);
    if (r < 0)
        return r;
    if (*world == 0) {
        *rank = l->rank.rank;
        *world = l->rank.world;
    }
    if (*world < 1 || *rank < 0 || *rank >= *world)
        return hr_fail(err, HR_E_INVALID, "rank %d of a world of %d", *rank, *world);
    return 0;
}

static int find_step(struct hr_loader *l, struct hr_target *t, int rank, int world, struct hr_error *err)
{
    int r = check_place(l, &rank, &world, err);
    if (r == 0)
        r = hr_share_any(l, t->epoch, t->step, rank, world, &t->share, err);
    if (r == 0)
        return hr_fail(err, HR_E_INVALID, "epoch %llu has no step %llu for rank %d of %d", (unsigned long long)t->epoch,
                       (unsigned long long)t->step, rank, world);
    return r < 0 ? r : 0;
}

int hr_loader_batch_at(hr_loader *l, uint64_t epoch, uint64_t step, int rank, int world, hr_batch **ret, struct hr_error *err)
{
    struct hr_target t = { .epoch = epoch, .step = step };
    struct hr_slot *slot;
    int r = find_step(l, &t, rank, world, err);
    if (r == 0)
        r = hr_planner_epoch(&l->planner, l, epoch, err);
    if (r == 0)
        r = hr_pool_acquire(l->pool, &slot, err);
    if (r < 0)
        return r;
    r = hr_build(l, &l->planner, &t, NULL, 0, slot, err);
    if (r == 0)
        *ret = hr_slot_publish(slot);
    else
        hr_slot_abandon(slot);
    return r;
}

int hr_loader_order_at(hr_loader *l, uint64_t epoch, uint64_t step, int rank, int world, uint64_t *sample, size_t n,
                       size_t *ret_n, struct hr_error *err)
{
    struct hr_target t = { .epoch = epoch, .step = step };
    struct hr_epoch e = { 0 };
    int r = find_step(l, &t, rank, world, err);
    if (r == 0)
        r = hr_order_epoch(&l->order, epoch, &e, err);
    if (r == 0) {
        hr_epoch_range(&e, NULL, t.share.position, HR_MIN(n, (size_t)t.share.count), sample);
        *ret_n = (size_t)t.share.count;
    }
    hr_epoch_fini(&e);
    return r;
}

enum { STATE_FORMAT = 1 };

void hr_loader_state(const hr_loader *l, struct hr_state *ret)
{
    *ret = (struct hr_state){ .format = STATE_FORMAT,
                              .flags = (uint32_t)l->order.kind,
                              .dataset = l->store->id,
                              .seed = l->o.seed,
                              .epoch = l->over ? l->epoch + 1 : l->epoch,
                              .position = l->over ? 0 : l->position,
                              .window = l->order.window_chunks };
}

/* To a place; what was planned or built for others goes. */
static int go(struct hr_loader *l, uint64_t epoch, uint64_t position, struct hr_error *err)
{
    if (l->ahead != NULL)
        hr_ahead_reset(l->ahead);
    hr_planner_reset(&l->planner, l);
    l->followed = false; /* no builder is at work now */
    uint64_t step = 0;
    int r = hr_share_resume(l, epoch, position, &step, err);
    if (r < 0)
        return r;
    l->epoch = epoch;
    l->step = step;
    l->position = position;
    l->over = false;
    l->left = 0;
    return 0;
}

static int other_order(const struct hr_loader *l, const struct hr_state *s, struct hr_error *err)
{
    return hr_fail(err, HR_E_INVALID,
                   "the state belongs to another order (%s, seed %llu, window of %llu chunks) than this loader's (%s, seed %llu, window of "
                   "%llu chunks): open it with the same seed, shuffle and window_chunks",
                   s->flags <= HR_ORDER_WINDOWED ? hr_order_kind_name((enum hr_order_kind)s->flags) : "unknown", (unsigned long long)s->seed,
                   (unsigned long long)s->window, hr_order_kind_name(l->order.kind), (unsigned long long)l->o.seed,
                   (unsigned long long)l->order.window_chunks);
}

int hr_loader_seek(hr_loader *l, const struct hr_state *s, struct hr_error *err)
{
    int r = hr_loader_alive(l, err);
    if (r < 0)
        return r;
    if (s->format != STATE_FORMAT)
        return hr_fail(err, HR_E_INVALID, "the state has format %u; this version knows %d", s->format, STATE_FORMAT);
    if (s->dataset != l->store->id)
        return hr_fail(err, HR_E_INVALID, "the state was taken on another dataset (its fingerprint is %016llx, this one's %016llx)",
                       (unsigned long long)s->dataset, (unsigned long long)l->store->id);
    if (s->flags != (uint32_t)l->order.kind || s->window != l->order.window_chunks || s->seed != l->o.seed)
        return other_order(l, s, err);
    if (s->position > l->store->samples)
        return hr_fail(err, HR_E_INVALID, "the state's position %llu is beyond the dataset's %llu samples", (unsigned long long)s->position,
                       (unsigned long long)l->store->samples);
    return go(l, s->epoch, s->position, err);
}

int hr_loader_set_epoch(hr_loader *l, uint64_t epoch, struct hr_error *err)
{
    int r = hr_loader_alive(l, err);
    return r < 0 ? r : go(l, epoch, 0, err);
}
