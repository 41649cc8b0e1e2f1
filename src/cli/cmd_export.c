#include "cli.h"

#include "export.h"
#include "human.h"
#include "progress.h"

enum format { FORMAT_AUTO, FORMAT_JSONL, FORMAT_NPY, FORMAT_HDF5 };

struct args {
    const char *dataset, *out;
    enum format format;
    uint64_t first, count;
    struct hr_strings fields;
    bool force;
};

static const struct hr_choice formats[] = {
    { "auto", FORMAT_AUTO, "by the name of OUT: .jsonl, .h5, else npy" },
    { "jsonl", FORMAT_JSONL, "JSON Lines" },
    { "npy", FORMAT_NPY, "a folder of NumPy arrays" },
    { "hdf5", FORMAT_HDF5, "one HDF5 file" },
    { NULL, 0, NULL },
};

static const struct hr_opt opts[] = {
    HR_ARG_STRING(struct args, dataset, "DATASET", "the packed dataset"),
    HR_ARG_STRING(struct args, out, "OUT", "the file or folder to write"),
    HR_OPT_CHOICE(struct args, format, 0, "format", "FORMAT", "auto", formats, "what to write"),
    HR_OPT_U64(struct args, first, 0, "first", "N", "0", 0, UINT64_MAX, "the first sample, from 0"),
    HR_OPT_U64(struct args, count, 'n', "count", "N", "(to the end)", 0, UINT64_MAX, "how many samples"),
    HR_OPT_LIST(struct args, fields, 'f', "field", "NAME", "only this field", .split = ','),
    HR_OPT_FLAG(struct args, force, 0, "force", NULL, "replace what is there"),
    HR_OPT_END,
};

static void init(void *args)
{
    ((struct args *)args)->count = UINT64_MAX;
}

static const struct hr_example examples[] = {
    { "into one HDF5 file", "headrace export traffic traffic.h5" },
    { "a thousand samples as NumPy arrays", "headrace export traffic some --first 5000 -n 1000" },
    { NULL, NULL },
};

static bool on_progress(uint64_t done, uint64_t total, void *arg)
{
    return hr_progress_step(arg, done, total, NULL);
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_progress p;
    struct hr_export_result got;
    struct hr_export_options o = { .format = formats[a->format].name, .fields = a->fields.n == 0 ? NULL : a->fields.item,
                                   .first = a->first, .count = a->count, .force = a->force, .progress = on_progress, .arg = &p };
    hr_progress_begin(&p, cli, "exporting", HR_PROGRESS_COUNT);
    int r = hr_export(a->dataset, a->out, &o, &got, err);
    hr_progress_end(&p);
    if (r < 0)
        return r;
    if (cli->common->json) {
        struct hr_jw w = hr_print_json(cli);
        hr_jw_object(&w);
        hr_jw_kstr(&w, "dataset", a->dataset);
        hr_jw_kstr(&w, "out", a->out);
        hr_jw_ku64(&w, "samples", got.samples);
        hr_jw_ku64(&w, "bytes", got.bytes);
        hr_jw_kf64(&w, "seconds", got.seconds);
        hr_jw_end(&w);
        return hr_print_json_end(cli, &w, err);
    }
    return hr_print(cli, "%s: %s, %s in %s\n", a->out, hr_human_of(got.samples, "sample").text, hr_human_bytes(got.bytes).text,
                    hr_human_duration((uint64_t)(got.seconds * 1e9)).text);
}

const struct hr_command hr_cmd_export = { opts, sizeof(struct args), init, run, examples };
