/* Compiling a list of transforms: checks first, then stages, merging what can be done at once. */
#include "transform.h"

#include "mem.h"
#include "program.h"

#include <math.h>
#include <string.h>

static const char *const kind_name[] = {
#define HR_T_NAME(name, text, help) text,
    HR_TRANSFORMS(HR_T_NAME)
#undef HR_T_NAME
};

/* One transform of the list while it is compiled. */
struct item {
    const struct hr_transform *t;
    uint32_t index;
    const struct hr_field *field;
    const struct hr_field_norm *stats; /* NULL = none */
    struct hr_program *program;
    struct hr_error *err;
};

#define HR_ITEM_FMT "transform %u (%s of '%s')"
#define HR_ITEM_ARG(it) ((it)->index + 1), kind_name[(it)->t->kind], ((it)->t->field != NULL ? (it)->t->field : "")

static bool drops(const struct hr_transform *t)
{
    return t->kind == HR_T_EDGE_DROP || t->kind == HR_T_NODE_DROP;
}

/* --- checks --- */

static int check_range(const struct item *it)
{
    const struct hr_transform *t = it->t;
    bool clamp = t->kind == HR_T_CLAMP;
    if (t->a_from_statistics)
        return 0;
    if (clamp ? isnan(t->a) || isnan(t->b) : !isfinite(t->a) || !isfinite(t->b))
        return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " has a = %g and b = %g, which must be numbers", HR_ITEM_ARG(it), t->a, t->b);
    switch (t->kind) {
    case HR_T_MINMAX:
        if (t->a == t->b)
            return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " has a = b = %g and would divide by zero", HR_ITEM_ARG(it), t->a);
        return 0;
    case HR_T_ZSCORE:
        if (t->b == 0)
            return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " has b = 0 and would divide by zero", HR_ITEM_ARG(it));
        return 0;
    case HR_T_SINCOS:
        if (!(t->a > 0))
            return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " has the period a = %g, which must be above 0", HR_ITEM_ARG(it), t->a);
        return 0;
    case HR_T_CLAMP:
    case HR_T_SHIFT:
    case HR_T_JITTER:
        if (t->a > t->b)
            return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " has a = %g above b = %g", HR_ITEM_ARG(it), t->a, t->b);
        return 0;
    case HR_T_NOISE:
        if (t->a < 0)
            return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " has the negative deviation a = %g", HR_ITEM_ARG(it), t->a);
        return 0;
    default:
        if (t->a < 0 || t->a > 1)
            return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " has the probability a = %g, which must be within 0 and 1",
                           HR_ITEM_ARG(it), t->a);
        return 0;
    }
}

static int check_statistics(const struct item *it)
{
    const struct hr_transform *t = it->t;
    if (!t->a_from_statistics)
        return 0;
    if (t->kind != HR_T_MINMAX && t->kind != HR_T_ZSCORE && t->kind != HR_T_CLAMP)
        return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " takes nothing from statistics: give a and b", HR_ITEM_ARG(it));
    if (it->stats == NULL || it->stats->n != it->program->width)
        return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " wants statistics, and the dataset has none for this field: give a and b",
                       HR_ITEM_ARG(it));
    return 0;
}

static int check_field(const struct item *it)
{
    const struct hr_transform *t = it->t;
    const struct hr_field *f = it->field;
    if (f->dtype != HR_F32 && f->dtype != HR_F64)
        return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " cannot be: the field is %s, and transforms work on float32 and float64",
                       HR_ITEM_ARG(it), hr_dtype_name(f->dtype));
    if (t->column < -1 || (t->column >= 0 && (uint64_t)t->column >= it->program->width))
        return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " names column %d; the field has 0 to %llu (-1 = all)", HR_ITEM_ARG(it),
                       t->column, (unsigned long long)it->program->width - 1);
    if (t->kind == HR_T_SINCOS) {
        if (f->ndim == 0 || f->shape[f->ndim - 1] == HR_RAGGED)
            return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " would append a column, but the field has no fixed last dimension",
                           HR_ITEM_ARG(it));
        if (t->column < 0 && it->program->width != 1)
            return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " must name one column", HR_ITEM_ARG(it));
    }
    return 0;
}

/* --- stages --- */

static struct hr_stage *new_stage(const struct item *it, enum hr_stage_kind kind)
{
    struct hr_program *p = it->program;
    struct hr_stage *all = hr_reallocarray(p->stage, (size_t)p->stages + 1, sizeof *all);
    if (all == NULL)
        return NULL;
    p->stage = all;
    struct hr_stage *s = &all[p->stages];
    *s = (struct hr_stage){ .kind = kind, .column = it->t->column, .index = it->index, .a = it->t->a, .b = it->t->b };
    s->set = hr_calloc(p->width, sizeof *s->set);
    if (s->set == NULL)
        return NULL;
    p->stages++; /* from here on hr_transforms_free frees what the stage has */
    if (kind > HR_STAGE_CLAMP)
        return s;
    s->p = hr_calloc(p->period, sizeof *s->p);
    s->q = hr_calloc(p->period, sizeof *s->q);
    if (s->p == NULL || s->q == NULL)
        return NULL;
    for (uint64_t i = 0; i < p->period; i++) {
        s->p[i] = kind == HR_STAGE_CLAMP ? -INFINITY : 0.0;
        s->q[i] = kind == HR_STAGE_CLAMP ? INFINITY : 1.0;
    }
    return s;
}

