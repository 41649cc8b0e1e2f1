#include "build_env.h"
#include "build_place.h"
#include "build_report.h"
#include "cli.h"
#include "clock.h"
#include "cpu.h"
#include "file.h"
#include "gate.h"
#include "guard.h"
#include "human.h"
#include "interrupt.h"
#include "keeper.h"
#include "machine.h"
#include "mem.h"
#include "memlock.h"
#include "outlook.h"
#include "parse.h"
#include "project_env.h"
#include "root.h"
#include "room.h"
#include "rungs.h"
#include "thread.h"
#include "verify_report.h"

#include <stdio.h>
#include <string.h>

struct args {
    struct hr_strings command, cpu;
    const char *timeout, *arch;
    int jobs, retries;
    uint64_t memory, stall;
    enum hr_expect expect;
    int jobserver;
    bool gate, preload, gentle, ladder, verify, require_cuda, print_env, dry_run;
};

static const struct hr_choice expects[] = {
    { "any", HR_EXPECT_ANY, "whatever it is" },
    { "cuda", HR_EXPECT_CUDA, "GPU code that runs on the cards, and it imports" },
    { "cpu", HR_EXPECT_CPU, "no GPU code, and it imports" },
    { NULL, 0, NULL },
};

#define TIME_LIMIT "30m"

static const struct hr_choice pools[] = {
    { "auto", HR_TOKENS_AUTO, "where nothing holds heavy jobs before they start" },
    { "on", HR_TOKENS_ON, "wherever the tools that are here take its address" },
    { "off", HR_TOKENS_OFF, NULL },
    { NULL, 0, NULL },
};

static const struct hr_opt opts[] = {
    HR_OPT_LIST(struct args, command, 0, "COMMAND", "COMMAND", "the command and its arguments, after --", .positional = true),
    HR_OPT_HEADING("Limits"),
    HR_OPT_SIZE(struct args, memory, 'm', "memory", "SIZE", "(what is free)", UINT64_C(64) << 20, UINT64_C(1) << 50,
                "memory for the whole build, below what is free"),
    HR_OPT_INT(struct args, jobs, 'j', "jobs", "N", "(as many as CPUs)", 1, 4096, "heavy jobs at once, at most"),
    HR_OPT_STRING(struct args, timeout, 't', "timeout", "TIME", TIME_LIMIT,
                  "end the build after this time, over all tries; 'none' for no limit"),
    HR_OPT_DURATION(struct args, stall, 0, "stall", "TIME", "10min", UINT64_C(1000000000), UINT64_C(86400000000000),
                    "end a heavy job that has used no CPU for this time"),
    HR_OPT_FLAG(struct args, gentle, 0, "gentle", "on", "let everything else go first, for CPU and disk"),
    HR_OPT_FLAG(struct args, gate, 0, "gate", "on", "have the kernel hold heavy jobs before they start"),
    HR_OPT_CHOICE(struct args, jobserver, 0, "jobserver", "WHEN", "auto", pools, "a pool of job tokens for make, ninja and cargo"),
    HR_OPT_FLAG(struct args, preload, 0, "preload", "on", "where it does not, have a preloaded library hold them"),
    HR_OPT_HEADING("When memory was not enough"),
    HR_OPT_FLAG(struct args, ladder, 0, "ladder", "on", "run the command again in a smaller way"),
    HR_OPT_INT(struct args, retries, 'r', "retries", "N", "4", 0, HR_RUNGS_MAX - 1, "so many more tries at most"),
    HR_OPT_LIST(struct args, cpu, 0, "cpu-variant", "NAME=VALUE",
                "what to set so that it builds without CUDA (a name alone is unset, 'none': never)"),
    HR_OPT_HEADING("What is built"),
    HR_OPT_STRING(struct args, arch, 'a', "arch", "LIST", NULL,
                  "build for these cards ('12.0', '8.6;12.0+PTX') and not for those that are here"),
    HR_OPT_FLAG(struct args, verify, 0, "verify", "on", "look at what was built: files, GPU code, import, a kernel launch"),
    HR_OPT_CHOICE(struct args, expect, 0, "expect", "WHAT", "any", expects, "what has to come out; something else is status 123"),
    HR_OPT_FLAG(struct args, require_cuda, 0, "require-cuda", NULL, "the same as --expect cuda"),
    HR_OPT_HEADING("Only looking"),
    HR_OPT_FLAG(struct args, print_env, 0, "print-env", NULL, "print the environment that the build would get, and stop"),
    HR_OPT_FLAG(struct args, dry_run, 'n', "dry-run", NULL, "the same; the command is not run"),
    HR_OPT_END,
};

