#include "unit.h"

#include "json_write.h"
#include "mem.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void document(void **state)
{
    (void)state;
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    struct hr_jw w = HR_JW_INIT(&b, 2);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "name", "a \"b\"\\\n\x01 é");
    hr_jw_kstr(&w, "none", NULL);
    hr_jw_key(&w, "empty");
    hr_jw_array(&w);
    hr_jw_end(&w);
    hr_jw_key(&w, "shape");
    hr_jw_array_flat(&w);
    hr_jw_i64(&w, -1);
    hr_jw_u64(&w, UINT64_MAX);
    hr_jw_end(&w);
    hr_jw_key(&w, "rows");
    hr_jw_array(&w);
    hr_jw_bool(&w, true);
    hr_jw_f64(&w, 0.1);
    hr_jw_end(&w);
    hr_jw_end(&w);
    assert_true(hr_jw_done(&w));
    assert_string_equal(b.data, "{\n"
                                "  \"name\": \"a \\\"b\\\"\\\\\\n\\u0001 é\",\n"
                                "  \"none\": null,\n"
                                "  \"empty\": [],\n"
                                "  \"shape\": [-1, 18446744073709551615],\n"
                                "  \"rows\": [\n"
                                "    true,\n"
                                "    0.1\n"
                                "  ]\n"
                                "}");
    hr_buf_fini(&b);
}

static void dense(void **state)
{
    (void)state;
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    struct hr_jw w = HR_JW_INIT(&b, 0);
    hr_jw_array(&w);
    hr_jw_object(&w);
    hr_jw_ku64(&w, "a", 1);
    hr_jw_kbool(&w, "b", false);
    hr_jw_end(&w);
    hr_jw_raw(&w, HR_STR("{\"raw\":1}"));
    hr_jw_end(&w);
    assert_true(hr_jw_done(&w));
    assert_string_equal(b.data, "[{\"a\":1,\"b\":false},{\"raw\":1}]");
    hr_buf_fini(&b);
}

static void malformed_text_becomes_valid(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "\xFF", "\"\xEF\xBF\xBD\"" },                                                 /* no such byte */
        { "\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\"" },                                 /* overlong */
        { "\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" },                 /* surrogate */
        { "a\xE4\xB8", "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"" },                               /* cut short */
        { "\xF4\x90\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" }, /* above 10FFFF */
        { "\xF0\x9F\x98\x80", "\"\xF0\x9F\x98\x80\"" },
        { "\x7F", "\"\\u007f\"" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hr_buf b = HR_BUF_INIT(1 << 20);
        struct hr_jw w = HR_JW_INIT(&b, 0);
        hr_jw_str(&w, cases[i].in);
        assert_true(hr_jw_done(&w));
        assert_string_equal(b.data, cases[i].out);
        hr_buf_fini(&b);
    }
}

static void numbers_read_back(void **state)
{
    (void)state;
    static const double v[] = {
        0.0,    -0.0, 1,    -1,     0.1, 1.0 / 3, DBL_MAX, DBL_MIN, 4.9406564584124654e-324, 1e22, 123456789012345680.0,
        0x1p53, 2.5,  1e-7, -273.15
    };
    char text[HR_JW_NUMBER];
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        size_t n = hr_jw_f64_text(v[i], text);
        assert_int_equal(n, strlen(text));
        assert_true(memcmp(&(double) { strtod(text, NULL) }, &v[i], sizeof v[i]) == 0);
        float f = (float)v[i];
        if (isfinite(f)) {
            hr_jw_f32_text(f, text);
            assert_true(strtof(text, NULL) == f);
        }
    }
    hr_jw_f32_text(0.1f, text);
    assert_string_equal(text, "0.1");
    hr_jw_f64_text(100000, text);
    assert_string_equal(text, "100000");
    hr_jw_f64_text(NAN, text);
    assert_string_equal(text, "null");
    hr_jw_f64_text(-INFINITY, text);
    assert_string_equal(text, "null");
}

static void misuse_is_told(void **state)
{
    (void)state;
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    struct hr_jw w = HR_JW_INIT(&b, 0);
    hr_jw_object(&w);
    hr_jw_u64(&w, 1); /* no key */
    hr_jw_end(&w);
    assert_false(hr_jw_done(&w));

    w = HR_JW_INIT(&b, 0);
    hr_jw_end(&w);
    assert_false(hr_jw_done(&w));

    w = HR_JW_INIT(&b, 0);
    hr_jw_null(&w);
    hr_jw_null(&w); /* two documents */
    assert_false(hr_jw_done(&w));

    w = HR_JW_INIT(&b, 0);
    hr_jw_array(&w); /* left open */
    assert_false(hr_jw_done(&w));

    w = HR_JW_INIT(&b, 0);
    for (int i = 0; i < HR_JW_DEPTH; i++)
        hr_jw_array(&w);
    for (int i = 0; i < HR_JW_DEPTH; i++)
        hr_jw_end(&w);
    assert_true(hr_jw_done(&w));
    w = HR_JW_INIT(&b, 0);
    for (int i = 0; i <= HR_JW_DEPTH; i++)
        hr_jw_array(&w);
    assert_true(w.misused);
    hr_buf_fini(&b);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct hr_buf b = HR_BUF_INIT(1 << 20);
        struct hr_jw w = HR_JW_INIT(&b, 2);
        hr_mem_fail_at(n, false);
        hr_jw_array(&w);
        for (int i = 0; i < 100; i++)
            hr_jw_str(&w, "a text that fills the buffer in a few steps");
        hr_jw_end(&w);
        hr_mem_fail_at(0, false);
        bool done = hr_jw_done(&w);
        hr_buf_fini(&b);
        if (done) {
            assert_true(n > 1);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document),
        cmocka_unit_test(dense),
        cmocka_unit_test(malformed_text_becomes_valid),
        cmocka_unit_test(numbers_read_back),
        cmocka_unit_test(misuse_is_told),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
