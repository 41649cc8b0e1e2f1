/* Steps and cuts: for every number of ranks the shares laid end to end are one global order. */
#include "unit.h"

#include "cuts.h"
#include "mem.h"
#include "rng.h"
#include "steps.h"

#include <math.h>
#include <string.h>

/* The positions that all ranks get, step by step, are 0, 1, 2, ... `until`. */
static void check_concatenation(const struct hr_steps *s, uint64_t from_step, uint64_t from, uint64_t until)
{
    uint64_t next = from, ended = 0, most = 0;
    for (uint64_t step = from_step; ended < (uint64_t)s->world; step++) {
        ended = 0;
        for (int r = 0; r < s->world; r++) {
            struct hr_share share = { 0, 0 };
            bool there = hr_steps_at(s, step, r, &share);
            assert_int_equal(there, step < hr_steps_count(s, r));
            if (!there) {
                ended++;
                continue;
            }
            most = HR_MAX(most, step);
            assert_true(share.count > 0);
            assert_int_equal(share.position, next);
            next += share.count;
        }
    }
    assert_int_equal(next, until);
    if (most > from_step)
        assert_int_equal(hr_steps_position(s, from_step), from);
}

static uint64_t expected_end(uint64_t samples, uint64_t per_step, enum hr_tail tail)
{
    uint64_t whole = samples / per_step * per_step;
    return tail == HR_TAIL_KEEP ? samples : tail == HR_TAIL_DROP || whole == samples ? whole : whole + per_step;
}

static void concatenation(void **state)
{
    (void)state;
    static const int world[] = { 1, 2, 3, 8 };
    static const uint64_t samples[] = { 0, 1, 5, 15, 16, 17, 127, 128, 1000, 2000 }, batch[] = { 1, 4, 16, 3000 };
    static const double weight[] = { 3, 1, 2, 2, 1.5, 1, 4, 2.25 };
    for (size_t w = 0; w < 4; w++)
        for (size_t n = 0; n < HR_COUNT(samples); n++)
            for (size_t b = 0; b < HR_COUNT(batch); b++)
                for (int tail = HR_TAIL_KEEP; tail <= HR_TAIL_PAD; tail++)
                    for (int weighted = 0; weighted < 2; weighted++) {
                        if (weighted && batch[b] == 1)
                            continue;
                        struct hr_steps s;
                        assert_int_equal(hr_steps_init(&s, samples[n], batch[b], world[w], weighted ? weight : NULL, (enum hr_tail)tail, NULL), 0);
                        check_concatenation(&s, 0, 0, expected_end(samples[n], batch[b] * (uint64_t)world[w], (enum hr_tail)tail));
                        hr_steps_fini(&s);
                    }
}

static void equal_shares_are_global_batches(void **state)
{
    (void)state;
    struct hr_steps s;
    assert_int_equal(hr_steps_init(&s, 100000, 16, 8, NULL, HR_TAIL_DROP, NULL), 0);
    struct hr_share share;
    assert_true(hr_steps_at(&s, 482, 3, &share));
    assert_int_equal(share.position, (482 * 8 + 3) * 16);
    assert_int_equal(share.count, 16);
    assert_false(hr_steps_at(&s, 781, 0, &share));
    assert_int_equal(hr_steps_count(&s, 7), 781);
    hr_steps_fini(&s);
}

/* Resumed at any position and with another world: what is left comes exactly once. */
static void resumed(void **state)
{
    (void)state;
    static const int world[] = { 1, 2, 3, 8 };
    for (uint64_t i = 0; i < 400; i++) {
        uint64_t position = hr_rng_u64(1, i) % 1001;
        int w = world[i % 4];
        enum hr_tail tail = (enum hr_tail)(i / 4 % 3);
        struct hr_steps s;
        assert_int_equal(hr_steps_init(&s, 1000, 7, w, NULL, tail, NULL), 0);
        uint64_t step = hr_steps_resume(&s, position), per = 7 * (uint64_t)w, left = 1000 - position;
        assert_int_equal(step, position / per);
        check_concatenation(&s, step, position, position + expected_end(left, per, tail));
        hr_steps_fini(&s);
    }
}

static void weights(void **state)
{
    (void)state;
    static const double three[] = { 1, 1, 2 }, uneven[] = { 0.5, 0.3, 0.2 }, tie[] = { 1, 1, 1 };
    static const struct {
        const double *w;
        uint64_t batch, share[3];
    } set[] = { { three, 16, { 12, 12, 24 } }, { uneven, 5, { 8, 4, 3 } }, { tie, 5, { 5, 5, 5 } }, { three, 3, { 2, 2, 5 } } };
    for (size_t i = 0; i < HR_COUNT(set); i++) {
        struct hr_steps s;
        assert_int_equal(hr_steps_init(&s, 1000, set[i].batch, 3, set[i].w, HR_TAIL_KEEP, NULL), 0);
        uint64_t sum = 0, most = 0;
        for (int r = 0; r < 3; r++) {
            sum += hr_steps_share(&s, r);
            most = HR_MAX(most, hr_steps_share(&s, r));
            /* largest remainder: within one of the exact quota */
            double total = set[i].w[0] + set[i].w[1] + set[i].w[2], quota = (double)set[i].batch * 3 * set[i].w[r] / total;
            assert_true(fabs((double)hr_steps_share(&s, r) - quota) < 1);
            if (i != 1 && i != 3)
                assert_int_equal(hr_steps_share(&s, r), set[i].share[r]);
        }
        assert_int_equal(sum, set[i].batch * 3);
        assert_int_equal(most, hr_steps_share_max(&s));
        hr_steps_fini(&s);
    }
}

