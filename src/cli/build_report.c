#include "build_report.h"

#include "human.h"
#include "not_started.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

const char *const hr_build_unseen = "it ended before it could be looked at";

int hr_build_status(const struct hr_guard_report *r)
{
    if (r->verdict == HR_GUARD_NOT_STARTED)
        return r->status == ENOENT ? 127 : 126;
    if (r->verdict != HR_GUARD_DONE)
        return 124;
    return WIFSIGNALED(r->status) ? 128 + WTERMSIG(r->status) : WEXITSTATUS(r->status);
}

static void verdict(struct hr_buf *b, const struct hr_guard_report *r, const struct hr_build_told *told)
{
    const struct hr_build_env *e = told->env;
    struct hr_human time = hr_human_duration(r->wall_ns);
    const char *took = time.text;
    switch (r->verdict) {
    case HR_GUARD_DONE:
        if (WIFSIGNALED(r->status))
            hr_buf_printf(b, "the command died of signal %d (%s) after %s", WTERMSIG(r->status), strsignal(WTERMSIG(r->status)), took);
        else
            hr_buf_printf(b, "%s, status %d, after %s", WEXITSTATUS(r->status) == 0 ? "finished" : "the command failed",
                          WEXITSTATUS(r->status), took);
        return;
    case HR_GUARD_NOT_STARTED:
        hr_not_started(b, told->command, r->status);
        return;
    case HR_GUARD_TIMEOUT:
        hr_buf_printf(b, "ended by the time limit after %s; what is finished stays: run it again, or with a longer one (--timeout 3h, or none)", took);
        return;
    case HR_GUARD_MEMORY:
        hr_buf_printf(b, "ended after %s because %s; run it again with fewer jobs (--jobs), or give it more memory", took,
                      r->black != NULL ? r->black : "memory was almost gone");
        return;
    case HR_GUARD_REFUSED:
        hr_buf_printf(b, "ended before the compile: %s", e->refuse_why);
        for (size_t i = 0; i < e->mends; i++)
            hr_buf_printf(b, "\n  %s", e->mend[i]);
        return;
    case HR_GUARD_INTERRUPTED:
        hr_buf_printf(b, "interrupted after %s; nothing of it runs on", took);
        return;
    case HR_GUARD_LOST:
        hr_buf_printf(b, "lost after %s: the process that kept the command was killed", took);
        return;
    }
}

static const struct hr_table_column rows[] = { { .title = NULL }, { .title = NULL } };

/* What the guard met and did besides; a row only where there was something. */
static void trouble(struct hr_table *t, const struct hr_guard_report *r)
{
    if (r->stalled != 0) {
        hr_table_cell(t, "stalled");
        hr_table_cell(t, "%s ended because it used no CPU for as long as --stall allows; the last one %s", hr_human_count(r->stalled).text,
                      r->stalled_source);
    }
    if (r->too_large != 0) {
        hr_table_cell(t, "too large");
        hr_table_cell(t, "%s took %s or more, and %s could be given: it ran alone", r->too_large_source,
                      hr_human_bytes(r->too_large_bytes).text, hr_human_bytes(r->ceiling).text);
    }
    if (r->oom_kills != 0) {
        hr_table_cell(t, "the kernel");
        hr_table_cell(t, "it shot %s for want of memory meanwhile, of this build or of others", r->oom_kills == 1 ? "one process" : "several processes");
    }
    if (r->worst_level > HR_LEVEL_GREEN) {
        hr_table_cell(t, "short");
        char waited[64] = "";
        if (r->worst_some >= 10)
            snprintf(waited, sizeof waited, "; tasks waited for it up to %u %% of a second", r->worst_some / 10);
        hr_table_cell(t, "of memory for %s, at worst %s%s", hr_human_duration(r->short_ns).text, hr_level_name(r->worst_level), waited);
    }
    if (r->continued_again != 0) {
        hr_table_cell(t, "continued");
        hr_table_cell(t, "%s again: the first time had no effect", hr_human_count(r->continued_again).text);
    }
    if (r->sudo) {
        hr_table_cell(t, "sudo");
        hr_table_cell(t, "a program of the build started it, and behind the gate it cannot work: use --no-gate");
    }
    if (r->server[0] != 0) {
        hr_table_cell(t, "outside");
        hr_table_cell(t, "a %s server that was there before ran %u compilers at once, %s together: nobody could hold them; stop it before the build",
                      r->server, r->outside, hr_human_bytes(r->outside_peak).text);
    }
}

