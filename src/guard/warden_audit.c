/* Once a second, what no single look shows: a leaf that was left stopped, one that stands still, compilers of a server outside. */
#include "warden.h"

#include <signal.h>
#include <string.h>

#define AUDIT_EVERY UINT64_C(1000000000)

/* Its SIGCONT has been lost. */
static void continue_again(struct hr_warden *w)
{
    int at = hr_leaves_left_stopped(&w->leaves);
    if (at < 0)
        return;
    w->r->continued_again++;
    hr_warden_signal(w, (size_t)at, SIGCONT);
    hr_warden_tell(w, "continued again", &w->leaves.leaf[at], &w->leaves.job[at]);
}

static void end_stalled(struct hr_warden *w, uint64_t now)
{
    int at = w->o->stall_ns == 0 ? -1 : hr_leaves_stalled(&w->leaves, now, w->o->stall_ns);
    if (at < 0)
        return;
    struct hr_leaf *f = &w->leaves.leaf[at];
    w->r->stalled++;
    memcpy(w->r->stalled_source, f->key.source, sizeof w->r->stalled_source);
    hr_warden_tell(w, "stalled", f, &w->leaves.job[at]);
    f->busy = 0; /* not again before as much time has passed */
    hr_warden_kill(w, (size_t)at);
}

void hr_warden_audit(struct hr_warden *w, uint64_t now)
{
    if (w->audited == 0) /* what ends within a second is spared it */
        w->audited = now;
    if (now - w->audited < AUDIT_EVERY)
        return;
    w->audited = now;
    continue_again(w);
    end_stalled(w, now);
    hr_outside_look(&w->outside, hr_warden_top(w), now);
}
