/* The forecast of when memory is full: planted falls of known slope, and falls that are none, on a simulated clock. */
#include "unit.h"

#include "fill.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB 1048576.0
#define GIB (1024 * MIB)

static struct hr_fill *fill;

static int begin(void **state)
{
    (void)state;
    fill = calloc(1, sizeof *fill);
    return fill == NULL;
}

static int end(void **state)
{
    (void)state;
    free(fill);
    return 0;
}

static double noise(unsigned i, double size)
{
    return ((double)(i * 2654435761u % 1000) / 1000 - 0.5) * size;
}

static void look(double t, double left)
{
    hr_fill_take(fill, (uint64_t)((t + 5000) * 1e9), (uint64_t)fmax(left, 0));
}

/* From `start` bytes on `slope` bytes a second less, flat for `idle` seconds before, one look every `every` seconds.  Forecasts are compared
 * until a twentieth of the time is left; how many there were, the time at which the first was told, the largest error. */
static unsigned leak(double start, double slope, double idle, double every, double rough, double *ret_first, double *ret_worst)
{
    double full = start / slope, worst = 0, first = -1;
    unsigned told = 0, n = 0;
    memset(fill, 0, sizeof *fill);
    for (double t = 0; t < idle + full * 0.95; t += every) {
        struct hr_fill_forecast f;
        double in = t - idle;
        look(t, start - slope * fmax(in, 0) + noise(n++, rough));
        if (!hr_fill_when(fill, &f))
            continue;
        double truth = full - in, off = fabs(f.likely - truth) / truth;
        if (in < 0)
            fail_msg("told %.0f s before it began", -in);
        assert_true(f.soon <= f.likely && f.likely <= f.late);
        first = first < 0 ? in : first;
        worst = fmax(worst, off);
        told++;
        if (off > 0.2)
            fail_msg("start %.0f MiB, slope %.2f MiB/s: after %.0f s full in %.0f s is told, where it is %.0f s", start / MIB, slope / MIB, in, f.likely, truth);
    }
    *ret_first = first;
    *ret_worst = worst;
    return told;
}

static void leaks_of_known_slope(void **state)
{
    (void)state;
    static const double starts[] = { 400 * MIB, 2 * GIB, 20 * GIB }, fulls[] = { 40, 120, 600, 3600, 14400 }, everies[] = { 0.25, 1, 10 };
    double worst = 0;
    for (unsigned a = 0; a < 3; a++)
        for (unsigned b = 0; b < 5; b++)
            for (unsigned c = 0; c < 3; c++)
                for (int rough = 0; rough < 2; rough++) {
                    double first, off, full = fulls[b];
                    if (everies[c] > full / 40 || full / everies[c] > 5000)
                        continue;
                    unsigned told = leak(starts[a], starts[a] / full, 100, everies[c], rough ? starts[a] / 200 : 0, &first, &off);
                    if (told == 0 || first > full * 0.75)
                        fail_msg("%.0f MiB in %.0f s, a look every %.2f s: first told after %.0f s", starts[a] / MIB, full, everies[c], first);
                    worst = fmax(worst, off);
                }
    print_message("largest error: %.1f %%\n", 100 * worst);
}

/* A leak that goes in steps, as an epoch or a batch at a time. */
static void leaks_in_steps(void **state)
{
    (void)state;
    double worst = 0;
    for (double step = 2; step <= 30; step += 7) {
        memset(fill, 0, sizeof *fill);
        unsigned told = 0;
        double full = 1200;
        for (double t = 0; t < full * 0.9; t++) {
            struct hr_fill_forecast f;
            look(t, 8 * GIB * (1 - floor(t / step) * step / full));
            if (!hr_fill_when(fill, &f))
                continue;
            double truth = full - t, off = fabs(f.likely - truth) / truth;
            told++;
            worst = fmax(worst, off);
            if (off > 0.2)
                fail_msg("steps of %.0f s, after %.0f s: %.0f s told, %.0f s are left", step, t, f.likely, truth);
        }
        assert_true(told > 200);
    }
    print_message("largest error: %.1f %%\n", 100 * worst);
}

/* Jobs that start, then leak: what lies before does not count. */
static void a_start_and_then_a_leak(void **state)
{
    (void)state;
    memset(fill, 0, sizeof *fill);
    unsigned told = 0;
    for (double t = 0; t < 1100; t++) {
        struct hr_fill_forecast f;
        double left = t < 100 ? 20 * GIB : t < 110 ? 20 * GIB - (t - 100) * GIB : 10 * GIB - (t - 110) * 10 * MIB, truth = 1024 - (t - 110);
        look(t, left + noise((unsigned)t, 4 * MIB));
        if (!hr_fill_when(fill, &f) || t < 130)
            continue;
        told++;
        if (fabs(f.likely - truth) > 0.2 * truth)
            fail_msg("after %.0f s: %.0f s told, %.0f s are left", t, f.likely, truth);
    }
    assert_true(told > 500);
}

