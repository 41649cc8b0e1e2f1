#include "run_report.h"

#include "clock.h"
#include "human.h"
#include "not_started.h"
#include "run_plot.h"
#include "tty.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define WAIT UINT64_C(3000000000) /* a driver that sleeps takes a second */

int hr_run_status(const struct hr_train_report *r)
{
    if (r->verdict == HR_TRAIN_NOT_STARTED)
        return r->status == ENOENT ? 127 : 126;
    if (WIFSIGNALED(r->status))
        return 128 + WTERMSIG(r->status);
    int status = WEXITSTATUS(r->status);
    return r->verdict == HR_TRAIN_ENDED && status == 0 ? 124 : status;
}

/* --- before --- */

static void level(struct hr_buf *b, const char *name, uint64_t at, bool first)
{
    hr_buf_printf(b, "%s%s %s", first ? "" : ", ", name, at == 0 ? "none" : hr_human_bytes(at).text);
}

static void vram_level(struct hr_buf *b, const char *name, const struct hr_vram_mark *m, bool first)
{
    if (m->bytes == 0 && m->percent > 0)
        hr_buf_printf(b, "%s%s %g %%", first ? "" : ", ", name, m->percent);
    else
        level(b, name, m->bytes, first);
}

static void ladder(struct hr_buf *b, const struct hr_train_options *o)
{
    if (o->act.steps == 0) {
        hr_buf_adds(b, "at act nothing is done");
        return;
    }
    hr_buf_adds(b, "at act ");
    for (size_t i = 0; i < o->act.steps; i++) {
        hr_buf_adds(b, i == 0 ? "" : ", ");
        if (o->act.step[i] == HR_ACT_DROP)
            hr_buf_adds(b, "drop page cache");
        else if (o->act.step[i] == HR_ACT_CHECKPOINT)
            hr_buf_printf(b, "SIG%s for a checkpoint", hr_act_signal_name(o->checkpoint_signal));
        else
            hr_buf_adds(b, "end");
    }
    hr_buf_printf(b, " (%s each)", hr_human_duration(o->act.grace).text);
}

void hr_run_announce(struct hr_cli *cli, const struct hr_train_options *o, uint64_t free)
{
    struct hr_buf b = HR_BUF_INIT(4096);
    if (cli->common->quiet)
        return;
    hr_buf_adds(&b, "headrace run: memory ");
    for (int i = 0; i < HR_MARKS; i++)
        level(&b, hr_mark_name((enum hr_mark_id)i), o->mark[i].at, i == 0);
    hr_buf_printf(&b, " (%s are free)\nheadrace run: ", hr_human_bytes(free).text);
    ladder(&b, o);
    hr_buf_adds(&b, "\nheadrace run: VRAM ");
    struct hr_gpu_told t = { .say = "not watched" };
    if (o->cards != NULL)
        t = hr_gpu_asker_wait(o->cards, hr_now() + WAIT);
    if (t.gpus == NULL || t.gpus->n == 0) {
        hr_buf_printf(&b, "– (%s)", hr_train_no_cards(&t));
    } else {
        hr_buf_printf(&b, "of %zu GPU%s: ", t.gpus->n, t.gpus->n == 1 ? "" : "s");
        vram_level(&b, "warn", &o->vram[0], true);
        vram_level(&b, "act", &o->vram[1], false);
    }
    hr_complain_in(cli, b.data);
    hr_buf_fini(&b);
}

/* --- after --- */

static const char *ended_why(const struct hr_train_report *r)
{
    static const char *const text[] = {
        [HR_ACT_FOR_ACT] = "its memory stayed over the act mark",
        [HR_ACT_FOR_MAX] = "its memory passed the max mark",
        [HR_ACT_FOR_VRAM] = "its VRAM stayed over the act mark",
        [HR_ACT_FOR_MACHINE] = "the machine stayed short of memory",
        [HR_ACT_FOR_BLACK] = "the machine's memory was all but gone",
    };
    return text[r->why];
}

