/* Unbounded sources: producers push samples, the consumer takes batches; a ring of `capacity` samples lies between.
 *
 * I1  Entries [head, tail) are taken in order.  A producer claims the tail entry under the lock, copies its sample without, and
 *     marks it FULL; one whose copy failed is SKIPPED.
 * I2  An entry's block is its producer's while FILLING and the consumer's while FULL; blocks stay with their entry and are used
 *     again, so a steady stream allocates nothing.
 * I3  The stream is freed when nobody is inside push any more; batches outlive it (pool.h I3). */
#include "choose.h"
#include "clock.h"
#include "fork.h"
#include "gather.h"
#include "mem.h"
#include "num.h"
#include "thread.h"

#include <string.h>

enum entry_state { ENTRY_EMPTY, ENTRY_FILLING, ENTRY_FULL, ENTRY_SKIPPED };

struct entry {
    enum entry_state state;
    uint8_t *block;
    size_t bytes;
};

struct hr_stream {
    uint64_t birth;
    struct hr_schema schema;
    struct hr_layout *layout;
    struct hr_transforms *transforms;
    struct hr_collate collate;
    struct hr_ledger *ledger;
    struct hr_pool *pool;
    struct hr_plan plan;
    struct hr_limits limits;
    pthread_mutex_t lock;
    pthread_cond_t space, filled;
    bool ended, closed;
    int inside;          /* threads in push */
    uint64_t head, tail; /* samples taken and claimed since the beginning */
    uint64_t capacity, step;
    struct entry *entry;
    struct hr_column *col; /* [capacity][fields] */
    uint64_t charged;
};

static bool wait_for(pthread_cond_t *c, pthread_mutex_t *m, uint64_t deadline)
{
    if (deadline != UINT64_MAX)
        return hr_cond_wait_until(c, m, deadline);
    pthread_cond_wait(c, m);
    return true;
}

static uint64_t deadline_of(uint64_t timeout_ns)
{
    uint64_t d;
    return hr_ckd_add(&d, hr_now(), timeout_ns) ? UINT64_MAX : d;
}

/* --- opening --- */

static int take_schema(struct hr_stream *s, const struct hr_field *fields, int n, struct hr_error *err)
{
    if (n < 1 || n > HR_FIELDS_MAX)
        return hr_fail(err, HR_E_INVALID, "a stream has from 1 to %d fields, not %d", HR_FIELDS_MAX, n);
    struct hr_schema given = { n, (struct hr_field *)fields };
    int r = hr_schema_check(&given, err);
    if (r == 0)
        r = hr_schema_copy(&given, &s->schema, err);
    if (r < 0)
        return r;
    s->layout = hr_calloc((size_t)n, sizeof *s->layout);
    if (s->layout == NULL)
        return hr_fail_nomem(err, (size_t)n * sizeof *s->layout, "the fields of a stream");
    for (int i = 0; i < n; i++) {
        struct hr_field *f = &s->schema.field[i];
        f->stored = f->dtype; /* what is pushed is what is taken */
        s->layout[i] = hr_layout_of(f);
    }
    return 0;
}

static int make_ring(struct hr_stream *s, struct hr_error *err)
{
    uint64_t cols = s->capacity * (uint64_t)s->schema.n, bytes = s->capacity * sizeof *s->entry + cols * sizeof *s->col;
    uint64_t all = bytes + hr_plan_bytes(&s->collate, (uint32_t)s->limits.samples);
    int r = hr_ledger_take(s->ledger, HR_CHARGE_TABLES, all, err);
    if (r < 0)
        return r;
    s->charged = all;
    s->entry = hr_calloc(s->capacity, sizeof *s->entry);
    s->col = hr_calloc(cols, sizeof *s->col);
    if (s->entry == NULL || s->col == NULL)
        return hr_fail_nomem(err, bytes, "the ring of a stream");
    return hr_plan_init(&s->plan, &s->collate, (uint32_t)s->limits.samples, s->ledger, err);
}

