#include "pipeline.h"

#include "clock.h"
#include "mem.h"
#include "thread.h"

#include <stdio.h>

enum { TICK_NS = 100 * 1000 * 1000 };

enum slot_state { SLOT_FREE, SLOT_PARSING, SLOT_DONE };

struct slot {
    enum slot_state state;
    struct hr_unit u;
    struct hr_block b;
    int e;
    struct hr_error err;
};

struct worker {
    struct hr_pipeline *p;
    struct hr_thread thread;
    struct hr_measure *measure;
};

struct hr_pipeline {
    struct hr_source *s;
    const struct hr_schema *schema;
    struct hr_pipeline_options o;
    int slots, workers;      /* workers: the threads, and one more entry for the caller's own measure */
    struct slot *slot;
    struct worker *worker;

    pthread_mutex_t next_lock; /* around source->next and `ahead`, and taken before `lock` */
    struct hr_unit ahead;      /* looked at already, not given to anybody */
    bool has_ahead, exhausted;

    pthread_mutex_t lock;      /* around everything below */
    pthread_cond_t work, done; /* for the workers, for the caller */
    uint64_t head, tail;       /* units given out, units taken */
    bool ended, stop;          /* no more units after head; everybody go home */
    uint64_t cost;             /* of the units between tail and head */
    struct hr_box *free, *todo;/* boxes: empty ones, and ones to be measured */
    int boxes, boxes_max;
    int failed;                /* of a measure */
    struct hr_error failed_err;
    uint64_t bytes;
};

static struct slot *slot_of(struct hr_pipeline *p, uint64_t seq)
{
    return &p->slot[seq % (uint64_t)p->slots];
}

/* --- units --- */

static bool whole_before(const struct hr_pipeline *p, const struct hr_unit *u, const struct hr_unit *after)
{
    if (u->file < p->o.skip_file)
        return true;
    return u->file == p->o.skip_file && after != NULL && after->file == u->file && after->first <= p->o.skip_number;
}

/* The next unit that has to be parsed.  next_lock is held. */
static int next_unit(struct hr_pipeline *p, struct hr_unit *ret, struct hr_error *err)
{
    for (;;) {
        struct hr_unit u;
        int e = 1;
        if (p->has_ahead) {
            u = p->ahead;
            p->has_ahead = false;
        } else {
            e = p->exhausted ? 0 : p->s->ops->next(p->s, &u, err);
        }
        p->exhausted = p->exhausted || e == 0;
        if (e <= 0)
            return e;
        bool maybe = u.file < p->o.skip_file || (u.file == p->o.skip_file && u.first < p->o.skip_number);
        if (!maybe) {
            *ret = u;
            return 1;
        }
        /* Where this unit ends is told by where the next one begins. */
        e = p->exhausted ? 0 : p->s->ops->next(p->s, &p->ahead, err);
        p->exhausted = p->exhausted || e == 0;
        p->has_ahead = e == 1;
        if (e >= 0 && !whole_before(p, &u, e == 1 ? &p->ahead : NULL)) {
            *ret = u;
            return 1;
        }
        pthread_mutex_lock(&p->lock);
        p->bytes += u.bytes;
        pthread_mutex_unlock(&p->lock);
        if (p->s->ops->drop != NULL && u.data != NULL)
            p->s->ops->drop(p->s, &u);
        if (e < 0)
            return e;
    }
}

static void parse_slot(struct hr_pipeline *p, struct slot *s)
{
    s->e = 0;
    s->err = (struct hr_error)HR_ERROR_INIT;
    if (s->b.schema == NULL) {
        s->e = hr_block_init(&s->b, p->schema, (size_t)1 << 40, &s->err);
        s->b.hashing = p->o.hashing;
    } else {
        hr_block_reset(&s->b);
    }
    if (s->e == 0)
        s->e = p->s->ops->parse(p->s, &s->u, &s->b, &s->err);
}

static void drop_unit(struct hr_pipeline *p, struct hr_unit *u)
{
    if (p->s->ops->drop == NULL || u->data == NULL)
        return;
    pthread_mutex_lock(&p->next_lock);
    p->s->ops->drop(p->s, u);
    u->data = NULL;
    pthread_mutex_unlock(&p->next_lock);
}

/* --- measuring --- */

/* Takes a box from the list and measures it; false when there was none.  `lock` is held, and released meanwhile. */
static bool measure_one(struct hr_pipeline *p, struct hr_measure *m)
{
    struct hr_box *b = p->todo;
    if (b == NULL)
        return false;
    p->todo = b->next;
    pthread_mutex_unlock(&p->lock);
    struct hr_error err = HR_ERROR_INIT;
    int e = hr_measure_add(m, hr_box_view(b), &err);
    hr_box_reset(b);
    pthread_mutex_lock(&p->lock);
    b->next = p->free;
    p->free = b;
    if (e < 0 && p->failed == 0) {
        p->failed = e;
        p->failed_err = err;
    }
    pthread_cond_signal(&p->done);
    return true;
}

