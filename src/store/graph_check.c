#include "graph_check.h"

/* True when each of n values, read as unsigned, is below `bound`: one pass without a branch. */
#define BELOW(T)                                                    \
    static bool below_##T(const void *p, uint64_t n, uint64_t bound) \
    {                                                               \
        const T *v = p;                                             \
        T top = 0;                                                  \
        for (uint64_t i = 0; i < n; i++)                            \
            top = HR_MAX(top, v[i]);                                \
        return n == 0 || top < bound;                               \
    }
BELOW(uint8_t)
BELOW(uint16_t)
BELOW(uint32_t)
BELOW(uint64_t)
#undef BELOW

/* A negative value of w bits reads as 2^(w-1) or more, so signed types have that as their bound at most. */
static bool indices_ok(enum hr_dtype stored, const void *p, uint64_t n, uint64_t nodes)
{
    switch (stored) {
    case HR_I8:
        return below_uint8_t(p, n, HR_MIN(nodes, UINT64_C(1) << 7));
    case HR_U8:
        return below_uint8_t(p, n, nodes);
    case HR_I16:
        return below_uint16_t(p, n, HR_MIN(nodes, UINT64_C(1) << 15));
    case HR_U16:
        return below_uint16_t(p, n, nodes);
    case HR_I32:
        return below_uint32_t(p, n, HR_MIN(nodes, UINT64_C(1) << 31));
    case HR_U32:
        return below_uint32_t(p, n, nodes);
    case HR_I64:
        return below_uint64_t(p, n, HR_MIN(nodes, UINT64_C(1) << 63));
    default:
        return below_uint64_t(p, n, nodes);
    }
}

/* Rows of sample i in a field, or -1 when its lists differ in length.  Rows of an edge_index are its edges: the long
 * dimension, whichever comes first. */
static int64_t rows_of(const struct hr_field *f, const struct hr_layout *l, const struct hr_column *c, uint32_t i)
{
    if (l->lists == 0) {
        bool pairs_first = f->role == HR_ROLE_EDGE_INDEX && f->shape[0] == 2;
        return f->ndim == 0 ? 1 : pairs_first ? f->shape[1] : f->shape[0];
    }
    const int32_t *at = c->offsets + (uint64_t)i * l->lists;
    int64_t rows = at[1] - at[0];
    for (uint32_t k = 1; k < l->lists; k++)
        if (at[k + 1] - at[k] != rows)
            return -1;
    return rows;
}

/* The values of sample i: *ret_n elements. */
static const uint8_t *values_of(const struct hr_layout *l, const struct hr_column *c, uint32_t i, uint64_t *ret_n)
{
    uint64_t from = i, to = (uint64_t)i + 1;
    if (l->lists != 0) {
        from = (uint64_t)c->offsets[(uint64_t)i * l->lists];
        to = (uint64_t)c->offsets[((uint64_t)i + 1) * l->lists];
    }
    *ret_n = (to - from) * l->row;
    return c->values + from * l->row * l->elem;
}

static int sample_check(const struct hr_schema *s, const struct hr_layout *layout, const struct hr_chunk *c, uint32_t i,
                        struct hr_error *err)
{
    int64_t nodes = -1, edges = -1;
    for (int f = 0; f < s->n; f++) {
        const struct hr_field *field = &s->field[f];
        bool edge = field->role == HR_ROLE_EDGE || field->role == HR_ROLE_EDGE_INDEX, node = field->role == HR_ROLE_NODE;
        int64_t rows = rows_of(field, &layout[f], &c->col[f], i), *other = node ? &nodes : &edges;
        if (rows < 0)
            return hr_fail(err, HR_E_BAD_SAMPLE, "the lists of field '%s' differ in length", field->name);
        if ((node || edge) && *other >= 0 && *other != rows)
            return hr_fail(err, HR_E_BAD_SAMPLE, "field '%s' has %lld rows, another field of %s has %lld", field->name,
                           (long long)rows, node ? "the nodes" : "the edges", (long long)*other);
        if (node || edge)
            *other = rows;
    }
    for (int f = 0; f < s->n; f++) {
        uint64_t n;
        if (s->field[f].role != HR_ROLE_EDGE_INDEX)
            continue;
        const uint8_t *p = values_of(&layout[f], &c->col[f], i, &n);
        if (!indices_ok(s->field[f].stored, p, n, nodes >= 0 ? (uint64_t)nodes : UINT64_MAX))
            return hr_fail(err, HR_E_BAD_SAMPLE, "field '%s' names a node beyond the sample's %lld", s->field[f].name,
                           (long long)nodes);
    }
    return 0;
}

int hr_graph_check(const struct hr_schema *s, const struct hr_layout *layout, const struct hr_chunk *c, uint32_t *ret_sample,
                   struct hr_error *err)
{
    for (uint32_t i = 0; i < c->n; i++) {
        int r = sample_check(s, layout, c, i, err);
        if (r < 0) {
            *ret_sample = i;
            return r;
        }
    }
    return 0;
}
