/* The ladder: which deed comes when, that there is none which stops, and whose signals may be wishes. */
#include "unit.h"

#include "act.h"

#include <signal.h>
#include <string.h>

#define S UINT64_C(1000000000)

static struct hr_act ladder(const char *a, const char *b, const char *c)
{
    const char *word[] = { a, b, c };
    struct hr_act act = { .grace = 10 * S };
    assert_int_equal(hr_act_parse(&act, word, a == NULL ? 0 : b == NULL ? 1 : c == NULL ? 2 : 3, NULL), 0);
    return act;
}

static const struct hr_act_level calm = { 0 }, act = { .act = true }, max = { .act = true, .max = true }, vram = { .vram = true },
                                 machine = { .machine = true }, black = { .machine = true, .black = true };

static void steps_go_from_mild_to_hard(void **state)
{
    (void)state;
    static const char *const bad[][3] = { { "end", "drop", NULL }, { "drop", "drop", NULL }, { "pause", NULL, NULL }, { "none", "end", NULL },
                                          { "", NULL, NULL } };
    for (size_t i = 0; i < HR_COUNT(bad); i++) {
        struct hr_error err = HR_ERROR_INIT;
        struct hr_act a = { .grace = S };
        assert_true(hr_act_parse(&a, bad[i], bad[i][1] == NULL ? 1 : 2, &err) < 0);
        assert_true(err.text[0] != 0);
    }
    struct hr_act a = ladder("none", NULL, NULL);
    assert_int_equal(a.steps, 0);
    assert_int_equal(hr_act_next(&a, &act, S), HR_DEED_NONE);
    assert_int_equal(hr_act_next(&a, &max, S), HR_DEED_TERM); /* max is no step */
}

static void one_step_at_a_time(void **state)
{
    (void)state;
    struct hr_act a = ladder("drop", "checkpoint", "end");
    assert_int_equal(hr_act_next(&a, &calm, 1 * S), HR_DEED_NONE);
    assert_int_equal(hr_act_next(&a, &act, 2 * S), HR_DEED_DROP);
    assert_int_equal(a.why, HR_ACT_FOR_ACT);
    assert_int_equal(hr_act_next(&a, &act, 2 * S + S / 2), HR_DEED_NONE);
    assert_int_equal(hr_act_next(&a, &act, 3 * S), HR_DEED_CHECKPOINT);
    assert_int_equal(hr_act_next(&a, &act, 12 * S), HR_DEED_NONE); /* its grace */
    assert_int_equal(hr_act_next(&a, &act, 13 * S), HR_DEED_TERM);
    for (uint64_t t = 13 * S; t < 23 * S; t += S / 10)
        assert_int_equal(hr_act_next(&a, &calm, t), HR_DEED_NONE); /* T3, and no way back */
    assert_int_equal(hr_act_next(&a, &calm, 23 * S), HR_DEED_KILL);
    assert_int_equal(hr_act_next(&a, &calm, 23 * S + S / 4), HR_DEED_NONE);
    assert_int_equal(hr_act_next(&a, &calm, 23 * S + S / 2), HR_DEED_KILL); /* a fork was on its way */
}

static void a_level_that_falls_ends_the_episode(void **state)
{
    (void)state;
    struct hr_act a = ladder("drop", "checkpoint", "end");
    assert_int_equal(hr_act_next(&a, &machine, 1 * S), HR_DEED_DROP);
    assert_int_equal(a.why, HR_ACT_FOR_MACHINE);
    assert_int_equal(hr_act_next(&a, &calm, 9 * S), HR_DEED_NONE);
    assert_false(a.active);
    assert_int_equal(hr_act_next(&a, &vram, 20 * S), HR_DEED_DROP); /* from the first step again */
    assert_int_equal(a.why, HR_ACT_FOR_VRAM);
    hr_act_in_vain(&a);
    assert_int_equal(hr_act_next(&a, &vram, 20 * S), HR_DEED_CHECKPOINT); /* nothing was dropped: no wait */
    hr_act_in_vain(&a);
    assert_int_equal(hr_act_next(&a, &vram, 20 * S), HR_DEED_TERM); /* nobody could be asked */
    hr_act_in_vain(&a);
    assert_int_equal(hr_act_next(&a, &vram, 20 * S), HR_DEED_NONE); /* the grace stays */
}

