/* The rules of the alerts: what each looks at, and what it says. */
#include "episode_rules.h"

#include "gpus.h"
#include "human.h"
#include "why_slow.h"

#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define OTHER_LIMIT "the cgroup limit of"
#define TEXT sizeof(((struct hr_episode *)0)->text)

/* --- the figures of the curves --- */

const struct hr_metric_word *hr_rule_figure_word(const struct hr_rule_figure *f)
{
    static const struct hr_metric_word own[HR_OWN_FIGURES] = {
        [HR_OWN_NONE] = { "", "", HR_UNIT_COUNT },
        [HR_OWN_GROUP_USED] = { "cgroup-used", "used of this cgroup", HR_UNIT_BYTES },
        [HR_OWN_GROUP_LEFT] = { "cgroup-left", "left of this cgroup", HR_UNIT_BYTES },
        [HR_OWN_OTHER_LEFT] = { "other-cgroup-left", "left of that cgroup", HR_UNIT_BYTES },
        [HR_OWN_SPACE_LEFT] = { "space-left", "space left", HR_UNIT_BYTES },
        [HR_OWN_SILENCE] = { "driver-silence", "driver silent for", HR_UNIT_NS },
        [HR_OWN_ORPHANS] = { "orphans", "orphans", HR_UNIT_COUNT },
    };
    return f->own == HR_OWN_NONE ? hr_metric_word(f->metric) : &own[f->own];
}

uint64_t hr_limit_left(const struct hr_figure *limit, const struct hr_figure *used)
{
    return limit->v - HR_MIN(used->v, limit->v);
}

static bool own_figure(const struct hr_rule_figure *f, const struct hr_model *m, double *ret)
{
    const struct hr_account *a = &m->memory;
    switch (f->own) {
    case HR_OWN_GROUP_USED:
        *ret = (double)a->limit_used.v;
        return a->limit_used.known;
    case HR_OWN_GROUP_LEFT:
        *ret = (double)hr_limit_left(&a->limit, &a->limit_used);
        return a->limit.known && a->limit_used.known;
    case HR_OWN_OTHER_LEFT:
        for (unsigned i = 0; i < HR_OTHER_GROUPS; i++)
            if (a->other[i].turn == f->turn && a->other[i].limit.known && a->other[i].used.known) {
                *ret = (double)hr_limit_left(&a->other[i].limit, &a->other[i].used);
                return true;
            }
        return false;
    case HR_OWN_SPACE_LEFT:
        for (unsigned i = 0; i < m->space_n; i++)
            if (strcmp(m->space[i].at, f->at) == 0) {
                *ret = (double)m->space[i].available.v;
                return m->space[i].available.why == HR_WHY_KNOWN;
            }
        return false;
    case HR_OWN_SILENCE:
        *ret = (double)m->gpus.age;
        return true;
    default:
        *ret = 0;
        for (unsigned i = 0; i < m->job_n; i++)
            *ret += m->job[i].orphans;
        return m->procs_known.known;
    }
}

bool hr_rule_figure_now(const struct hr_rule_figure *f, const struct hr_model *m, double *ret)
{
    return f->own == HR_OWN_NONE ? hr_metric_of(m, f->metric, f->gpu, ret) : own_figure(f, m, ret);
}

bool hr_rule_figure_same(const struct hr_rule_figure *a, const struct hr_rule_figure *b)
{
    return a->own == b->own && (a->own == HR_OWN_NONE ? a->metric == b->metric && a->gpu == b->gpu : a->turn == b->turn && strcmp(a->at, b->at) == 0);
}

/* --- the rules --- */

static int largest_job(const struct hr_model *m)
{
    int job = -1;
    for (unsigned i = 0; i < m->job_n; i++)
        if (m->job[i].memory.why == HR_WHY_KNOWN && (job < 0 || m->job[i].memory.v > m->job[job].memory.v))
            job = (int)i;
    return job;
}

static void memory_low(struct hr_rule_sight *t)
{
    const struct hr_account *a = &t->m->memory;
    double total = (double)a->total.v, left = (double)a->available.v;
    const char *whose = "memory";
    if (!a->total.known || !a->available.known || total <= 0)
        return;
    if (a->limit.known && a->limit_used.known && (double)a->limit.v - (double)a->limit_used.v < left) {
        total = (double)a->limit.v;
        left = total - HR_MIN((double)a->limit_used.v, total);
        whose = "the memory of this cgroup";
        t->figure.own = HR_OWN_GROUP_LEFT;
    }
    double share = left / total;
    t->known = true;
    t->worst = 0.1 / HR_MAX(share, 1e-6);
    t->value = left;
    t->bad = share < 0.05;
    int job = largest_job(t->m);
    if (job >= 0)
        snprintf(t->text, TEXT, "%s is nearly full: %s left. The largest job is %s with %s; fewer workers or a smaller batch, or end what is not needed", whose,
                 hr_human_bytes((uint64_t)left).text, t->m->job[job].name, hr_human_bytes(t->m->job[job].memory.v).text);
    else
        snprintf(t->text, TEXT, "%s is nearly full: %s left. Look at who holds it in headrace top, sorted by memory", whose, hr_human_bytes((uint64_t)left).text);
}