static void own_end(struct hr_buf *b, const struct hr_train_report *r)
{
    struct hr_human took = hr_human_duration(r->wall_ns);
    if (!WIFSIGNALED(r->status)) {
        int s = WEXITSTATUS(r->status);
        hr_buf_printf(b, "%s, status %d, after %s", s == 0 ? "finished" : "the command failed", s, took.text);
        return;
    }
    int sig = WTERMSIG(r->status);
    hr_buf_printf(b, "the command died of signal %d (%s) after %s", sig, strsignal(sig), took.text);
    if (sig == 9 && r->oom_kills.known && r->oom_kills.v != 0)
        hr_buf_adds(b, ": the kernel killed it because memory was gone");
    else if (sig == 9)
        hr_buf_adds(b, "; it was not sent from here");
}

static void verdict(struct hr_buf *b, const struct hr_train_report *r, const char *command)
{
    if (r->verdict == HR_TRAIN_NOT_STARTED) {
        hr_not_started(b, command, r->status);
        return;
    }
    if (r->verdict == HR_TRAIN_DONE) {
        own_end(b, r);
        return;
    }
    hr_buf_printf(b, "ended after %s because %s", hr_human_duration(r->wall_ns).text, ended_why(r));
    if (r->killed)
        hr_buf_adds(b, "; it did not end in its grace and was killed");
    else if (WIFEXITED(r->status))
        hr_buf_printf(b, "; it ended itself with status %d", WEXITSTATUS(r->status));
}

static const struct hr_table_column rows[] = { { .title = NULL }, { .title = NULL } };

static void memory_rows(struct hr_table *t, const struct hr_train_report *r)
{
    hr_table_cell(t, "memory");
    if (r->looks == 0) {
        hr_table_cell(t, "– (it ended before it could be looked at)");
        return;
    }
    hr_table_cell(t, "peak %s%s after %s; each page counted once%s", hr_human_bytes(r->peak.bytes).text,
                  r->measured == 0 ? " (estimated)" : "", hr_human_duration(r->peak.at).text,
                  r->apart ? "" : ", mapped files included");
    for (int k = 0; k < HR_KIN_KINDS; k++) {
        if (r->most[k] == 0 || (k == HR_KIN_MAIN && r->most[HR_KIN_WORKER] + r->most[HR_KIN_PROGRAM] == 0))
            continue;
        hr_table_cell(t, "  %s", hr_kin_kind_name((enum hr_kin_kind)k));
        struct hr_human peak = hr_human_bytes(r->kind[k].bytes), at = hr_human_duration(r->kind[k].at);
        if (r->kind[k].bytes == 0) /* seen, and gone when its memory was asked for */
            hr_table_cell(t, "– (over before it could be looked at); at most %u at once", r->most[k]);
        else if (k == HR_KIN_MAIN)
            hr_table_cell(t, "peak %s after %s", peak.text, at.text);
        else
            hr_table_cell(t, "peak %s after %s; at most %u at once", peak.text, at.text, r->most[k]);
    }
    hr_table_cell(t, "page cache");
    if (r->cached_before.known)
        hr_table_cell(t, "%s mapped by the job at its peak; the machine's grew by %s", hr_human_bytes(r->peak_file).text,
                      hr_human_bytes(r->cached_most.v - r->cached_before.v).text);
    else
        hr_table_cell(t, "– (%s)", r->cached_before.why);
}

static void card_rows(struct hr_table *t, const struct hr_train_report *r)
{
    if (r->cards == 0) {
        hr_table_cell(t, "VRAM");
        hr_table_cell(t, "– (%s)", r->cards_why);
    }
    for (unsigned i = 0; i < r->cards; i++) {
        const struct hr_train_card *c = &r->card[i];
        hr_table_cell(t, "GPU %u", i);
        if (c->peak.known)
            hr_table_cell(t, "peak %s of %s after %s%s", hr_human_bytes(c->peak.v).text,
                          c->total.known ? hr_human_bytes(c->total.v).text : "–", hr_human_duration(c->peak_at).text,
                          c->whole ? " (whole card less before)" : "");
        else
            hr_table_cell(t, "VRAM – (%s)", c->peak.why);
        hr_table_cell(t, " ");
        if (c->busy.known)
            hr_table_cell(t, "busy %.0f %% of the time on average", c->busy.v);
        else
            hr_table_cell(t, "busy – (%s)", c->busy.why);
    }
    if (r->cards != 0 && r->cards_why[0] != 0) {
        hr_table_cell(t, " ");
        hr_table_cell(t, "%s", r->cards_why);
    }
}

