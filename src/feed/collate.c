#include "collate.h"

#include "err.h"
#include "mem.h"

#include <stdio.h>
#include <string.h>

enum { PERIOD = 256 }; /* the quantisation pairs are tiled to about as many elements */

struct builder {
    struct hr_collate *c;
    const struct hr_loader_options *o;
    int outs_max;
};

static bool wanted(const struct hr_loader_options *o, const char *name)
{
    if (o->fields == NULL)
        return true;
    for (const char *const *f = o->fields; *f != NULL; f++)
        if (strcmp(*f, name) == 0)
            return true;
    return false;
}

static int check_names(const struct hr_schema *s, const struct hr_loader_options *o, struct hr_error *err)
{
    for (const char *const *f = o->fields; f != NULL && *f != NULL; f++)
        if (hr_schema_find(s, *f) < 0)
            return hr_fail(err, HR_E_INVALID, "the dataset has no field '%s'; its first field is '%s'", *f,
                           s->n > 0 ? s->field[0].name : "–");
    return 0;
}

static struct hr_out *add_out(struct builder *b, enum hr_out_kind kind, const char *name, enum hr_dtype dtype)
{
    struct hr_collate *c = b->c;
    int i = c->outs++;
    assert(i < b->outs_max);
    snprintf(c->name[i], sizeof c->name[i], "%s", name);
    struct hr_out *out = &c->out[i];
    *out = (struct hr_out){ .kind = kind, .field = -1, .read = -1, .span = -1, .lists = 1, .row_in = 1, .row_out = 1, .width = 1, .dynamic = -1 };
    out->elem_out = (uint32_t)hr_dtype_size(dtype);
    c->tensor[i] = (struct hr_tensor){ .name = c->name[i], .dtype = dtype, .ndim = 1 };
    return out;
}

/* The span of a ragged field.  In a graph join all NODE fields share one, and all edge fields another: their counts must
 * agree, which hr_gather checks for every sample. */
static int span_of(struct hr_collate *c, int field)
{
    const struct hr_field *f = &c->schema->field[field];
    enum hr_role role = f->role == HR_ROLE_EDGE_INDEX ? HR_ROLE_EDGE : f->role;
    if (c->join == HR_JOIN_GRAPH && role == HR_ROLE_NODE && c->node_span >= 0)
        return c->node_span;
    if (c->join == HR_JOIN_GRAPH && role == HR_ROLE_EDGE && c->edge_span >= 0)
        return c->edge_span;
    int s = c->spans++;
    c->span[s] = (struct hr_span){ .field = field, .role = role, .lists = c->layout[field].lists };
    if (role == HR_ROLE_NODE && c->node_span < 0)
        c->node_span = s;
    if (role == HR_ROLE_EDGE && c->edge_span < 0)
        c->edge_span = s;
    return s;
}

/* Scale and offset by column, repeated up to whole multiples of the row. */
static int tile(struct hr_out *out, const struct hr_field *f, struct hr_error *err)
{
    size_t n = (size_t)f->quant_n;
    if (n != 1 && (uint64_t)n != out->width)
        return hr_fail(err, HR_E_FORMAT, "the field '%s' has %d quantisation pairs for %llu columns", f->name, f->quant_n,
                       (unsigned long long)out->width);
    size_t times = n < PERIOD ? PERIOD / n : 1;
    out->period = n * times;
    out->scale = hr_reallocarray(NULL, out->period, sizeof *out->scale);
    out->offset = hr_reallocarray(NULL, out->period, sizeof *out->offset);
    if (out->scale == NULL || out->offset == NULL)
        return hr_fail_nomem(err, out->period * sizeof(double), "quantisation tables");
    for (size_t i = 0; i < out->period; i++) {
        out->scale[i] = f->scale[i % n];
        out->offset[i] = f->offset[i % n];
    }
    return 0;
}

static int choose_conversion(struct builder *b, struct hr_out *out, const struct hr_field *f, struct hr_error *err)
{
    bool ok = true;
    if (f->scale != NULL && f->offset != NULL && f->stored == HR_I8 && (f->dtype == HR_F32 || f->dtype == HR_F64)) {
        out->dequant = f->dtype == HR_F32 ? b->c->k->q8_f32 : b->c->k->q8_f64;
        return tile(out, f, err);
    }
    out->convert = hr_kernel_converter(f->stored, f->dtype, &ok);
    if (!ok || f->scale != NULL)
        return hr_fail(err, HR_E_UNSUPPORTED, "the field '%s' is stored as %s%s, which cannot be read as %s", f->name,
                       f->scale != NULL ? "quantised " : "", hr_dtype_name(f->stored), hr_dtype_name(f->dtype));
    return 0;
}

