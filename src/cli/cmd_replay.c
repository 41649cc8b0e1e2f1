#include "cli.h"

#include "interrupt.h"
#include "bygone.h"
#include "tape_place.h"
#include "tape_view.h"
#include "watch_report.h"

#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

struct args {
    const char *file, *from, *to, *at;
    bool once;
    uint64_t rows;
};

static const struct hr_opt opts[] = {
    HR_OPT_STRING(struct args, file, 0, "FILE", "FILE", NULL, "the recording; without it record.ring in headrace's folder of state", .positional = true),
    HR_OPT_STRING(struct args, from, 0, "from", "TIME", NULL, "begin there: 10m (before the end), 14:05:30, '2026-11-27 14:05', @SECONDS"),
    HR_OPT_STRING(struct args, to, 0, "to", "TIME", NULL, "end there"),
    HR_OPT_STRING(struct args, at, 0, "at", "TIME", NULL, "the view begins at this moment; --once and --json print it; 'end' is the last one"),
    HR_OPT_FLAG(struct args, once, '1', "once", NULL, "one report, of the moment of --at or of the last one"),
    HR_OPT_U64(struct args, rows, 'n', "rows", "N", "10", 1, 64, "processes, files and segments that a report shows at most"),
    HR_OPT_END,
};

static const struct hr_example examples[] = {
    { "look around in the last recording", "headrace replay" },
    { "the last ten minutes as lines", "headrace replay --from 10m | cat" },
    { "the whole machine as it was at 14:05:30", "headrace replay --once --at 14:05:30" },
    { "who held memory at 03:12, and walk about from there", "headrace replay --at 03:12" },
    { "a line of JSON per moment", "headrace replay --from 1h --json" },
    { NULL, NULL },
};

static uint64_t end_of(const struct hr_tape *t)
{
    uint64_t end = 0;
    for (size_t i = 0; i < t->n; i++)
        if (hr_frame_moment(&t->frame[i]))
            end = t->frame[i].wall;
    return end;
}

static int print_moment(struct hr_cli *cli, const struct args *a, const struct hr_bygone_moment *moment, struct hr_error *err)
{
    char clock[32];
    if (cli->common->json) {
        struct hr_jw w = hr_print_json(cli);
        hr_watch_json(moment->m, NULL, &w);
        return hr_print_json_end(cli, &w, err);
    }
    hr_print(cli, "%s", hr_tape_clock(moment->wall, clock));
    if (moment->seconds != 0)
        hr_print(cli, ", means of %u s", moment->seconds);
    hr_print(cli, "\n");
    struct hr_watch_screen s = { cli->wide, cli->color, cli->common->verbose, (unsigned)a->rows };
    return hr_watch_text(moment->m, &s, &cli->out) ? 0 : hr_fail_nomem(err, 0, "the report");
}

/* Another moment than the one that was asked for is not shown in silence. */
static void tell_reach(struct hr_cli *cli, const struct hr_bygone *p, uint64_t at)
{
    char asked[32], shown[32];
    uint64_t from, to;
    if (!hr_bygone_reach(p, &from, &to))
        return;
    if (at < from - from % SECOND)
        hr_note(cli, "the recording begins at %s, after %s: this is its first moment", hr_tape_clock(from, shown), hr_tape_clock(at, asked));
    else if (at > to + 60 * SECOND)
        hr_note(cli, "the recording ends at %s, before %s: this is its last moment", hr_tape_clock(to, shown), hr_tape_clock(at, asked));
}

/* The whole report of one moment; of one before the fine tier begins, what means are kept. */
static int report(struct hr_cli *cli, const char *path, const struct args *a, uint64_t at, struct hr_error *err)
{
    struct hr_bygone *p;
    struct hr_bygone_moment moment;
    int r = hr_bygone_open(path, &p, err);
    if (r < 0)
        return r;
    if (hr_bygone_at(p, at, &moment, NULL) < 0)
        r = hr_fail(err, HR_E_NOT_FOUND, "'%s' holds no moment that can be read", path);
    else {
        tell_reach(cli, p, at);
        r = print_moment(cli, a, &moment, err);
    }
    hr_bygone_close(p);
    return r;
}

/* The coarse tiers tell of the time before the fine one begins. */
static int coarse(struct hr_cli *cli, struct hr_tape *t, size_t i, struct hr_error *err)
{
    struct hr_bucket b[HR_RING_SLOTS];
    char clock[32];
    uint64_t at;
    int r = hr_tape_values(t, i, b, &at, err);
    if (r < 0)
        return r;
    if (!cli->common->json) {
        hr_print(cli, "%s  %2u s  CPU", hr_tape_clock(at, clock), t->frame[i].kind == HR_FRAME_TEN ? 10u : 60u);
        hr_print(cli, b[HR_M_CPU].known ? " %.0f %%" : " –", b[HR_M_CPU].avg);
        hr_print(cli, "  memory %s available (least)", b[HR_M_MEM_AVAILABLE].known ? hr_human_bytes((uint64_t)b[HR_M_MEM_AVAILABLE].min).text : "–");
        return hr_print(cli, "  jobs %s\n", b[HR_M_JOB_MEM].known ? hr_human_bytes((uint64_t)b[HR_M_JOB_MEM].max).text : "–");
    }
    struct hr_jw w = HR_JW_INIT(&cli->out, 0);
    hr_jw_object(&w);
    hr_jw_ku64(&w, "wall_ns", at);
    hr_jw_ku64(&w, "seconds", t->frame[i].kind == HR_FRAME_TEN ? 10 : 60);
    for (unsigned s = 0; s < HR_RING_SLOTS; s++) {
        char key[64];
        struct hr_slot of = hr_slot(s);
        const char *name = hr_metric_word(of.metric)->key;
        if (!b[s].known)
            continue;
        if (s < HR_M_MACHINE_END)
            snprintf(key, sizeof key, "%s", name);
        else
            snprintf(key, sizeof key, "gpu%u.%s", of.gpu, name);
        hr_jw_key(&w, key);
        hr_jw_array(&w);
        hr_jw_f64(&w, b[s].min);
        hr_jw_f64(&w, b[s].avg);
        hr_jw_f64(&w, b[s].max);
        hr_jw_end(&w);
    }
    hr_jw_end(&w);
    return hr_print(cli, "\n");
}

