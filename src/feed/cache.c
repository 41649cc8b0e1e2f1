#include "cache.h"

#include "fetch.h"
#include "mem.h"
#include "num.h"
#include "thread.h"

#include <string.h>

#define LOADING 0x40000000u /* of hr_chunks.state: somebody reads it */
#define NOBODY UINT32_MAX
#define UNUSED UINT64_MAX    /* next use of a slot that holds no chunk: never the victim of choice, see victim() */

enum slot_state { SLOT_BARE, SLOT_FREE, SLOT_LOADING, SLOT_FULL }; /* BARE: no memory is charged for it */

struct cache_slot {
    uint32_t chunk;
    enum slot_state state;
    uint64_t seen; /* hr_now when the consumer last drew from it */
};

struct helper {
    struct hr_thread thread;
    struct hr_cache *cache;
    void *read;
};

struct hr_cache {
    struct hr_chunks *k;
    struct hr_cache_options o;
    struct hr_fetch fetch;
    struct hr_mapping map;   /* slots one after another; pages come as they are touched */
    uint64_t slot_bytes;
    struct cache_slot *slot; /* [o.slots] */
    uint64_t *next_use;      /* [o.slots], g of the slot's chunk; UNUSED when it holds none */
    pthread_mutex_t lock;    /* guards all below, slot, next_use and k->where */
    pthread_cond_t loaded, wanted;
    uint32_t limit, charged; /* slots that may be, and that are, charged */
    struct hr_epoch epoch[2]; /* the consumer's and the one after it */
    bool ready, stop;
    uint64_t lo, hi;         /* the consumer's window, g */
    uint64_t at;             /* the next g that helpers look at */
    uint64_t fixed;
    void *read;              /* the caller's read buffer, compressed stores only */
    bool reading;            /* it is in use */
    int helpers;
    struct helper *helper;
};

uint64_t hr_cache_slot_bytes(const struct hr_store *s)
{
    return s->codec == HR_CODEC_NONE ? hr_fetch_bytes(s) : hr_align_up(hr_store_scratch(s), HR_FETCH_ALIGN);
}

uint64_t hr_cache_fixed_bytes(const struct hr_store *s, uint32_t slots, int threads)
{
    uint64_t per_slot = sizeof(struct cache_slot) + sizeof(uint64_t) + (uint64_t)s->schema.n * sizeof(struct hr_column);
    uint64_t read = s->codec == HR_CODEC_NONE ? 0 : hr_fetch_bytes(s) * ((uint64_t)threads + 1);
    return sizeof(struct hr_cache) + slots * per_slot + (uint64_t)s->chunks * 2 * sizeof(uint32_t) + read;
}

/* --- the order of things --- */

static uint32_t chunk_at(const struct hr_cache *c, uint64_t g)
{
    uint64_t n = c->k->store->chunks, epoch = g / n;
    return hr_epoch_chunk_at(&c->epoch[epoch - c->epoch[0].epoch], (uint32_t)(g % n));
}

/* The first use of a chunk at or after `lo`. */
static uint64_t use_of(const struct hr_cache *c, uint32_t chunk)
{
    uint64_t n = c->k->store->chunks, base = c->epoch[0].epoch * n;
    if (!c->ready)
        return 1;
    uint64_t g = base + hr_epoch_chunk_rank(&c->epoch[0], chunk);
    return g >= c->lo ? g : base + n + hr_epoch_chunk_rank(&c->epoch[1], chunk);
}

static void refresh_uses(struct hr_cache *c, bool all, uint64_t now)
{
    for (uint32_t i = 0; i < c->o.slots; i++) {
        if (c->slot[i].state != SLOT_FULL && c->slot[i].state != SLOT_LOADING)
            continue;
        if (all || c->next_use[i] < c->lo) {
            c->slot[i].seen = now;
            c->next_use[i] = use_of(c, c->slot[i].chunk);
        }
    }
}

/* --- slots --- */

static void *slot_memory(const struct hr_cache *c, uint32_t i)
{
    return (char *)c->map.p + i * c->slot_bytes;
}

/* Takes the chunk out of slot i if nobody has pinned it.  The slot is FREE then. */
static bool evict(struct hr_cache *c, uint32_t i)
{
    uint32_t v = HR_CHUNK_READY; /* I1: and no pins */
    if (c->slot[i].state != SLOT_FULL ||
        !atomic_compare_exchange_strong_explicit(&c->k->state[c->slot[i].chunk], &v, 0, memory_order_acq_rel, memory_order_relaxed))
        return false;
    c->slot[i] = (struct cache_slot){ NOBODY, SLOT_FREE, 0 };
    c->next_use[i] = UNUSED;
    return true;
}

