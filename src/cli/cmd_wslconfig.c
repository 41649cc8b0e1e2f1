#include "mem.h"
#include "wslconfig_job.h"

static const struct hr_choice actions[] = {
    { "lint", WSLCONFIG_LINT, "what is wrong with the file, line by line" },
    { "suggest", WSLCONFIG_SUGGEST, "what to write for a kind of work (--for)" },
    { "set", WSLCONFIG_SET, "set KEY=VALUE..." },
    { "unset", WSLCONFIG_UNSET, "remove KEY..." },
    { "diff", WSLCONFIG_DIFF, "what apply would change" },
    { "apply", WSLCONFIG_APPLY, "put a suggestion (--for), corrections (--fix) or the settings of FILE into the file" },
    { "restore", WSLCONFIG_RESTORE, "take the last change back" },
    { "effective", WSLCONFIG_EFFECTIVE, "what the running virtual machine really got" },
    { "explain", WSLCONFIG_EXPLAIN, "what KEY does; without KEY, every key" },
    { NULL, 0, NULL },
};
static const struct hr_choice presets[] = {
    { "training", HR_PRESET_TRAINING, "most of the PC, and jobs that outlive their terminal" },
    { "inference", HR_PRESET_INFERENCE, "a model that is served while Windows is used" },
    { "daily", HR_PRESET_DAILY, "half of the PC" },
    { "max", HR_PRESET_MAX, "nearly all of it" },
    { NULL, 0, NULL },
};

#define T struct wslconfig_args
static const struct hr_opt opts[] = {
    HR_OPT_CHOICE(T, action, 0, "ACTION", "ACTION", NULL, actions, "what to do", .positional = true, .required = true),
    HR_OPT_LIST(T, words, 0, "WORD", "WORD", "KEY=VALUE, KEY or FILE, as the action wants", .positional = true),
    HR_OPT_HEADING("The file"),
    HR_OPT_STRING(T, file, 'f', "file", "FILE", "(yours)", "a file by its name instead of the Windows user's own"),
    HR_OPT_FLAG(T, distro, 0, "distro", NULL, "/etc/wsl.conf of this distribution instead of .wslconfig"),
    HR_OPT_STRING(T, user, 0, "user", "NAME", NULL, "the Windows user, where there are several"),
    HR_OPT_HEADING("The change"),
    HR_OPT_CHOICE(T, preset, 0, "for", "WORK", "(none)", presets, "what the PC is used for"),
    HR_OPT_FLAG(T, fix, 0, "fix", NULL, "correct every line that lint can correct"),
    HR_OPT_FLAG(T, yes, 'y', "yes", NULL, "apply without asking"),
    HR_OPT_HEADING("The PC"),
    HR_OPT_SIZE(T, ram, 0, "ram", "SIZE", "(asked of Windows)", 1 << 30, (uint64_t)1 << 45, "its memory"),
    HR_OPT_U64(T, cores, 0, "cores", "N", "(asked of Windows)", 1, 4096, "its logical processors"),
    HR_OPT_END,
};
#undef T

static const struct hr_example examples[] = {
    { "what is wrong with your .wslconfig", "headrace wslconfig lint" },
    { "what to write for training, on the PC at hand", "headrace wslconfig suggest --for training" },
    { "the same for another PC", "headrace wslconfig suggest --for training --ram 64GiB --cores 32" },
    { "see what that would change here", "headrace wslconfig diff --for training" },
    { "correct what lint can correct, and apply a suggestion", "headrace wslconfig apply --fix --for training" },
    { "one setting", "headrace wslconfig set memory=48GB" },
    { "take the last change back", "headrace wslconfig restore" },
    { "systemd in this distribution", "headrace wslconfig set --distro boot.systemd=true" },
    { "what a key does, and since when", "headrace wslconfig explain autoMemoryReclaim" },
    { NULL, NULL },
};

static void init(void *args)
{
    struct wslconfig_args *a = args;
    a->preset = WSLCONFIG_NO_PRESET;
}

static int check(struct hr_cli *cli, const struct wslconfig_args *a, struct hr_error *err)
{
    bool words = a->words.n != 0;
    switch (a->action) {
    case WSLCONFIG_SUGGEST:
        if (a->preset == WSLCONFIG_NO_PRESET)
            return hr_cli_usage(cli, err, "suggest needs --for training, inference, daily or max");
        return words ? hr_cli_usage(cli, err, "suggest takes no word behind it") : 0;
    case WSLCONFIG_SET:
    case WSLCONFIG_UNSET:
        return words ? 0
                     : hr_cli_usage(cli, err,
                                    a->action == WSLCONFIG_SET ? "set needs KEY=VALUE, as memory=48GB"
                                                               : "unset needs a KEY");
    case WSLCONFIG_DIFF:
    case WSLCONFIG_APPLY:
        if (a->words.n > 1)
            return hr_cli_usage(cli, err, "one FILE at most");
        if (!words && !a->fix && a->preset == WSLCONFIG_NO_PRESET)
            return hr_cli_usage(cli, err, "say what to apply: --for WORK, --fix, or a FILE with settings");
        if (a->distro && a->preset != WSLCONFIG_NO_PRESET)
            return hr_cli_usage(cli, err, "--for is about .wslconfig, not about wsl.conf");
        return 0;
    case WSLCONFIG_LINT:
    case WSLCONFIG_EXPLAIN:
        return a->words.n > 1 ? hr_cli_usage(cli, err, "one %s at most", a->action == WSLCONFIG_LINT ? "FILE" : "KEY")
                              : 0;
    case WSLCONFIG_RESTORE:
    case WSLCONFIG_EFFECTIVE:
        return words ? hr_cli_usage(cli, err, "%s takes no word behind it", actions[a->action].name) : 0;
    }
    return 0;
}

static int act(struct wslconfig_job *j, struct hr_error *err)
{
    switch (j->a->action) {
    case WSLCONFIG_LINT:
        return wslconfig_lint(j, err);
    case WSLCONFIG_EFFECTIVE:
        return wslconfig_effective(j, err);
    case WSLCONFIG_RESTORE:
        return wslconfig_restore(j, err);
    case WSLCONFIG_SUGGEST:
        return wslconfig_suggest(j, err);
    case WSLCONFIG_EXPLAIN:
        return wslconfig_explain(j, err);
    default:
        return wslconfig_change(j, err);
    }
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct wslconfig_args *a = args;
    struct wslconfig_job *j;
    int r = check(cli, a, err);
    if (r < 0)
        return r;
    j = hr_calloc(1, sizeof *j);
    if (j == NULL)
        return hr_fail_nomem(err, sizeof *j, "the work");
    r = wslconfig_open(j, cli, a, a->action == WSLCONFIG_LINT, err);
    if (r == 0)
        r = act(j, err);
    wslconfig_close(j);
    hr_free(j);
    return r;
}

const struct hr_command hr_cmd_wslconfig = { opts, sizeof(struct wslconfig_args), init, run, examples };
