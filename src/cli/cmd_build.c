#include "build_env.h"
#include "build_report.h"
#include "cli.h"
#include "clock.h"
#include "cpu.h"
#include "file.h"
#include "gate.h"
#include "guard.h"
#include "keeper.h"
#include "machine.h"
#include "mem.h"
#include "root.h"
#include "room.h"
#include "thread.h"
#include "verify_report.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct args {
    struct hr_strings command;
    int jobs;
    uint64_t memory, timeout, stall;
    const char *arch;
    enum hr_expect expect;
    bool gate, preload, gentle, verify, require_cuda, print_env, dry_run;
};

static const struct hr_choice expects[] = {
    { "any", HR_EXPECT_ANY, "whatever it is" },
    { "cuda", HR_EXPECT_CUDA, "GPU code that runs on the cards, and it imports" },
    { "cpu", HR_EXPECT_CPU, "no GPU code, and it imports" },
    { NULL, 0, NULL },
};

enum { LOGS_KEPT = 32 };

static const struct hr_opt opts[] = {
    HR_OPT_LIST(struct args, command, 0, "COMMAND", "COMMAND", "the command and its arguments, after --", .positional = true),
    HR_OPT_HEADING("Limits"),
    HR_OPT_SIZE(struct args, memory, 'm', "memory", "SIZE", "(what is free)", UINT64_C(64) << 20, UINT64_C(1) << 50,
                "memory for the whole build, below what is free"),
    HR_OPT_INT(struct args, jobs, 'j', "jobs", "N", "(as many as fit)", 1, 4096, "heavy jobs at once, at most"),
    HR_OPT_DURATION(struct args, timeout, 't', "timeout", "TIME", "(none)", UINT64_C(1000000000), UINT64_C(1) << 62,
                    "end the build after this time"),
    HR_OPT_DURATION(struct args, stall, 0, "stall", "TIME", "10min", UINT64_C(1000000000), UINT64_C(1) << 62,
                    "end a heavy job that has used no CPU for this time"),
    HR_OPT_FLAG(struct args, gentle, 0, "gentle", "on", "let everything else go first, for CPU and disk"),
    HR_OPT_FLAG(struct args, gate, 0, "gate", "on", "have the kernel hold heavy jobs before they start"),
    HR_OPT_FLAG(struct args, preload, 0, "preload", "on", "where it does not, have a preloaded library hold them"),
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
    { "which architectures and settings fit this machine", "headrace build --print-env" },
    { NULL, NULL },
};

/* ${XDG_STATE_HOME:-$HOME/.local/state}/headrace/build, or the same of the cache. */
static int place(const struct hr_root *root, const char *variable, const char *below_home, const char *name, struct hr_buf *ret,
                 struct hr_error *err)
{
    if (hr_root_env(root, variable, ret) && ret->len != 0 && ret->data[0] == '/') {
        hr_buf_adds(ret, "/headrace/");
    } else {
        hr_buf_reset(ret);
        if (!hr_root_env(root, "HOME", ret) || ret->len == 0)
            return hr_fail(err, HR_E_NOT_FOUND, "neither HOME nor %s is set: there is nowhere to keep the log of the build", variable);
        hr_buf_printf(ret, "/%s/headrace/", below_home);
    }
    hr_buf_adds(ret, name);
    return ret->failed ? hr_fail_nomem(err, ret->len, "a path") : 0;
}

/* The oldest logs go; their names sort by time. */
static void prune(const char *folder)
{
    struct hr_names names;
    if (hr_list(folder, &names, NULL) < 0)
        return;
    for (size_t i = 0; names.n > LOGS_KEPT && i < names.n - LOGS_KEPT; i++) {
        char *one = hr_join(folder, names.name[i]);
        if (one != NULL && hr_remove_tree(one, NULL) < 0)
            i = names.n; /* the next build tries again */
        hr_free(one);
    }
    hr_names_fini(&names);
}

/* A new folder named after this moment (UTC); *ret is its path. */
static int new_log(const struct hr_root *root, struct hr_buf *ret, struct hr_error *err)
{
    char name[48];
    struct tm tm;
    uint64_t wall = hr_wall();
    time_t s = (time_t)(wall / 1000000000);
    int r = place(root, "XDG_STATE_HOME", ".local/state", "build", ret, err);
    if (r == 0)
        r = hr_mkdir(ret->data, true, err);
    if (r < 0)
        return r;
    prune(ret->data);
    gmtime_r(&s, &tm);
    snprintf(name, sizeof name, "/%04d%02d%02d-%02d%02d%02d-%06u", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
             tm.tm_min, tm.tm_sec, (unsigned)(wall / 1000 % 1000000));
    hr_buf_adds(ret, name);
    return ret->failed ? hr_fail_nomem(err, ret->len, "a path") : hr_mkdir(ret->data, false, err);
}

/* What the build may have: of this machine; of a captured one its CPUs, and its memory as far as it tells it. */
static int bounds(const struct args *a, const struct hr_root *root, struct hr_build_ask *ask, struct hr_error *err)
{
    struct hr_room room;
    if (hr_root_is_live(root)) {
        int r = hr_room_open(root, a->memory, &room, err);
        if (r < 0)
            return r;
        ask->ceiling = hr_room_ceiling(&room);
        hr_room_close(&room);
        return 0;
    }
    struct hr_cpu cpu;
    struct hr_memory m;
    hr_cpu_read(root, &cpu);
    hr_memory_read(root, &m);
    ask->cpus = cpu.allowed.known && cpu.allowed.v != 0 ? (unsigned)cpu.allowed.v : 1;
    ask->ceiling = m.limit.known ? m.limit.v : m.total.known ? m.total.v : 0;
    return 0;
}

