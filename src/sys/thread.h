/* Threads, one mutex and one condition: pthread with the fault counter, names, and signals blocked in helpers. */
#ifndef HR_THREAD_H
#define HR_THREAD_H

#include "err.h"

#include <pthread.h>

struct hr_thread {
    pthread_t id;
    bool running;
};

/* `name` (at most 15 bytes) shows in ps and top.  All signals are blocked in the new thread, so Ctrl-C always reaches the
 * program's own thread. */
int hr_thread_start(struct hr_thread *t, const char *name, void *(*fn)(void *), void *arg, struct hr_error *err) HR_MUST_USE;
/* The same with a stack of 640 KiB (thread-local data included), for a program whose memory is locked: an unused stack counts against the limit as well. */
int hr_thread_start_small(struct hr_thread *t, const char *name, void *(*fn)(void *), void *arg, struct hr_error *err) HR_MUST_USE;
void hr_thread_join(struct hr_thread *t); /* a thread that was never started is fine */

/* Waits on `c` (made with hr_cond_init: monotonic clock) at most until `deadline` of hr_now; false = it passed. */
void hr_cond_init(pthread_cond_t *c);
bool hr_cond_wait_until(pthread_cond_t *c, pthread_mutex_t *m, uint64_t deadline);

/* Takes the lock, waiting for it at most until `deadline` of hr_now; false = it passed. */
bool hr_mutex_lock_until(pthread_mutex_t *m, uint64_t deadline);

/* CPUs this process may use: affinity, and the cgroup's quota rounded up. */
unsigned hr_cpus(void);

#endif