/* --- workers --- */

static bool has_room(const struct hr_pipeline *p)
{
    return p->head - p->tail < (uint64_t)p->slots && (p->cost < p->o.memory || p->head == p->tail);
}

/* A unit into the next slot; false when there is nothing to do now. `lock` is held, and released meanwhile. */
static bool parse_one(struct hr_pipeline *p)
{
    if (p->ended || p->stop || !has_room(p))
        return false;
    pthread_mutex_unlock(&p->lock);
    struct hr_unit u;
    struct hr_error err = HR_ERROR_INIT;
    pthread_mutex_lock(&p->next_lock);
    pthread_mutex_lock(&p->lock);
    bool room = !p->ended && has_room(p);
    pthread_mutex_unlock(&p->lock);
    int e = room ? next_unit(p, &u, &err) : 0;
    pthread_mutex_lock(&p->lock);
    struct slot *s = slot_of(p, p->head);
    if (room && e != 0) {
        u.seq = p->head++;
        s->state = SLOT_PARSING;
        s->u = u;
        p->cost += e == 1 ? u.cost : 0;
        s->u.cost = e == 1 ? u.cost : 0;
    }
    p->ended = p->ended || (room && e <= 0);
    pthread_mutex_unlock(&p->next_lock);
    if (!room || e == 0) {
        pthread_cond_broadcast(&p->work);
        pthread_cond_signal(&p->done);
        return room || p->todo != NULL;
    }
    pthread_mutex_unlock(&p->lock);
    if (e < 0) {
        s->u = (struct hr_unit){ .data = NULL };
        s->e = e;
        s->err = err;
    } else {
        parse_slot(p, s);
    }
    pthread_mutex_lock(&p->lock);
    s->state = SLOT_DONE;
    pthread_cond_signal(&p->done);
    return true;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct hr_pipeline *p = w->p;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        if (measure_one(p, w->measure) || parse_one(p))
            continue;
        if (!p->stop)
            pthread_cond_wait(&p->work, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* --- the caller's side --- */

static struct hr_measure *own_measure(struct hr_pipeline *p)
{
    return p->worker[p->workers - 1].measure;
}

int hr_pipeline_create(struct hr_source *s, const struct hr_schema *schema, const struct hr_pipeline_options *o,
                       struct hr_pipeline **ret, struct hr_error *err)
{
    struct hr_pipeline *p = hr_calloc(1, sizeof *p);
    if (p == NULL)
        return hr_fail_nomem(err, sizeof *p, "packing");
    pthread_mutex_init(&p->next_lock, NULL);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    hr_cond_init(&p->done);
    p->s = s;
    p->schema = schema;
    p->o = *o;
    p->slots = o->jobs == 1 ? 1 : 2 * o->jobs + 1;
    p->workers = o->jobs == 1 ? 1 : o->jobs + 1;
    p->boxes_max = o->jobs + 2;
    p->slot = hr_calloc((size_t)p->slots, sizeof *p->slot);
    p->worker = hr_calloc((size_t)p->workers, sizeof *p->worker);
    int e = p->slot != NULL && p->worker != NULL ? 0 : hr_fail_nomem(err, (size_t)p->slots * sizeof *p->slot, "packing");
    for (int i = 0; e == 0 && i < p->workers; i++) {
        p->worker[i].p = p;
        e = hr_measure_create(schema, &p->worker[i].measure, err);
    }
    for (int i = 0; e == 0 && i < p->workers - 1; i++)
        e = hr_thread_start(&p->worker[i].thread, "hr-pack", work, &p->worker[i], err);
    if (e < 0) {
        hr_pipeline_destroy(p);
        return e;
    }
    *ret = p;
    return 0;
}

static void destroy_boxes(struct hr_box *b)
{
    while (b != NULL) {
        struct hr_box *next = b->next;
        hr_box_destroy(b);
        b = next;
    }
}

void hr_pipeline_destroy(struct hr_pipeline *p)
{
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; p->worker != NULL && i < p->workers; i++)
        hr_thread_join(&p->worker[i].thread);
    for (; p->tail < p->head; p->tail++)
        drop_unit(p, &slot_of(p, p->tail)->u);
    if (p->has_ahead)
        drop_unit(p, &p->ahead);
    for (int i = 0; p->worker != NULL && i < p->workers; i++)
        hr_measure_destroy(p->worker[i].measure);
    for (int i = 0; p->slot != NULL && i < p->slots; i++)
        if (p->slot[i].b.schema != NULL)
            hr_block_fini(&p->slot[i].b);
    destroy_boxes(p->free);
    destroy_boxes(p->todo);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->lock);
    pthread_mutex_destroy(&p->next_lock);
    hr_free(p->slot);
    hr_free(p->worker);
    hr_free(p);
}

