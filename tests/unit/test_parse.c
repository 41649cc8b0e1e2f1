#include "unit.h"

#include "parse.h"

#include <string.h>

static void sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = { { "0", 0 },          { "4096", 4096 },      { "512K", 512u << 10 }, { "1.5GiB", UINT64_C(3) << 29 },
                 { "2 MB", 2u << 20 }, { "1t", UINT64_C(1) << 40 }, { "7b", 7 } };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint64_t v = 99;
        assert_int_equal(hr_parse_size(hr_str(good[i].text), &v, NULL), 0);
        assert_int_equal(v, good[i].bytes);
    }
    static const char *const bad[] = { "", "GiB", "-1", "1 XB", "1e30T", "9999999999T", "1 G B", "0x10" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct hr_error err = HR_ERROR_INIT;
        uint64_t v = 99;
        assert_int_equal(hr_parse_size(hr_str(bad[i]), &v, &err), HR_E_INVALID);
        assert_int_equal(v, 99);
        assert_true(strlen(err.text) > 10);
    }
}

static void integers(void **state)
{
    (void)state;
    int64_t v = 0;
    assert_int_equal(hr_parse_i64(HR_STR("-9223372036854775808"), &v, NULL), 0);
    assert_true(v == INT64_MIN);
    assert_int_equal(hr_parse_i64(HR_STR("9223372036854775808"), &v, NULL), HR_E_INVALID);
    assert_int_equal(hr_parse_i64(HR_STR("1 "), &v, NULL), HR_E_INVALID);
}

static void durations(void **state)
{
    (void)state;
    uint64_t ns = 0;
    assert_int_equal(hr_parse_duration(HR_STR("250ms"), &ns, NULL), 0);
    assert_int_equal(ns, 250000000);
    assert_int_equal(hr_parse_duration(HR_STR("2h"), &ns, NULL), 0);
    assert_int_equal(ns, UINT64_C(7200000000000));
    assert_int_equal(hr_parse_duration(HR_STR("5 parsecs"), &ns, NULL), HR_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(sizes), cmocka_unit_test(integers), cmocka_unit_test(durations) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
