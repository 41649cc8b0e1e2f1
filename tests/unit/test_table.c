#include "unit.h"

#include "mem.h"
#include "table.h"
#include "utf8.h"

#include <string.h>

static void columns_are_aligned(void **state)
{
    (void)state;
    static const struct hr_table_column cols[] = { { .title = "field" },
                                             { .title = "n", .right = true },
                                             { .title = "note", .max = 6 } };
    struct hr_table t = HR_TABLE_INIT(cols);
    struct hr_buf out = HR_BUF_INIT(1 << 20);
    hr_table_cell(&t, "%s", "位置");
    hr_table_cell(&t, "%d", 12345);
    hr_table_cell(&t, "short");
    hr_table_cell(&t, "%s", "e\xCC\x81");
    hr_table_cell(&t, "%d", 7);
    hr_table_cell(&t, "%s", "much too long");
    hr_table_text(&t, HR_STR("a\x1B[31m"));
    hr_table_text(&t, HR_STR(""));
    hr_table_skip(&t);
    hr_table_cell(&t, "cut row");
    assert_true(hr_table_write(&t, &out, 2));
    assert_string_equal(out.data, "  field          n  note\n"
                                  "  位置       12345  short\n"
                                  "  e\xCC\x81              7  much …\n"
                                  "  a\\x1B[31m      –\n"
                                  "  cut row\n");
    hr_table_fini(&t);
    hr_buf_fini(&out);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const struct hr_table_column cols[] = { { .title = "a" }, { .title = "b" } };
    for (uint64_t n = 1;; n++) {
        struct hr_table t = HR_TABLE_INIT(cols);
        struct hr_buf out = HR_BUF_INIT(1 << 20);
        hr_mem_fail_at(n, false);
        for (int i = 0; i < 60; i++)
            hr_table_cell(&t, "cell number %d", i);
        bool ok = hr_table_write(&t, &out, 0);
        hr_mem_fail_at(0, false);
        hr_table_fini(&t);
        hr_buf_fini(&out);
        if (ok) {
            assert_true(n > 60);
            break;
        }
    }
}

static void widths(void **state)
{
    (void)state;
    assert_int_equal(hr_utf8_columns(HR_STR("abc")), 3);
    assert_int_equal(hr_utf8_columns(HR_STR("引水渠")), 6);
    assert_int_equal(hr_utf8_columns(HR_STR("µs – é")), 6);
    assert_int_equal(hr_utf8_columns(HR_STR("\xF0\x9F\x98\x80")), 2);
    assert_int_equal(hr_utf8_columns(HR_STR("\xFF\xFE")), 2);
}

/* Whatever the bytes: each call takes at least one, never more than there are, and says so when they are no character. */
static void decoding_never_leaves_the_string(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int round = 0; round < 20000; round++) {
        char *text = hr_malloc(5);
        for (int i = 0; i < 5; i++) {
            seed = seed * 1664525 + 1013904223;
            text[i] = (char)(seed >> 24);
        }
        struct hr_str s = { text, 5 };
        while (s.n != 0) {
            size_t before = s.n;
            bool ok;
            uint32_t c = hr_utf8_next(&s, &ok);
            assert_true(s.n < before && before - s.n <= 4);
            assert_true(ok || (c == HR_UTF8_BAD && before - s.n == 1));
            assert_true(c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF));
        }
        hr_free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(columns_are_aligned),
                                        cmocka_unit_test(every_allocation_may_fail), cmocka_unit_test(widths),
                                        cmocka_unit_test(decoding_never_leaves_the_string) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
