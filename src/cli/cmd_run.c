#include "attend.h"
#include "batch_sweep.h"
#include "build_place.h"
#include "cli.h"
#include "clock.h"
#include "file.h"
#include "human.h"
#include "interrupt.h"
#include "keeper.h"
#include "machine.h"
#include "mem.h"
#include "parse.h"
#include "procfs.h"
#include "room.h"
#include "run_job.h"
#include "run_report.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

struct args {
    struct hr_strings command, on_act, values;
    const char *mark[HR_MARKS], *vram[2], *signal, *report;
    uint64_t grace, tick;
    bool gpu, keep_output, dry_run;
};

#define MARK(id, n, def, text) HR_OPT_STRING(struct args, mark[id], 0, n, "SIZE", def, text)

static const struct hr_opt opts[] = {
    HR_OPT_LIST(struct args, command, 0, "COMMAND", "COMMAND", "the command and its arguments, after --", .positional = true, .rest = true),
    HR_OPT_HEADING("Marks: a size (12GiB), a part of what there is (80%), or none"),
    MARK(HR_MARK_WARN, "warn", "(4/5 of what is free)", "say so"),
    MARK(HR_MARK_ACT, "act", "(all but the reserve)", "do what --on-act says"),
    MARK(HR_MARK_MAX, "max", "(half of the reserve is left)", "end the job"),
    HR_OPT_STRING(struct args, vram[0], 0, "vram-warn", "SIZE", "95%", "say so; of a card's memory, for each card"),
    HR_OPT_STRING(struct args, vram[1], 0, "vram-act", "SIZE", "none", "do what --on-act says"),
    HR_OPT_HEADING("What is done"),
    HR_OPT_LIST(struct args, on_act, 0, "on-act", "STEPS",
                "steps gone one after the other while the level stays: drop, checkpoint, end, or none (all three by default)", .split = ','),
    HR_OPT_STRING(struct args, signal, 0, "checkpoint-signal", "SIGNAL", "USR1", "asks for a checkpoint, where a process has a handler for it"),
    HR_OPT_DURATION(struct args, grace, 0, "grace", "TIME", "60s", 0, UINT64_C(86400000000000), "time for a checkpoint, and between SIGTERM and SIGKILL"),
    HR_OPT_HEADING("Trying values"),
    HR_OPT_LIST(struct args, values, 0, "batch-sweep", "VALUES", "run the command for each value in place of {}, up to the first that does not fit",
                .split = ','),
    HR_OPT_HEADING("Looking"),
    HR_OPT_STRING(struct args, report, 0, "report", "FILE", NULL, "write the report as JSON into this file as well"),
    HR_OPT_FLAG(struct args, keep_output, 0, "keep-output", NULL, "keep what the command prints in output.log of the log folder"),
    HR_OPT_FLAG(struct args, gpu, 0, "gpu", "on", "watch the cards through NVML"),
    HR_OPT_DURATION(struct args, tick, 0, "tick", "TIME", "200ms", UINT64_C(10000000), UINT64_C(10000000000), "time between two looks"),
    HR_OPT_FLAG(struct args, dry_run, 'n', "dry-run", NULL, "say what would be watched and done, and stop"),
    HR_OPT_END,
};

static const struct hr_example examples[] = {
    { "a training run that cannot take the machine down", "headrace run -- python train.py" },
    { "a checkpoint at 14 GiB, the end at 15 GiB", "headrace run --act 14GiB --max 15GiB --on-act checkpoint -- python train.py" },
    { "the largest batch that fits", "headrace run --batch-sweep 1,2,4,8 -- python run.py --batch {}" },
    { NULL, NULL },
};

/* --- before --- */

struct means {
    uint64_t whole, free, reserve;
};

