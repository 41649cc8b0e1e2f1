/* The policy, asked about pictures: rules A1 to A4 of admit.h and the brake's levels. */
#include "unit.h"

#include "admit.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define SECOND UINT64_C(1000000000)

static const struct hr_admit_rules rules = { .age = 20 * SECOND }, two_cpus = { .age = 20 * SECOND, .cpus = 2 };

static struct hr_job held(uint64_t mib, uint64_t order)
{
    return (struct hr_job) { .state = HR_JOB_HELD, .predicted = mib * MIB, .order = order, .since = SECOND };
}

static struct hr_job running(uint64_t mib, uint64_t resident, uint64_t order)
{
    return (struct hr_job) { .state = HR_JOB_RUNNING, .predicted = mib * MIB, .peak = resident * MIB,
                             .resident = resident * MIB, .order = order };
}

static struct hr_space space(int64_t mib)
{
    return (struct hr_space) { .room = mib * (int64_t)MIB, .reserve = 512 * MIB, .machine = true };
}

static void one_always_runs(void **state)
{
    (void)state;
    struct hr_space none = space(-5000);
    struct hr_job j[3] = { held(900, 2), held(100, 1), running(500, 100, 3) };
    assert_int_equal(hr_admit(j, 2, &none, 2 * SECOND, &rules), 1); /* the oldest, however large */
    assert_int_equal(hr_admit(j, 3, &none, 2 * SECOND, &rules), -1);
    /* A linker that waits for its own compiler gets nothing on. */
    j[2].waits = true;
    assert_int_equal(hr_admit(j, 3, &none, 2 * SECOND, &rules), 1);
    j[2].waits = false;
    j[2].state = HR_JOB_PAUSED; /* it is let go on instead */
    assert_int_equal(hr_admit(j, 3, &none, 2 * SECOND, &rules), -1);
    assert_int_equal(hr_admit(NULL, 0, &none, 2 * SECOND, &rules), -1);
}

static void what_is_still_to_come_is_reserved(void **state)
{
    (void)state;
    struct hr_space s = space(1000);
    struct hr_job j[3] = { running(700, 100, 1), held(400, 2), held(401, 3) };
    assert_int_equal(hr_job_to_come(&j[0]), 600 * MIB);
    assert_int_equal(hr_admit(j, 2, &s, 2 * SECOND, &rules), 1);
    j[1] = held(401, 2);
    assert_int_equal(hr_admit(j, 3, &s, 2 * SECOND, &rules), -1);
    /* It has shown more than was expected of it: what it once had it may want again. */
    j[0].peak = 900 * MIB;
    j[0].resident = 500 * MIB;
    assert_int_equal(hr_job_to_come(&j[0]), 400 * MIB);
    j[0].resident = 950 * MIB;
    assert_int_equal(hr_job_to_come(&j[0]), 0);
    j[0].resident = 100 * MIB; /* a compiler gives back much between two of its steps */
    assert_int_equal(hr_job_to_come(&j[0]), 800 * MIB);
    j[0].resident = 20 * MIB; /* all of it only when it ends */
    assert_true(hr_job_ends(&j[0]));
    assert_int_equal(hr_job_to_come(&j[0]), 0);
    j[0] = running(700, 0, 1); /* and this one has just begun */
    assert_int_equal(hr_job_to_come(&j[0]), 700 * MIB);
}

static void a_limit_of_jobs_holds(void **state)
{
    (void)state;
    struct hr_space s = space(100000);
    struct hr_admit_rules two = { .jobs = 2, .age = 20 * SECOND };
    struct hr_job j[4] = { running(10, 1, 1), held(10, 3), held(10, 4), running(10, 1, 2) };
    assert_int_equal(hr_admit(j, 3, &s, 2 * SECOND, &two), 1);
    assert_int_equal(hr_admit(j, 4, &s, 2 * SECOND, &two), -1);
    /* Who waits then waits for its turn, not for memory. */
    assert_false(hr_admit_full(j, 3, &two));
    assert_true(hr_admit_full(j, 4, &two));
    assert_false(hr_admit_full(j, 4, &rules));
    j[3].state = HR_JOB_PAUSED; /* for memory: so do all behind it */
    assert_false(hr_admit_full(j, 4, &two));
    assert_int_equal(hr_admit(j, 4, &s, 2 * SECOND, &two), -1);
}

