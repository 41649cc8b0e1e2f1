#include "build_cards.h"
#include "build_job.h"
#include "build_report.h"
#include "mem.h"
#include "memlock.h"
#include "root.h"

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

static const struct hr_choice pools[] = {
    { "auto", HR_TOKENS_AUTO, "where nothing holds heavy jobs before they start" },
    { "on", HR_TOKENS_ON, "wherever the tools that are here take its address" },
    { "off", HR_TOKENS_OFF, NULL },
    { NULL, 0, NULL },
};

static const struct hr_opt opts[] = {
    HR_OPT_LIST(struct args, command, 0, "COMMAND", "COMMAND", "the command and its arguments, after --", .positional = true, .rest = true),
    HR_OPT_HEADING("Limits"),
    HR_OPT_SIZE(struct args, memory, 'm', "memory", "SIZE", "(what is free)", UINT64_C(64) << 20, UINT64_C(1) << 50,
                "memory for the whole build, below what is free"),
    HR_OPT_INT(struct args, jobs, 'j', "jobs", "N", "(as many as CPUs)", 1, 4096, "heavy jobs at once, at most"),
    HR_OPT_STRING(struct args, timeout, 't', "timeout", "TIME", HR_BUILD_TIME_LIMIT,
                  "end the build after this time, over all tries; 'none' for no limit"),
    HR_OPT_DURATION(struct args, stall, 0, "stall", "TIME", "10min", UINT64_C(1000000000), UINT64_C(86400000000000),
                    "end a heavy job that has used no CPU for this time"),
    HR_OPT_FLAG(struct args, gentle, 0, "gentle", "on", "let everything else go first, for CPU and disk"),
    HR_OPT_FLAG(struct args, gate, 0, "gate", "on", "have the kernel hold heavy jobs before they start"),
    HR_OPT_CHOICE(struct args, jobserver, 0, "jobserver", "WHEN", "auto", pools, "a pool of job tokens for make, ninja and cargo"),
    HR_OPT_FLAG(struct args, preload, 0, "preload", "on", "where the kernel cannot, have a preloaded library hold them"),
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

static struct hr_build_job job_of(const struct args *a)
{
    static const char *const never[] = { NULL };
    enum hr_expect expect = a->require_cuda ? HR_EXPECT_CUDA : a->expect;
    bool no_cpu = expect == HR_EXPECT_CUDA || (a->cpu.n == 1 && strcmp(a->cpu.item[0], "none") == 0);
    return (struct hr_build_job) {
        .guard = { .argv = a->command.item, .budget = a->memory, .jobs = (unsigned)a->jobs, .stall_ns = a->stall, .gentle = a->gentle,
                   .gate = a->gate, .preload = a->preload, .jobserver = (enum hr_tokens_wish)a->jobserver },
        .cpu = no_cpu ? never : a->cpu.n != 0 ? a->cpu.item : NULL,
        .retries = a->ladder ? (unsigned)a->retries : 0,
        .verify = a->verify,
        .expect = expect,
    };
}

/* NAME or NAME=VALUE, as the environment takes it. */
static bool names_a_variable(const char *s)
{
    size_t n = strcspn(s, "=");
    for (size_t i = 0; i < n; i++)
        if (!(s[i] == '_' || (s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= 'a' && s[i] <= 'z') || (i != 0 && s[i] >= '0' && s[i] <= '9')))
            return false;
    return n != 0;
}

/* What each option lets through alone, and all of them together do not mean. */
static int check(struct hr_cli *cli, const struct args *a, struct hr_error *err)
{
    struct hr_error why = HR_ERROR_INIT;
    struct hr_gpus *cards = NULL;
    if (a->require_cuda && hr_opt_given(cli->given, "expect") && a->expect != HR_EXPECT_CUDA)
        return hr_cli_usage(cli, err, "--require-cuda is --expect cuda, and --expect says something else: leave one of them out");
    for (size_t i = 0; i < a->cpu.n; i++) {
        const char *s = a->cpu.item[i];
        if (!names_a_variable(s))
            return hr_cli_usage(cli, err, "--cpu-variant: '%s' sets no variable: write NAME=VALUE, as in FORCE_CUDA=0, or NAME to unset it", s);
        if (a->cpu.n > 1 && strcmp(s, "none") == 0)
            return hr_cli_usage(cli, err, "--cpu-variant: 'none' stands alone: there is no such variant, or the others say what it is");
    }
    int r = a->arch == NULL ? 0 : hr_build_cards(a->arch, &cards, &why);
    hr_gpus_free(cards);
    return r == HR_E_INVALID ? hr_cli_usage(cli, err, "--arch: %s", why.text) : 0; /* short of memory it is told where the list is used */
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_root *root;
    bool only_look = a->print_env || a->dry_run;
    if (a->command.n == 0 && !only_look)
        return hr_cli_usage(cli, err, "a command is missing: headrace build -- COMMAND...");
    int r = check(cli, a, err);
    if (r < 0)
        return r;
    hr_memory_thrifty();
    HR_CLEANUP(hr_freep) struct hr_build_plan *p = hr_calloc(1, sizeof *p);
    r = p == NULL ? hr_fail_nomem(err, sizeof *p, "the plan") : hr_root_open(cli->common->root, &root, err);
    if (r < 0)
        return r;
    if (!only_look && !hr_root_is_live(root))
        r = hr_cli_usage(cli, err, "a command can run on this machine only; with --root, --print-env is possible");
    if (r == 0) {
        struct hr_build_wish wish = { .argv = a->command.n == 0 ? NULL : a->command.item, .memory = a->memory, .jobs = (unsigned)a->jobs,
                                      .gate = a->gate || a->preload, .arch = a->arch, .timeout = a->timeout };
        struct hr_build_job job = job_of(a);
        r = hr_build_plan_make(cli, root, &wish, p, err);
        if (r == 0)
            r = only_look ? hr_build_print_env(cli, &p->env, a->command.n == 0 ? NULL : &p->outlook, err) :
                            hr_build_job_run(cli, root, &job, p, err);
        hr_build_plan_fini(p);
    }
    hr_root_close(root);
    return r;
}

const struct hr_command hr_cmd_build = { opts, sizeof(struct args), NULL, run, examples };
