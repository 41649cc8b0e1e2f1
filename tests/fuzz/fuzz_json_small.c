/* Any bytes as a small JSON text and as a schema.  What is taken must be valid for the writer as well, and a schema must
 * survive being written and read again. */
#include "schema_json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write(const struct hr_js *v, struct hr_jw *w)
{
    switch (v->type) {
    case HR_JS_OBJECT:
    case HR_JS_ARRAY:
        if (v->type == HR_JS_OBJECT)
            hr_jw_object(w);
        else
            hr_jw_array(w);
        for (const struct hr_js *c = v->child; c != NULL; c = c->next) {
            if (v->type == HR_JS_OBJECT)
                hr_jw_key_n(w, c->key);
            write(c, w);
        }
        hr_jw_end(w);
        return;
    case HR_JS_STRING:
        hr_jw_str_n(w, v->text);
        return;
    case HR_JS_NUMBER:
        hr_jw_raw(w, v->text);
        return;
    case HR_JS_NULL:
        hr_jw_null(w);
        return;
    default:
        hr_jw_bool(w, v->type == HR_JS_TRUE);
    }
}

static bool same(const struct hr_js *a, const struct hr_js *b)
{
    if (a->type != b->type || a->n != b->n || !hr_str_eq(a->key, b->key) || !hr_str_eq(a->text, b->text))
        return false;
    const struct hr_js *x = a->child, *y = b->child;
    for (; x != NULL && y != NULL; x = x->next, y = y->next)
        if (!same(x, y))
            return false;
    return x == NULL && y == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hr_arena a = HR_ARENA_INIT((size_t)16 << 20);
    struct hr_buf text = HR_BUF_INIT((size_t)16 << 20);
    struct hr_jw w = HR_JW_INIT(&text, 0);
    struct hr_schema s = { 0, NULL }, t = { 0, NULL };
    const struct hr_js *v = NULL, *u = NULL;
    struct hr_str in = { (const char *)data, size };
    if (hr_js_parse(in, "input", &a, &v, NULL) == 0) {
        double d;
        uint64_t n;
        (void)!hr_js_f64(v, &d, NULL);
        (void)!hr_js_want_u64(v, "n", &n, NULL);
        write(v, &w);
        if (!hr_jw_done(&w) || hr_js_parse(hr_buf_str(&text), "again", &a, &u, NULL) < 0 || !same(v, u))
            abort();
    }
    hr_buf_reset(&text);
    if (hr_schema_from_json(in, "input", &s, NULL) == 0) {
        if (hr_schema_to_json(&s, &text, NULL) < 0 || hr_schema_from_json(hr_buf_str(&text), "again", &t, NULL) < 0 ||
            !hr_schema_same(&s, &t))
            abort();
    }
    hr_schema_fini(&s);
    hr_schema_fini(&t);
    hr_buf_fini(&text);
    hr_arena_fini(&a);
    return 0;
}