static void black_leaves_two_seconds(void **state)
{
    (void)state;
    struct hr_act a = ladder("drop", "checkpoint", "end");
    assert_int_equal(hr_act_next(&a, &max, 1 * S), HR_DEED_TERM);
    assert_int_equal(a.why, HR_ACT_FOR_MAX);
    assert_int_equal(hr_act_next(&a, &black, 3 * S), HR_DEED_NONE);
    assert_int_equal(hr_act_next(&a, &black, 4 * S), HR_DEED_NONE);
    assert_int_equal(hr_act_next(&a, &black, 5 * S), HR_DEED_KILL);
    struct hr_act b = ladder("drop", NULL, NULL);
    assert_int_equal(hr_act_next(&b, &black, 1 * S), HR_DEED_TERM); /* whatever the steps say */
    assert_int_equal(b.why, HR_ACT_FOR_BLACK);
    assert_int_equal(hr_act_next(&b, &black, 2 * S), HR_DEED_NONE);
    assert_int_equal(hr_act_next(&b, &calm, 3 * S), HR_DEED_KILL);
}

/* T1: no sequence of levels gives a deed that is not one of these, and no signal that stops is a wish. */
static void nothing_stops(void **state)
{
    (void)state;
    static const struct hr_act_level *const level[] = { &calm, &act, &max, &vram, &machine, &black };
    unsigned seed = 1, seen = 0;
    for (int run = 0; run < 2000; run++) {
        struct hr_act a = ladder("drop", "checkpoint", "end");
        uint64_t now = S;
        int last = HR_DEED_NONE;
        for (int i = 0; i < 60; i++) {
            seed = seed * 1103515245u + 12345u;
            now += (seed >> 16) % 4000 * (S / 1000);
            enum hr_act_deed d = hr_act_next(&a, level[(seed >> 8) % (run % 3 == 0 ? 6 : 5)], now);
            assert_in_range(d, HR_DEED_NONE, HR_DEED_KILL);
            assert_true(d != HR_DEED_KILL || a.ending);
            assert_true(d != HR_DEED_TERM || last < HR_DEED_TERM); /* once */
            last = HR_MAX(last, (int)d);
            seen |= 1u << d;
        }
    }
    assert_int_equal(seen, 0x1F);
    static const char *const no[] = { "STOP", "SIGSTOP", "TSTP", "TTIN", "TTOU", "KILL", "9", "19", "20", "CONT", "SEGV", "", "SIG", "usr1", "0",
                                      "64", "-10", "USR1 " };
    for (size_t i = 0; i < HR_COUNT(no); i++) {
        int sig = 0;
        struct hr_error err = HR_ERROR_INIT;
        assert_true(hr_act_signal(hr_str(no[i]), &sig, &err) < 0);
        assert_int_equal(sig, 0);
        assert_true(err.text[0] != 0);
    }
    int sig = 0;
    assert_int_equal(hr_act_signal(hr_str("USR1"), &sig, NULL), 0);
    assert_int_equal(sig, SIGUSR1);
    assert_int_equal(hr_act_signal(hr_str("SIGTERM"), &sig, NULL), 0);
    assert_int_equal(sig, SIGTERM);
    assert_int_equal(hr_act_signal(hr_str("12"), &sig, NULL), 0);
    assert_int_equal(sig, 12);
    assert_string_equal(hr_act_signal_name(SIGUSR2), "USR2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_go_from_mild_to_hard), cmocka_unit_test(one_step_at_a_time),
        cmocka_unit_test(a_level_that_falls_ends_the_episode), cmocka_unit_test(black_leaves_two_seconds),
        cmocka_unit_test(nothing_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
