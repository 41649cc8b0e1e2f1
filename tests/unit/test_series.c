/* The past of the watcher's values: three resolutions, spikes, gaps, and memory that does not grow. */
#include "unit.h"

#include "mem.h"
#include "resident.h"
#include "series.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

static struct hr_model *model;

static int begin(void **state)
{
    (void)state;
    model = hr_calloc(1, sizeof *model);
    return model == NULL;
}

static int end(void **state)
{
    (void)state;
    hr_free(model);
    return 0;
}

/* A tick at `s` seconds, CPU at `v` percent (negative: unknown). */
static void tick(struct hr_series *series, double s, double v)
{
    model->at = (uint64_t)(s * 1e9);
    model->wall = UINT64_C(1800000000) * SECOND + model->at;
    model->cpu.busy = v < 0 ? hr_real_unknown("not now") : hr_real_of(v);
    hr_series_take(series, model);
}

static struct hr_series *opened(void)
{
    struct hr_series *s = NULL;
    assert_int_equal(hr_series_open(&s, NULL), 0);
    return s;
}

static void values_come_back_within_a_thousandth(void **state)
{
    (void)state;
    static const double values[] = { 0, 0.001, 0.25, 1, 1.999, 2.001, 99.9, 100, 12345, 1e6, 3.3e9, 1.1e12, 6.4e13 };
    struct hr_series *s = opened();
    for (size_t i = 0; i < HR_COUNT(values); i++)
        tick(s, 100 + (double)i, values[i]);
    tick(s, 100 + (double)HR_COUNT(values), 0);
    for (size_t i = 0; i < HR_COUNT(values); i++) {
        struct hr_bucket b = hr_series_at(s, HR_M_CPU, 0, HR_TIER_SECOND, HR_COUNT(values) - i);
        assert_true(b.known);
        assert_true(fabs(b.avg - values[i]) <= values[i] * 0.0006 + 0.0006);
    }
    hr_series_close(s);
}

static void a_spike_of_one_tick_stays_in_every_resolution(void **state)
{
    (void)state;
    struct hr_series *s = opened();
    for (int i = 0; i < 7200; i++)
        tick(s, 1000 + i, i == 100 ? 97 : 3);
    assert_int_equal(hr_series_length(s, HR_TIER_SECOND), 3600); /* it is out of the seconds */
    double most = 0, least = 100;
    for (size_t b = 0; b < hr_series_length(s, HR_TIER_TEN); b++)
        most = fmax(most, hr_series_at(s, HR_M_CPU, 0, HR_TIER_TEN, b).max);
    assert_true(fabs(most - 97) < 0.1);
    struct hr_bucket col[40];
    uint64_t step = hr_series_plot(s, HR_M_CPU, 0, 86400 * SECOND * 2, col, 40);
    assert_int_equal(step % (60 * SECOND), 0);
    for (size_t c = 0, seen = 0; c < 40; c++) {
        if (!col[c].known)
            continue;
        least = fmin(least, col[c].min);
        seen += col[c].max > 96;
        assert_true(c < 39 || seen == 1);
    }
    assert_true(fabs(least - 3) < 0.01);
    hr_series_close(s);
}

static void what_is_unknown_is_a_gap_and_never_zero(void **state)
{
    (void)state;
    struct hr_series *s = opened();
    tick(s, 10, 50);
    tick(s, 11, -1);
    tick(s, 12, 50);
    tick(s, 13, 50);
    assert_true(hr_series_at(s, HR_M_CPU, 0, HR_TIER_SECOND, 1).known);
    assert_false(hr_series_at(s, HR_M_CPU, 0, HR_TIER_SECOND, 2).known);
    assert_true(hr_series_at(s, HR_M_CPU, 0, HR_TIER_SECOND, 3).known);
    assert_false(hr_series_at(s, HR_M_CPU, 0, HR_TIER_SECOND, 4).known); /* before the beginning */
    assert_false(hr_series_at(s, HR_M_GPU_BUSY, 0, HR_TIER_SECOND, 1).known); /* there is no GPU */
    assert_false(hr_series_at(s, HR_M_GPU_BUSY, 99, HR_TIER_SECOND, 0).known);
    /* A night's sleep of the machine. */
    tick(s, 40000, 20);
    tick(s, 40001, 20);
    assert_true(hr_series_at(s, HR_M_CPU, 0, HR_TIER_SECOND, 1).known);
    for (size_t b = 2; b < 3600; b++)
        assert_false(hr_series_at(s, HR_M_CPU, 0, HR_TIER_SECOND, b).known);
    assert_true(hr_series_at(s, HR_M_CPU, 0, HR_TIER_TEN, 3999).known);
    assert_false(hr_series_at(s, HR_M_CPU, 0, HR_TIER_TEN, 2000).known);
    hr_series_close(s);
}

