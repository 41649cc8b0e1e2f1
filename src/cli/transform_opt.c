#include "transform_opt.h"

#include "mem.h"
#include "parse.h"

#include <math.h>
#include <string.h>

static const char *const kinds[] = {
#define KIND(name, text, help) text,
    HR_TRANSFORMS(KIND)
#undef KIND
};

static int parse_kind(struct hr_str text, struct hr_str kind, enum hr_transform_kind *ret, struct hr_error *err)
{
    struct hr_suggest near = HR_SUGGEST_INIT(kind);
    for (size_t i = 0; i < HR_COUNT(kinds); i++) {
        if (hr_str_is(kind, kinds[i])) {
            *ret = (enum hr_transform_kind)i;
            return 0;
        }
        hr_suggest_try(&near, kinds[i]);
    }
    const char *best = hr_suggest_best(&near);
    if (best != NULL)
        return hr_fail(err, HR_E_INVALID, "'%.*s': there is no transform '%.*s'; did you mean '%s'?", HR_STR_ARG(text),
                       HR_STR_ARG(kind), best);
    return hr_fail(err, HR_E_INVALID, "'%.*s': there is no transform '%.*s'", HR_STR_ARG(text), HR_STR_ARG(kind));
}

static int number(struct hr_str text, struct hr_str part, double *ret, struct hr_error *err)
{
    double v;
    int r = hr_parse_f64(part, &v, err);
    if (r == 0 && !isfinite(v))
        r = hr_fail(err, HR_E_INVALID, "'%.*s' is not finite", HR_STR_ARG(part));
    if (r < 0)
        return hr_fail_prefix(err, r, "'%.*s'", HR_STR_ARG(text));
    *ret = v;
    return 0;
}

static int figures(struct hr_str text, struct hr_str value, struct hr_transform *t, struct hr_error *err)
{
    struct hr_str a;
    hr_str_cut(&value, ',', &a);
    int r = number(text, a, &t->a, err);
    return r < 0 || value.p == NULL ? r : number(text, value, &t->b, err);
}

/* "x" or "x.2": the column is what stands behind the last dot, when that is a number. */
static int field(struct hr_str text, struct hr_str where, struct hr_transform *t, char **ret_name, struct hr_error *err)
{
    size_t dot = where.n;
    uint64_t column;
    while (dot > 0 && where.p[dot - 1] != '.')
        dot--;
    if (dot > 0 && hr_parse_u64((struct hr_str) { where.p + dot, where.n - dot }, &column, NULL) == 0) {
        if (column > INT32_MAX)
            return hr_fail(err, HR_E_INVALID, "'%.*s': there is no such column", HR_STR_ARG(text));
        t->column = (int)column;
        where.n = dot - 1;
    }
    if (where.n == 0 || where.n > HR_NAME_MAX)
        return hr_fail(err, HR_E_INVALID, "'%.*s': a field's name has 1 to %d bytes", HR_STR_ARG(text), HR_NAME_MAX);
    char *name = hr_calloc(1, where.n + 1);
    if (name == NULL)
        return hr_fail_nomem(err, where.n + 1, "a field's name");
    memcpy(name, where.p, where.n);
    t->field = *ret_name = name;
    return 0;
}

static bool from_statistics(enum hr_transform_kind k)
{
    return k == HR_T_MINMAX || k == HR_T_ZSCORE || k == HR_T_CLAMP;
}

static int one(struct hr_str text, struct hr_transform *t, char **ret_name, struct hr_error *err)
{
    struct hr_str value = text, head, kind;
    hr_str_cut(&value, '=', &head);
    hr_str_cut(&head, ':', &kind);
    *t = (struct hr_transform) { .column = -1 };
    int r = parse_kind(text, kind, &t->kind, err);
    if (r == 0 && head.p != NULL)
        r = field(text, head, t, ret_name, err);
    if (r < 0)
        return r;
    bool fieldless = t->kind == HR_T_EDGE_DROP || t->kind == HR_T_NODE_DROP;
    if (t->field == NULL && !fieldless)
        return hr_fail(err, HR_E_INVALID, "'%.*s' names no field: write %s:FIELD", HR_STR_ARG(text), kinds[t->kind]);
    if (value.p != NULL)
        return figures(text, value, t, err);
    if (!from_statistics(t->kind))
        return hr_fail(err, HR_E_INVALID, "'%.*s' has no figures: write %.*s=A or =A,B", HR_STR_ARG(text),
                       HR_STR_ARG(text));
    t->a_from_statistics = true;
    return 0;
}

int hr_transforms_parse(const struct hr_strings *texts, struct hr_transform_list *ret, struct hr_error *err)
{
    struct hr_transform_list l = { hr_calloc(texts->n + 1, sizeof *l.item), hr_calloc(texts->n + 1, sizeof *l.names),
                                   texts->n };
    int r = l.item == NULL || l.names == NULL ? hr_fail_nomem(err, (texts->n + 1) * sizeof *l.item, "transforms") : 0;
    if (l.names == NULL)
        l.n = 0;
    for (size_t i = 0; r == 0 && i < texts->n; i++)
        r = one(hr_str(texts->item[i]), &l.item[i], &l.names[i], err);
    if (r < 0)
        hr_transforms_fini(&l);
    else
        *ret = l;
    return r;
}

void hr_transforms_fini(struct hr_transform_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        hr_free(l->names[i]);
    hr_free(l->names);
    hr_free(l->item);
    *l = (struct hr_transform_list) { NULL, NULL, 0 };
}