static int moment(struct hr_cli *cli, struct hr_tape *t, size_t i, struct hr_error *err)
{
    const struct hr_model *m;
    char clock[32];
    int r = hr_tape_model(t, i, &m, err);
    if (r < 0)
        return r;
    if (cli->common->json) {
        struct hr_jw w = HR_JW_INIT(&cli->out, 0);
        hr_watch_json(m, NULL, &w);
        return hr_print(cli, "\n");
    }
    hr_print(cli, "%s  ", hr_tape_clock(m->wall, clock));
    hr_watch_line(m, &cli->out);
    return hr_print_flush(cli);
}

static int words(struct hr_cli *cli, struct hr_tape *t, size_t i, struct hr_error *err)
{
    static const char *const what[HR_FRAME_KINDS] = { [HR_FRAME_BEGIN] = "recording begins", [HR_FRAME_END] = "recording ends", [HR_FRAME_NOTE] = "note" };
    char text[HR_RING_TEXT], clock[32];
    int r = hr_tape_text(t, i, text, err);
    if (r < 0 || cli->common->json)
        return r;
    return hr_print(cli, "%s  %s%s%s\n", hr_tape_clock(t->frame[i].wall, clock), what[t->frame[i].kind], t->frame[i].kind == HR_FRAME_BEGIN ? "" : ": ",
                    t->frame[i].kind == HR_FRAME_BEGIN ? "" : text);
}

static int lines(struct hr_cli *cli, struct hr_tape *t, uint64_t from, uint64_t to)
{
    size_t lost = 0, first = t->n;
    uint64_t fine = UINT64_MAX, told = 0;
    for (size_t i = 0; i < t->n && first == t->n; i++)
        if (hr_frame_moment(&t->frame[i])) {
            first = i;
            fine = t->frame[i].wall;
        }
    for (size_t i = 0; i < t->n && hr_interrupted() == 0; i++) {
        const struct hr_frame *f = &t->frame[i];
        bool mean = f->kind == HR_FRAME_TEN || f->kind == HR_FRAME_MINUTE;
        struct hr_error e;
        int r = 0;
        uint64_t span = f->kind == HR_FRAME_TEN ? UINT64_C(10000000000) : UINT64_C(60000000000);
        if (f->wall < from || f->wall > to || (mean && (f->wall + span > fine || f->wall < told)))
            continue;
        if (mean) {
            r = coarse(cli, t, i, &e);
            told = f->wall + span;
        } else if (hr_frame_moment(f)) {
            r = moment(cli, t, i, &e);
        } else if (f->kind < HR_FRAME_KINDS) {
            r = words(cli, t, i, &e);
        }
        if (cli->out_closed || cli->out_err.code != 0)
            return r;
        lost += r < 0;
    }
    if (lost != 0)
        hr_note(cli, "%zu frames could not be read: the recorder wrote over them meanwhile, or another version made them", lost);
    return 0;
}

static int show(struct hr_cli *cli, struct hr_tape *t, const struct args *a, struct hr_error *err)
{
    uint64_t end = end_of(t), from = 0, to = UINT64_MAX, at = end;
    struct hr_buf lost = HR_BUF_INIT(1024);
    int r = a->from != NULL ? hr_tape_time(a->from, end, &from, err) : 0;
    if (r == 0 && a->to != NULL)
        r = hr_tape_time(a->to, end, &to, err);
    if (r == 0 && a->at != NULL)
        r = hr_tape_time(a->at, end, &at, err);
    if (r < 0)
        return r;
    hr_tape_lost(t, &lost);
    if (lost.len != 0)
        hr_note(cli, "'%s': %s", t->path, lost.data);
    hr_buf_fini(&lost);
    bool view = !a->once && !cli->common->json && hr_tape_view_able() && end != 0;
    if (view)
        return hr_tape_view(t->path, from, HR_MIN(to, end), at, cli->common->color == HR_COLOR_NEVER, err);
    if (a->once || a->at != NULL)
        return report(cli, t->path, a, at, err);
    hr_interrupt_install();
    return lines(cli, t, from, to);
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_buf path = HR_BUF_INIT(4096);
    struct hr_tape tape;
    struct hr_root *root;
    int r = hr_root_open(cli->common->root, &root, err);
    if (r < 0)
        return r;
    r = hr_tape_place(root, a->file, &path, err);
    if (r == 0)
        r = hr_tape_open_at(path.data, a->file, &tape, err);
    if (r == 0) {
        r = show(cli, &tape, a, err);
        hr_tape_close(&tape);
    }
    hr_buf_fini(&path);
    hr_root_close(root);
    return r;
}

const struct hr_command hr_cmd_replay = { opts, sizeof(struct args), NULL, run, examples };
