/* Marks on the memory that is used: crossed once in an episode, of the machine or of the cgroup, said beforehand, with the curve around it. */
#include "unit.h"

#include "episodes.h"
#include "model_make.h"

static struct hr_model *m;
static struct hr_series *s;
static struct hr_episodes *e;
static unsigned second;

static void begin(uint64_t warn, uint64_t act, const char *deed)
{
    struct hr_memory_marks marks = { { warn, act }, "" };
    snprintf(marks.deed, sizeof marks.deed, "%s", deed);
    second = 0;
    m = hr_calloc(1, sizeof *m);
    assert_non_null(m);
    assert_int_equal(hr_series_open(&s, NULL), 0);
    assert_int_equal(hr_episodes_open(&marks, &e, NULL), 0);
}

static void end(void)
{
    hr_episodes_close(e);
    hr_series_close(s);
    hr_free(m);
}

static bool on(const char *key)
{
    return hr_episodes_find(e, key)->on;
}

static uint64_t times(const char *key)
{
    return hr_episodes_find(e, key)->times;
}

/* A second with so much of 64 GiB used. */
static void look(double gib)
{
    make_model(m, ++second, 1);
    m->span = UINT64_C(1000000000);
    m->memory.total = hr_figure_of(64 * GIB);
    m->memory.available = hr_figure_of(64 * GIB - (uint64_t)(gib * (double)GIB));
    hr_series_take(s, m);
    hr_episodes_take(e, m, s);
}

static void looks(double gib, unsigned n)
{
    while (n-- > 0)
        look(gib);
}

/* The seeds' own marks: warn at 12 GiB, act at 14 GiB. */
static void crossed_once_in_an_episode(void **state)
{
    (void)state;
    begin(12 * GIB, 14 * GIB, "runs ./make-room");
    looks(11.9, 30);
    assert_false(on("memory-warn"));
    look(12.1); /* E1: one look is not said */
    look(11.9);
    assert_false(on("memory-warn"));
    looks(12.1, 4);
    assert_true(on("memory-warn") && !on("memory-act"));
    assert_non_null(strstr(hr_episodes_find(e, "memory-warn")->text, "At 14.0 GiB act runs ./make-room"));
    look(14.0); /* what is to be done is done at once */
    assert_true(on("memory-act"));
    assert_int_equal(hr_episodes_find(e, "memory-act")->level, HR_EPISODE_BAD);
    assert_non_null(strstr(hr_episodes_find(e, "memory-act")->text, "act runs ./make-room"));
    for (unsigned i = 0; i < 200; i++) { /* it trembles around the mark */
        look(i % 2 == 0 ? 13.4 : 14.3);
        assert_true(on("memory-act"));
    }
    assert_int_equal(times("memory-act"), 1);
    looks(13.2, 9); /* more than a twentieth below, not yet for ten seconds */
    assert_true(on("memory-act"));
    looks(13.2, 3);
    assert_false(on("memory-act"));
    assert_true(on("memory-warn"));
    looks(11.5, 20); /* less than a twentieth below 12 */
    assert_true(on("memory-warn"));
    look(15);
    assert_int_equal(times("memory-act"), 2);
    looks(8, 15);
    assert_false(on("memory-warn"));
    assert_int_equal(times("memory-warn"), 1);
    end();
}

static void unknown_and_none(void **state)
{
    (void)state;
    begin(0, 0, "");
    looks(63.5, 10);
    assert_false(on("memory-warn") || on("memory-act"));
    end();
    begin(1 * GIB, 0, "");
    looks(10, 5);
    assert_true(on("memory-warn") && !on("memory-act"));
    for (unsigned i = 0; i < 60; i++) { /* E2 */
        make_model(m, ++second, 1);
        m->memory.available = hr_figure_unknown("gone");
        hr_series_take(s, m);
        hr_episodes_take(e, m, s);
    }
    assert_true(on("memory-warn"));
    end();
}

/* The curve: five minutes before it, what happened in it, and it stays when it is over. */
static void the_curve_around_it(void **state)
{
    (void)state;
    begin(12 * GIB, 14 * GIB, "");
    for (unsigned i = 0; i < 600; i++)
        look(4 + i * 0.01); /* to 10 GiB */
    looks(13, 3);
    const struct hr_episode *p = hr_episodes_find(e, "memory-warn");
    assert_true(p->on);
    assert_true(p->curve.n >= 59 && p->curve.n <= 61);
    assert_true(fabs((double)p->curve.part[0].low / (double)GIB - 7.05) < 0.1);
    for (unsigned i = 0; i < 1200; i++)
        look(i == 600 ? 13.9 : 13);
    assert_true(p->on && p->curve.n <= HR_EPISODE_CURVE_POINTS);
    double v[20], low, high;
    assert_true(hr_episode_curve_columns(&p->curve, v, 20, &low, &high));
    assert_true(fabs(low / (double)GIB - 7.05) < 0.1 && fabs(high / (double)GIB - 13.9) < 0.1);
    looks(5, 15);
    assert_false(p->on);
    unsigned kept = p->curve.n;
    const struct hr_episode *ended[8];
    assert_true(hr_episodes_ended(e, ended, 8) >= 1); /* the forecast of the way up may have ended too */
    assert_ptr_equal(ended[0], p);
    looks(5, 300);
    assert_int_equal(p->curve.n, kept);
    end();
}

