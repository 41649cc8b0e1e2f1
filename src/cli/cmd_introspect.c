/* The tables of the whole program as one JSON document; what is generated from them is checked against it. */
#include "cli.h"

#include "headrace/headrace.h"

struct args {
    char none;
};

static const struct hr_opt opts[] = { HR_OPT_END };

static void one(const struct hr_listed *c, struct hr_jw *w)
{
    struct hr_opt_page page = hr_command_page(c);
    struct hr_buf usage = HR_BUF_INIT(4096);
    hr_opt_usage(&page, &usage);
    hr_jw_object(w);
    hr_jw_kstr(w, "name", c->name);
    hr_jw_kstr(w, "group", hr_group_name(c->group));
    hr_jw_kstr(w, "purpose", c->purpose);
    hr_jw_kstr(w, "usage", usage.data);
    hr_jw_key(w, "options");
    hr_opt_json(c->command->opts, w);
    hr_jw_key(w, "examples");
    hr_jw_array(w);
    for (const struct hr_example *e = page.examples; e != NULL && e->line != NULL; e++) {
        hr_jw_object(w);
        hr_jw_kstr(w, "does", e->does);
        hr_jw_kstr(w, "line", e->line);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_end(w);
    hr_buf_fini(&usage);
}

static int run(struct hr_cli *cli, void *unused, struct hr_error *err)
{
    (void)unused;
    struct hr_jw w = hr_print_json(cli);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "version", hr_version());
    hr_jw_key(&w, "common");
    hr_opt_json(hr_common_opts, &w);
    hr_jw_key(&w, "commands");
    hr_jw_array(&w);
    for (size_t i = 0; i < hr_commands_n; i++)
        if (hr_commands[i].group != HR_GROUP_HIDDEN)
            one(&hr_commands[i], &w);
    hr_jw_end(&w);
    hr_jw_end(&w);
    return hr_print_json_end(cli, &w, err);
}

const struct hr_command hr_cmd_introspect = { opts, sizeof(struct args), NULL, run, NULL };
