#include "leaves.h"

#include "file.h"
#include "procfs.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)
/* No compiler measured grew faster than 530 MiB in a second. */
#define GROWTH_PER_S (512 * MIB)
enum { CLIMB_MAX = 24 };

static void mark_parents(struct hr_leaves *l, int pid)
{
    struct hr_proc_stat s;
    for (int i = 0; i < CLIMB_MAX && pid > 1 && hr_proc_stat(pid, &s) == 0; i++) {
        int at = hr_leaves_find(l, pid = s.parent);
        if (at >= 0)
            l->job[at].waits = true;
    }
}

struct hr_leaf *hr_leaves_add(struct hr_leaves *l, const struct hr_leaf_key *key, int pid, uint64_t note,
                              uint64_t predicted, uint64_t now)
{
    if (l->n == HR_LEAVES_MAX)
        return NULL;
    int pidfd = hr_pidfd_open(pid), statm = pidfd < 0 ? -1 : hr_proc_open_statm(pid);
    if (statm < 0) {
        hr_close(pidfd < 0 ? -1 : pidfd);
        return NULL;
    }
    size_t at = l->n++;
    l->leaf[at] = (struct hr_leaf) { .key = *key, .pid = pid, .pidfd = pidfd, .statm = statm, .note = note, .arrived = now,
                                     .began = note != 0 ? 0 : now, .there = note == 0 };
    l->job[at] = (struct hr_job) { .state = note != 0 ? HR_JOB_HELD : HR_JOB_RUNNING, .predicted = predicted,
                                   .order = ++l->order, .since = now, .fixed = note != 0 };
    mark_parents(l, pid);
    return &l->leaf[at];
}

void hr_leaves_remove(struct hr_leaves *l, size_t at)
{
    hr_close(l->leaf[at].pidfd);
    hr_close(l->leaf[at].statm);
    l->n--;
    l->leaf[at] = l->leaf[l->n];
    l->job[at] = l->job[l->n];
    /* Who waited for it may not wait any more: found out anew. */
    for (size_t i = 0; i < l->n; i++)
        l->job[i].waits = false;
    for (size_t i = 0; i < l->n; i++)
        mark_parents(l, l->leaf[i].pid);
}

int hr_leaves_find(const struct hr_leaves *l, int pid)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->leaf[i].pid == pid)
            return (int)i;
    return -1;
}

/* Until its exec is done a process still is its parent's image (after vfork its very memory). */
static bool has_become(struct hr_leaf *f)
{
    struct hr_proc_stat s;
    if (f->there)
        return true;
    if (hr_proc_stat(f->pid, &s) < 0)
        return false;
    size_t n = HR_MIN(strlen(f->key.tool->name), (size_t)HR_COMM_MAX - 1);
    f->there = strncmp(s.comm, f->key.tool->name, n) == 0;
    return f->there;
}

void hr_leaves_sample(struct hr_leaves *l)
{
    l->resident = 0;
    for (size_t i = 0; i < l->n; i++) {
        struct hr_leaf *f = &l->leaf[i];
        struct hr_job *j = &l->job[i];
        uint64_t bytes;
        if (j->state == HR_JOB_HELD || !has_become(f) || hr_proc_anon(f->statm, &bytes) < 0)
            continue;
        j->fixed = false;
        j->resident = bytes;
        j->peak = HR_MAX(j->peak, bytes);
        f->sampled++;
        l->resident += bytes;
    }
}

uint64_t hr_leaves_peak(const struct hr_leaves *l, size_t at, uint64_t now)
{
    const struct hr_leaf *f = &l->leaf[at];
    uint64_t peak = l->job[at].peak;
    if (f->ended_by_us)
        return peak + peak / 2;
    uint64_t ms = (now - f->began - f->stopped) / 1000000;
    if (f->sampled < 3) {
        uint64_t could = 16 * MIB + ms * (GROWTH_PER_S / 1000);
        return HR_MAX(peak, HR_MIN(could, l->job[at].predicted));
    }
    return peak;
}

void hr_leaves_close(struct hr_leaves *l)
{
    while (l->n != 0) {
        l->n--;
        hr_close(l->leaf[l->n].pidfd);
        hr_close(l->leaf[l->n].statm);
    }
}
