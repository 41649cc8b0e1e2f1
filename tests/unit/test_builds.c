/* Whole builds of made-up jobs, played with the policy of admit.h and banker.h alone. */
#include "unit.h"

#include "admit.h"
#include "rng.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define SECOND UINT64_C(1000000000)

enum { JOBS = 60, STEP_MS = 50, AT_ONCE = 4 };
static const struct hr_admit_rules rules = { .age = 20 * SECOND }, two_cpus = { .age = 20 * SECOND, .cpus = 2 },
                                   at_once = { .age = 20 * SECOND, .jobs = AT_ONCE };

struct world {
    struct hr_job job[JOBS];
    uint64_t final[JOBS], life[JOBS], age[JOBS]; /* true peak, ms of work, ms done */
    size_t n;
    uint64_t memory, order, worst, took;
    unsigned done, killed, parked;
    struct hr_brake brake;
    const struct hr_admit_rules *rules;
};

static void forget(struct world *w, size_t i)
{
    w->n--;
    w->job[i] = w->job[w->n];
    w->final[i] = w->final[w->n];
    w->life[i] = w->life[w->n];
    w->age[i] = w->age[w->n];
}

static uint64_t used(const struct world *w)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < w->n; i++)
        sum += w->job[i].resident;
    return sum;
}

static struct hr_space free_of(const struct world *w)
{
    uint64_t reserve = w->memory / 12;
    return (struct hr_space) { .room = (int64_t)w->memory - (int64_t)used(w) - (int64_t)reserve, .reserve = reserve };
}

static struct hr_job held(uint64_t mib, uint64_t order)
{
    return (struct hr_job) { .state = HR_JOB_HELD, .predicted = mib * MIB, .order = order, .since = SECOND };
}

static void step(struct world *w, uint64_t now)
{
    for (size_t i = w->n; i-- > 0;) {
        struct hr_job *j = &w->job[i];
        if (j->state != HR_JOB_RUNNING)
            continue;
        w->age[i] += STEP_MS;
        uint64_t was = j->resident;
        j->resident = w->final[i] * HR_MIN(w->age[i], w->life[i]) / w->life[i];
        j->grows = (j->resident - was) / STEP_MS * 1000;
        j->peak = HR_MAX(j->peak, j->resident);
        if (w->age[i] >= w->life[i]) {
            w->done++;
            forget(w, i);
        }
    }
    w->worst = HR_MAX(w->worst, used(w));
    struct hr_space s = free_of(w);
    int at = -1;
    enum hr_brake_what what = hr_brake(w->job, w->n, &s, now, &w->brake, &at);
    if (at >= 0)
        hr_brake_did(&w->brake, &w->job[at], what, now);
    w->parked += what == HR_BRAKE_PARK;
    if (what == HR_BRAKE_END_JOB) {
        w->killed++;
        forget(w, (size_t)at);
    }
    s = free_of(w);
    while ((at = hr_admit(w->job, w->n, &s, now, w->rules)) >= 0) {
        w->job[at].state = HR_JOB_RUNNING;
        w->job[at].order = ++w->order;
    }
    if (w->n != 0) { /* A1 at every step */
        size_t on = 0;
        for (size_t i = 0; i < w->n; i++)
            on += w->job[i].state == HR_JOB_RUNNING;
        assert_true(on > 0 || w->job[0].state != HR_JOB_HELD);
    }
}

static void play_on(struct world *w)
{
    uint64_t now = SECOND, rounds = 0;
    for (; w->n != 0; now += STEP_MS * UINT64_C(1000000)) {
        step(w, now);
        assert_true(++rounds < 100000); /* it ends */
    }
    w->took = now - SECOND;
}

/* `error` percent: how much a job takes beyond what was expected. */
static struct world play(uint64_t seed, unsigned error)
{
    struct world w = { .memory = 4096 * MIB, .rules = &rules, .n = JOBS };
    for (size_t i = 0; i < JOBS; i++) {
        uint64_t mib = 50 + hr_rng_u64(seed, 2 * i) % 1500;
        w.job[i] = held(mib, ++w.order);
        w.final[i] = mib * MIB * (100 + error) / 100;
        w.life[i] = 200 + hr_rng_u64(seed, 2 * i + 1) % 9000;
    }
    play_on(&w);
    return w;
}

/* Four CPUs, and jobs of which some want more than half of the memory; `known`: the banker takes part. */
static struct world play_known(uint64_t seed, bool known)
{
    struct world w = { .memory = 2048 * MIB, .rules = &at_once, .n = JOBS };
    for (size_t i = 0; i < JOBS; i++) {
        uint64_t mib = i % 4 == 0 ? 900 + hr_rng_u64(seed, 2 * i) % 600 : 50 + hr_rng_u64(seed, 2 * i) % 400;
        w.job[i] = held(mib + mib / 20 + 4, ++w.order);
        w.job[i].known = known;
        w.final[i] = mib * MIB;
        w.life[i] = 2 * mib + hr_rng_u64(seed, 2 * i + 1) % 9000; /* grows by 500 MiB a second at most */
    }
    play_on(&w);
    return w;
}

static void known_builds_are_sooner_done(void **state)
{
    (void)state;
    uint64_t with = 0, without = 0;
    unsigned parked = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct world w = play_known(seed, true), plain = play_known(seed, false);
        assert_int_equal(w.done, JOBS);
        assert_int_equal(w.killed, 0);
        assert_true(w.worst <= w.memory);
        with += w.took / 1000000;
        without += plain.took / 1000000;
        parked += w.parked;
    }
    assert_in_range(parked, 40, 40 * JOBS * 4);
    assert_true(with < without - without / 10); /* a tenth at least */
}

/* A table says 800 MiB of each, and one in ten takes half as much again. */
static void builds_of_guesses_finish(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct world w = { .memory = 2048 * MIB, .rules = &two_cpus, .n = JOBS };
        for (size_t i = 0; i < JOBS; i++) {
            uint64_t mib = i % 10 == 0 ? 1200 : 300 + hr_rng_u64(seed, 2 * i) % 500;
            w.job[i] = held(800, ++w.order);
            w.job[i].likely = 400 * MIB;
            w.final[i] = mib * MIB;
            w.life[i] = 1000 + hr_rng_u64(seed, 2 * i + 1) % 9000;
        }
        play_on(&w);
        assert_int_equal(w.done, JOBS);
        assert_int_equal(w.killed, 0);
        assert_true(w.worst <= w.memory);
    }
}

static void made_up_builds_finish(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct world w = play(seed, 0);
        assert_int_equal(w.done, JOBS);
        assert_int_equal(w.killed, 0);
        assert_true(w.worst <= w.memory); /* expectations were right: memory was never overrun */
        w = play(seed, 30);
        assert_int_equal(w.done + w.killed, JOBS);
        assert_true(w.done >= JOBS - 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_of_guesses_finish),
        cmocka_unit_test(known_builds_are_sooner_done),
        cmocka_unit_test(made_up_builds_finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
