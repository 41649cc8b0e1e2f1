#include "print_samples.h"

struct args {
    const char *dataset;
    uint64_t n;
    struct hr_strings fields;
};

static const struct hr_opt opts[] = {
    HR_ARG_STRING(struct args, dataset, "DATASET", "the packed dataset"),
    HR_OPT_U64(struct args, n, 'n', "count", "N", "5", 0, UINT64_MAX, "how many samples"),
    HR_OPT_LIST(struct args, fields, 'f', "field", "NAME", "only this field", .split = ','),
    HR_OPT_END,
};

static const struct hr_example examples[] = {
    { "the first five samples, one line of JSON each", "headrace head traffic" },
    { "the labels of the first hundred", "headrace head traffic -n 100 -f y" },
    { NULL, NULL },
};

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    return hr_print_samples(cli, a->dataset, &a->fields, 0, a->n, err);
}

const struct hr_command hr_cmd_head = { opts, sizeof(struct args), NULL, run, examples };
