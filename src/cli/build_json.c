/* The report of a build as JSON. */
#include "build_report.h"

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
    hr_jw_ku64(w, "parked", r->parked);
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
    if (r->tree_peak == 0)
        hr_jw_knull(w, "tree_peak_bytes");
    else
        hr_jw_ku64(w, "tree_peak_bytes", r->tree_peak);
    hr_jw_kstr(w, "tree_peak_why", r->tree_peak == 0 ? hr_build_unseen : NULL);
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

void hr_build_json(struct hr_jw *w, const struct hr_build_told *t)
{
    struct hr_buf say = HR_BUF_INIT(8192);
    hr_build_verdict(&say, t);
    hr_jw_object(w);
    hr_jw_kstr(w, "say", say.data);
    report_json(w, hr_build_last(t));
    hr_jw_ku64(w, "total_wall_ns", t->rungs->wall_ns);
    hr_jw_ku64(w, "timeout_ns", t->timeout_ns);
    hr_jw_kbool(w, "cpu_only", hr_build_cpu_only(t));
    hr_jw_kstr(w, "stopped", t->rungs->why[0] != 0 ? t->rungs->why : NULL);
    hr_jw_kstr(w, "missing", t->missing[0] != 0 ? t->missing : NULL);
    hr_jw_key(w, "tries");
    hr_jw_array(w);
    for (size_t i = 0; i < t->rungs->n; i++) {
        hr_jw_object(w);
        rung_json(w, &t->rungs->done[i], i + 1);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_build_outlook_json(w, t->outlook, t->compare);
    hr_build_env_json(w, t->env);
    hr_jw_key(w, "verify");
    hr_verify_json(w, &t->proof);
    hr_jw_kstr(w, "log", t->folder);
    hr_jw_end(w);
    hr_buf_fini(&say);
}
