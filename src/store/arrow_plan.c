#include "arrow.h"

/* A field's levels from the outside in: a List where a dimension is ragged, a FixedSizeList where it is fixed. */

int hr_arrow_nodes_of(const struct hr_field *f, uint64_t n, uint64_t rows, struct hr_arrow_node *node)
{
    int k = 0;
    uint64_t length = n;
    node[k++] = (struct hr_arrow_node){ (int64_t)length, 0 };
    for (int d = 0; d < f->ndim; d++) {
        length = f->shape[d] == HR_RAGGED ? rows : length * (uint64_t)f->shape[d];
        node[k++] = (struct hr_arrow_node){ (int64_t)length, 0 };
    }
    return k;
}

int hr_arrow_buffers_of(const struct hr_field *f, int *ret_offsets, int *ret_values)
{
    int k = 0, offsets = -1;
    for (int d = 0; d < f->ndim; d++) {
        k++;
        if (f->shape[d] == HR_RAGGED)
            offsets = k++;
    }
    k++;
    if (hr_dtype_size(f->stored) == 0)
        offsets = k++;
    *ret_offsets = offsets;
    *ret_values = k;
    return k + 1;
}

struct hr_arrow_plan hr_arrow_plan_of(const struct hr_schema *s)
{
    struct hr_arrow_plan plan = { 0, 0 };
    for (int i = 0; i < s->n; i++) {
        int offsets, values;
        plan.nodes += s->field[i].ndim + 1;
        plan.buffers += hr_arrow_buffers_of(&s->field[i], &offsets, &values);
    }
    return plan;
}
