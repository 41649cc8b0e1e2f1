#include "unit.h"

#include "json_small.h"
#include "mem.h"

#include <locale.h>
#include <string.h>

static int parse(const char *text, struct hr_arena *a, const struct hr_js **ret, struct hr_error *err)
{
    return hr_js_parse(hr_str(text), "text", a, ret, err);
}

static void reads_every_kind(void **state)
{
    (void)state;
    struct hr_arena a = HR_ARENA_INIT(1 << 20);
    const struct hr_js *v = NULL;
    struct hr_error err = HR_ERROR_INIT;
    assert_int_equal(parse(" { \"n\": null,\n\"t\":true,\"f\" : false, \"i\":-12,\"u\":18446744073709551615,\"d\":-1.5e-3,"
                           "\"s\":\"a\\n\\u00e9\\ud83d\\ude00\\u0000z\",\"a\":[1,[],{}] } ",
                           &a, &v, &err),
                     0);
    assert_int_equal(v->type, HR_JS_OBJECT);
    assert_int_equal(v->n, 8);
    assert_int_equal(hr_js_get(v, "n")->type, HR_JS_NULL);
    assert_int_equal(hr_js_get(v, "t")->line, 2);
    assert_int_equal(hr_js_get(v, "t")->column, 5);
    bool b = false;
    assert_int_equal(hr_js_bool(hr_js_get(v, "t"), &b, NULL), 0);
    assert_true(b);
    int64_t i = 0;
    assert_int_equal(hr_js_i64(hr_js_get(v, "i"), &i, NULL), 0);
    assert_true(i == -12);
    uint64_t u = 0;
    assert_int_equal(hr_js_want_u64(v, "u", &u, NULL), 0);
    assert_true(u == UINT64_MAX);
    double d = 0;
    assert_int_equal(hr_js_f64(hr_js_get(v, "d"), &d, NULL), 0);
    assert_true(d == -1.5e-3);
    struct hr_str s = hr_js_get(v, "s")->text;
    assert_int_equal(s.n, 10);
    assert_memory_equal(s.p, "a\n\xc3\xa9\xf0\x9f\x98\x80\0z", 11);
    const char *z = NULL;
    assert_int_equal(hr_js_want_str(v, "s", &z, &err), HR_E_FORMAT); /* has a zero inside */
    assert_int_equal(hr_js_get(v, "a")->n, 3);
    assert_int_equal(hr_js_get(v, "a")->child->next->next->type, HR_JS_OBJECT);
    assert_null(hr_js_get(v, "zz"));
    assert_int_equal(hr_js_want(v, "zz", HR_JS_NUMBER, &v, &err), HR_E_FORMAT);
    assert_non_null(strstr(err.text, "'zz' is missing"));
    hr_arena_fini(&a);
}

static void refuses_what_is_not_json(void **state)
{
    (void)state;
    static const struct {
        const char *text, *where;
    } bad[] = {
        { "", "1:1" },          { "{", "1:2" },         { "[1,]", "1:4" },        { "{\"a\":1,}", "1:8" },
        { "01", "1:3" },        { "+1", "1:1" },        { ".5", "1:1" },          { "1.", "1:3" },
        { "1e", "1:3" },        { "-", "1:2" },         { "nul", "1:1" },         { "NaN", "1:1" },
        { "[1 2]", "1:4" },     { "{\"a\" 1}", "1:6" }, { "{a:1}", "1:2" },       { "\"a", "1:2" },
        { "\"\\x\"", "1:4" },   { "\"\\u12g4\"", "1:6" }, { "\"\\ud800\"", "1:8" }, { "\"\\udc00x\"", "1:8" },
        { "\"\\ud800\\u0041\"", "1:14" }, { "\"a\nb\"", "1:3" }, { "\"\xff\"", "1:2" }, { "\"\xc0\x80\"", "1:2" },
        { "1 1", "1:3" },       { "[1]\n]", "2:1" },    { "{\"a\":1,\n \"a\":2}", "2:5" }, { "/**/1", "1:1" },
        { "\"\\", "1:2" },      { "\"\\\"", "1:2" },    { "'a'", "1:1" },         { "\xef\xbb\xbf" "1", "1:1" },
    };
    for (size_t k = 0; k < HR_COUNT(bad); k++) {
        struct hr_arena a = HR_ARENA_INIT(1 << 20);
        struct hr_error err = HR_ERROR_INIT;
        const struct hr_js *v = NULL;
        assert_int_equal(parse(bad[k].text, &a, &v, &err), HR_E_FORMAT);
        assert_null(v);
        char want[32] = "text:";
        strncat(want, bad[k].where, 20);
        strncat(want, ": ", 3);
        if (strncmp(err.text, want, strlen(want)) != 0)
            fail_msg("%s: %s", bad[k].text, err.text);
        hr_arena_fini(&a);
    }
}

