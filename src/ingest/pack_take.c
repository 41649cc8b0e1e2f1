#include "pack_job.h"

#include "clock.h"
#include "hash.h"
#include "mem.h"

#include <string.h>

enum { TICK_NS = 200 * 1000 * 1000, CHUNK_SAMPLES_MAX = 1 << 20 };

static void parts_setup(struct hr_packing *p)
{
    p->parts.dir = p->dir;
    p->parts.schema = &p->schema;
    p->parts.part_chunks = p->part_chunks;
    p->parts.options = (struct hr_writer_options){ .codec = p->second_pass ? HR_CODEC_NONE : p->codec,
                                                   .chunk_samples = p->chunk_samples };
}

int hr_pack_begin(struct hr_packing *p, struct hr_error *err)
{
    p->resumed = (struct hr_mark){ .samples = 0 };
    if (p->journal != NULL) {
        parts_setup(p);
        int e = hr_parts_resume(&p->parts, p->journal, &p->resumed, err);
        if (e < 0)
            return e;
    }
    p->mark = p->resumed;
    if (p->resumed.samples != 0)
        hr_pack_notice(p, "going on after %llu samples that an earlier run has packed", (unsigned long long)p->resumed.samples);
    if (p->o.dedup) {
        int e = hr_dedup_open(p->work.dir, p->resumed.samples, p->memory / 2, &p->dedup, err);
        if (e < 0)
            return e;
    }
    hr_free(p->view.col);
    p->view.col = hr_calloc((size_t)p->schema.n, sizeof *p->view.col);
    if (p->view.col == NULL)
        return hr_fail_nomem(err, (size_t)p->schema.n * sizeof *p->view.col, "the columns of a block");
    return hr_pack_bad_open(p, err);
}

/* --- chunks --- */

static int emit(struct hr_packing *p, struct hr_error *err)
{
    struct hr_box *b = p->box;
    uint64_t bytes = hr_box_bytes(b);
    p->mark.samples += b->chunk.n;
    p->mark.part = hr_parts_next(&p->parts);
    int e = p->dedup != NULL ? hr_dedup_write(p->dedup, b->chunk.n, err) : 0;
    if (e == 0)
        e = hr_journal_add(p->journal, &p->mark, err); /* I2: before the chunk */
    if (e == 0)
        e = hr_parts_append(&p->parts, hr_box_view(b), bytes, err);
    if (e == 0 && p->parts.unsynced >= HR_PACK_SYNC_BYTES)
        e = hr_parts_sync(&p->parts, err);
    if (e == 0 && p->parts.unsynced == 0)
        e = hr_journal_sync(p->journal, err);
    if (e < 0)
        return e;
    p->box = NULL;
    e = hr_pipeline_measure(p->pipe, b, err);
    return e < 0 ? e : hr_pipeline_box(p->pipe, &p->box, err);
}

/* The size of chunks and parts, from the samples in the box (I1). */
static int decide(struct hr_packing *p, struct hr_error *err)
{
    uint32_t n = p->box->chunk.n;
    uint64_t each = n == 0 ? 1 : HR_MAX(hr_box_bytes(p->box) / n, (uint64_t)1);
    uint64_t samples = p->o.chunk_samples != 0 ? p->o.chunk_samples : p->o.chunk_bytes / each;
    p->chunk_samples = (uint32_t)HR_MIN(HR_MAX(samples, (uint64_t)1), (uint64_t)CHUNK_SAMPLES_MAX);
    uint64_t chunks = HR_PACK_PART_BYTES / (each * p->chunk_samples);
    p->part_chunks = p->work.single ? UINT32_MAX : (uint32_t)HR_MIN(HR_MAX(chunks, (uint64_t)1), (uint64_t)UINT32_MAX);
    struct hr_journal_head head = { p->schema, p->chunk_samples, p->part_chunks };
    int e = hr_journal_create(p->work.dir, p->key, &head, &p->journal, err);
    if (e < 0)
        return e;
    parts_setup(p);
    if (p->chunk_samples > n)
        return 0;
    /* The box holds one chunk or more: deal its samples out again, with the marks as they were. */
    struct hr_box *all = p->box;
    p->box = NULL;
    e = hr_pipeline_box(p->pipe, &p->box, err);
    for (uint32_t i = 0; e == 0 && i < n; i++) {
        uint64_t samples_so_far = p->mark.samples;
        e = hr_box_add(p->box, hr_box_view(all), i, 1, err);
        p->mark = p->place[i];
        p->mark.samples = samples_so_far;
        if (e == 0 && p->box->chunk.n == p->chunk_samples)
            e = emit(p, err);
    }
    hr_pipeline_unbox(p->pipe, all);
    return e;
}

