/* Jobs that together want more than there is: rules B1 to B3 of banker.h. */
#include "unit.h"

#include "banker.h"
#include "rng.h"

#define MIB (UINT64_C(1) << 20)
#define SECOND UINT64_C(1000000000)
#define RATE (300 * MIB)

static struct hr_job job(enum hr_job_state state, uint64_t wants, uint64_t resident, uint64_t order)
{
    return (struct hr_job) { .state = state, .predicted = wants * MIB, .peak = resident * MIB, .resident = resident * MIB,
                             .order = order, .since = SECOND, .known = true };
}

static struct hr_job held(uint64_t wants, uint64_t order)
{
    return job(HR_JOB_HELD, wants, 0, order);
}

static struct hr_job running(uint64_t wants, uint64_t resident, uint64_t order)
{
    return job(HR_JOB_RUNNING, wants, resident, order);
}

static struct hr_space space(int64_t mib)
{
    return (struct hr_space) { .room = mib * (int64_t)MIB, .reserve = 50 * MIB, .wall = true };
}

static const struct hr_admit_rules two = { .age = 20 * SECOND, .jobs = 2 };

static void a_large_one_begins_beside_a_small_one(void **state)
{
    (void)state;
    struct hr_space s = space(700);
    /* 660 beside 195, of 780: 75 are missing, and the small one gives them back when it ends. */
    struct hr_job j[4] = { running(195, 80, 1), held(660, 2), held(195, 3), held(660, 4) };
    assert_int_equal(hr_admit(j, 2, &s, 2 * SECOND, &two), 1);
    j[1].known = false; /* B3 */
    assert_int_equal(hr_admit(j, 2, &s, 2 * SECOND, &two), -1);
    j[1].known = true;
    j[0].known = false;
    assert_int_equal(hr_admit(j, 2, &s, 2 * SECOND, &two), -1);
    /* Before a small one that has come earlier: large ones have to follow each other in any case. */
    j[0] = running(195, 80, 1);
    j[1].order = 9;
    assert_int_equal(hr_admit(j, 4, &s, 2 * SECOND, &two), 3);
    /* Where all fit, who came first is first. */
    s = space(3000);
    assert_int_equal(hr_admit(j, 4, &s, 2 * SECOND, &two), 2);
}

static void it_would_only_stand_parked(void **state)
{
    (void)state;
    struct hr_space s = space(480);
    struct hr_job j[3] = { running(660, 300, 1), held(660, 2), held(195, 3) };
    assert_false(hr_banker_may(j, 2, &s, 1)); /* 540 of 660 are missing */
    assert_true(hr_banker_may(j, 3, &s, 2));
    assert_int_equal(hr_admit(j, 3, &s, 2 * SECOND, &two), 2);
    assert_int_equal(hr_admit(j, 3, &s, 30 * SECOND, &two), -1); /* A4: the large one has waited long enough */
    s = space(340);                                              /* nobody could end: the first wants 360 */
    assert_int_equal(hr_admit(j, 3, &s, 2 * SECOND, &two), -1);
}

static void who_wants_most_is_parked_in_time(void **state)
{
    (void)state;
    struct hr_job j[3] = { running(660, 500, 1), running(195, 80, 2), held(100, 3) };
    struct hr_brake last = { 0 };
    int at = -1;
    j[0].grows = j[1].grows = RATE;
    struct hr_space s = space(150);
    assert_int_equal(hr_brake(j, 3, &s, SECOND, &last, &at), HR_BRAKE_NOTHING); /* 35 more than the small one wants */
    s = space(130);
    assert_int_equal(hr_brake(j, 3, &s, SECOND, &last, &at), HR_BRAKE_PARK);
    assert_int_equal(at, 0); /* the older one: it wants more (B2) */
    j[0].state = HR_JOB_PAUSED;
    last.parked = SECOND;
    assert_int_equal(hr_brake(j, 3, &s, 2 * SECOND, &last, &at), HR_BRAKE_NOTHING); /* the first in order is never parked */
    assert_int_equal(hr_admit(j, 3, &s, 2 * SECOND, &two), -1);                     /* who is parked comes first */
    /* The small one takes what it was left, and nothing is short. */
    j[1].resident = j[1].peak = 194 * MIB;
    s = space(16);
    assert_int_equal(hr_level(j, 3, &s), HR_LEVEL_GREEN);
    assert_int_equal(hr_brake(j, 3, &s, 2 * SECOND, &last, &at), HR_BRAKE_NOTHING);
    /* It has ended: at once. */
    j[1] = j[2];
    s = space(210);
    assert_int_equal(hr_brake(j, 2, &s, 2 * SECOND, &last, &at), HR_BRAKE_RESUME);
    assert_int_equal(at, 0);
}