static void mark_row(struct hr_table *t, const char *prefix, const char *name, const struct hr_mark *m)
{
    if (m->times == 0)
        return;
    hr_table_cell(t, "%s%s", prefix, name);
    hr_table_cell(t, "%s crossed%s, first after %s with %s", hr_human_bytes(m->at).text,
                  m->times == 1 ? "" : m->times == 2 ? " twice" : " several times", hr_human_duration(m->first).text,
                  hr_human_bytes(m->first_at).text);
}

static void deed_rows(struct hr_table *t, const struct hr_train_report *r)
{
    for (int i = 0; i < HR_MARKS; i++)
        mark_row(t, "", hr_mark_name((enum hr_mark_id)i), &r->mark[i]);
    for (unsigned c = 0; c < r->cards; c++)
        for (int i = 0; i < 2; i++)
            mark_row(t, "VRAM ", hr_mark_name((enum hr_mark_id)i), &r->card[c].mark[i]);
    if (r->low_times != 0) {
        hr_table_cell(t, "machine");
        hr_table_cell(t, "ran short of memory%s; at the least %s were available", r->low_times == 1 ? "" : " several times",
                      r->least_available.known ? hr_human_bytes(r->least_available.v).text : "–");
    }
    if (r->dropped_files != 0) {
        hr_table_cell(t, "dropped");
        hr_table_cell(t, "page cache of %s large file%s; the machine's fell by %s", hr_human_count(r->dropped_files).text, r->dropped_files == 1 ? "" : "s",
                      hr_human_bytes(r->dropped_bytes).text);
    }
    if (r->checkpoints != 0) {
        hr_table_cell(t, "checkpoint");
        hr_table_cell(t, "asked for after %s", hr_human_duration(r->checkpoint_at).text);
    }
    if (r->oom_kills.known && r->oom_kills.v != 0) {
        hr_table_cell(t, "OOM killer");
        hr_table_cell(t, "the kernel killed %s for want of memory meanwhile", hr_human_count(r->oom_kills.v).text);
    }
    if (r->left_behind != 0) {
        hr_table_cell(t, "left behind");
        hr_table_cell(t, r->left_behind == 1 ? "%s of its processes still runs, and is left alone" : "%s of its processes still run, and are left alone",
                      hr_human_count(r->left_behind).text);
    }
}

static void draw(const struct hr_train_report *r, struct hr_buf *b)
{
    struct hr_run_plot p = { .end = r->wall_ns, .width = HR_MIN(HR_MAX(hr_terminal_width(2, 80), 40u), 200u), .rows = 6, .margin = 2,
                         .ascii = !hr_run_utf8() };
    for (int i = 0; i < HR_MARKS; i++) {
        p.name[i] = hr_mark_name((enum hr_mark_id)i);
        p.level[i] = r->mark[i].at;
    }
    if (r->wall_ns >= UINT64_C(2000000000)) /* of less there is no curve */
        hr_run_plot(&r->curve, &p, b);
}

/* What is in the buffer, without the end of its last line, and empties it; `cli` NULL: as it is. */
static void tell(const struct hr_cli *cli, struct hr_buf *b)
{
    while (b->len != 0 && b->data[b->len - 1] == '\n')
        b->data[--b->len] = 0;
    if (b->len != 0 && cli != NULL)
        hr_complain_in(cli, b->data);
    else if (b->len != 0)
        hr_complain(b->data);
    b->len = 0;
}

void hr_run_say(struct hr_cli *cli, const struct hr_train_report *r, const char *command, const char *folder)
{
    struct hr_buf b = HR_BUF_INIT(1 << 16);
    struct hr_table t = HR_TABLE_INIT(rows);
    if (cli->common->quiet && r->verdict == HR_TRAIN_DONE)
        return;
    hr_buf_adds(&b, "headrace run: ");
    verdict(&b, r, command);
    hr_complain_in(cli, b.data);
    if (r->verdict != HR_TRAIN_NOT_STARTED) {
        b.len = 0;
        draw(r, &b); /* as wide as the terminal: not to be filled into lines */
        tell(NULL, &b);
        memory_rows(&t, r);
        card_rows(&t, r);
        deed_rows(&t, r);
        hr_table_cell(&t, "log");
        hr_table_cell(&t, "%s", folder);
        hr_table_write(&t, &b, 2);
        tell(cli, &b);
    }
    hr_table_fini(&t);
    hr_buf_fini(&b);
}