static void bare(struct hr_cache *c, uint32_t i)
{
    hr_map_advise(&c->map, i * c->slot_bytes, c->slot_bytes, HR_ADVISE_DONTNEED);
    hr_ledger_give(c->k->ledger, HR_CHARGE_CACHE, c->slot_bytes); /* I4 */
    c->slot[i].state = SLOT_BARE;
    c->charged--;
}

/* The unpinned chunk that is used last, if that is after `g`. */
static uint32_t victim(struct hr_cache *c, uint64_t g)
{
    uint64_t below = UNUSED; /* candidates are taken from the furthest on: next_use < below */
    for (int tries = 0; tries < 64; tries++) {
        uint32_t best = NOBODY;
        uint64_t far = g;
        for (uint32_t i = 0; i < c->o.slots; i++) {
            if (c->next_use[i] > far && c->next_use[i] < below) {
                far = c->next_use[i];
                best = i;
            }
        }
        if (best == NOBODY || evict(c, best))
            return best;
        below = far;
    }
    return NOBODY;
}

static uint32_t in_state(const struct hr_cache *c, enum slot_state s)
{
    for (uint32_t i = 0; i < c->o.slots; i++)
        if (c->slot[i].state == s)
            return i;
    return NOBODY;
}

/* A slot that may be filled with a chunk whose next use is g; NOBODY when there is none. */
static uint32_t find_slot(struct hr_cache *c, uint64_t g, bool demand)
{
    uint32_t i = c->charged > 0 ? in_state(c, SLOT_FREE) : NOBODY;
    if (i == NOBODY && c->charged < c->limit) {
        i = in_state(c, SLOT_BARE);
        if (i != NOBODY && hr_ledger_try(c->k->ledger, HR_CHARGE_CACHE, c->slot_bytes)) {
            c->charged++;
            return i;
        }
        i = NOBODY;
    }
    if (i == NOBODY)
        i = victim(c, g); /* I2 */
    if (i == NOBODY && demand)
        i = victim(c, 0);
    return i;
}

/* --- loading: called with the lock held, drops it while reading --- */

static int load_into(struct hr_cache *c, uint32_t chunk, uint32_t i, void *read, struct hr_error *err)
{
    struct hr_chunks *k = c->k;
    c->slot[i] = (struct cache_slot){ chunk, SLOT_LOADING, hr_now() };
    c->next_use[i] = UNUSED;
    k->where[chunk] = i;
    atomic_store_explicit(&k->state[chunk], LOADING, memory_order_relaxed);
    pthread_mutex_unlock(&c->lock);
    int r = hr_fetch_chunk(&c->fetch, chunk, slot_memory(c, i), read, k->col + i * k->fields, err);
    pthread_mutex_lock(&c->lock);
    c->slot[i].state = r < 0 ? SLOT_FREE : SLOT_FULL;
    c->next_use[i] = r < 0 ? UNUSED : use_of(c, chunk); /* the consumer may have moved on meanwhile */
    if (r < 0)
        c->slot[i].chunk = NOBODY;
    atomic_store_explicit(&k->state[chunk], r < 0 ? 0 : HR_CHUNK_READY, memory_order_release);
    pthread_cond_broadcast(&c->loaded);
    return r;
}

/* With a read buffer of the caller's side: one at a time. */
static int load_here(struct hr_cache *c, uint32_t chunk, uint32_t i, struct hr_error *err)
{
    if (c->read == NULL)
        return load_into(c, chunk, i, NULL, err);
    c->reading = true;
    int r = load_into(c, chunk, i, c->read, err);
    c->reading = false;
    return r;
}

int hr_cache_load(struct hr_chunks *k, uint32_t chunk, struct hr_error *err)
{
    struct hr_cache *c = k->cache;
    int r = 0;
    uint64_t t = hr_ticks();
    pthread_mutex_lock(&c->lock);
    for (;;) {
        uint32_t v = atomic_load_explicit(&k->state[chunk], memory_order_acquire);
        if (v & HR_CHUNK_READY)
            break;
        if ((v & LOADING) || (c->read != NULL && c->reading)) {
            pthread_cond_wait(&c->loaded, &c->lock);
            continue;
        }
        uint64_t g = use_of(c, chunk);
        uint32_t i = find_slot(c, g, true);
        if (i == NOBODY)
            r = hr_fail(err, HR_E_BUDGET, "all %u chunks that the cache may hold are in use at once; raise the budget or make batches smaller",
                        c->charged);
        else
            r = load_here(c, chunk, i, err);
        break;
    }
    pthread_mutex_unlock(&c->lock);
    hr_acct_add(k->acct, HR_STAGE_WAIT_READ, hr_ticks() - t);
    return r;
}