static void ticks_slower_and_faster_than_a_second(void **state)
{
    (void)state;
    struct hr_series *s = opened();
    for (int i = 0; i < 20; i++)
        tick(s, 100 + 2.5 * i, 40);
    for (size_t b = 0; b < 40; b++)
        assert_true(hr_series_at(s, HR_M_CPU, 0, HR_TIER_SECOND, b).known);
    for (int i = 0; i < 8; i++)
        tick(s, 200 + 0.25 * i, i); /* 0 1 2 3 in the first second */
    assert_true(fabs(hr_series_at(s, HR_M_CPU, 0, HR_TIER_SECOND, 1).avg - 1.5) < 0.01);
    tick(s, 150, 99); /* not later: ignored */
    assert_true(fabs(hr_series_at(s, HR_M_CPU, 0, HR_TIER_SECOND, 0).avg - 5.5) < 0.01);
    hr_series_close(s);
}

static void means_tell_how_much_they_know(void **state)
{
    (void)state;
    struct hr_series *s = opened();
    double known = -1;
    for (int i = 0; i < 30; i++)
        tick(s, 500 + i, i % 2 == 0 ? 10 : 30);
    assert_true(fabs(hr_series_mean(s, HR_M_CPU, 0, 60 * SECOND, &known) - 20) < 0.1);
    assert_true(fabs(known - 0.5) < 0.01);
    hr_series_close(s);
}

static void a_day_of_ticks_takes_no_new_memory(void **state)
{
    (void)state;
    struct hr_series *s = opened();
    uint64_t allocated = hr_mem_count(), before = anonymous_now();
    for (int i = 0; i < 86400; i++)
        tick(s, 1000 + i, i % 101);
    assert_int_equal(hr_mem_count(), allocated);
    assert_int_equal(hr_series_length(s, HR_TIER_TEN), 8640);
    assert_int_equal(hr_series_length(s, HR_TIER_MINUTE), 1441);
    assert_true(anonymous_now() < before + (UINT64_C(4) << 20));
    struct hr_bucket b = hr_series_at(s, HR_M_CPU, 0, HR_TIER_MINUTE, 700);
    assert_true(b.known && b.min <= b.avg && b.avg <= b.max && b.max <= 100.1);
    uint64_t t0 = hr_series_time(s, HR_TIER_MINUTE, 10), t1 = hr_series_time(s, HR_TIER_MINUTE, 9);
    assert_int_equal(t1 - t0, 60 * SECOND);
    hr_series_close(s);
}

/* Columns of a second, shortly after the beginning: nothing stands in those before it, though the ten seconds and the minute of the
 * beginning have a mean. */
static void before_the_beginning_is_nothing(void **state)
{
    (void)state;
    struct hr_series *s = opened();
    struct hr_bucket b[60];
    for (unsigned t = 0; t < 5; t++)
        tick(s, 1000 + 47 + t, 50);
    hr_series_columns(s, HR_M_CPU, 0, SECOND, 1000 + 51, b, HR_COUNT(b));
    for (size_t i = 0; i < HR_COUNT(b); i++)
        if (b[i].known != (i >= HR_COUNT(b) - 5))
            fail_msg("column %zu of 60 is %s", i, b[i].known ? "known" : "unknown");
    hr_series_columns(s, HR_M_CPU, 0, 10 * SECOND, 105, b, HR_COUNT(b)); /* coarser columns begin with the one in which it began */
    for (size_t i = 0; i < HR_COUNT(b); i++)
        assert_int_equal(b[i].known, i >= HR_COUNT(b) - 2);
    hr_series_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_beginning_is_nothing),
        cmocka_unit_test(values_come_back_within_a_thousandth),
        cmocka_unit_test(a_spike_of_one_tick_stays_in_every_resolution),
        cmocka_unit_test(what_is_unknown_is_a_gap_and_never_zero),
        cmocka_unit_test(ticks_slower_and_faster_than_a_second),
        cmocka_unit_test(means_tell_how_much_they_know),
        cmocka_unit_test(a_day_of_ticks_takes_no_new_memory),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
