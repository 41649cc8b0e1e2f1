#include "build_report.h"

#include "human.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

int hr_build_status(const struct hr_guard_report *r)
{
    if (r->verdict == HR_GUARD_NOT_STARTED)
        return r->status == ENOENT ? 127 : 126;
    if (r->verdict != HR_GUARD_DONE)
        return 124;
    return WIFSIGNALED(r->status) ? 128 + WTERMSIG(r->status) : WEXITSTATUS(r->status);
}

/* --- the plan --- */

/* For a shell: in single quotes. */
static void quote(struct hr_buf *b, const char *s)
{
    hr_buf_addc(b, '\'');
    for (; *s != 0; s++) {
        if (*s == '\'')
            hr_buf_adds(b, "'\\''");
        else
            hr_buf_addc(b, *s);
    }
    hr_buf_addc(b, '\'');
}

static void plan_json(struct hr_jw *w, const struct hr_build_env *e)
{
    hr_jw_key(w, "environment");
    hr_jw_array(w);
    for (size_t i = 0; i < e->n; i++) {
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "name", e->set[i].name);
        hr_jw_kstr(w, "value", e->set[i].value);
        hr_jw_kbool(w, "kept", e->set[i].kept);
        hr_jw_kstr(w, "why", e->set[i].why);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_key(w, "notes");
    hr_jw_array(w);
    for (size_t i = 0; i < HR_COUNT(e->say); i++)
        if (e->say[i][0] != 0)
            hr_jw_str(w, e->say[i]);
    hr_jw_end(w);
    hr_jw_kstr(w, "refused", e->refused ? e->refuse_why : NULL);
    hr_jw_key(w, "mend");
    hr_jw_array(w);
    for (size_t i = 0; i < e->mends; i++)
        hr_jw_str(w, e->mend[i]);
    hr_jw_end(w);
}

static void outlook_json(struct hr_jw *w, const struct hr_outlook *o, const char *compare)
{
    static const char *const from[] = { "nothing", "table", "past" };
    bool past = o->from == HR_OUTLOOK_PAST;
    hr_jw_key(w, "forecast");
    hr_jw_object(w);
    hr_jw_kstr(w, "say", o->say);
    hr_jw_kstr(w, "from", from[o->from]);
    hr_jw_kstr(w, "project", o->project == NULL ? NULL : o->project->name);
    hr_jw_key(w, "have_bytes");
    if (o->have.known)
        hr_jw_u64(w, o->have.v);
    else
        hr_jw_null(w);
    const struct hr_replay *const r[] = { &o->whole, &o->here };
    static const char *const name[] = { "unlimited", "here" };
    for (size_t i = 0; i < HR_COUNT(r); i++) {
        hr_jw_key(w, name[i]);
        if (!past) {
            hr_jw_null(w);
            continue;
        }
        hr_jw_object_flat(w);
        hr_jw_ku64(w, "peak_bytes", r[i]->peak);
        hr_jw_ku64(w, "wall_ns", r[i]->wall_ns);
        hr_jw_ku64(w, "at_once", r[i]->at_once);
        hr_jw_ku64(w, "held", r[i]->held);
        hr_jw_ku64(w, "held_ns", r[i]->held_ns);
        hr_jw_end(w);
    }
    hr_jw_kstr(w, "compared", compare != NULL && compare[0] != 0 ? compare : NULL);
    hr_jw_kstr(w, "history", o->aside ? "damaged, set aside" : o->why[0] != 0 ? o->why : NULL);
    hr_jw_end(w);
}

int hr_build_print_env(struct hr_cli *cli, const struct hr_build_env *e, const struct hr_outlook *o, struct hr_error *err)
{
    if (cli->common->json) {
        struct hr_jw w = hr_print_json(cli);
        hr_jw_object(&w);
        plan_json(&w, e);
        if (o != NULL)
            outlook_json(&w, o, NULL);
        hr_jw_end(&w);
        int r = hr_print_json_end(cli, &w, err);
        return r < 0 ? r : e->refused ? HR_CLI_FAILED : 0;
    }
    struct hr_buf b = HR_BUF_INIT(1 << 16);
    for (size_t i = 0; i < e->n; i++) {
        hr_buf_printf(&b, "%sexport %s=", e->set[i].kept ? "# " : "", e->set[i].name);
        quote(&b, e->set[i].value);
        hr_buf_printf(&b, "  # %s\n", e->set[i].why);
    }
    for (size_t i = 0; i < HR_COUNT(e->say); i++)
        if (e->say[i][0] != 0)
            hr_buf_printf(&b, "# %s\n", e->say[i]);
    if (o != NULL)
        hr_buf_printf(&b, "# forecast: %s\n", o->say);
    if (e->refused) {
        hr_buf_printf(&b, "# refused: %s\n# what mends it:\n", e->refuse_why);
        for (size_t i = 0; i < e->mends; i++)
            hr_buf_printf(&b, "#   %s\n", e->mend[i]);
    }
    int r = hr_print_bytes(cli, b.data, b.len);
    hr_buf_fini(&b);
    return r < 0 ? r : e->refused ? HR_CLI_FAILED : 0;
}

