/* What the machine's totals say and the rows do not: reasons to read all rows at once, so that they may otherwise be read seldom.
 * A gauge is the gap between a total that every tick reads anyway (anonymous memory, CPU time, disks) and the sum over the rows.
 *  A1  A gap that stands is nobody's (kernel, other containers, processes too small to count): the base.  It follows the gap down,
 *      and is taken anew by a sweep; what is beyond base and threshold is somebody's whom no row shows yet.
 *  A2  Sweeps that a gauge asks for cost, over time, at most its share of a CPU (all together 0.035 %), and what was saved up lasts
 *      for AT_ONCE of them: a gap that no sweep can explain costs no more than that.
 *  A3  Each gauge has a credit of its own, so that builds whose processes come and go do not use up memory's. */
#include "watch_inside.h"

enum { AT_ONCE = 2 };
#define LEAST_CREDIT (HR_SECOND / 500)
#define MEMORY_LEAST (UINT64_C(16) << 20)
#define MEMORY_MOST (UINT64_C(128) << 20)
#define CPU_OVER 25.0                   /* percent of one CPU */
#define DISKS_OVER (double)(UINT64_C(4) << 20) /* bytes per second */

/* false: it cannot be told. */
static bool memory_gap(const struct hr_watch *w, double *ret, double *ret_over)
{
    const struct hr_account *a = &w->model->memory;
    struct hr_reading anon = a->part[HR_PART_ANON];
    if (anon.why != HR_WHY_KNOWN || !a->total.known)
        return false;
    uint64_t room = a->limit.known ? HR_MIN(a->limit.v, a->total.v) : a->total.v;
    *ret = (double)anon.v - (double)w->procs.sum.own;
    *ret_over = (double)HR_MAX(HR_MIN(room / 128, MEMORY_MOST), MEMORY_LEAST);
    return true;
}

static bool cpu_gap(const struct hr_watch *w, double *ret, double *ret_over)
{
    const struct hr_cpu_load *c = &w->model->cpu;
    *ret = (c->user.v + c->system.v) * c->n - (double)w->procs.sum.cpu / 1000; /* what others take from a virtual machine is nobody's here */
    *ret_over = CPU_OVER + w->procs.gauge[HR_GAUGE_CPU].base / 2; /* where much is nobody's (short lives), it also varies */
    return c->user.known && c->system.known;
}

static bool disks_gap(const struct hr_watch *w, double *ret, double *ret_over)
{
    const struct hr_model *m = w->model;
    double sum = 0;
    bool any = false;
    for (unsigned i = 0; i < m->disk_n; i++) {
        const struct hr_disk_load *d = &m->disk[i];
        bool counts = !d->stacked && d->read.why == HR_WHY_KNOWN && d->written.why == HR_WHY_KNOWN;
        sum += counts ? (double)d->read.v + (double)d->written.v : 0;
        any |= counts;
    }
    *ret = sum - (double)w->procs.sum.moved;
    *ret_over = DISKS_OVER;
    return any;
}

static const struct rule {
    bool (*gap)(const struct hr_watch *w, double *ret, double *ret_over);
    unsigned share; /* of a CPU, one part in so many */
    unsigned ticks; /* of too much in a row, before it counts */
    bool nothing;   /* the base begins at nothing, not at the first gap */
    bool twice;     /* a rate that is asked for the first time is known after the second sweep */
} rules[HR_GAUGES] = {
    [HR_GAUGE_MEMORY] = { memory_gap, 4000, 1, false, false },
    [HR_GAUGE_CPU] = { cpu_gap, 16000, 2, true, false },
    [HR_GAUGE_DISKS] = { disks_gap, 32000, 2, true, true },
};

static bool over(struct hr_watch *w, enum hr_gauge_kind k)
{
    struct hr_gauge *g = &w->procs.gauge[k];
    double gap, most;
    if (!rules[k].gap(w, &gap, &most))
        return false;
    if (!g->have) {
        g->base = rules[k].nothing ? 0 : gap;
        g->have = true;
    }
    if (rules[k].nothing)
        gap = HR_MAX(gap, 0.0);
    if (gap < g->base) /* half of the way, for a total and a sum that are not of the same instant */
        g->base = (g->base + gap) / 2;
    return gap > g->base + most;
}

enum hr_gauge_kind hr_proc_alarm(struct hr_watch *w)
{
    int64_t most = (int64_t)HR_MAX(w->procs.sweep_cost * AT_ONCE, LEAST_CREDIT);
    enum hr_gauge_kind found = HR_GAUGES;
    for (unsigned k = 0; k < HR_GAUGES; k++) {
        struct hr_gauge *g = &w->procs.gauge[k];
        g->credit = HR_MIN(g->credit + (int64_t)(w->model->span / rules[k].share), most);
        g->over = over(w, (enum hr_gauge_kind)k) ? g->over + 1 : 0;
        if (g->over >= rules[k].ticks && g->credit > 0 && found == HR_GAUGES)
            found = (enum hr_gauge_kind)k;
    }
    return found;
}

bool hr_proc_explained(struct hr_watch *w, enum hr_gauge_kind of, uint64_t cost)
{
    struct hr_gauge *g = &w->procs.gauge[of];
    g->credit -= (int64_t)cost;
    if (!over(w, of))
        g->over = 0;
    return g->over == 0;
}

void hr_proc_swept(struct hr_watch *w, enum hr_gauge_kind of, uint64_t cost)
{
    bool begun = w->procs.sweep_cost != 0;
    w->procs.sweep_cost = cost;
    for (unsigned k = 0; k < HR_GAUGES; k++) {
        struct hr_gauge *g = &w->procs.gauge[k];
        double gap, most;
        bool first = rules[k].twice && k == (unsigned)of && !g->half;
        g->half = first;
        g->over = 0;
        if (k == (unsigned)of)
            g->credit -= (int64_t)cost;
        if (!begun)
            g->credit = (int64_t)cost; /* one at once */
        else if (g->have && !first && rules[k].gap(w, &gap, &most))
            g->base = HR_MAX(gap, rules[k].nothing ? 0 : gap);
    }
}