static const struct hr_example examples[] = {
    { "a CUDA extension that eats all memory otherwise", "headrace build -- pip install --no-build-isolation flash-attn" },
    { "as many jobs as you like: what does not fit waits", "headrace build --memory 6GiB -- make -j16" },
    { "for an RTX 50 card, and nothing that is CPU-only in silence", "headrace build --arch 12.0 --expect cuda -- pip install --no-build-isolation ." },
    { "which architectures and settings fit this machine", "headrace build --print-env" },
    { NULL, NULL },
};

/* What the build may have: of this machine; of a captured one its CPUs, and its memory as far as it tells it. */
static int bounds(const struct args *a, const struct hr_root *root, struct hr_build_ask *ask, struct hr_figure *ret_now, struct hr_error *err)
{
    struct hr_room room;
    if (hr_root_is_live(root)) {
        int r = hr_room_open(root, a->memory, &room, err);
        if (r < 0)
            return r;
        struct hr_space now = hr_room_now(&room, 0, 0, hr_now());
        ask->ceiling = hr_room_ceiling(&room);
        *ret_now = hr_figure_of(now.room > 0 ? (uint64_t)now.room : 0);
        hr_room_close(&room);
        return 0;
    }
    struct hr_cpu cpu;
    struct hr_memory m;
    hr_cpu_read(root, &cpu);
    hr_memory_read(root, &m);
    ask->cpus = cpu.allowed.known && cpu.allowed.v != 0 ? (unsigned)cpu.allowed.v : 1;
    ask->ceiling = m.limit.known ? m.limit.v : m.total.known ? m.total.v : 0;
    *ret_now = a->memory != 0 ? hr_figure_of(a->memory) : hr_figure_unknown("another machine");
    return 0;
}

/* All that is known before the command starts. */
struct plan {
    struct hr_build_env env;
    struct hr_outlook outlook;
    struct hr_buf history, past; /* paths */
    unsigned cpus;
    uint64_t timeout_ns;
};

static int time_limit(struct hr_cli *cli, const struct args *a, struct plan *p, struct hr_error *err)
{
    struct hr_error why = HR_ERROR_INIT;
    const struct hr_outlook *o = &p->outlook;
    if (strcmp(a->timeout, "none") == 0) {
        p->timeout_ns = 0;
        return 0;
    }
    if (hr_parse_duration(hr_str(a->timeout), &p->timeout_ns, &why) < 0 || p->timeout_ns < UINT64_C(1000000000))
        return hr_cli_usage(cli, err, "--timeout '%s' is no time of at least a second ('30m', '2h', 'none')", a->timeout);
    /* A limit that nobody chose must not end a build that is known to take longer, nor one on a machine that is busier now. */
    uint64_t known = o->from == HR_OUTLOOK_PAST ? o->here.wall_ns : o->project != NULL ? o->project->long_ns : 0;
    if (!hr_opt_given(cli->given, "timeout") && known > p->timeout_ns / 4)
        p->timeout_ns = 4 * known;
    return 0;
}

