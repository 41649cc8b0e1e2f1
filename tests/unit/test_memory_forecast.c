/* The forecast as the watcher tells it: a machine made of files, whose memory and whose cgroup fill on a simulated clock. */
#include "unit.h"

#include "episodes.h"
#include "mem.h"
#include "root_make.h"
#include "watch.h"

#include <math.h>

#define SECOND UINT64_C(1000000000)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static uint64_t now;
static struct hr_root *root;
static struct hr_watch *watch;
static struct hr_episodes *alerts;

static uint64_t clock_of(void *unused)
{
    (void)unused;
    return now;
}

static void files(uint64_t left, uint64_t used)
{
    char text[256];
    snprintf(text, sizeof text, "MemTotal: %llu kB\nMemFree: %llu kB\nMemAvailable: %llu kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
             (unsigned long long)(16 * GIB >> 10), (unsigned long long)(left >> 10), (unsigned long long)(left >> 10));
    put("proc/meminfo", text);
    snprintf(text, sizeof text, "%llu\n", (unsigned long long)used);
    put("sys/fs/cgroup/job/memory.current", text);
}

static void begin(uint64_t limit)
{
    struct hr_watch_options o = { .period = SECOND, .no_gpus = true, .no_processes = true, .now = clock_of };
    char text[64];
    fresh();
    files(12 * GIB, 100 * MIB);
    put("proc/self/cgroup", "0::/job\n");
    snprintf(text, sizeof text, "%llu\n", (unsigned long long)limit);
    put("sys/fs/cgroup/job/memory.max", limit == 0 ? "max\n" : text);
    put("sys/fs/cgroup/job/memory.stat", "inactive_file 0\nactive_file 0\n");
    now = 1000 * SECOND;
    root = opened();
    assert_int_equal(hr_watch_open(root, &o, &watch, NULL), 0);
    assert_int_equal(hr_episodes_open(NULL, &alerts, NULL), 0);
}

static void end(void)
{
    hr_episodes_close(alerts);
    hr_watch_close(watch);
    hr_root_close(root);
}

static const struct hr_episode *look(uint64_t left, uint64_t used)
{
    const struct hr_episode *on[16];
    files(left, used);
    now += SECOND;
    hr_watch_tick(watch);
    hr_episodes_take(alerts, hr_watch_model(watch), hr_watch_series(watch));
    size_t n = hr_episodes_on(alerts, on, 16);
    for (size_t i = 0; i < n; i++)
        if (strcmp(on[i]->key, "memory-forecast") == 0)
            return on[i];
    return NULL;
}

/* Full at second 600 by the machine, at second `group` by the cgroup (0: never): the first of them is told. */
static void runs_into(double group, const char *words)
{
    double machine = 600, first = group > 0 ? fmin(group, machine) : machine;
    unsigned told = 0;
    begin(group > 0 ? 2 * GIB : 0);
    for (double t = 1; t < first * 0.95; t++) {
        double left = (double)(12 * GIB) * (1 - t / machine), used = group > 0 ? (double)(2 * GIB) * t / group : (double)(100 * MIB);
        const struct hr_episode *e = look((uint64_t)left, (uint64_t)used);
        if (e == NULL)
            continue;
        told++;
        if (fabs(e->value - (first - t)) > 0.2 * (first - t))
            fail_msg("at second %.0f: %.0f s are told, %.0f are left: %s", t, e->value, first - t, e->text);
        if (strstr(e->text, words) == NULL)
            fail_msg("'%s' is not in: %s", words, e->text);
    }
    assert_true(told > first / 3);
    end();
}

static void the_wall_that_is_reached_first(void **state)
{
    (void)state;
    runs_into(0, "at this slope memory is full in about");
    runs_into(400, "at this slope this cgroup's limit of 2.00 GiB is reached in about");
    runs_into(1500, "at this slope memory is full in about");
}

/* A job that is loaded, and epochs that give back what they took. */
static void what_does_not_leak_is_silent(void **state)
{
    (void)state;
    begin(8 * GIB);
    for (unsigned t = 1; t < 400; t++) {
        uint64_t used = t < 50 ? 100 * MIB : t < 58 ? 100 * MIB + (t - 50) * 500 * MIB : 4100 * MIB;
        used += (t % 30) * 40 * MIB;
        if (look(12 * GIB - used, used) != NULL)
            fail_msg("told at second %u", t);
    }
    end();
}

