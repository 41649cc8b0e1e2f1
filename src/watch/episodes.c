#include "episodes.h"

#include "gpus.h"
#include "human.h"
#include "mem.h"
#include "why_slow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define TEXT sizeof(((struct hr_episode *)0)->text)

/* What a rule sees: how bad it is now (0 is fine, 1 and more begins), and the words. */
struct sight {
    const struct hr_model *m;
    const struct hr_series *s;
    double worst;  /* at or above 1 begins an episode, below `ends` of the rule ends it */
    double value;  /* for the record, in the rule's own unit */
    bool known, bad; /* bad: of the highest level */
    char text[TEXT];
};

static void memory_low(struct sight *t)
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
    }
    double share = left / total;
    t->known = true;
    t->worst = 0.1 / HR_MAX(share, 1e-6);
    t->value = left;
    t->bad = share < 0.05;
    int job = -1;
    for (unsigned i = 0; i < t->m->job_n; i++)
        if (t->m->job[i].memory.why == HR_WHY_KNOWN && (job < 0 || t->m->job[i].memory.v > t->m->job[job].memory.v))
            job = (int)i;
    if (job >= 0)
        snprintf(t->text, TEXT, "%s is nearly full: %s left. The largest job is %s with %s; fewer workers or a smaller batch, or end what is not needed", whose,
                 hr_human_bytes((uint64_t)left).text, t->m->job[job].name, hr_human_bytes(t->m->job[job].memory.v).text);
    else
        snprintf(t->text, TEXT, "%s is nearly full: %s left. Look at who holds it in headrace top, sorted by memory", whose, hr_human_bytes((uint64_t)left).text);
}

/* E3 */
static void memory_forecast(struct sight *t)
{
    const struct hr_account *a = &t->m->memory;
    struct hr_trend r;
    if (!a->available.known || !a->total.known || t->s == NULL || !hr_trend_of(t->s, HR_M_MEM_AVAILABLE, 120 * SECOND, &r))
        return;
    t->known = true;
    if (!(r.high < 0) || -r.slope < (double)a->total.v / 2000 / 60) /* a steady fall of at least 0.05 % of the memory a minute */
        return;
    double left = (double)a->available.v, likely = left / -r.slope, soon = left / -r.low, late = left / -r.high;
    t->worst = likely > 0 && late < 4 * likely ? 1800 / likely : 0;
    t->value = likely;
    t->bad = likely < 300;
    snprintf(t->text, TEXT, "at this slope memory is full in about %s (%s to %s): %s less every minute. See who grows in headrace top; stop it, or give it less to hold",
             hr_human_duration((uint64_t)(likely * 1e9)).text, hr_human_duration((uint64_t)(soon * 1e9)).text, hr_human_duration((uint64_t)(late * 1e9)).text,
             hr_human_bytes((uint64_t)(-r.slope * 60)).text);
}

static void swapping(struct sight *t)
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

static void space(struct sight *t, bool ram)
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
        t->bad = left < 0.01;
        snprintf(t->text, TEXT, ram ? "%s has %s left of %s: loaders that find it full die with a bus error. Fewer workers, or a larger one (--shm-size in Docker)"
                                    : "%s has %s left of %s: checkpoints fail when it is full. Delete old ones, or write elsewhere",
                 s->at, hr_human_bytes(s->available.v).text, hr_human_bytes(s->total.v).text);
    }
}

static void disk_full(struct sight *t)
{
    space(t, false);
}

static void shm_full(struct sight *t)
{
    space(t, true);
}

static void vram_full(struct sight *t)
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
        t->value = (double)g->used.v;
        snprintf(t->text, TEXT, "VRAM of GPU %u is nearly full: %s of %s. The next larger batch or longer sequence does not fit", i, hr_human_bytes(g->used.v).text,
                 hr_human_bytes(g->memory.v).text);
    }
}

/* Heat and the hardware's own brakes; a power cap is how many cards are meant to run, and is told by --why. */
static void gpu_slowed(struct sight *t)
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
        t->value = g->celsius.known ? (double)g->celsius.v : 0;
        snprintf(t->text, TEXT, "GPU %u is slowed down (%s) at %llu °C: better cooling, or a lower power limit, which often costs less", i, why,
                 (unsigned long long)(g->celsius.known ? g->celsius.v : 0));
    }
}

static void gpu_starved(struct sight *t)
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
    bool starved = v.kind >= HR_SLOW_DISK && v.kind <= HR_SLOW_WAIT;
    t->worst = starved ? 40 / HR_MAX(busy, 1) : 0;
    t->value = busy;
    snprintf(t->text, TEXT, "GPU %u works %.0f %% of the time: %s is %s. %s", gpu, busy, v.job, hr_slow_word(v.kind)->title, hr_slow_word(v.kind)->advice);
}

static void driver_hangs(struct sight *t)
{
    t->known = true;
    t->worst = t->m->gpus.stale ? (double)t->m->gpus.age / (10.0 * (double)SECOND) : 0;
    t->value = (double)t->m->gpus.age;
    snprintf(t->text, TEXT, "the GPU's driver does not answer since %s: its figures are old. dmesg may tell why; a reset or a restart is often needed",
             hr_human_duration(t->m->gpus.age).text);
}