static void facts(struct hr_table *t, const struct hr_guard_report *r)
{
    char heavy[48], starts[64] = "", at_once[48] = "";
    snprintf(heavy, sizeof heavy, "%s heavy %s", r->leaves == 0 ? "no" : hr_human_count(r->leaves).text, r->leaves > 1 ? "ones" : "one");
    if (r->programs != 0)
        snprintf(starts, sizeof starts, " in %s start%s of programs", hr_human_count(r->programs).text, r->programs == 1 ? "" : "s");
    if (r->leaves > 1)
        snprintf(at_once, sizeof at_once, "; at most %u at once", r->at_once);
    hr_table_cell(t, "jobs");
    hr_table_cell(t, "%s%s%s", heavy, starts, at_once);
    hr_table_cell(t, "held");
    if (r->held == 0)
        hr_table_cell(t, "none");
    else
        hr_table_cell(t, "%s of %s waited for memory, %s in all; the longest %s, %s", hr_human_count(r->held).text,
                      hr_human_count(r->leaves).text, hr_human_duration(r->held_ns).text, r->held_longest,
                      hr_human_duration(r->held_longest_ns).text);
    hr_table_cell(t, "paused");
    if (r->paused + r->parked == 0)
        hr_table_cell(t, "none");
    else if (r->parked == 0)
        hr_table_cell(t, "%s time%s, %s in all", hr_human_count(r->paused).text, r->paused == 1 ? "" : "s", hr_human_duration(r->paused_ns).text);
    else
        hr_table_cell(t, "%s time%s, %s in all; %s of them as planned, so that two large ones could overlap",
                      hr_human_count(r->paused + r->parked).text, r->paused + r->parked == 1 ? "" : "s",
                      hr_human_duration(r->paused_ns).text, hr_human_count(r->parked).text);
    hr_table_cell(t, "ended");
    hr_table_cell(t, "%s", r->ended == 0 ? "none" : hr_human_count(r->ended).text);
    trouble(t, r);
    hr_table_cell(t, "peak");
    if (r->tree_peak == 0)
        hr_table_cell(t, "– (%s); %s could be given", hr_build_unseen, hr_human_bytes(r->ceiling).text);
    else
        hr_table_cell(t, "%s of all its processes together; %s could be given", hr_human_bytes(r->tree_peak).text,
                      hr_human_bytes(r->ceiling).text);
    for (size_t i = 0; i < 3 && r->largest[i].key.tool != NULL; i++) {
        hr_table_cell(t, "%s", i == 0 ? "largest" : " ");
        hr_table_cell(t, "%s  %s %s%s%s", hr_human_bytes(r->largest[i].bytes).text, r->largest[i].key.tool->name,
                      r->largest[i].key.source, r->largest[i].key.arch[0] == '-' ? "" : " ",
                      r->largest[i].key.arch[0] == '-' ? "" : r->largest[i].key.arch);
    }
}

bool hr_build_cpu_only(const struct hr_build_told *t)
{
    return t->rungs->done[t->rungs->n - 1].rung.cpu && hr_build_status(hr_build_last(t)) == 0;
}

/* The first line: how the last try ended, and what the tries together mean. */
void hr_build_verdict(struct hr_buf *b, const struct hr_build_told *t)
{
    const struct hr_rungs *r = t->rungs;
    const struct hr_rung_done *d = &r->done[r->n - 1];
    verdict(b, &d->report, t);
    if (r->n > 1)
        hr_buf_printf(b, "; try %zu (%s), %s in all", r->n, hr_rung_name(d->rung.kind), hr_human_duration(r->wall_ns).text);
    if (r->why[0] != 0)
        hr_buf_printf(b, "; stopped: %s", r->why);
    else if (d->report.ended != 0 && hr_build_status(&d->report) != 0)
        hr_buf_adds(b, "; memory ran out and jobs were ended: run it again, what they need is known now");
    if (!hr_build_cpu_only(t))
        return;
    const char *lacks = t->outlook->project == NULL ? NULL : t->outlook->project->cpu_lacks;
    hr_buf_printf(b, "; it is the CPU-only variant, since memory was not enough for CUDA%s%s", lacks == NULL ? "" : ": it lacks ",
                  lacks == NULL ? "" : lacks);
}

static const struct hr_table_column try_rows[] = { { .title = "try" },
                                                   { .title = "what" },
                                                   { .title = "ended" },
                                                   { .title = "time", .right = true },
                                                   { .title = "at once", .right = true },
                                                   { .title = "held", .right = true },
                                                   { .title = "killed", .right = true },
                                                   { .title = "peak", .right = true } };

