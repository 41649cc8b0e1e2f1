/* The CACHED path: chunks live in slots of our own memory, filled by whole reads past the page cache (decompressed on the
 * way when the store is compressed).  It serves every budget from a few chunks to all of them; between those there is no
 * other mechanism, so there is no cliff.
 *
 * Time is counted in chunks: g = epoch * chunks + rank, rank being the chunk's place in that epoch's order.  The consumer
 * tells where it is, [lo, hi) = the ranks of the window it draws from.  Helpers read ahead of it up to `ahead` ranks beyond
 * hi.  Every cached chunk knows its next use; what is evicted is the chunk whose next use is furthest away (Belady's rule,
 * which here needs no guess, as the order of the next epoch is known).
 *
 * I1  state[c] of chunks.h is READY exactly while slot[where[c]] is FULL with chunk c; only a chunk without pins leaves READY.
 * I2  A read-ahead never evicts a chunk that is used before the one it reads.
 * I3  Reading ahead is a hint: a consumer that finds a chunk missing loads it itself, so errors, evictions and seeks
 *     need no special care.
 * I4  A slot's memory is charged before it is touched and given back when it is dropped. */
#ifndef HR_CACHE_H
#define HR_CACHE_H

#include "chunks.h"
#include "order.h"

struct hr_cache_options {
    uint32_t slots;      /* the most there may be */
    uint32_t ahead;      /* chunks read beyond the window */
    int threads;         /* helpers; 0 = none */
    bool verify;
    uint64_t ttl_ns;     /* 0 = never */
    const struct hr_order *order;
};

/* Bytes of one slot: what is read, aligned for O_DIRECT, or what it decompresses to. */
uint64_t hr_cache_slot_bytes(const struct hr_store *s);
/* Bytes of tables and read buffers beside the slots. */
uint64_t hr_cache_fixed_bytes(const struct hr_store *s, uint32_t slots, int threads);

int hr_cache_open(struct hr_chunks *k, const struct hr_store *s, const struct hr_cache_options *o, struct hr_ledger *ledger,
                  struct hr_acct *acct, struct hr_error *err) HR_MUST_USE;
void hr_cache_close(struct hr_cache *c); /* accepts NULL; called by hr_chunks_close */

/* The consumer is in `epoch` and draws from ranks [rank, rank + n). */
int hr_cache_at(struct hr_cache *c, uint64_t epoch, uint32_t rank, uint32_t n, struct hr_error *err) HR_MUST_USE;
/* The order is about to change: nothing is read ahead before the next hr_cache_at. */
void hr_cache_forget(struct hr_cache *c);
/* At most so many slots from now on; drops the chunks used last.  Not below what is pinned. */
void hr_cache_limit(struct hr_cache *c, uint32_t slots);
uint32_t hr_cache_slots(const struct hr_cache *c);  /* the present limit */
void hr_cache_ahead(struct hr_cache *c, uint32_t ahead);
bool hr_cache_direct(const struct hr_cache *c);     /* reads go past the page cache */

#endif