static void as_many_as_cpus_unless_asked(void **state)
{
    (void)state;
    assert_int_equal(hr_admit_jobs(0, 6), 6);
    assert_int_equal(hr_admit_jobs(9, 6), 9);
    assert_int_equal(hr_admit_jobs(1, 6), 1);
}

static void the_small_overtake_until_the_large_has_aged(void **state)
{
    (void)state;
    struct hr_space s = space(300);
    struct hr_job j[3] = { running(100, 100, 1), held(800, 2), held(200, 3) };
    assert_int_equal(hr_admit(j, 3, &s, 2 * SECOND, &rules), 2);
    assert_int_equal(hr_admit(j, 3, &s, 21 * SECOND, &rules), -1);
    s = space(900);
    assert_int_equal(hr_admit(j, 3, &s, 21 * SECOND, &rules), 1);
}

static void the_likely_counts_while_a_cpu_is_idle(void **state)
{
    (void)state;
    struct hr_space s = space(1000);
    struct hr_job j[4] = { running(700, 100, 1), held(700, 2), running(10, 10, 3), held(10, 4) };
    j[0].likely = j[1].likely = 350 * MIB; /* to come: 250 and 350 */
    assert_int_equal(hr_admit(j, 2, &s, 2 * SECOND, &rules), -1);
    assert_int_equal(hr_admit(j, 2, &s, 2 * SECOND, &two_cpus), 1);
    assert_int_equal(hr_admit(j, 3, &s, 2 * SECOND, &two_cpus), -1); /* both CPUs have work */
    s = space(599);
    assert_int_equal(hr_admit(j, 2, &s, 2 * SECOND, &two_cpus), -1);
    s = space(1000);
    j[0].peak = 690 * MIB; /* it has shown that it was not */
    assert_int_equal(hr_admit(j, 2, &s, 2 * SECOND, &two_cpus), 1);
    s = space(900);
    assert_int_equal(hr_admit(j, 2, &s, 2 * SECOND, &two_cpus), -1);
}

/* --- the brake --- */

static void orange_pauses_the_newest_and_never_the_oldest(void **state)
{
    (void)state;
    struct hr_brake last = { 0 };
    struct hr_space s = space(-10);
    struct hr_job j[3] = { running(500, 400, 7), running(500, 300, 9), running(500, 200, 8) };
    int at = -1;
    assert_int_equal(hr_brake(j, 3, &s, SECOND, &last, &at), HR_BRAKE_PAUSE);
    assert_int_equal(at, 1);
    last.paused = SECOND - SECOND / 10;
    assert_int_equal(hr_brake(j, 3, &s, SECOND, &last, &at), HR_BRAKE_NOTHING); /* one per 200 ms */
    last.paused = 0;
    j[1].fixed = true; /* not yet itself: its parent would stop with it */
    assert_int_equal(hr_brake(j, 3, &s, SECOND, &last, &at), HR_BRAKE_PAUSE);
    assert_int_equal(at, 2);
    assert_int_equal(hr_brake(j, 1, &s, SECOND, &last, &at), HR_BRAKE_NOTHING);
    s = space(0);
    assert_int_equal(hr_brake(j, 3, &s, SECOND, &last, &at), HR_BRAKE_NOTHING);
}

static void red_ends_the_newest_and_black_all(void **state)
{
    (void)state;
    struct hr_brake last = { 0 };
    struct hr_space s = space(-257);
    struct hr_job j[3] = { running(500, 400, 1), running(500, 300, 2), running(500, 200, 3) };
    j[2].state = HR_JOB_PAUSED;
    int at = -1;
    assert_int_equal(hr_brake(j, 3, &s, SECOND, &last, &at), HR_BRAKE_END_JOB);
    assert_int_equal(at, 2);
    last.ended = SECOND; /* its memory takes a moment to come back: the next step is a pause */
    assert_int_equal(hr_brake(j, 3, &s, SECOND + 1, &last, &at), HR_BRAKE_PAUSE);
    assert_int_equal(at, 1);
    assert_int_equal(hr_brake(j, 1, &s, SECOND + 1, &last, &at), HR_BRAKE_NOTHING);
    s = space(-449);
    assert_int_equal(hr_brake(j, 3, &s, SECOND, &last, &at), HR_BRAKE_END_ALL);
    s.machine = false; /* a group or a budget: the machine is in no danger */
    assert_int_equal(hr_brake(j, 1, &s, SECOND, &last, &at), HR_BRAKE_NOTHING);
}

