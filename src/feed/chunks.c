#include "chunks.h"

#include "cache.h"
#include "clock.h"
#include "file.h"
#include "mem.h"

#include <string.h>

enum { HUGE_WORTH = 8 << 20 }; /* the TLBs of today reach 8 to 16 MiB in pages of 4 KiB */

static uint64_t table_bytes(const struct hr_store *s)
{
    return (uint64_t)s->chunks * ((uint64_t)s->schema.n * sizeof(struct hr_column) + sizeof(uint32_t));
}

uint64_t hr_chunks_resident_bytes(const struct hr_store *s)
{
    return s->bytes + table_bytes(s);
}

/* Large datasets come in huge pages where there are any; the others chunk by chunk. */
static void advise(struct hr_chunks *k)
{
    const struct hr_store *s = k->store;
    k->huge = s->bytes >= HUGE_WORTH;
    for (uint32_t i = 0; k->huge && i < s->parts; i++)
        k->huge = hr_map_huge(&s->part[i].map);
    for (uint32_t i = 0; !k->huge && i < s->parts; i++)
        hr_map_advise(&s->part[i].map, 0, s->part[i].map.n, HR_ADVISE_RANDOM);
    k->warmer.huge = k->huge;
}

int hr_chunks_open_resident(struct hr_chunks *k, const struct hr_store *s, bool verify, bool helper, struct hr_ledger *ledger,
                            struct hr_acct *acct, struct hr_error *err)
{
    *k = (struct hr_chunks){ .store = s, .acct = acct, .ledger = ledger, .fields = (size_t)s->schema.n, .verify = verify, .resident = true };
    hr_warmer_init(&k->warmer, s, helper);
    for (int i = 0; i < HR_CHUNK_LOCKS; i++)
        pthread_mutex_init(&k->lock[i], NULL);
    int r = hr_ledger_take(ledger, HR_CHARGE_TABLES, table_bytes(s), err);
    if (r < 0)
        return r;
    k->charged = table_bytes(s);
    r = hr_ledger_take(ledger, HR_CHARGE_MAPPED, s->bytes, err);
    if (r < 0)
        return r;
    k->mapped = s->bytes;
    k->state = hr_calloc(s->chunks, sizeof *k->state);
    k->col = hr_calloc((size_t)s->chunks * k->fields, sizeof *k->col);
    if (k->state == NULL || k->col == NULL)
        return hr_fail_nomem(err, table_bytes(s), "the table of chunks");
    advise(k);
    return 0;
}

void hr_chunks_close(struct hr_chunks *k)
{
    if (k->store == NULL)
        return;
    hr_cache_close(k->cache);
    hr_warmer_close(&k->warmer);
    if (k->resident)
        for (int i = 0; i < HR_CHUNK_LOCKS; i++)
            pthread_mutex_destroy(&k->lock[i]);
    hr_ledger_give(k->ledger, HR_CHARGE_TABLES, k->charged);
    hr_ledger_give(k->ledger, HR_CHARGE_MAPPED, k->mapped);
    hr_free(k->state);
    hr_free(k->col);
    hr_free(k->where);
    *k = (struct hr_chunks){ 0 };
}

void hr_chunks_hint(struct hr_chunks *k, uint32_t c)
{
    uint32_t v = 0;
    if (!k->resident || k->huge || !atomic_compare_exchange_strong_explicit(&k->state[c], &v, HR_CHUNK_ASKED, memory_order_relaxed, memory_order_relaxed))
        return;
    const struct hr_chunk_ref *ref = &k->store->chunk[c];
    hr_read_soon(k->store->part[ref->part].fd, ref->off, ref->meta + ref->body);
}

/* Brings the chunk's pages in.  Small pages: exactly they are asked for, as the mapping's own read-ahead (8 MiB on some disks)
 * would bring in thirty times as much for a chunk in random order; then all are mapped with one call.  Huge ones: the fault
 * reads what belongs to them and a little further, and all of it is used later. */
static void populate(struct hr_chunks *k, uint32_t c)
{
    const struct hr_chunk_ref *ref = &k->store->chunk[c];
    const struct hr_part *part = &k->store->part[ref->part];
    uint64_t t = hr_ticks(), now = hr_now();
    hr_chunks_hint(k, c);
    hr_map_advise(&part->map, ref->off, ref->meta + ref->body, HR_ADVISE_POPULATE);
    hr_acct_add(k->acct, HR_STAGE_DISK, hr_ticks() - t);
    hr_warmer_note(&k->warmer, ref->meta + ref->body, hr_now() - now);
    hr_acct_count(&k->acct->bytes_read, ref->meta + ref->body);
    hr_acct_count(&k->acct->chunk_reads, 1);
}

static int first_touch(struct hr_chunks *k, uint32_t c, struct hr_error *err)
{
    const struct hr_store *s = k->store;
    const void *block = hr_store_block(s, c);
    struct hr_chunk view = { .col = k->col + c * k->fields };
    populate(k, c);
    uint64_t t = hr_ticks();
    int r = k->verify ? hr_store_check(s, c, block, err) : 0;
    if (r >= 0)
        r = hr_store_view(s, c, block, NULL, true, &view, err);
    hr_acct_add(k->acct, HR_STAGE_VERIFY, hr_ticks() - t);
    if (k->verify)
        hr_acct_count(&k->acct->bytes_verified, s->chunk[c].meta + s->chunk[c].body);
    return r < 0 ? r : 0;
}

int hr_chunks_touch(struct hr_chunks *k, uint32_t c, struct hr_error *err)
{
    pthread_mutex_t *lock = &k->lock[c % HR_CHUNK_LOCKS];
    int r = 0;
    pthread_mutex_lock(lock);
    if (!(atomic_load_explicit(&k->state[c], memory_order_acquire) & HR_CHUNK_READY)) {
        r = first_touch(k, c, err);
        if (r == 0)
            atomic_store_explicit(&k->state[c], HR_CHUNK_READY, memory_order_release);
    }
    pthread_mutex_unlock(lock);
    return r;
}
