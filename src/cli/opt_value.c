/* One value: from text into the member that its row names, and its range in words. */
#include "opt.h"

#include "mem.h"
#include "parse.h"

#include <limits.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* "4 KiB": the largest unit that divides evenly, so that a bound is shown exactly. */
static void exact(uint64_t v, const char *const *units, const uint64_t *scale, size_t n, struct hr_buf *out)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (v != 0 && v % scale[i] == 0)
            best = i;
    hr_buf_printf(out, "%llu %s", (unsigned long long)(v / scale[best]), units[best]);
}

static void bound_text(const struct hr_opt *o, union hr_opt_bound b, struct hr_buf *out)
{
    static const char *const bytes[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    static const uint64_t bytes_scale[] = { 1, UINT64_C(1) << 10, UINT64_C(1) << 20, UINT64_C(1) << 30,
                                            UINT64_C(1) << 40 };
    static const char *const times[] = { "ns", "µs", "ms", "s", "min", "h", "d" };
    static const uint64_t times_scale[] = {
        1, 1000, 1000000, 1000000000, UINT64_C(60000000000), UINT64_C(3600000000000), UINT64_C(86400000000000)
    };
    switch (o->type) {
    case HR_OPT_T_INT:
        hr_buf_printf(out, "%d", b.i);
        break;
    case HR_OPT_T_FLOAT:
        hr_buf_printf(out, "%.15g", b.f);
        break;
    case HR_OPT_T_SIZE:
        exact(b.u, bytes, bytes_scale, HR_COUNT(bytes), out);
        break;
    case HR_OPT_T_DURATION:
        exact(b.u, times, times_scale, HR_COUNT(times), out);
        break;
    default:
        hr_buf_printf(out, "%llu", (unsigned long long)b.u);
    }
}

/* Which ends of the range are there. */
static void ends(const struct hr_opt *o, bool *ret_lo, bool *ret_hi)
{
    *ret_lo = *ret_hi = false;
    switch (o->type) {
    case HR_OPT_T_INT:
        *ret_lo = o->lo.i != INT_MIN;
        *ret_hi = o->hi.i != INT_MAX;
        break;
    case HR_OPT_T_FLOAT:
        *ret_lo = o->lo.f > -DBL_MAX;
        *ret_hi = o->hi.f < DBL_MAX;
        break;
    case HR_OPT_T_U64:
    case HR_OPT_T_SIZE:
    case HR_OPT_T_DURATION:
        *ret_hi = o->hi.u != UINT64_MAX;
        *ret_lo = true;
        break;
    default:
        break;
    }
}

/* That a count is not negative, or not 0, goes without saying when nothing bounds it above; so does it of a size and a time. */
static bool obvious(const struct hr_opt *o, bool hi)
{
    if (o->type == HR_OPT_T_INT)
        return !hi && (o->lo.i == 0 || o->lo.i == 1);
    return o->type != HR_OPT_T_FLOAT && o->lo.u <= 1 && (!hi || o->type != HR_OPT_T_U64);
}

static void range_text(const struct hr_opt *o, bool lo, bool hi, struct hr_buf *out)
{
    if (!lo && !hi)
        return;
    if (lo && !hi)
        hr_buf_adds(out, "at least ");
    if (!lo)
        hr_buf_adds(out, "at most ");
    if (lo)
        bound_text(o, o->lo, out);
    if (lo && hi)
        hr_buf_adds(out, " to ");
    if (hi)
        bound_text(o, o->hi, out);
}

void hr_opt_range(const struct hr_opt *o, struct hr_buf *out)
{
    bool lo, hi;
    ends(o, &lo, &hi);
    range_text(o, lo && !obvious(o, hi), hi, out);
}

static int out_of_range(const struct hr_opt *o, struct hr_str text, struct hr_error *err)
{
    struct hr_buf range = HR_BUF_INIT(200);
    bool lo, hi;
    ends(o, &lo, &hi);
    range_text(o, lo, hi, &range);
    int r = hr_fail(err, HR_E_INVALID, "%.*s is out of range: %s", HR_STR_ARG(text), range.data);
    hr_buf_fini(&range);
    return r;
}

static int set_int(const struct hr_opt *o, int *ret, struct hr_str text, struct hr_error *err)
{
    int64_t v;
    int r = hr_parse_i64(text, &v, err);
    if (r < 0)
        return r;
    if (v < o->lo.i || v > o->hi.i)
        return out_of_range(o, text, err);
    *ret = (int)v;
    return 0;
}

static int set_unsigned(const struct hr_opt *o, uint64_t *ret, struct hr_str text, struct hr_error *err)
{
    uint64_t v;
    int r = o->type == HR_OPT_T_SIZE       ? hr_parse_size(text, &v, err)
            : o->type == HR_OPT_T_DURATION ? hr_parse_duration(text, &v, err)
                                           : hr_parse_u64(text, &v, err);
    if (r < 0)
        return r;
    if (v < o->lo.u || v > o->hi.u)
        return out_of_range(o, text, err);
    *ret = v;
    return 0;
}

static int set_float(const struct hr_opt *o, double *ret, struct hr_str text, struct hr_error *err)
{
    double v;
    int r = hr_parse_f64(text, &v, err);
    if (r < 0)
        return r;
    if (isnan(v))
        return hr_fail(err, HR_E_INVALID, "'%.*s' is not a number", HR_STR_ARG(text));
    if (v < o->lo.f || v > o->hi.f)
        return out_of_range(o, text, err);
    *ret = v;
    return 0;
}

static int set_choice(const struct hr_opt *o, int *ret, struct hr_str text, struct hr_error *err)
{
    struct hr_suggest near = HR_SUGGEST_INIT(text);
    for (const struct hr_choice *c = o->choices; c->name != NULL; c++) {
        if (hr_str_is(text, c->name)) {
            *ret = c->value;
            return 0;
        }
        hr_suggest_try(&near, c->name);
    }
    struct hr_buf legal = HR_BUF_INIT(400);
    for (const struct hr_choice *c = o->choices; c->name != NULL; c++)
        hr_buf_printf(&legal, "%s%s", c == o->choices ? "" : c[1].name == NULL ? " or " : ", ", c->name);
    const char *best = hr_suggest_best(&near);
    if (best != NULL && text.n <= 3 && best[0] != text.p[0]) /* all are named anyway, and "gpu" does not mean "cpu" */
        best = NULL;
    int r = best != NULL
                ? hr_fail(err, HR_E_INVALID, "'%.*s' is not %s; did you mean '%s'?", HR_STR_ARG(text), legal.data, best)
                : hr_fail(err, HR_E_INVALID, "'%.*s' is not %s", HR_STR_ARG(text), legal.data);
    hr_buf_fini(&legal);
    return r;
}

static int list_add(struct hr_strings *list, struct hr_str text, struct hr_error *err)
{
    const char **item = hr_reallocarray(list->item, list->n + 2, sizeof *item);
    if (item == NULL)
        return hr_fail_nomem(err, (list->n + 2) * sizeof *item, "a list of arguments");
    list->item = item;
    char *copy = hr_malloc(text.n + 1);
    if (copy == NULL) {
        list->item[list->n] = NULL;
        return hr_fail_nomem(err, text.n + 1, "an argument");
    }
    if (text.n != 0)
        memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    list->item[list->n++] = copy;
    list->item[list->n] = NULL;
    return 0;
}

static int set_list(const struct hr_opt *o, struct hr_strings *list, struct hr_str text, struct hr_error *err)
{
    if (o->split == 0)
        return list_add(list, text, err);
    struct hr_str rest = text, one;
    while (hr_str_cut(&rest, o->split, &one)) {
        if (one.n == 0)
            return hr_fail(err, HR_E_INVALID, "'%.*s' has an empty name in its list", HR_STR_ARG(text));
        int r = list_add(list, one, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int hr_opt_set(const struct hr_opt *o, void *into, struct hr_str text, struct hr_error *err)
{
    void *member = (char *)into + o->offset;
    switch (o->type) {
    case HR_OPT_T_FLAG:
        return hr_parse_bool(text, member, err);
    case HR_OPT_T_INT:
        return set_int(o, member, text, err);
    case HR_OPT_T_U64:
    case HR_OPT_T_SIZE:
    case HR_OPT_T_DURATION:
        return set_unsigned(o, member, text, err);
    case HR_OPT_T_FLOAT:
        return set_float(o, member, text, err);
    case HR_OPT_T_STRING: /* views of strings come from argv and the table alone: both are terminated */
        *(const char **)member = text.p;
        return 0;
    case HR_OPT_T_CHOICE:
        return set_choice(o, member, text, err);
    case HR_OPT_T_LIST:
        return set_list(o, member, text, err);
    default:
        return hr_fail(err, HR_E_BUG, "the option --%s takes no value", o->name);
    }
}

int hr_opt_defaults(const struct hr_opt *opts, void *into, struct hr_error *err)
{
    for (const struct hr_opt *o = opts; o->type != HR_OPT_T_END; o++) {
        if (o->type == HR_OPT_T_LIST) {
            struct hr_strings *list = (void *)((char *)into + o->offset);
            *list = (struct hr_strings) { NULL, 0 };
        }
        if (o->def == NULL || o->def[0] == '(' || o->type < HR_OPT_T_FLAG)
            continue;
        int r = hr_opt_set(o, into, hr_str(o->def), err);
        if (r < 0)
            return hr_fail_prefix(err, r, "the default of --%s", o->name);
    }
    return 0;
}

void hr_opt_fini(const struct hr_opt *opts, void *into)
{
    for (const struct hr_opt *o = opts; o->type != HR_OPT_T_END; o++) {
        if (o->type != HR_OPT_T_LIST)
            continue;
        struct hr_strings *list = (void *)((char *)into + o->offset);
        for (size_t i = 0; i < list->n; i++)
            hr_free((void *)list->item[i]);
        hr_free(list->item);
        *list = (struct hr_strings) { NULL, 0 };
    }
}