/* Where the cgroup has a limit, it is what ends first. */
static void of_the_cgroup(void **state)
{
    (void)state;
    begin(1 * GIB, 0, "");
    for (unsigned i = 0; i < 400; i++) {
        make_model(m, ++second, 1);
        m->memory.limit = hr_figure_of(2 * GIB);
        m->memory.limit_used = hr_figure_of(i < 200 ? 500 * MIB : 1100 * MIB);
        hr_series_take(s, m);
        hr_episodes_take(e, m, s);
        assert_int_equal(on("memory-warn"), i >= 202);
    }
    const struct hr_episode *p = hr_episodes_find(e, "memory-warn");
    assert_non_null(strstr(p->text, "this cgroup"));
    assert_string_equal(p->curve.what->key, "cgroup-used"); /* it has no series: its own minutes before were kept */
    assert_true(p->curve.n > 60);
    double v[40], low, high;
    assert_true(hr_episode_curve_columns(&p->curve, v, 40, &low, &high));
    assert_true(low == 500.0 * (double)MIB && high == 1100.0 * (double)MIB);
    end();
}

static void what_is_said(void **state)
{
    (void)state;
    struct hr_memory_marks marks = { { 0, 0 }, "" };
    struct hr_figure whole = hr_figure_of(16 * GIB), none = hr_figure_unknown("nobody tells");
    struct hr_error err = HR_ERROR_INIT;
    char text[300];
    assert_int_equal(hr_memory_marks_parse((const char *const[]) { "75%", "14GiB" }, &whole, &marks, NULL), 0);
    assert_true(marks.at[HR_MARK_WARN] == 12 * GIB && marks.at[HR_MARK_ACT] == 14 * GIB);
    assert_true(hr_memory_marks_parse((const char *const[]) { "14GiB", "75%" }, &whole, &marks, &err) < 0);
    assert_non_null(strstr(err.text, "--warn (14.0 GiB) must lie below --act (12.0 GiB)"));
    assert_true(marks.at[HR_MARK_WARN] == 12 * GIB);
    assert_true(hr_memory_marks_parse((const char *const[]) { "75%", NULL }, &none, &marks, &err) < 0);
    assert_true(hr_memory_marks_parse((const char *const[]) { "much", NULL }, &whole, &marks, &err) < 0);
    assert_non_null(strstr(err.text, "--warn: "));
    assert_true(hr_memory_marks_any(&marks));
    snprintf(marks.deed, sizeof marks.deed, "runs ./make-room");
    struct hr_account a;
    memset(&a, 0, sizeof a);
    make_memory(&a, 16 * GIB, 0);
    a.available = hr_figure_of(6 * GIB);
    hr_memory_marks_say(&marks, &a, text, sizeof text);
    assert_string_equal(text, "warn at 12.0 GiB, act at 14.0 GiB of 16.0 GiB (now 10.0 GiB used): act runs ./make-room");
    hr_memory_marks_brief(&marks, text, sizeof text);
    assert_string_equal(text, "warn 12.0 GiB, act 14.0 GiB: runs ./make-room");
    assert_int_equal(hr_memory_marks_parse((const char *const[]) { NULL, "none" }, &whole, &marks, NULL), 0);
    assert_false(hr_memory_marks_any(&marks));
}

static void json(void **state)
{
    (void)state;
    struct hr_buf out = HR_BUF_INIT(1 << 20);
    begin(12 * GIB, 14 * GIB, "runs ./make-room");
    looks(12.5, 30);
    struct hr_jw w = HR_JW_INIT(&out, 0);
    hr_jw_object(&w);
    hr_episodes_json(e, m, &w);
    hr_jw_end(&w);
    assert_true(hr_jw_done(&w));
    assert_non_null(strstr(out.data, "{\"alerts\":[{\"key\":\"memory-warn\",\"level\":\"warn\","));
    assert_non_null(strstr(out.data, "\"curve\":{\"metric\":\"memory-used\",\"name\":\"memory used\",\"unit\":\"bytes\","));
    assert_non_null(strstr(out.data, "\"alerts_ended\":[]"));
    assert_non_null(strstr(out.data, "\"marks\":{\"of\":\"machine\",\"used\":13421772800,"));
    assert_non_null(strstr(out.data, "\"act\":{\"at\":15032385536,\"over\":false,\"times\":0,\"does\":\"runs ./make-room\"}"));
    hr_buf_fini(&out);
    end();
}

/* Every alert that can be told has a curve, and a day of alerts that come and go takes no memory. */
static void a_day_takes_no_new_memory(void **state)
{
    (void)state;
    begin(12 * GIB, 14 * GIB, "");
    look(10);
    uint64_t allocated = hr_mem_count();
    for (unsigned i = 0; i < 86400; i++)
        look(i % 300 < 100 ? 15 : 9);
    assert_int_equal(hr_mem_count(), allocated);
    assert_int_equal(times("memory-act"), 288);
    assert_true(hr_episodes_find(e, "memory-act")->curve.n <= HR_EPISODE_CURVE_POINTS);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crossed_once_in_an_episode), cmocka_unit_test(unknown_and_none), cmocka_unit_test(the_curve_around_it),
        cmocka_unit_test(of_the_cgroup),              cmocka_unit_test(what_is_said),     cmocka_unit_test(json),
        cmocka_unit_test(a_day_takes_no_new_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
