/* A leaf that waits is let through: which one, and what is noted of it then. */
#include "warden.h"

#include <string.h>

#define AGE (UINT64_C(20000) * 1000000) /* ns: after so long nobody overtakes any more */

void hr_warden_count(struct hr_warden *w)
{
    unsigned run = 0;
    if (w->stop_at != 0) /* let go only to be ended */
        return;
    for (size_t i = 0; i < w->leaves.n; i++)
        run += w->leaves.job[i].state == HR_JOB_RUNNING && !w->leaves.job[i].waits && !hr_job_ends(&w->leaves.job[i]);
    w->r->at_once = HR_MAX(w->r->at_once, run);
}

void hr_warden_let(struct hr_warden *w, size_t at, uint64_t now)
{
    struct hr_leaf *f = &w->leaves.leaf[at];
    struct hr_job *j = &w->leaves.job[at];
    hr_gate_let(&w->gate, f->note); /* one that has gone is told by its pidfd */
    f->began = now;
    j->state = HR_JOB_RUNNING;
    j->since = now;
    j->order = ++w->leaves.order; /* the newest is the one that began last */
    if (f->refused != 0) {
        uint64_t waited = now - f->refused;
        w->r->held++;
        w->r->held_ns += waited;
        if (waited > w->r->held_longest_ns) {
            w->r->held_longest_ns = waited;
            memcpy(w->r->held_longest, f->key.source, sizeof w->r->held_longest);
        }
        hr_warden_tell(w, "let", f, j);
    }
    hr_warden_count(w);
}

/* Those that wait, and unknown ones that run, came with what was thought of them then; each that has ended since has taught something. */
static void think_again(struct hr_warden *w)
{
    for (size_t i = 0; w->learnt && i < w->leaves.n; i++) {
        struct hr_job *j = &w->leaves.job[i];
        if (j->state != HR_JOB_HELD && j->known)
            continue;
        struct hr_expected e = hr_history_predict(&w->history, &w->leaves.leaf[i].key);
        j->predicted = e.careful;
        j->likely = e.likely;
        j->known = e.known;
    }
    w->learnt = false;
}

void hr_warden_admit(struct hr_warden *w, uint64_t now)
{
    struct hr_admit_rules rules = { .jobs = hr_admit_jobs(w->o->jobs, w->cpus), .age = AGE, .cpus = w->cpus };
    if (!hr_leaves_held(&w->leaves))
        return;
    think_again(w);
    for (;;) {
        int at = hr_admit(w->leaves.job, w->leaves.n, &w->space, now, &rules);
        if (at < 0)
            break;
        hr_warden_let(w, (size_t)at, now);
    }
    if (hr_admit_full(w->leaves.job, w->leaves.n, &rules))
        return;
    for (size_t i = 0; i < w->leaves.n; i++)
        if (w->leaves.job[i].state == HR_JOB_HELD && w->leaves.leaf[i].refused == 0)
            w->leaves.leaf[i].refused = now;
}
