#include "leaves.h"

#include "file.h"
#include "procfs.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)
/* No compiler measured grew faster than 530 MiB in a second. */
#define GROWTH_PER_S (512 * MIB)
enum { CLIMB_MAX = 24, BLIND_MS_MAX = 200 };

/* The nearest leaf above a process. */
static int leaf_above(const struct hr_leaves *l, int pid)
{
    struct hr_proc_stat s;
    for (int i = 0; i < CLIMB_MAX && pid > 1 && hr_proc_stat(pid, &s) == 0; i++)
        if (hr_leaves_find(l, pid = s.parent) >= 0)
            return pid;
    return 0;
}

/* Who waits for whom, from `under` alone: it is done at every coming and going. */
static void mark_waiting(struct hr_leaves *l)
{
    for (size_t i = 0; i < l->n; i++)
        l->job[i].waits = false;
    for (size_t i = 0; i < l->n; i++) {
        int up = l->leaf[i].under == 0 ? -1 : hr_leaves_find(l, l->leaf[i].under);
        if (up >= 0)
            l->job[up].waits = true;
    }
}

struct hr_leaf *hr_leaves_add(struct hr_leaves *l, const struct hr_leaf_key *key, int pid, uint64_t note,
                              struct hr_expected e, uint64_t now)
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
                                     .under = leaf_above(l, pid), .began = note != 0 ? 0 : now, .there = note == 0 };
    l->job[at] = (struct hr_job) { .state = note != 0 ? HR_JOB_HELD : HR_JOB_RUNNING, .predicted = e.careful,
                                   .likely = e.likely, .known = e.known,
                                   .order = ++l->order, .since = now, .fixed = note != 0 };
    mark_waiting(l);
    return &l->leaf[at];
}

void hr_leaves_remove(struct hr_leaves *l, size_t at)
{
    hr_close(l->leaf[at].pidfd);
    hr_close(l->leaf[at].statm);
    int gone = l->leaf[at].pid, above = l->leaf[at].under;
    l->n--;
    l->leaf[at] = l->leaf[l->n];
    l->job[at] = l->job[l->n];
    for (size_t i = 0; i < l->n; i++)
        if (l->leaf[i].under == gone)
            l->leaf[i].under = above;
    mark_waiting(l);
}

int hr_leaves_find(const struct hr_leaves *l, int pid)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->leaf[i].pid == pid)
            return (int)i;
    return -1;
}

bool hr_leaves_held(const struct hr_leaves *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->job[i].state == HR_JOB_HELD)
            return true;
    return false;
}

/* Until its exec is done a process still is its parent's image (after vfork its very memory). */
bool hr_leaf_has_become(struct hr_leaf *f)
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

/* Smoothed over two looks only: what takes 2 GiB a second has no more. */
static void grow(struct hr_job *j, const struct hr_leaf *f, uint64_t bytes, uint64_t now)
{
    uint64_t since = HR_MAX(f->seen, f->began), ms = now > since ? (now - since) / 1000000 : 0;
    uint64_t rate = bytes > j->resident && ms != 0 ? (bytes - j->resident) / ms * 1000 : 0;
    if (ms != 0)
        j->grows = j->grows / 2 + rate / 2;
}

void hr_leaves_sample(struct hr_leaves *l, uint64_t now)
{
    l->resident = 0;
    for (size_t i = 0; i < l->n; i++) {
        struct hr_leaf *f = &l->leaf[i];
        struct hr_job *j = &l->job[i];
        uint64_t bytes;
        if (j->state == HR_JOB_HELD || !hr_leaf_has_become(f) || hr_proc_anon(f->statm, &bytes) < 0)
            continue;
        j->fixed = false;
        grow(j, f, bytes, now);
        j->resident = bytes;
        j->peak = HR_MAX(j->peak, bytes);
        if (f->began != 0)
            hr_shape_add(&f->shape, now - f->began - f->stopped, bytes);
        f->sampled++;
        f->seen = now;
        l->resident += bytes;
    }
}

uint64_t hr_leaves_peak(const struct hr_leaves *l, size_t at, uint64_t now)
{
    const struct hr_leaf *f = &l->leaf[at];
    uint64_t peak = l->job[at].peak;
    if (f->ended_by_us)
        return peak + peak / 2;
    if (f->sampled < 3) {
        uint64_t ms = HR_MIN((now - HR_MAX(f->began, f->seen)) / 1000000, (uint64_t)BLIND_MS_MAX);
        uint64_t could = l->job[at].resident + 16 * MIB + ms * (GROWTH_PER_S / 1000);
        return HR_MAX(peak, HR_MIN(could, l->job[at].predicted));
    }
    return peak;
}

int hr_leaves_stalled(struct hr_leaves *l, uint64_t now, uint64_t ns)
{
    int found = -1;
    for (size_t i = 0; i < l->n; i++) {
        struct hr_leaf *f = &l->leaf[i];
        struct hr_proc_stat s;
        if (l->job[i].state != HR_JOB_RUNNING || l->job[i].waits || hr_proc_stat(f->pid, &s) < 0) {
            f->busy = 0;
            continue;
        }
        if (f->busy == 0 || s.cpu != f->cpu) {
            f->cpu = s.cpu;
            f->busy = now;
        } else if (now - f->busy >= ns) {
            found = (int)i;
        }
    }
    return found;
}

int hr_leaves_left_stopped(struct hr_leaves *l)
{
    struct hr_proc_stat s;
    for (size_t i = 0; i < l->n; i++)
        if (l->job[i].state == HR_JOB_RUNNING && l->leaf[i].paused_once && hr_proc_stat(l->leaf[i].pid, &s) == 0 && s.state == 'T')
            return (int)i;
    return -1;
}

void hr_leaves_close(struct hr_leaves *l)
{
    while (l->n != 0) {
        l->n--;
        hr_close(l->leaf[l->n].pidfd);
        hr_close(l->leaf[l->n].statm);
    }
}
