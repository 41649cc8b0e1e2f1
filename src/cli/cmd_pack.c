#include "cli.h"

#include "file.h"
#include "human.h"
#include "progress.h"

#include "headrace/headrace.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

struct args {
    struct hr_strings sources;
    const char *output, *schema, *shard_by, *reject_file;
    int format, compress, quantize, jobs;
    enum hr_bad bad;
    bool force, resume, float64, other_keys, narrow, dedup;
    uint64_t chunk_size, chunk_samples, memory;
};

static const struct hr_choice formats[] = {
    { "auto", 0, "by name and first bytes" },
    { "json", 1, "lists of samples, one sample per file, standard input" },
    { "jsonl", 2, "one sample per line" },
    { "npy", 3, "arrays, ragged ones with offsets" },
    { "npz", 4, "archives of arrays" },
    { "hdf5", 5, "datasets of a file" },
    { "files", 6, "bytes of files, labels by folder" },
    { "fcd", 7, "SUMO's floating car data (XML)" },
    { NULL, 0, NULL },
};
static const struct hr_choice codecs[] = {
    { "none", 0, "as it is: the fastest to feed" },
    { "lz4", 1, "fast" },
    { "zstd", 2, "small" },
    { NULL, 0, NULL },
};
static const struct hr_choice quantisations[] = {
    { "none", 0, "keep floats as they are" },
    { "float16", 1, "11 bits of every float" },
    { "int8", 2, "256 steps between the least and the greatest value of a feature" },
    { NULL, 0, NULL },
};
static const struct hr_choice bads[] = {
    { "stop", HR_BAD_STOP, "the first one ends the packing" },
    { "skip", HR_BAD_SKIP, "leave it out" },
    { "reject", HR_BAD_REJECT, "leave it out and list it in the reject file" },
    { NULL, 0, NULL },
};

#define T struct args
static const struct hr_opt opts[] = {
    HR_ARG_LIST(T, sources, "SOURCE", "files, folders, or - for standard input"),
    HR_OPT_STRING(T, output, 'o', "output", "DATASET", NULL,
                  "the dataset to write: a folder, or one file when the name ends in .arrow", .required = true),
    HR_OPT_HEADING("Samples"),
    HR_OPT_CHOICE(T, format, 0, "format", "NAME", "auto", formats, "what the sources are"),
    HR_OPT_STRING(T, schema, 0, "schema", "FILE", "(inferred)", "fields, types, shapes and roles; a file, or the JSON itself"),
    HR_OPT_FLAG(T, float64, 0, "float64", NULL, "floats become float64, where float32 is inferred otherwise"),
    HR_OPT_FLAG(T, other_keys, 0, "other-keys", NULL, "JSON: pass over keys that the given schema does not name"),
    HR_OPT_CHOICE(T, bad, 0, "bad", "WHAT", "stop", bads, "what becomes of a sample that cannot be used"),
    HR_OPT_STRING(T, reject_file, 0, "reject-file", "FILE", NULL, "where bad samples are listed, as JSON Lines"),
    HR_OPT_FLAG(T, dedup, 0, "dedup", NULL, "leave out samples whose contents were there before"),
    HR_OPT_HEADING("In the file"),
    HR_OPT_FLAG(T, narrow, 0, "narrow", NULL, "integers as narrow as their values allow: lossless"),
    HR_OPT_CHOICE(T, quantize, 0, "quantize", "TYPE", "none", quantisations, "floats in fewer bits; the error is told"),
    HR_OPT_CHOICE(T, compress, 'z', "compress", "CODEC", "none", codecs, "compress chunks"),
    HR_OPT_STRING(T, shard_by, 0, "shard-by", "FIELD", NULL, "one part per value of a field, or per span of \"time\""),
    HR_OPT_SIZE(T, chunk_size, 'c', "chunk-size", "SIZE", "256KiB", 1024, 1 << 30, "target size of a chunk"),
    HR_OPT_U64(T, chunk_samples, 0, "chunk-samples", "N", "(from the size)", 1, 1 << 20, "samples per chunk"),
    HR_OPT_HEADING("Work"),
    HR_OPT_FLAG(T, force, 'f', "force", NULL, "replace a dataset of that name; it stays whole until the new one is"),
    HR_OPT_FLAG(T, resume, 0, "resume", "on", "go on where the same command was interrupted"),
    HR_OPT_INT(T, jobs, 'j', "jobs", "N", "(all CPUs)", 1, 256, "threads that parse"),
    HR_OPT_SIZE(T, memory, 'm', "memory", "SIZE", "(a quarter of what is free, 1 GiB at most)", 64 << 20, UINT64_MAX,
                "bytes that packing may hold"),
    HR_OPT_END,
};
#undef T