/* It begins, and ends when the leak does. */
static void a_leak_that_is_stopped(void **state)
{
    (void)state;
    begin(0);
    const struct hr_episode *e = NULL;
    uint64_t left = 12 * GIB;
    for (unsigned t = 0; t < 300; t++)
        e = look(left -= 20 * MIB, 0);
    assert_non_null(e);
    assert_true(e->value > 0);
    for (unsigned t = 0; t < 90; t++)
        e = look(left, 0);
    assert_null(e);
    end();
}

/* The limit of the watcher's own group falls in the middle of a leak, and is taken away at the end. */
static void a_limit_that_moves(void **state)
{
    (void)state;
    begin(8 * GIB);
    const struct hr_episode *e = NULL;
    uint64_t used = 100 * MIB;
    for (unsigned t = 0; t < 90; t++)
        e = look(12 * GIB, used += 40 * MIB);
    assert_non_null(strstr(e == NULL ? "" : e->text, "limit of 8.00 GiB"));
    put("sys/fs/cgroup/job/memory.max", "6442450944\n");
    for (unsigned t = 0; t < 30; t++)
        e = look(12 * GIB, used += 40 * MIB);
    assert_non_null(strstr(e == NULL ? "" : e->text, "limit of 6.00 GiB"));
    double whole = (double)(6 * GIB - used) / (double)(40 * MIB);
    assert_true(fabs(e->value - whole) < 0.1 * whole);
    put("sys/fs/cgroup/job/memory.max", "max\n");
    for (unsigned t = 0; t < 60; t++)
        e = look(12 * GIB, used += 40 * MIB);
    assert_null(e);
    end();
}

static struct hr_model *seen;

/* `beside`: what a build in the first slot holds, 0: there is none. */
static const struct hr_episode *look_other(uint64_t limit, uint64_t used, unsigned turn, unsigned slot, uint64_t beside)
{
    now += SECOND;
    hr_watch_tick(watch);
    *seen = *hr_watch_model(watch);
    if (beside != 0)
        seen->memory.other[0] = (struct hr_other_group) { hr_figure_of(GIB), hr_figure_of(beside), 4712, "cc1plus", 9 };
    seen->memory.other[slot] = (struct hr_other_group) { hr_figure_of(limit), hr_figure_of(used), 4711, "python3", turn };
    hr_episodes_take(alerts, seen, hr_watch_series(watch));
    return hr_episodes_find(alerts, "memory-forecast");
}

/* A leak of python3 in that slot, a build in the first slot or not: what is told of it. */
static const struct hr_episode *a_leak_is_told(uint64_t *used, unsigned slot, bool beside)
{
    const struct hr_episode *e = NULL;
    for (unsigned t = 0; t < 60; t++)
        e = look_other(2 * GIB, *used += 15 * MIB, 1, slot, beside ? 500 * MIB + t % 7 * 60 * MIB : 0);
    assert_true(e != NULL && e->on);
    assert_non_null(strstr(e->text, "at this slope the cgroup limit of 2.00 GiB around python3 (pid 4711) is reached in about"));
    double whole = (double)(2 * GIB - *used) / (double)(15 * MIB);
    assert_true(fabs(e->value - whole) < 0.1 * whole);
    return e;
}

/* That of a process outside of it, and then of another one. */
static void the_limit_around_who_grows(void **state)
{
    (void)state;
    begin(0);
    seen = hr_calloc(1, sizeof *seen);
    assert_non_null(seen);
    uint64_t used = 100 * MIB;
    const struct hr_episode *e = a_leak_is_told(&used, 0, false);
    assert_string_equal(e->curve.what->key, "other-cgroup-left");
    for (unsigned t = 0; t < 60; t++) /* the past of the first says nothing of the second, which stands still */
        e = look_other(GIB, 900 * MIB, 2, 0, 0);
    assert_false(e->on);
    hr_free(seen);
    end();
}

/* A build in one hides no leak in another. */
static void the_limits_around_two_that_grow(void **state)
{
    (void)state;
    begin(0);
    seen = hr_calloc(1, sizeof *seen);
    assert_non_null(seen);
    uint64_t used = 100 * MIB;
    const struct hr_episode *e = a_leak_is_told(&used, HR_OTHER_GROUPS - 1, true);
    for (unsigned t = 0; t < 60; t++)
        e = look_other(2 * GIB, used, 2, HR_OTHER_GROUPS - 1, 500 * MIB);
    assert_false(e->on);
    hr_free(seen);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wall_that_is_reached_first),
        cmocka_unit_test(what_does_not_leak_is_silent),
        cmocka_unit_test(a_leak_that_is_stopped),
        cmocka_unit_test(a_limit_that_moves),
        cmocka_unit_test(the_limit_around_who_grows),
        cmocka_unit_test(the_limits_around_two_that_grow),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
