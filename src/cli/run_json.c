/* The report of `headrace run` as JSON. */
#include "run_report.h"

#include "not_started.h"

#include <sys/wait.h>

static void figure(struct hr_jw *w, const char *key, const char *why_key, const struct hr_figure *f)
{
    if (f->known)
        hr_jw_ku64(w, key, f->v);
    else
        hr_jw_knull(w, key);
    hr_jw_kstr(w, why_key, f->known ? NULL : f->why);
}

static void peak(struct hr_jw *w, const char *key, const struct hr_train_peak *p)
{
    hr_jw_key(w, key);
    hr_jw_object_flat(w);
    hr_jw_ku64(w, "bytes", p->bytes);
    hr_jw_ku64(w, "at_ns", p->at);
    hr_jw_end(w);
}

static void mark(struct hr_jw *w, const char *prefix, const char *name, int card, const struct hr_mark *m)
{
    char text[32];
    struct hr_buf b = HR_BUF_INIT(sizeof text);
    if (m->at == 0)
        return;
    hr_buf_printf(&b, "%s%s", prefix, name);
    hr_jw_object_flat(w);
    hr_jw_kstr(w, "mark", b.data);
    if (card >= 0)
        hr_jw_ki64(w, "card", card);
    hr_jw_ku64(w, "bytes", m->at);
    hr_jw_ku64(w, "times", m->times);
    if (m->times != 0) {
        hr_jw_ku64(w, "first_ns", m->first);
        hr_jw_ku64(w, "first_bytes", m->first_at);
    }
    hr_jw_end(w);
    hr_buf_fini(&b);
}

