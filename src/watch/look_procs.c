/* The processes, read in turns.  A listing of /proc (names alone) tells who is there; each row is read when it is due.  Invariants:
 *  L1  A process is listed at the latest LIST_MOST after it began, when the kernel's counts of tasks tell that some came or went (they
 *      are read in every tick), and at the latest LIST_IDLE after it where they do not tell; and never so often that listing takes
 *      more than one part in LIST_SHARE of a CPU.
 *  L2  A row whose reading showed nothing new waits twice as long for the next, up to the round; one that moved is due again after
 *      LEAST; a hot one (member of a job, busy, growing, reading) in every tick.
 *  L3  The round is as long as it must be for reading all rows to take one part in ROUND_SHARE of a CPU, but at least ROUND_LEAST and
 *      at most ROUND_MOST.  So every process is looked at within ROUND_MOST, whatever the machine shows.
 *  L4  Memory, CPU time or storage that the machine shows and the rows do not (proc_alarm.c) has all of them read in the same tick:
 *      who begins to grow is not waited for.
 *  L5  A tick reads at most `most` rows that are due; whose turn was passed over is first in the next. */
#include "watch_inside.h"

#include "clock.h"
#include "mem.h"
#include "procfs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { KERNEL_AGAIN = 16, READ_COST = 15000, EIGHTH = 8 };
#define SLACK (HR_SECOND / 20)      /* ticks are not quite a period apart */
#define AGAIN (2 * HR_SECOND)       /* a new process is read a second time */
#define QUIET_LIFE 200              /* one part of its life in which a quiet process ran at most */

static const struct pace {
    uint64_t least, round_least, round_most, first_most, blind_most; /* blind: no gauge of memory */
    uint64_t list_least, list_most, list_idle;
    unsigned round_share, list_share, most;
} paces[2] = {
    { 2 * HR_SECOND, 3 * HR_SECOND, 15 * HR_SECOND, 4 * HR_SECOND, 10 * HR_SECOND, 1 * HR_SECOND, 10 * HR_SECOND, 15 * HR_SECOND, 1000, 1000, 160 },
    { 4 * HR_SECOND, 20 * HR_SECOND, 90 * HR_SECOND, 90 * HR_SECOND, 15 * HR_SECOND, 4 * HR_SECOND, 20 * HR_SECOND, 60 * HR_SECOND, 6000, 5000, 40 },
};

static const struct pace *pace_of(const struct hr_watch *w)
{
    return &paces[w->options.frugal];
}

int hr_look_procs_open(struct hr_watch *w, struct hr_error *err)
{
    struct hr_look_procs *l = &w->procs;
    if (w->options.no_processes)
        return 0;
    l->more = hr_calloc(HR_MODEL_PROCS, sizeof *l->more);
    l->turn = hr_calloc(HR_MODEL_PROCS, sizeof *l->turn);
    l->hash = hr_calloc(HR_HASH, sizeof *l->hash);
    l->kernel = hr_calloc(HR_HASH, sizeof *l->kernel);
    if (l->more == NULL || l->turn == NULL || l->hash == NULL || l->kernel == NULL)
        return hr_fail_nomem(err, HR_MODEL_PROCS * sizeof *l->more, "the table of processes");
    long hz = sysconf(_SC_CLK_TCK);
    l->tick_ns = HR_SECOND / (uint64_t)(hz > 0 ? hz : 100);
    l->page = w->memory.page;
    l->read_cost = READ_COST;
    return 0;
}

void hr_look_procs_close(struct hr_watch *w)
{
    hr_free(w->procs.more);
    hr_free(w->procs.turn);
    hr_free(w->procs.hash);
    hr_free(w->procs.kernel);
}

/* --- whose turn it is --- */

