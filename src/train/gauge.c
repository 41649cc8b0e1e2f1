#include "gauge.h"

#include "clock.h"
#include "file.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_ROOM = 4096, DISCARDED_MOST = 4 };
#define CREDIT_MOST INT64_C(1000000000)
#define CREDIT_FIRST INT64_C(500000000)

/* --- the thread --- */

static void read_one(struct hr_gauge_one *o)
{
    char path[48], text[TEXT_ROOM];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", o->pid);
    int fd = hr_kept_open(path);
    int64_t n = fd < 0 ? -1 : hr_kept_read(fd, text, sizeof text);
    hr_close(fd < 0 ? -1 : fd);
    o->read = n > 0 && hr_rollup_parse(text, (size_t)n, &o->rollup);
    fd = o->read ? hr_proc_open_statm(o->pid) : -1;
    o->read = fd >= 0 && hr_proc_anon(fd, &o->anon) == 0;
    hr_close(fd < 0 ? -1 : fd);
    struct hr_proc_stat s;
    o->faults = o->read && hr_proc_stat(o->pid, &s) == 0 ? s.faults : UINT64_MAX; /* not told: none are seen */
}

static void *work(void *arg)
{
    struct hr_gauge *g = arg;
    pthread_mutex_lock(&g->lock);
    while (g->state != HR_GAUGE_OVER) {
        if (g->state != HR_GAUGE_ASKED) {
            pthread_cond_wait(&g->news, &g->lock);
            continue;
        }
        pthread_mutex_unlock(&g->lock); /* `one` is this thread's while it is asked */
        uint64_t begin = hr_cpu_thread();
        for (size_t i = 0; i < g->n; i++)
            read_one(&g->one[i]);
        uint64_t cost = hr_cpu_thread() - begin;
        pthread_mutex_lock(&g->lock);
        g->cost = cost;
        if (g->state == HR_GAUGE_ASKED)
            g->state = HR_GAUGE_DONE;
    }
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

/* --- the watcher's side --- */

int hr_gauge_start(struct hr_gauge *g, uint64_t now, struct hr_error *err)
{
    memset(g, 0, sizeof *g);
    pthread_mutex_init(&g->lock, NULL);
    hr_cond_init(&g->news);
    g->apart = true;
    g->credit = CREDIT_FIRST;
    g->credit_at = now;
    return hr_thread_start_small(&g->thread, "headrace-gauge", work, g, err);
}

bool hr_gauge_may(struct hr_gauge *g, bool near, bool urgent, uint64_t now)
{
    uint64_t passed = now - g->credit_at;
    g->credit_at = now;
    g->credit = HR_MIN(g->credit + (int64_t)(passed / (near ? 100 : 200)), CREDIT_MOST);
    return !g->asked && g->credit > (urgent ? 0 : g->last) && g->thread.running;
}

void hr_gauge_ask(struct hr_gauge *g, const struct hr_kin_tree *t, const struct hr_counts *now)
{
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < t->n; i++)
        g->one[i] = (struct hr_gauge_one) { .pid = t->kin[i]->pid, .born = t->kin[i]->born, .group = t->kin[i]->part.group };
    g->n = t->n;
    g->then = *now;
    g->asked = true;
    g->state = HR_GAUGE_ASKED;
    pthread_cond_signal(&g->news);
    pthread_mutex_unlock(&g->lock);
}

static struct hr_kin *of(struct hr_kin_tree *t, const struct hr_gauge_one *o)
{
    struct hr_kin *k = hr_kin_find(t, o->pid);
    return k != NULL && k->born == o->born && k->part.group == o->group ? k : NULL;
}

/* A copy that was forked after the list was made holds a share that nobody has read: the sum would lack it. */
static bool incomplete(const struct hr_gauge *g, const struct hr_kin_tree *t)
{
    for (size_t i = 0; i < t->n; i++) {
        bool listed = t->kin[i]->part.kind != HR_KIN_WORKER;
        for (size_t k = 0; k < g->n && !listed; k++)
            listed = g->one[k].pid == t->kin[i]->pid && g->one[k].born == t->kin[i]->born;
        if (!listed)
            return true;
    }
    return false;
}

bool hr_gauge_take(struct hr_gauge *g, struct hr_kin_tree *t, struct hr_footprint *f, uint64_t now)
{
    const struct hr_part *part[HR_KIN_MAX];
    pthread_mutex_lock(&g->lock);
    bool done = g->state == HR_GAUGE_DONE;
    if (done)
        g->state = HR_GAUGE_IDLE;
    uint64_t cost = g->cost;
    pthread_mutex_unlock(&g->lock);
    if (!done)
        return false;
    g->asked = false;
    g->credit -= (int64_t)cost;
    g->last = (int64_t)cost;
    g->spent += cost;
    if (incomplete(g, t) && g->discarded++ < DISCARDED_MOST)
        return false;
    g->discarded = 0;
    g->measured++;
    g->refused = 0;
    for (size_t i = 0; i < g->n; i++) {
        struct hr_kin *k = of(t, &g->one[i]);
        if (k == NULL || !g->one[i].read) {
            g->refused += k != NULL;
            continue;
        }
        g->apart &= g->one[i].rollup.apart;
        hr_footprint_put(&k->part, &g->one[i].rollup, g->one[i].anon, g->one[i].faults);
    }
    hr_kin_sample(t, f);
    size_t n = hr_kin_parts(t, part);
    hr_footprint_measured(f, part, n, &g->then, now);
    return true;
}

void hr_gauge_end(struct hr_gauge *g)
{
    pthread_mutex_lock(&g->lock);
    g->state = HR_GAUGE_OVER;
    pthread_cond_signal(&g->news);
    pthread_mutex_unlock(&g->lock);
    hr_thread_join(&g->thread);
    pthread_cond_destroy(&g->news);
    pthread_mutex_destroy(&g->lock);
}
