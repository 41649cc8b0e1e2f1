#include "replay.h"

#include "admit.h"
#include "history.h"
#include "mem.h"

#include <string.h>

#define KIB UINT64_C(1024)
#define MS UINT64_C(1000000)
#define AGE (20000 * MS)
enum { STEPS_PER_RECORD = 8000, STEPS_MAX = 2000000, AT_ONCE_MAX = 1024, NOBODY = -1 };

/* Where a leaf's coming hangs on. */
enum after { AFTER_ALL, AFTER_ONE, AFTER_STEP };
struct node {
    const struct hr_course_leaf *l;
    enum after after;
    int on;      /* AFTER_ONE: whose end; AFTER_STEP: the first of the step, whose coming counts */
    double gap;  /* ms between that and its coming */
    double work; /* ms of a CPU */
    double due;  /* ms; < 0: not yet known */
    double came, left; /* when it came; work still to do */
    bool done, taken, here;
};

/* Bytes it holds after that share of its time: a point is reached at the end of its eighth, and a straight line leads there. */
static double holds(const struct hr_course_leaf *l, double share)
{
    double at = HR_MIN(HR_MAX(share * HR_SHAPE_POINTS, 0.0), HR_SHAPE_POINTS - 1e-9);
    size_t i = (size_t)at;
    double from = i == 0 ? 0 : l->shape[i - 1], to = l->shape[i];
    return (from + (to - from) * (at - (double)i)) / 255.0 * (double)l->peak * KIB;
}

/* --- the record --- */

/* Leaves in the order of their coming; by bottom-up merging, for courses come nearly sorted. */
static bool earlier(const struct hr_course_leaf *a, const struct hr_course_leaf *b)
{
    return a->arrived != b->arrived ? a->arrived < b->arrived : a->began < b->began;
}

static bool sorted(const struct hr_course *c, struct node *node, struct node *other)
{
    struct node *from = node, *to = other;
    for (size_t i = 0; i < c->n; i++)
        node[i] = (struct node) { .l = &c->leaf[i], .on = NOBODY, .due = -1 };
    for (size_t width = 1; width < c->n; width *= 2) {
        for (size_t at = 0; at < c->n; at += 2 * width) {
            size_t a = at, a_end = HR_MIN(at + width, c->n), b = a_end, b_end = HR_MIN(at + 2 * width, c->n), k = at;
            while (a < a_end || b < b_end)
                to[k++] = b == b_end || (a < a_end && !earlier(from[b].l, from[a].l)) ? from[a++] : from[b++];
        }
        struct node *t = from;
        from = to;
        to = t;
    }
    return from == other;
}

/* R1: who made place for whom. */
static void link_nodes(struct node *node, size_t n)
{
    size_t step = 0;
    for (size_t i = 0; i < n; i++) {
        struct node *me = &node[i];
        uint32_t last = 0;
        bool alone = true;
        int best = NOBODY;
        for (size_t k = i; k-- > 0;) {
            alone &= node[k].l->ended <= me->l->arrived;
            last = HR_MAX(last, node[k].l->ended);
            if (k < step && !alone)
                break;
            if (k >= step && !node[k].taken && node[k].l->ended <= me->l->arrived &&
                (best == NOBODY || node[k].l->ended > node[best].l->ended))
                best = (int)k;
            if (k < step && i - k > AT_ONCE_MAX)
                break;
        }
        if (alone) {
            me->after = AFTER_ALL;
            me->gap = me->l->arrived - last;
            step = i;
        } else if (best != NOBODY) {
            me->after = AFTER_ONE;
            me->on = best;
            me->gap = me->l->arrived - node[best].l->ended;
            node[best].taken = true;
        } else {
            me->after = AFTER_STEP;
            me->on = (int)step;
            me->gap = me->l->arrived - node[step].l->arrived;
        }
    }
}