static void the_paused_go_on_when_it_is_calm(void **state)
{
    (void)state;
    struct hr_brake last = { .paused = SECOND };
    struct hr_space s = space(400);
    struct hr_job j[3] = { running(300, 300, 1), running(500, 300, 2), running(500, 300, 3) };
    j[1].state = j[2].state = HR_JOB_PAUSED;
    int at = -1;
    assert_int_equal(hr_brake(j, 3, &s, SECOND * 3 / 2, &last, &at), HR_BRAKE_NOTHING); /* too soon */
    assert_int_equal(hr_brake(j, 3, &s, 3 * SECOND, &last, &at), HR_BRAKE_RESUME);
    assert_int_equal(at, 1);
    s = space(200); /* 200 are to come: they must fit with a margin */
    assert_int_equal(hr_brake(j, 3, &s, 3 * SECOND, &last, &at), HR_BRAKE_NOTHING);
    /* Nothing runs: the oldest goes on at once, whatever is free. */
    s = space(-300);
    assert_int_equal(hr_brake(j + 1, 2, &s, SECOND, &last, &at), HR_BRAKE_RESUME);
    assert_int_equal(at, 0);
    j[0].waits = true; /* it runs, and for another one's sake */
    assert_int_equal(hr_brake(j, 3, &s, SECOND, &last, &at), HR_BRAKE_RESUME);
    assert_int_equal(at, 1);
}

/* --- levels --- */

static void each_level_has_its_reasons(void **state)
{
    (void)state;
    struct hr_job j[2] = { running(500, 400, 1), running(500, 300, 2) };
    struct hr_space s = space(300);
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_GREEN);
    s.some = 1000; /* others thrash in a limit of their own: memory is not short here */
    s.full = 900;
    s.swapping = 60 * SECOND;
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_GREEN);
    s.near = true;
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_BLACK);
    s.machine = false;
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_RED);
    s.full = 0;
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_RED); /* swapping for a minute */
    s.swapping = SECOND;
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_ORANGE);
    s.some = 399;
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_YELLOW);
    s.some = 99;
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_GREEN);
    s = space(300);
    s.available = 127 * MIB; /* however large the reserve */
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_BLACK);
    s.reserve = 200 * MIB; /* a machine so small that this is its everyday */
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_GREEN);
}

static void growth_is_carried_on_for_half_a_second(void **state)
{
    (void)state;
    struct hr_space s = space(300);
    struct hr_job j[2] = { running(500, 400, 1), running(500, 300, 2) };
    j[1].grows = 1000 * MIB; /* it will stop at what is expected of it */
    assert_in_range(hr_ahead(j, 2, &s, SECOND / 2), 195 * MIB, 205 * MIB);
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_GREEN);
    j[1].resident = j[1].peak = 501 * MIB; /* nobody knows where it will stop */
    assert_in_range(hr_ahead(j, 2, &s, SECOND / 2), 495 * MIB, 505 * MIB);
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_ORANGE);
    struct hr_brake last = { 0 };
    int at = -1;
    assert_int_equal(hr_brake(j, 2, &s, SECOND, &last, &at), HR_BRAKE_PAUSE);
    assert_int_equal(at, 1);
    j[1].state = HR_JOB_PAUSED;
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_GREEN);
    s.foreign = 700 * MIB;
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_ORANGE);
}

static void a_leap_at_the_beginning_is_no_alarm(void **state)
{
    (void)state;
    struct hr_space s = space(300);
    struct hr_job j[2] = { running(800, 500, 1), running(800, 100, 2) };
    j[0].likely = 400 * MIB; /* reached: nothing is likely of it any more */
    j[1].likely = 390 * MIB;
    j[1].grows = 1000 * MIB;
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_GREEN);
    j[1].resident = j[1].peak = 391 * MIB;
    assert_int_equal(hr_level(j, 2, &s), HR_LEVEL_ORANGE);
}

