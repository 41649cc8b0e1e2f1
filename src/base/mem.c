#include "mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The fault counter is read on every allocation: relaxed, as only tests arm it and they do so before starting
 * the work whose allocations they count. */
static _Atomic uint64_t mem_count;
static _Atomic uint64_t mem_fail_at;
static _Atomic bool mem_sticky;

void hr_mem_fail_at(uint64_t n, bool sticky)
{
    uint64_t at = n == 0 ? 0 : atomic_load_explicit(&mem_count, memory_order_relaxed) + n;
    atomic_store_explicit(&mem_sticky, sticky, memory_order_relaxed);
    atomic_store_explicit(&mem_fail_at, at, memory_order_relaxed);
}

uint64_t hr_mem_count(void)
{
    return atomic_load_explicit(&mem_count, memory_order_relaxed);
}

static bool mem_refused(void)
{
    uint64_t i = atomic_fetch_add_explicit(&mem_count, 1, memory_order_relaxed) + 1;
    uint64_t at = atomic_load_explicit(&mem_fail_at, memory_order_relaxed);
    if (HR_LIKELY(at == 0))
        return false;
    return i == at || (i > at && atomic_load_explicit(&mem_sticky, memory_order_relaxed));
}

void hr_free(void *p)
{
    free(p);
}

void *hr_malloc(size_t n)
{
    return mem_refused() ? NULL : malloc(n != 0 ? n : 1);
}

void *hr_calloc(size_t count, size_t size)
{
    return mem_refused() ? NULL : calloc(count != 0 ? count : 1, size != 0 ? size : 1);
}

void *hr_realloc(void *p, size_t n)
{
    return mem_refused() ? NULL : realloc(p, n != 0 ? n : 1);
}

void *hr_reallocarray(void *p, size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n))
        return NULL;
    return hr_realloc(p, n);
}

void *hr_aligned(size_t align, size_t n)
{
    void *p = NULL;
    if (mem_refused() || posix_memalign(&p, align < sizeof p ? sizeof p : align, n != 0 ? n : 1) != 0)
        return NULL;
    return p;
}

void *hr_memdup(const void *p, size_t n)
{
    void *q = hr_malloc(n);
    if (q != NULL && n != 0)
        memcpy(q, p, n);
    return q;
}

char *hr_strdup(const char *s)
{
    return hr_memdup(s, strlen(s) + 1);
}
