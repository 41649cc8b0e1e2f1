#include "unit.h"

#include "mem.h"
#include "transform_opt.h"

#include <string.h>

static struct hr_error err;

static int parse(const char *text, struct hr_transform_list *l)
{
    const char *item[] = { text, NULL };
    struct hr_strings s = { item, 1 };
    memset(&err, 0, sizeof err);
    return hr_transforms_parse(&s, l, &err);
}

static void good(void **state)
{
    (void)state;
    static const struct {
        const char *text, *field;
        enum hr_transform_kind kind;
        int column;
        double a, b;
        bool statistics;
    } cases[] = {
        { "zscore:x", "x", HR_T_ZSCORE, -1, 0, 0, true },
        { "clamp:x.2=0,30", "x", HR_T_CLAMP, 2, 0, 30, false },
        { "minmax:node.speed", "node.speed", HR_T_MINMAX, -1, 0, 0, true },
        { "noise:node.speed.0=0.1", "node.speed", HR_T_NOISE, 0, 0.1, 0, false },
        { "shift:time=-5,5", "time", HR_T_SHIFT, -1, -5, 5, false },
        { "edge_drop=0.25", NULL, HR_T_EDGE_DROP, -1, 0.25, 0, false },
        { "sincos:t=86400", "t", HR_T_SINCOS, -1, 86400, 0, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hr_transform_list l;
        if (parse(cases[i].text, &l) != 0)
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_int_equal(l.n, 1);
        assert_int_equal(l.item[0].kind, cases[i].kind);
        assert_int_equal(l.item[0].column, cases[i].column);
        assert_true(l.item[0].a == cases[i].a && l.item[0].b == cases[i].b);
        assert_int_equal(l.item[0].a_from_statistics, cases[i].statistics);
        if (cases[i].field == NULL)
            assert_null(l.item[0].field);
        else
            assert_string_equal(l.item[0].field, cases[i].field);
        hr_transforms_fini(&l);
    }
}

static void bad(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "", "no transform ''" },
        { "zscor:x", "did you mean 'zscore'?" },
        { "zscore", "names no field" },
        { "zscore:", "name has 1 to 63 bytes" },
        { "noise:x", "has no figures" },
        { "noise:x=", "not a number" },
        { "noise:x=1,2,3", "not a number" },
        { "noise:x=inf", "not finite" },
        { "clamp:x.99999999999=1,2", "no such column" },
        { "clamp:.1=1,2", "name has 1 to 63 bytes" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hr_transform_list l;
        assert_int_equal(parse(cases[i].text, &l), HR_E_INVALID);
        if (strstr(err.text, cases[i].says) == NULL)
            fail_msg("'%s' gives '%s', which does not say '%s'", cases[i].text, err.text, cases[i].says);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const char *item[] = { "zscore:x", "noise:y.1=0.5", "edge_drop=0.1", NULL };
    struct hr_strings s = { item, 3 };
    for (uint64_t n = 1;; n++) {
        struct hr_transform_list l;
        hr_mem_fail_at(n, false);
        int r = hr_transforms_parse(&s, &l, &err);
        hr_mem_fail_at(0, false);
        if (r == 0) {
            assert_int_equal(n, 5); /* two arrays and two names */
            hr_transforms_fini(&l);
            break;
        }
        assert_int_equal(r, HR_E_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(good), cmocka_unit_test(bad),
                                        cmocka_unit_test(every_allocation_may_fail) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