static void silent(double seconds, double (*left)(double t), const char *what)
{
    memset(fill, 0, sizeof *fill);
    for (double t = 0; t < seconds; t++) {
        struct hr_fill_forecast f;
        look(t, left(t));
        if (hr_fill_when(fill, &f) && f.likely < 1800)
            fail_msg("%s: after %.0f s full in %.0f s is told", what, t, f.likely);
    }
}

static double flat(double t) { return 8 * GIB + noise((unsigned)t, 300 * MIB); }
static double one_step(double t) { return t < 500 ? 8 * GIB : 2 * GIB; }
static double a_load(double t) { return t < 500 ? 20 * GIB : t < 520 ? 20 * GIB - (t - 500) * 0.2 * GIB : 16 * GIB; }
static double saw_of_seconds(double t) { return 4 * GIB - fmod(t, 10) * 300 * MIB; }
static double saw_of_a_minute(double t) { return 8 * GIB - fmod(t, 60) * 30 * MIB; }
static double saw_of_ten_minutes(double t) { return 8 * GIB - fmod(t, 600) * 2.5 * MIB; }
static double wave(double t) { return 6 * GIB + 0.8 * GIB * sin(t / 90); }
static double it_stops(double t) { return t < 300 ? 12 * GIB - t * 5 * MIB : 12 * GIB - 1500 * MIB; }
static double it_comes_back(double t) { return 6 * GIB + t * 2 * MIB; }

/* Deep teeth: the first may be taken for a leak, as it is one as far as it goes; none of those behind it. */
static void deep_teeth(void **state)
{
    (void)state;
    memset(fill, 0, sizeof *fill);
    for (double t = 0; t < 3000; t++) {
        struct hr_fill_forecast f;
        look(t, 10 * GIB - fmod(t, 100) * 85 * MIB + noise((unsigned)t, 20 * MIB));
        if (t > 105 && hr_fill_when(fill, &f) && f.likely < 1800)
            fail_msg("after %.0f s full in %.0f s is told", t, f.likely);
    }
}

static void what_does_not_leak_is_silent(void **state)
{
    (void)state;
    silent(3000, flat, "flat");
    silent(3000, one_step, "one step");
    silent(3000, a_load, "a model that is loaded");
    silent(3000, saw_of_seconds, "a saw of 10 s");
    silent(3000, saw_of_a_minute, "a saw of a minute");
    silent(6000, saw_of_ten_minutes, "a saw of ten minutes");
    silent(3000, wave, "a wave");
    silent(300, it_comes_back, "what grows back");
    memset(fill, 0, sizeof *fill);
    for (double t = 0; t < 900; t++) { /* a leak that stops is silent half a minute later */
        struct hr_fill_forecast f;
        look(t, it_stops(t));
        if (t > 340 && hr_fill_when(fill, &f))
            fail_msg("after %.0f s full in %.0f s is told, although it stopped", t, f.likely);
    }
}

/* Epochs with a leak beneath them: from their lowest points. */
static void a_leak_beneath_teeth(void **state)
{
    (void)state;
    memset(fill, 0, sizeof *fill);
    unsigned told = 0;
    double slope = 1.5 * MIB, full = 7 * GIB / slope, worst = 0; /* the teeth take the last GiB */
    for (double t = 0; t < full * 0.95; t++) {
        struct hr_fill_forecast f;
        look(t, 8 * GIB - slope * t - fmod(t, 45) / 45 * GIB);
        if (!hr_fill_when(fill, &f))
            continue;
        told++;
        double off = fabs(f.likely - (full - t)) / (full - t);
        worst = fmax(worst, off);
        if (off > 0.2)
            fail_msg("after %.0f s: %.0f s told, %.0f s are left", t, f.likely, full - t);
    }
    assert_true(told > 100);
    print_message("told %u times, largest error %.1f %%\n", told, 100 * worst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaks_of_known_slope), cmocka_unit_test(leaks_in_steps),
        cmocka_unit_test(a_start_and_then_a_leak), cmocka_unit_test(what_does_not_leak_is_silent),
        cmocka_unit_test(deep_teeth), cmocka_unit_test(a_leak_beneath_teeth),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
