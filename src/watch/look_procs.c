/* The processes.  A walk over /proc when tasks were started or some seconds have passed, at an interval that keeps its cost
 * below a share of a CPU; between walks only the rows that are hot (members of jobs, the busy, the growing).  Invariants:
 *  P1  model->proc[0..proc_n) and more[0..proc_n) belong together row by row; the hash finds a row by pid.
 *  P2  (pid, born) names a process for good: a row whose birth changed is another process and begins anew.
 *  P3  kernel threads have no row; their pids are remembered and looked at again every KERNEL_AGAIN walks, since a pid is used
 *      again. */
#include "watch_inside.h"

#include "clock.h"
#include "mem.h"
#include "procfs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STAT_ROOM = 512, KERNEL_AGAIN = 16, COST_SHARE = 500, KERNEL_FLAG = 0x00200000 };
#define WALK_LEAST (2 * HR_SECOND)
#define WALK_IDLE (3 * HR_SECOND)
#define WALK_MOST (10 * HR_SECOND)
#define FRUGAL_LEAST (5 * HR_SECOND)
#define FRUGAL_MOST (20 * HR_SECOND)
#define STATM_FROM (UINT64_C(16) << 20)
#define GROWS (UINT64_C(8) << 20)
#define READS (UINT64_C(1) << 20)      /* per second */
#define DISKS_WORK (UINT64_C(4) << 20) /* bytes per second: worth asking every process whose they are */

int hr_look_procs_open(struct hr_watch *w, struct hr_error *err)
{
    struct hr_look_procs *l = &w->procs;
    if (w->options.no_processes)
        return 0;
    l->more = hr_calloc(HR_MODEL_PROCS, sizeof *l->more);
    l->hash = hr_calloc(HR_HASH, sizeof *l->hash);
    l->kernel = hr_calloc(HR_HASH, sizeof *l->kernel);
    if (l->more == NULL || l->hash == NULL || l->kernel == NULL)
        return hr_fail_nomem(err, HR_MODEL_PROCS * sizeof *l->more, "the table of processes");
    long hz = sysconf(_SC_CLK_TCK);
    l->tick_ns = HR_SECOND / (uint64_t)(hz > 0 ? hz : 100);
    l->page = w->memory.page;
    return 0;
}

void hr_look_procs_close(struct hr_watch *w)
{
    hr_free(w->procs.more);
    hr_free(w->procs.hash);
    hr_free(w->procs.kernel);
}

/* --- finding --- */

static unsigned place(int pid)
{
    return (unsigned)pid * 2654435761u % HR_HASH;
}

int hr_look_row(const struct hr_watch *w, int pid)
{
    const struct hr_look_procs *l = &w->procs;
    for (unsigned h = place(pid); l->hash != NULL && l->hash[h] != 0; h = (h + 1) % HR_HASH)
        if (w->model->proc[l->hash[h] - 1].pid == pid)
            return l->hash[h] - 1;
    return -1;
}

static void enter(struct hr_watch *w, unsigned row)
{
    unsigned h = place(w->model->proc[row].pid);
    while (w->procs.hash[h] != 0)
        h = (h + 1) % HR_HASH;
    w->procs.hash[h] = (uint16_t)(row + 1);
}

static void index_again(struct hr_watch *w)
{
    memset(w->procs.hash, 0, HR_HASH * sizeof *w->procs.hash);
    for (unsigned i = 0; i < w->model->proc_n; i++)
        enter(w, i);
}

static bool is_kernel(const struct hr_look_procs *l, int pid)
{
    for (unsigned h = place(pid); l->kernel[h] != 0; h = (h + 1) % HR_HASH)
        if (l->kernel[h] == pid)
            return true;
    return false;
}

static void add_kernel(struct hr_look_procs *l, int pid)
{
    unsigned h = place(pid);
    if (l->kernel_n >= HR_MODEL_PROCS) /* more than these are read at every walk */
        return;
    while (l->kernel[h] != 0)
        h = (h + 1) % HR_HASH;
    l->kernel[h] = pid;
    l->kernel_n++;
}

/* --- one process --- */