static void memory(struct hr_jw *w, const struct hr_train_report *r)
{
    hr_jw_kstr(w, "memory_why", r->looks != 0 ? NULL : r->verdict == HR_TRAIN_NOT_STARTED ? "the command did not run" : "it ended before it could be looked at");
    if (r->looks == 0)
        hr_jw_knull(w, "peak");
    else
        peak(w, "peak", &r->peak);
    hr_jw_kbool(w, "mapped_files_counted", !r->apart);
    hr_jw_key(w, "kinds");
    hr_jw_object(w);
    for (int k = 0; k < HR_KIN_KINDS; k++) {
        hr_jw_key(w, hr_kin_kind_name((enum hr_kin_kind)k));
        hr_jw_object_flat(w);
        if (r->kind[k].bytes == 0 && r->most[k] != 0) { /* seen, and gone when its memory was asked for */
            hr_jw_knull(w, "bytes");
            hr_jw_knull(w, "at_ns");
        } else {
            hr_jw_ku64(w, "bytes", r->kind[k].bytes);
            hr_jw_ku64(w, "at_ns", r->kind[k].at);
        }
        hr_jw_ku64(w, "processes", r->most[k]);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_ku64(w, "mapped_files_at_peak_bytes", r->peak_file);
    figure(w, "page_cache_before_bytes", "page_cache_why", &r->cached_before);
    if (r->cached_most.known)
        hr_jw_ku64(w, "page_cache_most_bytes", r->cached_most.v);
    figure(w, "least_available_bytes", "least_available_why", &r->least_available);
}

static void cards(struct hr_jw *w, const struct hr_train_report *r)
{
    hr_jw_key(w, "gpus");
    hr_jw_array(w);
    for (unsigned i = 0; i < r->cards; i++) {
        const struct hr_train_card *c = &r->card[i];
        hr_jw_object(w);
        hr_jw_kstr(w, "name", c->name);
        figure(w, "total_bytes", "total_why", &c->total);
        figure(w, "before_bytes", "before_why", &c->base);
        figure(w, "peak_bytes", "peak_why", &c->peak);
        hr_jw_ku64(w, "peak_ns", c->peak_at);
        hr_jw_kbool(w, "whole_card", c->whole);
        if (c->busy.known)
            hr_jw_kf64(w, "busy_percent", c->busy.v);
        else
            hr_jw_knull(w, "busy_percent");
        hr_jw_kstr(w, "busy_why", c->busy.known ? NULL : c->busy.why);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_kstr(w, "gpus_why", r->cards_why[0] != 0 ? r->cards_why : NULL);
}

static void deeds(struct hr_jw *w, const struct hr_train_report *r)
{
    hr_jw_key(w, "marks");
    hr_jw_array(w);
    for (int i = 0; i < HR_MARKS; i++)
        mark(w, "", hr_mark_name((enum hr_mark_id)i), -1, &r->mark[i]);
    for (unsigned c = 0; c < r->cards; c++)
        for (int i = 0; i < 2; i++)
            mark(w, "vram-", hr_mark_name((enum hr_mark_id)i), (int)c, &r->card[c].mark[i]);
    hr_jw_end(w);
    hr_jw_ku64(w, "machine_short_times", r->low_times);
    hr_jw_ku64(w, "dropped_files", r->dropped_files);
    hr_jw_ku64(w, "dropped_bytes", r->dropped_bytes);
    hr_jw_ku64(w, "checkpoints_asked", r->checkpoints);
    hr_jw_ku64(w, "checkpoint_ns", r->checkpoint_at);
    hr_jw_ku64(w, "ending_ns", r->ending_at);
    hr_jw_kbool(w, "killed", r->killed);
    figure(w, "oom_kills", "oom_kills_why", &r->oom_kills);
    hr_jw_ku64(w, "left_behind", r->left_behind);
}

static void watcher(struct hr_jw *w, const struct hr_train_report *r)
{
    hr_jw_key(w, "watcher");
    hr_jw_object(w);
    hr_jw_ku64(w, "cpu_ns", r->cpu_ns);
    hr_jw_ku64(w, "cards_cpu_ns", r->cards_cpu_ns);
    hr_jw_ku64(w, "measurements", r->measured);
    hr_jw_ku64(w, "measure_cpu_ns", r->measure_ns);
    hr_jw_ku64(w, "not_measured", r->not_measured);
    hr_jw_ku64(w, "not_seen", r->unseen);
    hr_jw_ku64(w, "worst_gap_ns", r->worst_gap_ns);
    hr_jw_ku64(w, "allocations", r->allocations);
    hr_jw_ku64(w, "anon_bytes", r->own_bytes);
    hr_jw_ku64(w, "lines_lost", r->lines_lost);
    hr_jw_kstr(w, "memory", r->locked);
    hr_jw_end(w);
}

void hr_run_json(struct hr_jw *w, const struct hr_train_report *r, const char *command, const char *folder)
{
    struct hr_buf why = HR_BUF_INIT(1 << 15);
    if (r->verdict == HR_TRAIN_NOT_STARTED)
        hr_not_started(&why, command, r->status);
    else if (r->verdict == HR_TRAIN_ENDED)
        hr_buf_adds(&why, hr_act_why_name(r->why));
    hr_jw_object(w);
    hr_jw_kstr(w, "verdict", hr_train_verdict_name(r->verdict));
    hr_jw_kstr(w, "why", why.len != 0 ? why.data : NULL);
    hr_buf_fini(&why);
    hr_jw_ki64(w, "status", hr_run_status(r));
    if (r->verdict != HR_TRAIN_NOT_STARTED && WIFSIGNALED(r->status))
        hr_jw_ki64(w, "signal", WTERMSIG(r->status));
    else
        hr_jw_knull(w, "signal");
    hr_jw_ku64(w, "wall_ns", r->wall_ns);
    memory(w, r);
    cards(w, r);
    deeds(w, r);
    watcher(w, r);
    hr_jw_kstr(w, "log", folder);
    hr_jw_end(w);
}

static void vram_plan(struct hr_jw *w, const char *key, const struct hr_vram_mark *m)
{
    hr_jw_key(w, key);
    hr_jw_object_flat(w);
    if (m->bytes != 0)
        hr_jw_ku64(w, "bytes", m->bytes);
    else
        hr_jw_knull(w, "bytes");
    if (m->bytes == 0 && m->percent > 0)
        hr_jw_kf64(w, "percent", m->percent);
    else
        hr_jw_knull(w, "percent");
    hr_jw_end(w);
}

void hr_run_plan_json(struct hr_jw *w, const struct hr_train_options *o, uint64_t free, const char *const *value, size_t n)
{
    static const char *const step[] = { [HR_ACT_DROP] = "drop", [HR_ACT_CHECKPOINT] = "checkpoint", [HR_ACT_END] = "end" };
    hr_jw_object(w);
    hr_jw_ku64(w, "free_bytes", free);
    hr_jw_key(w, "marks");
    hr_jw_object(w);
    for (int i = 0; i < HR_MARKS; i++) {
        if (o->mark[i].at != 0)
            hr_jw_ku64(w, hr_mark_name((enum hr_mark_id)i), o->mark[i].at);
        else
            hr_jw_knull(w, hr_mark_name((enum hr_mark_id)i));
    }
    vram_plan(w, "vram-warn", &o->vram[0]);
    vram_plan(w, "vram-act", &o->vram[1]);
    hr_jw_end(w);
    hr_jw_key(w, "on_act");
    hr_jw_array_flat(w);
    for (size_t i = 0; i < o->act.steps; i++)
        hr_jw_str(w, step[o->act.step[i]]);
    hr_jw_end(w);
    hr_jw_kstr(w, "checkpoint_signal", hr_act_signal_name(o->checkpoint_signal));
    hr_jw_ku64(w, "grace_ns", o->act.grace);
    hr_jw_ku64(w, "tick_ns", o->tick_ns);
    hr_jw_key(w, "values");
    hr_jw_array_flat(w);
    for (size_t i = 0; i < n; i++)
        hr_jw_str(w, value[i]);
    hr_jw_end(w);
    hr_jw_end(w);
}
