/* Shuffle quality: a full shuffle is one, and windows are as good as forecast. */
#include "unit.h"

#include "forecast.h"
#include "mem.h"
#include "rng.h"

#include <math.h>
#include <stdlib.h>

static struct hr_quality measure(uint64_t samples, uint32_t chunk, enum hr_order_kind kind, uint64_t window, uint64_t batch, uint64_t epochs,
                                 uint64_t seed)
{
    struct hr_order_geometry g = { .samples = samples, .chunk_samples = chunk, .parts = 1, .part_samples = &samples };
    struct hr_order o;
    struct hr_epoch e = { .order = NULL };
    struct hr_quality mean = { 0, 0, 0, 0 };
    assert_int_equal(hr_order_init(&o, &g, kind, window, seed, NULL), 0);
    for (uint64_t i = 0; i < epochs; i++) {
        struct hr_quality q;
        assert_int_equal(hr_order_epoch(&o, i, &e, NULL), 0);
        assert_int_equal(hr_quality_measure(&e, batch, 0, &q, NULL), 0);
        mean.batches += q.batches;
        mean.groups += q.groups / (double)epochs;
        mean.neighbours += q.neighbours / (double)epochs;
        mean.variance += q.variance / (double)epochs;
    }
    hr_epoch_fini(&e);
    hr_order_fini(&o);
    return mean;
}

/* A stored permutation drawn with the C library's generator, through the same measure. */
static struct hr_quality true_permutation(uint64_t n, uint64_t batch, uint64_t epochs)
{
    /* groups, neighbours and variance of a Fisher-Yates shuffle, computed here and not by quality.c */
    uint64_t *v = hr_calloc(n, sizeof *v);
    struct hr_quality q = { 0, 0, 0, 0 };
    double pairs = 0, squares = 0, groups = 0, mean = (double)(n - 1) / 2;
    unsigned short state[3] = { 1, 2, 3 };
    assert_non_null(v);
    for (uint64_t e = 0; e < epochs; e++) {
        for (uint64_t i = 0; i < n; i++)
            v[i] = i;
        for (uint64_t i = n - 1; i > 0; i--) {
            uint64_t j = (uint64_t)(erand48(state) * (double)(i + 1)), t = v[i];
            v[i] = v[j];
            v[j] = t;
        }
        for (uint64_t b = 0; b + batch <= n; b += batch, q.batches++) {
            double sum = 0;
            for (uint64_t i = b; i < b + batch; i++) {
                bool new_group = true;
                sum += (double)v[i] - mean;
                for (uint64_t k = b; k < i; k++) {
                    uint64_t d = v[i] > v[k] ? v[i] - v[k] : v[k] - v[i];
                    pairs += d <= HR_NEAR;
                    new_group = new_group && v[i] / HR_NEAR != v[k] / HR_NEAR;
                }
                groups += new_group;
            }
            squares += sum * sum / (double)(batch * batch);
        }
    }
    hr_free(v);
    double m = (double)q.batches, b = (double)batch, N = (double)n, chance = 2 * (HR_NEAR * N - HR_NEAR * (HR_NEAR + 1) / 2.0) / (N * (N - 1));
    q.groups = groups / m;
    q.neighbours = pairs / (m * b * (b - 1) / 2) / chance;
    q.variance = squares / m * b / ((N * N - 1) / 12);
    return q;
}

/* The order that other stateless shuffles fail at: several seeds and epochs of a full shuffle at four sizes. */
static void full_shuffle(void **state)
{
    (void)state;
    static const struct {
        uint64_t n, epochs;
    } set[] = { { 50000, 40 }, { 65536, 30 }, { 200000, 12 }, { 1000000, 4 } };
    for (size_t i = 0; i < HR_COUNT(set); i++) {
        struct hr_quality fair = true_permutation(set[i].n, 16, 3), mine = { 0, 0, 0, 0 };
        for (uint64_t seed = 0; seed < 2; seed++) {
            struct hr_quality q = measure(set[i].n, 100, HR_ORDER_FULL, 0, 16, set[i].epochs, seed);
            mine.groups += q.groups / 2;
            mine.neighbours += q.neighbours / 2;
            mine.variance += q.variance / 2;
        }
        struct hr_forecast f = hr_forecast_of(set[i].n, 100, 0, 16);
        assert_true(mine.variance > 0.97 && mine.variance < 1.03); /* asked: 0.95 to 1.10; 1 within 4 deviations of 0.7 % */
        assert_true(fabs(mine.groups / fair.groups - 1) < 0.002);
        assert_true(fabs(mine.groups / f.groups_full - 1) < 0.001);
        assert_true(fabs(mine.neighbours - 1) < 0.04);
        assert_true(fabs(fair.neighbours - 1) < 0.08); /* the yardstick itself, from fewer pairs */
        assert_true(fabs(f.variance - 1) < 0.001 && fabs(f.neighbours - 1) < 0.001);
    }
}

