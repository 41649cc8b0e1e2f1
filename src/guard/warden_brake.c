/* What the brake decides (hr_brake) is done: a leaf is paused, goes on, or is ended; or all are. */
#include "warden.h"

#include "procfs.h"

#include <signal.h>

void hr_warden_signal(struct hr_warden *w, size_t at, int sig)
{
    hr_pidfd_signal(w->leaves.leaf[at].pidfd, sig);
}

void hr_warden_kill(struct hr_warden *w, size_t at)
{
    hr_warden_signal(w, at, SIGKILL);
    hr_keeper_release(&w->keeper, w->leaves.leaf[at].pidfd);
}

static void pause_leaf(struct hr_warden *w, size_t at, enum hr_brake_what how, uint64_t now)
{
    struct hr_leaf *f = &w->leaves.leaf[at];
    struct hr_job *j = &w->leaves.job[at];
    bool park = how == HR_BRAKE_PARK;
    hr_warden_signal(w, at, SIGSTOP);
    f->stopped_at = now;
    f->paused_once = true;
    hr_brake_did(&w->brake, j, how, now);
    *(park ? &w->r->parked : &w->r->paused) += 1;
    hr_warden_tell(w, park ? "parked" : "paused", f, j);
}

void hr_warden_resume(struct hr_warden *w, size_t at, uint64_t now)
{
    struct hr_leaf *f = &w->leaves.leaf[at];
    hr_warden_signal(w, at, SIGCONT);
    f->stopped += now - f->stopped_at;
    hr_brake_did(&w->brake, &w->leaves.job[at], HR_BRAKE_RESUME, now);
    hr_warden_tell(w, "resumed", f, &w->leaves.job[at]);
}

static bool is_alone(const struct hr_warden *w, size_t at)
{
    for (size_t i = 0; i < w->leaves.n; i++)
        if (i != at && w->leaves.job[i].state != HR_JOB_HELD && !w->leaves.job[i].waits)
            return false;
    return true;
}

static void end_leaf(struct hr_warden *w, size_t at, uint64_t now)
{
    struct hr_leaf *f = &w->leaves.leaf[at];
    struct hr_job *j = &w->leaves.job[at];
    f->ended_by_us = true;
    f->too_large = is_alone(w, at);
    hr_brake_did(&w->brake, j, HR_BRAKE_END_JOB, now);
    w->r->ended++;
    hr_warden_tell(w, "killed", f, j);
    hr_warden_kill(w, at);
}

static const char *black_why(const struct hr_space *s)
{
    if (!s->machine)
        return "other programs than compilers were about to run into its memory limit, where the kernel kills";
    if (s->room > 0)
        return "all programs waited for memory, and for little else";
    return "the machine's memory was almost gone";
}

static void end_all(struct hr_warden *w)
{
    hr_warden_tell(w, "black", NULL, NULL);
    for (size_t i = 0; i < w->leaves.n; i++) {
        w->leaves.leaf[i].ended_by_us = true;
        hr_warden_kill(w, i);
    }
    w->r->black = black_why(&w->space);
    hr_warden_stop(w, HR_GUARD_MEMORY);
}

void hr_warden_brake(struct hr_warden *w, uint64_t now)
{
    int at = -1;
    enum hr_brake_what what = hr_brake(w->leaves.job, w->leaves.n, &w->space, now, &w->brake, &at);
    switch (what) {
    case HR_BRAKE_NOTHING:
        return;
    case HR_BRAKE_PAUSE:
    case HR_BRAKE_PARK:
        pause_leaf(w, (size_t)at, what, now);
        return;
    case HR_BRAKE_RESUME:
        hr_warden_resume(w, (size_t)at, now);
        return;
    case HR_BRAKE_END_JOB:
        end_leaf(w, (size_t)at, now);
        return;
    case HR_BRAKE_END_ALL:
        end_all(w);
        return;
    }
}