static void ceilings_hold(void **state)
{
    (void)state;
    char deep[2 * HR_JS_DEPTH + 8];
    for (int n = HR_JS_DEPTH; n <= HR_JS_DEPTH + 2; n++) {
        memset(deep, '[', (size_t)n);
        memset(deep + n, ']', (size_t)n);
        struct hr_arena a = HR_ARENA_INIT(1 << 20);
        const struct hr_js *v = NULL;
        int r = hr_js_parse((struct hr_str){ deep, 2 * (size_t)n }, "deep", &a, &v, NULL);
        assert_int_equal(r, n <= HR_JS_DEPTH + 1 ? 0 : HR_E_LIMIT);
        hr_arena_fini(&a);
    }
    struct hr_arena small = HR_ARENA_INIT(3000);
    static char many[4001];
    memset(many, ',', 4000);
    for (int i = 1; i < 4000; i += 2)
        many[i] = '1';
    many[0] = '[';
    many[3998] = '1';
    many[3999] = ']';
    const struct hr_js *v = NULL;
    struct hr_error err = HR_ERROR_INIT;
    assert_int_equal(hr_js_parse((struct hr_str){ many, 4000 }, "many", &small, &v, &err), HR_E_LIMIT);
    hr_arena_fini(&small);
    memset(many, 'x', 4000);
    many[0] = many[3999] = '"';
    assert_int_equal(hr_js_parse((struct hr_str){ many, 4000 }, "long", &small, &v, &err), HR_E_LIMIT);
    hr_arena_fini(&small);
}

static void numbers_do_not_depend_on_the_locale(void **state)
{
    (void)state;
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL && setlocale(LC_NUMERIC, "fr_FR.UTF-8") == NULL)
        skip();
    struct hr_arena a = HR_ARENA_INIT(1 << 16);
    const struct hr_js *v = NULL;
    double d = 0;
    assert_int_equal(parse("2.5", &a, &v, NULL), 0);
    assert_int_equal(hr_js_f64(v, &d, NULL), 0);
    setlocale(LC_NUMERIC, "C");
    assert_true(d == 2.5);
    hr_arena_fini(&a);
}

static void memory_may_fail_anywhere(void **state)
{
    (void)state;
    const char *text = "{\"a\":[1,2,3,{\"b\":\"c\"}]}";
    for (uint64_t n = 1; n < 20; n++) {
        struct hr_arena a = HR_ARENA_INIT(1 << 16);
        const struct hr_js *v = NULL;
        struct hr_error err = HR_ERROR_INIT;
        hr_mem_fail_at(n, false);
        int r = parse(text, &a, &v, &err);
        hr_mem_fail_at(0, false);
        hr_arena_fini(&a);
        if (r == 0)
            return; /* the loop has passed the last allocation */
        assert_int_equal(r, HR_E_NOMEM);
        assert_null(v);
    }
    fail_msg("a text of 25 bytes took 20 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_kind),       cmocka_unit_test(refuses_what_is_not_json),
        cmocka_unit_test(ceilings_hold),          cmocka_unit_test(numbers_do_not_depend_on_the_locale),
        cmocka_unit_test(memory_may_fail_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
