/* The curve around an alert: nothing in it is lost however long it runs, nothing unknown is a value, and its room is fixed. */
#include "unit.h"

#include "episode_curve.h"
#include "model_make.h"

#define SECOND UINT64_C(1000000000)
#define WALL UINT64_C(1790000000000000000)

static const struct hr_metric_word word = { "thing", "thing", HR_UNIT_BYTES };

static struct hr_episode_curve_time at(uint64_t second, uint64_t span)
{
    return (struct hr_episode_curve_time) { second * SECOND, WALL + second * SECOND, span * SECOND };
}

static bool known(const struct hr_episode_curve *c, unsigned i)
{
    return c->part[i].low <= c->part[i].high;
}

static void parts_hold_least_and_greatest(void **state)
{
    (void)state;
    struct hr_episode_curve c;
    hr_episode_curve_begin(&c, &word, false);
    for (unsigned s = 1000; s < 1020; s++)
        hr_episode_curve_add(&c, at(s, 1), true, s);
    assert_int_equal(c.n, 4);
    assert_int_equal(c.first, 200);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(c.part[i].low == (float)(1000 + 5 * i));
        assert_true(c.part[i].high == (float)(1004 + 5 * i));
    }
}

/* C3, and what lies between two looks that are not far apart. */
static void unknown_is_a_gap(void **state)
{
    (void)state;
    struct hr_episode_curve c;
    hr_episode_curve_begin(&c, &word, false);
    hr_episode_curve_add(&c, at(1000, 1), true, 7);
    hr_episode_curve_add(&c, at(1007, 1), false, 9);
    hr_episode_curve_add(&c, at(1012, 1), true, NAN);
    hr_episode_curve_add(&c, at(1013, 1), true, -1);
    hr_episode_curve_add(&c, at(1020, 1), true, 5);
    hr_episode_curve_add(&c, at(1032, 12), true, 6); /* a look every 12 s is no gap */
    hr_episode_curve_add(&c, at(1062, 30), true, 8); /* one every 30 s is */
    assert_int_equal(c.n, 13);
    static const bool there[13] = { true, false, false, false, true, true, true, false, false, false, false, false, true };
    for (unsigned i = 0; i < 13; i++)
        assert_int_equal(known(&c, i), there[i]);
    hr_episode_curve_add(&c, at(5, 1), true, 1); /* a clock that went back */
    assert_int_equal(c.n, 13);
}

/* C2: a day of looks, one spike of one look in each hour and an hour of which nothing is known. */
static void a_day_stays_in_its_room(void **state)
{
    (void)state;
    struct hr_episode_curve c;
    hr_episode_curve_begin(&c, &word, false);
    uint64_t allocated = hr_mem_count();
    for (unsigned s = 0; s < 86400; s++) {
        hr_episode_curve_add(&c, at(1000003 + s, 1), s / 3600 != 7, s % 3600 == 1234 ? 5000 + s : 100 + s % 10);
        assert_true(c.n <= HR_EPISODE_CURVE_POINTS);
    }
    assert_int_equal(hr_mem_count(), allocated);
    assert_true(c.n > HR_EPISODE_CURVE_POINTS / 2 - 2);
    unsigned spikes = 0, gaps = 0;
    for (unsigned i = 0; i < c.n; i++) {
        gaps += !known(&c, i);
        spikes += known(&c, i) && c.part[i].high > 5000;
        if (known(&c, i))
            assert_true(c.part[i].low >= 100 && c.part[i].low < 110);
    }
    assert_int_equal(spikes, 23);
    uint64_t gap = c.step * gaps / SECOND;
    assert_true(gap > 3600 - 2 * c.step / SECOND && gap <= 3600);
    assert_true((c.first + c.n) * c.step >= at(1000003 + 86399, 0).at && c.first * c.step <= at(1000003, 0).at);
    /* The machine slept for a year: still no more. */
    hr_episode_curve_add(&c, at(40000000, 1), true, 77);
    assert_true(c.n <= HR_EPISODE_CURVE_POINTS && known(&c, c.n - 1));
}

static void a_lead_keeps_the_last_minutes(void **state)
{
    (void)state;
    struct hr_episode_curve c;
    hr_episode_curve_begin(&c, &word, true);
    for (unsigned s = 0; s < 5000; s++)
        hr_episode_curve_add(&c, at(1000 + s, 1), true, s);
    assert_int_equal(c.n, HR_EPISODE_CURVE_LEAD);
    assert_true(c.step == HR_EPISODE_CURVE_STEP);
    assert_true(c.part[0].low == 4700 && c.part[c.n - 1].high == 4999);
    hr_episode_curve_add(&c, at(90000, 1), true, 3); /* all of it is long gone */
    assert_int_equal(c.n, 1);
    assert_true(c.part[0].low == 3);
}

