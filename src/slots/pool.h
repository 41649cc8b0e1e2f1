/* Slots: the memory that batches are built in.  A slot is one anonymous mapping that holds all tensors of a batch at
 * 64-byte aligned offsets; sizes are known first, then there is one placement.
 *
 * Life of a slot: FREE -> (hr_pool_acquire) FILLING -> (hr_slot_publish) HELD, one reference -> (last release) FREE.
 *
 * I1  Only a slot without references changes its mapping, so a tensor's address never changes while it is held.
 * I2  Growth is charged to the ledger before it is mapped.  The old mapping goes first, so that growing never holds both;
 *     a refused or failed growth leaves an empty slot, which is charged nothing.
 * I3  The pool lives until its owner closed it and the last held batch was released: batches stay valid after the loader
 *     is gone.  What names and tensors point to belongs to the pool.
 * I4  The slot released last is handed out first: its memory is still in the CPU's caches.
 * Thread-safety: acquire, publish, retain and release from any thread; place and the slot's fields belong to whoever
 * acquired it. */
#ifndef HR_POOL_H
#define HR_POOL_H

#include "headrace/feed.h"
#include "ledger.h"
#include "mapping.h"

struct hr_pool;

struct hr_slot {
    struct hr_batch batch; /* what the consumer sees; first, so that a batch is its slot */
    struct hr_tensor *tensor;
    uint64_t *sample;      /* room for sample_max */
    uint32_t sample_max;
    struct hr_mapping map;
    size_t used;           /* bytes of the current placement */
    bool pinned;
    _Atomic unsigned refs;
    struct hr_pool *pool;
    struct hr_slot *next;  /* in the free list */
};

struct hr_pool_options {
    const struct hr_tensor *tensor; /* template: names, dtypes, ndim and the fixed dimensions; copied with the names */
    int tensors;
    uint32_t max;                   /* slots that may exist */
    bool guard;                     /* fill released slots with 0xDB */
    bool pin;                       /* page-lock slots; falls back, see hr_pool_pin_reason */
    struct hr_ledger *ledger;       /* retained */
};

int hr_pool_create(const struct hr_pool_options *o, struct hr_pool **ret, struct hr_error *err) HR_MUST_USE;
/* The owner is done with it.  Accepts NULL. */
void hr_pool_close(struct hr_pool *p);

/* A free slot, or HR_E_BUDGET when all `max` are held or the ledger refuses another one. */
int hr_pool_acquire(struct hr_pool *p, struct hr_slot **ret, struct hr_error *err) HR_MUST_USE;
/* Room for `samples` sample numbers and for tensors of bytes[i] each: sets tensor[i].data.  Shapes are the caller's to set.
 * Contents are not defined. */
int hr_slot_place(struct hr_slot *s, uint32_t samples, const uint64_t *bytes, struct hr_error *err) HR_MUST_USE;
/* The filled slot as a batch with one reference. */
struct hr_batch *hr_slot_publish(struct hr_slot *s);
/* Gives back a slot that was acquired and not published. */
void hr_slot_abandon(struct hr_slot *s);

/* Slots with references or being filled, and slots that exist. */
uint32_t hr_pool_busy(const struct hr_pool *p);
uint32_t hr_pool_slots(const struct hr_pool *p);
/* Unmaps what free slots hold (memory is short); they grow again when they are needed. */
void hr_pool_trim(struct hr_pool *p);
/* Why slots are not pinned though it was asked for, or NULL. */
const char *hr_pool_pin_reason(const struct hr_pool *p);

#endif
