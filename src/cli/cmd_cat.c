#include "print_samples.h"

struct args {
    const char *dataset;
    uint64_t first, count;
    struct hr_strings fields;
};

static const struct hr_opt opts[] = {
    HR_ARG_STRING(struct args, dataset, "DATASET", "the packed dataset"),
    HR_OPT_U64(struct args, first, 0, "first", "N", "0", 0, UINT64_MAX, "the first sample, from 0"),
    HR_OPT_U64(struct args, count, 'n', "count", "N", "(to the end)", 0, UINT64_MAX, "how many samples"),
    HR_OPT_LIST(struct args, fields, 'f', "field", "NAME", "only this field", .split = ','),
    HR_OPT_END,
};

static void init(void *args)
{
    ((struct args *)args)->count = UINT64_MAX;
}

static const struct hr_example examples[] = {
    { "sample 48213 alone", "headrace cat traffic --first 48213 -n 1" },
    { "all labels into another program", "headrace cat traffic -f y | jq .y" },
    { NULL, NULL },
};

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    return hr_print_samples(cli, a->dataset, &a->fields, a->first, a->count, err);
}

const struct hr_command hr_cmd_cat = { opts, sizeof(struct args), init, run, examples };