/* The dimensions behind the batch's own: a ragged dimension is left out where rows are laid end to end. */
static void shape_of(const struct hr_field *f, struct hr_tensor *t, int first, int skip, int extra)
{
    t->ndim = first;
    for (int d = 0; d < f->ndim; d++)
        if (d != skip)
            t->shape[t->ndim++] = f->shape[d];
    if (extra > 0)
        t->shape[t->ndim - 1] += extra;
}

static int field_out(struct builder *b, int i, enum hr_out_kind kind, struct hr_out **ret, struct hr_error *err)
{
    struct hr_collate *c = b->c;
    const struct hr_field *f = &c->schema->field[i];
    const struct hr_layout *l = &c->layout[i];
    bool text = f->dtype == HR_STR || f->dtype == HR_BYTES;
    int extra = hr_transforms_extra(c->transforms, i);
    struct hr_out *out = add_out(b, kind, f->name, text ? HR_U8 : f->dtype);
    out->field = i;
    out->read = c->fields;
    out->lists = l->lists != 0 ? l->lists : 1;
    out->row_in = l->row;
    out->width = f->ndim > 0 && f->shape[f->ndim - 1] != HR_RAGGED ? (uint64_t)f->shape[f->ndim - 1] : 1;
    if (out->width == 0)
        out->width = 1;
    out->row_out = l->row / out->width * (out->width + (uint64_t)extra);
    out->elem_in = l->elem;
    out->stored = f->stored;
    out->touched = hr_transforms_touch(c->transforms, i);
    *ret = out;
    if (extra > 0 && (f->ndim == 0 || f->shape[f->ndim - 1] == HR_RAGGED))
        return hr_fail(err, HR_E_INVALID, "a transform would append a column to '%s', which has no fixed last dimension", f->name);
    return text ? 0 : choose_conversion(b, out, f, err);
}

static int add_fixed(struct builder *b, int i, struct hr_error *err)
{
    struct hr_out *out;
    int r = field_out(b, i, HR_OUT_FIXED, &out, err);
    if (r < 0)
        return r;
    shape_of(&b->c->schema->field[i], &b->c->tensor[b->c->outs - 1], 1, -1, hr_transforms_extra(b->c->transforms, i));
    return 0;
}

static int add_edges(struct builder *b, int i, int span, struct hr_error *err)
{
    struct hr_collate *c = b->c;
    const struct hr_field *f = &c->schema->field[i];
    bool lists = f->ndim == 2 && f->shape[0] == 2 && f->shape[1] == HR_RAGGED;
    bool rows = f->ndim == 2 && f->shape[0] == HR_RAGGED && f->shape[1] == 2;
    if ((!lists && !rows) || c->k->add[f->stored] == NULL)
        return hr_fail(err, HR_E_UNSUPPORTED, "the edge_index field '%s' is neither [2, -1] nor [-1, 2] of integers", f->name);
    struct hr_out *out = add_out(b, HR_OUT_EDGES, f->name, HR_I64);
    out->field = i;
    out->read = c->fields;
    out->span = span;
    out->lists = c->layout[i].lists;
    out->row_in = c->layout[i].row;
    out->elem_in = c->layout[i].elem;
    out->stored = f->stored;
    out->rows_in = rows;
    out->rows_out = b->o->edge_rows;
    out->dynamic = out->rows_out ? 0 : 1;
    c->edge_field = i;
    struct hr_tensor *t = &c->tensor[c->outs - 1];
    t->ndim = 2;
    t->shape[out->rows_out ? 1 : 0] = 2;
    return 0;
}

static int add_ragged(struct builder *b, int i, int span, struct hr_error *err)
{
    struct hr_collate *c = b->c;
    const struct hr_field *f = &c->schema->field[i];
    bool graph = c->join == HR_JOIN_GRAPH && (f->role == HR_ROLE_NODE || f->role == HR_ROLE_EDGE || f->role == HR_ROLE_EDGE_INDEX);
    int extra = hr_transforms_extra(c->transforms, i);
    char name[HR_NAME_MAX + 8];
    if (c->join == HR_JOIN_GRAPH && f->role == HR_ROLE_EDGE_INDEX)
        return add_edges(b, i, span, err);
    bool lists = c->layout[i].ragged == 1;
    bool pad = c->join == HR_JOIN_PAD;
    struct hr_out *out;
    int r = field_out(b, i, pad ? HR_OUT_PAD : lists ? HR_OUT_LISTS : HR_OUT_ROWS, &out, err);
    if (r < 0)
        return r;
    out->span = span;
    out->dynamic = pad ? (lists ? 2 : 1) : lists ? 1 : 0;
    struct hr_tensor *t = &c->tensor[c->outs - 1];
    if (pad && f->ndim > 0)
        shape_of(f, t, 1, -1, extra);
    else if (pad)
        t->ndim = 2;
    else if (lists)
        shape_of(f, t, 0, -1, extra);
    else
        shape_of(f, t, 1, 0, extra);
    if (graph)
        return 0;
    snprintf(name, sizeof name, "%s_%s", f->name, pad ? "len" : "ptr");
    add_out(b, pad ? HR_OUT_LEN : HR_OUT_PTR, name, HR_I64)->span = span;
    return 0;
}

