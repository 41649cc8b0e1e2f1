/* The order of an epoch against a plain construction of it, for whole and short chunks in one and many parts. */
#include "unit.h"

#include "mem.h"
#include "order.h"
#include "rng.h"

#include <string.h>

struct made {
    struct hr_order order;
    struct hr_epoch epoch;
    uint32_t chunk_samples;
    uint32_t chunks;
    uint64_t *first; /* of each chunk, and the end */
};

static void make(struct made *m, const uint64_t *part, uint32_t parts, uint32_t chunk_samples, enum hr_order_kind kind,
                 uint64_t window, uint64_t seed, uint64_t epoch)
{
    memset(m, 0, sizeof *m);
    struct hr_order_geometry g = { .chunk_samples = chunk_samples, .parts = parts, .part_samples = part };
    for (uint32_t p = 0; p < parts; p++)
        g.samples += part[p];
    assert_int_equal(hr_order_init(&m->order, &g, kind, window, seed, NULL), 0);
    assert_int_equal(hr_order_epoch(&m->order, epoch, &m->epoch, NULL), 0);
    m->first = hr_calloc(g.samples + 1, sizeof *m->first);
    assert_non_null(m->first);
    uint64_t at = 0;
    for (uint32_t p = 0; p < parts; p++)
        for (uint64_t left = part[p]; left > 0;) {
            uint64_t n = HR_MIN(left, (uint64_t)chunk_samples);
            m->first[m->chunks++] = at;
            at += n;
            left -= n;
        }
    m->first[m->chunks] = at;
    assert_int_equal(m->order.chunks, m->chunks);
}

static void unmake(struct made *m)
{
    hr_epoch_fini(&m->epoch);
    hr_order_fini(&m->order);
    hr_free(m->first);
}

/* Every window is a run of positions whose samples are exactly those of its chunks. */
static void check_windows(const struct made *m, const struct hr_place *place)
{
    const struct hr_order *o = &m->order;
    uint32_t rank = 0;
    uint64_t position = 0;
    uint8_t *seen = hr_calloc(o->samples + 1, 1);
    uint32_t *window_of = hr_calloc((size_t)m->chunks + 1, sizeof *window_of);
    assert_non_null(seen);
    assert_non_null(window_of);
    for (uint64_t w = 0; position < o->samples; w++) {
        assert_int_equal(hr_epoch_window_start(&m->epoch, w), position);
        uint64_t end = position;
        uint32_t chunks = 0;
        for (; chunks < o->window_chunks && rank + chunks < m->chunks; chunks++) {
            uint32_t c = hr_epoch_chunk_at(&m->epoch, rank + chunks);
            assert_true(c < m->chunks);
            assert_int_equal(hr_epoch_chunk_rank(&m->epoch, c), rank + chunks);
            window_of[c] = (uint32_t)w;
            end += m->first[c + 1] - m->first[c];
        }
        for (uint64_t p = position; p < end; p++) {
            struct hr_window got = hr_epoch_window(&m->epoch, p);
            assert_int_equal(got.number, w);
            assert_int_equal(got.position, position);
            assert_int_equal(got.samples, end - position);
            assert_int_equal(got.rank, rank);
            assert_int_equal(got.chunks, chunks);
            assert_int_equal(window_of[place[p].chunk], w);
            assert_true(place[p].sample < o->samples);
            assert_int_equal(seen[place[p].sample], 0);
            seen[place[p].sample] = 1;
        }
        position = end;
        rank += chunks;
    }
    assert_int_equal(rank, m->chunks);
    assert_int_equal(hr_epoch_window_start(&m->epoch, hr_epoch_windows(&m->epoch)), o->samples);
    hr_free(seen);
    hr_free(window_of);
}

static void check(const uint64_t *part, uint32_t parts, uint32_t chunk_samples, enum hr_order_kind kind, uint64_t window)
{
    struct made m;
    make(&m, part, parts, chunk_samples, kind, window, 17, 3);
    uint64_t n = m.order.samples;
    struct hr_place *place = hr_calloc(n + 1, sizeof *place);
    uint64_t *number = hr_calloc(n + 70, sizeof *number);
    assert_non_null(place);
    assert_non_null(number);
    struct hr_cursor c;
    assert_int_equal(hr_cursor_init(&c, &m.order, NULL), 0);
    hr_epoch_places(&m.epoch, &c, 0, n, place);
    for (uint64_t p = 0; p < n; p++) {
        assert_int_equal(place[p].sample, m.first[place[p].chunk] + place[p].index);
        assert_true(place[p].sample < m.first[place[p].chunk + 1]);
        struct hr_place again = hr_order_place(&m.order, place[p].sample);
        assert_int_equal(again.chunk, place[p].chunk);
        assert_int_equal(again.index, place[p].index);
    }
    for (uint32_t k = 0; k < m.chunks; k++) {
        assert_int_equal(hr_order_chunk_first(&m.order, k), m.first[k]);
        assert_int_equal(hr_order_chunk_samples(&m.order, k), m.first[k + 1] - m.first[k]);
    }
    check_windows(&m, place);
    for (uint64_t i = 0; n > 0 && i < 40; i++) { /* from anywhere, across the end, with and without a cursor */
        uint64_t at = hr_rng_u64(1, i) % n;
        size_t run = (size_t)(hr_rng_u64(2, i) % 70);
        hr_epoch_range(&m.epoch, i % 2 ? &c : NULL, at + (i % 3) * n, run, number);
        for (size_t j = 0; j < run; j++)
            assert_int_equal(number[j], place[(at + j) % n].sample);
        assert_int_equal(hr_epoch_at(&m.epoch, at), place[at].sample);
    }
    hr_cursor_fini(&c);
    hr_free(place);
    hr_free(number);
    unmake(&m);
}

