/* The gather: one pass that turns picked samples into a batch.  First every sample is measured (rows of each ragged field,
 * where its bytes are), then the slot is placed once, then each output is copied once, converted on the way.
 *
 * I1  hr_gather_measure reads offsets of the picked chunks only; hr_gather_fill reads values only through what measure
 *     found.  Chunks stay where they are from measure to fill (the caller pins them).
 * I2  The result depends on the picked samples and their order alone: not on the thread, the slot or what was before.
 * I3  Where nodes or edges are dropped, rows[] counts what is left and raw[] what is stored. */
#ifndef HR_GATHER_H
#define HR_GATHER_H

#include "collate.h"
#include "drop.h"
#include "pool.h"

/* One sample of a chunk. */
struct hr_pick {
    const struct hr_column *col; /* the chunk's columns, one per schema field */
    uint32_t row;                /* of the chunk's samples */
    uint32_t chunk;              /* whose pin this pick holds; the gather does not look at it */
};

/* A batch before it is built.  Arrays hold `cap` entries per field or span. */
struct hr_plan {
    uint64_t epoch, step, position;
    uint32_t n, cap;
    uint64_t *sample;    /* the dataset's number of each sample */
    struct hr_pick *pick;
    const uint8_t **src; /* [fields][cap]: first stored byte of each sample's part of a field */
    uint32_t *rows;      /* [spans][cap]: rows of each sample in the batch */
    uint32_t *raw;       /* the same as stored; the same array when nothing is dropped */
    struct hr_kept *kept; /* [cap] when something is dropped */
    uint64_t *first;     /* [spans][cap + 1]: rows before each sample, and the sum */
    uint32_t *most;      /* [spans]: the largest of rows */
    uint64_t bytes;      /* that fill will read, about */
    uint64_t augment;    /* ticks that dropping and the fields with transforms took */
    void *block;         /* what all arrays lie in */
    size_t block_bytes;
    struct hr_ledger *ledger; /* what the two below are charged to as they grow; not owned */
    struct hr_room { void *p; size_t n; } lists, work; /* of kept[]; of one sample on its way through several steps */
};

/* Makes room for n samples.  Charging hr_plan_bytes is the caller's; what grows later is charged to `ledger`. */
int hr_plan_init(struct hr_plan *p, const struct hr_collate *c, uint32_t n, struct hr_ledger *ledger, struct hr_error *err) HR_MUST_USE;
size_t hr_plan_bytes(const struct hr_collate *c, uint32_t n);
void hr_plan_fini(struct hr_plan *p); /* accepts a zeroed one */

/* Asks the CPU for the offsets that measure will read: called a batch earlier. */
void hr_gather_foresee(const struct hr_collate *c, const struct hr_plan *p);
/* From pick[] to src[], rows[], first[].  HR_E_BAD_SAMPLE when fields of one graph disagree about its nodes or edges. */
int hr_gather_measure(const struct hr_collate *c, struct hr_plan *p, struct hr_error *err) HR_MUST_USE;
/* Builds the batch in `slot`.  `next` (may be NULL) is the measured plan of the batch after this one: its bytes are asked
 * for while this one's are copied, as their latency is what random access costs. */
int hr_gather_fill(const struct hr_collate *c, struct hr_plan *p, const struct hr_plan *next, struct hr_slot *slot,
                   struct hr_error *err) HR_MUST_USE;

/* --- between plan.c, thin.c and gather.c --- */
/* At least n bytes, charged before they are taken; contents are lost when it grows. */
int hr_plan_room(struct hr_plan *p, struct hr_room *room, size_t n, struct hr_error *err) HR_MUST_USE;
/* Decides which nodes and edges of every sample are left, and changes rows[] to that. */
int hr_thin_measure(const struct hr_collate *c, struct hr_plan *p, struct hr_error *err) HR_MUST_USE;
/* The stored rows of output `out` of sample i without the dropped ones: src itself when none is, else in p->work. */
const uint8_t *hr_thin_rows(const struct hr_collate *c, const struct hr_plan *p, const struct hr_out *out, uint32_t i,
                            const uint8_t *src);
/* The sample's edges as stored. */
struct hr_edges hr_thin_edges(const struct hr_collate *c, const struct hr_plan *p, uint32_t i);
/* Bytes of p->work that fill needs. */
size_t hr_thin_room(const struct hr_collate *c, const struct hr_plan *p);

#endif
