/* What a loader delivers: every path, world, tail, place and cut gives the same right batches. */
#include "loader_fixture.h"

static void epochs(void **state)
{
    (void)state;
    const char *const path[] = { plain, packed, narrow };
    for (size_t i = 0; i < 3; i++) {
        struct hr_loader_options o = usual();
        hr_loader *l = open_with(path[i], &o);
        assert_int_equal(hr_loader_samples(l), N);
        assert_int_equal(hr_loader_steps(l), (N + 15) / 16);
        uint64_t a = epoch_of(l, N, true), b = epoch_of(l, N, true);
        assert_true(a != b);
        struct hr_error err = HR_ERROR_INIT;
        assert_int_equal(hr_loader_set_epoch(l, 0, &err), 0);
        assert_true(epoch_of(l, N, true) == a);
        hr_loader_close(l);
    }
}

/* The same order through the cache, whatever the budget, the threads and the path. */
static void paths_agree(void **state)
{
    (void)state;
    struct hr_loader_options o = tight();
    o.window_chunks = 3;
    o.budget = 64 << 20;
    hr_loader *l = open_with(plain, &o);
    uint64_t want0 = epoch_of(l, N, true), want1 = epoch_of(l, N, true);
    hr_loader_close(l);
    for (int threads = 0; threads < 4; threads++) {
        o = tight();
        o.window_chunks = 3;
        o.threads = threads;
        o.builders = threads % 3;
        o.prefetch = threads + 1;
        l = open_with(plain, &o);
        assert_true(epoch_of(l, N, true) == want0);
        assert_true(epoch_of(l, N, true) == want1);
        hr_loader_close(l);
        l = open_with(packed, &o);
        assert_true(epoch_of(l, N, true) == want0);
        assert_true(epoch_of(l, N, true) == want1);
        hr_loader_close(l);
    }
}

static void sequential(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct hr_loader_options o = k ? tight() : usual();
        o.shuffle = false;
        hr_loader *l = open_with(plain, &o);
        hr_batch *b;
        uint64_t at = 0;
        while (hr_loader_next(l, &b, NULL) == 1) {
            assert_int_equal(g_check(b, false), 0);
            for (uint32_t i = 0; i < b->samples; i++)
                assert_int_equal(b->sample[i], at++);
            hr_batch_release(b);
        }
        assert_int_equal(at, N);
        hr_loader_close(l);
    }
}

/* The global order does not depend on the number of ranks. */
static void worlds(void **state)
{
    (void)state;
    static const int world[] = { 1, 2, 3, 8 };
    uint64_t order[4][N];
    for (int w = 0; w < 4; w++) {
        uint64_t total = 0;
        for (int rank = 0; rank < world[w]; rank++) {
            struct hr_loader_options o = usual();
            o.rank = rank;
            o.world = world[w];
            hr_loader *l = open_with(plain, &o);
            hr_batch *b;
            uint64_t steps = 0;
            while (hr_loader_next(l, &b, NULL) == 1) {
                assert_int_equal(b->position, (b->step * (uint64_t)world[w] + (uint64_t)rank) * 16);
                memcpy(&order[w][b->position], b->sample, b->samples * sizeof(uint64_t));
                total += b->samples;
                steps++;
                hr_batch_release(b);
            }
            assert_int_equal(steps, hr_loader_steps(l));
            hr_loader_close(l);
        }
        assert_int_equal(total, N);
        assert_memory_equal(order[w], order[0], sizeof order[0]);
    }
}

static void tails(void **state)
{
    (void)state;
    for (int rank = 0; rank < 3; rank++) {
        struct hr_loader_options o = usual();
        o.rank = rank;
        o.world = 3;
        o.tail = HR_TAIL_DROP;
        hr_loader *l = open_with(plain, &o);
        hr_batch *b;
        uint64_t n = 0;
        while (hr_loader_next(l, &b, NULL) == 1) {
            assert_int_equal(b->samples, 16);
            n++;
            hr_batch_release(b);
        }
        assert_int_equal(n, N / 48);
        hr_loader_close(l);
        o.tail = HR_TAIL_PAD;
        l = open_with(plain, &o);
        n = 0;
        while (hr_loader_next(l, &b, NULL) == 1) {
            assert_int_equal(b->samples, 16);
            assert_int_equal(g_check(b, false), 0);
            n++;
            hr_batch_release(b);
        }
        assert_int_equal(n, (N + 47) / 48);
        hr_loader_close(l);
    }
}

