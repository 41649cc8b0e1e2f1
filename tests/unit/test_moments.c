#include "unit.h"

#include "half.h"
#include "moments.h"
#include "rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 60000 };
static double value[N], sorted[N];

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void near(double got, double want, double relative, double scale)
{
    if (!(fabs(got - want) <= relative * fmax(fabs(want), scale)))
        fail_msg("%.17g is not %.17g", got, want);
}

/* Against two passes in quadruple precision and a sort. */
static void check(const struct hr_feature_stats *s, size_t n)
{
    __float128 sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (__float128)value[i];
        sorted[i] = value[i];
    }
    __float128 mean = sum / (__float128)n;
    for (size_t i = 0; i < n; i++)
        squares += ((__float128)value[i] - mean) * ((__float128)value[i] - mean);
    qsort(sorted, n, sizeof *sorted, ascending);
    assert_int_equal(s->count, n);
    assert_true(s->min == sorted[0] && s->max == sorted[n - 1]);
    near(s->mean, (double)mean, 0x1p-53, 0);
    near(s->std, sqrt((double)(squares / (__float128)n)), 0x1p-51, 0);
    for (int q = 0; q < HR_STATS_QUANTILES; q++) {
        size_t rank = (size_t)fmax(ceil(hr_stats_quantile[q] * (double)n), 1);
        near(s->quantile[q], sorted[rank - 1], 1.0 / 128, 0);
    }
}

static double draw(int kind, uint64_t i)
{
    double u = hr_rng_unit(kind * 77u, i), v = hr_rng_unit(kind * 77u + 1, i);
    switch (kind) {
    case 0:
        return sqrt(-2 * log(1 - u)) * cos(6.283185307179586 * v);
    case 1: /* large mean, small spread: a naive sum of squares loses all of it */
        return 1.7e9 + 1000 * u;
    case 2:
        return floor(9 * u);
    case 3:
        return exp(60 * (u - 0.5)) * (v < 0.3 ? -1 : 1);
    case 4:
        return 4.25;
    case 5:
        return i % 2 ? -0.0 : 0.0;
    default: /* one that stands far out */
        return i == 7 ? 1e30 : u;
    }
}

static void doubles_and_floats(void **state)
{
    (void)state;
    static float narrow[N];
    for (int kind = 0; kind <= 6; kind++) {
        struct hr_moments m;
        struct hr_feature_stats s;
        for (size_t i = 0; i < N; i++)
            value[i] = draw(kind, i);
        hr_moments_init(&m, true);
        assert_int_equal(hr_moments_f64(&m, value, N, NULL), 0);
        hr_moments_finish(&m, &s);
        check(&s, N);
        hr_moments_fini(&m);

        for (size_t i = 0; i < N; i++)
            value[i] = (double)(narrow[i] = (float)value[i]);
        hr_moments_init(&m, false);
        assert_int_equal(hr_moments_f32(&m, narrow, N, NULL), 0);
        hr_moments_finish(&m, &s);
        check(&s, N);
        hr_moments_fini(&m);
    }
}

/* Any split, merged in any order, with flushes in between, gives the same bits. */
static void splits(void **state)
{
    (void)state;
    static float narrow[N];
    for (size_t i = 0; i < N; i++)
        narrow[i] = (float)draw(3, i);
    struct hr_feature_stats want, got;
    struct hr_moments all;
    hr_moments_init(&all, false);
    assert_int_equal(hr_moments_f32(&all, narrow, N, NULL), 0);
    hr_moments_finish(&all, &want);
    for (unsigned parts = 2; parts <= 9; parts++) {
        struct hr_moments part[9], sum;
        hr_moments_init(&sum, false);
        for (unsigned k = 0; k < parts; k++)
            hr_moments_init(&part[k], false);
        for (size_t i = 0, k = 0; i < N; i += k + 1, k = (k * 5 + 3) % 1000)
            assert_int_equal(hr_moments_f32(&part[k % parts], narrow + i, k + 1 < N - i ? k + 1 : N - i, NULL), 0);
        for (unsigned k = 0; k < parts; k++)
            assert_int_equal(hr_moments_merge(&sum, &part[(k + parts / 2) % parts], NULL), 0);
        hr_moments_finish(&sum, &got);
        assert_memory_equal(&got, &want, sizeof got);
        assert_int_equal(hr_moments_merge(&part[0], &part[1], NULL), 0);
        for (unsigned k = 2; k < parts; k++)
            assert_int_equal(hr_moments_merge(&part[0], &part[k], NULL), 0);
        hr_moments_finish(&part[0], &got);
        assert_memory_equal(&got, &want, sizeof got);
        hr_moments_fini(&sum);
        for (unsigned k = 0; k < parts; k++)
            hr_moments_fini(&part[k]);
    }
    hr_moments_fini(&all);
}

