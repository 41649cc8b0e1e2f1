#include "fork.h"

#include <pthread.h>
#include <stdatomic.h>

static _Atomic uint64_t generation;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void in_child(void)
{
    atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

static void arm(void)
{
    pthread_atfork(NULL, NULL, in_child);
    atomic_fetch_add_explicit(&generation, 1, memory_order_release);
}

uint64_t hr_fork_generation(void)
{
    uint64_t g = atomic_load_explicit(&generation, memory_order_acquire);
    if (HR_LIKELY(g != 0))
        return g;
    pthread_once(&once, arm);
    return atomic_load_explicit(&generation, memory_order_acquire);
}