static int open_all(struct hr_stream *s, const struct hr_field *fields, int n, const struct hr_loader_options *o, struct hr_error *err)
{
    uint64_t budget = 0;
    int r = take_schema(s, fields, n, err);
    if (r == 0 && o->transforms_n != 0)
        r = hr_transforms_compile(o->transforms, o->transforms_n, &s->schema, NULL, &s->transforms, err);
    if (r == 0)
        r = hr_collate_init(&s->collate, &s->schema, s->layout, o, s->transforms, err);
    if (r == 0 && ((o->max_nodes != 0 && s->collate.node_span < 0) || (o->max_edges != 0 && s->collate.edge_span < 0)))
        r = hr_fail(err, HR_E_INVALID, "batches can be cut by nodes and edges only where fields have these roles");
    if (r == 0)
        r = hr_choose_budget(o, &budget, err);
    if (r == 0)
        r = hr_ledger_create(budget, &s->ledger, err);
    if (r == 0)
        r = make_ring(s, err);
    if (r < 0)
        return r;
    struct hr_pool_options po = { s->collate.tensor, s->collate.outs, o->slots > 0 ? (uint32_t)o->slots : 1024, o->guard, o->pin, s->ledger };
    return hr_pool_create(&po, &s->pool, err);
}

int hr_stream_open(const struct hr_field *fields, int n, uint64_t capacity, const struct hr_loader_options *o, hr_stream **ret,
                   struct hr_error *err)
{
    struct hr_loader_options all;
    int r = hr_choose_options(o, &all, err);
    if (r < 0)
        return r;
    if (fields == NULL || ret == NULL || capacity < all.batch_size || capacity > UINT32_MAX)
        return hr_fail(err, HR_E_INVALID, "a stream's capacity is %llu samples; it is at least the batch size (%llu) and below 2^32",
                       (unsigned long long)capacity, (unsigned long long)all.batch_size);
    struct hr_stream *s = hr_calloc(1, sizeof *s);
    if (s == NULL)
        return hr_fail_nomem(err, sizeof *s, "a stream");
    s->birth = hr_fork_generation();
    s->capacity = capacity;
    s->limits = (struct hr_limits){ all.batch_size, all.max_nodes, all.max_edges };
    pthread_mutex_init(&s->lock, NULL);
    hr_cond_init(&s->space);
    hr_cond_init(&s->filled);
    r = open_all(s, fields, n, &all, err);
    if (r < 0) {
        hr_stream_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

void hr_stream_close(struct hr_stream *s)
{
    if (s == NULL || s->birth != hr_fork_generation())
        return;
    pthread_mutex_lock(&s->lock);
    s->closed = s->ended = true;
    pthread_cond_broadcast(&s->space);
    while (s->inside > 0) /* I3 */
        pthread_cond_wait(&s->filled, &s->lock);
    pthread_mutex_unlock(&s->lock);
    for (uint64_t i = 0; s->entry != NULL && i < s->capacity; i++) {
        hr_ledger_give(s->ledger, HR_CHARGE_QUEUE, s->entry[i].bytes);
        hr_free(s->entry[i].block);
    }
    hr_plan_fini(&s->plan);
    if (s->ledger != NULL)
        hr_ledger_give(s->ledger, HR_CHARGE_TABLES, s->charged);
    hr_pool_close(s->pool);
    hr_ledger_release(s->ledger);
    hr_collate_fini(&s->collate);
    hr_transforms_free(s->transforms);
    hr_schema_fini(&s->schema);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->space);
    pthread_cond_destroy(&s->filled);
    hr_free(s->layout);
    hr_free(s->entry);
    hr_free(s->col);
    hr_free(s);
}

/* --- pushing --- */

static int check_values(const struct hr_stream *s, const struct hr_stream_value *v, size_t *ret_bytes, struct hr_error *err)
{
    uint64_t total = 0;
    for (int i = 0; i < s->schema.n; i++) {
        const struct hr_layout *l = &s->layout[i];
        uint64_t lists = HR_MAX(l->lists, 1u), bytes;
        if (v[i].data == NULL && (v[i].rows != 0 || l->lists == 0))
            return hr_fail(err, HR_E_INVALID, "field '%s' was pushed without data", s->schema.field[i].name);
        if (l->lists == 0 && v[i].rows != 1)
            return hr_fail(err, HR_E_INVALID, "field '%s' is fixed and was pushed with %llu rows; it has 1", s->schema.field[i].name,
                           (unsigned long long)v[i].rows);
        if (v[i].rows > INT32_MAX / lists || hr_ckd_mul(&bytes, v[i].rows * lists * l->elem, l->row) ||
            hr_ckd_add(&total, total, hr_align_up(bytes, 64) + hr_align_up((lists + 1) * sizeof(int32_t), 64)) || total > SIZE_MAX / 4)
            return hr_fail(err, HR_E_LIMIT, "field '%s' was pushed with %llu rows, which is too much for one sample", s->schema.field[i].name,
                           (unsigned long long)v[i].rows);
    }
    *ret_bytes = (size_t)total;
    return 0;
}

/* Without the lock: the sample into its entry's block (I2). */
static int fill_entry(struct hr_stream *s, uint64_t at, const struct hr_stream_value *v, size_t bytes, struct hr_error *err)
{
    struct entry *e = &s->entry[at];
    if (bytes > e->bytes) {
        size_t want = bytes + bytes / 4;
        int r = hr_ledger_take(s->ledger, HR_CHARGE_QUEUE, want - e->bytes, err);
        if (r < 0)
            return r;
        void *block = hr_aligned(64, want);
        if (block == NULL) {
            hr_ledger_give(s->ledger, HR_CHARGE_QUEUE, want - e->bytes);
            return hr_fail_nomem(err, want, "a pushed sample");
        }
        hr_free(e->block);
        e->block = block;
        e->bytes = want;
    }
    uint8_t *to = e->block;
    for (int i = 0; i < s->schema.n; i++) {
        const struct hr_layout *l = &s->layout[i];
        uint64_t lists = HR_MAX(l->lists, 1u), n = v[i].rows * lists * l->row * l->elem;
        int32_t *offsets = (int32_t *)(void *)(to + hr_align_up(n, 64));
        if (n != 0)
            memcpy(to, v[i].data, n);
        for (uint64_t k = 0; k <= lists; k++)
            offsets[k] = (int32_t)(k * v[i].rows);
        s->col[at * (uint64_t)s->schema.n + (uint64_t)i] = (struct hr_column){ to, l->lists != 0 ? offsets : NULL, n };
        to += hr_align_up(n, 64) + hr_align_up((lists + 1) * sizeof(int32_t), 64);
    }
    return 0;
}

/* With the lock: waits for room.  0 = there is. */
static int wait_space(struct hr_stream *s, uint64_t timeout_ns, struct hr_error *err)
{
    uint64_t deadline = deadline_of(timeout_ns);
    bool in_time = true;
    while (!s->ended && s->tail - s->head >= s->capacity && in_time)
        in_time = wait_for(&s->space, &s->lock, deadline);
    if (s->ended)
        return hr_fail(err, HR_E_CANCELLED, "the stream was ended or closed; nothing more can be pushed");
    if (s->tail - s->head >= s->capacity)
        return hr_fail(err, HR_E_CANCELLED, "%llu samples wait and none was taken in time; the consumer is slower than the producers",
                       (unsigned long long)s->capacity);
    return 0;
}

int hr_stream_push(struct hr_stream *s, const struct hr_stream_value *values, uint64_t timeout_ns, struct hr_error *err)
{
    size_t bytes = 0;
    if (s->birth != hr_fork_generation())
        return hr_fail(err, HR_E_STATE, "this stream was opened before the process was forked and does not work in the child");
    int r = check_values(s, values, &bytes, err);
    if (r < 0)
        return r;
    pthread_mutex_lock(&s->lock);
    s->inside++;
    r = wait_space(s, timeout_ns, err);
    if (r == 0) {
        uint64_t at = s->tail++ % s->capacity;
        s->entry[at].state = ENTRY_FILLING;
        pthread_mutex_unlock(&s->lock);
        r = fill_entry(s, at, values, bytes, err);
        pthread_mutex_lock(&s->lock);
        s->entry[at].state = r == 0 ? ENTRY_FULL : ENTRY_SKIPPED; /* I1 */
    }
    s->inside--;
    pthread_cond_broadcast(&s->filled);
    pthread_mutex_unlock(&s->lock);
    return r;
}

void hr_stream_end(struct hr_stream *s)
{
    if (s->birth != hr_fork_generation())
        return;
    pthread_mutex_lock(&s->lock);
    s->ended = true;
    pthread_cond_broadcast(&s->space);
    pthread_cond_broadcast(&s->filled);
    pthread_mutex_unlock(&s->lock);
}

/* --- taking --- */

static uint64_t rows_of(const struct hr_stream *s, int span, uint64_t at)
{
    if (span < 0)
        return 0;
    return (uint64_t)s->col[at * (uint64_t)s->schema.n + (uint64_t)s->collate.span[span].field].offsets[1];
}

/* With the lock: from the head on, what makes a batch.  *ret_whole: it will not grow any more. */
static uint32_t collect(struct hr_stream *s, uint64_t *ret_end, bool *ret_whole)
{
    uint64_t at = s->head, nodes = 0, edges = 0;
    uint32_t n = 0;
    *ret_whole = false;
    for (; at < s->tail; at++) {
        uint64_t i = at % s->capacity;
        if (s->entry[i].state == ENTRY_SKIPPED)
            continue;
        if (s->entry[i].state != ENTRY_FULL)
            break;
        nodes += rows_of(s, s->collate.node_span, i);
        edges += rows_of(s, s->collate.edge_span, i);
        bool over = n > 0 && ((s->limits.nodes != 0 && nodes > s->limits.nodes) || (s->limits.edges != 0 && edges > s->limits.edges));
        if (over || n == s->limits.samples) {
            *ret_whole = true;
            break;
        }
        s->plan.sample[n] = at;
        s->plan.pick[n++] = (struct hr_pick){ s->col + i * (uint64_t)s->schema.n, 0, 0 };
    }
    *ret_whole |= n == s->limits.samples || (s->ended && at == s->tail);
    *ret_end = at;
    return n;
}

static int take(struct hr_stream *s, uint32_t n, struct hr_batch **ret, struct hr_error *err)
{
    struct hr_slot *slot;
    s->plan.n = n;
    s->plan.epoch = 0;
    s->plan.step = s->step;
    s->plan.position = s->plan.sample[0];
    int r = hr_gather_measure(&s->collate, &s->plan, err);
    if (r == 0)
        r = hr_pool_acquire(s->pool, &slot, err);
    if (r < 0)
        return r;
    r = hr_gather_fill(&s->collate, &s->plan, NULL, slot, err);
    if (r < 0) {
        hr_slot_abandon(slot);
        return r;
    }
    *ret = hr_slot_publish(slot);
    s->step++;
    return 1;
}

int hr_stream_next(struct hr_stream *s, uint64_t timeout_ns, hr_batch **ret, struct hr_error *err)
{
    uint64_t deadline = deadline_of(timeout_ns), end;
    bool whole, in_time = true;
    uint32_t n;
    if (s->birth != hr_fork_generation())
        return hr_fail(err, HR_E_STATE, "this stream was opened before the process was forked and does not work in the child");
    pthread_mutex_lock(&s->lock);
    while (n = collect(s, &end, &whole), !whole && in_time)
        in_time = wait_for(&s->filled, &s->lock, deadline);
    pthread_mutex_unlock(&s->lock);
    if (!whole)
        return hr_fail(err, HR_E_CANCELLED, "%u samples of a batch of %llu were pushed in time; they stay for the next call", n,
                       (unsigned long long)s->limits.samples);
    int r = n == 0 ? 0 : take(s, n, ret, err);
    if (r == HR_E_BUDGET || r == HR_E_NOMEM)
        return r; /* the samples stay */
    pthread_mutex_lock(&s->lock);
    for (; s->head < end; s->head++)
        s->entry[s->head % s->capacity].state = ENTRY_EMPTY;
    pthread_cond_broadcast(&s->space);
    pthread_mutex_unlock(&s->lock);
    return r;
}
