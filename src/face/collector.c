#include "collector.h"

#include "clock.h"

static void tick(struct hr_collector *c)
{
    hr_watch_tick(c->watch);
    hr_alarm_take(&c->alarm, hr_watch_model(c->watch), hr_watch_series(c->watch));
    if (c->after != NULL)
        c->after(c->ctx, hr_watch_model(c->watch));
}

static void *run(void *arg)
{
    struct hr_collector *c = arg;
    uint64_t next = hr_now() + c->period;
    pthread_mutex_lock(&c->lock);
    while (!c->stopping) {
        if (hr_cond_wait_until(&c->stop, &c->lock, next) || c->stopping || hr_now() < next)
            continue;
        tick(c);
        uint64_t now = hr_now();
        next += c->period; /* K2 */
        if (next <= now)
            next = now + c->period - (now - next) % c->period;
        if (c->told != NULL) {
            pthread_mutex_unlock(&c->lock);
            c->told(c->ctx);
            pthread_mutex_lock(&c->lock);
        }
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

int hr_collector_start(struct hr_collector *c, struct hr_error *err)
{
    int r = hr_alarm_open(c->alarms, &c->alarm, err);
    if (r < 0)
        return r;
    pthread_mutex_init(&c->lock, NULL);
    hr_cond_init(&c->stop);
    c->stopping = false;
    tick(c);
    r = hr_thread_start(&c->thread, "hr-collect", run, c, err);
    if (r < 0)
        hr_collector_fini(c);
    return r;
}

void hr_collector_halt(struct hr_collector *c)
{
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_cond_signal(&c->stop);
    pthread_mutex_unlock(&c->lock);
    hr_thread_join(&c->thread);
}

void hr_collector_fini(struct hr_collector *c)
{
    pthread_cond_destroy(&c->stop);
    pthread_mutex_destroy(&c->lock);
    hr_alarm_close(&c->alarm);
}

void hr_collector_stop(struct hr_collector *c)
{
    hr_collector_halt(c);
    hr_collector_fini(c);
}

bool hr_collector_lock(struct hr_collector *c, uint64_t wait)
{
    return hr_mutex_lock_until(&c->lock, hr_now() + wait);
}

void hr_collector_unlock(struct hr_collector *c)
{
    pthread_mutex_unlock(&c->lock);
}