static void a_curve_is_trimmed(void **state)
{
    (void)state;
    struct hr_episode_curve c;
    hr_episode_curve_begin(&c, &word, false);
    for (unsigned s = 0; s < 100; s++)
        hr_episode_curve_add(&c, at(1000 + s, 1), true, s);
    hr_episode_curve_trim(&c, at(1052, 0).at);
    assert_true(c.n == 10 && c.part[0].low == 50 && c.part[9].high == 99);
    hr_episode_curve_trim(&c, at(900, 0).at);
    assert_int_equal(c.n, 10);
    hr_episode_curve_trim(&c, at(9000, 0).at);
    assert_int_equal(c.n, 0);
}

static void the_past_comes_from_the_series(void **state)
{
    (void)state;
    struct hr_model *m = hr_calloc(1, sizeof *m);
    struct hr_series *s;
    struct hr_episode_curve c;
    assert_non_null(m);
    assert_int_equal(hr_series_open(&s, NULL), 0);
    for (unsigned t = 0; t < 1000; t++) {
        make_model(m, t, 1);
        m->memory.available = t >= 900 && t < 920 ? hr_figure_unknown("gone") : hr_figure_of((t + 1) * MIB);
        hr_series_take(s, m);
    }
    hr_episode_curve_past(&c, s, (struct hr_episode_curve_time) { m->at, m->wall, SECOND }, 0, HR_M_MEM_AVAILABLE, 0);
    assert_int_equal(c.n, HR_EPISODE_CURVE_LEAD);
    assert_true((c.first + c.n) * c.step > m->at && (c.first + c.n - 1) * c.step <= m->at);
    for (unsigned i = 0; i < c.n; i++) {
        unsigned t = 700 + 5 * i;
        assert_int_equal(known(&c, i), t < 900 || t >= 920);
        if (known(&c, i)) { /* within what the series keep: a thousandth */
            assert_true(fabs((double)c.part[i].low / (double)MIB - (t + 1)) < 1.1);
            assert_true(fabs((double)c.part[i].high / (double)MIB - (t + 5)) < 1.1);
        }
    }
    /* Of what began ten minutes ago: longer parts in the same room, with the same values. */
    hr_episode_curve_past(&c, s, (struct hr_episode_curve_time) { m->at, m->wall, SECOND }, 600 * SECOND, HR_M_MEM_AVAILABLE, 0);
    assert_true(c.step == 2 * HR_EPISODE_CURVE_STEP && c.n > 85 && c.n <= HR_EPISODE_CURVE_POINTS);
    assert_true(fabs((double)c.part[0].low / (double)MIB - 101) < 11 && fabs((double)c.part[c.n - 1].high / (double)MIB - 1000) < 1.1);
    hr_series_close(s);
    /* A watcher that has just begun has no past: none is made up. */
    assert_int_equal(hr_series_open(&s, NULL), 0);
    for (unsigned t = 0; t < 7; t++) {
        make_model(m, t, 1);
        hr_series_take(s, m);
    }
    hr_episode_curve_past(&c, s, (struct hr_episode_curve_time) { m->at, m->wall, SECOND }, 0, HR_M_MEM_AVAILABLE, 0);
    assert_int_equal(c.n, 2);
    assert_true(known(&c, 0) && known(&c, 1));
    hr_series_close(s);
    hr_free(m);
}

static void it_is_told(void **state)
{
    (void)state;
    struct hr_episode_curve c;
    struct hr_buf out = HR_BUF_INIT(65536);
    char text[120];
    hr_episode_curve_begin(&c, &word, false);
    for (unsigned k = 0; k < 8; k++)
        hr_episode_curve_add(&c, at(1000 + 5 * k, 1), k != 3, (double)(k + 1) * (double)GIB);
    hr_episode_curve_spark(&c, 40, true, &out);
    assert_string_equal(out.data, "_.- +*#@");
    hr_buf_reset(&out);
    hr_episode_curve_spark(&c, 4, false, &out);
    assert_string_equal(out.data, "\xe2\x96\x82\xe2\x96\x83\xe2\x96\x86\xe2\x96\x88");
    hr_episode_curve_range(&c, text, sizeof text);
    assert_string_equal(text, "thing 1.00 GiB to 8.00 GiB");
    hr_buf_reset(&out);
    struct hr_jw w = HR_JW_INIT(&out, 0);
    hr_episode_curve_json(&c, &w);
    assert_true(hr_jw_done(&w));
    assert_non_null(strstr(out.data, "\"unit\":\"bytes\",\"step_ms\":5000,\"times\":[1790001000000,1790001005000,"));
    assert_non_null(strstr(out.data, ",null,"));
    assert_non_null(strstr(out.data, "\"unknown\":\"nobody looked then"));
    c.what = NULL;
    hr_buf_reset(&out);
    w = HR_JW_INIT(&out, 0);
    hr_episode_curve_json(&c, &w);
    assert_string_equal(out.data, "null");
    hr_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_hold_least_and_greatest), cmocka_unit_test(unknown_is_a_gap),
        cmocka_unit_test(a_day_stays_in_its_room),       cmocka_unit_test(a_lead_keeps_the_last_minutes), cmocka_unit_test(a_curve_is_trimmed),
        cmocka_unit_test(the_past_comes_from_the_series), cmocka_unit_test(it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
