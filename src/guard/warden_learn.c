/* A leaf has ended: what it took is remembered for the next build, for those that wait, and for the report. */
#include "warden.h"

#include <string.h>

/* The largest of the report, each leaf once. */
static void note_largest(struct hr_warden *w, const struct hr_leaf_key *key, uint64_t peak)
{
    struct hr_guard_peak one = { *key, peak };
    for (size_t i = 0; i < HR_GUARD_LARGEST; i++) {
        struct hr_guard_peak *p = &w->r->largest[i];
        if (p->key.tool != NULL && hr_leaf_same(&p->key, &one.key)) {
            p->bytes = HR_MAX(p->bytes, one.bytes);
            return;
        }
        if (p->key.tool == NULL || p->bytes < one.bytes) {
            struct hr_guard_peak was = *p;
            *p = one;
            if (was.key.tool == NULL)
                return;
            one = was;
        }
    }
}

/* It took more than all that could be given: alone, or it was ended for that. */
static void note_too_large(struct hr_warden *w, const struct hr_leaf *f, uint64_t peak)
{
    if (!f->too_large && peak <= w->r->ceiling)
        return;
    w->r->too_large++;
    if (peak >= w->r->too_large_bytes) {
        w->r->too_large_bytes = peak;
        memcpy(w->r->too_large_source, f->key.source, sizeof w->r->too_large_source);
    }
}

static void learn(struct hr_warden *w, size_t at, uint64_t now)
{
    struct hr_leaf *f = &w->leaves.leaf[at];
    struct hr_job *j = &w->leaves.job[at];
    note_too_large(w, f, j->peak); /* as seen, without what is added for the time between two looks */
    uint64_t peak = hr_leaves_peak(&w->leaves, at, now);
    j->peak = HR_MAX(peak, j->peak);
    hr_history_learn(&w->history, &f->key, peak);
    w->learnt = true;
    note_largest(w, &f->key, peak);
    if (w->o->course != NULL && !f->ended_by_us) {
        struct hr_course_times t = { w->start, f->arrived, f->began, now, f->stopped, j->peak, peak };
        hr_course_add(w->o->course, &t, &f->shape);
    }
}

void hr_warden_ended(struct hr_warden *w, size_t at, uint64_t now)
{
    struct hr_leaf *f = &w->leaves.leaf[at];
    struct hr_job *j = &w->leaves.job[at];
    if (j->state == HR_JOB_HELD)
        hr_gate_let(&w->gate, f->note);
    if (j->state == HR_JOB_PAUSED)
        f->stopped += now - f->stopped_at;
    w->r->paused_ns += f->stopped;
    if (f->began != 0)
        learn(w, at, now);
    hr_warden_tell(w, f->began != 0 ? "ended" : "gone", f, j);
    hr_leaves_remove(&w->leaves, at);
    for (size_t i = 0; i < w->leaves.n; i++)
        if (w->leaves.job[i].state == HR_JOB_PAUSED)
            w->tick = 0; /* it may go on at once */
}
