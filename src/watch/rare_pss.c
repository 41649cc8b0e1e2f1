/* The proportional share of memory (PSS): what a process's own memory is, and its part of what it shares.  The kernel goes through all of
 * its pages for it, so it is asked of members of jobs and of the large ones, of one after another, and what it costs is known before. */
#include "rare_inside.h"

#include "clock.h"

#include <errno.h>

#define WINDOW HR_RARE_WINDOW
#define WAIT_MOST (10 * WINDOW)
#define MIB HR_RARE_MIB
#define LARGE (64 * MIB)
#define SETTLED (30 * HR_SECOND)
#define NS_PER_MIB 17000u /* 4 KiB pages, measured: 70 ms for 4 GiB */

static uint64_t price(const struct hr_watch *w, uint64_t resident)
{
    const struct hr_look_rare *r = &w->rare;
    double per_byte = r->pss_bytes < 256 * MIB ? (double)NS_PER_MIB / (double)MIB : (double)r->pss_ns / (double)r->pss_bytes;
    return (uint64_t)(per_byte * (double)resident) + 20000;
}

/* --- measuring one --- */

static void measure(struct hr_watch *w, unsigned row)
{
    enum { PSS, ANON, SHMEM, SWAP, SWAP_SHARE, LOCKED, KEYS };
    static const char *const keys[KEYS] = { "Pss", "Pss_Anon", "Pss_Shmem", "Swap", "SwapPss", "Locked" };
    struct hr_proc_load *p = &w->model->proc[row];
    struct hr_proc_more *more = &w->procs.more[row];
    char text[2048];
    uint64_t v[KEYS] = { 0 };
    bool told[KEYS] = { false };
    int64_t n = hr_sight_proc(&w->sight, p->pid, "smaps_rollup", text, sizeof text);
    struct hr_reading was = p->pss;
    more->pss_at = w->model->at;
    if (n > 0)
        hr_keyed((struct hr_str) { text, (size_t)n }, keys, KEYS, v, told);
    if (!told[PSS]) {
        p->pss = HR_UNREAD(n == -EACCES || n == -EPERM ? HR_WHY_FORBIDDEN : n == -ENOENT ? HR_WHY_KERNEL : HR_WHY_GONE);
        return;
    }
    p->pss = HR_READ(told[ANON] && told[SHMEM] ? v[ANON] + v[SHMEM] : v[PSS]);
    p->swap = told[SWAP_SHARE] ? HR_READ(v[SWAP_SHARE]) : told[SWAP] ? HR_READ(v[SWAP]) : p->swap;
    more->locked = v[LOCKED];
    more->pss_own = p->own.why == HR_WHY_KNOWN ? p->own.v : 0;
    bool stands = was.why == HR_WHY_KNOWN && !hr_rare_apart(was.v, p->pss.v, was.v / 16 + 4 * MIB);
    more->pss_wait = stands ? HR_MIN(2 * more->pss_wait, WAIT_MOST) : WINDOW; /* R2 */
}

/* --- whose turn it is --- */

/* Compilers and the like are gone before their share is of use to anybody, and cost as much as all others together. */
static bool has_settled(const struct hr_watch *w, const struct hr_proc_load *p)
{
    uint64_t born = p->born * w->procs.tick_ns;
    const struct hr_figure *up = &w->model->uptime;
    return w->rare.closely || w->model->seq == 1 || !up->known || up->v >= born + SETTLED;
}

static bool wanted(const struct hr_watch *w, unsigned row)
{
    const struct hr_proc_load *p = &w->model->proc[row];
    const struct hr_proc_more *more = &w->procs.more[row];
    bool worth = p->state != 'Z' && (p->job >= 0 || (p->resident.v >= LARGE && has_settled(w, p)));
    if (!worth || p->own.why != HR_WHY_KNOWN)
        return false;
    if (more->pss_at == 0)
        return true;
    uint64_t was = more->pss_own, age = w->model->at - more->pss_at;
    return age >= HR_MAX(more->pss_wait, WINDOW) || (age >= 5 * HR_SECOND && hr_rare_apart(p->own.v, was, was / 4 + 32 * MIB));
}

static bool comes_before(const struct hr_watch *w, unsigned a, unsigned b)
{
    bool a_member = w->model->proc[a].job >= 0, b_member = w->model->proc[b].job >= 0;
    return a_member != b_member ? a_member : w->procs.more[a].pss_at < w->procs.more[b].pss_at;
}

/* The row that has waited longest, members of jobs before others; -1: none wants to be measured. */
static int next(const struct hr_watch *w)
{
    int best = -1;
    for (unsigned i = 0; i < w->model->proc_n; i++)
        if (wanted(w, i) && (best < 0 || comes_before(w, i, (unsigned)best)))
            best = (int)i;
    return best;
}

void hr_rare_pss(struct hr_watch *w)
{
    struct hr_look_rare *r = &w->rare;
    uint64_t begun = hr_cpu_thread(), most = r->closely ? HR_RARE_CLOSELY / 2 : HR_RARE_SLICE;
    for (int row; (row = next(w)) >= 0 && hr_cpu_thread() - begun < most;) {
        struct hr_proc_load *p = &w->model->proc[row];
        uint64_t t = hr_cpu_thread(), dear = price(w, p->resident.v);
        if (dear > (r->closely ? HR_RARE_CLOSELY : HR_RARE_BUDGET)) {
            p->pss = HR_UNREAD(HR_WHY_COSTLY);
            w->procs.more[row].pss_at = w->model->at;
            continue;
        }
        if (dear > hr_rare_left(w))
            break;
        measure(w, (unsigned)row);
        uint64_t took = hr_cpu_thread() - t;
        hr_rare_spend(w, took);
        r->pss_ns += took;
        r->pss_bytes += p->resident.v;
    }
}