/* R2: the CPU time of each, from how many ran beside it. */
static void work_of(struct node *node, size_t n, unsigned cpus)
{
    for (size_t i = 0; i < n; i++) {
        const struct hr_course_leaf *me = node[i].l;
        double beside = 1, span = HR_MAX((double)(me->ended - me->began), 1.0);
        size_t from = i > AT_ONCE_MAX ? i - AT_ONCE_MAX : 0;
        for (size_t k = from; k < n && (k < i || node[k].l->arrived < me->ended); k++) {
            uint32_t a = HR_MAX(node[k].l->began, me->began), b = HR_MIN(node[k].l->ended, me->ended);
            if (k != i && b > a)
                beside += (b - a) / span;
        }
        node[i].work = span * (beside > cpus ? cpus / beside : 1.0);
    }
}

int64_t hr_replay_base(const struct hr_course *c, uint64_t measured_peak)
{
    double most = 0;
    /* The sum changes its direction only where a leaf goes on to its next point. */
    for (size_t i = 0; i < c->n; i++)
        for (unsigned p = 0; p < HR_SHAPE_POINTS; p++) {
            const struct hr_course_leaf *me = &c->leaf[i];
            double at = me->began + (me->ended - me->began) * (p + 1 - 1e-6) / HR_SHAPE_POINTS, sum = 0;
            size_t from = i > AT_ONCE_MAX ? i - AT_ONCE_MAX : 0, to = HR_MIN(i + AT_ONCE_MAX, c->n);
            if ((double)me->shape[p] * 8 < 255)
                continue; /* the peak of the tree is where somebody is large */
            for (size_t k = from; k < to; k++) {
                const struct hr_course_leaf *l = &c->leaf[k];
                if (l->began <= at && at < l->ended)
                    sum += holds(l, (at - l->began) / HR_MAX((double)(l->ended - l->began), 1.0));
            }
            most = HR_MAX(most, sum);
        }
    return (int64_t)measured_peak - (int64_t)most;
}

/* --- playing --- */

struct play {
    struct node *node;
    size_t n, low, next; /* low: all before it are done; next: all before it have come or wait for their due time */
    const struct hr_replay_ask *ask;
    struct hr_job *job;  /* of `active` */
    int *active;
    size_t on;
    double now, step;
    uint64_t order;
    struct hr_brake brake;
    struct hr_replay r;
};

/* When does a leaf come, as far as can be told now? */
static void set_due(struct play *p, struct node *me, size_t at)
{
    if (me->after == AFTER_ALL && p->low >= at)
        me->due = p->now + me->gap;
    else if (me->after == AFTER_ONE && p->node[me->on].done)
        me->due = p->now + me->gap;
    else if (me->after == AFTER_STEP && p->node[me->on].here)
        me->due = p->node[me->on].came + me->gap;
}

static void arrivals(struct play *p)
{
    while (p->low < p->n && p->node[p->low].done)
        p->low++;
    size_t end = HR_MIN(p->low + AT_ONCE_MAX, p->n);
    for (size_t i = p->low; i < end; i++) {
        struct node *me = &p->node[i];
        if (me->here)
            continue;
        if (me->due < 0)
            set_due(p, me, i);
        if (me->due < 0 && me->after == AFTER_ALL)
            return; /* nobody behind it can come */
        if (me->due < 0 || me->due > p->now || p->on == AT_ONCE_MAX)
            continue;
        me->here = true;
        me->came = p->now;
        me->left = me->work;
        p->active[p->on] = (int)i;
        p->job[p->on++] = (struct hr_job) { .state = HR_JOB_HELD, .predicted = hr_history_margin(me->l->learnt * KIB),
                                            .order = ++p->order, .since = (uint64_t)(p->now * 1e6), .known = true };
    }
}

/* Moves on by one step; what the tree holds then. */
static double advance(struct play *p, unsigned running)
{
    double share = running > p->ask->cpus ? (double)p->ask->cpus / running : 1.0, tree = (double)p->ask->base;
    for (size_t a = p->on; a-- > 0;) {
        struct node *me = &p->node[p->active[a]];
        if (p->job[a].state != HR_JOB_RUNNING) {
            tree += (double)p->job[a].resident;
            continue;
        }
        me->left -= p->step * share;
        if (me->left <= 0) {
            me->done = true;
            p->active[a] = p->active[--p->on];
            p->job[a] = p->job[p->on];
            continue;
        }
        double bytes = holds(me->l, 1 - me->left / me->work), was = (double)p->job[a].resident;
        p->job[a].grows = bytes > was ? (uint64_t)((bytes - was) / p->step * 1e3) : 0;
        p->job[a].resident = (uint64_t)bytes;
        p->job[a].peak = HR_MAX(p->job[a].peak, (uint64_t)bytes);
        tree += bytes;
    }
    return HR_MAX(tree, 0.0);
}

