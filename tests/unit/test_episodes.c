/* Alerts: they begin when it lasts, end when it is over, and forecast only what is steady. */
#include "unit.h"

#include "episodes.h"
#include "model_make.h"

static struct hr_model *m;
static struct hr_series *s;
static struct hr_episodes *e;
static unsigned second;

static void begin(void)
{
    second = 0;
    m = hr_calloc(1, sizeof *m);
    assert_non_null(m);
    assert_int_equal(hr_series_open(&s, NULL), 0);
    assert_int_equal(hr_episodes_open(NULL, &e, NULL), 0);
}

static void end(void)
{
    hr_episodes_close(e);
    hr_series_close(s);
    hr_free(m);
}

static const struct hr_episode *on(const char *key)
{
    const struct hr_episode *all[16];
    size_t n = hr_episodes_on(e, all, 16);
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i]->key, key) == 0)
            return all[i];
    return NULL;
}

/* One second with `available` bytes. */
static void look(uint64_t available)
{
    make_model(m, ++second, 1);
    m->memory.available = hr_figure_of(available);
    hr_series_take(s, m);
    hr_episodes_take(e, m, s);
}

static void low_memory(void **state)
{
    (void)state;
    begin();
    uint64_t total;
    look(20 * GIB);
    total = m->memory.total.v;
    look(total / 50); /* E1: one look is none */
    assert_null(on("memory-low"));
    look(20 * GIB);
    for (int i = 0; i < 5; i++)
        look(total / 50);
    assert_non_null(on("memory-low"));
    assert_int_equal(on("memory-low")->level, HR_EPISODE_BAD);
    assert_non_null(strstr(on("memory-low")->text, "train.py"));
    for (int i = 0; i < 30; i++)
        look(total * 12 / 100); /* above where it began, below where it ends */
    assert_non_null(on("memory-low"));
    for (int i = 0; i < 12; i++)
        look(total / 2);
    assert_null(on("memory-low"));
    end();
}

static void unknown_changes_nothing(void **state)
{
    (void)state;
    begin();
    for (int i = 0; i < 10; i++)
        look(100 * MIB);
    assert_non_null(on("memory-low"));
    for (int i = 0; i < 30; i++) {
        make_model(m, ++second, 1);
        m->memory.available = hr_figure_unknown("gone");
        hr_episodes_take(e, m, s);
    }
    assert_non_null(on("memory-low"));
    end();
}

/* A leak of 180 MiB a minute from 10 GiB: full in 56 minutes at first, told when half an hour is left; within 20 % of the truth. */
static void a_leak_is_forecast(void **state)
{
    (void)state;
    begin();
    double left = 6.0 * (double)GIB, slope = 200.0 * (double)MIB / 60;
    unsigned told = 0;
    for (unsigned t = 0; t < 600 && told == 0; t++) {
        look((uint64_t)(left - slope * t + (double)((t * 7919) % 11) * (double)MIB)); /* with some noise */
        if (on("memory-forecast") != NULL)
            told = t;
    }
    assert_true(told > 60);
    double truth = left / slope - told, said = on("memory-forecast")->peak;
    assert_true(fabs(said - truth) < 0.2 * truth);
    assert_non_null(strstr(on("memory-forecast")->text, "is full in about"));
    end();
}

static void what_goes_up_and_down_is_no_leak(void **state)
{
    (void)state;
    begin();
    for (unsigned t = 0; t < 900; t++) { /* a saw of epochs */
        look((uint64_t)(8.0 * (double)GIB - (double)(t % 60) * 30.0 * (double)MIB));
        assert_null(on("memory-forecast"));
    }
    end();
}

static void heat_and_space(void **state)
{
    (void)state;
    begin();
    for (int i = 0; i < 40; i++) {
        make_model(m, ++second, 1);
        m->gpus.gpu[0].throttle = hr_figure_of(64);
        m->space[1].available = HR_READ(10 * MIB);
        hr_series_take(s, m);
        hr_episodes_take(e, m, s);
    }
    assert_non_null(on("gpu-slowed"));
    assert_non_null(on("shm-full"));
    assert_non_null(strstr(on("shm-full")->text, "/dev/shm"));
    assert_string_equal(on("shm-full")->curve.what->key, "space-left"); /* each has its curve, whether its figure has a past or not */
    assert_string_equal(on("gpu-slowed")->curve.what->key, "gpu-celsius");
    assert_true(on("shm-full")->curve.n > 7 && on("gpu-slowed")->curve.n > 7);
    assert_null(on("disk-full"));
    end();
}

static void a_healthy_machine_says_nothing(void **state)
{
    (void)state;
    begin();
    for (unsigned t = 0; t < 600; t++) {
        make_model(m, ++second, 1);
        hr_series_take(s, m);
        hr_episodes_take(e, m, s);
        const struct hr_episode *all[16];
        if (hr_episodes_on(e, all, 16) != 0)
            fail_msg("%s: %s", all[0]->key, all[0]->text);
    }
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(low_memory),         cmocka_unit_test(unknown_changes_nothing),  cmocka_unit_test(a_leak_is_forecast),
        cmocka_unit_test(what_goes_up_and_down_is_no_leak), cmocka_unit_test(heat_and_space), cmocka_unit_test(a_healthy_machine_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
