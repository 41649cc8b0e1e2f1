#include "outlook.h"

#include "admit.h"
#include "human.h"
#include "mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY_NS (UINT64_C(86400) * 1000000000)
#define MS UINT64_C(1000000)

/* --- before --- */

static void say_table(struct hr_outlook *o)
{
    const struct hr_project *p = o->project;
    char time[160] = "";
    if (p->time != NULL)
        snprintf(time, sizeof time, "; known to take %s (%s)", p->time, p->time_source);
    if (p->low == 0) {
        snprintf(o->say, sizeof o->say, "%s: what its jobs take is not known yet; it is learnt now, and the next time there is a forecast%s",
                 p->name, time);
        return;
    }
    char range[80], runs[80] = "";
    snprintf(range, sizeof range, "%s%s%s", hr_human_bytes(p->low).text, p->high > p->low ? " to " : "",
             p->high > p->low ? hr_human_bytes(p->high).text : "");
    if (o->have.known) {
        uint64_t most = HR_MAX(o->have.v / p->low, (uint64_t)1), least = HR_MAX(o->have.v / p->high, (uint64_t)1);
        snprintf(runs, sizeof runs, "; you have %s: %s%" PRIu64 "%s at once", hr_human_bytes(o->have.v).text, least == most ? "" : "about ",
                 least, "");
        if (least != most)
            snprintf(runs, sizeof runs, "; you have %s: %" PRIu64 " to %" PRIu64 " at once", hr_human_bytes(o->have.v).text, least, most);
    }
    snprintf(o->say, sizeof o->say, "%s: one of its heavy jobs is known to take %s (%s)%s%s", p->name, range, p->memory_source, runs, time);
}

static void say_past(struct hr_outlook *o, const struct hr_build_past *past)
{
    char known[48], largest[160] = "", then[160] = "";
    snprintf(known, sizeof known, "known from %s", past->times == 1 ? "its last build" : "earlier builds");
    bool fits = !o->have.known || o->whole.peak <= o->have.v;
    if (!o->have.known)
        snprintf(then, sizeof then, ".");
    else if (fits)
        snprintf(then, sizeof then, "; you have %s: it fits", hr_human_bytes(o->have.v).text);
    else
        snprintf(then, sizeof then, "; you have %s: will run %u, some %s", hr_human_bytes(o->have.v).text, o->here.at_once,
                 hr_human_duration(o->here.wall_ns).text);
    if (past->largest != 0)
        snprintf(largest, sizeof largest, "; the largest job was %s %s with %s%s", past->largest_tool, past->largest_source,
                 hr_human_bytes(past->largest).text, o->have.known && past->largest > o->have.v ? ", more than there is: it runs alone" : "");
    snprintf(o->say, sizeof o->say, "needs about %s at %u %s, %s (%s)%s%s", hr_human_bytes(o->whole.peak).text, o->whole.at_once,
             o->whole.at_once == 1 ? "job" : "jobs", hr_human_duration(o->whole.wall_ns).text, known, o->have.known ? then : "", largest);
}

static int play_past(struct hr_outlook *o, const struct hr_outlook_ask *ask, const struct hr_build_past *past, struct hr_error *err)
{
    struct hr_replay_ask r = { UINT64_MAX, hr_admit_jobs(ask->jobs, ask->cpus), ask->cpus, past->cpus, past->base };
    int e = hr_replay_run(&past->course, &r, &o->whole, err);
    r.room = ask->have.known ? ask->have.v : UINT64_MAX;
    if (e == 0)
        e = hr_replay_run(&past->course, &r, &o->here, err);
    /* What came after the last leaf, and what did not fit into the record, takes its time again. */
    uint32_t last = 0;
    for (size_t i = 0; i < past->course.n; i++)
        last = HR_MAX(last, past->course.leaf[i].ended);
    uint64_t rest = past->wall_ms > last ? (past->wall_ms - last) * MS : 0;
    o->whole.wall_ns += rest;
    o->here.wall_ns += rest;
    o->whole.peak = HR_MAX(o->whole.peak, past->course.n == 0 ? past->peak : 0);
    o->here.peak = HR_MAX(o->here.peak, past->course.n == 0 ? past->peak : 0);
    return e;
}

