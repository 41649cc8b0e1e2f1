#include "steps.h"

#include "mem.h"
#include "num.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct quota {
    double fraction;
    int rank;
};

static int by_fraction(const void *a, const void *b)
{
    const struct quota *x = a, *y = b;
    if (x->fraction != y->fraction)
        return x->fraction < y->fraction ? 1 : -1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

static int check_weights(const double *weights, int world, double *ret_sum, struct hr_error *err)
{
    double sum = 0;
    for (int r = 0; r < world; r++) {
        if (!isfinite(weights[r]) || weights[r] <= 0)
            return hr_fail(err, HR_E_INVALID, "the weight of rank %d is %g: weights must be numbers above 0", r, weights[r]);
        sum += weights[r];
    }
    if (!isfinite(sum))
        return hr_fail(err, HR_E_INVALID, "the weights add up to more than a double can hold");
    *ret_sum = sum;
    return 0;
}

/* Fills start[0 .. world] by largest remainder. */
static int share_out(uint64_t *start, uint64_t per_step, const double *weights, int world, struct hr_error *err)
{
    double sum = 0;
    int rc = check_weights(weights, world, &sum, err);
    if (rc < 0)
        return rc;
    struct quota *HR_CLEANUP(hr_freep) q = hr_calloc((size_t)world, sizeof *q);
    if (q == NULL)
        return hr_fail_nomem(err, (size_t)world * sizeof *q, "the ranks' shares");
    uint64_t given = 0;
    for (int r = 0; r < world; r++) {
        double quota = (double)per_step * (weights[r] / sum), whole = floor(quota);
        start[r + 1] = (uint64_t)whole;
        q[r] = (struct quota){ quota - whole, r };
        given += start[r + 1];
    }
    qsort(q, (size_t)world, sizeof *q, by_fraction);
    for (int i = 0; given < per_step; i = (i + 1) % world, given++)
        start[q[i].rank + 1]++;
    for (int i = world - 1; given > per_step; i = (i + world - 1) % world) /* rounding gave one too many */
        if (start[q[i].rank + 1] > 0) {
            start[q[i].rank + 1]--;
            given--;
        }
    for (int r = 0; r < world; r++) {
        if (start[r + 1] == 0)
            return hr_fail(err, HR_E_INVALID,
                           "the weight of rank %d gives it less than one of the %" PRIu64 " samples of a step: raise the batch size",
                           r, per_step);
        start[r + 1] += start[r];
    }
    return 0;
}

int hr_steps_init(struct hr_steps *s, uint64_t samples, uint64_t batch, int world, const double *weights, enum hr_tail tail,
                  struct hr_error *err)
{
    if (batch == 0)
        return hr_fail(err, HR_E_INVALID, "the batch size is 0");
    if (world < 1)
        return hr_fail(err, HR_E_INVALID, "a world of %d ranks cannot be", world);
    struct hr_steps t = { .samples = samples, .batch = batch, .world = world, .tail = tail };
    if (hr_ckd_mul(&t.per_step, batch, (uint64_t)world) || t.per_step > UINT64_C(1) << 50)
        return hr_fail(err, HR_E_LIMIT, "a batch size of %" PRIu64 " for %d ranks is past 2^50 samples per step", batch, world);
    if (weights != NULL) {
        t.start = hr_calloc((size_t)world + 1, sizeof *t.start);
        if (t.start == NULL)
            return hr_fail_nomem(err, ((size_t)world + 1) * sizeof *t.start, "the ranks' shares");
        int rc = share_out(t.start, t.per_step, weights, world, err);
        if (rc < 0) {
            hr_free(t.start);
            return rc;
        }
    }
    *s = t;
    return 0;
}

void hr_steps_fini(struct hr_steps *s)
{
    hr_free(s->start);
    memset(s, 0, sizeof *s);
}

static uint64_t start_of(const struct hr_steps *s, int rank)
{
    return s->start != NULL ? s->start[rank] : s->batch * (uint64_t)rank;
}

uint64_t hr_steps_share(const struct hr_steps *s, int rank)
{
    return s->start != NULL ? s->start[rank + 1] - s->start[rank] : s->batch;
}

uint64_t hr_steps_share_max(const struct hr_steps *s)
{
    uint64_t most = 0;
    for (int r = 0; r < s->world; r++)
        most = HR_MAX(most, hr_steps_share(s, r));
    return most;
}

uint64_t hr_steps_resume(struct hr_steps *s, uint64_t position)
{
    s->origin = HR_MIN(position, s->samples);
    s->base = position / s->per_step;
    return s->base;
}

/* Steps before `base` are as they would be without the resume: what they were is not known here. */
uint64_t hr_steps_position(const struct hr_steps *s, uint64_t step)
{
    return step < s->base ? step * s->per_step : s->origin + (step - s->base) * s->per_step;
}

uint64_t hr_steps_count(const struct hr_steps *s, int rank)
{
    uint64_t left = s->samples - s->origin, start = start_of(s, rank);
    switch (s->tail) {
    case HR_TAIL_DROP:
        return s->base + left / s->per_step;
    case HR_TAIL_PAD:
        return s->base + hr_div_up(left, s->per_step);
    case HR_TAIL_KEEP:
        break;
    }
    return s->base + (left > start ? hr_div_up(left - start, s->per_step) : 0);
}

bool hr_steps_at(const struct hr_steps *s, uint64_t step, int rank, struct hr_share *ret)
{
    if (step >= hr_steps_count(s, rank))
        return false;
    uint64_t position = hr_steps_position(s, step) + start_of(s, rank), count = hr_steps_share(s, rank);
    if (s->tail != HR_TAIL_PAD)
        count = HR_MIN(count, s->samples - position);
    *ret = (struct hr_share){ position, count };
    return true;
}