static const struct hr_example examples[] = {
    { "pack a folder of JSON chunks", "headrace pack raw/ -o traffic" },
    { "the smallest file, as one", "headrace pack raw/ -o traffic.arrow --narrow --quantize float16 -z zstd" },
    { "from another program, bad samples left out", "zcat log.jsonl.gz | headrace pack - -o log --format jsonl --bad skip" },
    { "one part per weather", "headrace pack runs/*.json -o runs --shard-by weather" },
    { NULL, NULL },
};

struct under_way {
    struct hr_cli *cli;
    struct hr_progress progress;
};

static bool progress(const struct hr_pack_progress *g, void *arg)
{
    struct under_way *u = arg;
    char extra[64];
    snprintf(extra, sizeof extra, "%s", hr_human_of(g->samples, "sample").text);
    return hr_progress_step(&u->progress, g->bytes_done, g->bytes_total, extra);
}

static void notice(const char *sentence, void *arg)
{
    struct under_way *u = arg;
    hr_note(u->cli, "%s", sentence);
}

static int to_options(const struct args *a, struct hr_pack_options *o, struct hr_buf *schema, struct hr_error *err)
{
    hr_pack_options_init(o);
    o->format = formats[a->format].name;
    o->compress = codecs[a->compress].name;
    o->quantize = a->quantize != 0 ? quantisations[a->quantize].name : NULL;
    o->shard_by = a->shard_by;
    o->reject_file = a->reject_file;
    o->bad = a->bad;
    o->narrow = a->narrow;
    o->dedup = a->dedup;
    o->float64 = a->float64;
    o->other_keys = a->other_keys;
    o->resume = a->resume;
    o->force = a->force;
    o->chunk_bytes = a->chunk_size;
    o->chunk_samples = a->chunk_samples;
    o->memory = a->memory;
    o->jobs = a->jobs;
    o->schema = a->schema;
    if (a->schema == NULL || strchr(a->schema, '{') != NULL)
        return 0;
    o->schema = NULL;
    int r = hr_slurp(a->schema, schema, err);
    o->schema = schema->data;
    return r;
}

static int print_text(struct hr_cli *cli, const struct args *a, const struct hr_pack_result *r)
{
    double seconds = r->seconds > 0 ? r->seconds : 1e-9;
    hr_print(cli, "%s: %s, %s", a->output, hr_human_of(r->samples, "sample").text, hr_human_bytes(r->bytes_out).text);
    if (r->bad != 0)
        hr_print(cli, ", %s left out as bad", hr_human_count(r->bad).text);
    if (r->duplicates != 0)
        hr_print(cli, ", %s left out", hr_human_of(r->duplicates, "duplicate").text);
    return hr_print(cli, "\n%s read in %s: %s/s, %s samples/s\n", hr_human_bytes(r->bytes_in).text,
                    hr_human_duration((uint64_t)(seconds * 1e9)).text, hr_human_bytes((uint64_t)((double)r->bytes_in / seconds)).text,
                    hr_human_count((uint64_t)((double)r->samples / seconds)).text);
}

static int print_json(struct hr_cli *cli, const struct args *a, const struct hr_pack_result *r, struct hr_error *err)
{
    struct hr_jw w = hr_print_json(cli);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "dataset", a->output);
    hr_jw_ku64(&w, "samples", r->samples);
    hr_jw_ku64(&w, "bad", r->bad);
    hr_jw_ku64(&w, "duplicates", r->duplicates);
    hr_jw_ku64(&w, "bytes_in", r->bytes_in);
    hr_jw_ku64(&w, "bytes_out", r->bytes_out);
    hr_jw_kf64(&w, "seconds", r->seconds);
    hr_jw_end(&w);
    return hr_print_json_end(cli, &w, err);
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_pack_options o;
    struct hr_pack_result result;
    struct hr_buf schema = HR_BUF_INIT((size_t)4 << 20);
    struct under_way u = { .cli = cli };
    if (a->bad == HR_BAD_REJECT && a->reject_file == NULL)
        return hr_cli_usage(cli, err, "--bad reject needs --reject-file FILE");
    if (a->sources.n > INT_MAX)
        return hr_cli_usage(cli, err, "there are more sources than can be counted");
    int r = to_options(a, &o, &schema, err);
    if (r == 0) {
        o.progress = progress;
        o.notice = notice;
        o.arg = &u;
        hr_progress_begin(&u.progress, cli, "packing", HR_PROGRESS_BYTES);
        r = hr_pack(a->sources.item, (int)a->sources.n, a->output, &o, &result, err);
        hr_progress_end(&u.progress);
    }
    hr_buf_fini(&schema);
    if (r < 0)
        return r;
    return cli->common->json ? print_json(cli, a, &result, err) : print_text(cli, a, &result);
}

const struct hr_command hr_cmd_pack = { opts, sizeof(struct args), NULL, run, examples };
