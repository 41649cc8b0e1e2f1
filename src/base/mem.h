/* The only door to the heap.  Every allocation passes the fault counter, so a test can make the n-th one fail.
 * All functions are thread-safe; memory from hr_* is freed with hr_free only. */
#ifndef HR_MEM_H
#define HR_MEM_H

#include "attr.h"

/* A fresh block that `release` frees; clang 14 knows the attribute without its arguments only. */
#if defined(__clang__)
#define HR_ALLOCATES(release) __attribute__((malloc))
#else
#define HR_ALLOCATES(release) __attribute__((malloc(release, 1)))
#endif

void hr_free(void *p); /* accepts NULL */
void *hr_malloc(size_t n) HR_MUST_USE HR_ALLOCATES(hr_free);
void *hr_calloc(size_t count, size_t size) HR_MUST_USE HR_ALLOCATES(hr_free);
void *hr_realloc(void *p, size_t n) HR_MUST_USE;
/* count * size with an overflow check: NULL when the product does not fit. */
void *hr_reallocarray(void *p, size_t count, size_t size) HR_MUST_USE;
/* `align` is a power of two; freed with hr_free. */
void *hr_aligned(size_t align, size_t n) HR_MUST_USE;
void *hr_memdup(const void *p, size_t n) HR_MUST_USE;
char *hr_strdup(const char *s) HR_MUST_USE;

/* For HR_CLEANUP(hr_freep): frees what the variable points to. */
static inline void hr_freep(void *pp)
{
    hr_free(*(void **)pp);
}

/* --- faults on request (sys/fault.c sets this from HEADRACE_FAULT) ---
 * The n-th allocation from now (1 = the next) fails; 0 = none.  With `sticky` every later one fails too. */
void hr_mem_fail_at(uint64_t n, bool sticky);
/* Allocations made since the start of the process: tests loop n up to the count of a clean run. */
uint64_t hr_mem_count(void);

#endif