/* --- reading ahead --- */

/* The next chunk worth reading, and a slot for it. */
static bool next_job(struct hr_cache *c, uint32_t *ret_chunk, uint32_t *ret_slot)
{
    uint64_t n = c->k->store->chunks;
    if (!c->ready)
        return false;
    uint64_t end = HR_MIN(c->hi + c->o.ahead, (c->epoch[0].epoch + 2) * n);
    for (c->at = HR_MAX(c->at, c->lo); c->at < end; c->at++) {
        uint32_t chunk = chunk_at(c, c->at);
        if (atomic_load_explicit(&c->k->state[chunk], memory_order_relaxed) != 0)
            continue;
        uint32_t i = find_slot(c, c->at, false);
        if (i == NOBODY)
            return false;
        c->at++;
        *ret_chunk = chunk;
        *ret_slot = i;
        return true;
    }
    return false;
}

static void expire(struct hr_cache *c)
{
    uint64_t now = hr_now();
    for (uint32_t i = 0; i < c->o.slots; i++) {
        if (c->slot[i].state == SLOT_FULL && c->next_use[i] >= c->hi + c->o.ahead && now - c->slot[i].seen > c->o.ttl_ns && evict(c, i))
            bare(c, i);
    }
}

static void *help(void *arg)
{
    struct helper *h = arg;
    struct hr_cache *c = h->cache;
    uint32_t chunk, slot;
    pthread_mutex_lock(&c->lock);
    while (!c->stop) {
        if (next_job(c, &chunk, &slot)) {
            hr_acct_count(&c->k->acct->ahead_reads, 1);
            (void)load_into(c, chunk, slot, h->read, NULL); /* I3 */
        } else if (c->o.ttl_ns != 0) {
            hr_cond_wait_until(&c->wanted, &c->lock, hr_now() + c->o.ttl_ns / 2 + 1);
            expire(c);
        } else {
            pthread_cond_wait(&c->wanted, &c->lock);
        }
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

static int enter(struct hr_cache *c, uint64_t epoch, uint64_t lo, uint64_t hi, struct hr_error *err)
{
    bool jump = !c->ready || epoch != c->epoch[0].epoch;
    if (jump) {
        c->ready = false;
        int r = hr_order_epoch(c->o.order, epoch, &c->epoch[0], err);
        if (r == 0)
            r = hr_order_epoch(c->o.order, epoch + 1, &c->epoch[1], err);
        if (r < 0)
            return r;
    }
    bool back = jump || lo < c->lo;
    c->ready = true;
    if (back)
        c->at = lo;
    c->lo = lo;
    c->hi = hi;
    refresh_uses(c, back, hr_now());
    if (c->o.ttl_ns != 0 && c->helpers == 0)
        expire(c);
    pthread_cond_broadcast(&c->wanted);
    return 0;
}

int hr_cache_at(struct hr_cache *c, uint64_t epoch, uint32_t rank, uint32_t n, struct hr_error *err)
{
    uint64_t lo = epoch * c->k->store->chunks + rank;
    int r = 0;
    pthread_mutex_lock(&c->lock);
    if (!c->ready || c->lo != lo || c->hi != lo + n)
        r = enter(c, epoch, lo, lo + n, err);
    pthread_mutex_unlock(&c->lock);
    return r;
}

void hr_cache_forget(struct hr_cache *c)
{
    pthread_mutex_lock(&c->lock);
    c->ready = false;
    pthread_mutex_unlock(&c->lock);
}

/* --- limits --- */

void hr_cache_limit(struct hr_cache *c, uint32_t slots)
{
    pthread_mutex_lock(&c->lock);
    c->limit = HR_MIN(slots, c->o.slots);
    while (c->charged > c->limit) {
        uint32_t i = in_state(c, SLOT_FREE);
        if (i == NOBODY)
            i = victim(c, 0);
        if (i == NOBODY)
            break;
        bare(c, i);
    }
    pthread_mutex_unlock(&c->lock);
}

uint32_t hr_cache_slots(const struct hr_cache *c)
{
    struct hr_cache *m = (struct hr_cache *)c;
    pthread_mutex_lock(&m->lock);
    uint32_t n = m->limit;
    pthread_mutex_unlock(&m->lock);
    return n;
}

void hr_cache_ahead(struct hr_cache *c, uint32_t ahead)
{
    pthread_mutex_lock(&c->lock);
    c->o.ahead = ahead;
    pthread_cond_broadcast(&c->wanted);
    pthread_mutex_unlock(&c->lock);
}

bool hr_cache_direct(const struct hr_cache *c)
{
    return c->fetch.direct;
}

/* --- life --- */

static int tables(struct hr_chunks *k, struct hr_cache *c, struct hr_error *err)
{
    const struct hr_store *s = k->store;
    c->slot = hr_calloc(c->o.slots, sizeof *c->slot);
    c->next_use = hr_reallocarray(NULL, c->o.slots, sizeof *c->next_use);
    c->helper = hr_calloc((size_t)c->o.threads + 1, sizeof *c->helper);
    k->col = hr_calloc((size_t)c->o.slots * k->fields, sizeof *k->col);
    k->state = hr_calloc(s->chunks, sizeof *k->state);
    k->where = hr_calloc(s->chunks, sizeof *k->where);
    if (c->slot == NULL || c->next_use == NULL || c->helper == NULL || k->col == NULL || k->state == NULL || k->where == NULL)
        return hr_fail_nomem(err, c->fixed, "the tables of the chunk cache");
    for (uint32_t i = 0; i < c->o.slots; i++) {
        c->slot[i].chunk = NOBODY;
        c->next_use[i] = UNUSED;
    }
    if (s->codec == HR_CODEC_NONE)
        return 0;
    for (int i = -1; i < c->o.threads; i++) {
        void *b = hr_aligned(HR_FETCH_ALIGN, hr_fetch_bytes(s));
        if (b == NULL)
            return hr_fail_nomem(err, hr_fetch_bytes(s), "a read buffer");
        *(i < 0 ? &c->read : &c->helper[i].read) = b;
    }
    return 0;
}

static int start(struct hr_cache *c, struct hr_error *err)
{
    for (int i = 0; i < c->o.threads; i++) {
        c->helper[i].cache = c;
        int r = hr_thread_start(&c->helper[i].thread, "headrace-read", help, &c->helper[i], err);
        if (r < 0)
            return r;
        c->helpers++;
    }
    return 0;
}

int hr_cache_open(struct hr_chunks *k, const struct hr_store *s, const struct hr_cache_options *o, struct hr_ledger *ledger,
                  struct hr_acct *acct, struct hr_error *err)
{
    *k = (struct hr_chunks){ .store = s, .acct = acct, .ledger = ledger, .fields = (size_t)s->schema.n, .verify = o->verify };
    struct hr_cache *c = hr_calloc(1, sizeof *c);
    if (c == NULL)
        return hr_fail_nomem(err, sizeof *c, "the chunk cache");
    c->k = k;
    c->o = *o;
    c->limit = o->slots;
    c->slot_bytes = hr_cache_slot_bytes(s);
    pthread_mutex_init(&c->lock, NULL);
    hr_cond_init(&c->loaded);
    hr_cond_init(&c->wanted);
    k->cache = c; /* from here on hr_chunks_close takes it apart */
    uint64_t fixed = hr_cache_fixed_bytes(s, o->slots, o->threads);
    int r = hr_ledger_take(ledger, HR_CHARGE_TABLES, fixed, err);
    if (r < 0)
        return r;
    k->charged = c->fixed = fixed;
    r = hr_fetch_open(&c->fetch, s, o->verify, acct, err);
    if (r == 0)
        r = tables(k, c, err);
    if (r == 0)
        r = hr_map_anon((size_t)o->slots * c->slot_bytes, &c->map, err);
    if (r == 0)
        r = start(c, err);
    return r;
}

void hr_cache_close(struct hr_cache *c)
{
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_broadcast(&c->wanted);
    pthread_mutex_unlock(&c->lock);
    for (int i = 0; i < c->helpers; i++)
        hr_thread_join(&c->helper[i].thread);
    for (int i = 0; c->helper != NULL && i < c->o.threads; i++)
        hr_free(c->helper[i].read);
    hr_ledger_give(c->k->ledger, HR_CHARGE_CACHE, (uint64_t)c->charged * c->slot_bytes);
    hr_unmap(&c->map);
    hr_fetch_close(&c->fetch);
    hr_epoch_fini(&c->epoch[0]);
    hr_epoch_fini(&c->epoch[1]);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->loaded);
    pthread_cond_destroy(&c->wanted);
    hr_free(c->read);
    hr_free(c->helper);
    hr_free(c->slot);
    hr_free(c->next_use);
    hr_free(c);
}