/* The measure itself, on orders whose figures are known. */
static void measures_what_is_known(void **state)
{
    (void)state;
    struct hr_quality q = measure(160000, 100, HR_ORDER_SEQUENTIAL, 0, 16, 1, 0);
    assert_true(q.batches == 10000);
    assert_true(fabs(q.variance - 16) < 0.01);
    assert_true(fabs(q.groups - 1.12) < 0.05); /* 100 = 6.25 batches: three of 25 batches lie in two blocks */
    assert_true(q.neighbours > 750);
    q = measure(15, 4, HR_ORDER_FULL, 0, 16, 1, 0); /* less than one batch */
    assert_true(q.batches == 0 && isnan(q.variance) && isnan(q.groups));
    q = measure(100, 4, HR_ORDER_FULL, 0, 1, 1, 0); /* no pairs */
    assert_true(isnan(q.neighbours) && q.groups == 1 && fabs(q.variance - 1) < 1e-9);
}

static void check_forecast(uint64_t n, uint32_t chunk, uint64_t window, uint64_t batch)
{
    enum { EPOCHS = 12 };
    struct hr_forecast f = hr_forecast_of(n, chunk, window, batch);
    struct hr_quality q = measure(n, chunk, HR_ORDER_WINDOWED, window, batch, EPOCHS, n + window);
    double tolerance = 4 / sqrt(EPOCHS);
    /* the model's own 0.5 % of groups does not shrink with epochs */
    assert_true(fabs(q.groups / f.groups - 1) < 0.005 + tolerance * (f.groups_error - 0.005));
    assert_true(fabs(q.neighbours / f.neighbours - 1) < tolerance * f.neighbours_error);
    assert_true(fabs(q.variance / f.variance - 1) < tolerance * f.variance_error);
}

static void windows_as_forecast(void **state)
{
    (void)state;
    static const uint64_t window[] = { 1, 2, 8, 32, 128, 512, 1500, 2000 };
    for (size_t i = 0; i < HR_COUNT(window); i++)
        check_forecast(200000, 100, window[i], 16);
    static const struct {
        uint64_t n, window, batch;
        uint32_t chunk;
    } more[] = { { 50000, 8, 16, 32 },   { 50000, 100, 16, 32 },  { 65536, 16, 64, 5 }, { 65536, 3, 128, 7 },   { 40000, 4, 32, 1000 },
                 { 200000, 40, 256, 33 }, { 100000, 1, 16, 2 },    { 50000, 64, 16, 1 }, { 30000, 30, 16, 1000 }, { 30000, 17, 16, 1000 } };
    for (size_t i = 0; i < HR_COUNT(more); i++)
        check_forecast(more[i].n, more[i].chunk, more[i].window, more[i].batch);
}

/* The window that is chosen meets the target and is the smallest that does. */
static void chooses_window(void **state)
{
    (void)state;
    static const double target[] = { 1.05, 1.1, 1.5, 3 };
    static const struct {
        uint64_t n, chunk, batch;
    } set[] = { { 200000, 100, 16 }, { 1000000, 32, 16 }, { 2000, 32, 16 }, { 200000, 5, 64 } };
    for (size_t s = 0; s < HR_COUNT(set); s++)
        for (size_t i = 0; i < HR_COUNT(target); i++) {
            uint64_t w = hr_forecast_window(set[s].n, set[s].chunk, set[s].batch, target[i]);
            assert_true(hr_forecast_of(set[s].n, set[s].chunk, w, set[s].batch).variance <= target[i]);
            if (w > 1 && w * 2 < set[s].n / set[s].chunk)
                assert_true(hr_forecast_of(set[s].n, set[s].chunk, w - 1, set[s].batch).variance > target[i] * 0.999);
        }
    assert_int_equal(hr_forecast_window(1000, 10, 16, 0.5), 100);
    assert_int_equal(hr_forecast_window(0, 10, 16, 1.1), 1);
    assert_int_equal(hr_forecast_window(1000, 10, 1, 1.1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(full_shuffle), cmocka_unit_test(measures_what_is_known),
                                        cmocka_unit_test(windows_as_forecast), cmocka_unit_test(chooses_window) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
