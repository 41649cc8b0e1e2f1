#include "schema_json.h"

#include "mem.h"

#include <string.h>

void hr_shape_write(const struct hr_field *f, struct hr_jw *w)
{
    hr_jw_array_flat(w);
    for (int d = 0; d < f->ndim; d++) {
        if (f->shape[d] == HR_RAGGED)
            hr_jw_str(w, "*");
        else
            hr_jw_i64(w, f->shape[d]);
    }
    hr_jw_end(w);
}

void hr_numbers_write(const double *v, int n, struct hr_jw *w)
{
    hr_jw_array_flat(w);
    for (int i = 0; i < n; i++)
        hr_jw_f64(w, v[i]);
    hr_jw_end(w);
}

static void field_write(const struct hr_field *f, struct hr_jw *w)
{
    hr_jw_object_flat(w);
    hr_jw_kstr(w, "name", f->name);
    hr_jw_kstr(w, "dtype", hr_dtype_name(f->dtype));
    hr_jw_key(w, "shape");
    hr_shape_write(f, w);
    hr_jw_kstr(w, "role", hr_role_name(f->role));
    if (f->stored != f->dtype)
        hr_jw_kstr(w, "stored", hr_dtype_name(f->stored));
    if (f->scale != NULL) {
        hr_jw_key(w, "scale");
        hr_numbers_write(f->scale, f->quant_n, w);
        hr_jw_key(w, "offset");
        hr_numbers_write(f->offset, f->quant_n, w);
    }
    hr_jw_end(w);
}

void hr_schema_write(const struct hr_schema *s, struct hr_jw *w)
{
    hr_jw_object(w);
    hr_jw_key(w, "fields");
    hr_jw_array(w);
    for (int i = 0; i < s->n; i++)
        field_write(&s->field[i], w);
    hr_jw_end(w);
    hr_jw_end(w);
}

int hr_schema_to_json(const struct hr_schema *s, struct hr_buf *b, struct hr_error *err)
{
    struct hr_jw w = HR_JW_INIT(b, 2);
    hr_schema_write(s, &w);
    return hr_jw_done(&w) ? 0 : hr_fail_nomem(err, b->len, "a schema's text");
}

int hr_shape_read(const struct hr_js *v, struct hr_field *ret, struct hr_error *err)
{
    if (v->type != HR_JS_ARRAY || v->n > HR_NDIM_MAX)
        return hr_js_fail(v, err, "a shape is an array of at most %d lengths, \"*\" where it differs from sample to sample",
                          HR_NDIM_MAX);
    int ndim = 0;
    for (const struct hr_js *d = v->child; d != NULL; d = d->next) {
        int64_t n = HR_RAGGED;
        if (!(d->type == HR_JS_STRING && hr_str_is(d->text, "*"))) {
            int r = hr_js_i64(d, &n, err);
            if (r < 0)
                return r;
        }
        ret->shape[ndim++] = n;
    }
    ret->ndim = ndim;
    return 0;
}

int hr_numbers_read(const struct hr_js *v, double **ret, int *ret_n, struct hr_error *err)
{
    if (v->type != HR_JS_ARRAY || v->n == 0 || v->n > INT32_MAX)
        return hr_js_fail(v, err, "an array of numbers is expected");
    HR_CLEANUP(hr_freep) double *p = hr_reallocarray(NULL, v->n, sizeof *p);
    if (p == NULL)
        return hr_fail_nomem(err, v->n * sizeof *p, "an array of numbers");
    int n = 0;
    for (const struct hr_js *c = v->child; c != NULL; c = c->next) {
        int r = hr_js_f64(c, &p[n++], err);
        if (r < 0)
            return r;
    }
    *ret = HR_TAKE(p);
    *ret_n = n;
    return 0;
}

static int dtype_read(const struct hr_js *v, enum hr_dtype *ret, struct hr_error *err)
{
    enum hr_dtype t = v->type == HR_JS_STRING ? hr_dtype_of(v->text.p) : HR_DTYPE_NONE;
    if (t == HR_DTYPE_NONE)
        return hr_js_fail(v, err, "no dtype is called '%.*s'; there are bool, int8 to int64, uint8 to uint64, float16, "
                                  "float32, float64, string and bytes",
                          HR_STR_ARG(v->text));
    *ret = t;
    return 0;
}

