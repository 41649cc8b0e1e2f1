/* The gather: one pass that turns picked samples into a batch.  First every sample is measured (rows of each ragged field,
 * where its bytes are), then the slot is placed once, then each output is copied once, converted on the way.
 *
 * I1  hr_gather_measure reads offsets of the picked chunks only; hr_gather_fill reads values only through what measure
 *     found.  Chunks stay where they are from measure to fill (the caller pins them).
 * I2  The result depends on the picked samples and their order alone: not on the thread, the slot or what was before. */
#ifndef HR_GATHER_H
#define HR_GATHER_H

#include "collate.h"
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
    uint32_t *rows;      /* [spans][cap]: rows of each sample */
    uint64_t *first;     /* [spans][cap + 1]: rows before each sample, and the sum */
    uint32_t *most;      /* [spans]: the largest of rows */
    uint64_t bytes;      /* that fill will read, about */
    void *block;         /* what all arrays lie in */
    size_t block_bytes;
};

/* Makes room for n samples; keeps nothing.  The bytes it holds are block_bytes: charging them is the caller's. */
int hr_plan_init(struct hr_plan *p, const struct hr_collate *c, uint32_t n, struct hr_error *err) HR_MUST_USE;
size_t hr_plan_bytes(const struct hr_collate *c, uint32_t n);
void hr_plan_fini(struct hr_plan *p); /* accepts a zeroed one */

/* Asks the CPU for the offsets that measure will read: called a batch earlier. */
void hr_gather_foresee(const struct hr_collate *c, const struct hr_plan *p);
/* From pick[] to src[], rows[], first[].  HR_E_BAD_SAMPLE when fields of one graph disagree about its nodes or edges. */
int hr_gather_measure(const struct hr_collate *c, struct hr_plan *p, struct hr_error *err) HR_MUST_USE;
/* Builds the batch in `slot`.  `next` (may be NULL) is the measured plan of the batch after this one: its bytes are asked
 * for while this one's are copied, as their latency is what random access costs. */
int hr_gather_fill(const struct hr_collate *c, const struct hr_plan *p, const struct hr_plan *next, struct hr_slot *slot,
                   struct hr_error *err) HR_MUST_USE;

#endif