/* What there is in all, is free now, and should stay free. */
static int means(const struct hr_root *root, struct means *ret, struct hr_error *err)
{
    struct hr_room room;
    int r = hr_room_open(root, 0, &room, err);
    if (r < 0)
        return r;
    struct hr_space s = hr_room_now(&room, 0, 0, hr_now());
    int64_t free = s.room + (int64_t)s.reserve;
    ret->whole = room.machine.total;
    for (size_t i = 0; i < room.n; i++)
        ret->whole = ret->whole == 0 || room.group[i].limit < ret->whole ? room.group[i].limit : ret->whole;
    ret->free = free > 0 ? (uint64_t)free : 0;
    ret->reserve = s.reserve;
    hr_room_close(&room);
    return 0;
}

static int vram_mark(const char *text, struct hr_vram_mark *ret, struct hr_error *err)
{
    uint64_t v = 0;
    int r = hr_mark_parse(hr_str(text), 1000000, &v, err);
    if (r < 0)
        return r;
    if (hr_str_ends(hr_str(text), "%"))
        ret->percent = (double)v / 10000;
    else
        ret->bytes = v;
    return 0;
}

static int marks(struct hr_cli *cli, const struct args *a, const struct means *m, struct hr_train_options *o, struct hr_error *err)
{
    bool given[HR_MARKS];
    for (int i = 0; i < HR_MARKS; i++) {
        const char *name = hr_mark_name((enum hr_mark_id)i);
        given[i] = a->mark[i] != NULL;
        struct hr_error why = HR_ERROR_INIT;
        if (given[i] && hr_mark_parse(hr_str(a->mark[i]), m->whole, &o->mark[i].at, &why) < 0)
            return hr_cli_usage(cli, err, "--%s: %s", name, why.text);
    }
    for (int i = 0; i < HR_MARKS; i++)
        if (given[i] && m->whole != 0 && o->mark[i].at > m->whole)
            hr_note(cli, "--%s: %s is more memory than there is here (%s): it may never be reached", hr_mark_name((enum hr_mark_id)i),
                    hr_human_bytes(o->mark[i].at).text, hr_human_bytes(m->whole).text);
    hr_marks_default(o->mark, given, m->free, m->reserve);
    for (int i = 0; i < 2; i++) {
        struct hr_error why = HR_ERROR_INIT;
        if (vram_mark(a->vram[i], &o->vram[i], &why) < 0)
            return hr_cli_usage(cli, err, "--vram-%s: %s", hr_mark_name((enum hr_mark_id)i), why.text);
    }
    struct hr_error why = HR_ERROR_INIT;
    return hr_marks_check(o->mark, "", &why) < 0 ? hr_cli_usage(cli, err, "%s", why.text) : 0;
}

static int options(struct hr_cli *cli, const struct args *a, const struct means *m, struct hr_train_options *o, struct hr_error *err)
{
    static const char *const all[] = { "drop", "checkpoint", "end" };
    struct hr_error why = HR_ERROR_INIT;
    memset(o, 0, sizeof *o);
    o->envp = hr_environment();
    o->tick_ns = a->tick;
    o->act.grace = a->grace;
    int r = a->on_act.n != 0 ? hr_act_parse(&o->act, a->on_act.item, a->on_act.n, &why) : hr_act_parse(&o->act, all, HR_COUNT(all), &why);
    if (r == 0)
        r = hr_act_signal(hr_str(a->signal), &o->checkpoint_signal, &why);
    if (r < 0)
        return hr_cli_usage(cli, err, "%s", why.text);
    return marks(cli, a, m, o, err);
}

/* --- running --- */

/* A loop of a shell must see that Ctrl-C ended the command. */
static void die_as(struct hr_cli *cli, const struct hr_train_report *r)
{
    if (r->verdict != HR_TRAIN_DONE || !WIFSIGNALED(r->status) || WTERMSIG(r->status) != SIGINT)
        return;
    hr_print_flush(cli);
    hr_die_of(SIGINT);
}