static void more_than_was_known_is_short(void **state)
{
    (void)state;
    struct hr_job j[3] = { running(660, 500, 1), running(195, 196, 2), running(300, 100, 3) };
    struct hr_brake last = { 0 };
    int at = -1;
    struct hr_space s = space(170);
    j[1].grows = 400 * MIB; /* nobody knows where it will stop: 200 in half a second */
    assert_int_equal(hr_level(j, 3, &s), HR_LEVEL_ORANGE);
    assert_int_equal(hr_brake(j, 3, &s, SECOND, &last, &at), HR_BRAKE_PAUSE);
    assert_int_equal(at, 2); /* it wants most: 200 */
    j[2].fixed = true;
    assert_int_equal(hr_brake(j, 3, &s, SECOND, &last, &at), HR_BRAKE_PAUSE);
    assert_int_equal(at, 0);
}

static void an_unsafe_state_gets_no_worse(void **state)
{
    (void)state;
    /* Others have taken what the large one was to have: it stays parked while the small one runs, and is parked where it runs. */
    struct hr_job j[2] = { job(HR_JOB_PAUSED, 105, 38, 1), running(49, 30, 2) };
    struct hr_space s = space(36);
    assert_false(hr_banker_goes_on(j, 2, &s, 0));
    j[0].state = HR_JOB_RUNNING;
    assert_int_equal(hr_banker_park(j, 2, &s), 0);
    assert_int_equal(hr_banker_last(j, 2, &s), 0);
    j[0].fixed = true;
    assert_int_equal(hr_banker_park(j, 2, &s), -1);
}

static void who_waits_for_another_keeps_what_it_wants(void **state)
{
    (void)state;
    struct hr_space s = space(560);
    struct hr_job j[3] = { running(400, 100, 1), running(150, 10, 2), held(300, 3) };
    assert_true(hr_banker_may(j, 3, &s, 2));
    j[0].waits = true; /* a linker that waits for its compiler: 300 of the 560 are its own */
    assert_false(hr_banker_may(j, 3, &s, 2));
    assert_int_equal(hr_banker_park(j, 2, &s), -1);
}

/* Any picture: were all that run to grow for one look, whoever comes first in order still gets what it wants. */
static void the_first_always_gets_what_it_wants(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20000; seed++) {
        struct hr_job j[6];
        size_t n = 2 + hr_rng_u64(seed, 0) % 5;
        uint64_t free = 50 + hr_rng_u64(seed, 1) % 600, least = UINT64_MAX;
        for (size_t i = 0; i < n; i++) {
            uint64_t wants = 50 + hr_rng_u64(seed, 10 + i) % 700, has = hr_rng_u64(seed, 20 + i) % wants;
            j[i] = job(HR_JOB_RUNNING, wants, has, i);
            j[i].grows = RATE;
            least = HR_MIN(least, hr_job_to_come(&j[i]));
        }
        struct hr_space s = space((int64_t)free);
        if (least > free * MIB)
            continue; /* not the banker's doing */
        for (int at; (at = hr_banker_park(j, n, &s)) >= 0;)
            j[at].state = HR_JOB_PAUSED;
        uint64_t others = 0;
        unsigned run = 0;
        bool first_runs = false;
        for (size_t i = 0; i < n; i++) {
            bool first = hr_job_to_come(&j[i]) == least && !first_runs && j[i].state == HR_JOB_RUNNING;
            first_runs |= first;
            run += j[i].state == HR_JOB_RUNNING;
            others += j[i].state == HR_JOB_RUNNING && !first ? HR_MIN(RATE / 20, hr_job_to_come(&j[i])) : 0;
        }
        assert_true(run >= 1 && first_runs);
        assert_true(least + others <= free * MIB);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_one_begins_beside_a_small_one),
        cmocka_unit_test(it_would_only_stand_parked),
        cmocka_unit_test(who_wants_most_is_parked_in_time),
        cmocka_unit_test(more_than_was_known_is_short),
        cmocka_unit_test(an_unsafe_state_gets_no_worse),
        cmocka_unit_test(who_waits_for_another_keeps_what_it_wants),
        cmocka_unit_test(the_first_always_gets_what_it_wants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
