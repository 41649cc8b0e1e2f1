/* The keyed permutation: a bijection for every n, its own inverse's inverse, and not to be told from a random one. */
#include "unit.h"

#include "mem.h"
#include "permute.h"
#include "rng.h"

#include <math.h>
#include <string.h>

static void check_bijection(uint64_t n, uint64_t key)
{
    struct hr_permute p;
    hr_permute_init(&p, n, key);
    uint64_t *v = hr_calloc(n + 1, sizeof *v);
    uint8_t *seen = hr_calloc(n + 1, 1);
    assert_non_null(v);
    assert_non_null(seen);
    hr_permute_range(&p, 0, n, v);
    for (uint64_t i = 0; i < n; i++) {
        assert_true(v[i] < n);
        assert_int_equal(seen[v[i]], 0);
        seen[v[i]] = 1;
    }
    uint64_t step = n <= 2000 ? 1 : n / 1000;
    for (uint64_t i = 0; i < n; i += step) {
        assert_int_equal(hr_permute_at(&p, i), v[i]);
        assert_int_equal(hr_permute_find(&p, v[i]), i);
    }
    hr_free(v);
    hr_free(seen);
}

static void bijection(void **state)
{
    (void)state;
    for (uint64_t n = 0; n <= 2000; n++)
        check_bijection(n, n * 31 + 7);
    static const uint64_t more[] = { 4095, 4096, 4097, 50000, 65535, 65536, 65537, 200000, 1000000 };
    for (size_t i = 0; i < HR_COUNT(more); i++)
        check_bijection(more[i], i);
}

/* Too large to walk: places and values must still be each other's inverse. */
static void large(void **state)
{
    (void)state;
    static const uint64_t size[] = { UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1, UINT64_C(1000000000007), UINT64_C(1) << 61,
                                     (UINT64_C(1) << 61) + 12345 };
    for (size_t k = 0; k < HR_COUNT(size); k++) {
        struct hr_permute p;
        hr_permute_init(&p, size[k], 99 + k);
        uint64_t run[200];
        hr_permute_range(&p, size[k] - 200, 200, run);
        for (uint64_t i = 0; i < 2000; i++) {
            uint64_t at = hr_rng_u64(5, i) % size[k], v = hr_permute_at(&p, at);
            assert_true(v < size[k]);
            assert_int_equal(hr_permute_find(&p, v), at);
        }
        for (uint64_t i = 0; i < 200; i++)
            assert_int_equal(run[i], hr_permute_at(&p, size[k] - 200 + i));
    }
}

/* Runs that begin anywhere and have any length give what single calls give. */
static void ranges(void **state)
{
    (void)state;
    static const uint64_t size[] = { 100, 257, 1000, 4097, 65537 };
    for (size_t k = 0; k < HR_COUNT(size); k++) {
        struct hr_permute p;
        hr_permute_init(&p, size[k], k);
        for (uint64_t i = 0; i < 300; i++) {
            uint64_t first = hr_rng_u64(k, 2 * i) % size[k];
            size_t n = (size_t)(hr_rng_u64(k, 2 * i + 1) % 200);
            n = HR_MIN(n, (size_t)(size[k] - first));
            uint64_t v[200];
            hr_permute_range(&p, first, n, v);
            for (size_t j = 0; j < n; j++)
                assert_int_equal(v[j], hr_permute_at(&p, first + j));
        }
    }
}

/* All n! orders of a few things come up equally often. */
static void tiny_uniform(void **state)
{
    (void)state;
    enum { KEYS = 48000 };
    for (uint64_t n = 2; n <= 4; n++) {
        unsigned count[256] = { 0 }, orders = 0;
        double factorial = n == 2 ? 2 : n == 3 ? 6 : 24, chi = 0;
        for (uint64_t key = 0; key < KEYS; key++) {
            struct hr_permute p;
            hr_permute_init(&p, n, hr_rng_key(key, n, 0, 0));
            unsigned code = 0;
            for (uint64_t i = 0; i < n; i++)
                code = code * 4 + (unsigned)hr_permute_at(&p, i);
            count[code]++;
        }
        for (unsigned i = 0; i < 256; i++)
            if (count[i] > 0) {
                double d = count[i] - KEYS / factorial;
                chi += d * d / (KEYS / factorial);
                orders++;
            }
        assert_int_equal(orders, factorial);
        assert_true(chi < factorial - 1 + 5 * sqrt(2 * factorial));
    }
}

enum { BINS = 16 };

/* The chi-square of pairs of bins against what a true permutation gives (the bins are not all of one size, and the second
 * value is drawn without the first), in standard deviations from its mean. */
static double pairs_off(const double *count, const double *size, double n, double draws)
{
    double chi = 0;
    for (int a = 0; a < BINS; a++)
        for (int b = 0; b < BINS; b++) {
            double cell = draws * size[a] * (size[b] - (a == b)) / (n * (n - 1));
            double d = count[a * BINS + b] - cell;
            chi += d * d / cell;
        }
    return (chi - (BINS * BINS - 1)) / sqrt(2.0 * (BINS * BINS - 1));
}

/* Over many keys: where place 0 goes, and where the pair (0, 1) goes, is uniform; consecutive values do not correlate;
 * lagged pairs within one permutation are uniform. */
