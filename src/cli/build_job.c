#include "build_job.h"

#include "build_place.h"
#include "build_report.h"
#include "clock.h"
#include "file.h"
#include "gate.h"
#include "human.h"
#include "interrupt.h"
#include "keeper.h"
#include "mem.h"
#include "rungs.h"
#include "verify_report.h"

#include <stdio.h>
#include <string.h>

struct run {
    struct hr_cli *cli;
    struct hr_build_told told;
};

static void write_json(struct run *x, const char *name, void (*json)(struct hr_jw *w, const struct hr_build_told *t))
{
    HR_CLEANUP(hr_freep) char *path = hr_join(x->told.folder, name);
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    struct hr_jw w = HR_JW_INIT(&b, 2);
    json(&w, &x->told);
    if (path == NULL || !hr_jw_done(&w) || hr_replace(path, b.data, b.len, NULL) < 0)
        hr_note(x->cli, "%s could not be written into %s", name, x->told.folder);
    hr_buf_fini(&b);
}

static void next_try(void *ctx, const struct hr_rung *rung)
{
    struct run *x = ctx;
    hr_note(x->cli, "%s", rung->say);
}

/* The report of each try is there even if the next one never ends. */
static void after_try(void *ctx, const struct hr_rungs *rungs)
{
    struct run *x = ctx;
    char name[32];
    x->told.rungs = rungs;
    snprintf(name, sizeof name, "try-%zu.json", rungs->n);
    write_json(x, name, hr_build_try_json);
}

/* What was built, once the command has succeeded. */
static int prove(struct run *x, const struct hr_build_job *job, const struct hr_root *root, const struct hr_build_plan *p, uint64_t since,
                 struct hr_verify *v, struct hr_error *err)
{
    const struct hr_rungs *rungs = x->told.rungs;
    bool cpu = rungs->done[rungs->n - 1].rung.cpu; /* then it was built for no card */
    struct hr_verify_ask ask = { .argv = job->guard.argv, .since = since, .folder = x->told.folder,
                                 .output = rungs->done[rungs->n - 1].folder, .without_cuda = cpu,
                                 .arches = cpu ? NULL : hr_build_env_arches(&p->env) };
    struct hr_proof *proof = &x->told.proof;
    hr_detail(x->cli, "looking at what was built");
    int r = hr_verify_build(root, &ask, v, err);
    if (r < 0)
        return r;
    proof->v = v;
    proof->expect = job->expect;
    proof->met = hr_verify_meets(v, proof->expect, proof->why);
    return 0;
}

/* What its past is for the next time. */
static void keep(struct run *x, const struct hr_build_plan *p, const struct hr_rungs *rungs)
{
    const struct hr_guard_report *g = &rungs->done[rungs->n - 1].report;
    struct hr_error why = HR_ERROR_INIT;
    struct hr_outlook_seen seen = { .wall_ns = rungs->wall_ns, .course = &rungs->course };
    for (size_t i = 0; i < rungs->n; i++) {
        const struct hr_guard_report *r = &rungs->done[i].report;
        seen.peak = HR_MAX(seen.peak, r->tree_peak);
        seen.at_once = HR_MAX(seen.at_once, r->at_once);
    }
    if (g->largest[0].key.tool != NULL) {
        seen.largest = g->largest[0].bytes;
        seen.largest_tool = g->largest[0].key.tool->name;
        seen.largest_source = g->largest[0].key.source;
    }
    hr_outlook_compare(&p->outlook, &seen, x->told.compare, sizeof x->told.compare);
    if (hr_outlook_keep(&p->outlook, p->past.data, &seen, p->cpus, hr_wall(), &why) < 0)
        hr_note(x->cli, "the build is not remembered for the next forecast: %s", why.text);
}

static int report(struct run *x, struct hr_error *err)
{
    write_json(x, "report.json", hr_build_json);
    if (!x->cli->common->json) {
        hr_build_say(x->cli, &x->told);
        return 0;
    }
    struct hr_jw w = hr_print_json(x->cli);
    hr_build_json(&w, &x->told);
    return hr_print_json_end(x->cli, &w, err);
}

