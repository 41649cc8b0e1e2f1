/* Batches in memory, and how long it lives. */
#ifndef HRPY_BLOCK_H
#define HRPY_BLOCK_H

#include "dlpack_abi.h"
#include "hrpy.h"

#include <stdatomic.h>

enum { HRPY_DIMS = HR_NDIM_MAX + 1 };

struct hrpy_block;

/* One tensor of a block, in the shapes that other frameworks read. */
struct hrpy_view {
    struct dl_managed_versioned dl; /* first: a view is found again from it */
    struct dl_managed old;          /* filled by hrpy_view_old */
    struct hrpy_block *block;
    int64_t shape[HRPY_DIMS], strides[HRPY_DIMS];
    enum hr_dtype dtype;
};

/* One hr_batch as Python sees it.  Every tensor object, capsule and Batch holds one reference; the last one gives the
 * memory back to the loader (P1). */
struct hrpy_block {
    atomic_int refs;
    int n; /* tensors; view[n] is the sample numbers, int64 [samples] */
    hr_batch *batch;
    struct hrpy_view view[];
};

/* Takes over the batch's reference; starts with one reference of its own.  NULL: MemoryError is set, the batch released. */
struct hrpy_block *hrpy_block_new(hr_batch *batch);
void hrpy_block_retain(struct hrpy_block *b);
void hrpy_block_release(struct hrpy_block *b); /* from any thread, without the GIL; accepts NULL */
struct dl_managed *hrpy_view_old(struct hrpy_view *v);

#endif