static void set_pair(struct hr_program *p, struct hr_stage *s, uint64_t column, double a, double b)
{
    s->set[column] = true;
    for (uint64_t i = column; i < p->period; i += p->width) {
        s->p[i] = a;
        s->q[i] = b;
    }
}

/* The stage that can take the pair of `column`: the last one of the kind, unless a later one has changed the column. */
static struct hr_stage *open_stage(struct hr_program *p, enum hr_stage_kind kind, uint64_t column)
{
    for (int i = p->stages - 1; i >= 0; i--) {
        struct hr_stage *s = &p->stage[i];
        if (s->kind == kind && (!s->set[column] || kind == HR_STAGE_AFFINE))
            return s;
        if (s->set[column])
            return NULL;
    }
    return NULL;
}

static int add_pair(const struct item *it, enum hr_stage_kind kind, uint64_t column, double a, double b)
{
    struct hr_program *p = it->program;
    struct hr_stage *s = open_stage(p, kind, column);
    if (s == NULL) {
        s = new_stage(it, kind);
        if (s == NULL)
            return hr_fail_nomem(it->err, p->period * 2 * sizeof(double), "a transform's coefficients");
    }
    /* ((v - p) q - a) b = (v - (p + a / q)) (q b) */
    if (s->set[column] && kind == HR_STAGE_AFFINE) {
        a = s->p[column] + a / s->q[column];
        b = s->q[column] * b;
    }
    set_pair(p, s, column, a, b);
    return 0;
}

static int add_fixed(const struct item *it, uint64_t column)
{
    const struct hr_transform *t = it->t;
    double a = t->a, b = t->b;
    bool zscore = t->kind == HR_T_ZSCORE;
    if (t->a_from_statistics) {
        const struct hr_norm *f = &it->stats->feature[column];
        a = zscore ? f->mean : f->min;
        b = zscore ? f->std : f->max;
        if (!isfinite(a) || !isfinite(b))
            return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " wants statistics, and column %llu has none: give a and b",
                           HR_ITEM_ARG(it), (unsigned long long)column);
    }
    if (t->kind == HR_T_CLAMP)
        return add_pair(it, HR_STAGE_CLAMP, column, a, b);
    double d = zscore ? b : b - a;
    /* A constant column of the statistics.  Its deviation may be a rounding error and no 0; given values cannot be 0. */
    if (t->a_from_statistics && (d == 0 || it->stats->feature[column].min == it->stats->feature[column].max))
        d = 1;
    if (!isfinite(d) || !isfinite(1 / d))
        return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " divides by %g, which is out of range", HR_ITEM_ARG(it), d);
    return it->program->wide ? add_pair(it, HR_STAGE_DIVIDE, column, a, d) : add_pair(it, HR_STAGE_AFFINE, column, a, 1 / d);
}

/* a as the count of 53-bit numbers below it, out of 2^53: unit < a exactly when the number is below this. */
static uint64_t threshold(double a)
{
    return (uint64_t)ceil(a * 0x1p53);
}

static int add_field(struct item *it, struct hr_transforms *all)
{
    static const enum hr_stage_kind stage_of[] = {
        [HR_T_SINCOS] = HR_STAGE_SINCOS, [HR_T_SHIFT] = HR_STAGE_SHIFT, [HR_T_NOISE] = HR_STAGE_NOISE,
        [HR_T_JITTER] = HR_STAGE_JITTER, [HR_T_MASK] = HR_STAGE_MASK,
    };
    struct hr_program *p = it->program;
    enum hr_transform_kind kind = it->t->kind;
    uint64_t from = it->t->column < 0 ? 0 : (uint64_t)it->t->column;
    uint64_t to = it->t->column < 0 ? p->width : from + 1;
    if (kind == HR_T_MINMAX || kind == HR_T_ZSCORE || kind == HR_T_CLAMP) {
        for (uint64_t c = from; c < to; c++) {
            int rc = add_fixed(it, c);
            if (rc < 0)
                return rc;
        }
        return 0;
    }
    struct hr_stage *s = new_stage(it, stage_of[kind]);
    if (s == NULL)
        return hr_fail_nomem(it->err, sizeof *s, "a transform's stage");
    for (uint64_t c = from; c < to; c++)
        s->set[c] = true;
    if (kind == HR_T_SINCOS) {
        s->column = (int)from;
        s->extra = (uint32_t)p->extra++;
    } else {
        all->random = true;
    }
    if (kind == HR_T_MASK)
        s->below = threshold(it->t->a);
    return 0;
}