static int climb(struct run *x, const struct hr_build_job *job, const struct hr_root *root, const struct hr_build_plan *p, struct hr_rungs *rungs,
                 struct hr_error *err)
{
    struct hr_rungs_ask ask = {
        .guard = job->guard, .env = &p->env, .environment = hr_environment(), .project = p->outlook.project, .cpu = job->cpu,
        .retries = job->retries, .next = next_try, .after = after_try, .ctx = x,
    };
    ask.guard.timeout_ns = p->timeout_ns;
    ask.guard.aside = x->cli->common->json;
    ask.guard.folder = x->told.folder;
    ask.guard.history = p->history.data;
    if (p->env.refused) {
        ask.guard.refuse_toolkit[0] = p->env.refuse_toolkit[0];
        ask.guard.refuse_toolkit[1] = p->env.refuse_toolkit[1];
    }
    return hr_rungs_run(root, &ask, rungs, err);
}

/* Once the command has ended by itself. */
static int conclude(struct run *x, const struct hr_build_job *job, const struct hr_root *root, const struct hr_build_plan *p, uint64_t since,
                    struct hr_verify *v, struct hr_error *err)
{
    const struct hr_rungs *rungs = x->told.rungs;
    const struct hr_guard_report *g = &rungs->done[rungs->n - 1].report;
    int r = 0;
    if (hr_build_status(g) == 0) {
        keep(x, p, rungs);
        r = job->verify ? prove(x, job, root, p, since, v, err) : 0;
    } else if (g->verdict == HR_GUARD_DONE && g->leaves == 0) { /* it had not begun to build */
        char cwd[4096];
        hr_missing(job->guard.argv, hr_cwd(cwd, sizeof cwd) ? cwd : "", x->told.missing);
    }
    if (r == 0)
        r = report(x, err);
    if (r < 0)
        return r;
    if (g->verdict == HR_GUARD_INTERRUPTED || (hr_interrupted() != 0 && hr_build_status(g) != 0))
        return hr_fail(err, HR_E_CANCELLED, "%s", ""); /* the verdict says it */
    x->cli->status = hr_build_status(g);
    if (x->cli->status == 0 && !x->told.proof.met)
        x->cli->status = HR_BUILD_UNMET;
    return x->cli->status == 0 ? 0 : HR_CLI_STATUS;
}

int hr_build_job_run(struct hr_cli *cli, const struct hr_root *root, const struct hr_build_job *job, const struct hr_build_plan *p,
                     struct hr_error *err)
{
    struct hr_buf folder = HR_BUF_INIT(4096);
    uint64_t since = hr_wall_files();
    HR_CLEANUP(hr_freep) struct hr_rungs *rungs = hr_calloc(1, sizeof *rungs);
    HR_CLEANUP(hr_freep) struct hr_verify *verify = hr_calloc(1, sizeof *verify);
    int r = rungs == NULL || verify == NULL ? hr_fail_nomem(err, sizeof *rungs + sizeof *verify, "a build") :
                                              hr_build_new_log(root, &folder, err);
    struct run x = { cli, { .env = &p->env, .outlook = &p->outlook, .folder = folder.data, .command = job->guard.argv[0],
                            .timeout_ns = p->timeout_ns,
                            .proof = { .v = NULL, .met = true } } };
    if (r == 0) {
        hr_note(cli, "forecast: %s%s%s", p->outlook.say, p->timeout_ns == 0 ? "" : "; it is ended after ",
                p->timeout_ns == 0 ? "" : hr_human_duration(p->timeout_ns).text);
        write_json(&x, "plan.json", hr_build_plan_json);
        r = climb(&x, job, root, p, rungs, err);
    }
    if (r == 0) {
        x.told.rungs = rungs;
        r = conclude(&x, job, root, p, since, verify, err);
        hr_rungs_fini(rungs);
    }
    hr_buf_fini(&folder);
    return r;
}
