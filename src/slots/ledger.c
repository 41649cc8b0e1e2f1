#include "ledger.h"

#include "human.h"
#include "mem.h"

int hr_ledger_create(uint64_t budget, struct hr_ledger **ret, struct hr_error *err)
{
    struct hr_ledger *l = hr_calloc(1, sizeof *l);
    if (l == NULL)
        return hr_fail_nomem(err, sizeof *l, "the byte ledger");
    l->budget = budget;
    atomic_store(&l->refs, 1);
    *ret = l;
    return 0;
}

void hr_ledger_retain(struct hr_ledger *l)
{
    atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
}

void hr_ledger_release(struct hr_ledger *l)
{
    if (l != NULL && atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) == 1)
        hr_free(l);
}

bool hr_ledger_try(struct hr_ledger *l, enum hr_charge c, uint64_t bytes)
{
    uint64_t t = atomic_load_explicit(&l->total, memory_order_relaxed);
    do {
        if (t > l->budget || bytes > l->budget - t) { /* I1 */
            atomic_fetch_add_explicit(&l->refused, 1, memory_order_relaxed);
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(&l->total, &t, t + bytes, memory_order_relaxed, memory_order_relaxed));
    atomic_fetch_add_explicit(&l->used[c], bytes, memory_order_relaxed);
    uint64_t high = atomic_load_explicit(&l->high, memory_order_relaxed);
    while (t + bytes > high && !atomic_compare_exchange_weak_explicit(&l->high, &high, t + bytes, memory_order_relaxed,
                                                                      memory_order_relaxed))
        ;
    return true;
}

int hr_ledger_take(struct hr_ledger *l, enum hr_charge c, uint64_t bytes, struct hr_error *err)
{
    if (hr_ledger_try(l, c, bytes))
        return 0;
    uint64_t t = hr_ledger_total(l);
    return hr_fail(err, HR_E_BUDGET,
                   "%s for %s would pass the memory budget: %s of %s are in use; raise the budget, or make batches, "
                   "window or prefetch smaller",
                   hr_human_bytes(bytes).text, hr_charge_what(c), hr_human_bytes(t).text, hr_human_bytes(l->budget).text);
}

void hr_ledger_give(struct hr_ledger *l, enum hr_charge c, uint64_t bytes)
{
    atomic_fetch_sub_explicit(&l->used[c], bytes, memory_order_relaxed);
    atomic_fetch_sub_explicit(&l->total, bytes, memory_order_relaxed);
}

const char *hr_charge_name(enum hr_charge c)
{
    static const char *const names[] = {
#define HR_CHARGE_NAME(name, text, what) text,
        HR_CHARGES(HR_CHARGE_NAME)
#undef HR_CHARGE_NAME
    };
    return (unsigned)c < HR_COUNT(names) ? names[c] : "?";
}

const char *hr_charge_what(enum hr_charge c)
{
    static const char *const whats[] = {
#define HR_CHARGE_WHAT(name, text, what) what,
        HR_CHARGES(HR_CHARGE_WHAT)
#undef HR_CHARGE_WHAT
    };
    return (unsigned)c < HR_COUNT(whats) ? whats[c] : "?";
}
