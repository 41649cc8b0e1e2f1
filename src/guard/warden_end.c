/* The build is told to end, and what the command leaves behind is ended. */
#include "warden.h"

#include "clock.h"
#include "procfs.h"

#include <signal.h>

#define MS UINT64_C(1000000)

void hr_warden_stop(struct hr_warden *w, enum hr_guard_verdict why)
{
    uint64_t now = hr_now();
    if (w->stop_at != 0)
        return;
    w->r->verdict = why;
    w->stop_at = now;
    hr_warden_tell(w, hr_guard_verdict_name(why), NULL, NULL);
    for (size_t i = 0; i < w->leaves.n; i++) {
        if (w->leaves.job[i].state == HR_JOB_PAUSED)
            hr_warden_resume(w, i, now);
        else if (w->leaves.job[i].state == HR_JOB_HELD)
            hr_warden_let(w, i, now);
    }
}

/* How many were reached.  `then`: another signal after it, 0: none; looking for the processes costs more than the signals. */
static size_t signal_tree(struct hr_warden *w, int sig, int then)
{
    const int *pid;
    size_t n = hr_warden_tree(w, &pid), reached = 0;
    for (size_t i = 0; i < n; i++)
        if (pid[i] != w->scribe.pid && hr_signal(pid[i], sig) == 0) {
            reached++;
            if (then != 0 && hr_signal(pid[i], then) < 0)
                reached--;
        }
    return reached;
}

void hr_warden_stop_step(struct hr_warden *w, uint64_t now)
{
    /* A terminal's Ctrl-C has reached the command already: it gets a second to end by itself. */
    uint64_t first = w->r->verdict == HR_GUARD_INTERRUPTED ? 1000 * MS : 0;
    /* Where memory is about to be gone, whoever takes it has no two seconds for its farewell. */
    uint64_t patience = w->r->verdict == HR_GUARD_MEMORY ? 30 * MS : 2000 * MS;
    if (w->stop_at == 0 || w->over)
        return;
    if (!w->asked && now - w->stop_at >= first) {
        w->asked = true;
        signal_tree(w, SIGTERM, SIGCONT);
    } else if (w->asked && now - w->stop_at >= first + patience) {
        signal_tree(w, SIGKILL, 0); /* again at each step: a fork may have been on its way */
    }
}

static void let_all_go_on(struct hr_warden *w)
{
    for (size_t i = 0; i < w->leaves.n; i++) {
        if (w->leaves.job[i].state == HR_JOB_HELD) {
            hr_gate_let(&w->gate, w->leaves.leaf[i].note);
            w->leaves.job[i].state = HR_JOB_RUNNING;
        }
        hr_warden_signal(w, i, SIGCONT);
    }
}

void hr_warden_sweep(struct hr_warden *w)
{
    let_all_go_on(w);
    /* Behind the gate a process that lives on could start nothing any more; without one it is none of our business, unless the
     * build was told to end. */
    if (!hr_warden_gated(w) && w->stop_at == 0)
        return;
    int patience = w->r->verdict == HR_GUARD_MEMORY ? 1 : 50; /* rounds */
    w->r->left_behind = signal_tree(w, SIGTERM, 0);
    for (int i = 0; i < 150 && w->r->left_behind != 0; i++) {
        hr_warden_open_gate(w);
        if (signal_tree(w, i < patience ? SIGCONT : SIGKILL, 0) == 0)
            return;
        hr_sleep(20 * MS);
    }
}
