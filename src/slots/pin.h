/* Page-locked (pinned) memory through the CUDA driver, where there is one: copies to the GPU from it are asynchronous.
 * The driver is opened at run time with our own declarations; no SDK is needed.
 *
 * Pinning is never required: every failure ends in plain memory and a reason.  On WSL2 the driver caps what can be
 * pinned; the first refusal is remembered, and no further attempt is made. */
#ifndef HR_PIN_H
#define HR_PIN_H

#include "attr.h"
#include "dl.h"

#include <pthread.h>

struct hr_pinner {
    pthread_mutex_t lock; /* slots grow in any thread */
    struct hr_dl dl;
    bool on;
    int device;
    void *context;
    int (*push)(void *), (*pop)(void **), (*host_register)(void *, size_t, unsigned), (*host_unregister)(void *);
    int (*context_release)(int);
    uint64_t bytes;         /* pinned now */
    char reason[160];       /* why it is off; "" while it works or was never asked for */
};

/* `wanted` false: only the lock; nothing is ever pinned. */
void hr_pinner_init(struct hr_pinner *p, bool wanted);
void hr_pinner_fini(struct hr_pinner *p);
/* True when [at, at + n) is pinned now; whole pages. */
bool hr_pin(struct hr_pinner *p, void *at, size_t n);
void hr_unpin(struct hr_pinner *p, void *at, size_t n);

#endif
