/* One batch of the library with its reference count and the descriptions of its tensors (P1 of hrpy.h).
 *
 * The memory is libc's: a block dies on whatever thread drops its last tensor, even after the interpreter has ended, and
 * the limited API of 3.11 has no allocator that may be called then. */
#include "pyblock.h"

#include <stdlib.h>

static struct dl_dtype dl_dtype_of(enum hr_dtype t)
{
    uint8_t bits = (uint8_t)(8 * hr_dtype_size(t));
    switch (t) {
    case HR_BOOL:
        return (struct dl_dtype) { DL_BOOL, 8, 1 };
    case HR_I8:
    case HR_I16:
    case HR_I32:
    case HR_I64:
        return (struct dl_dtype) { DL_INT, bits, 1 };
    case HR_F16:
    case HR_F32:
    case HR_F64:
        return (struct dl_dtype) { DL_FLOAT, bits, 1 };
    case HR_STR:
    case HR_BYTES:
        return (struct dl_dtype) { DL_UINT, 8, 1 };
    default:
        return (struct dl_dtype) { DL_UINT, bits, 1 };
    }
}

static void drop_new(struct dl_managed_versioned *self)
{
    hrpy_block_release(((struct hrpy_view *)(void *)self)->block);
}

static void drop_old(struct dl_managed *self)
{
    hrpy_block_release(self->owner);
}

static void view_fill(struct hrpy_view *v, struct hrpy_block *b, void *data, enum hr_dtype dtype, int ndim,
                      const int64_t *shape)
{
    int64_t stride = 1;
    for (int d = ndim - 1; d >= 0; d--) {
        v->shape[d] = shape[d];
        v->strides[d] = stride;
        stride *= shape[d] > 0 ? shape[d] : 1;
    }
    v->block = b;
    v->dtype = dtype;
    v->dl = (struct dl_managed_versioned) {
        .version = { 1, 0 },
        .deleter = drop_new,
        .t = { .data = data,
               .device = { DL_CPU, 0 },
               .ndim = ndim,
               .dtype = dl_dtype_of(dtype),
               .shape = v->shape,
               .strides = v->strides },
    };
}

struct dl_managed *hrpy_view_old(struct hrpy_view *v)
{
    v->old = (struct dl_managed) { .t = v->dl.t, .owner = v->block, .deleter = drop_old };
    return &v->old;
}

struct hrpy_block *hrpy_block_new(hr_batch *batch)
{
    int n = batch->tensors;
    struct hrpy_block *b = malloc(sizeof *b + (size_t)(n + 1) * sizeof b->view[0]);
    if (b == NULL) {
        hr_batch_release(batch);
        PyErr_NoMemory();
        return NULL;
    }
    atomic_init(&b->refs, 1);
    b->n = n;
    b->batch = batch;
    for (int i = 0; i < n; i++) {
        const struct hr_tensor *t = &batch->tensor[i];
        view_fill(&b->view[i], b, t->data, t->dtype, t->ndim, t->shape);
    }
    /* Sample numbers are below 2^63, so they may be shown as int64, which every framework has. */
    view_fill(&b->view[n], b, (void *)(uintptr_t)batch->sample, HR_I64, 1, &(int64_t) { batch->samples });
    return b;
}

void hrpy_block_retain(struct hrpy_block *b)
{
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
}

void hrpy_block_release(struct hrpy_block *b)
{
    if (b == NULL || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
        return;
    hr_batch_release(b->batch);
    free(b);
}