/* From 100 random places on, and with another number of ranks, the rest of the order is the same. */
static void resume(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    assert_int_equal(sizeof(struct hr_state), 48);
    for (int k = 0; k < 2; k++) {
        struct hr_loader_options o = k ? tight() : usual();
        uint64_t digest[256], steps = 0, e;
        o.window_chunks = 3;
        hr_loader *l = open_with(plain, &o);
        hr_batch *b;
        struct hr_state at[256];
        assert_int_equal(hr_loader_set_epoch(l, 5, NULL), 0);
        for (;;) {
            hr_loader_state(l, &at[steps]);
            if (hr_loader_next(l, &b, NULL) != 1)
                break;
            digest[steps++] = g_digest(b, 0);
            hr_batch_release(b);
        }
        for (uint64_t i = 0; i < 100; i++) {
            uint64_t s = hr_mix64(i) % steps;
            hr_loader *other = i % 10 == 0 ? open_with(plain, &o) : l;
            if (hr_loader_seek(other, &at[s], &err) < 0)
                fail_msg("%s", err.text);
            for (e = s; e < steps && e < s + 3; e++) {
                assert_int_equal(hr_loader_next(other, &b, NULL), 1);
                assert_true(g_digest(b, 0) == digest[e]);
                assert_int_equal(b->epoch, 5);
                hr_batch_release(b);
            }
            assert_int_equal(hr_loader_batch_at(l, 5, s, 0, 1, &b, NULL), 0);
            assert_true(g_digest(b, 0) == digest[s]);
            hr_batch_release(b);
            if (other != l)
                hr_loader_close(other);
        }
        /* elastic: half of the epoch as one rank, the rest as two */
        uint64_t mid = steps / 2, count = 0;
        uint8_t seen[N] = { 0 };
        for (int rank = 0; rank < 2; rank++) {
            struct hr_loader_options two = o;
            two.rank = rank;
            two.world = 2;
            hr_loader *other = open_with(plain, &two);
            assert_int_equal(hr_loader_seek(other, &at[mid], &err), 0);
            while (hr_loader_next(other, &b, NULL) == 1) {
                assert_true(b->position >= at[mid].position);
                for (uint32_t i = 0; i < b->samples; i++)
                    seen[b->sample[i]]++;
                count += b->samples;
                hr_batch_release(b);
            }
            hr_loader_close(other);
        }
        assert_int_equal(count, N - at[mid].position);
        for (int i = 0; i < N; i++)
            assert_true(seen[i] <= 1);
        hr_loader_close(l);
    }
}

static void order_at(void **state)
{
    (void)state;
    struct hr_loader_options o = usual();
    hr_loader *l = open_with(plain, &o);
    for (uint64_t step = 0; step < 5; step++) {
        hr_batch *b;
        uint64_t s[16];
        size_t n = 0;
        assert_int_equal(hr_loader_batch_at(l, 9, step, 1, 4, &b, NULL), 0);
        assert_int_equal(hr_loader_order_at(l, 9, step, 1, 4, s, 16, &n, NULL), 0);
        assert_int_equal(n, b->samples);
        assert_memory_equal(s, b->sample, n * sizeof *s);
        hr_batch_release(b);
    }
    struct hr_error err = HR_ERROR_INIT;
    hr_batch *b;
    assert_int_equal(hr_loader_batch_at(l, 0, 1000, 0, 1, &b, &err), HR_E_INVALID);
    assert_int_equal(hr_loader_batch_at(l, 0, 0, 2, 2, &b, &err), HR_E_INVALID);
    hr_loader_close(l);
}

static void cut_by_size(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct hr_loader_options o = k ? tight() : usual();
        o.batch_size = 16;
        o.window_chunks = 3;
        o.max_nodes = 300;
        o.max_edges = 1500;
        hr_loader *l = open_with(plain, &o);
        hr_batch *b;
        uint64_t n = 0, steps = hr_loader_steps(l), got = 0;
        struct hr_state mid = { 0 };
        uint64_t want = 0;
        while (hr_loader_next(l, &b, NULL) == 1) {
            assert_int_equal(g_check(b, false), 0);
            assert_true(g_tensor(b, "x")->shape[0] <= 300 && g_tensor(b, "edge_attr")->shape[0] <= 1500);
            n += b->samples;
            if (got == 20)
                want = g_digest(b, 0);
            if (++got == 20)
                hr_loader_state(l, &mid);
            hr_batch_release(b);
        }
        assert_int_equal(n, N);
        assert_int_equal(got, steps);
        struct hr_error err = HR_ERROR_INIT;
        assert_int_equal(hr_loader_set_epoch(l, 3, NULL), 0);
        if (hr_loader_seek(l, &mid, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(hr_loader_next(l, &b, NULL), 1);
        assert_true(g_digest(b, 0) == want);
        hr_batch_release(b);
        hr_loader_close(l);
    }
}

static void transforms(void **state)
{
    (void)state;
    static const struct hr_transform list[] = {
        { .kind = HR_T_SINCOS, .field = "x", .column = 7, .a = 60 },  { .kind = HR_T_NOISE, .field = "x", .column = 1, .a = 0.1 },
        { .kind = HR_T_MASK, .field = "edge_attr", .column = -1, .a = 0.05 }, { .kind = HR_T_EDGE_DROP, .a = 0.1 },
        { .kind = HR_T_NODE_DROP, .a = 0.1 },
    };
    uint64_t want = 0;
    for (int k = 0; k < 6; k++) {
        struct hr_loader_options o = k & 1 ? tight() : usual();
        o.batch_size = 4;
        o.window_chunks = 3;
        o.transforms = list;
        o.transforms_n = 5;
        o.builders = k / 2;
        hr_loader *l = open_with(plain, &o);
        hr_batch *b;
        uint64_t h = 0;
        while (hr_loader_next(l, &b, NULL) == 1) {
            const struct hr_tensor *x = g_tensor(b, "x"), *e = g_tensor(b, "edge_index"), *p = g_tensor(b, "ptr");
            const int64_t *ptr = p->data, *ends = e->data;
            assert_int_equal(x->shape[1], G_FX + 1);
            assert_int_equal(ptr[b->samples], x->shape[0]);
            assert_int_equal(e->shape[1], g_tensor(b, "edge_attr")->shape[0]);
            for (int64_t i = 0; i < 2 * e->shape[1]; i++)
                assert_true(ends[i] >= 0 && ends[i] < x->shape[0]);
            h = g_digest(b, h);
            hr_batch_release(b);
        }
        if (k == 0)
            want = h;
        assert_true(h == want);
        hr_loader_close(l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epochs),
        cmocka_unit_test(paths_agree),
        cmocka_unit_test(sequential),
        cmocka_unit_test(worlds),
        cmocka_unit_test(tails),
        cmocka_unit_test(resume),
        cmocka_unit_test(order_at),
        cmocka_unit_test(cut_by_size),
        cmocka_unit_test(transforms),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