static void against_construction(void **state)
{
    (void)state;
    static const uint64_t one[] = { 1000 }, exact[] = { 960 }, three[] = { 100, 7, 333 }, holes[] = { 0, 64, 0, 5, 1, 0 },
                          ones[] = { 1, 1, 1, 1, 1, 1, 1 }, single[] = { 1 }, none[] = { 0 };
    uint64_t many[60];
    for (uint64_t i = 0; i < 60; i++)
        many[i] = hr_rng_u64(9, i) % 90;
    static const uint32_t chunk[] = { 1, 2, 7, 32, 64, 5000 };
    static const uint64_t window[] = { 0, 1, 2, 3, 8, 100000 };
    const struct {
        const uint64_t *part;
        uint32_t n;
    } set[] = { { one, 1 }, { exact, 1 }, { three, 3 }, { holes, 6 }, { ones, 7 }, { single, 1 }, { none, 1 }, { many, 60 }, { NULL, 0 } };
    for (size_t s = 0; s < HR_COUNT(set); s++)
        for (size_t c = 0; c < HR_COUNT(chunk); c++)
            for (size_t w = 0; w < HR_COUNT(window); w++)
                for (int kind = HR_ORDER_SEQUENTIAL; kind <= HR_ORDER_WINDOWED; kind++)
                    check(set[s].part, set[s].n, chunk[c], (enum hr_order_kind)kind, window[w]);
}

static void sequential_is_storage_order(void **state)
{
    (void)state;
    static const uint64_t part[] = { 50, 3, 40 };
    struct made m;
    make(&m, part, 3, 16, HR_ORDER_SEQUENTIAL, 2, 1, 5);
    for (uint64_t p = 0; p < 93; p++)
        assert_int_equal(hr_epoch_at(&m.epoch, p), p);
    unmake(&m);
}

/* Seeds, epochs and windows give other orders; the same ones give the same order, also from a reused struct. */
static void keyed(void **state)
{
    (void)state;
    static const uint64_t part[] = { 5000 };
    struct made a, b;
    for (int kind = HR_ORDER_FULL; kind <= HR_ORDER_WINDOWED; kind++) {
        make(&a, part, 1, 50, (enum hr_order_kind)kind, 10, 1, 0);
        for (uint64_t other = 0; other < 3; other++) {
            make(&b, part, 1, 50, (enum hr_order_kind)kind, 10, other == 1 ? 2 : 1, other == 2 ? 1 : 0);
            unsigned same = 0;
            for (uint64_t p = 0; p < 5000; p++)
                same += hr_epoch_at(&a.epoch, p) == hr_epoch_at(&b.epoch, p);
            assert_true(other == 0 ? same == 5000 : same < 60);
            unmake(&b);
        }
        uint64_t before = hr_epoch_at(&a.epoch, 77);
        assert_int_equal(hr_order_epoch(&a.order, 9, &a.epoch, NULL), 0);
        assert_int_equal(hr_order_epoch(&a.order, 0, &a.epoch, NULL), 0);
        assert_int_equal(hr_epoch_at(&a.epoch, 77), before);
        unmake(&a);
    }
}

/* One cursor for two epochs never gives one epoch's samples for the other's. */
static void cursor_follows_epoch(void **state)
{
    (void)state;
    static const uint64_t part[] = { 3000, 11 };
    struct made m;
    make(&m, part, 2, 50, HR_ORDER_WINDOWED, 10, 1, 0);
    struct hr_epoch next = { .order = NULL };
    assert_int_equal(hr_order_epoch(&m.order, 1, &next, NULL), 0);
    struct hr_cursor c;
    assert_int_equal(hr_cursor_init(&c, &m.order, NULL), 0);
    for (uint64_t p = 0; p < 3000; p += 37) {
        uint64_t a, b;
        hr_epoch_range(&m.epoch, &c, p, 1, &a);
        hr_epoch_range(&next, &c, p, 1, &b);
        assert_int_equal(a, hr_epoch_at(&m.epoch, p));
        assert_int_equal(b, hr_epoch_at(&next, p));
    }
    hr_cursor_fini(&c);
    hr_epoch_fini(&next);
    unmake(&m);
}

