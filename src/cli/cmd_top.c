#include "cli.h"

#include "clock.h"
#include "interrupt.h"
#include "mark_opts.h"
#include "run_plot.h"
#include "tape_place.h"
#include "top.h"
#include "watch.h"
#include "watch_report.h"
#include "why_slow.h"

#include <string.h>

struct args {
    bool once, why;
    const char *job;
    uint64_t lasting, every;
    uint64_t rows;
    bool ascii, no_mouse;
    int sort;
    const char *on_alert, *filter;
    struct hr_mark_args mark;
};

static const struct hr_choice sorts[] = {
    { "cpu", HR_SORT_CPU, "percent of a CPU" },
    { "memory", HR_SORT_MEMORY, "what ends with it" },
    { "disk", HR_SORT_IO, "read and written" },
    { "pid", HR_SORT_PID, "the number" },
    { "name", HR_SORT_NAME, "the name" },
    { NULL, 0, NULL },
};

static const struct hr_opt opts[] = {
    HR_OPT_FLAG(struct args, once, '1', "once", NULL, "one report, over a second, and end"),
    HR_OPT_FLAG(struct args, why, 0, "why", NULL, "tell why the training is slow, from 10 s of looking (or --for)"),
    HR_OPT_STRING(struct args, job, 0, "job", "NAME", NULL, "the job that --why is about, by name or pid, where several run"),
    HR_OPT_DURATION(struct args, lasting, 'f', "for", "TIME", NULL, UINT64_C(1000000), UINT64_C(31536000000000000),
                    "a line per tick for this long, then the report"),
    HR_OPT_DURATION(struct args, every, 'i', "interval", "TIME", "1s", UINT64_C(100000000), UINT64_C(3600000000000),
                    "time between two looks"),
    HR_OPT_U64(struct args, rows, 'n', "rows", "N", "10", 1, 64, "processes, files and segments that a report shows at most"),
    HR_OPT_STRING(struct args, on_alert, 0, "on-alert", "PROGRAM", NULL, "run it when an alert begins or ends, with begin|end, its key, level and text"),
    HR_MARK_OPTS(struct args, mark),
    HR_OPT_HEADING("The live view"),
    HR_OPT_CHOICE(struct args, sort, 's', "sort", "COLUMN", "cpu", sorts, "what the processes are sorted by"),
    HR_OPT_STRING(struct args, filter, 0, "filter", "TEXT", NULL, "only rows whose name, command or pid has this text"),
    HR_OPT_FLAG(struct args, ascii, 0, "ascii", NULL, "draw with letters only"),
    HR_OPT_FLAG(struct args, no_mouse, 0, "no-mouse", NULL, "leave the mouse to the terminal"),
    HR_OPT_END,
};

static const struct hr_example examples[] = {
    { "the live view; ? tells its keys", "headrace top" },
    { "what this machine is doing, once", "headrace top --once" },
    { "the same for a program", "headrace top --once --json" },
    { "why is my training slow", "headrace top --why" },
    { "a line per second for half a minute", "headrace top --for 30s" },
    { "said at 12 GiB, done at 14 GiB; a program of yours may stand for drop-caches", "headrace top --warn 12GiB --act 14GiB --on-act drop-caches" },
    { NULL, NULL },
};

static int report(struct hr_cli *cli, const struct args *a, const struct hr_model *m, const struct hr_alarm *alarm, struct hr_error *err)
{
    if (cli->common->json) {
        struct hr_jw w = hr_print_json(cli);
        hr_watch_json(m, alarm->episodes, &w);
        return hr_print_json_end(cli, &w, err);
    }
    struct hr_watch_screen s = { cli->wide, cli->color, cli->common->verbose, (unsigned)a->rows };
    if (!hr_watch_text(m, &s, &cli->out))
        return hr_fail_nomem(err, 0, "the report");
    hr_episodes_text(alarm->episodes, m, !hr_run_utf8(), &cli->out);
    return cli->out.failed ? hr_fail_nomem(err, 0, "the report") : 0;
}

/* One look in one line, after the seconds since boot: two lines an hour apart can be told from two a second apart. */
static void stamp(struct hr_cli *cli, const struct hr_model *m)
{
    hr_print(cli, "%8.1f s  ", (double)(m->uptime.known ? m->uptime.v : m->at) * 1e-9);
}

/* Alerts that began or ended at this look, of those that were on before it. */
static void changes(struct hr_cli *cli, const struct hr_model *m, const struct hr_episodes *e, uint64_t since)
{
    const struct hr_episode *p[32];
    size_t n = hr_episodes_on(e, p, HR_COUNT(p));
    for (size_t i = 0; i < n; i++)
        if (p[i]->since > since) {
            stamp(cli, m);
            hr_print(cli, "alert begins: %s: %s\n", p[i]->key, p[i]->text);
        }
    n = hr_episodes_ended(e, p, HR_COUNT(p));
    for (size_t i = 0; i < n; i++)
        if (p[i]->until > since) {
            stamp(cli, m);
            hr_print(cli, "alert ends: %s\n", p[i]->key);
        }
}

static void look(struct hr_watch *w, struct hr_alarm *alarm)
{
    hr_watch_tick(w);
    hr_alarm_take(alarm, hr_watch_model(w), hr_watch_series(w));
}

