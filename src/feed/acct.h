/* Where the time goes: one counter of ticks and one of events per stage, always on.  The hot path reads the clock twice
 * per batch; everything else is counted where it is slow anyway. */
#ifndef HR_ACCT_H
#define HR_ACCT_H

#include "attr.h"
#include "clock.h"

#include <stdatomic.h>

#define HR_STAGES(X)                                                                    \
    X(DISK, "disk", "reading chunks")                                                   \
    X(VERIFY, "verify", "checksums and structure of chunks")                            \
    X(DECOMPRESS, "decompress", "decompressing chunks")                                 \
    X(GATHER, "gather", "planning and building batches")                                \
    X(AUGMENT, "augment", "part of gather: dropping, and fields with transforms")       \
    X(WAIT_READ, "wait_read", "the caller waited for a chunk")                          \
    X(WAIT_BUILD, "wait_build", "the caller waited for a builder")                      \
    X(WAIT_SLOT, "wait_slot", "builders waited for a free batch")                       \
    X(CONSUMER, "consumer", "between the calls of next: what the consumer did")

enum hr_stage {
#define HR_STAGE_ENUM(name, text, what) HR_STAGE_##name,
    HR_STAGES(HR_STAGE_ENUM)
#undef HR_STAGE_ENUM
    HR_STAGE_COUNT
};

struct hr_acct {
    _Atomic uint64_t ticks[HR_STAGE_COUNT], events[HR_STAGE_COUNT];
    _Atomic uint64_t bytes_read, bytes_verified, bytes_decompressed, chunk_uses, chunk_reads, ahead_reads;
    _Atomic uint64_t batches, samples;
    uint64_t start_ns, start_ticks; /* at birth: gives nanoseconds per tick without a calibration */
};

static inline void hr_acct_add(struct hr_acct *a, enum hr_stage s, uint64_t ticks)
{
    atomic_fetch_add_explicit(&a->ticks[s], ticks, memory_order_relaxed);
    atomic_fetch_add_explicit(&a->events[s], 1, memory_order_relaxed);
}

static inline void hr_acct_count(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

void hr_acct_init(struct hr_acct *a);
/* Nanoseconds per tick, from the time since init. */
double hr_acct_tick_ns(const struct hr_acct *a);
const char *hr_stage_name(enum hr_stage s);
const char *hr_stage_what(enum hr_stage s);

#endif
