/* One process: its stat line, and what else is read of it when that says that it matters. */
#include "watch_inside.h"

#include <errno.h>
#include <string.h>

enum { STAT_ROOM = 512, KERNEL_FLAG = 0x00200000 };
#define STATM_FROM (UINT64_C(16) << 20)
#define GROWS (UINT64_C(8) << 20)
#define STIRS (UINT64_C(1) << 20)
#define READS (UINT64_C(1) << 20) /* per second */
#define STAYS_HOT (10 * HR_SECOND)

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
    uint64_t v[29] = { 0 };
    p = close + 4;
    for (unsigned field = 4; field <= 28 && p < end; field++) {
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
    s.stack = v[28];
    if (s.pid <= 0 || (s.born == 0 && s.pid != 1))
        return false;
    *ret = s;
    return true;
}

bool hr_stat_read(struct hr_watch *w, int pid, struct hr_stat_line *ret)
{
    char text[STAT_ROOM];
    int64_t n = hr_sight_proc(&w->sight, pid, "stat", text, sizeof text);
    return n > 0 && hr_stat_line(text, (size_t)n, ret);
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

/* Who it is and what state it is in; true: one of these is another. */
static bool face(struct hr_watch *w, struct hr_proc_load *p, struct hr_proc_more *more, const struct hr_stat_line *s)
{
    /* Its stack lies where its last exec put it; one that has ended, or that we may not look at, has none. */
    bool execed = more->stack != 0 && s->stack != 0 && s->stack != more->stack;
    bool renamed = execed || memcmp(p->comm, s->comm, sizeof p->comm) != 0, moved = renamed || p->parent != s->parent;
    if (moved)
        w->procs.changed = true;
    if (renamed) { /* it became another program, or named its thread */
        more->flags &= (uint16_t)~HR_FLAG_NAMED;
        w->procs.unnamed = true;
    }
    if (p->state != s->state)
        w->procs.states_moved = moved = true;
    moved = moved || p->threads != (uint32_t)s->threads;
    more->group = s->group;
    more->stack = s->stack != 0 ? s->stack : more->stack;
    p->parent = s->parent;
    p->state = s->state;
    memcpy(p->comm, s->comm, sizeof p->comm);
    p->threads = (uint32_t)s->threads;
    return moved;
}

/* Members of jobs, the busy, the growing and those that read are hot; growth keeps one hot for a while, since from tick to tick
 * it comes in steps. */
static void temper(const struct hr_proc_load *p, struct hr_proc_more *more, bool grows, bool new)
{
    bool reads = p->read.why == HR_WHY_KNOWN && p->read.v + p->written.v >= READS;
    if (grows && !new)
        more->grew_at = more->at;
    bool grew = more->grew_at != 0 && more->at - more->grew_at < STAYS_HOT;
    if (p->job >= 0 || p->cpu >= 2 || grows || grew || reads)
        more->flags |= HR_FLAG_HOT;
    else if (p->cpu < 1)
        more->flags &= (uint16_t)~HR_FLAG_HOT;
}

bool hr_row_apply(struct hr_watch *w, unsigned row, const struct hr_stat_line *s)
{
    struct hr_proc_load *p = &w->model->proc[row];
    struct hr_proc_more *more = &w->procs.more[row];
    uint64_t now = hr_watch_now(w), span = more->at == 0 ? 0 : now - more->at, was = p->resident.v;
    hr_row_count(w, row, -1);
    if (span != 0 && s->ticks >= more->ticks)
        p->cpu = (float)((double)(s->ticks - more->ticks) * (double)w->procs.tick_ns * 100 / (double)span);
    p->faults = hr_rate(&more->faults, s->major, span);
    more->ticks = s->ticks;
    more->at = now;
    more->seq = w->model->seq;
    bool moved = face(w, p, more, s) || p->cpu >= 0.5f;
    p->resident = HR_READ(s->pages * w->procs.page);
    moved = moved || p->resident.v > was + STIRS || was > p->resident.v + STIRS;
    if (p->resident.v >= STATM_FROM || p->job >= 0)
        statm(w, p);
    else
        p->own = HR_UNREAD(HR_WHY_COSTLY);
    bool new = span == 0 && w->procs.listing > 1; /* it grew to what it is since the listing before */
    temper(p, more, (span != 0 || new) && p->resident.v > was + GROWS, new);
    if ((more->flags & HR_FLAG_HOT) != 0 || p->state == 'D' || w->procs.ask_io)
        io(w, p, more);
    else
        p->read = p->written = HR_UNREAD(HR_WHY_COSTLY);
    hr_row_count(w, row, 1);
    return moved;
}
