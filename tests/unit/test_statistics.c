#include "unit.h"

#include "half.h"
#include "mem.h"
#include "rng.h"
#include "statistics.h"

#include <math.h>
#include <string.h>

enum { SAMPLES = 60, ROWS_MAX = 20 };

/* x [-1, 3] float32, edge [2, -1] int64, h [2] float16, q [] int8 standing for value * 0.5 - 3, t [] float64, s string */
static const double q_scale[] = { 0.5 }, q_offset[] = { -3 };
static struct hr_field fields[] = {
    { .name = "x", .dtype = HR_F32, .stored = HR_F32, .ndim = 2, .shape = { HR_RAGGED, 3 } },
    { .name = "edge", .dtype = HR_I64, .stored = HR_I64, .ndim = 2, .shape = { 2, HR_RAGGED } },
    { .name = "h", .dtype = HR_F16, .stored = HR_F16, .ndim = 1, .shape = { 2 } },
    { .name = "q", .dtype = HR_F32, .stored = HR_I8, .scale = q_scale, .offset = q_offset, .quant_n = 1 },
    { .name = "s", .dtype = HR_STR, .stored = HR_STR },
};
static const struct hr_schema schema = { (int)(sizeof fields / sizeof *fields), fields };

struct data {
    float x[SAMPLES * ROWS_MAX * 3];
    int64_t edge[2 * SAMPLES * ROWS_MAX];
    uint16_t h[SAMPLES * 2];
    int8_t q[SAMPLES];
    char s[SAMPLES * ROWS_MAX];
    int32_t rows[SAMPLES + 1], lists[2 * SAMPLES + 1];
};

static void make(struct data *d)
{
    d->rows[0] = d->lists[0] = 0;
    for (int i = 0; i < SAMPLES; i++) {
        int n = i == 5 ? 0 : (i * 7) % ROWS_MAX + 1;
        d->rows[i + 1] = d->rows[i] + n;
        d->lists[2 * i + 1] = d->lists[2 * i] + n;
        d->lists[2 * i + 2] = d->lists[2 * i + 1] + n;
        d->q[i] = (int8_t)(i - 30);
        d->h[2 * i] = hr_float_to_half((float)i);
        d->h[2 * i + 1] = hr_float_to_half(-0.5f * (float)i);
    }
    for (size_t i = 0; i < sizeof d->x / sizeof *d->x; i++)
        d->x[i] = (float)(i % 3) * 100 + (float)hr_rng_unit(1, i);
    for (size_t i = 0; i < sizeof d->edge / sizeof *d->edge; i++)
        d->edge[i] = INT64_MAX - (int64_t)(i % 1000);
    memset(d->s, 'a', sizeof d->s);
}

static void view(const struct data *d, int first, int n, struct hr_column col[5], struct hr_chunk *ret)
{
    col[0] = (struct hr_column){ (const uint8_t *)d->x, d->rows + first, sizeof d->x };
    col[1] = (struct hr_column){ (const uint8_t *)d->edge, d->lists + 2 * first, sizeof d->edge };
    col[2] = (struct hr_column){ (const uint8_t *)(d->h + 2 * first), NULL, (size_t)n * 4 };
    col[3] = (struct hr_column){ (const uint8_t *)(d->q + first), NULL, (size_t)n };
    col[4] = (struct hr_column){ (const uint8_t *)d->s, d->rows + first, sizeof d->s };
    *ret = (struct hr_chunk){ (uint32_t)n, col };
}

static void measure(const struct data *d, int step, int threads, struct hr_stats *ret)
{
    struct hr_measure *m[4];
    for (int t = 0; t < threads; t++)
        assert_int_equal(hr_measure_create(&schema, &m[t], NULL), 0);
    for (int i = 0, t = 0; i < SAMPLES; i += step, t = (t + 1) % threads) {
        struct hr_column col[5];
        struct hr_chunk c;
        view(d, i, step < SAMPLES - i ? step : SAMPLES - i, col, &c);
        assert_int_equal(hr_measure_add(m[t], &c, NULL), 0);
    }
    for (int t = 1; t < threads; t++)
        assert_int_equal(hr_measure_merge(m[0], m[t], NULL), 0);
    assert_int_equal(hr_measure_finish(m[0], ret, NULL), 0);
    for (int t = 0; t < threads; t++)
        hr_measure_destroy(m[t]);
}

