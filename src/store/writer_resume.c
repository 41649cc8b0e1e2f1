#include "writer_state.h"

#include "file.h"
#include "hash.h"
#include "hex.h"
#include "keys.h"
#include "mem.h"
#include "num.h"
#include "view.h"

#include <string.h>

/* A killed process leaves whole blocks, and perhaps the beginning of one more or of a footer.  After a power cut there may
 * also be holes: a block counts only when its body has the sum that its message carries and its columns are in order. */

static bool body_sum_ok(const struct hr_arrow_batch *b, const uint8_t *body)
{
    struct hr_str text;
    uint64_t sum;
    if (!hr_arrow_get_kv(&b->kv, HR_KEY_BODY_SUM, &text))
        return false;
    if (!hr_hash_available())
        return true;
    return text.n == HR_HEX && hr_hex_get(text.p, &sum) && sum == hr_hash(body, b->body);
}

static int grow(uint8_t **p, uint64_t *have, uint64_t want, struct hr_error *err)
{
    if (want <= *have)
        return 0;
    uint8_t *q = hr_aligned(HR_ARROW_ALIGN, want);
    if (q == NULL)
        return hr_fail_nomem(err, want, "a chunk being read back");
    hr_free(*p);
    *p = q;
    *have = want;
    return 0;
}

struct recovery {
    uint64_t size; /* of the file */
    uint8_t *block, *scratch;
    uint64_t block_bytes, scratch_bytes;
    struct hr_column *col;
};

static void recovery_fini(struct recovery *r)
{
    hr_free(r->block);
    hr_free(r->scratch);
    hr_free(r->col);
}

/* 1 = the block at w->off is whole, is in order, and was counted; 0 = here the good part ends. */
static int take_block(struct hr_writer *w, struct recovery *rec, struct hr_error *err)
{
    struct hr_arrow_batch b;
    if (!hr_range_ok(w->off, w->meta_bytes, rec->size))
        return 0;
    int r = grow(&rec->block, &rec->block_bytes, w->meta_bytes, err);
    if (r == 0)
        r = hr_pread_all(w->fd, rec->block, w->meta_bytes, w->off, w->partial, err);
    if (r < 0)
        return r;
    if (hr_arrow_get_batch(rec->block, w->meta_bytes, &b, NULL) < 0 || b.n != w->options.chunk_samples ||
        b.body % HR_ARROW_ALIGN != 0 || !hr_range_ok(w->off + w->meta_bytes, b.body, rec->size))
        return 0;
    uint64_t bytes = w->meta_bytes + b.body, need = 0;
    r = grow(&rec->block, &rec->block_bytes, bytes, err);
    if (r == 0)
        r = hr_pread_all(w->fd, rec->block, bytes, w->off, w->partial, err);
    if (r < 0)
        return r;
    const uint8_t *body = rec->block + w->meta_bytes;
    if (hr_arrow_get_batch(rec->block, w->meta_bytes, &b, NULL) < 0 || !body_sum_ok(&b, body) ||
        hr_view_scratch(&b, body, &need, NULL) < 0)
        return 0;
    r = grow(&rec->scratch, &rec->scratch_bytes, need, err);
    if (r < 0)
        return r;
    struct hr_view v = { &w->schema, w->layout, w->options.codec, w->coder, rec->scratch, need, true };
    struct hr_chunk chunk = { 0, rec->col };
    uint64_t used = 0;
    r = hr_view_batch(&v, &b, body, &chunk, &used, err);
    if (r < 0)
        return r == HR_E_NOMEM ? r : 0;
    r = hr_writer_reserve(w, err);
    if (r < 0)
        return r;
    hr_writer_count(w, b.n, b.body, hr_hash(rec->block, bytes), used);
    return 1;
}

static int head_compare(struct hr_writer *w, struct hr_str head, uint64_t size, struct hr_error *err)
{
    if (size < head.n) /* killed before the first block: nothing is lost */
        return hr_pwrite_all(w->fd, head.p, head.n, 0, w->partial, err);
    HR_CLEANUP(hr_freep) char *there = hr_malloc(head.n);
    if (there == NULL)
        return hr_fail_nomem(err, head.n, "a file's head");
    int r = hr_pread_all(w->fd, there, head.n, 0, w->partial, err);
    if (r == 0 && memcmp(there, head.p, head.n) != 0)
        r = hr_fail(err, HR_E_FORMAT,
                    "'%s' was begun with another schema or other options, so it cannot be continued; remove it, or pack with "
                    "the options of then",
                    w->partial);
    return r;
}

int hr_writer_recover(struct hr_writer *w, struct hr_str head, struct hr_error *err)
{
    HR_CLEANUP(recovery_fini) struct recovery rec = { 0 };
    int r = hr_file_size(w->fd, w->partial, &rec.size, err);
    if (r == 0)
        r = head_compare(w, head, rec.size, err);
    if (r < 0)
        return r;
    rec.col = hr_calloc((size_t)w->schema.n, sizeof *rec.col);
    if (rec.col == NULL)
        return hr_fail_nomem(err, (size_t)w->schema.n * sizeof *rec.col, "a chunk being read back");
    do
        r = take_block(w, &rec, err);
    while (r == 1);
    return r < 0 ? r : hr_truncate(w->fd, w->off, w->partial, err);
}