static int add_drop(struct item *it, const struct hr_schema *schema, struct hr_transforms *all)
{
    bool edges = false;
    for (int i = 0; i < schema->n; i++)
        edges = edges || schema->field[i].role == HR_ROLE_EDGE_INDEX;
    if (!edges)
        return hr_fail(it->err, HR_E_INVALID, "transform %u (%s) needs a field of the role edge_index, and the dataset has none",
                       it->index + 1, kind_name[it->t->kind]);
    struct hr_dropper d = { it->index, threshold(it->t->a) };
    if (it->t->kind == HR_T_NODE_DROP)
        all->node_drop[all->node_drops++] = d;
    else
        all->edge_drop[all->edge_drops++] = d;
    all->random = true;
    return 0;
}

static int add(struct hr_transforms *all, struct item *it, const struct hr_schema *schema, const struct hr_field_norm *stats)
{
    if ((int)it->t->kind < 0 || it->t->kind >= HR_T_COUNT)
        return hr_fail(it->err, HR_E_INVALID, "transform %u is of the unknown kind %d", it->index + 1, (int)it->t->kind);
    if (drops(it->t)) {
        int rc = it->t->a_from_statistics ? hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " takes nothing from statistics: give a", HR_ITEM_ARG(it))
                                          : check_range(it);
        return rc < 0 ? rc : add_drop(it, schema, all);
    }
    int at = it->t->field == NULL ? -1 : hr_schema_find(schema, it->t->field);
    if (at < 0)
        return hr_fail(it->err, HR_E_INVALID, HR_ITEM_FMT " names a field that the dataset does not have", HR_ITEM_ARG(it));
    it->field = &schema->field[at];
    it->stats = stats == NULL || stats[at].n == 0 ? NULL : &stats[at];
    it->program = &all->program[at];
    int rc = check_field(it);
    if (rc == 0)
        rc = check_statistics(it);
    if (rc == 0)
        rc = check_range(it);
    return rc < 0 ? rc : add_field(it, all);
}

static void prepare(struct hr_program *p, const struct hr_field *f)
{
    p->wide = f->dtype == HR_F64;
    p->width = f->ndim == 0 || f->shape[f->ndim - 1] == HR_RAGGED ? 1 : (uint64_t)f->shape[f->ndim - 1];
    p->width = HR_MAX(p->width, UINT64_C(1)); /* a dimension of 0: there are no elements */
    p->period = p->width >= HR_TILE ? p->width : HR_TILE / p->width * p->width;
}

int hr_transforms_compile(const struct hr_transform *list, int n, const struct hr_schema *schema, const struct hr_field_norm *stats,
                          struct hr_transforms **ret, struct hr_error *err)
{
    if (n < 0 || n > HR_TRANSFORMS_MAX)
        return hr_fail(err, HR_E_LIMIT, "%d transforms are more than the %d that can be", n, HR_TRANSFORMS_MAX);
    struct hr_transforms *all = hr_calloc(1, sizeof *all);
    if (all == NULL)
        return hr_fail_nomem(err, sizeof *all, "the transforms");
    all->program = hr_calloc((size_t)schema->n + 1, sizeof *all->program);
    if (all->program == NULL) {
        hr_transforms_free(all);
        return hr_fail_nomem(err, (size_t)schema->n * sizeof *all->program, "the transforms");
    }
    all->fields = schema->n;
    for (int i = 0; i < schema->n; i++)
        prepare(&all->program[i], &schema->field[i]);
    for (int i = 0; i < n; i++) {
        struct item it = { .t = &list[i], .index = (uint32_t)i, .err = err };
        int rc = add(all, &it, schema, stats);
        if (rc < 0) {
            hr_transforms_free(all);
            return rc;
        }
    }
    *ret = all;
    return 0;
}

void hr_transforms_free(struct hr_transforms *t)
{
    if (t == NULL)
        return;
    for (int i = 0; i < t->fields; i++) {
        for (int k = 0; k < t->program[i].stages; k++) {
            hr_free(t->program[i].stage[k].p);
            hr_free(t->program[i].stage[k].q);
            hr_free(t->program[i].stage[k].set);
        }
        hr_free(t->program[i].stage);
    }
    hr_free(t->program);
    hr_free(t);
}

bool hr_transforms_touch(const struct hr_transforms *t, int field)
{
    return t != NULL && t->program[field].stages > 0;
}

int hr_transforms_extra(const struct hr_transforms *t, int field)
{
    return t == NULL ? 0 : t->program[field].extra;
}

bool hr_transforms_drop_nodes(const struct hr_transforms *t)
{
    return t != NULL && t->node_drops > 0;
}

bool hr_transforms_drop_edges(const struct hr_transforms *t)
{
    return t != NULL && t->node_drops + t->edge_drops > 0;
}

bool hr_transforms_random(const struct hr_transforms *t)
{
    return t != NULL && t->random;
}