static void orphans(struct sight *t)
{
    t->known = t->m->procs_known.known;
    for (unsigned i = 0; i < t->m->job_n; i++)
        if (t->m->job[i].orphans > 0) {
            t->worst = 1;
            t->value = t->m->job[i].orphans;
            snprintf(t->text, TEXT, "%u processes of %s run on although what started them has gone; they hold %s. End them if nothing needs them: kill, from pid %d on",
                     t->m->job[i].orphans, t->m->job[i].name, t->m->job[i].memory.why == HR_WHY_KNOWN ? hr_human_bytes(t->m->job[i].memory.v).text : "memory",
                     t->m->job[i].lead);
        }
}

static const struct rule {
    const char *key;
    enum hr_episode_level level;
    double ends;             /* worst must fall below this (hysteresis) */
    unsigned begin_s, end_s; /* for so many seconds */
    void (*look)(struct sight *t);
} rules[] = {
    { "memory-low", HR_EPISODE_WARN, 0.66, 3, 10, memory_low },
    { "memory-forecast", HR_EPISODE_WARN, 0.5, 10, 20, memory_forecast },
    { "swapping", HR_EPISODE_WARN, 0.3, 8, 20, swapping },
    { "disk-full", HR_EPISODE_WARN, 0.75, 3, 10, disk_full },
    { "shm-full", HR_EPISODE_WARN, 0.66, 3, 10, shm_full },
    { "vram-full", HR_EPISODE_WARN, 0.98, 5, 10, vram_full },
    { "gpu-slowed", HR_EPISODE_WARN, 0.5, 10, 30, gpu_slowed },
    { "gpu-starved", HR_EPISODE_NOTE, 0.7, 30, 30, gpu_starved },
    { "driver-hangs", HR_EPISODE_BAD, 0.5, 0, 2, driver_hangs },
    { "orphans", HR_EPISODE_WARN, 0.5, 10, 5, orphans },
};
enum { RULES = HR_COUNT(rules) };

struct hr_episodes {
    struct hr_episode episode[RULES];
    uint64_t turned[RULES]; /* `at` of the first look of the stretch that may begin or end it; 0: none */
};

int hr_episodes_open(struct hr_episodes **ret, struct hr_error *err)
{
    struct hr_episodes *e = hr_calloc(1, sizeof *e);
    if (e == NULL)
        return hr_fail_nomem(err, sizeof *e, "the alerts");
    for (size_t i = 0; i < RULES; i++)
        e->episode[i].key = rules[i].key;
    *ret = e;
    return 0;
}

void hr_episodes_close(struct hr_episodes *e)
{
    hr_free(e);
}

static void turn(struct hr_episodes *e, size_t i, const struct sight *t)
{
    const struct rule *r = &rules[i];
    struct hr_episode *p = &e->episode[i];
    bool other = p->on ? t->worst < r->ends : t->worst >= 1;
    if (!other) {
        e->turned[i] = 0;
    } else {
        if (e->turned[i] == 0)
            e->turned[i] = t->m->at;
        if (t->m->at - e->turned[i] >= (p->on ? r->end_s : r->begin_s) * SECOND) { /* E1 */
            e->turned[i] = 0;
            p->on = !p->on;
            if (p->on) {
                p->since = t->m->wall;
                p->peak = t->value;
            }
            p->until = p->on ? 0 : t->m->wall;
        }
    }
    if (p->on && t->worst >= r->ends) { /* the words follow while it is bad; afterwards the last ones stand */
        p->level = t->bad ? HR_EPISODE_BAD : r->level;
        memcpy(p->text, t->text, sizeof p->text);
    }
}

void hr_episodes_take(struct hr_episodes *e, const struct hr_model *m, const struct hr_series *s)
{
    for (size_t i = 0; i < RULES; i++) {
        struct sight t = { .m = m, .s = s };
        rules[i].look(&t);
        if (t.known) /* E2 */
            turn(e, i, &t);
    }
}

size_t hr_episodes_on(const struct hr_episodes *e, const struct hr_episode **ret, size_t most)
{
    size_t n = 0;
    for (int level = HR_EPISODE_BAD; level >= HR_EPISODE_NOTE; level--)
        for (size_t i = 0; i < RULES && n < most; i++)
            if (e->episode[i].on && (int)e->episode[i].level == level)
                ret[n++] = &e->episode[i];
    return n;
}

static int by_size(const void *pa, const void *pb)
{
    double a, b;
    memcpy(&a, pa, sizeof a);
    memcpy(&b, pb, sizeof b);
    return (a > b) - (a < b);
}

bool hr_trend_of(const struct hr_series *s, enum hr_metric m, uint64_t ns, struct hr_trend *ret)
{
    enum { POINTS = 24 };
    struct hr_bucket b[POINTS];
    double slope[POINTS * (POINTS - 1) / 2], at[POINTS], v[POINTS];
    uint64_t step = hr_series_plot(s, m, 0, ns, b, POINTS);
    size_t n = 0, k = 0;
    for (size_t i = 0; i + 1 < POINTS; i++) /* the last column is still filling */
        if (b[i].known) {
            at[n] = (double)i * (double)step * 1e-9;
            v[n++] = b[i].avg;
        }
    if (n < POINTS / 2)
        return false;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            slope[k++] = (v[j] - v[i]) / (at[j] - at[i]);
    qsort(slope, k, sizeof *slope, by_size);
    *ret = (struct hr_trend) { slope[k / 2], slope[k / 4], slope[k - 1 - k / 4] };
    return true;
}
