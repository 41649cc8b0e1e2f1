#include "fault.h"

#include "mem.h"
#include "parse.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic uint64_t sys_count, sys_fail_at, sys_die_at;
static _Atomic bool sys_sticky;

void hr_fault_sys_at(uint64_t n, bool sticky)
{
    uint64_t at = n == 0 ? 0 : atomic_load_explicit(&sys_count, memory_order_relaxed) + n;
    atomic_store_explicit(&sys_sticky, sticky, memory_order_relaxed);
    atomic_store_explicit(&sys_fail_at, at, memory_order_relaxed);
}

void hr_fault_die_at(uint64_t n)
{
    uint64_t at = n == 0 ? 0 : atomic_load_explicit(&sys_count, memory_order_relaxed) + n;
    atomic_store_explicit(&sys_die_at, at, memory_order_relaxed);
}

uint64_t hr_fault_sys_count(void)
{
    return atomic_load_explicit(&sys_count, memory_order_relaxed);
}

bool hr_fault_sys(void)
{
    uint64_t i = atomic_fetch_add_explicit(&sys_count, 1, memory_order_relaxed) + 1;
    uint64_t at = atomic_load_explicit(&sys_fail_at, memory_order_relaxed);
    if (HR_UNLIKELY(i == atomic_load_explicit(&sys_die_at, memory_order_relaxed)))
        raise(SIGKILL);
    if (HR_LIKELY(at == 0))
        return false;
    if (i != at && !(i > at && atomic_load_explicit(&sys_sticky, memory_order_relaxed)))
        return false;
    errno = EIO;
    return true;
}

void hr_fault_init(void)
{
    struct hr_str rest = hr_str(getenv("HEADRACE_FAULT")), one, kind;
    while (hr_str_cut(&rest, ',', &one)) {
        uint64_t n;
        bool sticky = hr_str_ends(one, "+");
        one.n -= sticky;
        if (!hr_str_cut(&one, ':', &kind) || one.p == NULL || hr_parse_u64(one, &n, NULL) < 0)
            continue;
        if (hr_str_is(kind, "alloc"))
            hr_mem_fail_at(n, sticky);
        else if (hr_str_is(kind, "sys"))
            hr_fault_sys_at(n, sticky);
        else if (hr_str_is(kind, "die"))
            hr_fault_die_at(n);
    }
}
