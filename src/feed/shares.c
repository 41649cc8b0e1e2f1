/* Which positions of the epoch a step takes: by count (steps.h) or cut by nodes and edges (cuts.h). */
#include "loader.h"

#include "num.h"

#include <string.h>

int hr_shares_init(struct hr_loader *l, struct hr_error *err)
{
    l->cut = l->o.max_nodes != 0 || l->o.max_edges != 0;
    if (l->cut && (l->o.max_nodes != 0 ? l->collate.node_span : l->collate.edge_span) < 0)
        return hr_fail(err, HR_E_INVALID, "batches can be cut by %s only where a field has the role '%s'",
                       l->o.max_nodes != 0 ? "nodes" : "edges", l->o.max_nodes != 0 ? "node" : "edge");
    if (l->cut && l->o.max_edges != 0 && l->collate.edge_span < 0)
        return hr_fail(err, HR_E_INVALID, "batches can be cut by edges only where a field has the role 'edge' or 'edge_index'");
    if (l->cut && l->weights != NULL)
        return hr_fail(err, HR_E_INVALID, "weights cannot be combined with max_nodes and max_edges");
    int r = hr_steps_init(&l->steps, l->store->samples, l->o.batch_size, l->rank.world, l->weights, l->o.tail, err);
    if (r == 0)
        l->batch_max = (uint32_t)hr_steps_share_max(&l->steps);
    return r;
}

void hr_shares_forget(struct hr_loader *l)
{
    hr_cuts_fini(&l->cuts);
    hr_epoch_fini(&l->cut_epoch);
    memset(&l->cuts, 0, sizeof l->cuts);
    memset(&l->cut_epoch, 0, sizeof l->cut_epoch);
    l->cuts_ready = false;
}

void hr_shares_fini(struct hr_loader *l)
{
    hr_shares_forget(l);
    hr_steps_fini(&l->steps);
}

/* Rows of one ragged field of one sample. */
static uint64_t rows_of(const struct hr_loader *l, int span, const struct hr_column *col, uint32_t index)
{
    if (span < 0)
        return 0;
    const struct hr_span *s = &l->collate.span[span];
    const int32_t *o = col[s->field].offsets + (size_t)index * s->lists;
    return (uint64_t)(o[1] - o[0]);
}

static int sizes(void *arg, const struct hr_place *place, size_t n, uint64_t *ret_nodes, uint64_t *ret_edges, struct hr_error *err)
{
    struct hr_loader *l = arg;
    for (size_t i = 0; i < n; i++) {
        const struct hr_column *col;
        int r = hr_chunks_get(&l->chunks, place[i].chunk, &col, err);
        if (r < 0)
            return r;
        ret_nodes[i] = rows_of(l, l->collate.node_span, col, place[i].index);
        ret_edges[i] = rows_of(l, l->collate.edge_span, col, place[i].index);
        hr_chunks_put(&l->chunks, place[i].chunk);
    }
    return 0;
}

static int cuts_for(struct hr_loader *l, uint64_t epoch, struct hr_error *err)
{
    if (l->cuts_ready && l->cut_epoch.epoch == epoch)
        return 0;
    struct hr_limits limits = { l->o.batch_size, l->o.max_nodes, l->o.max_edges };
    l->cuts_ready = false;
    hr_cuts_fini(&l->cuts);
    int r = hr_order_epoch(&l->order, epoch, &l->cut_epoch, err);
    if (r == 0)
        r = hr_cuts_init(&l->cuts, &l->cut_epoch, &limits, sizes, l, err);
    l->cuts_ready = r == 0;
    return r;
}

static int share_of(struct hr_loader *l, uint64_t epoch, uint64_t step, struct hr_share *ret, struct hr_error *err)
{
    if (!l->cut)
        return hr_steps_at(&l->steps, step, l->rank.rank, ret);
    int r = cuts_for(l, epoch, err);
    return r < 0 ? r : hr_cuts_step(&l->cuts, step, l->rank.rank, l->rank.world, l->o.tail, ret, err);
}

static int share_any(struct hr_loader *l, uint64_t epoch, uint64_t step, int rank, int world, struct hr_share *ret, struct hr_error *err)
{
    if (l->cut) {
        int r = cuts_for(l, epoch, err);
        return r < 0 ? r : hr_cuts_step(&l->cuts, step, rank, world, l->o.tail, ret, err);
    }
    struct hr_steps s;
    int r = hr_steps_init(&s, l->store->samples, l->o.batch_size, world, world == l->rank.world ? l->weights : NULL, l->o.tail, err);
    if (r < 0)
        return r;
    bool there = hr_steps_at(&s, step, rank, ret);
    hr_steps_fini(&s);
    if (there && ret->count > l->batch_max)
        return hr_fail(err, HR_E_BUG, "a batch of %llu samples where %u are the most", (unsigned long long)ret->count, l->batch_max);
    return there;
}

