#include "clock.h"
#include "hash.h"
#include "json_write.h"
#include "machine.h"
#include "mem.h"
#include "pack_job.h"
#include "roles.h"
#include "thread.h"

#include <stdio.h>
#include <string.h>

#define MEMORY_LEAST ((uint64_t)64 << 20)
#define MEMORY_CHOSEN_MOST ((uint64_t)1 << 30)

void hr_pack_options_init(struct hr_pack_options *o)
{
    *o = (struct hr_pack_options){
        .size = sizeof *o,
        .format = "auto",
        .compress = "none",
        .bad = HR_BAD_STOP,
        .resume = true,
        .chunk_bytes = 256 << 10,
    };
}

void hr_pack_notice(const struct hr_packing *p, const char *fmt, ...)
{
    char text[4096];
    va_list ap;
    if (p->o.notice == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    p->o.notice(text, p->o.arg);
}

/* --- options --- */

static int codec_of(const char *name, enum hr_codec *ret, struct hr_error *err)
{
    static const char *const names[] = { [HR_CODEC_NONE] = "none", [HR_CODEC_LZ4] = "lz4", [HR_CODEC_ZSTD] = "zstd" };
    for (size_t i = 0; i < HR_COUNT(names); i++) {
        if (name == NULL || strcmp(name, names[i]) == 0) {
            *ret = (enum hr_codec)i;
            return 0;
        }
    }
    return hr_fail(err, HR_E_INVALID, "'%s' is no compression; there are none, lz4 and zstd", name);
}

static int check_options(struct hr_packing *p, const char *out, struct hr_error *err)
{
    const struct hr_pack_options *o = &p->o;
    if (out == NULL || *out == 0)
        return hr_fail(err, HR_E_INVALID, "say where the dataset shall be written");
    if (o->quantize != NULL && strcmp(o->quantize, "float16") != 0 && strcmp(o->quantize, "int8") != 0)
        return hr_fail(err, HR_E_INVALID, "'%s' is no quantisation; there are float16 and int8", o->quantize);
    if (o->bad == HR_BAD_REJECT && o->reject_file == NULL)
        return hr_fail(err, HR_E_INVALID, "bad samples shall go to a reject file, and none is named");
    if (o->chunk_bytes < 1024 || o->chunk_bytes > (uint64_t)1 << 30)
        return hr_fail(err, HR_E_INVALID, "a chunk must have between 1 KiB and 1 GiB, and %llu bytes are asked for",
                       (unsigned long long)o->chunk_bytes);
    if (o->shard_by != NULL && hr_str_ends(hr_str(out), ".arrow"))
        return hr_fail(err, HR_E_INVALID, "shards are parts of a folder: with --shard-by the dataset cannot be one file");
    if (o->dedup && !hr_hash_available())
        return hr_fail(err, HR_E_UNSUPPORTED, "duplicates are found by content hashes, and this build has none (libxxhash was missing)");
    return codec_of(o->compress, &p->codec, err);
}

static int choose_memory(struct hr_packing *p, struct hr_error *err)
{
    p->memory = p->o.memory;
    if (p->memory != 0)
        return p->memory >= MEMORY_LEAST ? 0
                                         : hr_fail(err, HR_E_BUDGET, "packing needs at least 64 MiB, and %llu bytes are allowed",
                                                   (unsigned long long)p->memory);
    struct hr_root *root;
    struct hr_memory m;
    p->memory = MEMORY_LEAST * 4;
    if (hr_root_open(NULL, &root, NULL) < 0)
        return 0;
    hr_memory_read(root, &m);
    struct hr_figure left = hr_memory_free(&m);
    if (left.known)
        p->memory = HR_MIN(HR_MAX(left.v / 4, MEMORY_LEAST), MEMORY_CHOSEN_MOST);
    hr_root_close(root);
    return 0;
}

/* What must be equal for a journal to be this packing's: sources as they lie there, and options that shape the output. */
static int fingerprint(struct hr_packing *p, struct hr_error *err)
{
    struct hr_buf b = HR_BUF_INIT((size_t)1 << 28);
    const struct hr_pack_options *o = &p->o;
    const char *words[] = { HEADRACE_VERSION, p->source->ops->name, o->format, o->schema, o->compress, o->quantize, o->shard_by,
                            o->reject_file };
    for (size_t i = 0; i < HR_COUNT(words); i++)
        hr_buf_add(&b, words[i] != NULL ? words[i] : "", words[i] != NULL ? strlen(words[i]) + 1 : 1);
    hr_buf_printf(&b, "%d %d %d %d %d %d %llu %llu|", (int)o->bad, o->narrow, o->dedup, o->float64, o->other_keys, p->work.single,
                  (unsigned long long)o->chunk_bytes, (unsigned long long)o->chunk_samples);
    int e = 0;
    for (uint32_t i = 0; e == 0 && i < p->source->files; i++) {
        uint64_t size = 0, changed = 0;
        if (strcmp(p->source->file[i], "-") != 0)
            e = hr_file_stamp(p->source->file[i], &size, &changed, err);
        hr_buf_printf(&b, "%s %llu %llu|", p->source->file[i], (unsigned long long)size, (unsigned long long)changed);
    }
    if (e == 0 && b.failed)
        e = hr_fail_nomem(err, b.len, "the names of the sources");
    p->key = hr_hash(b.data, b.len);
    hr_buf_fini(&b);
    return e;
}

/* --- the order of things --- */

static void end_attempt(struct hr_packing *p)
{
    if (p->pipe != NULL && p->box != NULL)
        hr_pipeline_unbox(p->pipe, p->box);
    p->box = NULL;
    hr_pipeline_destroy(p->pipe);
    p->pipe = NULL;
    hr_parts_close(&p->parts);
    p->parts = (struct hr_parts){ .dir = NULL };
    hr_journal_close(p->journal);
    p->journal = NULL;
    hr_dedup_close(p->dedup);
    p->dedup = NULL;
}

static int attempt(struct hr_packing *p, struct hr_error *err)
{
    int e = hr_mkdir(p->dir, true, err);
    if (e == 0)
        e = hr_pack_begin(p, err);
    if (e == 0)
        e = p->source->ops->bind(p->source, &p->schema, err);
    struct hr_pipeline_options po = {
        .jobs = p->jobs,
        .memory = p->memory / 2,
        .hashing = p->o.dedup,
        .skip_file = p->resumed.file,
        .skip_number = p->resumed.next,
        .take = hr_pack_take,
        .tick = hr_pack_tick,
        .arg = p,
    };
    if (e == 0)
        e = hr_pipeline_create(p->source, &p->schema, &po, &p->pipe, err);
    if (e == 0)
        e = hr_pipeline_box(p->pipe, &p->box, err);
    if (e == 0)
        e = hr_pipeline_run(p->pipe, err);
    if (e == 0)
        e = hr_pack_flush(p, err);
    return e == 0 ? hr_pack_finish(p, err) : e;
}

/* The schema and the sizes of an interrupted packing, when there is one that fits. */
static int take_up(struct hr_packing *p, struct hr_error *err)
{
    struct hr_journal_head head = { .chunk_samples = 0 };
    int e = p->o.resume ? hr_journal_open(p->work.dir, p->key, &head, &p->journal, err) : 0;
    if (e == 1) {
        p->schema = head.schema;
        p->chunk_samples = head.chunk_samples;
        p->part_chunks = head.part_chunks;
        p->inferred = p->o.schema == NULL;
        return 1;
    }
    return e < 0 ? e : hr_work_clear(&p->work, err);
}

static int again(struct hr_packing *p, struct hr_error *err)
{
    end_attempt(p);
    p->again = false;
    p->chunk_samples = p->part_chunks = 0;
    p->told = 0;
    int e = hr_work_clear(&p->work, err);
    return e == 0 ? hr_pack_roles(p, err) : e;
}

static int pack(struct hr_packing *p, const char *const *paths, int n, const char *out, struct hr_error *err)
{
    const struct hr_source_ops *ops;
    int e = hr_source_pick(p->o.format, paths, n, &ops, err);
    if (e == 0)
        e = hr_work_open(out, p->o.force, &p->work, err);
    struct hr_source_options so = {
        .format = p->o.format,
        .unit_bytes = 4 << 20, /* does not depend on memory or jobs: pack_job.h I1 */
        .memory = p->memory / 4,
        .float64 = p->o.float64,
        .other_keys = p->o.other_keys && p->o.schema != NULL,
        .notice = p->o.notice,
        .arg = p->o.arg,
    };
    if (e == 0)
        e = ops->open(paths, n, &so, &p->source, err);
    if (e == 0)
        e = fingerprint(p, err);
    if (e < 0)
        return e;
    p->second_pass = p->o.narrow || p->o.quantize != NULL || p->o.shard_by != NULL;
    p->dir = p->second_pass || p->work.single ? p->work.raw : p->work.dir;
    e = take_up(p, err);
    if (e == 0)
        e = hr_pack_schema(p, err);
    if (e >= 0)
        e = attempt(p, err);
    while (e < 0 && p->again) {
        e = again(p, err);
        if (e == 0)
            e = attempt(p, err);
    }
    return e;
}

static void packing_fini(struct hr_packing *p)
{
    end_attempt(p);
    hr_source_close(p->source);
    hr_schema_fini(&p->schema);
    hr_free(p->view.col);
    hr_close(p->reject);
    hr_work_close(&p->work);
}

int hr_pack(const char *const *sources, int n, const char *out, const struct hr_pack_options *o,
            struct hr_pack_result *ret, struct hr_error *err)
{
    struct hr_packing *p = hr_calloc(1, sizeof *p);
    if (p == NULL)
        return hr_fail_nomem(err, sizeof *p, "packing");
    *p = HR_PACKING_INIT;
    hr_pack_options_init(&p->o);
    if (o != NULL)
        memcpy(&p->o, o, HR_MIN(o->size, sizeof *o));
    p->started = p->ticked = hr_now();
    p->jobs = p->o.jobs > 0 ? HR_MIN(p->o.jobs, 256) : (int)HR_MAX(hr_cpus(), 1u);
    int e = check_options(p, out, err);
    if (e == 0)
        e = choose_memory(p, err);
    if (e == 0)
        e = pack(p, sources, n, out, err);
    if (e == 0 && ret != NULL)
        *ret = (struct hr_pack_result){
            .samples = p->mark.samples,
            .bad = p->mark.bad,
            .duplicates = p->mark.duplicates,
            .bytes_in = p->bytes_in,
            .bytes_out = p->bytes_out,
            .seconds = (double)(hr_now() - p->started) * 1e-9,
        };
    packing_fini(p);
    hr_free(p);
    return e;
}