bool hr_stat_line(const char *text, size_t n, struct hr_stat_line *ret)
{
    const char *end = text + n, *p = text, *open = memchr(text, '(', n), *close = NULL;
    for (const char *q = end; open != NULL && q > open && close == NULL; q--)
        close = q[-1] == ')' ? q - 1 : NULL;
    if (close == NULL || end - close < 4)
        return false;
    struct hr_stat_line s = { .pid = (int)hr_digits(&p, open), .state = close[2] };
    size_t len = HR_MIN((size_t)(close - open - 1), sizeof s.comm - 1);
    memcpy(s.comm, open + 1, len);
    uint64_t v[25] = { 0 };
    p = close + 4;
    for (unsigned field = 4; field <= 24 && p < end; field++) {
        p += *p == '-'; /* a group of -1 is none of ours */
        v[field] = hr_digits(&p, end);
        while (p < end && *p++ != ' ')
            ;
    }
    s.parent = (int)v[4];
    s.group = (int)v[5];
    s.kernel = (v[9] & KERNEL_FLAG) != 0;
    s.major = v[12];
    s.ticks = v[14] + v[15];
    s.threads = v[20];
    s.born = v[22];
    s.pages = v[24];
    if (s.pid <= 0 || (s.born == 0 && s.pid != 1))
        return false;
    *ret = s;
    return true;
}

static void statm(struct hr_watch *w, struct hr_proc_load *p)
{
    char text[128];
    int64_t n = hr_sight_proc(&w->sight, p->pid, "statm", text, sizeof text);
    if (n <= 0)
        return;
    const char *at = text, *end = text + n;
    hr_number(&at, end);
    uint64_t resident = hr_number(&at, end), shared = hr_number(&at, end);
    p->own = HR_READ((resident > shared ? resident - shared : 0) * w->procs.page);
}

static void io(struct hr_watch *w, struct hr_proc_load *p, struct hr_proc_more *more)
{
    static const char *const keys[] = { "read_bytes", "write_bytes" };
    char text[512];
    uint64_t v[2], now = hr_watch_now(w), span = more->io_at == 0 ? 0 : now - more->io_at;
    bool f[2];
    int64_t n = hr_sight_proc(&w->sight, p->pid, "io", text, sizeof text);
    if (n <= 0) {
        p->read = p->written = HR_UNREAD(n == -EACCES || n == -EPERM ? HR_WHY_FORBIDDEN : n == -ENOENT ? HR_WHY_KERNEL : HR_WHY_GONE);
        return;
    }
    hr_keyed((struct hr_str) { text, (size_t)n }, keys, 2, v, f);
    p->read = f[0] ? hr_rate(&more->read, v[0], span) : HR_UNREAD(HR_WHY_KERNEL);
    p->written = f[1] ? hr_rate(&more->written, v[1], span) : HR_UNREAD(HR_WHY_KERNEL);
    more->io_at = now;
}

static void apply(struct hr_watch *w, unsigned row, const struct hr_stat_line *s)
{
    struct hr_proc_load *p = &w->model->proc[row];
    struct hr_proc_more *more = &w->procs.more[row];
    uint64_t now = hr_watch_now(w), span = more->at == 0 ? 0 : now - more->at, was = p->resident.v;
    if (span != 0 && s->ticks >= more->ticks)
        p->cpu = (float)((double)(s->ticks - more->ticks) * (double)w->procs.tick_ns * 100 / (double)span);
    p->faults = hr_rate(&more->faults, s->major, span);
    more->ticks = s->ticks;
    more->at = now;
    more->seq = w->model->seq;
    more->group = s->group;
    if (p->parent != s->parent || memcmp(p->comm, s->comm, sizeof p->comm) != 0) {
        w->procs.changed = true;
        if (memcmp(p->comm, s->comm, sizeof p->comm) != 0)
            more->flags &= (uint16_t)~HR_FLAG_NAMED; /* it became another program, or named its thread */
    }
    p->parent = s->parent;
    p->state = s->state;
    memcpy(p->comm, s->comm, sizeof p->comm);
    p->threads = (uint32_t)s->threads;
    p->resident = HR_READ(s->pages * w->procs.page);
    bool member = p->job >= 0, grows = p->resident.v > was + GROWS;
    if (p->resident.v >= STATM_FROM || member)
        statm(w, p);
    else
        p->own = HR_UNREAD(HR_WHY_COSTLY);
    bool reads = p->read.why == HR_WHY_KNOWN && p->read.v + p->written.v >= READS;
    if (member || p->cpu >= 2 || grows || reads)
        more->flags |= HR_FLAG_HOT;
    else if (p->cpu < 1)
        more->flags &= (uint16_t)~HR_FLAG_HOT;
    if ((more->flags & HR_FLAG_HOT) != 0 || p->state == 'D' || w->procs.disks_work)
        io(w, p, more);
    else
        p->read = p->written = HR_UNREAD(HR_WHY_COSTLY);
}

