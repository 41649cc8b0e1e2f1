#include "unit.h"

#include "file.h"
#include "history.h"
#include "mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)
#define DAY (UINT64_C(86400) * 1000000000)
#define PLACE "guard-history.test"

static struct hr_leaf_key key(const char *tool, const char *source)
{
    size_t n;
    struct hr_leaf_key k = { .tool = &hr_leaf_tools(&n)[hr_leaf_tool_index(tool)], .flags = 0xABCDEF01 };
    snprintf(k.source, sizeof k.source, "%s", source);
    snprintf(k.arch, sizeof k.arch, "sm_86");
    return k;
}

static uint64_t expected(const struct hr_history *h, struct hr_leaf_key k, bool wanted)
{
    struct hr_expected e = hr_history_predict(h, &k);
    assert_int_equal(e.known, wanted);
    assert_true(e.likely <= e.careful);
    return e.careful;
}

static void peaks_are_learnt(void **state)
{
    (void)state;
    struct hr_history h;
    assert_int_equal(hr_history_init(&h, 100 * DAY, NULL), 0);
    struct hr_leaf_key a = key("cicc", "a.cu"), b = key("cicc", "b.cu");
    assert_int_equal(expected(&h, a, false), hr_leaf_default(&a));
    hr_history_learn(&h, &a, 1000 * MIB);
    assert_int_equal(expected(&h, a, true), 1054 * MIB);
    assert_int_equal(expected(&h, b, false), hr_leaf_default(&b)); /* 2000 MiB would be more than the table says */
    hr_history_learn(&h, &a, 600 * MIB); /* less: down by a quarter of the difference */
    assert_int_equal(expected(&h, a, true), 949 * MIB);
    hr_history_learn(&h, &a, 2000 * MIB);
    assert_int_equal(expected(&h, a, true), 2104 * MIB);
    /* After three of a tool the largest of them stands for what is not known. */
    assert_int_equal(expected(&h, b, false), 2500 * MIB);
    b.flags++;
    hr_history_learn(&h, &b, 10 * MIB);
    b.flags--;
    assert_int_equal(expected(&h, b, false), 2500 * MIB);
    struct hr_leaf_key c = key("cc1plus", "c.cpp"), d = key("cc1plus", "d.cpp");
    static const uint64_t peak[] = { 100, 120, 110, 90 }, next[] = { 200, 180, 150, 150 };
    for (size_t i = 0; i < HR_COUNT(peak); i++) {
        c.flags++;
        hr_history_learn(&h, &c, peak[i] * MIB);
        assert_int_equal(expected(&h, d, false), next[i] * MIB);
    }
    hr_history_fini(&h);
}

static void the_least_recent_goes_when_it_is_full(void **state)
{
    (void)state;
    struct hr_history h;
    char name[32];
    assert_int_equal(hr_history_init(&h, 100 * DAY, NULL), 0);
    for (unsigned i = 0; i < HR_HISTORY_MAX + 500; i++) {
        snprintf(name, sizeof name, "u%u.c", i);
        struct hr_leaf_key k = key("cc1", name);
        h.day = 100 + i;
        hr_history_learn(&h, &k, (i + 1) * MIB);
    }
    assert_int_equal(h.n, HR_HISTORY_MAX);
    expected(&h, key("cc1", "u499.c"), false);
    assert_int_equal(expected(&h, key("cc1", "u500.c"), true), 501 * MIB + 501 * MIB / 20 + 4 * MIB);
    expected(&h, key("cc1", "u4595.c"), true);
    hr_history_fini(&h);
}

static void the_file_comes_back(void **state)
{
    (void)state;
    struct hr_history h, again;
    bool aside;
    unlink(PLACE);
    assert_int_equal(hr_history_init(&h, 100 * DAY, NULL), 0);
    struct hr_leaf_key a = key("ptxas", "a.ptx"), b = key("ld", "program");
    hr_history_learn(&h, &a, 123456789);
    assert_int_equal(hr_history_save(&h, PLACE, NULL), 0);
    hr_history_fini(&h);
    /* Another build has written meanwhile: both are kept. */
    assert_int_equal(hr_history_init(&h, 101 * DAY, NULL), 0);
    hr_history_learn(&h, &b, 987654321);
    assert_int_equal(hr_history_save(&h, PLACE, NULL), 0);
    hr_history_fini(&h);
    assert_int_equal(hr_history_init(&again, 102 * DAY, NULL), 0);
    assert_int_equal(hr_history_load(&again, PLACE, &aside, NULL), 0);
    assert_false(aside);
    assert_int_equal(again.n, 2);
    expected(&again, a, true);
    expected(&again, b, true);
    hr_history_fini(&again);
    unlink(PLACE);
}

#define HEAD "headrace guard-history 1\n"
#define GOOD "cc1\ta.c\t-\t0000000a\t1000\t1\t20000\n"

static void a_damaged_file_is_set_aside(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "headrace guard-history 2\n" GOOD, HEAD "cc1\ta.c\t-\t0000000a\t1000\t1\n", HEAD GOOD "x",
        HEAD "cc1\ta.c\t-\t0000000A\t1000\t1\t20000\n", HEAD "cc1\ta.c\t-\t0000000a\t0\t1\t20000\n",
        HEAD "cc1\ta c\t-\t0000000a\t1000\t1\t20000\n", HEAD "cc1\ta.c\t-\t0000000a\t-5\t1\t20000\n",
        HEAD "cc1\ta.c\t-\t0000000a\t99999999999999999999\t1\t20000\n", HEAD GOOD "\n", HEAD "cc1\ta.c\t-\t0000000a\t1000\t1\t20000\t\n",
    };
    struct hr_history h;
    bool aside;
    for (size_t i = 0; i < HR_COUNT(bad); i++) {
        assert_int_equal(hr_replace(PLACE, bad[i], strlen(bad[i]), NULL), 0);
        assert_int_equal(hr_history_init(&h, DAY, NULL), 0);
        assert_int_equal(hr_history_load(&h, PLACE, &aside, NULL), 0);
        assert_true(aside);
        assert_int_equal(h.n, 0);
        assert_int_equal(hr_path_kind(PLACE), HR_KIND_NONE);
        assert_int_equal(hr_path_kind(PLACE ".bad"), HR_KIND_FILE);
        hr_history_fini(&h);
    }
    unlink(PLACE ".bad");
    assert_int_equal(hr_history_init(&h, DAY, NULL), 0);
    assert_int_equal(hr_history_load(&h, PLACE, &aside, NULL), 0); /* none there: nothing known */
    assert_false(aside);
    /* A tool of another version of this program is no damage. */
    assert_int_equal(hr_history_parse(&h, HR_STR(HEAD "cc9\ta.c\t-\t0000000a\t1000\t1\t20000\n" GOOD), NULL), 0);
    assert_int_equal(h.n, 1);
    hr_history_fini(&h);
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    struct hr_history h;
    for (uint64_t n = 1; n <= 2; n++) {
        struct hr_error err = HR_ERROR_INIT;
        hr_mem_fail_at(n, false);
        assert_int_equal(hr_history_init(&h, DAY, &err), HR_E_NOMEM);
        hr_mem_fail_at(0, false);
        assert_true(err.text[0] != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peaks_are_learnt),
        cmocka_unit_test(the_least_recent_goes_when_it_is_full),
        cmocka_unit_test(the_file_comes_back),
        cmocka_unit_test(a_damaged_file_is_set_aside),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
