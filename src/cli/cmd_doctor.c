#include "cli.h"

#include "clock.h"
#include "doctor_fix.h"
#include "doctor_report.h"

#include "headrace/headrace.h"

struct args {
    struct hr_strings path, only;
    const char *explain;
    bool list, deep, fix, undo, yes;
};

static const struct hr_opt opts[] = {
    HR_OPT_LIST(struct args, path, 0, "PATH", "PATH", "training data, checkpoints or a project to look at too", .positional = true),
    HR_OPT_LIST(struct args, only, 0, "only", "ID", "run only these checks or groups", .split = ','),
    HR_OPT_FLAG(struct args, deep, 0, "deep", NULL, "also run the checks that take long"),
    HR_OPT_STRING(struct args, explain, 0, "explain", "ID", NULL, "tell all about one check"),
    HR_OPT_FLAG(struct args, list, 0, "list", NULL, "list every check there is"),
    HR_OPT_HEADING("Mending"),
    HR_OPT_FLAG(struct args, fix, 0, "fix", NULL, "mend what can be mended safely, after telling and asking"),
    HR_OPT_FLAG(struct args, undo, 0, "undo", NULL, "take the last --fix back"),
    HR_OPT_FLAG(struct args, yes, 'y', "yes", NULL, "do not ask"),
    HR_OPT_END,
};

static const struct hr_example examples[] = {
    { "what is wrong with this machine, and what to do", "headrace doctor" },
    { "and with this dataset and where it lies", "headrace doctor data/traffic" },
    { "everything about one check", "headrace doctor --explain data-windows-drive" },
    { "mend what can be mended safely, and take it back", "headrace doctor --fix --yes && headrace doctor --undo" },
    { "one group, for a script", "headrace doctor --only data --json" },
    { NULL, NULL },
};

static struct hr_screen screen_of(const struct hr_cli *cli)
{
    return (struct hr_screen) { cli->wide, cli->color, cli->common->verbose };
}

static int list(struct hr_cli *cli, struct hr_error *err)
{
    if (cli->common->json) {
        struct hr_jw w = hr_print_json(cli);
        hr_doctor_json_list(&w);
        return hr_print_json_end(cli, &w, err);
    }
    struct hr_screen s = screen_of(cli);
    hr_doctor_list(&s, &cli->out);
    return 0;
}

static int show(struct hr_cli *cli, struct hr_facts *facts, const struct hr_diagnosis *d, uint64_t took,
                struct hr_error *err)
{
    struct hr_portrait p;
    struct hr_screen s = screen_of(cli);
    if (!hr_portrait_of(facts, &p))
        return hr_fail_nomem(err, 0, "the portrait of the machine");
    int r = 0;
    if (cli->common->json) {
        struct hr_jw w = hr_print_json(cli);
        struct hr_doctor_about about = { hr_version(), !hr_root_is_live(hr_facts_root(facts)), took };
        hr_doctor_json(d, &p, &about, &w);
        r = hr_print_json_end(cli, &w, err);
    } else {
        hr_doctor_screen(d, &p, &s, &cli->out);
    }
    hr_portrait_fini(&p);
    return r;
}

static int examine(struct hr_cli *cli, const struct args *a, struct hr_facts *facts, struct hr_error *err)
{
    const char *const explained[] = { a->explain };
    struct hr_doctor_options o = { a->only.item, a->only.n, a->deep };
    struct hr_diagnosis d;
    uint64_t begun = hr_now();
    if (a->explain != NULL)
        o.only = explained, o.only_n = 1;
    int r = hr_doctor(facts, &o, &d, err);
    if (r < 0)
        return r;
    if (a->fix) {
        r = hr_doctor_fix(cli, hr_facts_root(facts), &d, a->yes, err);
        hr_diagnosis_fini(&d);
        return r;
    }
    if (a->explain != NULL && !cli->common->json) {
        struct hr_screen s = screen_of(cli);
        for (size_t i = 0; i < d.n; i++)
            hr_doctor_explain(&d.result[i], &s, &cli->out);
    } else {
        r = show(cli, facts, &d, hr_now() - begun, err);
    }
    enum hr_verdict v = hr_diagnosis_verdict(&d);
    hr_diagnosis_fini(&d);
    return r < 0 || a->explain != NULL ? r : v == HR_BAD ? HR_CLI_BAD : v == HR_WARN ? HR_CLI_FAILED : 0;
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_root *root;
    struct hr_facts *facts;
    if (a->list)
        return list(cli, err);
    if (a->fix + a->undo + (a->explain != NULL) > 1)
        return hr_cli_usage(cli, err, "--fix, --undo and --explain exclude each other");
    if (a->explain != NULL && hr_check_find(hr_str(a->explain), NULL) == NULL) {
        struct hr_buf near = HR_BUF_INIT(4096);
        hr_check_near(hr_str(a->explain), &near);
        int r = near.len != 0 ? hr_cli_usage(cli, err, "there is no check '%s'; near it: %s", a->explain, near.data)
                              : hr_cli_usage(cli, err, "there is no check '%s' (--list shows them)", a->explain);
        hr_buf_fini(&near);
        return r;
    }
    int r = hr_doctor_selects(a->only.item, a->only.n, err);
    if (r < 0) {
        cli->usage = true;
        return r;
    }
    r = hr_root_open(cli->common->root, &root, err);
    if (r < 0)
        return r;
    r = hr_root_guard(root, HR_DOCTOR_PATIENCE, err);
    if (r == 0)
        r = a->undo ? hr_doctor_undo(cli, root, err) : hr_facts_open(root, a->path.item, a->path.n, &facts, err);
    if (r == 0 && !a->undo) {
        r = examine(cli, a, facts, err);
        hr_facts_close(facts);
    }
    hr_root_close(root);
    return r;
}

const struct hr_command hr_cmd_doctor = { opts, sizeof(struct args), NULL, run, examples };
