/* Builders: threads that build batches before they are asked for.  Worth it for large batches; a small one is built faster
 * than it is handed over.
 *
 * Batches are numbered in the order in which they will be delivered.  A builder (or the caller, when no builder got to it) claims the
 * next number, with its place in the epoch and its slot, under the lock; builds it without; and puts it into the ring.
 * I1  Claims are made in order and each holds its slot from then on, so the batch that the caller waits for can always be
 *     finished: no deadlock when slots run out.
 * I2  Numbers [want, next) are claimed; at most `depth` of them beyond what the caller asks for.
 * I3  An error is delivered at its place, and everything after it is thrown away: the next call tries that place again. */
#include "loader.h"

#include "mem.h"
#include "thread.h"

#include <string.h>

enum job_state { JOB_EMPTY, JOB_CLAIMED, JOB_DONE, JOB_FAILED, JOB_END };

struct job {
    enum job_state state;
    struct hr_target target;
    struct hr_slot *slot;
    uint64_t after; /* global position of the step after it */
    int code;
    struct hr_error err;
};

struct builder {
    struct hr_thread thread;
    struct hr_ahead *a;
    struct hr_planner planner;
    uint64_t order_age; /* of the order that the planner was made for */
};

struct hr_ahead {
    struct hr_loader *l;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    bool stop, running; /* builders claim nothing before the first hr_ahead_next and during a reset */
    int depth, room;    /* batches ahead; entries of the ring */
    uint64_t want, next;
    uint64_t epoch, step; /* of the next claim */
    int busy;             /* builders at work */
    int threads;
    struct builder *builder;
    struct job *job; /* [room] */
};

/* Under the lock: the next number with its place and slot.  1, 0 = no slot is free now, or an error of its own. */
static int claim(struct hr_ahead *a, struct job **ret, struct hr_error *err)
{
    struct hr_loader *l = a->l;
    struct job *j = &a->job[a->next % (uint64_t)a->room];
    struct hr_target t = { .epoch = a->epoch, .step = a->step };
    int r = hr_share_of(l, t.epoch, t.step, &t.share, err);
    if (r < 0)
        return r;
    if (r == 0) {
        *j = (struct job){ .state = JOB_END };
        a->epoch++;
        a->step = 0;
        hr_share_restart(l);
    } else {
        struct hr_slot *slot;
        uint64_t after = 0;
        r = hr_share_position(l, t.epoch, t.step + 1, &after, err);
        if (r == 0)
            r = hr_pool_acquire(l->pool, &slot, err);
        if (r < 0)
            return r;
        *j = (struct job){ .state = JOB_CLAIMED, .target = t, .slot = slot, .after = after };
        a->step++;
    }
    a->next++;
    *ret = j;
    return 1;
}

/* Without the lock. */
static int build(struct hr_ahead *a, struct hr_planner *p, struct job *j, struct hr_error *err)
{
    int r = hr_planner_epoch(p, a->l, j->target.epoch, err);
    if (r == 0 && !a->l->chunks.resident)
        r = hr_follow(a->l, p, &j->target, err);
    return r < 0 ? r : hr_build(a->l, p, &j->target, NULL, 0, j->slot, err);
}

static void finish(struct hr_ahead *a, struct job *j, int code)
{
    j->state = code < 0 ? JOB_FAILED : JOB_DONE;
    j->code = code;
    if (code < 0) {
        hr_slot_abandon(j->slot);
        j->slot = NULL;
    }
    pthread_cond_broadcast(&a->done);
}

static int fresh_planner(struct builder *b, struct hr_error *err)
{
    if (b->order_age == b->a->l->order_age)
        return 0;
    hr_planner_fini(&b->planner, b->a->l);
    int r = hr_planner_init(&b->planner, b->a->l, err);
    if (r == 0)
        b->order_age = b->a->l->order_age;
    return r;
}

