/* statistics.json back into a structure. */
#include "stats.h"

#include "json_small.h"
#include "mem.h"

#include <math.h>
#include <string.h>

enum { TREE_MAX = 512 << 20 };

/* A number, or null for what is not known. */
static int number(const struct hr_js *o, const char *key, double *ret, struct hr_error *err)
{
    const struct hr_js *v = hr_js_get(o, key);
    if (v == NULL)
        return hr_js_fail(o, err, "'%s' is missing", key);
    if (v->type == HR_JS_NULL) {
        *ret = NAN;
        return 0;
    }
    return hr_js_f64(v, ret, err);
}

static int bound(const struct hr_js *o, const char *key, __int128 *ret, struct hr_error *err)
{
    const struct hr_js *v = hr_js_get(o, key);
    int64_t i = 0;
    uint64_t u = 0;
    if (v == NULL)
        return hr_js_fail(o, err, "'%s' is missing", key);
    if (hr_js_i64(v, &i, NULL) == 0) {
        *ret = i;
        return 0;
    }
    int r = hr_js_u64(v, &u, err);
    if (r == 0)
        *ret = u;
    return r;
}

static int parse_quantiles(const struct hr_js *o, struct hr_feature_stats *to, struct hr_error *err)
{
    const struct hr_js *list;
    int r = hr_js_want(o, "quantiles", HR_JS_ARRAY, &list, err);
    if (r < 0)
        return r;
    if (list->n != HR_STATS_QUANTILES)
        return hr_js_fail(list, err, "%d quantiles are expected, there are %u", HR_STATS_QUANTILES, list->n);
    int i = 0;
    for (const struct hr_js *v = list->child; r == 0 && v != NULL; v = v->next, i++) {
        if (v->type == HR_JS_NULL)
            to->quantile[i] = NAN;
        else
            r = hr_js_f64(v, &to->quantile[i], err);
    }
    return r;
}

static int parse_feature(const struct hr_js *o, enum hr_dtype dtype, struct hr_feature_stats *to, struct hr_error *err)
{
    if (o->type != HR_JS_OBJECT)
        return hr_js_fail(o, err, "an object is expected, not %s", hr_js_type_name(o->type));
    int r = hr_js_want_u64(o, "count", &to->count, err);
    if (r == 0)
        r = hr_js_want_u64(o, "nan", &to->nan, err);
    if (r == 0)
        r = hr_js_want_u64(o, "inf", &to->inf, err);
    if (r == 0)
        r = number(o, "min", &to->min, err);
    if (r == 0)
        r = number(o, "max", &to->max, err);
    if (r == 0)
        r = number(o, "mean", &to->mean, err);
    if (r == 0)
        r = number(o, "std", &to->std, err);
    if (r == 0)
        r = parse_quantiles(o, to, err);
    if (r == 0 && to->count != 0 && (dtype == HR_I64 || dtype == HR_U64)) {
        to->exact = true;
        r = bound(o, "min", &to->int_min, err);
        if (r == 0)
            r = bound(o, "max", &to->int_max, err);
    }
    return r;
}

static int parse_features(const struct hr_js *list, struct hr_field_stats *to, struct hr_error *err)
{
    if (list->n > HR_STATS_FEATURES_MAX)
        return hr_js_fail(list, err, "there are more than %d features", HR_STATS_FEATURES_MAX);
    to->feature = hr_calloc(list->n + 1u, sizeof *to->feature);
    if (to->feature == NULL)
        return hr_fail_nomem(err, list->n * sizeof *to->feature, "statistics");
    int r = 0;
    for (const struct hr_js *v = list->child; r == 0 && v != NULL; v = v->next)
        r = parse_feature(v, to->dtype, &to->feature[to->features++], err);
    return r;
}

static int parse_field(const struct hr_js *o, struct hr_field_stats *to, struct hr_error *err)
{
    const char *dtype;
    const struct hr_js *list;
    if (o->type != HR_JS_OBJECT || o->key.n == 0 || o->key.n > HR_NAME_MAX)
        return hr_js_fail(o, err, "a field is an object under its name of 1 to %d bytes", HR_NAME_MAX);
    memcpy(to->name, o->key.p, o->key.n);
    int r = hr_js_want_str(o, "dtype", &dtype, err);
    if (r < 0)
        return r;
    to->dtype = hr_dtype_of(dtype);
    if (to->dtype == HR_DTYPE_NONE)
        return hr_js_fail(o, err, "'%s' is no dtype", dtype);
    const struct hr_js *rows = hr_js_get(o, "rows"), *quant = hr_js_get(o, "quantization");
    to->ragged = rows != NULL;
    to->quantized = quant != NULL;
    if (rows != NULL)
        r = parse_feature(rows, HR_F64, &to->rows, err);
    if (r == 0 && quant != NULL)
        r = number(quant, "max_error", &to->quant_max, err);
    if (r == 0 && quant != NULL)
        r = number(quant, "rms_error", &to->quant_rms, err);
    if (r == 0)
        r = hr_js_want(o, "features", HR_JS_ARRAY, &list, err);
    return r < 0 ? r : parse_features(list, to, err);
}

static int parse_root(const struct hr_js *root, struct hr_stats *s, struct hr_error *err)
{
    uint64_t format = 0;
    const struct hr_js *fields;
    int r = hr_js_want_u64(root, "format", &format, err);
    if (r == 0 && format != 1)
        r = hr_js_fail(root, err, "these are statistics of format %llu; this headrace reads format 1", (unsigned long long)format);
    if (r == 0)
        r = hr_js_want_u64(root, "samples", &s->samples, err);
    if (r == 0)
        r = hr_js_want(root, "fields", HR_JS_OBJECT, &fields, err);
    if (r < 0)
        return r;
    if (fields->n > HR_FIELDS_MAX)
        return hr_js_fail(fields, err, "there are more than %d fields", HR_FIELDS_MAX);
    s->field = hr_calloc(fields->n + 1u, sizeof *s->field);
    if (s->field == NULL)
        return hr_fail_nomem(err, fields->n * sizeof *s->field, "statistics");
    for (const struct hr_js *v = fields->child; r == 0 && v != NULL; v = v->next)
        r = parse_field(v, &s->field[s->n++], err);
    return r;
}

int hr_stats_parse(struct hr_str text, const char *name, struct hr_stats *ret, struct hr_error *err)
{
    struct hr_arena arena = HR_ARENA_INIT(TREE_MAX);
    const struct hr_js *root;
    struct hr_stats s = { 0, 0, NULL };
    int r = hr_js_parse(text, name, &arena, &root, err);
    if (r == 0)
        r = parse_root(root, &s, err);
    hr_arena_fini(&arena);
    if (r < 0) {
        hr_stats_fini(&s);
        return r;
    }
    *ret = s;
    return 0;
}