static void odd_values(void **state)
{
    (void)state;
    const float v[] = { NAN, INFINITY, 1.5f, -INFINITY, -2.5f, NAN, 0x1p-149f };
    struct hr_moments m;
    struct hr_feature_stats s;
    hr_moments_init(&m, false);
    hr_moments_finish(&m, &s);
    assert_true(s.count == 0 && isnan(s.min) && isnan(s.mean) && isnan(s.std) && isnan(s.quantile[3]));
    assert_int_equal(hr_moments_f32(&m, v, 2, NULL), 0);
    hr_moments_finish(&m, &s);
    assert_true(s.count == 0 && s.nan == 1 && s.inf == 1 && isnan(s.max));
    assert_int_equal(hr_moments_f32(&m, v + 2, 5, NULL), 0);
    hr_moments_finish(&m, &s);
    assert_true(s.count == 3 && s.nan == 2 && s.inf == 2);
    assert_true(s.min == -2.5 && s.max == 1.5 && s.quantile[3] == 0x1p-149);
    hr_moments_fini(&m);

    /* squares that overflow a double */
    const double large[] = { 1e308, 1.2e308, -1e308, NAN };
    hr_moments_init(&m, true);
    assert_int_equal(hr_moments_f64(&m, large, 4, NULL), 0);
    hr_moments_finish(&m, &s);
    near(s.mean, 4e307, 1e-15, 0);
    near(s.std, 9.9331096171675613e307, 1e-15, 0);
    hr_moments_fini(&m);
}

/* More values than one flush holds, all in one class, with every bit of `low` set. */
static void flushes(void **state)
{
    (void)state;
    static float v[1 << 16];
    for (size_t i = 0; i < 1 << 16; i++)
        v[i] = i % 2 ? 0x1.03fffep0f : 0x1.03fffcp0f;
    struct hr_moments m;
    struct hr_feature_stats s;
    hr_moments_init(&m, false);
    for (int i = 0; i < 200; i++)
        assert_int_equal(hr_moments_f32(&m, v, 1 << 16, NULL), 0);
    hr_moments_finish(&m, &s);
    assert_int_equal(s.count, 200 << 16);
    near(s.mean, 0x1.03fffdp0, 0x1p-53, 0);
    near(s.std, 0x1p-24, 0x1p-53, 0);
    hr_moments_fini(&m);
}

/* Every half goes to float and back; and rounding is to nearest even. */
static void halves(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        float v = hr_half_to_float((uint16_t)h);
        uint16_t back = hr_float_to_half(v);
        if (isnan(v))
            assert_true((h & 0x7fff) > 0x7c00 && (back & 0x7fff) > 0x7c00);
        else
            assert_int_equal(back, h);
        if ((h & 0x7fff) < 0x7c00 && h < 0x7bff) {
            float next = hr_half_to_float((uint16_t)(h + 1)), mid = (v + next) / 2;
            assert_int_equal(hr_float_to_half(mid), h % 2 == 0 ? h : h + 1);
            assert_int_equal(hr_float_to_half(nextafterf(mid, v)), h);
            assert_int_equal(hr_float_to_half(nextafterf(mid, next)), h + 1);
        }
    }
    assert_true(hr_half_to_float(1) == 0x1p-24f && hr_half_to_float(0x3c00) == 1 && hr_half_to_float(0xfbff) == -65504);
    assert_int_equal(hr_float_to_half(65519.996f), 0x7bff);
    assert_int_equal(hr_float_to_half(65520), 0x7c00);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(doubles_and_floats), cmocka_unit_test(splits),
                                        cmocka_unit_test(odd_values), cmocka_unit_test(flushes),
                                        cmocka_unit_test(halves) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
