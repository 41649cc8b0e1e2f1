#include "chunks.h"

#include "cache.h"
#include "mem.h"

#include <string.h>

static uint64_t table_bytes(const struct hr_store *s)
{
    return (uint64_t)s->chunks * ((uint64_t)s->schema.n * sizeof(struct hr_column) + sizeof(uint32_t));
}

uint64_t hr_chunks_resident_bytes(const struct hr_store *s)
{
    return s->bytes + table_bytes(s);
}

int hr_chunks_open_resident(struct hr_chunks *k, const struct hr_store *s, bool verify, struct hr_ledger *ledger,
                            struct hr_acct *acct, struct hr_error *err)
{
    *k = (struct hr_chunks){ .store = s, .acct = acct, .ledger = ledger, .fields = (size_t)s->schema.n, .verify = verify, .resident = true };
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
    return 0;
}

void hr_chunks_close(struct hr_chunks *k)
{
    if (k->store == NULL)
        return;
    hr_cache_close(k->cache);
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

/* Brings the chunk's pages in with one request, so that a cold chunk costs one read and a warm one few page faults. */
static void populate(struct hr_chunks *k, uint32_t c)
{
    const struct hr_chunk_ref *ref = &k->store->chunk[c];
    const struct hr_part *part = &k->store->part[ref->part];
    uint64_t t = hr_ticks();
    hr_map_advise(&part->map, ref->off, ref->meta + ref->body, HR_ADVISE_POPULATE);
    hr_acct_add(k->acct, HR_STAGE_DISK, hr_ticks() - t);
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
    if (atomic_load_explicit(&k->state[c], memory_order_acquire) == 0) {
        r = first_touch(k, c, err);
        if (r == 0)
            atomic_store_explicit(&k->state[c], HR_CHUNK_READY, memory_order_release);
    }
    pthread_mutex_unlock(lock);
    return r;
}