/* A mark on the memory that is used; a twentieth below it is the end, as for the marks of a job (mark.h, M1). */
static void over_mark(struct hr_rule_sight *t, enum hr_mark_id id)
{
    struct hr_marked of = hr_marked(&t->m->memory);
    uint64_t at = t->marks->at[id], act = t->marks->at[HR_MARK_ACT];
    if (at == 0 || !of.used.known)
        return;
    t->known = true;
    t->worst = (double)of.used.v / (double)at;
    t->value = (double)of.used.v;
    t->bad = id == HR_MARK_ACT;
    if (of.group)
        t->figure.own = HR_OWN_GROUP_USED;
    int n = snprintf(t->text, TEXT, "memory is over the %s mark of %s: %s used%s. ", hr_mark_name(id), hr_human_bytes(at).text, hr_human_bytes(of.used.v).text,
                     of.group ? " in this cgroup" : "");
    int job = largest_job(t->m);
    if (id == HR_MARK_ACT)
        n += snprintf(t->text + n, TEXT - (size_t)n, "As said before, act %s", t->marks->deed[0] != 0 ? t->marks->deed : "only says so. End what is not needed");
    else if (act != 0 && t->marks->deed[0] != 0)
        n += snprintf(t->text + n, TEXT - (size_t)n, "At %s act %s", hr_human_bytes(act).text, t->marks->deed);
    else
        n += snprintf(t->text + n, TEXT - (size_t)n, "Fewer workers or a smaller batch, or end what is not needed");
    if (job >= 0 && n < (int)TEXT)
        snprintf(t->text + n, TEXT - (size_t)n, ". The largest job is %s with %s", t->m->job[job].name, hr_human_bytes(t->m->job[job].memory.v).text);
}

static void memory_warn(struct hr_rule_sight *t)
{
    over_mark(t, HR_MARK_WARN);
}

static void memory_act(struct hr_rule_sight *t)
{
    over_mark(t, HR_MARK_ACT);
}

static const struct hr_figure *whole_of(const struct hr_account *a, unsigned wall)
{
    return wall == HR_WALL_MACHINE ? &a->total : wall == HR_WALL_GROUP ? &a->limit : &a->other[wall - HR_WALL_OTHER].limit;
}

/* E3: of the wall that is reached first. */
static void memory_forecast(struct hr_rule_sight *t)
{
    const struct hr_account *a = &t->m->memory;
    struct hr_fill_forecast one, r = { .likely = -1 };
    unsigned wall = HR_WALL_MACHINE;
    t->known = t->wall != NULL && a->available.known && a->total.known;
    for (unsigned i = 0; t->known && i < HR_WALLS; i++) /* a limit may be taken away */
        if (whole_of(a, i)->known && hr_fill_when(&t->wall[i], &one) && (r.likely < 0 || one.likely < r.likely)) {
            r = one;
            wall = i;
        }
    double whole = (double)whole_of(a, wall)->v;
    if (r.likely < 0 || r.slope < whole / 2000 / 60) /* a fall of at least 0.05 % of the memory a minute */
        return;
    t->worst = 1800 / HR_MAX(r.likely, 1);
    t->value = r.likely;
    t->bad = r.likely < 300;
    char what[96] = "memory is full";
    if (wall == HR_WALL_GROUP) {
        t->figure.own = HR_OWN_GROUP_LEFT;
        snprintf(what, sizeof what, "this cgroup's limit of %s is reached", hr_human_bytes(a->limit.v).text);
    } else if (wall >= HR_WALL_OTHER) {
        const struct hr_other_group *o = &a->other[wall - HR_WALL_OTHER];
        t->figure.own = HR_OWN_OTHER_LEFT;
        t->figure.turn = o->turn;
        snprintf(what, sizeof what, OTHER_LIMIT " %s around %.15s (pid %d) is reached", hr_human_bytes(o->limit.v).text, o->comm, o->pid);
    }
    snprintf(t->text, TEXT, "at this slope %s in about %s (%s to %s): %s less every minute. See who grows in headrace top; stop it, or give it less to hold",
             what, hr_human_duration((uint64_t)(r.likely * 1e9)).text, hr_human_duration((uint64_t)(r.soon * 1e9)).text,
             hr_human_duration((uint64_t)(r.late * 1e9)).text, hr_human_bytes((uint64_t)(r.slope * 60)).text);
}