/* L3 */
static uint64_t round_of(const struct hr_watch *w)
{
    const struct pace *p = pace_of(w);
    uint64_t all = w->model->proc_n * w->procs.read_cost * p->round_share;
    bool blind = w->model->memory.part[HR_PART_ANON].why != HR_WHY_KNOWN;
    return HR_MIN(HR_MAX(all, p->round_least), blind ? p->blind_most : p->round_most);
}

/* A part of `ns` that is this process's own, so that those that were read together do not stay together. */
static uint64_t share_of(uint64_t ns, int pid)
{
    return ns / 256 * ((unsigned)pid * 2654435761u >> 24);
}

/* L2 */
static void plan(struct hr_watch *w, unsigned row, bool moved)
{
    struct hr_proc_more *more = &w->procs.more[row];
    uint64_t least = pace_of(w)->least;
    more->wait = moved ? least : HR_MIN(HR_MAX(more->wait * 2, least), round_of(w));
    w->procs.turn[row].due = (more->flags & HR_FLAG_HOT) != 0 ? 0 : w->model->at + more->wait - share_of(more->wait / 4, w->procs.turn[row].pid);
}

/* After the first reading, at which nothing can have moved.  Who has been quiet for all its life is believed to go on so for a
 * round. */
static void plan_first(struct hr_watch *w, unsigned row, bool at_start)
{
    struct hr_proc_more *more = &w->procs.more[row];
    const struct hr_proc_load *p = &w->model->proc[row];
    const struct hr_figure *up = &w->model->uptime;
    uint64_t born = p->born * w->procs.tick_ns, age = up->known && up->v > born ? up->v - born : 0;
    bool quiet = at_start && p->state != 'R' && p->state != 'D' && more->ticks * w->procs.tick_ns <= age / QUIET_LIFE;
    if (quiet) {
        more->wait = round_of(w);
        w->procs.turn[row].due = w->model->at + share_of(HR_MIN(more->wait, pace_of(w)->first_most), p->pid);
    } else {
        more->wait = AGAIN / 2;
        w->procs.turn[row].due = at_start || (more->flags & HR_FLAG_HOT) != 0 ? 0 : w->model->at + AGAIN;
    }
}

static void read_row(struct hr_watch *w, unsigned row)
{
    struct hr_look_procs *l = &w->procs;
    struct hr_stat_line s;
    if (l->more[row].seq == w->model->seq)
        return;
    if (!hr_stat_read(w, l->turn[row].pid, &s)) {
        l->turn[row].listed = 0;
        l->gone = true;
    } else if (s.born != w->model->proc[row].born) {
        hr_row_anew(w, row, &s);
        hr_row_apply(w, row, &s);
        plan_first(w, row, false);
    } else {
        l->more[row].flags |= HR_FLAG_SEEN_TWICE;
        plan(w, row, hr_row_apply(w, row, &s));
    }
}

/* L5 */
static void turns(struct hr_watch *w)
{
    struct hr_look_procs *l = &w->procs;
    unsigned n = w->model->proc_n, most = pace_of(w)->most + n / EIGHTH, read = 0, i = l->cursor < n ? l->cursor : 0;
    uint64_t now = w->model->at + SLACK, begun = hr_cpu_thread();
    for (unsigned k = 0; k < n && read < most; k++, i = i + 1 == n ? 0 : i + 1)
        if (l->turn[i].due <= now) {
            read_row(w, i);
            read++;
        }
    l->cursor = i;
    if (read != 0)
        l->read_cost = (l->read_cost * (EIGHTH - 1) + (hr_cpu_thread() - begun) / read) / EIGHTH;
    hr_rows_drop(w);
}

/* --- who is there --- */

