#include "json_small.h"

#include "parse.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int hr_js_fail(const struct hr_js *v, struct hr_error *err, const char *fmt, ...)
{
    char sentence[768];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, ap);
    va_end(ap);
    return hr_fail(err, HR_E_FORMAT, "%s:%u:%u: %s", v->where, v->line, v->column, sentence);
}

const char *hr_js_type_name(enum hr_js_type t)
{
    static const char *const names[] = { "null", "false", "true", "a number", "a string", "an array", "an object" };
    return (size_t)t < HR_COUNT(names) ? names[t] : "nothing";
}

const struct hr_js *hr_js_get(const struct hr_js *o, const char *key)
{
    if (o == NULL || o->type != HR_JS_OBJECT)
        return NULL;
    for (const struct hr_js *c = o->child; c != NULL; c = c->next)
        if (hr_str_is(c->key, key))
            return c;
    return NULL;
}

int hr_js_want(const struct hr_js *o, const char *key, enum hr_js_type type, const struct hr_js **ret, struct hr_error *err)
{
    if (o->type != HR_JS_OBJECT)
        return hr_js_fail(o, err, "an object with the key '%s' is expected, not %s", key, hr_js_type_name(o->type));
    const struct hr_js *v = hr_js_get(o, key);
    if (v == NULL)
        return hr_js_fail(o, err, "the key '%s' is missing", key);
    if (v->type != type)
        return hr_js_fail(v, err, "'%s' must be %s, not %s", key, hr_js_type_name(type), hr_js_type_name(v->type));
    *ret = v;
    return 0;
}

int hr_js_want_str(const struct hr_js *o, const char *key, const char **ret, struct hr_error *err)
{
    const struct hr_js *v = NULL;
    int r = hr_js_want(o, key, HR_JS_STRING, &v, err);
    if (r < 0)
        return r;
    if (strlen(v->text.p) != v->text.n)
        return hr_js_fail(v, err, "'%s' must not hold a zero character", key);
    *ret = v->text.p;
    return 0;
}

int hr_js_want_u64(const struct hr_js *o, const char *key, uint64_t *ret, struct hr_error *err)
{
    const struct hr_js *v = NULL;
    int r = hr_js_want(o, key, HR_JS_NUMBER, &v, err);
    return r < 0 ? r : hr_js_u64(v, ret, err);
}

int hr_js_u64(const struct hr_js *v, uint64_t *ret, struct hr_error *err)
{
    if (v->type != HR_JS_NUMBER || hr_parse_u64(v->text, ret, NULL) < 0)
        return hr_js_fail(v, err, "a whole number from 0 to 18446744073709551615 is expected");
    return 0;
}

int hr_js_i64(const struct hr_js *v, int64_t *ret, struct hr_error *err)
{
    if (v->type != HR_JS_NUMBER || hr_parse_i64(v->text, ret, NULL) < 0)
        return hr_js_fail(v, err, "a whole number of 64 bits is expected");
    return 0;
}

int hr_js_f64(const struct hr_js *v, double *ret, struct hr_error *err)
{
    double d;
    if (v->type != HR_JS_NUMBER || hr_parse_f64(v->text, &d, NULL) < 0 || !isfinite(d))
        return hr_js_fail(v, err, "a number in the range of a double is expected");
    *ret = d;
    return 0;
}

int hr_js_bool(const struct hr_js *v, bool *ret, struct hr_error *err)
{
    if (v->type != HR_JS_TRUE && v->type != HR_JS_FALSE)
        return hr_js_fail(v, err, "true or false is expected, not %s", hr_js_type_name(v->type));
    *ret = v->type == HR_JS_TRUE;
    return 0;
}
