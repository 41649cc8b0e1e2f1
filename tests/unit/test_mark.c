/* Marks: what users write, what is made where they write nothing, and crossing them once. */
#include "unit.h"

#include "mark.h"

#include <string.h>

#define GIB (UINT64_C(1) << 30)

static uint64_t parsed(const char *text, uint64_t whole)
{
    uint64_t v = 7;
    struct hr_error err = HR_ERROR_INIT;
    if (hr_mark_parse(hr_str(text), whole, &v, &err) < 0) {
        assert_int_equal(v, 7);
        assert_true(err.text[0] != 0);
        return UINT64_MAX;
    }
    return v;
}

static void what_users_write(void **state)
{
    (void)state;
    assert_int_equal(parsed("12GiB", 0), 12 * GIB);
    assert_int_equal(parsed("80%", 10 * GIB), 8 * GIB);
    assert_int_equal(parsed("0.5%", 1000), 5);
    assert_int_equal(parsed("100%", 1000), 1000);
    assert_int_equal(parsed("none", 0), 0);
    static const char *const bad[] = { "", "%", "0", "12", "1.5", "16K", "0%", "-5%", "101%", "nan%", "inf%", "1e999%", "12GiB%", "None", "5 %%" };
    for (size_t i = 0; i < HR_COUNT(bad); i++)
        assert_true(parsed(bad[i], 1000) == UINT64_MAX);
    assert_true(parsed("80%", 0) == UINT64_MAX); /* of what? */
}

/* Whatever is free, kept and given: the marks made rise, and those given stay. */
static void made_marks_rise(void **state)
{
    (void)state;
    static const uint64_t frees[] = { 0, 1, 4096, 300 << 20, GIB, 20 * GIB, 1000 * GIB }, ats[] = { 0, 1 << 20, GIB, 14 * GIB, 2000 * GIB };
    for (size_t f = 0; f < HR_COUNT(frees); f++)
        for (unsigned g = 0; g < 8; g++)
            for (size_t k = 0; k < HR_COUNT(ats); k++) {
                struct hr_mark m[HR_MARKS] = { { 0 } };
                bool given[HR_MARKS];
                for (int i = 0; i < HR_MARKS; i++) {
                    given[i] = (g >> i & 1) != 0;
                    m[i].at = given[i] ? ats[k] + ats[k] / 4 * (uint64_t)i : 0;
                }
                hr_marks_default(m, given, frees[f], 512 << 20);
                for (int i = 0; i < HR_MARKS; i++)
                    if (given[i])
                        assert_int_equal(m[i].at, ats[k] + ats[k] / 4 * (uint64_t)i);
                if (frees[f] >= 300 << 20)
                    assert_int_equal(hr_marks_check(m, "", NULL), 0);
            }
    struct hr_mark m[HR_MARKS] = { { 0 } };
    const bool none[HR_MARKS] = { false, false, false };
    hr_marks_default(m, none, 20 * GIB, 2 * GIB);
    assert_int_equal(m[HR_MARK_WARN].at, 16 * GIB);
    assert_int_equal(m[HR_MARK_ACT].at, 18 * GIB);
    assert_int_equal(m[HR_MARK_MAX].at, 19 * GIB);
}

static void marks_that_fall_are_refused(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_mark m[HR_MARKS] = { { .at = 3 * GIB }, { .at = 0 }, { .at = 2 * GIB } };
    assert_true(hr_marks_check(m, "vram-", &err) < 0);
    assert_non_null(strstr(err.text, "--vram-warn (3.00 GiB) must lie below --vram-max (2.00 GiB)"));
    m[HR_MARK_MAX].at = 0;
    assert_int_equal(hr_marks_check(m, "", NULL), 0);
}

/* M1: a level that trembles around the mark crosses it once. */
static void once_in_an_episode(void **state)
{
    (void)state;
    struct hr_mark m = { .at = 1000 };
    static const struct {
        uint64_t figure;
        enum hr_mark_move move;
    } step[] = {
        { 0, HR_MARK_STAYS },      { 999, HR_MARK_STAYS }, { 1000, HR_MARK_CROSSED }, { 1200, HR_MARK_STAYS }, { 980, HR_MARK_STAYS },
        { 1001, HR_MARK_STAYS },   { 951, HR_MARK_STAYS }, { 950, HR_MARK_STAYS },    { 949, HR_MARK_BELOW },  { 999, HR_MARK_STAYS },
        { 1500, HR_MARK_CROSSED }, { 0, HR_MARK_BELOW },
    };
    for (size_t i = 0; i < HR_COUNT(step); i++)
        assert_int_equal(hr_mark_see(&m, step[i].figure, 100 + i), step[i].move);
    assert_int_equal(m.times, 2);
    assert_int_equal(m.first, 102);
    assert_int_equal(m.first_at, 1000);
    struct hr_mark none = { .at = 0 };
    assert_int_equal(hr_mark_see(&none, UINT64_MAX, 1), HR_MARK_STAYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_users_write),
        cmocka_unit_test(made_marks_rise),
        cmocka_unit_test(marks_that_fall_are_refused),
        cmocka_unit_test(once_in_an_episode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
