#include "pool.h"

#include "fork.h"
#include "mem.h"
#include "num.h"
#include "pin.h"

#include <pthread.h>
#include <string.h>

enum { ALIGN = 64, GRAIN = 16384, POISON = 0xDB };

struct hr_pool {
    pthread_mutex_t lock; /* guards free, slots, busy, closed */
    struct hr_slot *free;
    uint32_t slots, busy, max;
    bool closed, guard;
    struct hr_pinner pin;
    uint64_t birth; /* hr_fork_generation at creation */
    struct hr_ledger *ledger;
    int tensors;
    struct hr_tensor *tensor; /* the template; names point into `names` */
    char *names;
};

static void destroy(struct hr_pool *p)
{
    hr_pinner_fini(&p->pin);
    hr_ledger_release(p->ledger);
    hr_free(p->tensor);
    hr_free(p->names);
    pthread_mutex_destroy(&p->lock);
    hr_free(p);
}

static int copy_template(struct hr_pool *p, const struct hr_pool_options *o, struct hr_error *err)
{
    size_t bytes = 1, at = 0, n = (size_t)o->tensors;
    for (size_t i = 0; i < n; i++)
        bytes += strlen(o->tensor[i].name) + 1;
    p->tensor = hr_calloc(n, sizeof *p->tensor);
    p->names = hr_malloc(bytes);
    if (p->tensor == NULL || p->names == NULL)
        return hr_fail_nomem(err, bytes + n * sizeof *p->tensor, "the list of tensors");
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(o->tensor[i].name) + 1;
        p->tensor[i] = o->tensor[i];
        p->tensor[i].name = memcpy(p->names + at, o->tensor[i].name, len);
        at += len;
    }
    p->tensors = o->tensors;
    return 0;
}

int hr_pool_create(const struct hr_pool_options *o, struct hr_pool **ret, struct hr_error *err)
{
    struct hr_pool *p = hr_calloc(1, sizeof *p);
    if (p == NULL)
        return hr_fail_nomem(err, sizeof *p, "the batch pool");
    pthread_mutex_init(&p->lock, NULL);
    hr_pinner_init(&p->pin, o->pin);
    p->ledger = o->ledger;
    hr_ledger_retain(p->ledger);
    p->max = o->max;
    p->guard = o->guard;
    p->birth = hr_fork_generation();
    int r = copy_template(p, o, err);
    if (r < 0) {
        destroy(p);
        return r;
    }
    *ret = p;
    return 0;
}

/* Unmaps and uncharges the slot's memory; it may be used again. */
static void slot_empty(struct hr_slot *s)
{
    if (s->pinned)
        hr_unpin(&s->pool->pin, s->map.p, s->map.n);
    s->pinned = false;
    if (s->map.n != 0)
        hr_ledger_give(s->pool->ledger, HR_CHARGE_SLOTS, s->map.n);
    hr_unmap(&s->map);
}

static size_t slot_overhead(const struct hr_pool *p, uint32_t samples)
{
    return sizeof(struct hr_slot) + (size_t)p->tensors * sizeof(struct hr_tensor) + samples * sizeof(uint64_t);
}

static void slot_destroy(struct hr_slot *s)
{
    slot_empty(s);
    hr_ledger_give(s->pool->ledger, HR_CHARGE_SLOTS, slot_overhead(s->pool, s->sample_max));
    hr_free(s->sample);
    hr_free(s->tensor);
    hr_free(s);
}

/* With the lock held; unlocks it.  The pool itself goes with its last slot (I3). */
static void unlock_and_reap(struct hr_pool *p)
{
    struct hr_slot *gone = NULL;
    if (p->closed) {
        gone = p->free;
        p->free = NULL;
        for (const struct hr_slot *s = gone; s != NULL; s = s->next)
            p->slots--;
    }
    bool last = p->closed && p->slots == 0;
    pthread_mutex_unlock(&p->lock);
    while (gone != NULL) {
        struct hr_slot *s = gone;
        gone = s->next;
        slot_destroy(s);
    }
    if (last)
        destroy(p);
}

void hr_pool_close(struct hr_pool *p)
{
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->closed = true;
    unlock_and_reap(p);
}

static int slot_create(struct hr_pool *p, struct hr_slot **ret, struct hr_error *err)
{
    int r = hr_ledger_take(p->ledger, HR_CHARGE_SLOTS, slot_overhead(p, 0), err);
    if (r < 0)
        return r;
    struct hr_slot *s = hr_calloc(1, sizeof *s);
    struct hr_tensor *t = hr_memdup(p->tensor, (size_t)p->tensors * sizeof *t);
    if (s == NULL || t == NULL) {
        hr_free(s);
        hr_free(t);
        hr_ledger_give(p->ledger, HR_CHARGE_SLOTS, slot_overhead(p, 0));
        return hr_fail_nomem(err, slot_overhead(p, 0), "a batch");
    }
    s->tensor = t;
    s->pool = p;
    *ret = s;
    return 0;
}

int hr_pool_acquire(struct hr_pool *p, struct hr_slot **ret, struct hr_error *err)
{
    pthread_mutex_lock(&p->lock);
    struct hr_slot *s = p->free;
    if (s != NULL) {
        p->free = s->next;
        p->busy++;
        pthread_mutex_unlock(&p->lock);
        *ret = s;
        return 0;
    }
    if (p->slots == p->max) {
        pthread_mutex_unlock(&p->lock);
        return hr_fail(err, HR_E_BUDGET,
                       "all %u batches that may be alive at once are held; release some (in Python: drop the references), or "
                       "raise `slots`",
                       p->max);
    }
    p->slots++;
    p->busy++;
    pthread_mutex_unlock(&p->lock);
    int r = slot_create(p, ret, err);
    if (r < 0) {
        pthread_mutex_lock(&p->lock);
        p->slots--;
        p->busy--;
        pthread_mutex_unlock(&p->lock);
    }
    return r;
}