/* --- the report --- */

static void verdict(struct hr_buf *b, const struct hr_guard_report *r, const struct hr_build_env *e)
{
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
        hr_buf_printf(b, "the command could not be started: %s", strerror(r->status));
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
        hr_table_cell(t, "it shot %s for want of memory", r->oom_kills == 1 ? "one process" : "several processes");
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
    hr_table_cell(t, "jobs");
    if (r->programs != 0)
        hr_table_cell(t, "%s heavy ones in %s starts of programs; at most %u at once", hr_human_count(r->leaves).text,
                      hr_human_count(r->programs).text, r->at_once);
    else
        hr_table_cell(t, "%s heavy ones; at most %u at once", hr_human_count(r->leaves).text, r->at_once);
    hr_table_cell(t, "held");
    if (r->held == 0)
        hr_table_cell(t, "none");
    else
        hr_table_cell(t, "%s of %s waited for memory, %s in all; the longest %s, %s", hr_human_count(r->held).text,
                      hr_human_count(r->leaves).text, hr_human_duration(r->held_ns).text, r->held_longest,
                      hr_human_duration(r->held_longest_ns).text);
    hr_table_cell(t, "paused");
    if (r->paused == 0)
        hr_table_cell(t, "none");
    else
        hr_table_cell(t, "%s times, %s in all", hr_human_count(r->paused).text, hr_human_duration(r->paused_ns).text);
    hr_table_cell(t, "ended");
    hr_table_cell(t, "%s", r->ended == 0 ? "none" : hr_human_count(r->ended).text);
    trouble(t, r);
    hr_table_cell(t, "peak");
    hr_table_cell(t, "%s of all its processes together; %s could be given", hr_human_bytes(r->tree_peak).text,
                  hr_human_bytes(r->ceiling).text);
    for (size_t i = 0; i < 3 && r->largest[i].key.tool != NULL; i++) {
        hr_table_cell(t, "%s", i == 0 ? "largest" : " ");
        hr_table_cell(t, "%s  %s %s%s%s", hr_human_bytes(r->largest[i].bytes).text, r->largest[i].key.tool->name,
                      r->largest[i].key.source, r->largest[i].key.arch[0] == '-' ? "" : " ",
                      r->largest[i].key.arch[0] == '-' ? "" : r->largest[i].key.arch);
    }
}

/* --- several tries --- */

static const struct hr_guard_report *last_of(const struct hr_build_told *t)
{
    return &t->rungs->done[t->rungs->n - 1].report;
}

static bool cpu_only(const struct hr_build_told *t)
{
    return t->rungs->done[t->rungs->n - 1].rung.cpu && hr_build_status(last_of(t)) == 0;
}

/* The first line: how the last try ended, and what the tries together mean. */
static void whole_verdict(struct hr_buf *b, const struct hr_build_told *t)
{
    const struct hr_rungs *r = t->rungs;
    const struct hr_rung_done *d = &r->done[r->n - 1];
    verdict(b, &d->report, t->env);
    if (r->n > 1)
        hr_buf_printf(b, "; try %zu (%s), %s in all", r->n, hr_rung_name(d->rung.kind), hr_human_duration(r->wall_ns).text);
    if (r->why[0] != 0)
        hr_buf_printf(b, "; stopped: %s", r->why);
    else if (d->report.ended != 0 && hr_build_status(&d->report) != 0)
        hr_buf_adds(b, "; memory ran out and jobs were ended: run it again, what they need is known now");
    if (!cpu_only(t))
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
        hr_table_cell(&t, "%s", hr_human_bytes(d->report.tree_peak).text);
    }
    hr_table_write(&t, b, 2);
    hr_table_fini(&t);
}