static void looks_random(uint64_t n, uint64_t keys)
{
    static const unsigned lag[] = { 1, 2, 3, 16, 60 };
    double size[BINS] = { 0 }, first[BINS] = { 0 }, joint[BINS * BINS] = { 0 }, lagged[HR_COUNT(lag)][BINS * BINS];
    memset(lagged, 0, sizeof lagged);
    double mean = (double)(n - 1) / 2, variance = ((double)n * (double)n - 1) / 12, serial = 0;
    uint64_t *v = hr_calloc(n, sizeof *v);
    assert_non_null(v);
    for (uint64_t i = 0; i < n; i++)
        size[i * BINS / n]++;
    for (uint64_t key = 0; key < keys; key++) {
        struct hr_permute p;
        hr_permute_init(&p, n, hr_rng_key(key, 1, 2, 3));
        hr_permute_range(&p, 0, n, v);
        double sum = 0;
        for (uint64_t i = 0; i + 1 < n; i++)
            sum += ((double)v[i] - mean) * ((double)v[i + 1] - mean);
        sum = sum / variance / (double)(n - 1) + 1 / (double)(n - 1); /* a true permutation correlates by -1 / (n - 1) */
        serial += sum * sqrt((double)n);
        for (uint64_t i = 0; i < n; i++)
            v[i] = v[i] * BINS / n;
        first[v[0]]++;
        joint[v[0] * BINS + v[1]]++;
        for (size_t l = 0; l < HR_COUNT(lag); l++)
            for (uint64_t i = 0; i + lag[l] < n; i++)
                lagged[l][v[i] * BINS + v[i + lag[l]]]++;
    }
    hr_free(v);
    double chi = 0, draws = (double)keys;
    for (int i = 0; i < BINS; i++)
        chi += pow(first[i] - draws * size[i] / (double)n, 2) / (draws * size[i] / (double)n);
    assert_true(chi < BINS - 1 + 6 * sqrt(2.0 * (BINS - 1)));
    assert_true(pairs_off(joint, size, (double)n, draws) < 6);
    assert_true(fabs(serial / sqrt(draws)) < 5);
    for (size_t l = 0; l < HR_COUNT(lag); l++)
        assert_true(pairs_off(lagged[l], size, (double)n, draws * (double)(n - lag[l])) < 6);
}

/* The worst of many keys: pairs in 8 x 8 bins at five distances, each key by itself.  A mixer of few rounds is good on average
 * and has weak keys: with seven rounds, one in some thousands stands out by 30 deviations. */
static void no_weak_key(uint64_t n, uint64_t keys)
{
    static const unsigned lag[] = { 1, 2, 4, 16, 64 };
    uint64_t v[4096];
    double worst = 0;
    for (uint64_t key = 0; key < keys; key++) {
        struct hr_permute p;
        hr_permute_init(&p, n, hr_rng_key(key, 4, 5, 6));
        hr_permute_range(&p, 0, n, v);
        for (uint64_t i = 0; i < n; i++)
            v[i] = v[i] * 8 / n;
        for (size_t l = 0; l < HR_COUNT(lag); l++) {
            unsigned count[64] = { 0 };
            double cell = (double)(n - lag[l]) / 64, chi = 0;
            for (uint64_t i = 0; i + lag[l] < n; i++)
                count[v[i] * 8 + v[i + lag[l]]]++;
            for (int i = 0; i < 64; i++)
                chi += (count[i] - cell) * (count[i] - cell) / cell;
            worst = fmax(worst, (chi - 49) / sqrt(98)); /* both margins are fixed: 7 x 7 degrees of freedom */
        }
    }
    assert_true(worst < 10); /* of so many true permutations: 5 to 7.5 */
}

static void weak_keys(void **state)
{
    (void)state;
    no_weak_key(320, 6000);
    no_weak_key(512, 6000);
    no_weak_key(1000, 10000);
    no_weak_key(2048, 1000);
    no_weak_key(4096, 500);
}

static void randomness(void **state)
{
    (void)state;
    static const struct {
        uint64_t n, keys;
    } size[] = { { 64, 6000 },  { 200, 4000 },  { 256, 4000 },  { 257, 4000 },  { 320, 4000 },  { 512, 3000 },
                 { 513, 3000 }, { 1000, 2000 }, { 4096, 1000 }, { 50000, 20 }, { 65536, 20 }, { 200000, 4 }, { 1000000, 1 } };
    for (size_t i = 0; i < HR_COUNT(size); i++)
        looks_random(size[i].n, size[i].keys);
}

/* Changing the key by one bit moves nearly everything. */
static void keys_differ(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        struct hr_permute a, b;
        hr_permute_init(&a, 10000, 12345);
        hr_permute_init(&b, 10000, 12345 ^ (UINT64_C(1) << bit));
        unsigned same = 0;
        for (uint64_t i = 0; i < 10000; i++)
            same += hr_permute_at(&a, i) == hr_permute_at(&b, i);
        assert_true(same < 12); /* Poisson with mean 1 */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(bijection), cmocka_unit_test(large),      cmocka_unit_test(ranges),
                                        cmocka_unit_test(tiny_uniform), cmocka_unit_test(randomness), cmocka_unit_test(weak_keys),
                                        cmocka_unit_test(keys_differ) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