static bool listed(void *ctx, int pid)
{
    struct hr_watch *w = ctx;
    struct hr_look_procs *l = &w->procs;
    struct hr_model *m = w->model;
    struct hr_stat_line s;
    int at = hr_look_row(w, pid);
    if (at >= 0) {
        l->turn[at].listed = l->listing;
        return true;
    }
    if (hr_kernel_thread(l, pid)) {
        m->kernel_threads++;
        return true;
    }
    if (!hr_stat_read(w, pid, &s))
        return true;
    if (s.kernel) {
        m->kernel_threads++;
        hr_kernel_thread_add(l, pid);
        return true;
    }
    if (m->proc_n == HR_MODEL_PROCS) {
        m->proc_cut++;
        return true;
    }
    unsigned row = hr_row_add(w, &s);
    hr_row_apply(w, row, &s);
    plan_first(w, row, false);
    return true;
}

static void list(struct hr_watch *w)
{
    struct hr_look_procs *l = &w->procs;
    struct hr_model *m = w->model;
    uint64_t begun = hr_cpu_thread(), calls = 0, first = m->proc_n;
    if (l->listing++ % KERNEL_AGAIN == 0)
        hr_kernel_threads_forget(l);
    m->kernel_threads = m->proc_cut = 0;
    int r = w->sight.proc < 0 ? w->sight.proc : hr_proc_each_of(w->sight.proc, listed, w, &calls);
    w->sight.calls += calls;
    m->procs_known = r < 0 ? hr_truth_unknown("/proc cannot be listed") : hr_truth_of(true);
    l->listed_at = m->at;
    l->forks = w->cpu.forks_seen;
    l->tasks = w->cpu.tasks_seen;
    for (unsigned i = 0; i < m->proc_n && l->listing == 1; i++) /* the round is known by now */
        plan_first(w, i, true);
    if (r < 0) /* a list that stopped half-way says nothing about who has gone */
        return;
    for (unsigned i = 0; i < m->proc_n; i++)
        if (l->turn[i].listed != l->listing) {
            l->turn[i].listed = 0;
            l->gone = true;
        }
    uint64_t took = hr_cpu_thread() - begun, new = (m->proc_n - first) * l->read_cost;
    if (l->listing % KERNEL_AGAIN != 1) /* those read kernel threads, too */
        l->list_cost = took > new ? took - new : 0;
    hr_rows_drop(w);
}

/* L1.  A count that is not told moves always. */
static bool list_due(const struct hr_watch *w)
{
    const struct hr_look_procs *l = &w->procs;
    const struct pace *p = pace_of(w);
    bool moved = w->cpu.forks_seen != l->forks || w->cpu.tasks_seen != l->tasks || l->forks == 0 || l->tasks == 0;
    uint64_t every = HR_MIN(HR_MAX(l->list_cost * p->list_share, p->list_least), p->list_most);
    return w->model->at - l->listed_at + SLACK >= (moved ? every : p->list_idle);
}

static void sweep(struct hr_watch *w, enum hr_gauge_kind of)
{
    uint64_t begun = hr_cpu_thread();
    if (w->procs.listed_at != w->model->at)
        list(w);
    for (unsigned i = 0; i < w->model->proc_n; i++)
        read_row(w, i);
    hr_rows_drop(w);
    hr_proc_swept(w, of, hr_cpu_thread() - begun);
}

/* L4.  Most often it is somebody new. */
static void alarmed(struct hr_watch *w, enum hr_gauge_kind of)
{
    uint64_t begun = hr_cpu_thread();
    w->procs.ask_io = of == HR_GAUGE_DISKS;
    if (w->procs.listed_at != w->model->at)
        list(w);
    if (!hr_proc_explained(w, of, hr_cpu_thread() - begun))
        sweep(w, of);
}

static void live(struct hr_watch *w)
{
    struct hr_look_procs *l = &w->procs;
    l->ask_io = l->listing == 0 || w->rare.closely;
    if (l->ask_io) {
        sweep(w, HR_GAUGES);
    } else {
        turns(w);
        if (list_due(w))
            list(w);
        enum hr_gauge_kind of = hr_proc_alarm(w);
        if (of != HR_GAUGES)
            alarmed(w, of);
    }
    l->ask_io = false;
}