static int plan(const struct args *a, const struct hr_root *root, struct hr_build_env *e, struct hr_error *err)
{
    struct hr_build_ask ask = { (unsigned)a->jobs, hr_cpus(), a->gate, 0, a->arch };
    int r = bounds(a, root, &ask, err);
    return r < 0 ? r : hr_build_env_read(root, &ask, e, err);
}

/* What was built, once the command has succeeded. */
static int prove(struct hr_cli *cli, const struct args *a, const struct hr_root *root, const struct hr_build_env *e, uint64_t since,
                 const char *folder, struct hr_verify *v, struct hr_proof *p, struct hr_error *err)
{
    struct hr_verify_ask ask = { .argv = a->command.item, .since = since, .folder = folder, .arches = hr_build_env_arches(e) };
    hr_detail(cli, "looking at what was built");
    int r = hr_verify_build(root, &ask, v, err);
    if (r < 0)
        return r;
    p->v = v;
    p->expect = a->require_cuda ? HR_EXPECT_CUDA : a->expect;
    p->met = hr_verify_meets(v, p->expect, p->why);
    return 0;
}

static int report(struct hr_cli *cli, const struct hr_guard_report *g, const struct hr_build_env *e, const struct hr_proof *p,
                  const char *folder, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *path = hr_join(folder, "report.json");
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    struct hr_jw file = HR_JW_INIT(&b, 2);
    hr_build_json(&file, g, e, p, folder);
    if (path == NULL || !hr_jw_done(&file) || hr_replace(path, b.data, b.len, NULL) < 0)
        hr_note(cli, "the report could not be written into %s", folder);
    hr_buf_fini(&b);
    if (!cli->common->json) {
        hr_build_say(cli, g, e, p, folder);
        return 0;
    }
    struct hr_jw w = hr_print_json(cli);
    hr_build_json(&w, g, e, p, folder);
    return hr_print_json_end(cli, &w, err);
}

static int guarded(struct hr_cli *cli, const struct args *a, const struct hr_root *root, const struct hr_build_env *e,
                   struct hr_error *err)
{
    struct hr_buf folder = HR_BUF_INIT(4096), history = HR_BUF_INIT(4096);
    struct hr_guard_report g;
    struct hr_proof proof = { .v = NULL, .met = true };
    uint64_t since = hr_wall();
    HR_CLEANUP(hr_freep) struct hr_verify *verify = hr_calloc(1, sizeof *verify);
    HR_CLEANUP(hr_freep) const char **env = hr_build_env_merge(e, hr_environment());
    int r = env == NULL || verify == NULL ? hr_fail_nomem(err, sizeof *verify, "a build") : new_log(root, &folder, err);
    if (r == 0)
        r = place(root, "XDG_CACHE_HOME", ".cache", "guard-history", &history, err);
    if (r == 0) {
        struct hr_guard_options o = { .argv = a->command.item, .envp = env, .budget = a->memory, .jobs = (unsigned)a->jobs,
                                      .timeout_ns = a->timeout, .stall_ns = a->stall, .gentle = a->gentle, .gate = a->gate,
                                      .preload = a->preload, .aside = cli->common->json, .folder = folder.data,
                                      .history = history.data };
        if (e->refused) {
            o.refuse_toolkit[0] = e->refuse_toolkit[0];
            o.refuse_toolkit[1] = e->refuse_toolkit[1];
        }
        r = hr_guard_run(root, &o, &g, err);
    }
    if (r == 0 && a->verify && hr_build_status(&g) == 0)
        r = prove(cli, a, root, e, since, folder.data, verify, &proof, err);
    if (r == 0)
        r = report(cli, &g, e, &proof, folder.data, err);
    hr_buf_fini(&folder);
    hr_buf_fini(&history);
    if (r < 0)
        return r;
    if (g.verdict == HR_GUARD_INTERRUPTED)
        return hr_fail(err, HR_E_CANCELLED, "interrupted");
    cli->status = hr_build_status(&g);
    if (cli->status == 0 && !proof.met)
        cli->status = HR_BUILD_UNMET;
    return cli->status == 0 ? 0 : HR_CLI_STATUS;
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_root *root;
    struct hr_build_env e;
    bool only_look = a->print_env || a->dry_run;
    if (a->command.n == 0 && !only_look)
        return hr_cli_usage(cli, err, "a command is missing: headrace build -- COMMAND...");
    int r = hr_root_open(cli->common->root, &root, err);
    if (r < 0)
        return r;
    if (!only_look && !hr_root_is_live(root))
        r = hr_cli_usage(cli, err, "a command can run on this machine only; with --root, --print-env is possible");
    if (r == 0)
        r = plan(a, root, &e, err);
    if (r == 0)
        r = only_look ? hr_build_print_env(cli, &e, err) : guarded(cli, a, root, &e, err);
    hr_root_close(root);
    return r;
}

const struct hr_command hr_cmd_build = { opts, sizeof(struct args), NULL, run, examples };