static void swapping(struct hr_rule_sight *t)
{
    const struct hr_account *a = &t->m->memory;
    if (!a->swap_in.known || !a->swap_out.known)
        return;
    t->known = true;
    t->value = (double)(HR_MIN(a->swap_in.v, a->swap_out.v * 4) + a->swap_out.v); /* out and in again is what hurts */
    t->worst = a->swap_in.v > 0 ? t->value / (double)(20 << 20) : 0;
    snprintf(t->text, TEXT, "the machine swaps: %s in, %s out per second. Training stands still meanwhile; give the job less to hold",
             hr_human_bytes(a->swap_in.v).text, hr_human_bytes(a->swap_out.v).text);
}

static void space(struct hr_rule_sight *t, bool ram)
{
    for (unsigned i = 0; i < t->m->space_n; i++) {
        const struct hr_space_load *s = &t->m->space[i];
        if (s->ram != ram || s->total.why != HR_WHY_KNOWN || s->available.why != HR_WHY_KNOWN || s->total.v < (ram ? 1u << 20 : 1u << 28))
            continue;
        double left = (double)s->available.v / (double)s->total.v, worst = (ram ? 0.1 : 0.03) / HR_MAX(left, 1e-6);
        t->known = true;
        if (worst <= t->worst)
            continue;
        t->worst = worst;
        t->value = (double)s->available.v;
        t->figure.own = HR_OWN_SPACE_LEFT;
        snprintf(t->figure.at, sizeof t->figure.at, "%s", s->at);
        t->bad = left < 0.01;
        snprintf(t->text, TEXT, ram ? "%s has %s left of %s: loaders that find it full die with a bus error. Fewer workers, or a larger one (--shm-size in Docker)"
                                    : "%s has %s left of %s: checkpoints fail when it is full. Delete old ones, or write elsewhere",
                 s->at, hr_human_bytes(s->available.v).text, hr_human_bytes(s->total.v).text);
    }
}

static void disk_full(struct hr_rule_sight *t)
{
    space(t, false);
}

static void shm_full(struct hr_rule_sight *t)
{
    space(t, true);
}

static void vram_full(struct hr_rule_sight *t)
{
    for (unsigned i = 0; i < t->m->gpus.n; i++) {
        const struct hr_gpu_load *g = &t->m->gpus.gpu[i];
        if (!g->memory.known || !g->used.known || g->memory.v == 0)
            continue;
        double used = (double)g->used.v / (double)g->memory.v;
        t->known = true;
        if (used / 0.97 <= t->worst)
            continue;
        t->worst = used / 0.97;
        t->figure.gpu = i;
        t->value = (double)g->used.v;
        snprintf(t->text, TEXT, "VRAM of GPU %u is nearly full: %s of %s. The next larger batch or longer sequence does not fit", i, hr_human_bytes(g->used.v).text,
                 hr_human_bytes(g->memory.v).text);
    }
}

/* Heat and the hardware's own brakes; a power cap is how many cards are meant to run, and is told by --why. */
static void gpu_slowed(struct hr_rule_sight *t)
{
    for (unsigned i = 0; i < t->m->gpus.n; i++) {
        const struct hr_gpu_load *g = &t->m->gpus.gpu[i];
        char why[HR_WORD_MAX];
        if (!g->throttle.known)
            continue;
        t->known = true;
        if (t->worst >= 1 || (g->throttle.v & (8 | 32 | 64 | 128)) == 0 || !hr_gpu_throttle_text(g->throttle.v, true, why))
            continue;
        t->worst = 1;
        t->figure.gpu = i;
        t->value = g->celsius.known ? (double)g->celsius.v : 0;
        snprintf(t->text, TEXT, "GPU %u is slowed down (%s) at %llu °C: better cooling, or a lower power limit, which often costs less", i, why,
                 (unsigned long long)(g->celsius.known ? g->celsius.v : 0));
    }
}

static void gpu_starved(struct hr_rule_sight *t)
{
    int job = t->s != NULL ? hr_slow_job(t->m, NULL) : -1;
    double known = 0;
    if (job < 0 || t->m->job[job].gpus == 0)
        return;
    unsigned gpu = (unsigned)__builtin_ctzll(t->m->job[job].gpus);
    double busy = gpu < HR_SERIES_GPUS ? hr_series_mean(t->s, HR_M_GPU_BUSY, gpu, 60 * SECOND, &known) : 0;
    if (known < 0.8)
        return;
    struct hr_slow v;
    hr_why_slow(t->m, t->s, job, 60 * SECOND, &v);
    t->known = true;
    t->figure.gpu = gpu;
    bool starved = v.kind >= HR_SLOW_DISK && v.kind <= HR_SLOW_WAIT;
    t->worst = starved ? 40 / HR_MAX(busy, 1) : 0;
    t->value = busy;
    snprintf(t->text, TEXT, "GPU %u works %.0f %% of the time: %s is %s. %s", gpu, busy, v.job, hr_slow_word(v.kind)->title, hr_slow_word(v.kind)->advice);
}