static int plan(struct hr_cli *cli, const struct args *a, const struct hr_root *root, struct plan *p, struct hr_error *err)
{
    struct hr_build_ask ask = { (unsigned)a->jobs, hr_cpus(), a->gate || a->preload, 0, a->arch };
    struct hr_figure now;
    char cwd[4096];
    memset(p, 0, sizeof *p);
    p->history = HR_BUF_INIT(4096);
    p->past = HR_BUF_INIT(4096);
    int r = bounds(a, root, &ask, &now, err);
    if (r == 0)
        r = hr_build_env_read(root, &ask, &p->env, err);
    if (r < 0 || a->command.n == 0)
        return r;
    p->cpus = ask.cpus;
    struct hr_outlook_ask o = { .cwd = hr_cwd(cwd, sizeof cwd) ? cwd : "", .argv = a->command.item, .have = now,
                                .jobs = (unsigned)a->jobs, .cpus = ask.cpus };
    hr_project_env(root, hr_project_of(o.argv, o.cwd), &p->env);
    HR_CLEANUP(hr_freep) const char **env = hr_build_env_merge(&p->env, hr_environment());
    r = env == NULL ? hr_fail_nomem(err, 4096, "the environment") : 0;
    if (r == 0)
        r = hr_build_place(root, "XDG_CACHE_HOME", ".cache", "guard-history", &p->history, err);
    if (r == 0)
        r = hr_build_place(root, "XDG_CACHE_HOME", ".cache", "builds", &p->past, err);
    if (r < 0)
        return r;
    o.folder = p->past.data;
    o.envp = env;
    r = hr_outlook_make(&o, &p->outlook, err);
    return r < 0 ? r : time_limit(cli, a, p, err);
}

static void unplan(struct plan *p)
{
    hr_buf_fini(&p->history);
    hr_buf_fini(&p->past);
}

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

static enum hr_expect expected(const struct args *a)
{
    return a->require_cuda ? HR_EXPECT_CUDA : a->expect;
}

/* What was built, once the command has succeeded. */
static int prove(struct run *x, const struct args *a, const struct hr_root *root, const struct plan *p, uint64_t since,
                 struct hr_verify *v, struct hr_error *err)
{
    const struct hr_rungs *rungs = x->told.rungs;
    bool cpu = rungs->done[rungs->n - 1].rung.cpu; /* then it was built for no card */
    struct hr_verify_ask ask = { .argv = a->command.item, .since = since, .folder = x->told.folder,
                                 .output = rungs->done[rungs->n - 1].folder, .without_cuda = cpu,
                                 .arches = cpu ? NULL : hr_build_env_arches(&p->env) };
    struct hr_proof *proof = &x->told.proof;
    hr_detail(x->cli, "looking at what was built");
    int r = hr_verify_build(root, &ask, v, err);
    if (r < 0)
        return r;
    proof->v = v;
    proof->expect = expected(a);
    proof->met = hr_verify_meets(v, proof->expect, proof->why);
    return 0;
}

/* What its past is for the next time. */
static void keep(struct run *x, const struct plan *p, const struct hr_rungs *rungs)
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

static int climb(struct run *x, const struct args *a, const struct hr_root *root, const struct plan *p, struct hr_rungs *rungs,
                 struct hr_error *err)
{
    static const char *const never[] = { NULL };
    bool no_cpu = expected(a) == HR_EXPECT_CUDA || (a->cpu.n == 1 && strcmp(a->cpu.item[0], "none") == 0);
    struct hr_rungs_ask ask = {
        .guard = { .argv = a->command.item, .budget = a->memory, .jobs = (unsigned)a->jobs, .timeout_ns = p->timeout_ns,
                   .stall_ns = a->stall, .gentle = a->gentle, .gate = a->gate, .preload = a->preload,
                   .jobserver = (enum hr_tokens_wish)a->jobserver, .aside = x->cli->common->json,
                   .folder = x->told.folder, .history = p->history.data },
        .env = &p->env, .environment = hr_environment(), .project = p->outlook.project,
        .cpu = no_cpu ? never : a->cpu.n != 0 ? a->cpu.item : NULL,
        .retries = a->ladder ? (unsigned)a->retries : 0, .next = next_try, .after = after_try, .ctx = x,
    };
    if (p->env.refused) {
        ask.guard.refuse_toolkit[0] = p->env.refuse_toolkit[0];
        ask.guard.refuse_toolkit[1] = p->env.refuse_toolkit[1];
    }
    return hr_rungs_run(root, &ask, rungs, err);
}

