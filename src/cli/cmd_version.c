#include "cli.h"

#include "build_info.h"
#include "headrace/headrace.h"

struct args {
    char none; /* the command has no options of its own */
};

static const struct hr_opt opts[] = { HR_OPT_END };

static const struct hr_example examples[] = {
    { "which optional libraries are in this build", "headrace version" },
    { "the same, for a program", "headrace version --json" },
    { NULL, NULL },
};

static int as_json(struct hr_cli *cli, struct hr_error *err)
{
    struct hr_jw w = hr_print_json(cli);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "version", hr_version());
    hr_jw_kstr(&w, "compiler", hr_built_compiler());
    hr_jw_kstr(&w, "build_type", hr_built_type());
    hr_jw_key(&w, "libraries");
    hr_jw_array(&w);
    for (size_t i = 0; i < hr_built_n; i++) {
        hr_jw_object_flat(&w);
        hr_jw_kstr(&w, "name", hr_built[i].library);
        hr_jw_kbool(&w, "on", hr_built[i].on);
        hr_jw_kstr(&w, "why", hr_built[i].on ? NULL : hr_built[i].why);
        hr_jw_kstr(&w, "without", hr_built[i].on ? NULL : hr_built[i].without);
        hr_jw_end(&w);
    }
    hr_jw_end(&w);
    hr_jw_end(&w);
    return hr_print_json_end(cli, &w, err);
}

static int run(struct hr_cli *cli, void *unused, struct hr_error *err)
{
    (void)unused;
    if (cli->common->json)
        return as_json(cli, err);
    static const struct hr_table_column cols[] = { { .title = NULL }, { .title = NULL }, { .title = NULL } };
    struct hr_table t = HR_TABLE_INIT(cols);
    for (size_t i = 0; i < hr_built_n; i++) {
        hr_table_cell(&t, "%s", hr_built[i].library);
        hr_table_cell(&t, "%s", hr_built[i].on ? "on" : "off");
        if (hr_built[i].on)
            hr_table_skip(&t);
        else
            hr_table_cell(&t, "%s (%s)", hr_built[i].without, hr_built[i].why);
    }
    hr_print(cli, "headrace %s (%s, %s)\n", hr_version(), hr_built_compiler(), hr_built_type());
    int r = hr_print_table(cli, &t, 2);
    hr_table_fini(&t);
    return r;
}

const struct hr_command hr_cmd_version = { opts, sizeof(struct args), NULL, run, examples };