static struct hr_space space(const struct play *p, double tree)
{
    int64_t room = p->ask->room >= INT64_MAX ? INT64_MAX / 2 : (int64_t)p->ask->room;
    return (struct hr_space) { .room = room - (int64_t)tree };
}

/* There is no reserve here, so that nobody is ended. */
static void brake(struct play *p, double tree)
{
    struct hr_space s = space(p, tree);
    uint64_t now = (uint64_t)(p->now * 1e6);
    int at = NOBODY;
    enum hr_brake_what what = hr_brake(p->job, p->on, &s, now, &p->brake, &at);
    if (at != NOBODY)
        hr_brake_did(&p->brake, &p->job[at], what, now);
}

static void admit(struct play *p, double tree)
{
    struct hr_admit_rules rules = { .jobs = p->ask->jobs, .age = AGE, .cpus = p->ask->cpus };
    struct hr_space s = space(p, tree);
    for (int at; (at = hr_admit(p->job, p->on, &s, (uint64_t)(p->now * 1e6), &rules)) >= 0;) {
        double waited = p->now - p->node[p->active[at]].came;
        p->job[at].state = HR_JOB_RUNNING;
        p->job[at].order = ++p->order;
        p->r.held += waited > p->step;
        p->r.held_ns += waited > p->step ? (uint64_t)(waited * 1e6) : 0;
    }
}

static void play(struct play *p)
{
    double tree = 0;
    for (unsigned steps = 0; p->low < p->n && steps < STEPS_MAX; steps++) {
        arrivals(p);
        brake(p, tree);
        admit(p, tree);
        unsigned running = 0;
        for (size_t a = 0; a < p->on; a++)
            running += p->job[a].state == HR_JOB_RUNNING;
        p->r.at_once = HR_MAX(p->r.at_once, running);
        tree = advance(p, running);
        p->r.peak = HR_MAX(p->r.peak, (uint64_t)tree);
        p->now += p->step;
    }
    p->r.wall_ns = (uint64_t)(p->now * 1e6);
}

int hr_replay_run(const struct hr_course *c, const struct hr_replay_ask *ask, struct hr_replay *ret, struct hr_error *err)
{
    struct hr_replay_ask a = *ask;
    a.cpus = HR_MAX(a.cpus, 1U);
    uint32_t last = 0;
    for (size_t i = 0; i < c->n; i++)
        last = HR_MAX(last, c->leaf[i].ended);
    struct play p = { .n = c->n, .ask = &a, .step = HR_MAX((double)last / STEPS_PER_RECORD, 2.0) };
    if (c->n == 0) {
        *ret = (struct hr_replay) { 0 };
        return 0;
    }
    HR_CLEANUP(hr_freep) struct node *one = hr_calloc(c->n, sizeof *one);
    HR_CLEANUP(hr_freep) struct node *two = hr_calloc(c->n, sizeof *two);
    p.job = hr_calloc(AT_ONCE_MAX, sizeof *p.job);
    p.active = hr_calloc(AT_ONCE_MAX, sizeof *p.active);
    if (one == NULL || two == NULL || p.job == NULL || p.active == NULL) {
        hr_free(p.job);
        hr_free(p.active);
        return hr_fail_nomem(err, 2 * c->n * sizeof *one, "the replay of a build");
    }
    p.node = sorted(c, one, two) ? two : one;
    link_nodes(p.node, c->n);
    work_of(p.node, c->n, HR_MAX(a.cpus_then, 1U));
    play(&p);
    hr_free(p.job);
    hr_free(p.active);
    *ret = p.r;
    return 0;
}