static void begin_row(struct hr_watch *w, unsigned row, const struct hr_stat_line *s)
{
    struct hr_proc_load *p = &w->model->proc[row];
    memset(p, 0, sizeof *p);
    memset(&w->procs.more[row], 0, sizeof w->procs.more[row]);
    p->pid = s->pid;
    p->born = s->born;
    p->parent = s->parent;
    p->job = p->rank = -1;
    p->cpu = -1;
    memcpy(p->comm, s->comm, sizeof p->comm);
    p->own = p->pss = p->swap = HR_UNREAD(HR_WHY_LATER);
    p->read = p->written = HR_UNREAD(HR_WHY_COSTLY);
    w->procs.changed = true;
}

/* -1: it is gone. */
static int64_t stat_of(struct hr_watch *w, int pid, struct hr_stat_line *s)
{
    char text[STAT_ROOM];
    int64_t n = hr_sight_proc(&w->sight, pid, "stat", text, sizeof text);
    return n > 0 && hr_stat_line(text, (size_t)n, s) ? 0 : -1;
}

static void remove_row(struct hr_watch *w, unsigned row)
{
    struct hr_model *m = w->model;
    unsigned last = --m->proc_n;
    if (row != last) {
        m->proc[row] = m->proc[last];
        w->procs.more[row] = w->procs.more[last];
    }
    w->procs.changed = true;
}

/* --- the walk --- */

static bool seen(void *ctx, int pid)
{
    struct hr_watch *w = ctx;
    struct hr_look_procs *l = &w->procs;
    struct hr_model *m = w->model;
    struct hr_stat_line s;
    int row = hr_look_row(w, pid);
    if (row < 0 && is_kernel(l, pid)) {
        m->kernel_threads++;
        return true;
    }
    if (stat_of(w, pid, &s) < 0)
        return true;
    if (s.kernel) {
        m->kernel_threads++;
        add_kernel(l, pid);
        return true;
    }
    if (row < 0 && m->proc_n == HR_MODEL_PROCS) {
        m->proc_cut++;
        return true;
    }
    if (row < 0) {
        row = (int)m->proc_n++;
        begin_row(w, (unsigned)row, &s);
        enter(w, (unsigned)row);
    } else if (m->proc[row].born != s.born) {
        begin_row(w, (unsigned)row, &s);
    } else {
        l->more[row].flags |= HR_FLAG_SEEN_TWICE;
    }
    if (l->more[row].seq != m->seq)
        apply(w, (unsigned)row, &s);
    l->more[row].walk = l->walk;
    return true;
}

static void walk(struct hr_watch *w)
{
    struct hr_look_procs *l = &w->procs;
    struct hr_model *m = w->model;
    uint64_t begun = hr_cpu_thread(), calls = 0;
    if (l->walk++ % KERNEL_AGAIN == 0) {
        memset(l->kernel, 0, HR_HASH * sizeof *l->kernel);
        l->kernel_n = 0;
    }
    m->kernel_threads = m->proc_cut = 0;
    int r = w->sight.proc < 0 ? w->sight.proc : hr_proc_each_of(w->sight.proc, seen, w, &calls);
    w->sight.calls += calls;
    m->procs_known = r < 0 ? hr_truth_unknown("/proc cannot be listed") : hr_truth_of(true);
    if (r < 0) /* a list that stopped half-way says nothing about who has gone */
        return;
    bool gone = false;
    for (unsigned i = m->proc_n; i-- > 0;)
        if (l->more[i].walk != l->walk) {
            remove_row(w, i);
            gone = true;
        }
    if (gone)
        index_again(w);
    l->walked_at = m->at;
    l->forks = w->cpu.forks_seen;
    l->walk_cost = hr_cpu_thread() - begun;
}

