/* The figures that all decisions stand on: who is below the command, what each takes, what is left, and when to look again. */
#include "warden.h"

#include "clock.h"
#include "file.h"
#include "procfs.h"

enum { TREE_MAX = 4096 };
#define MS UINT64_C(1000000)
#define SCAN_GATED (1000 * MS)
#define SCAN_BLIND (100 * MS)
#define TICK_LEAST (20 * MS)
#define TICK_WALL (5 * MS) /* where the kernel's limit is a tenth of a second away */
#define TICK_MOST (50 * MS)
#define TICK_IDLE (100 * MS) /* while no leaf is there */
#define GROWTH_LEAST (UINT64_C(512) << 20) /* bytes per second: compilers have been seen to take as much */

int hr_warden_top(const struct hr_warden *w)
{
    return w->lost ? hr_proc_self() : w->keeper.pid; /* orphans of a keeper that was killed come to the watcher */
}

size_t hr_warden_tree(const struct hr_warden *w, const int **ret)
{
    static int pids[TREE_MAX];
    *ret = pids;
    return hr_descendants(hr_warden_top(w), pids, TREE_MAX);
}

/* 0: it is gone. */
static uint64_t own_memory(int pid)
{
    int fd = hr_proc_open_statm(pid);
    uint64_t bytes = 0;
    if (fd >= 0)
        (void)!hr_proc_anon(fd, &bytes);
    hr_close(fd);
    return bytes;
}

/* What those take that are no leaves; and where not every leaf shows itself, which have come. */
static void scan(struct hr_warden *w, uint64_t now)
{
    bool gated = hr_warden_gated(w);
    uint64_t least = w->r->gate ? SCAN_GATED : SCAN_BLIND, others = 0;
    if (w->scanned != 0 && now - w->scanned < HR_MAX(least, w->scan_every))
        return;
    w->scanned = now;
    uint64_t begin = hr_cpu_thread();
    const int *pid;
    size_t n = hr_warden_tree(w, &pid);
    for (size_t i = 0; i < n; i++) {
        if (!gated && hr_leaves_find(&w->leaves, pid[i]) < 0)
            hr_warden_found(w, pid[i], now);
        if (hr_leaves_find(&w->leaves, pid[i]) < 0)
            others += own_memory(pid[i]);
    }
    w->others = others;
    /* On a machine of thousands of processes this is dear: it may take a quarter percent of a CPU, and two where nothing else shows
     * the leaves. */
    w->scan_every = (hr_cpu_thread() - begin) * (gated ? 400 : 50);
}

/* When to look again: where a leaf could take an eighth of what is left. */
static void set_tick(struct hr_warden *w)
{
    uint64_t rate = w->space.foreign, room = w->space.room < 0 ? 0 : (uint64_t)w->space.room;
    for (size_t i = 0; i < w->leaves.n; i++)
        rate += w->leaves.job[i].state == HR_JOB_RUNNING ? w->leaves.job[i].grows : 0;
    int64_t to_wall = w->space.room + (int64_t)HR_MIN(w->space.reserve, (uint64_t)INT64_MAX / 8);
    uint64_t least = w->space.wall && to_wall < (int64_t)(rate / 10) ? TICK_WALL : TICK_LEAST;
    uint64_t ms = room / ((rate + GROWTH_LEAST) / 1000 + 1) / 8;
    w->tick = HR_MIN(HR_MAX(ms * MS, least), w->leaves.n == 0 ? TICK_IDLE : TICK_MOST);
}

static void note_level(struct hr_warden *w, uint64_t passed)
{
    enum hr_level now = hr_level(w->leaves.job, w->leaves.n, &w->space);
    bool other = now != w->level;
    w->r->short_ns += w->level > HR_LEVEL_GREEN ? passed : 0;
    w->r->worst_level = HR_MAX(w->r->worst_level, now);
    w->level = now;
    if (other)
        hr_warden_tell(w, "level", NULL, NULL);
}

void hr_warden_look(struct hr_warden *w, uint64_t now)
{
    if (w->looked != 0 && w->leaves.n != 0)
        w->r->worst_gap_ns = HR_MAX(w->r->worst_gap_ns, now - w->looked);
    uint64_t passed = w->looked == 0 ? 0 : now - w->looked;
    w->looked = now;
    w->r->looks++;
    scan(w, now);
    hr_leaves_sample(&w->leaves, now);
    uint64_t tree = w->leaves.resident + w->others;
    w->space = hr_room_now(&w->room, w->leaves.resident, w->others, now);
    w->space.gap = HR_MAX(w->tick, passed);
    w->r->tree_peak = HR_MAX(w->r->tree_peak, tree);
    w->r->least_room = HR_MIN(w->r->least_room, w->space.room);
    note_level(w, passed);
    set_tick(w);
}