static int one(struct hr_run_job *j, const struct args *a, struct hr_error *err)
{
    struct hr_buf folder = HR_BUF_INIT(4096);
    struct hr_cli *cli = j->cli;
    HR_CLEANUP(hr_freep) struct hr_train_report *r = hr_calloc(1, sizeof *r);
    int e = r == NULL ? hr_fail_nomem(err, sizeof *r, "the report") : hr_new_log(j->root, "run", &folder, err);
    j->o.argv = a->command.item;
    j->keep_output = a->keep_output;
    j->report_path = a->report;
    if (e == 0)
        e = hr_run_job(j, folder.data, r, err);
    if (e == 0) {
        cli->status = hr_run_status(r);
        hr_run_say(cli, r, a->command.item[0], folder.data);
        if (cli->common->json) {
            struct hr_jw w = hr_print_json(cli);
            hr_run_json(&w, r, a->command.item[0], folder.data);
            e = hr_print_json_end(cli, &w, err);
        }
    }
    hr_buf_fini(&folder);
    if (e < 0)
        return e;
    die_as(cli, r);
    return cli->status == 0 ? 0 : HR_CLI_STATUS;
}

static void fill_row(struct hr_sweep_row *row, const struct hr_train_report *r, const char *folder)
{
    struct hr_buf output = HR_BUF_INIT(64 << 20);
    HR_CLEANUP(hr_freep) char *path = hr_join(folder, "output.log");
    if (path != NULL && hr_slurp(path, &output, NULL) < 0 && output.len == 0)
        snprintf(row->note, sizeof row->note, "its output could not be read");
    row->why = hr_sweep_judge(r, hr_buf_str(&output), &row->words);
    row->status = hr_run_status(r);
    row->wall_ns = r->wall_ns;
    row->ram = r->peak.bytes;
    row->vram = r->cards == 0 ? hr_figure_unknown("%.90s", r->cards_why) : r->card[0].peak;
    for (unsigned i = 0; i < r->cards; i++)
        if (r->card[i].peak.known && (!row->vram.known || r->card[i].peak.v >= row->vram.v)) {
            row->vram = r->card[i].peak;
            row->whole = r->card[i].whole;
        }
    hr_buf_fini(&output);
}

/* A name for a folder: letters, digits and a few signs of the value. */
static char *below(const char *folder, const char *value)
{
    char name[48] = "value-";
    size_t n = strlen(name);
    for (const char *p = value; *p != 0 && n < sizeof name - 1; p++)
        name[n++] = (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '.' || *p == '-' ? *p : '_';
    name[n] = 0;
    return hr_join(folder, name);
}

/* A line that begins as those of the run itself. */
HR_PRINTF(2, 3) static void say(struct hr_cli *cli, const char *fmt, ...)
{
    struct hr_buf line = HR_BUF_INIT(1 << 15);
    va_list ap;
    if (cli->common->quiet)
        return;
    hr_buf_adds(&line, "headrace run: ");
    va_start(ap, fmt);
    hr_buf_vprintf(&line, fmt, ap);
    va_end(ap);
    hr_complain(line.data);
    hr_buf_fini(&line);
}

static int try_value(struct hr_run_job *j, const struct args *a, const char *folder, struct hr_sweep_row *row, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) struct hr_train_report *r = hr_calloc(1, sizeof *r);
    HR_CLEANUP(hr_freep) char *own = below(folder, row->value);
    HR_CLEANUP(hr_freep) const char **words = NULL;
    size_t places;
    if (r == NULL || own == NULL)
        return hr_fail_nomem(err, sizeof *r, "the report");
    int e = hr_sweep_words(a->command.item, a->command.n, row->value, &words, &places, err);
    if (e == 0)
        e = hr_mkdir(own, false, err);
    if (e < 0)
        return e;
    j->o.argv = words;
    j->keep_output = true;
    say(j->cli, "value %s", row->value);
    e = hr_run_job(j, own, r, err);
    if (e < 0)
        return e;
    if (r->verdict == HR_TRAIN_NOT_STARTED) { /* nor with another value */
        j->cli->status = hr_run_status(r);
        hr_run_say(j->cli, r, words[0], own);
        return HR_CLI_STATUS;
    }
    fill_row(row, r, own);
    say(j->cli, "value %s: %s after %s", row->value, hr_sweep_why_name(row->why), hr_human_duration(row->wall_ns).text);
    return 0;
}