static int share_position(struct hr_loader *l, uint64_t epoch, uint64_t step, uint64_t *ret, struct hr_error *err)
{
    struct hr_share s;
    if (!l->cut) {
        *ret = HR_MIN(hr_steps_position(&l->steps, step), l->store->samples);
        return 0;
    }
    int r = cuts_for(l, epoch, err);
    if (r == 0)
        r = hr_cuts_at(&l->cuts, step * (uint64_t)l->rank.world, &s, err);
    if (r >= 0)
        *ret = r == 1 ? s.position : l->store->samples;
    return r < 0 ? r : 0;
}

static int share_resume(struct hr_loader *l, uint64_t epoch, uint64_t position, uint64_t *ret_step, struct hr_error *err)
{
    if (!l->cut) {
        *ret_step = hr_steps_resume(&l->steps, position);
        return 0;
    }
    /* Where a cut batch begins depends on all before it: the sizes up to there are looked at again. */
    int r = cuts_for(l, epoch, err);
    struct hr_share s = { 0, 0 };
    uint64_t g = 0;
    for (; r >= 0 && (r = hr_cuts_at(&l->cuts, g, &s, err)) == 1 && s.position < position; g++)
        ;
    if (r < 0)
        return r;
    if ((r == 1 && s.position != position) || (r == 1 && g % (uint64_t)l->rank.world != 0))
        return hr_fail(err, HR_E_INVALID,
                       "no step of %d ranks begins at position %llu with these limits of nodes and edges; resume with the limits and the "
                       "number of ranks that the state was taken with, or a divisor of it",
                       l->rank.world, (unsigned long long)position);
    *ret_step = hr_div_up(g, (uint64_t)l->rank.world);
    return 0;
}

static uint64_t count_steps(struct hr_loader *l)
{
    uint64_t total;
    if (!l->cut)
        return hr_steps_count(&l->steps, l->rank.rank);
    if (cuts_for(l, l->over ? l->epoch + 1 : l->epoch, NULL) < 0 || hr_cuts_total(&l->cuts, &total, NULL) < 0)
        return 0;
    return hr_cuts_steps(total, l->rank.rank, l->rank.world, l->o.tail);
}

/* --- the same under the lock --- */

int hr_share_of(struct hr_loader *l, uint64_t epoch, uint64_t step, struct hr_share *ret, struct hr_error *err)
{
    pthread_mutex_lock(&l->share_lock);
    int r = share_of(l, epoch, step, ret, err);
    pthread_mutex_unlock(&l->share_lock);
    return r;
}

int hr_share_any(struct hr_loader *l, uint64_t epoch, uint64_t step, int rank, int world, struct hr_share *ret, struct hr_error *err)
{
    pthread_mutex_lock(&l->share_lock);
    int r = share_any(l, epoch, step, rank, world, ret, err);
    pthread_mutex_unlock(&l->share_lock);
    return r;
}

int hr_share_position(struct hr_loader *l, uint64_t epoch, uint64_t step, uint64_t *ret, struct hr_error *err)
{
    pthread_mutex_lock(&l->share_lock);
    int r = share_position(l, epoch, step, ret, err);
    pthread_mutex_unlock(&l->share_lock);
    return r;
}

int hr_share_resume(struct hr_loader *l, uint64_t epoch, uint64_t position, uint64_t *ret_step, struct hr_error *err)
{
    pthread_mutex_lock(&l->share_lock);
    int r = share_resume(l, epoch, position, ret_step, err);
    pthread_mutex_unlock(&l->share_lock);
    return r;
}

void hr_share_restart(struct hr_loader *l)
{
    pthread_mutex_lock(&l->share_lock);
    if (!l->cut)
        hr_steps_resume(&l->steps, 0);
    pthread_mutex_unlock(&l->share_lock);
}

uint64_t hr_loader_steps(const hr_loader *l)
{
    struct hr_loader *m = (struct hr_loader *)l;
    if (hr_loader_alive(l, NULL) < 0)
        return 0;
    pthread_mutex_lock(&m->share_lock);
    uint64_t n = count_steps(m);
    pthread_mutex_unlock(&m->share_lock);
    return n;
}