/* Waits for the block of unit `tail`, ticking.  1 = it is there, 0 = there are no more units; negative: a tick stopped us, or
 * a measure failed.  `lock` is held. */
static int await(struct hr_pipeline *p, struct hr_error *err)
{
    for (;;) {
        if (p->failed < 0) {
            if (err != NULL)
                *err = p->failed_err;
            return p->failed;
        }
        if (p->tail < p->head && slot_of(p, p->tail)->state == SLOT_DONE)
            return 1;
        if (p->tail == p->head && p->ended)
            return 0;
        if (p->workers == 1) {
            (void)parse_one(p);
            continue;
        }
        if (!hr_cond_wait_until(&p->done, &p->lock, hr_now() + TICK_NS)) {
            pthread_mutex_unlock(&p->lock);
            int e = p->o.tick(p->o.arg, err);
            pthread_mutex_lock(&p->lock);
            if (e < 0)
                return e;
        }
    }
}

static int take_slot(struct hr_pipeline *p, struct slot *s, struct hr_error *err)
{
    if (s->e < 0) {
        if (err != NULL)
            *err = s->err;
        return s->e;
    }
    int e = p->o.take(p->o.arg, &s->u, &s->b, err);
    drop_unit(p, &s->u);
    return e < 0 ? e : p->o.tick(p->o.arg, err);
}

int hr_pipeline_run(struct hr_pipeline *p, struct hr_error *err)
{
    int e;
    pthread_mutex_lock(&p->lock);
    while ((e = await(p, err)) == 1) {
        struct slot *s = slot_of(p, p->tail);
        pthread_mutex_unlock(&p->lock);
        e = take_slot(p, s, err);
        pthread_mutex_lock(&p->lock);
        if (e < 0)
            break;
        p->cost -= s->u.cost;
        p->bytes += s->u.bytes;
        s->state = SLOT_FREE;
        p->tail++;
        pthread_cond_broadcast(&p->work);
    }
    pthread_mutex_unlock(&p->lock);
    return e;
}

int hr_pipeline_box(struct hr_pipeline *p, struct hr_box **ret, struct hr_error *err)
{
    pthread_mutex_lock(&p->lock);
    while (p->free == NULL && p->boxes == p->boxes_max && !measure_one(p, own_measure(p)))
        pthread_cond_wait(&p->done, &p->lock);
    struct hr_box *b = p->free;
    if (b != NULL)
        p->free = b->next;
    p->boxes += b == NULL;
    pthread_mutex_unlock(&p->lock);
    if (b == NULL) {
        int e = hr_box_create(p->schema, &b, err);
        if (e < 0)
            return e;
    }
    b->next = NULL;
    *ret = b;
    return 0;
}

void hr_pipeline_unbox(struct hr_pipeline *p, struct hr_box *b)
{
    if (b == NULL)
        return;
    hr_box_reset(b);
    pthread_mutex_lock(&p->lock);
    b->next = p->free;
    p->free = b;
    pthread_mutex_unlock(&p->lock);
}

int hr_pipeline_measure(struct hr_pipeline *p, struct hr_box *b, struct hr_error *err)
{
    pthread_mutex_lock(&p->lock);
    b->next = p->todo;
    p->todo = b;
    if (p->workers == 1)
        (void)measure_one(p, own_measure(p));
    else
        pthread_cond_signal(&p->work);
    int e = p->failed;
    if (e < 0 && err != NULL)
        *err = p->failed_err;
    pthread_mutex_unlock(&p->lock);
    return e;
}

int hr_pipeline_measure_now(struct hr_pipeline *p, const struct hr_chunk *c, struct hr_error *err)
{
    return hr_measure_add(own_measure(p), c, err);
}

int hr_pipeline_stats(struct hr_pipeline *p, struct hr_stats *ret, struct hr_error *err)
{
    pthread_mutex_lock(&p->lock);
    while (measure_one(p, own_measure(p)))
        continue;
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->workers; i++)
        hr_thread_join(&p->worker[i].thread); /* whoever still measures finishes that first */
    if (p->failed < 0) {
        if (err != NULL)
            *err = p->failed_err;
        return p->failed;
    }
    for (int i = 0; i < p->workers - 1; i++) {
        int e = hr_measure_merge(own_measure(p), p->worker[i].measure, err);
        if (e < 0)
            return e;
    }
    return hr_measure_finish(own_measure(p), ret, err);
}

uint64_t hr_pipeline_bytes(struct hr_pipeline *p)
{
    pthread_mutex_lock(&p->lock);
    uint64_t n = p->bytes;
    pthread_mutex_unlock(&p->lock);
    return n;
}
