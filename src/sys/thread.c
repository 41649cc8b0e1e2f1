#include "thread.h"

#include "clock.h"
#include "fault.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <time.h>

enum { SMALL_STACK = 640 << 10 };

static int start(struct hr_thread *t, const char *name, size_t stack, void *(*fn)(void *), void *arg, struct hr_error *err)
{
    sigset_t all, old;
    pthread_attr_t a;
    pthread_attr_init(&a);
    if (stack != 0)
        pthread_attr_setstacksize(&a, stack);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int en = hr_fault_sys() ? EAGAIN : pthread_create(&t->id, &a, fn, arg);
    if (en == EINVAL && stack != 0) /* thread-local data of the program and its libraries lies in it, and leaves no room */
        en = pthread_create(&t->id, NULL, fn, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&a);
    if (en != 0)
        return hr_fail_errno(err, en, "the thread '%s' cannot be started", name);
    char short_name[16];
    strncpy(short_name, name, sizeof short_name - 1);
    short_name[sizeof short_name - 1] = 0;
    pthread_setname_np(t->id, short_name);
    t->running = true;
    return 0;
}

int hr_thread_start(struct hr_thread *t, const char *name, void *(*fn)(void *), void *arg, struct hr_error *err)
{
    return start(t, name, 0, fn, arg, err);
}

int hr_thread_start_small(struct hr_thread *t, const char *name, void *(*fn)(void *), void *arg, struct hr_error *err)
{
    return start(t, name, SMALL_STACK, fn, arg, err);
}

void hr_thread_join(struct hr_thread *t)
{
    if (t->running)
        pthread_join(t->id, NULL);
    t->running = false;
}

void hr_cond_init(pthread_cond_t *c)
{
    pthread_condattr_t a;
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(c, &a);
    pthread_condattr_destroy(&a);
}

bool hr_cond_wait_until(pthread_cond_t *c, pthread_mutex_t *m, uint64_t deadline)
{
    struct timespec t = { (time_t)(deadline / 1000000000u), (long)(deadline % 1000000000u) };
    return pthread_cond_timedwait(c, m, &t) == 0;
}

bool hr_mutex_lock_until(pthread_mutex_t *m, uint64_t deadline)
{
    if (pthread_mutex_trylock(m) == 0)
        return true;
    uint64_t now = hr_now();
    if (deadline <= now)
        return false;
    uint64_t end = hr_wall() + (deadline - now); /* the clock that a timed lock knows everywhere */
    struct timespec t = { (time_t)(end / 1000000000u), (long)(end % 1000000000u) };
    return pthread_mutex_timedlock(m, &t) == 0;
}

unsigned hr_cpus(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n < 1 ? 1 : (unsigned)n;
}
