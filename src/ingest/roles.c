#include "roles.h"

#include <string.h>

static const char *base_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL ? dot + 1 : name;
}

static bool one_of(const char *name, const char *const *list)
{
    for (; *list != NULL; list++) {
        size_t n = strlen(*list);
        bool prefix = n > 0 && (*list)[n - 1] == '*';
        if (prefix ? strncmp(name, *list, n - 1) == 0 : strcmp(name, *list) == 0)
            return true;
    }
    return false;
}

static bool is_integer(enum hr_dtype t)
{
    return t >= HR_I8 && t <= HR_U64;
}

static bool is_edge_index(const struct hr_field *f)
{
    static const char *const names[] = { "edge_index", "edge_indices", "edges", "adj", "adj_t", NULL };
    bool pairs = f->ndim == 2 && (f->shape[0] == 2 || f->shape[1] == 2);
    return is_integer(f->dtype) && pairs && one_of(base_name(f->name), names);
}

static bool names_edge(const struct hr_field *f)
{
    static const char *const names[] = { "edge*", "e_*", NULL };
    return one_of(base_name(f->name), names) && !is_edge_index(f);
}

static bool names_node(const struct hr_field *f)
{
    static const char *const names[] = { "x", "pos", "z", "h", "node*", "vertex*", "vertices", "batch_x", NULL };
    return one_of(base_name(f->name), names);
}

static bool names_label(const struct hr_field *f)
{
    static const char *const names[] = { "y", "y_*", "label*", "target*", NULL };
    return one_of(base_name(f->name), names);
}

static int find_edge_index(const struct hr_schema *s)
{
    for (int f = 0; f < s->n; f++)
        if (s->field[f].role == HR_ROLE_EDGE_INDEX || (s->field[f].role == HR_ROLE_NONE && is_edge_index(&s->field[f])))
            return f;
    return -1;
}

static bool any_ragged(const struct hr_field *f)
{
    for (int d = 0; d < f->ndim; d++)
        if (f->shape[d] == HR_RAGGED)
            return true;
    return false;
}

void hr_roles_loosen(struct hr_schema *s)
{
    int index = find_edge_index(s);
    if (index < 0)
        return;
    for (int i = 0; i < s->n; i++) {
        struct hr_field *f = &s->field[i];
        bool numbers = f->dtype != HR_STR && f->dtype != HR_BYTES && f->ndim > 0;
        if (!numbers || any_ragged(f))
            continue;
        if (i == index)
            f->shape[f->shape[0] == 2 ? 1 : 0] = HR_RAGGED;
        else if (names_node(f) || names_edge(f))
            f->shape[0] = HR_RAGGED;
    }
}

/* Rows of sample i in field f: of its first list, or of its first dimension. */
static int64_t rows_of(const struct hr_block *b, int f, uint32_t i)
{
    const struct hr_layout *l = &b->layout[f];
    if (l->lists == 0)
        return b->schema->field[f].ndim > 0 ? b->schema->field[f].shape[0] : 1;
    const int32_t *off = (const int32_t *)(const void *)b->col[f].offsets.data;
    return off[(uint64_t)i * l->lists + 1] - off[(uint64_t)i * l->lists];
}

/* In most samples: those where it is not so are bad samples, not a reason to give the field no role. */
static bool same_rows(const struct hr_block *b, int f, int g)
{
    uint32_t same = 0;
    for (uint32_t i = 0; i < b->n; i++)
        same += rows_of(b, f, i) == rows_of(b, g, i);
    return (uint64_t)same * 2 > b->n || b->n == 0;
}

static bool numbers_with_rows(const struct hr_field *f)
{
    return f->dtype != HR_STR && f->dtype != HR_BYTES && f->ndim > 0 && f->shape[0] == HR_RAGGED;
}

static enum hr_role role_of(const struct hr_schema *s, int f, int index, int node, const struct hr_block *b)
{
    const struct hr_field *field = &s->field[f];
    if (field->dtype == HR_STR || field->dtype == HR_BYTES)
        return HR_ROLE_NONE;
    if (!any_ragged(field))
        return names_label(field) ? HR_ROLE_LABEL : HR_ROLE_GRAPH;
    if (!numbers_with_rows(field))
        return HR_ROLE_NONE;
    if (index >= 0 && names_edge(field) && same_rows(b, f, index))
        return HR_ROLE_EDGE;
    if (node >= 0 && (names_node(field) || names_label(field)) && same_rows(b, f, node))
        return HR_ROLE_NODE;
    return HR_ROLE_NONE;
}

void hr_roles_guess(struct hr_schema *s, const struct hr_block *b)
{
    int index = find_edge_index(s), node = -1;
    if (index >= 0 && any_ragged(&s->field[index]))
        s->field[index].role = HR_ROLE_EDGE_INDEX;
    for (int f = 0; f < s->n && node < 0; f++)
        if (s->field[f].role == HR_ROLE_NODE)
            node = f;
    for (int f = 0; f < s->n && node < 0; f++)
        if (s->field[f].role == HR_ROLE_NONE && names_node(&s->field[f]) && numbers_with_rows(&s->field[f]))
            node = f;
    for (int f = 0; f < s->n; f++)
        if (s->field[f].role == HR_ROLE_NONE)
            s->field[f].role = role_of(s, f, index, node, b);
}
