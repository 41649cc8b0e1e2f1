#include "cli.h"

#include "clock.h"
#include "human.h"
#include "progress.h"
#include "verify.h"

struct args {
    const char *dataset;
    int jobs;
    uint64_t most;
    bool quick;
};

static const struct hr_opt opts[] = {
    HR_ARG_STRING(struct args, dataset, "DATASET", "the packed dataset"),
    HR_OPT_INT(struct args, jobs, 'j', "jobs", "N", "(all CPUs)", 1, 1024, "threads"),
    HR_OPT_FLAG(struct args, quick, 0, "quick", NULL, "checksums and structure only, no single offsets and edge indices"),
    HR_OPT_U64(struct args, most, 0, "most", "N", "100", 1, UINT64_MAX, "findings to show; all are counted"),
    HR_OPT_END,
};

static const struct hr_example examples[] = {
    { "look at every byte", "headrace verify traffic" },
    { "for a script: status 1 when something is wrong", "headrace verify traffic --quiet --json" },
    { NULL, NULL },
};

struct looking {
    struct hr_cli *cli;
    struct hr_progress progress;
    struct hr_jw *w; /* NULL: text */
    uint64_t shown, most;
};

static bool on_progress(uint64_t done, uint64_t total, void *arg)
{
    struct looking *l = arg;
    return hr_progress_step(&l->progress, done, total, NULL);
}

static void number_or_null(struct hr_jw *w, const char *key, int64_t v)
{
    if (v < 0)
        hr_jw_knull(w, key);
    else
        hr_jw_ki64(w, key, v);
}

static void on_finding(const struct hr_damage *f, void *arg)
{
    struct looking *l = arg;
    if (l->shown++ >= l->most)
        return;
    if (l->w == NULL) {
        hr_print(l->cli, "%s\n", f->text);
        return;
    }
    hr_jw_object_flat(l->w);
    hr_jw_kstr(l->w, "file", f->path);
    number_or_null(l->w, "chunk", f->chunk);
    number_or_null(l->w, "sample", f->sample);
    hr_jw_kstr(l->w, "code", hr_code_name(f->code));
    hr_jw_kstr(l->w, "text", f->text);
    hr_jw_end(l->w);
}

static int summary(struct hr_cli *cli, const struct args *a, const struct hr_verify_result *v, uint64_t ns)
{
    if (v->findings > a->most)
        hr_print(cli, "and %s more\n", hr_human_count(v->findings - a->most).text);
    if (!v->sums)
        hr_note(cli, "there are no checksums to compare, in this dataset or in this build: the structure alone was checked");
    return hr_print(cli, "%s: %s in %s, %s, %s: %s\n", a->dataset, hr_human_bytes(v->bytes).text,
                    hr_human_of(v->chunks, "chunk").text, hr_human_of(v->samples, "sample").text, hr_human_duration(ns).text,
                    v->findings == 0 ? "all is well" : v->findings == 1 ? "1 finding" : "damaged");
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_jw w = hr_print_json(cli);
    struct looking l = { .cli = cli, .w = cli->common->json ? &w : NULL, .most = a->most };
    struct hr_verify_options o = { .jobs = a->jobs, .quick = a->quick, .progress = on_progress, .arg = &l };
    struct hr_verify_result v;
    uint64_t start = hr_now();
    if (l.w != NULL) {
        hr_jw_object(&w);
        hr_jw_kstr(&w, "dataset", a->dataset);
        hr_jw_key(&w, "findings");
        hr_jw_array(&w);
    }
    hr_progress_begin(&l.progress, cli, "verifying", HR_PROGRESS_BYTES);
    int r = hr_verify(a->dataset, &o, on_finding, &l, &v, err);
    hr_progress_end(&l.progress);
    if (r < 0)
        return r;
    if (l.w == NULL) {
        r = summary(cli, a, &v, hr_now() - start);
    } else {
        hr_jw_end(&w);
        hr_jw_ku64(&w, "findings_total", v.findings);
        hr_jw_ku64(&w, "chunks", v.chunks);
        hr_jw_ku64(&w, "samples", v.samples);
        hr_jw_ku64(&w, "bytes", v.bytes);
        hr_jw_kbool(&w, "checksums", v.sums);
        hr_jw_kbool(&w, "good", v.findings == 0);
        hr_jw_end(&w);
        r = hr_print_json_end(cli, &w, err);
    }
    return r < 0 ? r : v.findings == 0 ? 0 : HR_CLI_FAILED;
}

const struct hr_command hr_cmd_verify = { opts, sizeof(struct args), NULL, run, examples };