static bool due(const struct hr_watch *w)
{
    const struct hr_look_procs *l = &w->procs;
    bool moved = w->cpu.forks_seen != l->forks, frugal = w->options.frugal;
    uint64_t since = w->model->at - l->walked_at, dear = l->walk_cost * COST_SHARE * (frugal ? 4 : 1);
    uint64_t least = frugal ? FRUGAL_LEAST : moved ? WALK_LEAST : WALK_IDLE;
    uint64_t every = HR_MIN(HR_MAX(dear, least), frugal ? FRUGAL_MOST : WALK_MOST);
    return l->walk == 0 || w->rare.closely || since + HR_SECOND / 20 >= every;
}

static void hot(struct hr_watch *w)
{
    struct hr_model *m = w->model;
    unsigned n = 0, most = w->options.frugal ? HR_PROC_HOT_MAX / 4 : HR_PROC_HOT_MAX;
    bool gone = false;
    for (unsigned i = m->proc_n; i-- > 0 && n < most;) {
        struct hr_stat_line s;
        if ((w->procs.more[i].flags & HR_FLAG_HOT) == 0)
            continue;
        n++;
        if (stat_of(w, m->proc[i].pid, &s) == 0 && s.born == m->proc[i].born) {
            apply(w, i, &s);
        } else {
            remove_row(w, i);
            gone = true;
        }
    }
    if (gone)
        index_again(w);
}

/* Names the new: at once those that were there at the start or are busy, others when a second walk has seen them, so that
 * the hundreds of short lives of a build cost nothing. */
static void name_some(struct hr_watch *w)
{
    enum { PER_TICK = 128 };
    struct hr_model *m = w->model;
    unsigned n = 0, most = m->seq == 1 || w->rare.closely ? HR_MODEL_PROCS : PER_TICK;
    for (unsigned i = 0; i < m->proc_n && n < most; i++) {
        struct hr_proc_more *more = &w->procs.more[i];
        bool worth = !w->sight.live || w->procs.walk == 1 || w->rare.closely || (more->flags & (HR_FLAG_SEEN_TWICE | HR_FLAG_HOT)) != 0;
        if ((more->flags & HR_FLAG_NAMED) == 0 && worth) {
            hr_name_process(w, i);
            more->flags |= HR_FLAG_NAMED;
            w->procs.changed = true;
            n++;
        }
    }
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
        unsigned row = m->proc_n++;
        begin_row(w, row, &s);
        enter(w, row);
        m->proc[row].resident = HR_READ(s.pages * w->procs.page);
        m->proc[row].state = s.state;
        m->proc[row].threads = (uint32_t)s.threads;
        w->procs.more[row].group = s.group;
        m->proc[row].faults = m->proc[row].read = m->proc[row].written = HR_UNREAD(HR_WHY_CAPTURED);
        m->procs_known = hr_truth_of(true);
    }
    hr_names_fini(&names);
}

static void count_states(struct hr_model *m)
{
    m->zombies = m->stopped = 0;
    for (unsigned i = 0; i < m->proc_n; i++) {
        m->zombies += m->proc[i].state == 'Z';
        m->stopped += m->proc[i].state == 'T' || m->proc[i].state == 't';
    }
}

static bool disks_work(const struct hr_model *m)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < m->disk_n; i++)
        sum += m->disk[i].stacked ? 0 : m->disk[i].read.v + m->disk[i].written.v;
    return sum >= DISKS_WORK;
}

void hr_look_procs(struct hr_watch *w)
{
    if (w->options.no_processes) {
        w->model->procs_known = hr_truth_unknown("not looked at");
        return;
    }
    w->procs.disks_work = w->rare.closely || w->model->seq == 1 || disks_work(w->model);
    if (w->sight.live) {
        if (due(w))
            walk(w);
        else
            hot(w);
    } else if (w->model->seq == 1) {
        captured(w);
    }
    name_some(w);
    count_states(w->model);
}