static int add_fields(struct builder *b, struct hr_error *err)
{
    struct hr_collate *c = b->c;
    for (int i = 0; i < c->schema->n; i++) {
        if (!wanted(b->o, c->schema->field[i].name))
            continue;
        int span = c->layout[i].lists != 0 ? span_of(c, i) : -1;
        int r = span >= 0 ? add_ragged(b, i, span, err) : add_fixed(b, i, err);
        if (r < 0)
            return r;
        c->field[c->fields] = i;
        c->field_span[c->fields++] = span;
    }
    if (c->outs == 0)
        return hr_fail(err, HR_E_INVALID, "no field is wanted, so there is nothing to make batches of");
    return 0;
}

/* "batch" and "ptr" of a graph join; and a name that stands twice is refused. */
static int finish(struct builder *b, struct hr_error *err)
{
    struct hr_collate *c = b->c;
    bool edges = false;
    for (int i = 0; i < c->fields; i++)
        edges |= c->schema->field[c->field[i]].role == HR_ROLE_EDGE_INDEX;
    if (c->join == HR_JOIN_GRAPH && edges && c->node_span < 0)
        return hr_fail(err, HR_E_INVALID,
                       "a graph join needs a field of role 'node' beside the edge index, to know the number of nodes");
    if (c->join == HR_JOIN_GRAPH && c->node_span >= 0) {
        struct hr_out *out = add_out(b, HR_OUT_BATCH, "batch", HR_I64);
        out->span = c->node_span;
        out->dynamic = 0;
        add_out(b, HR_OUT_PTR, "ptr", HR_I64)->span = c->node_span;
    }
    c->drops = hr_transforms_drop_nodes(c->transforms) || hr_transforms_drop_edges(c->transforms);
    if (c->drops && (c->join != HR_JOIN_GRAPH || c->node_span < 0 || c->edge_field < 0))
        return hr_fail(err, HR_E_INVALID,
                       "edge_drop and node_drop need a graph join with a field of role 'node' and one of role 'edge_index'");
    for (int i = 0; i < c->outs; i++)
        for (int j = 0; j < i; j++)
            if (strcmp(c->name[i], c->name[j]) == 0)
                return hr_fail(err, HR_E_INVALID, "two tensors of the batch would be called '%s'; leave one field out with `fields`",
                               c->name[i]);
    return 0;
}

static enum hr_join choose_join(const struct hr_schema *s, const struct hr_loader_options *o)
{
    if (o->join != HR_JOIN_AUTO)
        return o->join;
    for (int i = 0; i < s->n; i++)
        if (s->field[i].role == HR_ROLE_EDGE_INDEX && wanted(o, s->field[i].name))
            return HR_JOIN_GRAPH;
    return HR_JOIN_STACK;
}

int hr_collate_init(struct hr_collate *c, const struct hr_schema *schema, const struct hr_layout *layout,
                    const struct hr_loader_options *o, const struct hr_transforms *transforms, struct hr_error *err)
{
    size_t n = (size_t)schema->n;
    struct builder b = { c, o, 2 * schema->n + 2 };
    *c = (struct hr_collate){ .schema = schema, .layout = layout, .k = hr_kernels(), .node_span = -1, .edge_span = -1, .edge_field = -1,
                              .transforms = transforms, .seed = o->seed };
    int r = check_names(schema, o, err);
    if (r < 0)
        return r;
    c->join = choose_join(schema, o);
    c->out = hr_calloc((size_t)b.outs_max, sizeof *c->out);
    c->tensor = hr_calloc((size_t)b.outs_max, sizeof *c->tensor);
    c->name = hr_calloc((size_t)b.outs_max, sizeof *c->name);
    c->span = hr_calloc(n, sizeof *c->span);
    c->field = hr_calloc(n, sizeof *c->field);
    c->field_span = hr_calloc(n, sizeof *c->field_span);
    if (c->out == NULL || c->tensor == NULL || c->name == NULL || c->span == NULL || c->field == NULL || c->field_span == NULL)
        r = hr_fail_nomem(err, n * sizeof *c->out, "the list of outputs");
    if (r == 0)
        r = add_fields(&b, err);
    if (r == 0)
        r = finish(&b, err);
    if (r < 0)
        hr_collate_fini(c);
    return r;
}

void hr_collate_fini(struct hr_collate *c)
{
    for (int i = 0; c->out != NULL && i < c->outs; i++) {
        hr_free(c->out[i].scale);
        hr_free(c->out[i].offset);
    }
    hr_free(c->out);
    hr_free(c->tensor);
    hr_free(c->name);
    hr_free(c->span);
    hr_free(c->field);
    hr_free(c->field_span);
    *c = (struct hr_collate){ 0 };
}