/* Room for at least n bytes.  A quarter more than asked: batch sizes vary, and growing means new pages. */
static int slot_grow(struct hr_slot *s, size_t n, struct hr_error *err)
{
    struct hr_pool *p = s->pool;
    size_t want = hr_align_up(n + n / 4, GRAIN), old = s->map.n;
    slot_empty(s); /* I1: nobody holds it, and its contents are not needed */
    if (!hr_ledger_try(p->ledger, HR_CHARGE_SLOTS, want)) {
        want = hr_align_up(HR_MAX(n, old), 4096);
        int r = hr_ledger_take(p->ledger, HR_CHARGE_SLOTS, want, err);
        if (r < 0)
            return r;
    }
    int r = hr_map_anon(want, &s->map, err);
    if (r < 0) {
        hr_ledger_give(p->ledger, HR_CHARGE_SLOTS, want);
        return r;
    }
    s->pinned = hr_pin(&p->pin, s->map.p, s->map.n);
    return 0;
}

static int grow_samples(struct hr_slot *s, uint32_t n, struct hr_error *err)
{
    uint64_t more = (uint64_t)(n - s->sample_max) * sizeof *s->sample;
    int r = hr_ledger_take(s->pool->ledger, HR_CHARGE_SLOTS, more, err);
    if (r < 0)
        return r;
    uint64_t *to = hr_reallocarray(s->sample, n, sizeof *to);
    if (to == NULL) {
        hr_ledger_give(s->pool->ledger, HR_CHARGE_SLOTS, more);
        return hr_fail_nomem(err, n * sizeof *to, "a batch's sample numbers");
    }
    s->sample = to;
    s->sample_max = n;
    return 0;
}

int hr_slot_place(struct hr_slot *s, uint32_t samples, const uint64_t *bytes, struct hr_error *err)
{
    int tensors = s->pool->tensors;
    uint64_t total = 0;
    for (int i = 0; i < tensors; i++) {
        if (bytes[i] > SIZE_MAX / 2 - GRAIN || hr_ckd_add(&total, total, hr_align_up(bytes[i], ALIGN)) || total > SIZE_MAX / 2 - GRAIN)
            return hr_fail(err, HR_E_LIMIT, "a batch of %u samples does not fit into memory at all", samples);
    }
    int r = 0;
    if (HR_UNLIKELY(samples > s->sample_max))
        r = grow_samples(s, samples, err);
    if (r == 0 && HR_UNLIKELY(total > s->map.n))
        r = slot_grow(s, HR_MAX(total, ALIGN), err);
    if (r < 0)
        return r;
    char *at = s->map.p;
    for (int i = 0; i < tensors; i++) {
        s->tensor[i].data = at;
        at += hr_align_up(bytes[i], ALIGN);
    }
    s->used = total;
    return 0;
}

struct hr_batch *hr_slot_publish(struct hr_slot *s)
{
    s->batch.tensors = s->pool->tensors;
    s->batch.tensor = s->tensor;
    s->batch.sample = s->sample;
    atomic_store_explicit(&s->refs, 1, memory_order_relaxed);
    return &s->batch;
}

void hr_slot_abandon(struct hr_slot *s)
{
    struct hr_pool *p = s->pool;
    pthread_mutex_lock(&p->lock);
    s->next = p->free; /* I4 */
    p->free = s;
    p->busy--;
    unlock_and_reap(p);
}

void hr_batch_retain(struct hr_batch *b)
{
    atomic_fetch_add_explicit(&((struct hr_slot *)b)->refs, 1, memory_order_relaxed);
}

void hr_batch_release(struct hr_batch *b)
{
    if (b == NULL)
        return;
    struct hr_slot *s = (struct hr_slot *)b;
    /* In a forked child the lock may be held for ever by a thread that is not there; its pages are the child's own copies
     * and go with it. */
    if (HR_UNLIKELY(s->pool->birth != hr_fork_generation()))
        return;
    if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (s->pool->guard && s->map.p != NULL)
        memset(s->map.p, POISON, s->used);
    hr_slot_abandon(s);
}

uint32_t hr_pool_busy(const struct hr_pool *p)
{
    struct hr_pool *q = (struct hr_pool *)p;
    pthread_mutex_lock(&q->lock);
    uint32_t n = q->busy;
    pthread_mutex_unlock(&q->lock);
    return n;
}

uint32_t hr_pool_slots(const struct hr_pool *p)
{
    struct hr_pool *q = (struct hr_pool *)p;
    pthread_mutex_lock(&q->lock);
    uint32_t n = q->slots;
    pthread_mutex_unlock(&q->lock);
    return n;
}

void hr_pool_trim(struct hr_pool *p)
{
    pthread_mutex_lock(&p->lock);
    for (struct hr_slot *s = p->free; s != NULL; s = s->next)
        slot_empty(s);
    pthread_mutex_unlock(&p->lock);
}

const char *hr_pool_pin_reason(const struct hr_pool *p)
{
    return p->pin.reason[0] != 0 ? p->pin.reason : NULL;
}
