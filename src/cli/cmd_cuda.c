#include "cli.h"

#include "cuda_report.h"
#include "file.h"
#include "mem.h"

#include "headrace/headrace.h"

#include <string.h>

struct args {
    const char *want, *script;
    bool force, deep;
};

static const struct hr_opt opts[] = {
    HR_OPT_STRING(struct args, want, 0, "want", "VERSION", "(what fits this machine)", "tell how to install this CUDA anew here, step by step"),
    HR_OPT_STRING(struct args, script, 0, "write-script", "FILE", NULL,
                  "write these steps as a shell script that shows them, asks, and does them; - is standard output"),
    HR_OPT_FLAG(struct args, force, 0, "force", NULL, "replace the script if it is there"),
    HR_OPT_FLAG(struct args, deep, 0, "deep", NULL, "also start the CUDA driver, which takes seconds"),
    HR_OPT_END,
};

static const struct hr_example examples[] = {
    { "which CUDA is here, what each build takes, what is wrong", "headrace cuda" },
    { "the order in which nvcc, CMake, PyTorch and others look", "headrace cuda --verbose" },
    { "the commands of a clean reinstall of CUDA 12.8 on this system", "headrace cuda --want 12.8" },
    { "the same as a script; look at it, then run it yourself", "headrace cuda --want 12.8 --write-script cuda.sh && sh cuda.sh --look" },
    { "of a machine that somebody captured", "headrace cuda --root headrace-snapshot-2026-11-27.tar.gz" },
    { NULL, NULL, },
};

static int write_script(struct hr_cli *cli, const struct args *a, const struct hr_cuda_plan *p, struct hr_error *err)
{
    struct hr_buf b = HR_BUF_INIT(1 << 18);
    int r = 0;
    if (!p->known)
        r = hr_fail(err, HR_E_UNSUPPORTED, "no script is written: %s", p->why);
    else if (!hr_cuda_plan_script(p, hr_version(), &b))
        r = hr_fail_nomem(err, b.len, "the script");
    else if (strcmp(a->script, "-") == 0)
        r = hr_print_bytes(cli, b.data, b.len);
    else if (!a->force && hr_path_kind(a->script) != HR_KIND_NONE)
        r = hr_fail(err, HR_E_EXISTS, "'%s' is there already; --force replaces it", a->script);
    else
        r = hr_replace(a->script, b.data, b.len, err);
    if (r == 0 && strcmp(a->script, "-") != 0)
        hr_note(cli, "wrote %s for CUDA %s (%s); nothing of it was run: read it, then  sh %s --look", a->script, hr_cuda_text(p->want).text,
                p->want_why, a->script);
    hr_buf_fini(&b);
    return r;
}

static int show(struct hr_cli *cli, const struct args *a, struct hr_facts *facts, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) struct hr_cuda_report *r = hr_calloc(1, sizeof *r);
    if (r == NULL)
        return hr_fail_nomem(err, sizeof *r, "the report");
    int k = hr_cuda_report_of(facts, a->want, a->deep, r, err);
    if (k < 0) {
        cli->usage = k == HR_E_INVALID;
        return k;
    }
    r->plan_asked = a->want != NULL;
    if (a->script != NULL) {
        k = write_script(cli, a, &r->plan, err);
        hr_cuda_report_fini(r);
        return k;
    }
    if (cli->common->json) {
        struct hr_jw w = hr_print_json(cli);
        hr_cuda_report_json(r, hr_version(), !hr_root_is_live(hr_facts_root(facts)), &w);
        k = hr_print_json_end(cli, &w, err);
    } else {
        struct hr_screen s = { cli->wide, cli->color, cli->common->verbose };
        hr_cuda_report_screen(r, &s, &cli->out);
    }
    enum hr_verdict v = hr_cuda_report_verdict(r);
    hr_cuda_report_fini(r);
    return k < 0 ? k : v == HR_BAD ? HR_CLI_BAD : v == HR_WARN ? HR_CLI_FAILED : 0;
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_root *root;
    struct hr_facts *facts;
    if (a->force && a->script == NULL)
        return hr_cli_usage(cli, err, "--force belongs to --write-script");
    if (a->script != NULL && cli->common->json)
        return hr_cli_usage(cli, err, "--write-script writes a script and --json a report: one at a time");
    int r = hr_root_open(cli->common->root, &root, err);
    if (r < 0)
        return r;
    r = hr_root_guard(root, HR_DOCTOR_PATIENCE, err);
    if (r == 0)
        r = hr_facts_open(root, NULL, 0, &facts, err);
    if (r == 0) {
        r = show(cli, a, facts, err);
        hr_facts_close(facts);
    }
    hr_root_close(root);
    return r;
}

const struct hr_command hr_cmd_cuda = { opts, sizeof(struct args), NULL, run, examples };
