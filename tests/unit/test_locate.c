/* What `headrace order` computes from a footer is what a loader feeds. */
#include "unit.h"

#include "forecast.h"
#include "graph_store.h"
#include "locate.h"

#include <unistd.h>

enum { N = 1003, CHUNK = 20 };
static char dir[] = "/tmp/headrace-test-locate-XXXXXX";
static char path[64];

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/g.arrow", dir);
    return g_write(path, N, CHUNK, HR_U8, HR_CODEC_NONE, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    return hr_remove_tree(dir, NULL);
}

static void check(const struct hr_store *s, bool shuffle, uint64_t window, enum hr_tail tail, int world, const double *weights)
{
    struct hr_loader_options o;
    struct hr_error err = HR_ERROR_INIT;
    hr_loader *l = NULL;
    hr_loader_options_init(&o);
    o.rank = 0;
    o.world = world;
    o.weights = weights;
    o.shuffle = shuffle;
    o.seed = 99;
    o.window_chunks = window;
    o.tail = tail;
    o.budget = 64 << 20;
    o.batch_size = 16;
    if (hr_loader_open(path, &o, &l, &err) < 0)
        fail_msg("%s", err.text);
    struct hr_run run = { shuffle, 99, window, 16, world, weights, tail };
    for (uint64_t epoch = 0; epoch < 3; epoch++)
        for (int rank = 0; rank < world; rank++) {
            uint64_t steps = 0;
            for (uint64_t step = 0;; step++) {
                uint64_t sample[64];
                size_t n = 0;
                struct hr_located at = { .place = NULL };
                int there = hr_loader_order_at(l, epoch, step, rank, world, sample, 64, &n, NULL);
                int rc = hr_locate(s, &run, epoch, step, rank, &at, NULL);
                assert_int_equal(rc, there);
                if (rc < 0)
                    break;
                assert_int_equal(at.share.count, n);
                for (size_t i = 0; i < n; i++) {
                    assert_int_equal(at.place[i].sample, sample[i]);
                    assert_int_equal(s->chunk[at.place[i].chunk].first + at.place[i].index, sample[i]);
                }
                steps = at.steps;
                assert_true(step < steps);
                hr_located_fini(&at);
            }
            assert_true(steps > 0);
        }
    hr_loader_close(l);
}

static void as_fed(void **state)
{
    (void)state;
    static const double weights[] = { 1, 2, 1 };
    struct hr_store *s = NULL;
    assert_int_equal(hr_store_open(path, &s, NULL), 0);
    for (int tail = HR_TAIL_KEEP; tail <= HR_TAIL_PAD; tail++) {
        check(s, true, 0, (enum hr_tail)tail, 1, NULL);
        check(s, true, 7, (enum hr_tail)tail, 3, NULL);
        check(s, true, 7, (enum hr_tail)tail, 3, weights);
        check(s, true, 1000, (enum hr_tail)tail, 2, NULL);
        check(s, false, 0, (enum hr_tail)tail, 8, NULL);
    }
    hr_store_close(s);
}

static void quality_of_a_store(void **state)
{
    (void)state;
    struct hr_store *s = NULL;
    assert_int_equal(hr_store_open(path, &s, NULL), 0);
    struct hr_run run = { true, 1, 5, 16, 1, NULL, HR_TAIL_KEEP };
    struct hr_quality q;
    assert_int_equal(hr_run_quality(s, &run, 0, 100, &q, NULL), 0);
    struct hr_forecast f = hr_forecast_of(N, CHUNK, 5, 16);
    assert_int_equal(q.batches, 100 * (N / 16));
    assert_true(q.variance > f.variance * (1 - 0.4 * f.variance_error) && q.variance < f.variance * (1 + 0.4 * f.variance_error));
    assert_true(q.groups > f.groups * 0.97 && q.groups < f.groups * 1.03);
    assert_true(hr_forecast_variance(N, CHUNK, 5, 16) == f.variance);
    struct hr_located at;
    assert_int_equal(hr_locate(s, &run, 0, 0, 1, &at, NULL), HR_E_INVALID);
    assert_int_equal(hr_locate(s, &run, 0, 0, -1, &at, NULL), HR_E_INVALID);
    run.batch_size = 0;
    assert_int_equal(hr_locate(s, &run, 0, 0, 0, &at, NULL), HR_E_INVALID);
    hr_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(as_fed), cmocka_unit_test(quality_of_a_store) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
