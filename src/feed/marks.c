/* Memory marks and the curve.  A few times a second the process's anonymous memory is looked at; beyond `warn` that is
 * counted, beyond `act` the loader gives back what it can do without: first batches built ahead and the memory of free
 * slots, then chunks beyond the window, at last half of the window from the next epoch on (the order changes with it,
 * and hr_state says so). */
#include "loader.h"

#include "curve.h"
#include "machine.h"
#include "mem.h"

#include <pthread.h>

enum { CALLS = 32, LEVEL_WINDOW = 3 };
static const uint64_t interval_ns = 250000000, long_ticks = 1 << 28;

struct hr_marks {
    struct hr_loader *l;
    struct hr_root *root;
    pthread_mutex_t lock; /* the curve is read by report and write_curve from any thread */
    struct hr_curve curve;
    uint64_t calls, last_ticks, warned, acted, peak;
    int level;
};

int hr_marks_create(struct hr_loader *l, struct hr_marks **ret, struct hr_error *err)
{
    int r = hr_ledger_take(l->ledger, HR_CHARGE_TABLES, sizeof(struct hr_marks), err);
    if (r < 0)
        return r;
    struct hr_marks *m = hr_calloc(1, sizeof *m);
    if (m == NULL) {
        hr_ledger_give(l->ledger, HR_CHARGE_TABLES, sizeof *m);
        return hr_fail_nomem(err, sizeof *m, "the memory curve");
    }
    m->l = l;
    pthread_mutex_init(&m->lock, NULL);
    hr_curve_init(&m->curve, hr_now(), interval_ns);
    r = hr_root_open(NULL, &m->root, err);
    if (r < 0) {
        hr_marks_destroy(m);
        return r;
    }
    *ret = m;
    return 0;
}

void hr_marks_destroy(struct hr_marks *m)
{
    if (m == NULL)
        return;
    hr_ledger_give(m->l->ledger, HR_CHARGE_TABLES, sizeof *m);
    hr_root_close(m->root);
    pthread_mutex_destroy(&m->lock);
    hr_free(m);
}

/* One step down each time the memory is still beyond the mark. */
static void act(struct hr_marks *m)
{
    struct hr_loader *l = m->l;
    hr_pool_trim(l->pool);
    if (m->level == 0 && l->ahead != NULL)
        hr_ahead_depth(l->ahead, 0);
    if (m->level == 1 && !l->chunks.resident)
        hr_cache_ahead(l->chunks.cache, l->choice.ahead / 4);
    if (m->level == 2 && !l->chunks.resident)
        hr_cache_limit(l->chunks.cache, (uint32_t)HR_MIN(l->order.window_chunks + l->choice.ahead / 4 + 4, (uint64_t)l->choice.cache_slots));
    if (m->level >= LEVEL_WINDOW && l->order.kind == HR_ORDER_WINDOWED && l->order.window_chunks > 1 && !l->halve)
        l->halve = true;
    m->level += m->level < LEVEL_WINDOW;
}

static void look(struct hr_marks *m, uint64_t now)
{
    struct hr_figure anon = hr_self_anon(m->root);
    struct hr_curve_point p = { now, hr_ledger_total(m->l->ledger), anon.known ? anon.v : UINT64_MAX };
    const struct hr_loader_options *o = &m->l->o;
    pthread_mutex_lock(&m->lock);
    hr_curve_add(&m->curve, &p);
    if (anon.known) {
        m->peak = HR_MAX(m->peak, anon.v);
        m->warned += o->warn != 0 && anon.v > o->warn;
        m->acted += o->act != 0 && anon.v > o->act;
    }
    pthread_mutex_unlock(&m->lock);
    if (anon.known && o->act != 0 && anon.v > o->act)
        act(m);
}

void hr_marks_tick(struct hr_marks *m, uint64_t ticks)
{
    if (HR_LIKELY(m->calls++ % CALLS != 0 && ticks - m->last_ticks < long_ticks))
        return;
    m->last_ticks = ticks;
    uint64_t now = hr_now();
    if (hr_curve_due(&m->curve, now))
        look(m, now);
}

static uint64_t locked(struct hr_marks *m, const uint64_t *v)
{
    pthread_mutex_lock(&m->lock);
    uint64_t n = *v;
    pthread_mutex_unlock(&m->lock);
    return n;
}

uint64_t hr_marks_warned(struct hr_marks *m)
{
    return locked(m, &m->warned);
}

uint64_t hr_marks_acted(struct hr_marks *m)
{
    return locked(m, &m->acted);
}

uint64_t hr_marks_peak(struct hr_marks *m)
{
    return locked(m, &m->peak);
}

int hr_loader_write_curve(hr_loader *l, const char *path, struct hr_error *err)
{
    int r = hr_loader_alive(l, err);
    if (r < 0)
        return r;
    struct hr_curve *copy = hr_malloc(sizeof *copy);
    if (copy == NULL)
        return hr_fail_nomem(err, sizeof *copy, "the memory curve");
    pthread_mutex_lock(&l->marks->lock);
    *copy = l->marks->curve;
    pthread_mutex_unlock(&l->marks->lock);
    struct hr_figure anon = hr_self_anon(l->marks->root);
    struct hr_curve_point now = { hr_now(), hr_ledger_total(l->ledger), anon.known ? anon.v : UINT64_MAX };
    hr_curve_add(copy, &now);
    r = hr_curve_write(copy, path, err);
    hr_free(copy);
    return r;
}
