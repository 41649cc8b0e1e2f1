/* Opening and closing a loader, and what it says of itself. */
#include "loader.h"

#include "choose.h"
#include "fault.h"
#include "fork.h"
#include "localise.h"
#include "mem.h"
#include "norms.h"
#include "num.h"

#include <stdio.h>
#include <string.h>

void hr_loader_options_init(struct hr_loader_options *o)
{
    *o = (struct hr_loader_options){ .size = sizeof *o,
                                     .batch_size = 16,
                                     .shuffle = true,
                                     .shuffle_quality = 1.10,
                                     .rank = -1,
                                     .threads = -1,
                                     .builders = -1,
                                     .prefetch = 2,
                                     .verify = 1 };
}

/* About how large one batch becomes: stored bytes, widened. */
static uint64_t batch_estimate(const struct hr_loader *l)
{
    const struct hr_store *s = l->store;
    uint64_t chunk = s->codec == HR_CODEC_NONE ? s->body_max : hr_store_scratch(s);
    uint64_t sample = chunk / HR_MAX(s->chunk_samples, 1u) + 64, wide = 1;
    for (int i = 0; i < l->collate.outs; i++)
        if (l->collate.out[i].field >= 0)
            wide = HR_MAX(wide, (uint64_t)l->collate.out[i].elem_out / HR_MAX(l->collate.out[i].elem_in, 1u));
    return sample * HR_MIN(wide, 4u) * l->batch_max * 5 / 4 + 16384;
}

static int open_order(struct hr_loader *l, uint64_t window, struct hr_error *err)
{
    const struct hr_store *s = l->store;
    HR_CLEANUP(hr_freep) uint64_t *counts = hr_reallocarray(NULL, s->parts, sizeof *counts);
    if (counts == NULL)
        return hr_fail_nomem(err, s->parts * sizeof *counts, "the list of parts");
    for (uint32_t i = 0; i < s->parts; i++)
        counts[i] = s->part[i].samples;
    struct hr_order_geometry g = { s->samples, s->chunk_samples, s->parts, counts };
    int r = hr_order_init(&l->order, &g, l->choice.kind, window, l->o.seed, err);
    if (r == 0)
        l->window_now = l->order.window_chunks;
    return r;
}

int hr_loader_window(struct hr_loader *l, uint64_t chunks, struct hr_error *err)
{
    if (l->ahead != NULL)
        hr_ahead_reset(l->ahead);
    if (!l->chunks.resident)
        hr_cache_forget(l->chunks.cache);
    hr_shares_forget(l);
    hr_planner_fini(&l->planner, l);
    hr_order_fini(&l->order);
    memset(&l->order, 0, sizeof l->order);
    int r = open_order(l, chunks, err);
    l->order_age++;
    l->followed = false;
    return r < 0 ? r : hr_planner_init(&l->planner, l, err);
}

static int open_chunks(struct hr_loader *l, struct hr_error *err)
{
    const struct hr_choice *c = &l->choice;
    if (c->resident)
        return hr_chunks_open_resident(&l->chunks, l->store, l->o.verify != 0, l->o.threads != 0, l->ledger,
                                       &l->acct, err);
    struct hr_cache_options co = { .slots = c->cache_slots,
                                   .ahead = c->ahead,
                                   .threads = c->threads,
                                   .verify = l->o.verify != 0,
                                   .ttl_ns = l->o.cache_ttl_ns,
                                   .order = &l->order };
    return hr_cache_open(&l->chunks, l->store, &co, l->ledger, &l->acct, err);
}

static int open_memory(struct hr_loader *l, struct hr_error *err)
{
    uint64_t fixed = hr_planner_bytes(l) * (1 + (uint64_t)HR_MAX(l->o.builders, 1)) + sizeof *l + 65536;
    int r = hr_choose(l->store, &l->o, batch_estimate(l), fixed, &l->choice, err);
    if (r == 0)
        r = hr_ledger_create(l->choice.budget, &l->ledger, err);
    if (r == 0)
        r = open_order(l, l->choice.window, err);
    if (r == 0)
        r = hr_planner_init(&l->planner, l, err);
    if (r == 0)
        r = open_chunks(l, err);
    if (r < 0)
        return r;
    struct hr_pool_options po = { l->collate.tensor, l->collate.outs, l->choice.slots, l->o.guard, l->o.pin, l->ledger };
    r = hr_pool_create(&po, &l->pool, err);
    if (r == 0)
        r = hr_marks_create(l, &l->marks, err);
    if (r == 0 && l->choice.builders > 0)
        r = hr_ahead_create(l, l->choice.builders, HR_MAX(l->o.prefetch, 1), &l->ahead, err);
    return r;
}