static void refuses(void **state)
{
    (void)state;
    struct hr_steps s;
    struct hr_error err = HR_ERROR_INIT;
    static const double tiny[] = { 1, 1e-9 }, negative[] = { 1, -1 }, nan_[] = { 1, (double)NAN };
    assert_int_equal(hr_steps_init(&s, 10, 0, 1, NULL, HR_TAIL_KEEP, &err), HR_E_INVALID);
    assert_int_equal(hr_steps_init(&s, 10, 1, 0, NULL, HR_TAIL_KEEP, &err), HR_E_INVALID);
    assert_int_equal(hr_steps_init(&s, 10, UINT64_MAX / 2, 4, NULL, HR_TAIL_KEEP, &err), HR_E_LIMIT);
    assert_int_equal(hr_steps_init(&s, 10, 16, 2, tiny, HR_TAIL_KEEP, &err), HR_E_INVALID);
    assert_non_null(strstr(err.text, "rank 1"));
    assert_int_equal(hr_steps_init(&s, 10, 16, 2, negative, HR_TAIL_KEEP, &err), HR_E_INVALID);
    assert_int_equal(hr_steps_init(&s, 10, 16, 2, nan_, HR_TAIL_KEEP, &err), HR_E_INVALID);
}

/* --- cuts --- */

struct sizes {
    uint64_t asked, fail_at;
};

static uint64_t nodes_of(uint64_t sample)
{
    return 20 + hr_rng_u64(7, sample) % 41;
}

static uint64_t edges_of(uint64_t sample)
{
    return sample % 997 == 5 ? 5000 : 120 + hr_rng_u64(8, sample) % 161;
}

static int sizes(void *arg, const struct hr_place *place, size_t n, uint64_t *ret_nodes, uint64_t *ret_edges, struct hr_error *err)
{
    struct sizes *z = arg;
    if (++z->asked == z->fail_at) {
        (void)err;
        return HR_E_IO;
    }
    for (size_t i = 0; i < n; i++) {
        ret_nodes[i] = nodes_of(place[i].sample);
        ret_edges[i] = edges_of(place[i].sample);
    }
    return 0;
}

struct set {
    struct hr_order order;
    struct hr_epoch epoch;
    struct hr_cuts cuts;
    struct sizes sizes;
};

static void begin(struct set *t, uint64_t samples, uint64_t most, uint64_t nodes, uint64_t edges)
{
    memset(t, 0, sizeof *t);
    struct hr_order_geometry g = { .samples = samples, .chunk_samples = 50, .parts = 1, .part_samples = &samples };
    struct hr_limits limits = { most, nodes, edges };
    assert_int_equal(hr_order_init(&t->order, &g, HR_ORDER_WINDOWED, 8, 3, NULL), 0);
    assert_int_equal(hr_order_epoch(&t->order, 2, &t->epoch, NULL), 0);
    assert_int_equal(hr_cuts_init(&t->cuts, &t->epoch, &limits, sizes, &t->sizes, NULL), 0);
}

static void end(struct set *t)
{
    hr_cuts_fini(&t->cuts);
    hr_epoch_fini(&t->epoch);
    hr_order_fini(&t->order);
}

static uint64_t sum_of(const struct set *t, struct hr_share share, uint64_t (*size)(uint64_t))
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < share.count; i++)
        sum += size(hr_epoch_at(&t->epoch, share.position + i));
    return sum;
}

/* Within the limits, and one more sample would pass one: no batch could be longer. */
static void cut_by_size(void **state)
{
    (void)state;
    struct set t;
    begin(&t, 7003, 64, 1000, 6000);
    uint64_t next = 0, g = 0, alone = 0;
    struct hr_share share;
    int rc;
    for (; (rc = hr_cuts_at(&t.cuts, g, &share, NULL)) == 1; g++) {
        assert_int_equal(share.position, next);
        assert_true(share.count >= 1 && share.count <= 64);
        assert_true(sum_of(&t, share, nodes_of) <= 1000 && sum_of(&t, share, edges_of) <= 6000);
        next += share.count;
        struct hr_share more = { share.position, share.count + 1 };
        if (next < 7003)
            assert_true(more.count > 64 || sum_of(&t, more, nodes_of) > 1000 || sum_of(&t, more, edges_of) > 6000);
    }
    assert_int_equal(rc, 0);
    assert_int_equal(next, 7003);
    assert_int_equal(t.cuts.oversized, 0);
    uint64_t total = 0;
    assert_int_equal(hr_cuts_total(&t.cuts, &total, NULL), 0);
    assert_int_equal(total, g);
    end(&t);

    begin(&t, 7003, 64, 0, 4000); /* the samples of 5000 edges stand alone */
    assert_int_equal(hr_cuts_total(&t.cuts, &total, NULL), 0);
    assert_int_equal(t.cuts.oversized, 8); /* 5, 1002, ... 6984 */
    for (g = 0; g < total; g++) {
        assert_int_equal(hr_cuts_at(&t.cuts, g, &share, NULL), 1);
        if (sum_of(&t, share, edges_of) > 4000) {
            assert_int_equal(share.count, 1);
            alone++;
        }
    }
    assert_int_equal(alone, 8);
    end(&t);
}