/* What jobs are made of; between its fork and its exec it has another's name, so it is named again. */
static bool python(const struct hr_proc_load *p)
{
    return memcmp(p->comm, "python", 6) == 0 || memcmp(p->comm, "pt_", 3) == 0 || memcmp(p->comm, "torchrun", 8) == 0;
}

/* Names the new: at once those that were there at the start, are busy or may be of a job, others when they were read twice, so that the
 * hundreds of short lives of a build cost nothing. */
static void name_some(struct hr_watch *w)
{
    enum { PER_TICK = 128 };
    struct hr_model *m = w->model;
    unsigned n = 0, most = m->seq == 1 || w->rare.closely ? HR_MODEL_PROCS : PER_TICK;
    bool left = false;
    for (unsigned i = 0; i < m->proc_n && w->procs.unnamed; i++) {
        struct hr_proc_more *more = &w->procs.more[i];
        bool worth = !w->sight.live || w->procs.listing == 1 || w->rare.closely || (more->flags & (HR_FLAG_SEEN_TWICE | HR_FLAG_HOT)) != 0;
        bool early = !worth && (more->flags & HR_FLAG_EARLY) == 0 && python(&m->proc[i]);
        if ((more->flags & HR_FLAG_NAMED) != 0)
            continue;
        left = left || !worth || n >= most;
        if ((!worth && !early) || n >= most)
            continue;
        hr_name_process(w, i);
        more->flags |= worth ? HR_FLAG_NAMED : HR_FLAG_EARLY;
        w->procs.changed = true;
        n++;
    }
    w->procs.unnamed = left;
}

/* --- a captured machine --- */

static void captured(struct hr_watch *w)
{
    struct hr_model *m = w->model;
    struct hr_names names;
    struct hr_kept_file f = { NULL, 0 };
    m->procs_known = hr_truth_unknown("this capture holds no processes");
    if (m->seq != 1 || hr_root_list(w->sight.root, "proc", &names, NULL) < 0)
        return;
    for (size_t i = 0; i < names.n && m->proc_n < HR_MODEL_PROCS; i++) {
        char path[64];
        struct hr_stat_line s;
        const char *d = names.name[i], *end = d + strlen(d);
        uint64_t pid = hr_digits(&d, end);
        if (d != end || pid == 0 || pid > INT32_MAX || strlen(names.name[i]) > 10)
            continue;
        snprintf(path, sizeof path, "proc/%.10s/stat", names.name[i]);
        f.path = path;
        struct hr_str text = hr_sight_read(&w->sight, &f);
        if (text.p == NULL || !hr_stat_line(text.p, text.n, &s) || s.kernel || s.pid != (int)pid)
            continue;
        unsigned row = hr_row_add(w, &s);
        m->proc[row].resident = HR_READ(s.pages * w->procs.page);
        m->proc[row].state = s.state;
        m->proc[row].threads = (uint32_t)s.threads;
        w->procs.more[row].group = s.group;
        m->proc[row].faults = m->proc[row].read = m->proc[row].written = HR_UNREAD(HR_WHY_CAPTURED);
        m->procs_known = hr_truth_of(true);
    }
    hr_names_fini(&names);
}

static void count_states(struct hr_watch *w)
{
    struct hr_model *m = w->model;
    if (!w->procs.states_moved)
        return;
    w->procs.states_moved = false;
    m->zombies = m->stopped = 0;
    for (unsigned i = 0; i < m->proc_n; i++) {
        m->zombies += m->proc[i].state == 'Z';
        m->stopped += m->proc[i].state == 'T' || m->proc[i].state == 't';
    }
}

void hr_look_procs(struct hr_watch *w)
{
    if (w->options.no_processes) {
        w->model->procs_known = hr_truth_unknown("not looked at");
        return;
    }
    if (w->sight.live)
        live(w);
    else if (w->model->seq == 1)
        captured(w);
    name_some(w);
    count_states(w);
}