/* Numbers beyond 32 bits, where the division takes its other way. */
static void huge(void **state)
{
    (void)state;
    static const uint64_t part[] = { UINT64_C(3000000000001), UINT64_C(70000000007), 5 };
    struct hr_order_geometry g = { .samples = part[0] + part[1] + part[2], .chunk_samples = 1000, .parts = 3, .part_samples = part };
    for (int kind = HR_ORDER_SEQUENTIAL; kind <= HR_ORDER_WINDOWED; kind++) {
        struct hr_order o;
        struct hr_epoch e = { .order = NULL };
        assert_int_equal(hr_order_init(&o, &g, (enum hr_order_kind)kind, 64, 1, NULL), 0);
        assert_int_equal(hr_order_epoch(&o, 0, &e, NULL), 0);
        for (uint64_t i = 0; i < 200; i++) {
            uint64_t p = i < 100 ? hr_rng_u64(3, i) % g.samples : g.samples - 1 - (i - 100);
            struct hr_place a;
            hr_epoch_places(&e, NULL, p, 1, &a);
            assert_int_equal(hr_order_chunk_first(&o, a.chunk) + a.index, a.sample);
            assert_true(a.index < hr_order_chunk_samples(&o, a.chunk));
            struct hr_window w = hr_epoch_window(&e, p);
            assert_true(p >= w.position && p - w.position < w.samples);
            uint32_t rank = hr_epoch_chunk_rank(&e, a.chunk);
            assert_true(rank >= w.rank && rank - w.rank < w.chunks);
        }
        hr_epoch_fini(&e);
        hr_order_fini(&o);
    }
}

static void refuses(void **state)
{
    (void)state;
    static const uint64_t part[] = { 10, 20 };
    static const uint64_t vast[] = { UINT64_C(1) << 62, UINT64_C(1) << 62 };
    struct hr_order o;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_order_geometry g = { .samples = 31, .chunk_samples = 4, .parts = 2, .part_samples = part };
    assert_int_equal(hr_order_init(&o, &g, HR_ORDER_FULL, 0, 0, &err), HR_E_INVALID);
    assert_non_null(strstr(err.text, "31"));
    g.samples = 30;
    g.chunk_samples = 0;
    assert_int_equal(hr_order_init(&o, &g, HR_ORDER_FULL, 0, 0, &err), HR_E_INVALID);
    g = (struct hr_order_geometry){ .samples = UINT64_C(1) << 63, .chunk_samples = 4, .parts = 2, .part_samples = vast };
    assert_int_equal(hr_order_init(&o, &g, HR_ORDER_FULL, 0, 0, &err), HR_E_LIMIT);
    g = (struct hr_order_geometry){ .samples = UINT64_C(1) << 40, .chunk_samples = 1, .parts = 1, .part_samples = &(uint64_t){ UINT64_C(1) << 40 } };
    assert_int_equal(hr_order_init(&o, &g, HR_ORDER_FULL, 0, 0, &err), HR_E_LIMIT);
}

/* Every allocation may fail: an error, and nothing leaks (the sanitizers look). */
static void out_of_memory(void **state)
{
    (void)state;
    static const uint64_t part[] = { 100, 33 };
    struct hr_order_geometry g = { .samples = 133, .chunk_samples = 16, .parts = 2, .part_samples = part };
    int done = 0;
    for (uint64_t n = 1; !done; n++) {
        struct hr_order o = { .samples = 0 };
        struct hr_epoch e = { .order = NULL };
        struct hr_cursor c = { .order = NULL };
        hr_mem_fail_at(n, false);
        int rc = hr_order_init(&o, &g, HR_ORDER_WINDOWED, 3, 0, NULL);
        if (rc == 0)
            rc = hr_order_epoch(&o, 0, &e, NULL);
        if (rc == 0)
            rc = hr_cursor_init(&c, &o, NULL);
        hr_mem_fail_at(0, false);
        done = rc == 0;
        assert_true(rc == 0 || rc == HR_E_NOMEM);
        hr_cursor_fini(&c);
        hr_epoch_fini(&e);
        hr_order_fini(&o);
        assert_true(n < 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_construction), cmocka_unit_test(sequential_is_storage_order), cmocka_unit_test(keyed),
        cmocka_unit_test(cursor_follows_epoch), cmocka_unit_test(huge),                        cmocka_unit_test(refuses),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
