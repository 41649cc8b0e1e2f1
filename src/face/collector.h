/* A thread that ticks the sampler and lets one other look at what it found.
 *
 * K1: the thread holds the lock while it ticks, a reader while it looks; a reader never waits for a tick longer than it says.
 * K2: ticks keep their times: a late one does not move the next. */
#ifndef HR_COLLECTOR_H
#define HR_COLLECTOR_H

#include "alarm.h"
#include "thread.h"
#include "watch.h"

struct hr_collector {
    struct hr_watch *watch;
    uint64_t period;
    const struct hr_alarm_options *alarms; /* NULL: nothing is done at an alert */
    struct hr_alarm alarm;                 /* the alerts, looked for behind every tick; opened by start */
    void (*after)(void *ctx, const struct hr_model *m); /* behind every tick, under the lock; may be NULL */
    void (*told)(void *ctx);                            /* then, without it: wakes a reader; may be NULL */
    void *ctx;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    bool stopping;
    struct hr_thread thread;
};

/* The first tick has been done when it returns. */
int hr_collector_start(struct hr_collector *c, struct hr_error *err) HR_MUST_USE;
void hr_collector_stop(struct hr_collector *c);
/* The same in two steps, where others still look meanwhile: no more ticks, and then the end of the lock. */
void hr_collector_halt(struct hr_collector *c);
void hr_collector_fini(struct hr_collector *c);
/* False: the sampler has the lock for `wait` ns already. */
bool hr_collector_lock(struct hr_collector *c, uint64_t wait);
void hr_collector_unlock(struct hr_collector *c);

#endif