static int compile_transforms(struct hr_loader *l, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) struct hr_field_norm *norms = NULL;
    bool needed = false;
    for (int i = 0; i < l->o.transforms_n; i++)
        needed |= l->o.transforms[i].a_from_statistics;
    int r = needed ? hr_norms_read(l->store->statistics, &l->store->schema, &norms, err) : 0;
    if (r < 0)
        return r;
    return hr_transforms_compile(l->o.transforms, l->o.transforms_n, &l->store->schema, norms, &l->transforms, err);
}

/* The caller's lists are copied or used up here: nothing of them is kept. */
static int take_lists(struct hr_loader *l, struct hr_error *err)
{
    int r = hr_rank_resolve(l->o.rank, l->o.world, &l->rank, err);
    if (r == 0 && l->o.weights != NULL) {
        l->weights = hr_memdup(l->o.weights, (size_t)l->rank.world * sizeof *l->weights);
        if (l->weights == NULL)
            r = hr_fail_nomem(err, (size_t)l->rank.world * sizeof *l->weights, "the ranks' weights");
    }
    if (r == 0 && l->o.transforms_n != 0)
        r = compile_transforms(l, err);
    if (r == 0)
        r = hr_collate_init(&l->collate, &l->store->schema, l->store->layout, &l->o, l->transforms, err);
    l->o.weights = NULL;
    l->o.transforms = NULL;
    l->o.fields = NULL;
    return r;
}

static int open_all(struct hr_loader *l, const char *path, const struct hr_loader_options *o, struct hr_error *err)
{
    int r = hr_choose_options(o, &l->o, err);
    if (r < 0)
        return r;
    l->path = hr_strdup(path);
    if (l->path == NULL)
        return hr_fail_nomem(err, strlen(path) + 1, "a path");
    r = hr_choose_batch(&l->o, &l->o.batch_size, err);
    if (r == 0)
        r = hr_store_open(path, &l->store, err);
    if (r == 0)
        hr_localise_store(path, &l->store, l->localised, sizeof l->localised);
    if (r == 0 && l->store->samples == 0)
        r = hr_fail(err, HR_E_INVALID, "the dataset '%s' has no samples", path);
    if (r == 0)
        r = take_lists(l, err);
    if (r == 0)
        r = hr_shares_init(l, err);
    return r < 0 ? r : open_memory(l, err);
}

int hr_loader_open(const char *path, const struct hr_loader_options *o, hr_loader **ret, struct hr_error *err)
{
    hr_fault_init();
    if (path == NULL || ret == NULL)
        return hr_fail(err, HR_E_INVALID, "hr_loader_open needs a path and a place for the loader");
    struct hr_loader *l = hr_calloc(1, sizeof *l);
    if (l == NULL)
        return hr_fail_nomem(err, sizeof *l, "a loader");
    l->birth = hr_fork_generation();
    pthread_mutex_init(&l->share_lock, NULL);
    pthread_mutex_init(&l->follow_lock, NULL);
    hr_acct_init(&l->acct);
    int r = open_all(l, path, o, err);
    if (r < 0) {
        hr_loader_close(l);
        return r;
    }
    *ret = l;
    return 0;
}

void hr_loader_close(hr_loader *l)
{
    if (l == NULL || l->birth != hr_fork_generation())
        return; /* a forked child's copy: its threads are not there and its locks may be held; its pages go with it */
    hr_ahead_destroy(l->ahead);
    hr_marks_destroy(l->marks);
    if (l->ledger != NULL)
        hr_planner_fini(&l->planner, l);
    hr_shares_fini(l);
    hr_chunks_close(&l->chunks);
    hr_pool_close(l->pool);
    hr_order_fini(&l->order);
    hr_collate_fini(&l->collate);
    hr_transforms_free(l->transforms);
    hr_ledger_release(l->ledger);
    hr_store_close(l->store);
    pthread_mutex_destroy(&l->share_lock);
    pthread_mutex_destroy(&l->follow_lock);
    hr_free(l->weights);
    hr_free(l->path);
    hr_free(l);
}

int hr_loader_alive(const struct hr_loader *l, struct hr_error *err)
{
    if (HR_LIKELY(l->birth == hr_fork_generation()))
        return 0;
    return hr_fail(err, HR_E_STATE,
                   "this loader was opened before the process was forked and does not work in the child; open a new one there (its "
                   "state can be taken over with hr_loader_seek)");
}

uint64_t hr_loader_samples(const hr_loader *l)
{
    return l->store->samples;
}

int hr_loader_fields(const hr_loader *l)
{
    return l->store->schema.n;
}

const struct hr_field *hr_loader_field(const hr_loader *l, int i)
{
    return i >= 0 && i < l->store->schema.n ? &l->store->schema.field[i] : NULL;
}

const char *hr_loader_statistics(const hr_loader *l)
{
    return l->store->statistics;
}