int hr_outlook_make(const struct hr_outlook_ask *ask, struct hr_outlook *ret, struct hr_error *err)
{
    struct hr_build_past past;
    struct hr_error why = HR_ERROR_INIT;
    bool found = false;
    memset(ret, 0, sizeof *ret);
    ret->have = ask->have;
    ret->project = hr_project_of(ask->argv, ask->cwd);
    hr_past_identity(ask->cwd, ask->argv, ask->envp, ret->project == NULL ? NULL : ret->project->name, ret->identity);
    int r = hr_past_init(&past, err);
    if (r == 0 && ask->folder != NULL && hr_past_load(&past, ask->folder, ret->identity, &found, &ret->aside, &why) < 0)
        snprintf(ret->why, sizeof ret->why, "%.190s", why.text);
    if (r == 0 && found && past.course.n != 0) {
        ret->from = HR_OUTLOOK_PAST;
        ret->times = past.times;
        ret->leaves = past.course.n + past.course.lost;
        r = play_past(ret, ask, &past, err);
        say_past(ret, &past);
    } else if (r == 0 && ret->project != NULL) {
        ret->from = HR_OUTLOOK_TABLE;
        say_table(ret);
    } else if (r == 0) {
        snprintf(ret->say, sizeof ret->say, "nothing is known of this build yet: what each of its jobs takes is learnt now, and the next "
                                            "time there is a forecast");
    }
    hr_past_fini(&past);
    return r;
}

/* --- after --- */

/* Less than half of the known jobs ran: most of it was there already. */
static bool is_part(size_t jobs, size_t of)
{
    return jobs < of - of / 2;
}

bool hr_outlook_compare(const struct hr_outlook *o, const struct hr_outlook_seen *seen, char *ret, size_t n)
{
    size_t jobs = seen->course->n + seen->course->lost;
    if (o->from != HR_OUTLOOK_PAST)
        return false;
    if (is_part(jobs, o->leaves)) {
        snprintf(ret, n, "of a whole build; only %zu of its %zu jobs were to do, so there is nothing to compare", jobs, o->leaves);
        return true;
    }
    /* In parts of the forecast: who reads "170 MiB; it took 334 MiB" expects what has to be added to the first. */
    double off = o->here.peak == 0 ? 0 : ((double)seen->peak - (double)o->here.peak) / (double)o->here.peak * 100;
    char differ[48] = "";
    if (off <= -0.5 || off >= 0.5)
        snprintf(differ, sizeof differ, " (%.0f %% %s)", off < 0 ? -off : off, off < 0 ? "less" : "more");
    snprintf(ret, n, "%s and %s; it took %s%s and %s", hr_human_bytes(o->here.peak).text, hr_human_duration(o->here.wall_ns).text,
             hr_human_bytes(seen->peak).text, differ, hr_human_duration(seen->wall_ns).text);
    return true;
}

int hr_outlook_keep(const struct hr_outlook *o, const char *folder, const struct hr_outlook_seen *seen, unsigned cpus,
                    uint64_t wall_clock_ns, struct hr_error *err)
{
    struct hr_build_past past = { .peak = seen->peak, .wall_ms = seen->wall_ns / MS, .cpus = HR_MAX(cpus, 1U), .at_once = seen->at_once,
                                  .times = o->times + 1, .day = (uint32_t)(wall_clock_ns / DAY_NS), .largest = seen->largest,
                                  .foreseen = o->from == HR_OUTLOOK_PAST ? o->here.peak : 0, .course = *seen->course };
    size_t jobs = past.course.n + past.course.lost;
    if (past.course.n == 0 || past.peak == 0 || (o->from == HR_OUTLOOK_PAST && is_part(jobs, o->leaves)))
        return 0;
    snprintf(past.identity, sizeof past.identity, "%s", o->identity);
    snprintf(past.largest_tool, sizeof past.largest_tool, "%s", seen->largest_tool == NULL ? "" : seen->largest_tool);
    snprintf(past.largest_source, sizeof past.largest_source, "%s", seen->largest_source == NULL ? "" : seen->largest_source);
    past.base = hr_replay_base(seen->course, seen->peak);
    return hr_past_save(&past, folder, err);
}
