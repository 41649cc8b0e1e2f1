/* What a batch looks like: from the dataset's fields and the join, the list of output tensors, each with the way its
 * bytes come about.  Made once per loader; immutable afterwards, so any thread may read it. */
#ifndef HR_COLLATE_H
#define HR_COLLATE_H

#include "headrace/feed.h"
#include "kernels.h"
#include "schema.h"
#include "transform.h"

enum hr_out_kind {
    HR_OUT_FIXED,     /* [B, shape...]: one row per sample */
    HR_OUT_ROWS,      /* [sum, row...]: rows of one list per sample, laid end to end */
    HR_OUT_LISTS,     /* [k, sum]: k lists per sample, each laid end to end */
    HR_OUT_EDGES,     /* [2, sum] or [sum, 2]: as above, with the node offset of the sample added */
    HR_OUT_PAD,       /* [B, max, row...] or [B, k, max], zeros behind the sample's rows */
    HR_OUT_BATCH,     /* [sum of nodes]: the sample's place in the batch, for every node */
    HR_OUT_PTR,       /* [B + 1]: where each sample's rows of `span` begin */
    HR_OUT_LEN,       /* [B]: rows of `span` of each sample */
};

/* A ragged field's rows per sample are measured once per batch and serve every output that follows them. */
struct hr_out {
    enum hr_out_kind kind;
    int field;          /* of the schema; -1 for BATCH, PTR and LEN */
    int read;           /* where `field` stands in hr_collate.field; -1 as well */
    int span;           /* which measured count rules its length: index in hr_collate.span; -1 for FIXED */
    uint32_t lists;     /* per sample: 1, or k of [k, -1] */
    uint64_t row_in;    /* elements per row, stored */
    uint64_t row_out;   /* elements per row in the batch: more when transforms append columns */
    uint64_t width;     /* elements in the last dimension, stored: what columns of transforms and quantisation count */
    uint32_t elem_in;   /* bytes per stored element */
    uint32_t elem_out;
    enum hr_dtype stored;
    bool touched;       /* transforms have something to do */
    bool rows_in, rows_out; /* EDGES: stored as [-1, 2]; wanted as [sum, 2] */
    int dynamic;        /* the dimension that differs from batch to batch, -1 when only the first (B) does */
    hr_kernel_convert *convert;    /* NULL = copy */
    hr_kernel_dequant *dequant;    /* NULL = none */
    double *scale, *offset;        /* tiled to `period`; owned */
    size_t period;
};

struct hr_span {
    int field;      /* whose rows are counted */
    enum hr_role role;
    uint32_t lists;
};

struct hr_collate {
    enum hr_join join;      /* GRAPH, STACK or PAD */
    const struct hr_schema *schema;
    const struct hr_layout *layout;
    const struct hr_kernels *k;
    int outs;
    struct hr_out *out;
    struct hr_tensor *tensor;          /* template for the slots: names, types, fixed dimensions */
    char (*name)[HR_NAME_MAX + 8];     /* the names that are made up: "<field>_ptr" */
    int spans;
    struct hr_span *span;
    int node_span, edge_span;          /* of the graph join; -1 = none */
    int edge_field;                    /* schema field of the edge index; -1 = none */
    const struct hr_transforms *transforms; /* NULL = none; not owned */
    bool drops;                        /* nodes or edges are left out at random */
    uint64_t seed;                     /* of what transforms draw */
    int fields;                        /* schema fields that are read, ascending */
    int *field;
    int *field_span;                   /* per entry of `field`: its span, -1 for fixed fields */
};

/* `transforms` may be NULL; it, the schema and the layout must outlive the collate. */
int hr_collate_init(struct hr_collate *c, const struct hr_schema *schema, const struct hr_layout *layout,
                    const struct hr_loader_options *o, const struct hr_transforms *transforms, struct hr_error *err) HR_MUST_USE;
void hr_collate_fini(struct hr_collate *c);

#endif