static void nothing_starts_and_nothing_goes_on_while_it_is_yellow(void **state)
{
    (void)state;
    struct hr_space s = space(2000);
    struct hr_job j[3] = { running(500, 400, 1), held(10, 2), running(500, 300, 3) };
    struct hr_brake last = { 0 };
    int at = -1;
    assert_int_equal(hr_admit(j, 2, &s, 2 * SECOND, &rules), 1);
    s.near = true;
    s.some = 200;
    assert_int_equal(hr_level(j, 3, &s), HR_LEVEL_YELLOW);
    assert_int_equal(hr_admit(j, 2, &s, 2 * SECOND, &rules), -1);
    assert_int_equal(hr_admit(j + 1, 1, &s, 2 * SECOND, &rules), 0); /* A1 */
    j[2].state = HR_JOB_PAUSED;
    assert_int_equal(hr_brake(j, 3, &s, 9 * SECOND, &last, &at), HR_BRAKE_NOTHING);
    s.some = 20;
    assert_int_equal(hr_brake(j, 3, &s, 9 * SECOND, &last, &at), HR_BRAKE_RESUME);
    assert_int_equal(at, 2);
    s.near = true;
    s.swapping = 3 * SECOND;
    j[2].state = HR_JOB_RUNNING;
    assert_int_equal(hr_brake(j, 3, &s, 9 * SECOND, &last, &at), HR_BRAKE_END_JOB);
    assert_int_equal(at, 2);
    last.ended = 9 * SECOND; /* swapping does not stop at once: the next victim has two seconds, and is paused meanwhile */
    assert_int_equal(hr_brake(j, 3, &s, 10 * SECOND, &last, &at), HR_BRAKE_PAUSE);
}

static void before_a_wall_the_last_one_is_ended_here(void **state)
{
    (void)state;
    struct hr_space s = { .room = 10 * (int64_t)MIB, .reserve = 50 * MIB };
    struct hr_job j[2] = { running(500, 900, 1), running(500, 100, 2) };
    struct hr_brake last = { 0 };
    int at = -1;
    j[0].grows = 2048 * MIB; /* 200 MiB in a tenth of a second */
    assert_int_equal(hr_brake(j, 1, &s, SECOND, &last, &at), HR_BRAKE_NOTHING); /* swap is behind it: slow, and no end */
    s.wall = true;
    assert_int_equal(hr_brake(j, 1, &s, SECOND, &last, &at), HR_BRAKE_END_JOB);
    assert_int_equal(at, 0);
    assert_int_equal(hr_brake(j, 2, &s, SECOND, &last, &at), HR_BRAKE_END_JOB); /* another first, the newest */
    assert_int_equal(at, 1);
    j[0].grows = 100 * MIB;
    assert_int_equal(hr_brake(j, 1, &s, SECOND, &last, &at), HR_BRAKE_NOTHING);
    /* No job is there to be ended, and something else runs into the wall. */
    s.room = -45 * (int64_t)MIB;
    s.foreign = 100 * MIB;
    assert_int_equal(hr_brake(j, 0, &s, SECOND, &last, &at), HR_BRAKE_END_ALL);
    s.wall = false;
    assert_int_equal(hr_brake(j, 0, &s, SECOND, &last, &at), HR_BRAKE_NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_always_runs),
        cmocka_unit_test(what_is_still_to_come_is_reserved),
        cmocka_unit_test(a_limit_of_jobs_holds),
        cmocka_unit_test(as_many_as_cpus_unless_asked),
        cmocka_unit_test(the_small_overtake_until_the_large_has_aged),
        cmocka_unit_test(orange_pauses_the_newest_and_never_the_oldest),
        cmocka_unit_test(red_ends_the_newest_and_black_all),
        cmocka_unit_test(the_paused_go_on_when_it_is_calm),
        cmocka_unit_test(each_level_has_its_reasons),
        cmocka_unit_test(growth_is_carried_on_for_half_a_second),
        cmocka_unit_test(a_leap_at_the_beginning_is_no_alarm),
        cmocka_unit_test(nothing_starts_and_nothing_goes_on_while_it_is_yellow),
        cmocka_unit_test(before_a_wall_the_last_one_is_ended_here),
        cmocka_unit_test(the_likely_counts_while_a_cpu_is_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