/* Samples first .. first + n - 1 of the view, which follow each other in the file. */
static int add(struct hr_packing *p, uint32_t file, const uint64_t *number, uint32_t first, uint32_t n, struct hr_error *err)
{
    while (n > 0) {
        bool decided = p->chunk_samples != 0;
        uint32_t target = decided ? p->chunk_samples : HR_PACK_PROBE;
        uint32_t k = HR_MIN(n, target - p->box->chunk.n), have = p->box->chunk.n;
        int e = hr_box_add(p->box, &p->view, first, k, err);
        p->mark.file = file;
        for (uint32_t i = 0; !decided && i < k; i++) {
            p->mark.next = number[first + i] + 1;
            p->place[have + i] = p->mark;
        }
        p->mark.next = number[first + k - 1] + 1;
        if (e == 0 && p->box->chunk.n == target)
            e = decided ? emit(p, err) : decide(p, err);
        if (e < 0)
            return e;
        first += k;
        n -= k;
    }
    return 0;
}

/* --- blocks --- */

static bool settled(const struct hr_packing *p, uint32_t file, uint64_t number)
{
    return p->resumed.samples != 0 &&
           (file < p->resumed.file || (file == p->resumed.file && number < p->resumed.next));
}

static int take_samples(struct hr_packing *p, uint32_t file, const struct hr_block *b, uint32_t first, uint32_t end,
                        struct hr_error *err)
{
    const uint64_t *number = (const uint64_t *)(const void *)b->number.data;
    const struct hr_hash128 *hash = (const struct hr_hash128 *)(const void *)b->hash.data;
    while (first < end && settled(p, file, number[first]))
        first++;
    if (p->dedup == NULL)
        return add(p, file, number, first, end - first, err);
    uint32_t run = first;
    for (uint32_t i = first; i < end; i++) {
        int e = hr_dedup_add(p->dedup, hash[i], err);
        if (e == 0) { /* seen before: what stands in front of it goes out, it does not */
            e = add(p, file, number, run, i - run, err);
            run = i + 1;
            p->mark.duplicates++;
        }
        if (e < 0)
            return e;
    }
    return add(p, file, number, run, end - run, err);
}

int hr_pack_take(void *arg, const struct hr_unit *u, const struct hr_block *b, struct hr_error *err)
{
    struct hr_packing *p = arg;
    const struct hr_bad_sample *bad = (const struct hr_bad_sample *)(const void *)b->bad.data;
    uint32_t at = 0;
    p->view.n = b->n;
    for (int f = 0; f < p->schema.n; f++)
        p->view.col[f] = (struct hr_column){
            .values = (const uint8_t *)b->col[f].values.data,
            .offsets = b->layout[f].lists != 0 ? (const int32_t *)(const void *)b->col[f].offsets.data : NULL,
            .bytes = b->col[f].values.len,
        };
    for (size_t i = 0; i < hr_block_bads(b); i++) {
        int e = take_samples(p, u->file, b, at, bad[i].after, err);
        at = bad[i].after;
        if (e == 0 && !settled(p, u->file, bad[i].number))
            e = hr_pack_bad(p, u, &bad[i], err);
        if (e < 0)
            return e;
    }
    return take_samples(p, u->file, b, at, b->n, err);
}

int hr_pack_flush(struct hr_packing *p, struct hr_error *err)
{
    if (p->mark.samples == 0 && p->box->chunk.n == 0)
        return hr_fail(err, HR_E_FORMAT, "there is nothing to pack: the sources hold no usable sample%s",
                       p->mark.bad != 0 ? " (every one was left out as bad)" : "");
    int e = p->chunk_samples == 0 ? decide(p, err) : 0;
    return e == 0 && p->box->chunk.n > 0 ? emit(p, err) : e;
}

int hr_pack_tick(void *arg, struct hr_error *err)
{
    struct hr_packing *p = arg;
    uint64_t now = hr_now();
    if (p->o.progress == NULL || now - p->ticked < TICK_NS)
        return 0;
    p->ticked = now;
    struct hr_pack_progress g = {
        .bytes_done = p->pipe != NULL ? hr_pipeline_bytes(p->pipe) : p->source->bytes,
        .bytes_total = p->source->bytes,
        .samples = p->mark.samples + (p->box != NULL ? p->box->chunk.n : 0),
        .bad = p->mark.bad,
        .seconds = (double)(now - p->started) * 1e-9,
    };
    if (p->o.progress(&g, p->o.arg))
        return hr_fail(err, HR_E_CANCELLED, "packing was stopped; the same command goes on where it ended");
    return 0;
}