static void driver_hangs(struct hr_rule_sight *t)
{
    t->known = true;
    t->figure.own = HR_OWN_SILENCE;
    t->worst = t->m->gpus.stale ? (double)t->m->gpus.age / (10.0 * (double)SECOND) : 0;
    t->value = (double)t->m->gpus.age;
    snprintf(t->text, TEXT, "the GPU's driver does not answer since %s: its figures are old. dmesg may tell why; a reset or a restart is often needed",
             hr_human_duration(t->m->gpus.age).text);
}

static void orphans(struct hr_rule_sight *t)
{
    t->known = t->m->procs_known.known;
    t->figure.own = HR_OWN_ORPHANS;
    for (unsigned i = 0; i < t->m->job_n; i++)
        if (t->m->job[i].orphans > 0) {
            t->worst = 1;
            t->value = t->m->job[i].orphans;
            snprintf(t->text, TEXT, "%u processes of %s run on although what started them has gone; they hold %s. End them if nothing needs them: kill, from pid %d on",
                     t->m->job[i].orphans, t->m->job[i].name, t->m->job[i].memory.why == HR_WHY_KNOWN ? hr_human_bytes(t->m->job[i].memory.v).text : "memory",
                     t->m->job[i].lead);
        }
}

#define BACK (1 - 1.0 / HR_MARK_BACK)
const struct hr_rule hr_rules[HR_RULES] = {
    { HR_EPISODE_ACT_MARK, HR_EPISODE_BAD, BACK, 0, 10, memory_act, HR_M_MEM_USED, HR_OWN_GROUP_USED },
    { HR_EPISODE_WARN_MARK, HR_EPISODE_WARN, BACK, 2, 10, memory_warn, HR_M_MEM_USED, HR_OWN_GROUP_USED },
    { "memory-low", HR_EPISODE_WARN, 0.66, 3, 10, memory_low, HR_M_MEM_AVAILABLE, HR_OWN_GROUP_LEFT },
    { "memory-forecast", HR_EPISODE_WARN, 0.5, 10, 20, memory_forecast, HR_M_MEM_AVAILABLE, HR_OWN_GROUP_LEFT },
    { "swapping", HR_EPISODE_WARN, 0.3, 8, 20, swapping, HR_M_SWAP_IO, HR_OWN_NONE },
    { "disk-full", HR_EPISODE_WARN, 0.75, 3, 10, disk_full, HR_METRICS, HR_OWN_SPACE_LEFT },
    { "shm-full", HR_EPISODE_WARN, 0.66, 3, 10, shm_full, HR_METRICS, HR_OWN_SPACE_LEFT },
    { "vram-full", HR_EPISODE_WARN, 0.98, 5, 10, vram_full, HR_M_GPU_VRAM, HR_OWN_NONE },
    { "gpu-slowed", HR_EPISODE_WARN, 0.5, 10, 30, gpu_slowed, HR_M_GPU_CELSIUS, HR_OWN_NONE },
    { "gpu-starved", HR_EPISODE_NOTE, 0.7, 30, 30, gpu_starved, HR_M_GPU_BUSY, HR_OWN_NONE },
    { "driver-hangs", HR_EPISODE_BAD, 0.5, 0, 2, driver_hangs, HR_METRICS, HR_OWN_SILENCE },
    { "orphans", HR_EPISODE_WARN, 0.5, 10, 5, orphans, HR_METRICS, HR_OWN_ORPHANS },
};

bool hr_rule_figure_of(const char *key, const char *text, struct hr_rule_figure *ret)
{
    for (size_t i = 0; i < HR_RULES; i++) {
        const struct hr_rule *r = &hr_rules[i];
        if (strcmp(r->key, key) != 0)
            continue;
        *ret = (struct hr_rule_figure) { .metric = r->metric };
        const char *gpu = strstr(text, "GPU "), *has = strstr(text, " has ");
        if (r->metric >= HR_M_MACHINE_END && gpu != NULL && gpu[4] >= '0' && gpu[4] <= '9')
            ret->gpu = (unsigned)(gpu[4] - '0'); /* more than these have no past */
        if (r->metric == HR_METRICS || (r->own != HR_OWN_NONE && strstr(text, "this cgroup") != NULL))
            ret->own = r->own;
        if (r->own == HR_OWN_GROUP_LEFT && strstr(text, OTHER_LIMIT) != NULL)
            ret->own = HR_OWN_OTHER_LEFT;
        if (ret->own == HR_OWN_SPACE_LEFT)
            snprintf(ret->at, sizeof ret->at, "%.*s", has == NULL ? 0 : (int)(has - text), text);
        return true;
    }
    return false;
}