static void fields_and_features(void **state)
{
    (void)state;
    static struct data d;
    make(&d);
    struct hr_stats s;
    measure(&d, SAMPLES, 1, &s);
    assert_int_equal(s.samples, SAMPLES);
    const struct hr_field_stats *x = hr_stats_find(&s, "x");
    assert_true(x != NULL && x->features == 3 && x->ragged);
    int rows = d.rows[SAMPLES];
    for (int k = 0; k < 3; k++) {
        double sum = 0;
        for (int i = 0; i < rows; i++)
            sum += (double)d.x[3 * i + k];
        assert_int_equal(x->feature[k].count, rows);
        assert_true(fabs(x->feature[k].mean - sum / rows) < 1e-12 && x->feature[k].min >= k * 100);
        assert_true(x->feature[k].max <= k * 100 + 1);
    }
    assert_true(x->rows.min == 0 && x->rows.max == 20 && x->rows.count == SAMPLES);
    assert_true(x->rows.mean == (double)rows / SAMPLES && x->rows.quantile[6] == 20);
    const struct hr_field_stats *e = hr_stats_find(&s, "edge");
    assert_true(e->features == 1 && e->feature[0].exact && e->feature[0].int_max == INT64_MAX);
    assert_true(e->feature[0].int_min == INT64_MAX - 999 && e->rows.max == 20 && e->feature[0].count == 2 * (unsigned)rows);
    const struct hr_field_stats *h = hr_stats_find(&s, "h");
    assert_true(h->feature[0].max == 59 && h->feature[1].min == -29.5 && h->feature[0].mean == 29.5 && !h->ragged);
    const struct hr_field_stats *q = hr_stats_find(&s, "q");
    assert_true(q->feature[0].min == -18 && q->feature[0].max == 11.5 && q->feature[0].mean == -3.25);
    const struct hr_field_stats *text = hr_stats_find(&s, "s");
    assert_true(text->features == 0 && text->ragged && text->rows.max == 20);
    assert_null(hr_stats_find(&s, "nothing"));
    hr_stats_fini(&s);
}

static void text_of(const struct hr_stats *s, struct hr_buf *b)
{
    hr_buf_reset(b);
    assert_int_equal(hr_stats_json(s, b, NULL), 0);
}

static void any_split_gives_the_same_text(void **state)
{
    (void)state;
    static struct data d;
    make(&d);
    struct hr_buf want = HR_BUF_INIT(1 << 20), got = HR_BUF_INIT(1 << 20);
    struct hr_stats s;
    measure(&d, SAMPLES, 1, &s);
    text_of(&s, &want);
    hr_stats_fini(&s);
    for (int step = 1; step < 20; step += 3) {
        measure(&d, step, step % 4 + 1, &s);
        text_of(&s, &got);
        assert_string_equal(got.data, want.data);
        hr_stats_fini(&s);
    }
    /* and it reads back to itself */
    struct hr_error err = HR_ERROR_INIT;
    if (hr_stats_parse(hr_buf_str(&want), "test", &s, &err) < 0)
        fail_msg("%s", err.text);
    s.field[3].quantized = true;
    s.field[3].quant_max = 0.25;
    s.field[3].quant_rms = NAN;
    text_of(&s, &got);
    hr_stats_fini(&s);
    assert_int_equal(hr_stats_parse(hr_buf_str(&got), "test", &s, NULL), 0);
    assert_true(s.field[3].quantized && s.field[3].quant_max == 0.25 && isnan(s.field[3].quant_rms));
    assert_true(s.field[1].feature[0].int_max == INT64_MAX);
    s.field[3].quantized = false;
    text_of(&s, &got);
    assert_string_equal(got.data, want.data);
    hr_stats_fini(&s);
    hr_buf_fini(&want);
    hr_buf_fini(&got);
}

static void wrong_texts(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "[]", "{}", "{\"format\": 2, \"samples\": 0, \"fields\": {}}", "{\"format\": 1, \"samples\": -1, \"fields\": {}}",
        "{\"format\": 1, \"samples\": 1, \"fields\": []}", "{\"format\": 1, \"samples\": 1, \"fields\": {\"x\": 1}}",
        "{\"format\": 1, \"samples\": 1, \"fields\": {\"x\": {\"dtype\": \"float31\", \"features\": []}}}",
        "{\"format\": 1, \"samples\": 1, \"fields\": {\"x\": {\"dtype\": \"int8\", \"features\": [{\"count\": 1}]}}}",
        ("{\"format\": 1, \"samples\": 1, \"fields\": {\"x\": {\"dtype\": \"int8\", \"features\": [{\"count\": 0, \"nan\": 0, "
         "\"inf\": 0, \"min\": null, \"max\": null, \"mean\": null, \"std\": null, \"quantiles\": [1]}]}}}"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct hr_stats s;
        struct hr_error err = HR_ERROR_INIT;
        assert_true(hr_stats_parse(hr_str(bad[i]), "test", &s, &err) < 0);
        assert_true(strncmp(err.text, "test", 4) == 0);
    }
}

/* A failed allocation anywhere is an error and no leak (the address sanitizer tells). */
static void short_of_memory(void **state)
{
    (void)state;
    static struct data d;
    make(&d);
    int r = -1;
    for (uint64_t n = 1; r < 0; n++) {
        struct hr_measure *m = NULL, *other = NULL;
        struct hr_stats s = { 0, 0, NULL };
        struct hr_error err = HR_ERROR_INIT;
        struct hr_column col[5];
        struct hr_chunk c;
        view(&d, 0, SAMPLES, col, &c);
        hr_mem_fail_at(n, false);
        r = hr_measure_create(&schema, &m, &err);
        if (r == 0)
            r = hr_measure_create(&schema, &other, &err);
        if (r == 0)
            r = hr_measure_add(m, &c, &err);
        if (r == 0)
            r = hr_measure_merge(other, m, &err);
        if (r == 0)
            r = hr_measure_finish(other, &s, &err);
        hr_mem_fail_at(0, false);
        assert_true(r == 0 || (r == HR_E_NOMEM && err.code == HR_E_NOMEM));
        hr_measure_destroy(m);
        hr_measure_destroy(other);
        hr_stats_fini(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(fields_and_features), cmocka_unit_test(any_split_gives_the_same_text),
                                        cmocka_unit_test(wrong_texts), cmocka_unit_test(short_of_memory) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