static void try_table(struct hr_buf *b, const struct hr_rungs *r)
{
    struct hr_table t = HR_TABLE_INIT(try_rows);
    for (size_t i = 0; i < r->n; i++) {
        const struct hr_rung_done *d = &r->done[i];
        hr_table_cell(&t, "%zu", i + 1);
        hr_table_cell(&t, "%s", hr_rung_name(d->rung.kind));
        if (d->report.verdict == HR_GUARD_DONE)
            hr_table_cell(&t, "status %d", hr_build_status(&d->report));
        else
            hr_table_cell(&t, "%s", hr_guard_verdict_name(d->report.verdict));
        hr_table_cell(&t, "%s", hr_human_duration(d->report.wall_ns).text);
        hr_table_cell(&t, "%u", d->report.at_once);
        hr_table_cell(&t, "%s", hr_human_count(d->report.held).text);
        hr_table_cell(&t, "%s", hr_human_count(d->report.ended).text);
        hr_table_cell(&t, "%s", d->report.tree_peak == 0 ? "–" : hr_human_bytes(d->report.tree_peak).text);
    }
    hr_table_write(&t, b, 2);
    hr_table_fini(&t);
}

static void notes(struct hr_table *t, const struct hr_build_told *told)
{
    const struct hr_guard_report *r = hr_build_last(told);
    const struct hr_rung_done *d = &told->rungs->done[told->rungs->n - 1];
    if (r->jobserver != HR_POOL_NONE) {
        hr_table_cell(t, "jobserver");
        hr_table_cell(t, "%u token%s at most, by %s", r->tokens, r->tokens == 1 ? "" : "s", hr_pool_address_name(r->jobserver));
    }
    if (r->nested) {
        hr_table_cell(t, "gate");
        hr_table_cell(t, "%s", r->gate_why);
    } else if (!r->gate) {
        hr_table_cell(t, "gate");
        hr_table_cell(t, "none: %s%s%s; jobs were watched, and none was held", r->gate_why, r->preload_why[0] != 0 ? "; " : "",
                      r->preload_why);
    } else if (r->preload) {
        hr_table_cell(t, "gate");
        hr_table_cell(t, "by a preloaded library, because %s", r->gate_why);
    }
    if (told->missing[0] != 0) {
        hr_table_cell(t, "missing");
        hr_table_cell(t, "%s", told->missing);
    }
    if (d->clue[0] != 0) {
        hr_table_cell(t, "said");
        hr_table_cell(t, "%s", d->clue);
    }
    if (told->compare[0] != 0) {
        hr_table_cell(t, "forecast");
        hr_table_cell(t, "%s", told->compare);
    }
    if (r->left_behind != 0) {
        hr_table_cell(t, "left behind");
        hr_table_cell(t, r->left_behind == 1 ? "%s process of the command still ran and was ended" : "%s processes of the command still ran and were ended",
                      hr_human_count(r->left_behind).text);
    }
    if (r->history_aside || r->history_why[0] != 0) {
        hr_table_cell(t, "history");
        hr_table_cell(t, "%s", r->history_aside ? "damaged; set aside as guard-history.bad, and begun anew" : r->history_why);
    }
    if (told->outlook->aside || told->outlook->why[0] != 0) {
        hr_table_cell(t, "past builds");
        hr_table_cell(t, "%s", told->outlook->aside ? "the record of this one was damaged; set aside as NAME.bad, and begun anew" : told->outlook->why);
    }
    hr_table_cell(t, "log");
    hr_table_cell(t, "%s", told->folder);
}

void hr_build_say(struct hr_cli *cli, const struct hr_build_told *told)
{
    struct hr_buf b = HR_BUF_INIT(1 << 16);
    struct hr_table t = HR_TABLE_INIT(rows);
    hr_buf_adds(&b, "headrace build: ");
    hr_build_verdict(&b, told);
    hr_buf_addc(&b, '\n');
    if (hr_build_last(told)->verdict != HR_GUARD_NOT_STARTED) { /* of what never ran there is nothing to tell */
        hr_verify_rows(&t, &told->proof);
        facts(&t, hr_build_last(told));
        notes(&t, told);
    }
    hr_table_write(&t, &b, 2);
    hr_table_fini(&t);
    if (told->rungs->n > 1)
        try_table(&b, told->rungs);
    while (b.len != 0 && b.data[b.len - 1] == '\n')
        b.data[--b.len] = 0;
    if (!cli->common->quiet || hr_build_status(hr_build_last(told)) != 0 || !told->proof.met)
        hr_complain_in(cli, b.data);
    hr_buf_fini(&b);
}
