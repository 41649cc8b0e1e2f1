/* The byte ledger: everything that a loader holds is charged here before it is taken, and given back when it is
 * released.  One ledger per loader; it outlives the loader while batches are still held.
 *
 * I1  sum of used[] == total <= budget at every moment: a charge that would pass the budget is refused.
 * I2  what was taken in a category is given back in the same one.
 * Thread-safety: all functions, from any thread. */
#ifndef HR_LEDGER_H
#define HR_LEDGER_H

#include "err.h"

#include <stdatomic.h>

#define HR_CHARGES(X)                                    \
    X(SLOTS, "slots", "batch memory")                    \
    X(CACHE, "cache", "cached chunks")                   \
    X(MAPPED, "mapped", "the dataset's mapped bytes")    \
    X(SCRATCH, "scratch", "read and decompression buffers") \
    X(TABLES, "tables", "chunk tables and plans")        \
    X(QUEUE, "queue", "samples that wait in a stream")

enum hr_charge {
#define HR_CHARGE_ENUM(name, text, what) HR_CHARGE_##name,
    HR_CHARGES(HR_CHARGE_ENUM)
#undef HR_CHARGE_ENUM
    HR_CHARGE_COUNT
};

struct hr_ledger {
    _Atomic uint64_t total, high;
    _Atomic uint64_t used[HR_CHARGE_COUNT];
    _Atomic uint64_t refused; /* charges that did not fit */
    uint64_t budget;          /* fixed at birth */
    _Atomic unsigned refs;
};

/* Begins with one reference. */
int hr_ledger_create(uint64_t budget, struct hr_ledger **ret, struct hr_error *err) HR_MUST_USE;
void hr_ledger_retain(struct hr_ledger *l);
void hr_ledger_release(struct hr_ledger *l); /* accepts NULL */

/* True = charged.  False = it does not fit; nothing is charged. */
bool hr_ledger_try(struct hr_ledger *l, enum hr_charge c, uint64_t bytes) HR_MUST_USE;
/* As hr_ledger_try, with a sentence (HR_E_BUDGET) that names what is wanted, what is held and the budget. */
int hr_ledger_take(struct hr_ledger *l, enum hr_charge c, uint64_t bytes, struct hr_error *err) HR_MUST_USE;
void hr_ledger_give(struct hr_ledger *l, enum hr_charge c, uint64_t bytes);

static inline uint64_t hr_ledger_total(const struct hr_ledger *l)
{
    return atomic_load_explicit(&l->total, memory_order_relaxed);
}
static inline uint64_t hr_ledger_room(const struct hr_ledger *l)
{
    uint64_t t = hr_ledger_total(l);
    return t < l->budget ? l->budget - t : 0;
}
const char *hr_charge_name(enum hr_charge c); /* "slots" */
const char *hr_charge_what(enum hr_charge c); /* "batch memory" */

#endif