/* Once the command has ended by itself. */
static int conclude(struct run *x, const struct args *a, const struct hr_root *root, const struct plan *p, uint64_t since,
                    struct hr_verify *v, struct hr_error *err)
{
    const struct hr_rungs *rungs = x->told.rungs;
    const struct hr_guard_report *g = &rungs->done[rungs->n - 1].report;
    int r = 0;
    if (hr_build_status(g) == 0) {
        keep(x, p, rungs);
        r = a->verify ? prove(x, a, root, p, since, v, err) : 0;
    }
    if (r == 0)
        r = report(x, err);
    if (r < 0)
        return r;
    if (g->verdict == HR_GUARD_INTERRUPTED || (hr_interrupted() != 0 && hr_build_status(g) != 0))
        return hr_fail(err, HR_E_CANCELLED, "interrupted");
    x->cli->status = hr_build_status(g);
    if (x->cli->status == 0 && !x->told.proof.met)
        x->cli->status = HR_BUILD_UNMET;
    return x->cli->status == 0 ? 0 : HR_CLI_STATUS;
}

static int guarded(struct hr_cli *cli, const struct args *a, const struct hr_root *root, const struct plan *p, struct hr_error *err)
{
    struct hr_buf folder = HR_BUF_INIT(4096);
    uint64_t since = hr_wall();
    HR_CLEANUP(hr_freep) struct hr_rungs *rungs = hr_calloc(1, sizeof *rungs);
    HR_CLEANUP(hr_freep) struct hr_verify *verify = hr_calloc(1, sizeof *verify);
    int r = rungs == NULL || verify == NULL ? hr_fail_nomem(err, sizeof *rungs + sizeof *verify, "a build") :
                                              hr_build_new_log(root, &folder, err);
    struct run x = { cli, { .env = &p->env, .outlook = &p->outlook, .folder = folder.data, .timeout_ns = p->timeout_ns,
                            .proof = { .v = NULL, .met = true } } };
    if (r == 0) {
        hr_note(cli, "forecast: %s%s%s", p->outlook.say, p->timeout_ns == 0 ? "" : "; it is ended after ",
                p->timeout_ns == 0 ? "" : hr_human_duration(p->timeout_ns).text);
        write_json(&x, "plan.json", hr_build_plan_json);
        r = climb(&x, a, root, p, rungs, err);
    }
    if (r == 0) {
        x.told.rungs = rungs;
        r = conclude(&x, a, root, p, since, verify, err);
        hr_rungs_fini(rungs);
    }
    hr_buf_fini(&folder);
    return r;
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_root *root;
    bool only_look = a->print_env || a->dry_run;
    if (a->command.n == 0 && !only_look)
        return hr_cli_usage(cli, err, "a command is missing: headrace build -- COMMAND...");
    hr_memory_thrifty();
    HR_CLEANUP(hr_freep) struct plan *p = hr_calloc(1, sizeof *p);
    int r = p == NULL ? hr_fail_nomem(err, sizeof *p, "the plan") : hr_root_open(cli->common->root, &root, err);
    if (r < 0)
        return r;
    if (!only_look && !hr_root_is_live(root))
        r = hr_cli_usage(cli, err, "a command can run on this machine only; with --root, --print-env is possible");
    if (r == 0) {
        r = plan(cli, a, root, p, err);
        if (r == 0)
            r = only_look ? hr_build_print_env(cli, &p->env, a->command.n == 0 ? NULL : &p->outlook, err) : guarded(cli, a, root, p, err);
        unplan(p);
    }
    hr_root_close(root);
    return r;
}

const struct hr_command hr_cmd_build = { opts, sizeof(struct args), NULL, run, examples };
