#include "locate.h"

#include "mem.h"

#include <inttypes.h>
#include <string.h>

int hr_run_order(const struct hr_store *s, const struct hr_run *run, struct hr_order *ret, struct hr_error *err)
{
    uint64_t *HR_CLEANUP(hr_freep) samples = hr_calloc(s->parts, sizeof *samples);
    if (samples == NULL && s->parts > 0)
        return hr_fail_nomem(err, s->parts * sizeof *samples, "the parts' sizes");
    for (uint32_t p = 0; p < s->parts; p++)
        samples[p] = s->part[p].samples;
    bool whole = run->window_chunks == 0 || run->window_chunks >= s->chunks;
    enum hr_order_kind kind = !run->shuffle ? HR_ORDER_SEQUENTIAL : whole ? HR_ORDER_FULL : HR_ORDER_WINDOWED;
    struct hr_order_geometry g = { s->samples, s->chunk_samples, s->parts, samples };
    return hr_order_init(ret, &g, kind, run->window_chunks, run->seed, err);
}

static int places(const struct hr_order *o, uint64_t epoch, struct hr_located *l, struct hr_error *err)
{
    struct hr_epoch e = { .order = NULL };
    struct hr_cursor c;
    int rc = hr_order_epoch(o, epoch, &e, err);
    if (rc < 0)
        return rc;
    rc = hr_cursor_init(&c, o, err);
    if (rc == 0) {
        l->place = hr_calloc(l->share.count, sizeof *l->place);
        if (l->place == NULL) {
            rc = hr_fail_nomem(err, l->share.count * sizeof *l->place, "the step's samples");
        } else {
            hr_epoch_places(&e, &c, l->share.position, l->share.count, l->place);
            l->window = hr_epoch_window(&e, l->share.position % o->samples);
        }
        hr_cursor_fini(&c);
    }
    hr_epoch_fini(&e);
    return rc;
}

int hr_locate(const struct hr_store *s, const struct hr_run *run, uint64_t epoch, uint64_t step, int rank, struct hr_located *ret,
              struct hr_error *err)
{
    struct hr_order o;
    struct hr_steps steps = { .samples = 0 };
    struct hr_located l = { .kind = HR_ORDER_SEQUENTIAL };
    if (rank < 0 || rank >= run->world)
        return hr_fail(err, HR_E_INVALID, "rank %d is not one of the %d ranks 0 to %d", rank, run->world, run->world - 1);
    int rc = hr_run_order(s, run, &o, err);
    if (rc < 0)
        return rc;
    rc = hr_steps_init(&steps, s->samples, run->batch_size, run->world, run->weights, run->tail, err);
    if (rc == 0) {
        l.kind = o.kind;
        l.window_chunks = o.window_chunks;
        l.steps = hr_steps_count(&steps, rank);
        if (!hr_steps_at(&steps, step, rank, &l.share))
            rc = hr_fail(err, HR_E_INVALID, "an epoch has %" PRIu64 " steps for rank %d of %d, numbered from 0: there is no step %" PRIu64,
                         l.steps, rank, run->world, step);
        else
            rc = places(&o, epoch, &l, err);
    }
    hr_steps_fini(&steps);
    hr_order_fini(&o);
    if (rc < 0)
        hr_located_fini(&l);
    else
        *ret = l;
    return rc;
}

void hr_located_fini(struct hr_located *l)
{
    hr_free(l->place);
    memset(l, 0, sizeof *l);
}

int hr_run_quality(const struct hr_store *s, const struct hr_run *run, uint64_t epoch, uint64_t epochs, struct hr_quality *ret,
                   struct hr_error *err)
{
    struct hr_order o;
    struct hr_epoch e = { .order = NULL };
    struct hr_quality sum = { 0, 0, 0, 0 }, q;
    int rc = hr_run_order(s, run, &o, err);
    if (rc < 0)
        return rc;
    for (uint64_t i = 0; i < epochs && rc == 0; i++) {
        rc = hr_order_epoch(&o, epoch + i, &e, err);
        if (rc == 0)
            rc = hr_quality_measure(&e, run->batch_size, 0, &q, err);
        if (rc < 0)
            break;
        sum.batches += q.batches;
        sum.groups += q.groups / (double)epochs;
        sum.neighbours += q.neighbours / (double)epochs;
        sum.variance += q.variance / (double)epochs;
    }
    hr_epoch_fini(&e);
    hr_order_fini(&o);
    if (rc == 0)
        *ret = sum;
    return rc;
}