static int member_read(const struct hr_js *v, struct hr_field *f, int *scales, int *offsets, struct hr_error *err)
{
    if (hr_str_is(v->key, "name")) {
        if (v->type != HR_JS_STRING || v->text.n > HR_NAME_MAX || strlen(v->text.p) != v->text.n)
            return hr_js_fail(v, err, "a field's name is a string of 1 to %d bytes", HR_NAME_MAX);
        memcpy(f->name, v->text.p, v->text.n + 1);
        return 0;
    }
    if (hr_str_is(v->key, "dtype"))
        return dtype_read(v, &f->dtype, err);
    if (hr_str_is(v->key, "stored"))
        return dtype_read(v, &f->stored, err);
    if (hr_str_is(v->key, "shape"))
        return hr_shape_read(v, f, err);
    if (hr_str_is(v->key, "role")) {
        int role = v->type == HR_JS_STRING ? hr_role_of(v->text.p) : -1;
        if (role < 0)
            return hr_js_fail(v, err, "no role is called '%.*s'; there are none, node, edge, edge_index, graph and label",
                              HR_STR_ARG(v->text));
        f->role = (enum hr_role)role;
        return 0;
    }
    if (hr_str_is(v->key, "scale"))
        return hr_numbers_read(v, (double **)(uintptr_t)&f->scale, scales, err);
    if (hr_str_is(v->key, "offset"))
        return hr_numbers_read(v, (double **)(uintptr_t)&f->offset, offsets, err);
    return hr_js_fail(v, err, "a field has no key '%.*s'; there are name, dtype, shape, role, stored, scale and offset",
                      HR_STR_ARG(v->key));
}

static int field_read(const struct hr_js *v, struct hr_field *f, struct hr_error *err)
{
    if (v->type != HR_JS_OBJECT)
        return hr_js_fail(v, err, "a field is an object, not %s", hr_js_type_name(v->type));
    int offsets = 0;
    for (const struct hr_js *m = v->child; m != NULL; m = m->next) {
        int r = member_read(m, f, &f->quant_n, &offsets, err);
        if (r < 0)
            return r;
    }
    if (f->name[0] == 0)
        return hr_js_fail(v, err, "a field needs a name");
    if (f->dtype == HR_DTYPE_NONE)
        return hr_js_fail(v, err, "field '%s' needs a dtype", f->name);
    if (f->stored == HR_DTYPE_NONE)
        f->stored = f->dtype;
    if (offsets != f->quant_n)
        return hr_js_fail(v, err, "field '%s' has %d scales and %d offsets; it must have as many of both", f->name, f->quant_n,
                          offsets);
    return 0;
}

int hr_schema_read(const struct hr_js *v, struct hr_schema *ret, struct hr_error *err)
{
    const struct hr_js *fields = NULL;
    int r = hr_js_want(v, "fields", HR_JS_ARRAY, &fields, err);
    if (r < 0)
        return r;
    if (fields->n > HR_FIELDS_MAX)
        return hr_js_fail(fields, err, "there are %u fields; %d are possible", fields->n, HR_FIELDS_MAX);
    HR_CLEANUP(hr_schema_fini) struct hr_schema s = { 0, NULL };
    s.field = hr_calloc(HR_MAX(fields->n, 1u), sizeof *s.field);
    if (s.field == NULL)
        return hr_fail_nomem(err, fields->n * sizeof *s.field, "a schema");
    for (const struct hr_js *f = fields->child; f != NULL; f = f->next) {
        r = field_read(f, &s.field[s.n++], err);
        if (r < 0)
            return r;
    }
    r = hr_schema_check(&s, err);
    if (r < 0)
        return hr_fail_prefix(err, r, "%s", v->where);
    *ret = s;
    s = (struct hr_schema){ 0, NULL };
    return 0;
}

static int top_keys(const struct hr_js *root, struct hr_error *err)
{
    for (const struct hr_js *m = root->type == HR_JS_OBJECT ? root->child : NULL; m != NULL; m = m->next)
        if (!hr_str_is(m->key, "fields"))
            return hr_js_fail(m, err, "a schema has no key '%.*s'; it is {\"fields\": [...]}", HR_STR_ARG(m->key));
    return 0;
}

int hr_schema_from_json(struct hr_str text, const char *name, struct hr_schema *ret, struct hr_error *err)
{
    HR_CLEANUP(hr_arena_fini) struct hr_arena a = HR_ARENA_INIT((size_t)16 << 20);
    const struct hr_js *root = NULL;
    int r = hr_js_parse(text, name, &a, &root, err);
    if (r == 0)
        r = top_keys(root, err);
    return r == 0 ? hr_schema_read(root, ret, err) : r;
}