/* Any batch in any sequence is the same, and ranks of any world share one global order. */
static void cut_anywhere(void **state)
{
    (void)state;
    struct set t, fresh;
    begin(&t, 30011, 8, 200, 0);
    uint64_t total = 0;
    assert_int_equal(hr_cuts_total(&t.cuts, &total, NULL), 0);
    assert_true(total > 1000);
    begin(&fresh, 30011, 8, 200, 0);
    for (uint64_t i = 0; i < 300; i++) {
        uint64_t g = hr_rng_u64(4, i) % (total + 3);
        struct hr_share a = { 0, 0 }, b = { 0, 0 };
        int ra = hr_cuts_at(&t.cuts, g, &a, NULL), rb = hr_cuts_at(&fresh.cuts, g, &b, NULL);
        assert_int_equal(ra, g < total);
        assert_int_equal(ra, rb);
        assert_int_equal(a.position, b.position);
        assert_int_equal(a.count, b.count);
    }
    end(&fresh);
    static const int world[] = { 1, 2, 3, 8 };
    for (size_t w = 0; w < 4; w++)
        for (int tail = HR_TAIL_KEEP; tail <= HR_TAIL_PAD; tail++) {
            begin(&fresh, 3011, 8, 200, 0);
            assert_int_equal(hr_cuts_total(&fresh.cuts, &total, NULL), 0);
            uint64_t g = 0, W = (uint64_t)world[w];
            for (uint64_t step = 0; step < hr_cuts_steps(total, 0, world[w], (enum hr_tail)tail); step++)
                for (int r = 0; r < world[w]; r++) {
                    struct hr_share a, b;
                    int rc = hr_cuts_step(&fresh.cuts, step, r, world[w], (enum hr_tail)tail, &a, NULL);
                    assert_int_equal(rc, step < hr_cuts_steps(total, r, world[w], (enum hr_tail)tail));
                    if (rc == 0)
                        continue;
                    assert_int_equal(hr_cuts_at(&fresh.cuts, g % total, &b, NULL), 1);
                    assert_int_equal(a.position, b.position);
                    assert_int_equal(a.count, b.count);
                    g++;
                }
            assert_int_equal(g, tail == HR_TAIL_KEEP ? total : tail == HR_TAIL_DROP ? total / W * W : (total + W - 1) / W * W);
            struct hr_share past;
            assert_int_equal(hr_cuts_step(&fresh.cuts, total / W + 1, 0, world[w], (enum hr_tail)tail, &past, NULL), 0);
            assert_int_equal(hr_cuts_step(&fresh.cuts, UINT64_MAX, 0, world[w], (enum hr_tail)tail, &past, NULL), 0);
            end(&fresh);
        }
    end(&t);
}

static void cut_fails(void **state)
{
    (void)state;
    struct set t;
    begin(&t, 1000, 8, 200, 0);
    t.sizes.fail_at = 3;
    struct hr_share share;
    int rc = 1;
    for (uint64_t g = 0; rc == 1; g++)
        rc = hr_cuts_at(&t.cuts, g, &share, NULL);
    assert_int_equal(rc, HR_E_IO);
    uint64_t total = 0; /* and works again when the cause is gone */
    assert_int_equal(hr_cuts_total(&t.cuts, &total, NULL), 0);
    struct set fresh;
    uint64_t expected = 0;
    begin(&fresh, 1000, 8, 200, 0);
    assert_int_equal(hr_cuts_total(&fresh.cuts, &expected, NULL), 0);
    assert_int_equal(total, expected);
    end(&fresh);
    end(&t);
    begin(&t, 0, 8, 200, 0);
    assert_int_equal(hr_cuts_at(&t.cuts, 0, &share, NULL), 0);
    assert_int_equal(hr_cuts_step(&t.cuts, 0, 0, 2, HR_TAIL_PAD, &share, NULL), 0);
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(concatenation), cmocka_unit_test(equal_shares_are_global_batches),
        cmocka_unit_test(resumed),       cmocka_unit_test(weights),
        cmocka_unit_test(refuses),       cmocka_unit_test(cut_by_size),
        cmocka_unit_test(cut_anywhere),  cmocka_unit_test(cut_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
