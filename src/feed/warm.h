/* Warming a mapped dataset that lies cold on the disk: a helper thread reads the parts from front to back, at the disk's
 * sequential rate, while the caller takes its samples in random order.  Started when first touches turn out to be slow, so a
 * dataset that is in the page cache costs no thread.  Best effort: what fails is read by its first touch instead. */
#ifndef HR_WARM_H
#define HR_WARM_H

#include "store.h"
#include "thread.h"

struct hr_warmer {
    const struct hr_store *store; /* NULL: never warm */
    bool huge; /* faults read 2 MiB at once by themselves */
    struct hr_thread thread;
    _Atomic uint32_t slow; /* first touches that took longer than the page cache can explain */
    _Atomic bool stop;
};

void hr_warmer_init(struct hr_warmer *w, const struct hr_store *s, bool allowed);
/* Tells how long a first touch of `bytes` took; the second slow one starts the thread.  From any thread. */
void hr_warmer_note(struct hr_warmer *w, uint64_t bytes, uint64_t ns);
/* Stops and waits, for one piece of 4 MiB at most.  No hr_warmer_note may be under way.  Accepts a zeroed one. */
void hr_warmer_close(struct hr_warmer *w);

#endif
