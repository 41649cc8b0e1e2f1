#include "cli.h"

#include "codec.h"
#include "forecast.h"
#include "human.h"
#include "info_text.h"
#include "schema_json.h"

#include <inttypes.h>
#include <stdio.h>

struct args {
    const char *dataset;
    uint64_t batch, features;
};

static const struct hr_opt opts[] = {
    HR_ARG_STRING(struct args, dataset, "DATASET", "the packed dataset"),
    HR_OPT_U64(struct args, batch, 'b', "batch-size", "N", "16", 1, 1 << 24, "samples per batch, for the shuffle forecast"),
    HR_OPT_U64(struct args, features, 0, "features", "N", "16", 0, UINT64_MAX, "features to show of each field"),
    HR_OPT_END,
};

static const struct hr_example examples[] = {
    { "what is in a dataset, and how it is laid out", "headrace info traffic" },
    { "the same for a program", "headrace info traffic --json" },
    { NULL, NULL },
};

/* --- JSON --- */

static void json_parts(struct hr_jw *w, const struct hr_store *s)
{
    hr_jw_key(w, "parts");
    hr_jw_array(w);
    for (uint32_t i = 0; i < s->parts; i++) {
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "path", s->part[i].path);
        hr_jw_ku64(w, "samples", s->part[i].samples);
        hr_jw_ku64(w, "chunks", s->part[i].chunks);
        hr_jw_ku64(w, "bytes", s->part[i].bytes);
        hr_jw_end(w);
    }
    hr_jw_end(w);
}

static void json_forecast(struct hr_jw *w, const struct hr_store *s, uint64_t batch)
{
    uint64_t window[HR_INFO_WINDOWS];
    int n = hr_info_windows(s, window);
    hr_jw_ku64(w, "batch_size", batch);
    hr_jw_key(w, "forecast");
    hr_jw_array(w);
    for (int i = 0; i < n; i++) {
        struct hr_forecast f = hr_forecast_of(s->samples, s->chunk_samples, window[i], batch);
        hr_jw_object_flat(w);
        hr_jw_ku64(w, "window_chunks", window[i]);
        hr_jw_ku64(w, "memory", window[i] * s->body_max);
        hr_jw_kf64(w, "groups", f.groups);
        hr_jw_kf64(w, "groups_full", f.groups_full);
        hr_jw_kf64(w, "neighbours", f.neighbours);
        hr_jw_kf64(w, "variance", f.variance);
        hr_jw_end(w);
    }
    hr_jw_end(w);
}

static int as_json(struct hr_cli *cli, const struct args *a, const struct hr_store *s, struct hr_error *err)
{
    char id[20];
    struct hr_jw w = hr_print_json(cli);
    snprintf(id, sizeof id, "%016" PRIx64, s->id);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "dataset", a->dataset);
    hr_jw_kstr(&w, "id", id);
    hr_jw_ku64(&w, "samples", s->samples);
    hr_jw_ku64(&w, "bytes", s->bytes);
    hr_jw_ku64(&w, "chunks", s->chunks);
    hr_jw_ku64(&w, "chunk_samples", s->chunk_samples);
    hr_jw_ku64(&w, "chunk_bytes_largest", s->body_max);
    hr_jw_kstr(&w, "compression", hr_codec_name(s->codec));
    hr_jw_kbool(&w, "checksums", s->sums);
    json_parts(&w, s);
    hr_jw_key(&w, "schema");
    hr_schema_write(&s->schema, &w);
    hr_jw_key(&w, "statistics");
    if (s->statistics != NULL)
        hr_jw_raw(&w, hr_str_trim(hr_str(s->statistics)));
    else
        hr_jw_null(&w);
    json_forecast(&w, s, a->batch);
    hr_jw_end(&w);
    return hr_print_json_end(cli, &w, err);
}

/* --- text --- */

static int summary(struct hr_cli *cli, const struct args *a, const struct hr_store *s)
{
    hr_print(cli, "%s: %s, %s", a->dataset, hr_human_of(s->samples, "sample").text, hr_human_bytes(s->bytes).text);
    if (s->samples != 0)
        hr_print(cli, ", %s per sample", hr_human_bytes(s->bytes / s->samples).text);
    uint64_t each = HR_MIN(s->samples, (uint64_t)s->chunk_samples); /* there may be less than one full chunk */
    hr_print(cli, "\n  %s, %s of %s", hr_human_of(s->parts, "file").text, hr_human_of(s->chunks, "chunk").text,
             hr_human_of(each, "sample").text);
    hr_print(cli, ", the largest %s, compression %s, %s\n", hr_human_bytes(s->body_max).text, hr_codec_name(s->codec),
             s->sums ? "with checksums" : "without checksums");
    return hr_print(cli, "  fingerprint %016" PRIx64 "\n\nFields\n", s->id);
}

static int as_text(struct hr_cli *cli, const struct args *a, const struct hr_store *s, struct hr_error *err)
{
    struct hr_stats stats = { 0, 0, NULL };
    if (s->statistics != NULL) {
        int r = hr_stats_parse(hr_str(s->statistics), a->dataset, &stats, err);
        if (r < 0)
            return r;
    }
    int r = summary(cli, a, s);
    if (r == 0)
        r = hr_info_fields(cli, s, &stats);
    if (r == 0 && stats.n != 0) {
        hr_print(cli, "\nStatistics\n");
        r = hr_info_statistics(cli, &stats, a->features);
    }
    if (r == 0 && stats.n == 0)
        r = hr_print(cli, "\nThe dataset has no statistics.\n");
    if (r == 0)
        r = hr_info_quantization(cli, &stats);
    if (r == 0 && s->chunks != 0)
        r = hr_info_map(cli, s);
    if (r == 0 && s->chunks != 0)
        r = hr_info_forecast(cli, s, a->batch);
    hr_stats_fini(&stats);
    return r;
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_store *s;
    int r = hr_store_open(a->dataset, &s, err);
    if (r < 0)
        return r;
    r = cli->common->json ? as_json(cli, a, s, err) : as_text(cli, a, s, err);
    hr_store_close(s);
    return r;
}

const struct hr_command hr_cmd_info = { opts, sizeof(struct args), NULL, run, examples };
