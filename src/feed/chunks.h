/* Access to chunks, one interface for both paths:
 *   RESIDENT  the dataset fits the budget and is not compressed: views into the mapping, made and verified on first touch
 *   CACHED    chunks are read (and decompressed) into slots of our own: cache.h
 *
 * I1  Between get and put of a chunk its columns stay where they are and do not change.
 * I2  A chunk is seen by a consumer only after its structure was checked and, with `verify`, its checksum.
 * Thread-safety: get, peek and put from any thread. */
#ifndef HR_CHUNKS_H
#define HR_CHUNKS_H

#include "acct.h"
#include "ledger.h"
#include "store.h"
#include "warm.h"

#include <pthread.h>

enum { HR_CHUNK_LOCKS = 16 };
#define HR_CHUNK_READY 0x80000000u /* of state: the view is good; the bits below count pins (CACHED only) */
#define HR_CHUNK_ASKED 1u          /* RESIDENT: the kernel was told that the chunk will be read */

struct hr_cache;

struct hr_chunks {
    const struct hr_store *store;
    struct hr_acct *acct;
    struct hr_ledger *ledger;
    size_t fields;
    bool verify, resident;
    bool huge;                /* RESIDENT: a fault reads 2 MiB at once, as one page; small reads would only break these up */
    _Atomic uint32_t *state;  /* per chunk */
    struct hr_column *col;    /* RESIDENT: [chunks][fields]; CACHED: [slots][fields] */
    uint32_t *where;          /* CACHED: the slot that holds a chunk; meaningful while READY */
    struct hr_cache *cache;   /* NULL when RESIDENT */
    uint64_t charged, mapped;
    struct hr_warmer warmer; /* RESIDENT */
    pthread_mutex_t lock[HR_CHUNK_LOCKS];
};

/* Views of a store that is mapped: charges the mapped bytes and the table of views.  `helper`: a thread may warm it. */
int hr_chunks_open_resident(struct hr_chunks *k, const struct hr_store *s, bool verify, bool helper, struct hr_ledger *ledger,
                            struct hr_acct *acct, struct hr_error *err) HR_MUST_USE;
void hr_chunks_close(struct hr_chunks *k); /* accepts a zeroed one */
uint64_t hr_chunks_resident_bytes(const struct hr_store *s); /* what open_resident would charge */

/* The chunk will be wanted soon: a resident one begins to come from the disk meanwhile. */
void hr_chunks_hint(struct hr_chunks *k, uint32_t c);

/* The slow halves of get: first touch, or a read. */
int hr_chunks_touch(struct hr_chunks *k, uint32_t c, struct hr_error *err) HR_MUST_USE;
int hr_cache_load(struct hr_chunks *k, uint32_t c, struct hr_error *err) HR_MUST_USE;

/* Pins a chunk that is ready; NULL when it is not. */
static inline const struct hr_column *hr_chunks_peek(struct hr_chunks *k, uint32_t c)
{
    uint32_t v = atomic_load_explicit(&k->state[c], memory_order_acquire);
    if (k->resident)
        return v & HR_CHUNK_READY ? k->col + c * k->fields : NULL;
    while (v & HR_CHUNK_READY)
        if (atomic_compare_exchange_weak_explicit(&k->state[c], &v, v + 1, memory_order_acq_rel, memory_order_acquire))
            return k->col + k->where[c] * k->fields;
    return NULL;
}

/* The columns of chunk c, pinned until put; reads or verifies it first where that has not been done. */
static inline int hr_chunks_get(struct hr_chunks *k, uint32_t c, const struct hr_column **ret, struct hr_error *err)
{
    for (;;) {
        const struct hr_column *col = hr_chunks_peek(k, c);
        if (HR_LIKELY(col != NULL)) {
            *ret = col;
            return 0;
        }
        int r = k->resident ? hr_chunks_touch(k, c, err) : hr_cache_load(k, c, err);
        if (r < 0)
            return r;
    }
}

static inline void hr_chunks_put(struct hr_chunks *k, uint32_t c)
{
    if (!k->resident)
        atomic_fetch_sub_explicit(&k->state[c], 1, memory_order_release);
}

#endif