static int show_sweep(struct hr_run_job *j, const struct args *a, const struct hr_sweep_row *row, const char *folder, struct hr_error *err)
{
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    struct hr_jw file = HR_JW_INIT(&b, 2);
    HR_CLEANUP(hr_freep) char *path = hr_join(folder, "report.json");
    const char *to[] = { path, a->report };
    hr_sweep_json(&file, row, a->values.n, folder);
    hr_buf_addc(&b, '\n');
    for (size_t i = 0; i < HR_COUNT(to); i++)
        if (to[i] != NULL && hr_replace(to[i], b.data, b.len, NULL) < 0)
            hr_note(j->cli, "the report could not be written into %s", to[i]);
    hr_buf_fini(&b);
    hr_sweep_say(j->cli, row, a->values.n, folder);
    if (!j->cli->common->json)
        return 0;
    struct hr_jw w = hr_print_json(j->cli);
    hr_sweep_json(&w, row, a->values.n, folder);
    return hr_print_json_end(j->cli, &w, err);
}

static int sweep(struct hr_run_job *j, const struct args *a, struct hr_error *err)
{
    struct hr_buf folder = HR_BUF_INIT(4096);
    HR_CLEANUP(hr_freep) struct hr_sweep_row *row = hr_calloc(a->values.n, sizeof *row);
    int e = row == NULL ? hr_fail_nomem(err, a->values.n * sizeof *row, "the values") : hr_new_log(j->root, "run", &folder, err);
    bool on = true, stopped = false;
    int last = 0; /* the status of the value that was tried last */
    for (size_t i = 0; e == 0 && i < a->values.n; i++) {
        row[i].value = a->values.item[i];
        row[i].why = HR_SWEEP_NOT_RUN;
        if (!on)
            continue;
        e = try_value(j, a, folder.data, &row[i], err);
        last = row[i].status;
        stopped = row[i].why == HR_SWEEP_INTERRUPTED || hr_interrupted() != 0;
        on = e == 0 && !stopped && !hr_sweep_is_memory(row[i].why);
    }
    if (e == 0)
        e = show_sweep(j, a, row, folder.data, err);
    hr_buf_fini(&folder);
    if (e != 0)
        return e;
    if (stopped) { /* the report says it, and a loop of a shell must see it */
        hr_print_flush(j->cli);
        hr_die_of(last > 128 ? last - 128 : SIGINT);
        return hr_fail(err, HR_E_CANCELLED, "%s", "");
    }
    return hr_sweep_best(row, a->values.n) >= 0 ? 0 : HR_CLI_FAILED;
}

/* Numbers must rise: the sweep ends at the first that does not fit, and the last that fits is called the largest. */
static bool falls(const char *before, const char *value)
{
    double a, b;
    return hr_parse_f64(hr_str(before), &a, NULL) == 0 && hr_parse_f64(hr_str(value), &b, NULL) == 0 && b < a;
}

/* Every value must have somewhere to go, and a folder of its own. */
static int check_sweep(struct hr_cli *cli, const struct args *a, struct hr_error *err)
{
    const char **words;
    size_t places;
    if (a->values.n == 0)
        return 0;
    for (size_t i = 0; i < a->values.n; i++) {
        if (a->values.item[i][0] == 0)
            return hr_cli_usage(cli, err, "--batch-sweep has an empty value");
        for (size_t k = 0; k < i; k++)
            if (strcmp(a->values.item[i], a->values.item[k]) == 0)
                return hr_cli_usage(cli, err, "--batch-sweep has the value '%s' twice", a->values.item[i]);
        if (i != 0 && falls(a->values.item[i - 1], a->values.item[i]))
            return hr_cli_usage(cli, err, "--batch-sweep goes from small to large, and stops at the first that does not fit: '%s' comes after '%s'",
                                a->values.item[i], a->values.item[i - 1]);
    }
    int r = hr_sweep_words(a->command.item, a->command.n, "", &words, &places, err);
    if (r < 0)
        return r;
    hr_free(words);
    return places != 0 ? 0 :
                         hr_cli_usage(cli, err, "the command has no {} where a value of --batch-sweep could go: "
                                                "headrace run --batch-sweep 1,2,4 -- python run.py --batch {}");
}