/* Until the next look is due, or Ctrl-C. */
static int wait_until(uint64_t next, struct hr_error *err)
{
    return hr_interrupted_until(next) == 0 ? 0 : hr_fail(err, HR_E_CANCELLED, "interrupted");
}

static int lines(struct hr_cli *cli, struct hr_watch *w, struct hr_alarm *alarm, const struct args *a, struct hr_error *err)
{
    uint64_t begun = hr_now(), next = begun, told = 0;
    char said[160] = "", before[160] = "";
    int r = 0;
    while (r == 0 && hr_now() - begun < a->lasting) {
        next += a->every;
        r = wait_until(next, err);
        if (r < 0)
            break;
        look(w, alarm);
        if (!cli->common->json) {
            stamp(cli, hr_watch_model(w));
            hr_watch_line(hr_watch_model(w), &cli->out);
            changes(cli, hr_watch_model(w), alarm->episodes, told);
            told = hr_watch_model(w)->wall;
            hr_alarm_said(alarm, said, sizeof said);
            if (strcmp(said, before) != 0) {
                stamp(cli, hr_watch_model(w));
                hr_print(cli, "%s\n", said);
                memcpy(before, said, sizeof said);
            }
            r = hr_print_flush(cli);
        }
    }
    return r;
}

/* Rates need two looks: the second is the report, and looks closely. */
static int once(struct hr_watch *w, struct hr_alarm *alarm, const struct args *a, bool live, struct hr_error *err)
{
    int r = live ? wait_until(hr_now() + a->every, err) : 0;
    if (live && r == 0) {
        hr_watch_look_closely(w);
        look(w, alarm);
    }
    return r;
}

/* The verdict over some seconds. */
static int why(struct hr_cli *cli, struct hr_watch *w, const struct args *a, bool live, struct hr_error *err)
{
    enum { LOOKS = 10 };
    uint64_t lasting = a->lasting != 0 ? a->lasting : LOOKS * a->every, next = hr_now(), end = next + lasting;
    struct hr_slow v;
    if (live && cli->terminal)
        hr_note(cli, "looking for %.0f s", (double)lasting * 1e-9);
    while (live && next + a->every <= end) {
        next += a->every;
        int r = wait_until(next, err);
        if (r < 0)
            return r;
        hr_watch_tick(w);
    }
    const struct hr_model *m = hr_watch_model(w);
    hr_why_slow(m, hr_watch_series(w), hr_slow_job(m, a->job), UINT64_C(60000000000), &v);
    if (cli->common->json) {
        struct hr_jw j = hr_print_json(cli);
        hr_slow_json(&v, &j);
        return hr_print_json_end(cli, &j, err);
    }
    hr_slow_text(&v, cli->color, &cli->out);
    return 0;
}

/* The view wants a terminal at both ends, and a machine that lives. */
static bool wants_view(const struct hr_cli *cli, const struct args *a, const struct hr_root *root)
{
    return !a->once && a->lasting == 0 && !cli->common->json && hr_root_is_live(root) && hr_top_able();
}

static int view(struct hr_cli *cli, const struct hr_root *root, struct hr_watch *w, const struct hr_alarm_options *alarms, const struct args *a,
                struct hr_error *err)
{
    struct hr_buf path = HR_BUF_INIT(4096);
    bool placed = hr_tape_place(root, NULL, &path, NULL) == 0;
    struct hr_top_live live = { .watch = w, .period = a->every, .alarms = alarms, .recording = placed ? path.data : NULL };
    struct hr_top_options o = { .ascii = a->ascii, .no_mouse = a->no_mouse, .no_color = cli->common->color == HR_COLOR_NEVER,
                                .sort = (enum hr_sort)a->sort, .filter = a->filter };
    int r = hr_top(&live, &o, err);
    hr_buf_fini(&path);
    return r;
}

/* Lines, or one report. */
static int told(struct hr_cli *cli, struct hr_watch *w, const struct hr_alarm_options *alarms, const struct args *a, bool live, struct hr_error *err)
{
    struct hr_alarm alarm;
    int r = hr_alarm_open(alarms, &alarm, err);
    if (r < 0)
        return r;
    hr_mark_note(cli, &alarms->marks, hr_watch_model(w));
    look(w, &alarm);
    if (a->lasting != 0 && live)
        r = lines(cli, w, &alarm, a, err);
    if (r == 0)
        r = once(w, &alarm, a, live, err);
    if (r == 0)
        r = report(cli, a, hr_watch_model(w), &alarm, err);
    hr_alarm_close(&alarm);
    return r;
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_watch_options o = { .period = a->every };
    struct hr_alarm_options alarms = { .on_alert = a->on_alert };
    struct hr_root *root;
    struct hr_watch *w;
    int r = hr_root_open(cli->common->root, &root, err);
    if (r < 0)
        return r;
    r = hr_watch_open(root, &o, &w, err);
    if (r == 0) {
        bool live = hr_root_is_live(root);
        r = hr_mark_options(cli, &a->mark, hr_watch_model(w), &alarms, err);
        if (r == 0 && a->why) {
            hr_watch_tick(w);
            r = why(cli, w, a, live, err);
        } else if (r == 0) {
            r = wants_view(cli, a, root) ? view(cli, root, w, &alarms, a, err) : told(cli, w, &alarms, a, live, err);
        }
        hr_watch_close(w);
    }
    hr_root_close(root);
    return r;
}

const struct hr_command hr_cmd_top = { opts, sizeof(struct args), NULL, run, examples };