static void *work(void *arg)
{
    struct builder *b = arg;
    struct hr_ahead *a = b->a;
    struct job *j;
    pthread_mutex_lock(&a->lock);
    while (!a->stop) {
        bool may = a->running && a->next < a->want + (uint64_t)a->depth;
        int r = may ? claim(a, &j, NULL) : 0;
        if (r == 1 && j->state == JOB_CLAIMED) {
            a->busy++;
            pthread_mutex_unlock(&a->lock);
            r = fresh_planner(b, &j->err);
            if (r == 0)
                r = build(a, &b->planner, j, &j->err);
            pthread_mutex_lock(&a->lock);
            a->busy--;
            finish(a, j, r);
        } else if (r != 1) { /* enough is built, no slot is free, or the caller shall meet the error itself */
            uint64_t t = hr_ticks();
            pthread_cond_wait(&a->work, &a->lock);
            if (may)
                hr_acct_add(&a->l->acct, HR_STAGE_WAIT_SLOT, hr_ticks() - t);
        }
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

int hr_ahead_create(struct hr_loader *l, int threads, int depth, struct hr_ahead **ret, struct hr_error *err)
{
    size_t room = (size_t)depth + 2;
    struct hr_ahead *a = hr_calloc(1, sizeof *a);
    struct job *job = hr_calloc(room, sizeof *job);
    struct builder *builder = hr_calloc((size_t)threads, sizeof *builder);
    if (a == NULL || job == NULL || builder == NULL) {
        hr_free(a);
        hr_free(job);
        hr_free(builder);
        return hr_fail_nomem(err, room * sizeof *job, "the builders of batches");
    }
    *a = (struct hr_ahead){ .l = l, .depth = depth, .room = (int)room, .builder = builder, .job = job };
    pthread_mutex_init(&a->lock, NULL);
    hr_cond_init(&a->work);
    hr_cond_init(&a->done);
    int r = 0;
    for (int i = 0; i < threads && r == 0; i++) {
        builder[i].a = a;
        builder[i].order_age = UINT64_MAX; /* none yet: the thread makes it */
        r = hr_thread_start(&builder[i].thread, "headrace-build", work, &builder[i], err);
        a->threads += r == 0;
    }
    if (r < 0) {
        hr_ahead_destroy(a);
        return r;
    }
    *ret = a;
    return 0;
}

/* Under the lock: nobody builds, and what was built is given back. */
static void quiet(struct hr_ahead *a)
{
    a->running = false;
    while (a->busy > 0)
        pthread_cond_wait(&a->done, &a->lock);
    for (; a->want < a->next; a->want++) {
        struct job *j = &a->job[a->want % (uint64_t)a->room];
        if (j->slot != NULL)
            hr_slot_abandon(j->slot);
        *j = (struct job){ .state = JOB_EMPTY };
    }
}

void hr_ahead_reset(struct hr_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    quiet(a);
    pthread_mutex_unlock(&a->lock);
}

void hr_ahead_destroy(struct hr_ahead *a)
{
    if (a == NULL)
        return;
    pthread_mutex_lock(&a->lock);
    quiet(a);
    a->stop = true;
    pthread_cond_broadcast(&a->work);
    pthread_mutex_unlock(&a->lock);
    for (int i = 0; i < a->threads; i++) {
        hr_thread_join(&a->builder[i].thread);
        hr_planner_fini(&a->builder[i].planner, a->l);
    }
    pthread_mutex_destroy(&a->lock);
    pthread_cond_destroy(&a->work);
    pthread_cond_destroy(&a->done);
    hr_free(a->builder);
    hr_free(a->job);
    hr_free(a);
}

void hr_ahead_depth(struct hr_ahead *a, int depth)
{
    pthread_mutex_lock(&a->lock);
    a->depth = HR_MIN(depth, a->room - 2);
    pthread_mutex_unlock(&a->lock);
}

/* The batch that the caller wants, built by the caller: no builder has claimed it. */
static int build_here(struct hr_ahead *a, struct job **ret, struct hr_error *err)
{
    struct job *j;
    int r = claim(a, &j, err);
    if (r == 1 && j->state == JOB_CLAIMED) {
        pthread_cond_broadcast(&a->work); /* the ones after it may be claimed meanwhile */
        pthread_mutex_unlock(&a->lock);
        int code = build(a, &a->l->planner, j, &j->err);
        pthread_mutex_lock(&a->lock);
        finish(a, j, code);
    }
    *ret = r == 1 ? j : NULL;
    return r < 0 ? r : 0;
}

int hr_ahead_next(struct hr_ahead *a, struct hr_batch **ret, uint64_t *ret_after, struct hr_error *err)
{
    struct hr_loader *l = a->l;
    struct job *j;
    int r = 0;
    pthread_mutex_lock(&a->lock);
    if (!a->running) {
        a->epoch = l->epoch;
        a->step = l->step;
        a->running = true;
    }
    if (a->want == a->next)
        r = build_here(a, &j, err);
    else
        j = &a->job[a->want % (uint64_t)a->room];
    uint64_t t = hr_ticks();
    bool waited = r == 0 && j->state == JOB_CLAIMED;
    while (r == 0 && j->state == JOB_CLAIMED)
        pthread_cond_wait(&a->done, &a->lock);
    if (waited)
        hr_acct_add(&l->acct, HR_STAGE_WAIT_BUILD, hr_ticks() - t);
    if (r == 0 && j->state == JOB_FAILED) {
        r = j->code;
        if (err != NULL)
            *err = j->err;
    }
    if (r < 0) {
        quiet(a); /* I3 */
    } else {
        struct job got = *j;
        *j = (struct job){ .state = JOB_EMPTY };
        a->want++;
        r = got.state == JOB_DONE;
        if (r == 1) {
            *ret = hr_slot_publish(got.slot);
            *ret_after = got.after;
        }
        pthread_cond_broadcast(&a->work);
    }
    pthread_mutex_unlock(&a->lock);
    return r;
}