/* A report that cannot be written is told before the hours that it is about. */
static int check_report(struct hr_cli *cli, const struct args *a, struct hr_error *err)
{
    struct hr_error why = HR_ERROR_INIT;
    struct hr_buf beside = HR_BUF_INIT(8192);
    int fd = -1;
    if (a->report == NULL)
        return 0;
    if (hr_path_kind(a->report) == HR_KIND_DIR)
        return hr_cli_usage(cli, err, "--report: '%s' is a folder: name a file in it", a->report);
    hr_buf_printf(&beside, "%s.try-%d", a->report, hr_proc_self()); /* as the report itself: a new file beside it */
    int r = beside.failed ? HR_E_LIMIT : hr_open(beside.data, O_WRONLY | O_CREAT | O_EXCL, 0600, &fd, &why);
    hr_close(fd);
    if (r == 0)
        r = hr_unlink(beside.data, &why);
    hr_buf_fini(&beside);
    return r < 0 ? hr_cli_usage(cli, err, "--report: '%s' could not be written there: %s", a->report, why.text) : 0;
}

/* --dry-run: what the announcement does not say, or all of it as JSON. */
static int show_plan(struct hr_run_job *j, const struct args *a, uint64_t free, struct hr_error *err)
{
    for (size_t i = 0; i < a->values.n; i++) {
        const char **words;
        size_t places;
        struct hr_buf line = HR_BUF_INIT(1 << 15);
        int r = hr_sweep_words(a->command.item, a->command.n, a->values.item[i], &words, &places, err);
        if (r < 0)
            return r;
        for (size_t k = 0; words[k] != NULL; k++)
            hr_buf_printf(&line, " %s", words[k]);
        say(j->cli, "value %s:%s", a->values.item[i], line.failed ? " –" : line.data);
        hr_buf_fini(&line);
        hr_free(words);
    }
    if (!j->cli->common->json)
        return 0;
    struct hr_jw w = hr_print_json(j->cli);
    hr_run_plan_json(&w, &j->o, free, a->values.item, a->values.n);
    return hr_print_json_end(j->cli, &w, err);
}

static int run_here(struct hr_cli *cli, const struct args *a, const struct hr_root *root, struct hr_error *err)
{
    struct hr_run_job j = { .cli = cli, .root = root };
    struct means m = { 0, 0, 0 };
    struct hr_gpu_asker *cards = NULL;
    int r = check_sweep(cli, a, err);
    if (r == 0)
        r = check_report(cli, a, err);
    if (r == 0)
        r = means(root, &m, err);
    if (r == 0)
        r = options(cli, a, &m, &j.o, err);
    if (r < 0)
        return r;
    struct hr_error why = HR_ERROR_INIT;
    if (a->gpu && hr_gpu_asker_open(root, &cards, &why) < 0)
        hr_note(cli, "the cards are not watched: %s", why.text);
    j.o.cards = cards;
    hr_run_announce(cli, &j.o, m.free);
    if (hr_interrupted() != 0) /* while a driver was waited for */
        r = hr_fail(err, HR_E_CANCELLED, "interrupted");
    else if (a->dry_run)
        r = show_plan(&j, a, m.free, err);
    else
        r = a->values.n != 0 ? sweep(&j, a, err) : one(&j, a, err);
    hr_gpu_asker_close(cards);
    return r;
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_root *root;
    if (a->command.n == 0 && !a->dry_run)
        return hr_cli_usage(cli, err, "a command is missing: headrace run -- COMMAND...");
    int r = hr_root_open(cli->common->root, &root, err);
    if (r < 0)
        return r;
    r = hr_root_is_live(root) ? run_here(cli, a, root, err) : hr_cli_usage(cli, err, "a command can run on this machine only, not with --root");
    hr_root_close(root);
    return r;
}

const struct hr_command hr_cmd_run = { opts, sizeof(struct args), NULL, run, examples };
