#include "json_write.h"
#include "manifest.h"
#include "mem.h"
#include "pack_job.h"
#include "second_pass.h"

#include <math.h>
#include <string.h>

enum { TEXT_MAX = 256 << 20 };

struct ending {
    struct hr_packing *p;
    struct hr_stats stats;
    struct hr_buf text;          /* statistics.json */
    struct hr_buf made;          /* the manifest's "made" */
    struct hr_store *store;      /* what the first pass has written, when it has to be read again */
    struct hr_schema schema;     /* of the second pass; owned */
    struct hr_shards shards;
    struct hr_recast_error *error;
};

static void ending_fini(struct ending *g)
{
    hr_store_close(g->store);
    hr_stats_fini(&g->stats);
    hr_buf_fini(&g->text);
    hr_buf_fini(&g->made);
    hr_schema_fini(&g->schema);
    hr_shards_fini(&g->shards);
    hr_free(g->error);
}

/* --- statistics --- */

/* Chunks that an earlier run wrote have not been measured by this one. */
static int measure_resumed(struct ending *g, struct hr_error *err)
{
    struct hr_column *room = hr_calloc((size_t)g->store->schema.n, sizeof *room);
    void *scratch = NULL;
    int e = room == NULL ? hr_fail_nomem(err, sizeof *room, "the columns of a chunk") : 0;
    if (e == 0 && g->store->codec != HR_CODEC_NONE) {
        scratch = hr_aligned(64, HR_MAX(hr_store_scratch(g->store), (uint64_t)64));
        if (scratch == NULL)
            e = hr_fail_nomem(err, hr_store_scratch(g->store), "decompressing");
    }
    for (uint32_t c = 0; e == 0 && c < g->store->chunks && g->store->chunk[c].first < g->p->resumed.samples; c++) {
        struct hr_chunk v = { .col = room };
        e = hr_store_view(g->store, c, hr_store_block(g->store, c), scratch, true, &v, err);
        if (e == 0)
            e = hr_pipeline_measure_now(g->p->pipe, &v, err);
        if (e == 0)
            e = hr_pack_tick(g->p, err);
    }
    hr_free(scratch);
    hr_free(room);
    return e;
}

static int open_first(struct ending *g, struct hr_error *err)
{
    int e = hr_manifest_write(g->p->dir, NULL, err);
    return e == 0 ? hr_store_open(g->p->dir, &g->store, err) : e;
}

static int statistics_text(struct ending *g, struct hr_error *err)
{
    hr_buf_reset(&g->text);
    int e = hr_stats_json(&g->stats, &g->text, err);
    return e;
}

/* Into the statistics and a notice: what quantising did to each field. */
static void tell_errors(struct ending *g)
{
    for (int f = 0; f < g->schema.n; f++) {
        const struct hr_field *field = &g->schema.field[f];
        const struct hr_recast_error *e = &g->error[f];
        bool quantised = field->stored == HR_F16 ? field->dtype != HR_F16 : field->scale != NULL;
        struct hr_field_stats *s = (struct hr_field_stats *)(uintptr_t)hr_stats_find(&g->stats, field->name);
        if (!quantised || s == NULL)
            continue;
        s->quantized = true;
        s->quant_max = e->max;
        s->quant_rms = e->n != 0 ? sqrt(e->sum2 / (double)e->n) : 0;
        double var = 0;
        for (int i = 0; i < s->features; i++)
            var += s->feature[i].count != 0 ? s->feature[i].std * s->feature[i].std / s->features : 0;
        if (var > 0)
            hr_pack_notice(g->p, "'%s' as %s: error at most %.3g, root mean square %.3g (%.3g %% of the standard deviation)",
                           field->name, hr_dtype_name(field->stored), s->quant_max, s->quant_rms, 100 * s->quant_rms / sqrt(var));
        else
            hr_pack_notice(g->p, "'%s' as %s: error at most %.3g, root mean square %.3g", field->name,
                           hr_dtype_name(field->stored), s->quant_max, s->quant_rms);
    }
}

/* --- the second pass --- */

static void kept(void *arg, const char *field, const char *why)
{
    const struct ending *g = arg;
    hr_pack_notice(g->p, "'%s' is not quantised: %s", field, why);
}

static int footer(void *arg, const char **ret, struct hr_error *err)
{
    struct ending *g = arg;
    *ret = NULL;
    if (!g->p->work.single)
        return 0;
    tell_errors(g);
    int e = statistics_text(g, err);
    *ret = g->text.data;
    return e;
}

static int tick(void *arg, struct hr_error *err)
{
    return hr_pack_tick(((struct ending *)arg)->p, err);
}

static uint32_t chunk_samples_of(const struct ending *g)
{
    const struct hr_packing *p = g->p;
    if (p->o.chunk_samples != 0 || (!p->o.narrow && p->o.quantize == NULL))
        return p->chunk_samples;
    double n = (double)p->o.chunk_bytes / hr_second_pass_sample_bytes(g->store, &g->schema);
    return (uint32_t)HR_MIN(HR_MAX(n, 1.0), (double)(1 << 20));
}

