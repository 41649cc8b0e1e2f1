/* The sequence of batches, and going to any place in it. */
#include "loader.h"

#include "mem.h"
#include "num.h"

#include <string.h>

int hr_loader_next(hr_loader *l, hr_batch **ret, struct hr_error *err)
{
    int r = hr_loader_alive(l, err);
    if (r < 0)
        return r;
    uint64_t t = hr_ticks();
    if (l->left != 0)
        hr_acct_add(&l->acct, HR_STAGE_CONSUMER, t - l->left);
    if (l->over) {
        l->epoch++;
        l->step = 0;
        l->over = false;
    }
    r = hr_build(l, &l->planner, l->epoch, l->step, l->rank, l->world, true, ret, err);
    l->step += r == 1;
    l->over = r == 0;
    l->left = hr_ticks();
    hr_acct_add(&l->acct, HR_STAGE_GATHER, l->left - t);
    return r;
}

/* World 0 is the loader's own place. */
static int check_place(const hr_loader *l, int *rank, int *world, struct hr_error *err)
{
    int r = hr_loader_alive(l, err);
    if (*world == 0) {
        *rank = l->rank;
        *world = l->world;
    }
    if (r == 0 && (*world < 1 || *rank < 0 || *rank >= *world))
        r = hr_fail(err, HR_E_INVALID, "rank %d of a world of %d", *rank, *world);
    return r;
}

int hr_loader_batch_at(hr_loader *l, uint64_t epoch, uint64_t step, int rank, int world, hr_batch **ret, struct hr_error *err)
{
    int r = check_place(l, &rank, &world, err);
    if (r < 0)
        return r;
    struct hr_batch *b;
    hr_planner_reset(&l->planner, l);
    r = hr_build(l, &l->planner, epoch, step, rank, world, false, &b, err);
    hr_planner_reset(&l->planner, l);
    if (r == 0)
        return hr_fail(err, HR_E_INVALID, "epoch %llu has no step %llu for rank %d of %d", (unsigned long long)epoch,
                       (unsigned long long)step, rank, world);
    if (r > 0)
        *ret = b;
    return r < 0 ? r : 0;
}

int hr_loader_order_at(hr_loader *l, uint64_t epoch, uint64_t step, int rank, int world, uint64_t *sample, size_t n,
                       size_t *ret_n, struct hr_error *err)
{
    uint64_t position;
    uint32_t count;
    struct hr_epoch e = { 0 };
    int r = check_place(l, &rank, &world, err);
    if (r < 0)
        return r;
    if (!hr_step_at(l, step, rank, world, &position, &count))
        return hr_fail(err, HR_E_INVALID, "epoch %llu has no step %llu for rank %d of %d", (unsigned long long)epoch,
                       (unsigned long long)step, rank, world);
    r = hr_order_epoch(&l->order, epoch, &e, err);
    if (r < 0)
        return r;
    hr_epoch_range(&e, NULL, position, HR_MIN(n, (size_t)count), sample);
    hr_epoch_fini(&e);
    *ret_n = count;
    return 0;
}

uint64_t hr_loader_steps(const hr_loader *l)
{
    uint64_t whole = (uint64_t)l->world * l->batch, total = l->store->samples, first = (uint64_t)l->rank * l->batch;
    if (l->o.tail == HR_TAIL_DROP)
        return total / whole;
    if (l->o.tail == HR_TAIL_PAD)
        return hr_div_up(total, whole);
    return total > first ? hr_div_up(total - first, whole) : 0;
}

enum { STATE_FORMAT = 1 };

void hr_loader_state(const hr_loader *l, struct hr_state *ret)
{
    *ret = (struct hr_state){ .format = STATE_FORMAT,
                              .flags = (uint32_t)l->order.kind,
                              .dataset = l->store->id,
                              .seed = l->o.seed,
                              .epoch = l->over ? l->epoch + 1 : l->epoch,
                              .position = l->over ? 0 : l->step * (uint64_t)l->world * l->batch,
                              .window = l->order.window_chunks };
}

static void go(struct hr_loader *l, uint64_t epoch, uint64_t step)
{
    hr_planner_reset(&l->planner, l);
    l->epoch = epoch;
    l->step = step;
    l->over = false;
    l->left = 0;
}

int hr_loader_seek(hr_loader *l, const struct hr_state *s, struct hr_error *err)
{
    int r = hr_loader_alive(l, err);
    if (r < 0)
        return r;
    uint64_t whole = (uint64_t)l->world * l->batch;
    if (s->format != STATE_FORMAT)
        return hr_fail(err, HR_E_INVALID, "the state has format %u; this version knows %d", s->format, STATE_FORMAT);
    if (s->dataset != l->store->id)
        return hr_fail(err, HR_E_INVALID, "the state was taken on another dataset (its fingerprint is %016llx, this one's %016llx)",
                       (unsigned long long)s->dataset, (unsigned long long)l->store->id);
    if (s->flags != (uint32_t)l->order.kind || s->window != l->order.window_chunks || s->seed != l->o.seed)
        return hr_fail(err, HR_E_INVALID,
                       "the state belongs to another order (%s, seed %llu, window %llu; this loader: %s, seed %llu, window %llu): open "
                       "the loader with the same seed, shuffle and window_chunks",
                       hr_order_kind_name((enum hr_order_kind)s->flags), (unsigned long long)s->seed, (unsigned long long)s->window,
                       hr_order_kind_name(l->order.kind), (unsigned long long)l->o.seed, (unsigned long long)l->order.window_chunks);
    if (s->position % whole != 0)
        return hr_fail(err, HR_E_INVALID, "the state's position %llu is no multiple of this loader's %llu samples per step",
                       (unsigned long long)s->position, (unsigned long long)whole);
    go(l, s->epoch, s->position / whole);
    return 0;
}

int hr_loader_set_epoch(hr_loader *l, uint64_t epoch, struct hr_error *err)
{
    int r = hr_loader_alive(l, err);
    if (r == 0)
        go(l, epoch, 0);
    return r;
}