static void notes(struct hr_table *t, const struct hr_build_told *told)
{
    const struct hr_guard_report *r = last_of(told);
    const struct hr_rung_done *d = &told->rungs->done[told->rungs->n - 1];
    if (r->jobserver != HR_POOL_NONE) {
        hr_table_cell(t, "jobserver");
        hr_table_cell(t, "%u tokens at most, by %s", r->tokens, hr_pool_address_name(r->jobserver));
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
        hr_table_cell(t, "%s processes of the command still ran and were ended", hr_human_count(r->left_behind).text);
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
    whole_verdict(&b, told);
    hr_buf_addc(&b, '\n');
    hr_verify_rows(&t, &told->proof);
    facts(&t, last_of(told));
    notes(&t, told);
    hr_table_write(&t, &b, 2);
    hr_table_fini(&t);
    if (told->rungs->n > 1)
        try_table(&b, told->rungs);
    while (b.len != 0 && b.data[b.len - 1] == '\n')
        b.data[--b.len] = 0;
    if (!cli->common->quiet || hr_build_status(last_of(told)) != 0 || !told->proof.met)
        hr_complain_in(cli, b.data);
    hr_buf_fini(&b);
}

static void figures(struct hr_jw *w, const struct hr_guard_report *r)
{
    if (r->programs != 0)
        hr_jw_ku64(w, "programs", r->programs);
    else
        hr_jw_kstr(w, "programs", NULL);
    hr_jw_ku64(w, "leaves", r->leaves);
    hr_jw_ku64(w, "known", r->known);
    hr_jw_ku64(w, "at_once", r->at_once);
    hr_jw_ku64(w, "held", r->held);
    hr_jw_ku64(w, "held_ns", r->held_ns);
    hr_jw_ku64(w, "held_longest_ns", r->held_longest_ns);
    hr_jw_ku64(w, "paused", r->paused);
    hr_jw_ku64(w, "paused_ns", r->paused_ns);
    hr_jw_ku64(w, "ended", r->ended);
    hr_jw_ku64(w, "passed_blind", r->passed_blind);
    hr_jw_ku64(w, "stalled", r->stalled);
    hr_jw_ku64(w, "too_large", r->too_large);
    hr_jw_ku64(w, "too_large_bytes", r->too_large_bytes);
    hr_jw_kstr(w, "too_large_source", r->too_large != 0 ? r->too_large_source : NULL);
    hr_jw_ku64(w, "oom_kills", r->oom_kills);
    hr_jw_kbool(w, "oom_ruled_out", r->oom_ruled_out);
    hr_jw_ku64(w, "continued_again", r->continued_again);
    hr_jw_kbool(w, "sudo", r->sudo);
    hr_jw_kstr(w, "server", r->server[0] != 0 ? r->server : NULL);
    hr_jw_ku64(w, "outside", r->outside);
    hr_jw_ku64(w, "outside_peak_bytes", r->outside_peak);
    hr_jw_kstr(w, "worst_level", hr_level_name(r->worst_level));
    hr_jw_ku64(w, "short_ns", r->short_ns);
    hr_jw_ku64(w, "waited_permille", r->worst_some);
    hr_jw_ku64(w, "all_waited_permille", r->worst_full);
    hr_jw_ku64(w, "swapped_bytes", r->swapped);
    hr_jw_ku64(w, "tree_peak_bytes", r->tree_peak);
    hr_jw_ku64(w, "ceiling_bytes", r->ceiling);
    hr_jw_ki64(w, "least_room_bytes", r->least_room);
    hr_jw_ku64(w, "wall_ns", r->wall_ns);
    hr_jw_ku64(w, "left_behind", r->left_behind);
    hr_jw_key(w, "watcher");
    hr_jw_object_flat(w);
    hr_jw_ku64(w, "cpu_ns", r->cpu_ns);
    hr_jw_ku64(w, "anon_bytes", r->own_bytes);
    hr_jw_ku64(w, "resident_bytes", r->own_resident);
    hr_jw_ku64(w, "looks", r->looks);
    hr_jw_kstr(w, "strain", r->strain);
    hr_jw_ku64(w, "allocations", r->allocations);
    hr_jw_ku64(w, "worst_gap_ns", r->worst_gap_ns);
    hr_jw_ku64(w, "lines_lost", r->lines_lost);
    hr_jw_kstr(w, "memory", r->locked);
    hr_jw_end(w);
}

static void report_json(struct hr_jw *w, const struct hr_guard_report *r)
{
    hr_jw_kstr(w, "verdict", hr_guard_verdict_name(r->verdict));
    hr_jw_ki64(w, "status", hr_build_status(r));
    hr_jw_kbool(w, "gate", r->gate);
    hr_jw_kstr(w, "gate_how", r->nested ? "outer" : !r->gate ? NULL : r->preload ? "preload" : "seccomp");
    hr_jw_kstr(w, "gate_why", r->gate && !r->preload ? NULL : r->gate_why);
    hr_jw_kstr(w, "preload_why", r->preload_why[0] == 0 ? NULL : r->preload_why);
    hr_jw_key(w, "jobserver");
    hr_jw_object_flat(w);
    hr_jw_kstr(w, "address", r->jobserver == HR_POOL_NONE ? NULL : hr_pool_address_name(r->jobserver));
    hr_jw_kstr(w, "why", r->jobserver == HR_POOL_NONE ? r->jobserver_why : NULL);
    hr_jw_ku64(w, "tokens", r->tokens);
    hr_jw_ku64(w, "lost", r->tokens_lost);
    hr_jw_ku64(w, "foreign", r->tokens_foreign);
    hr_jw_end(w);
    figures(w, r);
    hr_jw_key(w, "largest");
    hr_jw_array(w);
    for (size_t i = 0; i < HR_GUARD_LARGEST && r->largest[i].key.tool != NULL; i++) {
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "tool", r->largest[i].key.tool->name);
        hr_jw_kstr(w, "source", r->largest[i].key.source);
        hr_jw_kstr(w, "arch", r->largest[i].key.arch[0] == '-' ? NULL : r->largest[i].key.arch);
        hr_jw_ku64(w, "peak_bytes", r->largest[i].bytes);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_kstr(w, "history", r->history_aside ? "damaged, set aside" : r->history_why[0] != 0 ? r->history_why : NULL);
}

static void rung_json(struct hr_jw *w, const struct hr_rung_done *d, size_t number)
{
    hr_jw_ku64(w, "try", number);
    hr_jw_kstr(w, "what", hr_rung_name(d->rung.kind));
    hr_jw_kstr(w, "why", d->rung.say[0] != 0 ? d->rung.say : NULL);
    hr_jw_ku64(w, "jobs", d->rung.jobs);
    hr_jw_kbool(w, "cpu_only", d->rung.cpu);
    hr_jw_kstr(w, "clue", d->clue[0] != 0 ? d->clue : NULL);
    hr_jw_ku64(w, "began_ns", d->began);
    hr_jw_kstr(w, "folder", d->folder);
    report_json(w, &d->report);
}

void hr_build_try_json(struct hr_jw *w, const struct hr_build_told *t)
{
    hr_jw_object(w);
    rung_json(w, &t->rungs->done[t->rungs->n - 1], t->rungs->n);
    hr_jw_end(w);
}

void hr_build_plan_json(struct hr_jw *w, const struct hr_build_told *t)
{
    hr_jw_object(w);
    plan_json(w, t->env);
    outlook_json(w, t->outlook, NULL);
    hr_jw_ku64(w, "timeout_ns", t->timeout_ns);
    hr_jw_end(w);
}

void hr_build_json(struct hr_jw *w, const struct hr_build_told *t)
{
    struct hr_buf say = HR_BUF_INIT(8192);
    whole_verdict(&say, t);
    hr_jw_object(w);
    hr_jw_kstr(w, "say", say.data);
    report_json(w, last_of(t));
    hr_jw_ku64(w, "total_wall_ns", t->rungs->wall_ns);
    hr_jw_ku64(w, "timeout_ns", t->timeout_ns);
    hr_jw_kbool(w, "cpu_only", cpu_only(t));
    hr_jw_kstr(w, "stopped", t->rungs->why[0] != 0 ? t->rungs->why : NULL);
    hr_jw_key(w, "tries");
    hr_jw_array(w);
    for (size_t i = 0; i < t->rungs->n; i++) {
        hr_jw_object(w);
        rung_json(w, &t->rungs->done[i], i + 1);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    outlook_json(w, t->outlook, t->compare);
    plan_json(w, t->env);
    hr_jw_key(w, "verify");
    hr_verify_json(w, &t->proof);
    hr_jw_kstr(w, "log", t->folder);
    hr_jw_end(w);
    hr_buf_fini(&say);
}