static int second_pass(struct ending *g, struct hr_error *err)
{
    struct hr_packing *p = g->p;
    int e = hr_schema_copy(&p->schema, &g->schema, err);
    if (e == 0)
        e = hr_recast_plan(&g->schema, &g->stats, p->o.narrow, p->o.quantize, kept, g, err);
    if (e == 0 && p->o.shard_by != NULL)
        e = hr_shards_make(g->store, p->o.shard_by, &g->shards, err);
    g->error = hr_calloc((size_t)p->schema.n, sizeof *g->error);
    if (e == 0 && g->error == NULL)
        e = hr_fail_nomem(err, sizeof *g->error, "the errors of quantising");
    if (e < 0)
        return e;
    uint32_t chunk = chunk_samples_of(g);
    double part_chunks = (double)HR_PACK_PART_BYTES / (hr_second_pass_sample_bytes(g->store, &g->schema) * chunk);
    struct hr_second_pass s = {
        .from = g->store,
        .to = &g->schema,
        .shards = p->o.shard_by != NULL ? &g->shards : NULL,
        .options = { .codec = p->codec, .chunk_samples = chunk },
        .part_chunks = p->work.single ? UINT32_MAX : (uint32_t)HR_MIN(HR_MAX(part_chunks, 1.0), (double)UINT32_MAX),
        .dir = p->work.dir,
        .error = g->error,
        .tick = tick,
        .footer = footer,
        .arg = g,
    };
    e = hr_second_pass_run(&s, err);
    if (e == 0 && !p->work.single)
        tell_errors(g);
    return e;
}

/* --- the end --- */

/* How the dataset came to be.  Nothing that differs from run to run: the same input gives the same bytes. */
static int describe(struct ending *g, struct hr_error *err)
{
    const struct hr_packing *p = g->p;
    struct hr_jw w = HR_JW_INIT(&g->made, 0);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "by", "headrace " HEADRACE_VERSION);
    hr_jw_kstr(&w, "format", p->source->ops->name);
    hr_jw_ku64(&w, "files", p->source->files);
    hr_jw_ku64(&w, "left_out", p->mark.bad);
    hr_jw_ku64(&w, "duplicates", p->mark.duplicates);
    hr_jw_kbool(&w, "narrow", p->o.narrow);
    hr_jw_kstr(&w, "quantize", p->o.quantize);
    if (g->shards.n != 0) {
        hr_jw_kstr(&w, "shard_by", p->o.shard_by);
        hr_jw_key(&w, "shards");
        hr_jw_array(&w);
        for (uint32_t i = 0; i < g->shards.n; i++)
            hr_jw_str(&w, g->shards.label[i]);
        hr_jw_end(&w);
    }
    hr_jw_end(&w);
    return hr_jw_done(&w) ? 0 : hr_fail_nomem(err, g->made.len, "the manifest");
}

static int finish_folder(struct ending *g, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *path = hr_join(g->p->work.dir, HR_STATISTICS_NAME);
    int e = path == NULL ? hr_fail_nomem(err, strlen(g->p->work.dir), "a file's name") : statistics_text(g, err);
    if (e == 0)
        e = hr_replace(path, g->text.data, g->text.len, err);
    if (e == 0)
        e = describe(g, err);
    if (e == 0)
        e = hr_manifest_write(g->p->work.dir, g->made.data, err);
    hr_store_close(g->store);
    g->store = NULL;
    return e == 0 ? hr_work_commit(&g->p->work, NULL, err) : e;
}

static int finish_single(struct ending *g, bool rewritten, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *path = hr_parts_path(rewritten ? g->p->work.dir : g->p->dir, 0);
    if (path == NULL)
        return hr_fail_nomem(err, strlen(g->p->dir), "a file's name");
    hr_store_close(g->store);
    g->store = NULL;
    return hr_work_commit(&g->p->work, path, err);
}

static int measured_out(struct ending *g, struct hr_error *err)
{
    struct hr_store *s = NULL;
    int e = hr_store_open(g->p->work.out, &s, err);
    if (e < 0)
        return e;
    g->p->bytes_out = s->bytes;
    hr_store_close(s);
    return 0;
}

int hr_pack_finish(struct hr_packing *p, struct hr_error *err)
{
    struct ending g = { .p = p, .text = HR_BUF_INIT(TEXT_MAX), .made = HR_BUF_INIT(TEXT_MAX) };
    bool resumed = p->resumed.samples != 0;
    bool again = p->second_pass || (p->work.single && resumed); /* statistics in the footer come before its end */
    bool early = p->work.single && !again;
    int e = 0;
    p->bytes_in = hr_pipeline_bytes(p->pipe);
    if (early)
        e = hr_pipeline_stats(p->pipe, &g.stats, err);
    if (early && e == 0)
        e = statistics_text(&g, err);
    if (e == 0)
        e = hr_parts_finish(&p->parts, early ? g.text.data : NULL, err);
    if (e == 0 && (again || resumed))
        e = open_first(&g, err);
    if (e == 0 && resumed)
        e = measure_resumed(&g, err);
    if (e == 0 && !early)
        e = hr_pipeline_stats(p->pipe, &g.stats, err);
    if (e == 0 && again)
        e = second_pass(&g, err);
    if (e == 0)
        e = p->work.single ? finish_single(&g, again, err) : finish_folder(&g, err);
    if (e == 0)
        e = measured_out(&g, err);
    ending_fini(&g);
    return e;
}
