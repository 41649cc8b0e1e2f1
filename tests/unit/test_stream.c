#include "unit.h"

#include "clock.h"
#include "graphs.h"
#include "mem.h"
#include "thread.h"

static void push_graph(hr_stream *s, const struct graphs *g, uint64_t sample, uint64_t timeout, int want)
{
    struct hr_error err = HR_ERROR_INIT;
    const struct hr_chunk *c = &g->chunk[sample / g->chunk_samples];
    uint64_t i = sample % g->chunk_samples;
    const float *x = (const float *)(const void *)c->col[G_X].values + (size_t)c->col[G_X].offsets[i] * G_FX;
    const int64_t *e = (const int64_t *)(const void *)c->col[G_EDGES].values + c->col[G_EDGES].offsets[2 * i];
    const float *a = (const float *)(const void *)c->col[G_ATTR].values + (size_t)c->col[G_ATTR].offsets[i] * G_FA;
    const float *y = (const float *)(const void *)c->col[G_Y].values + i * G_FY;
    struct hr_stream_value v[] = { { x, g_nodes(sample) }, { e, g_edges(sample) }, { a, g_edges(sample) }, { y, 1 } };
    int r = hr_stream_push(s, v, timeout, &err);
    if (r != want)
        fail_msg("push gave %d: %s", r, err.text);
}

/* The samples pushed were `of[i]`; the batch says their sequence numbers. */
static void check(hr_batch *b, const uint64_t *of)
{
    uint64_t real[64];
    assert_true(b->samples <= 64);
    for (uint32_t i = 0; i < b->samples; i++)
        real[i] = of[b->sample[i]];
    hr_batch seen = *b;
    seen.sample = real;
    assert_int_equal(g_check(&seen, false), 0);
}

static struct hr_loader_options usual(void)
{
    struct hr_loader_options o;
    hr_loader_options_init(&o);
    o.budget = 32 << 20;
    o.batch_size = 4;
    return o;
}

static void in_order(void **state)
{
    (void)state;
    struct graphs g;
    struct hr_loader_options o = usual();
    struct hr_error err = HR_ERROR_INIT;
    hr_stream *s;
    hr_batch *b, *held;
    uint64_t of[64];
    g_make(&g, 100, 10, HR_I64);
    if (hr_stream_open(g.field, G_FIELDS, 8, &o, &s, &err) < 0)
        fail_msg("%s", err.text);
    for (uint64_t i = 0; i < 64; i++)
        of[i] = (i * 7) % 100;
    assert_int_equal(hr_stream_next(s, 0, &b, &err), HR_E_CANCELLED);
    for (uint64_t i = 0; i < 8; i++)
        push_graph(s, &g, of[i], 0, 0);
    push_graph(s, &g, of[8], 1000000, HR_E_CANCELLED); /* full: back-pressure */
    assert_int_equal(hr_stream_next(s, 0, &held, &err), 1);
    assert_int_equal(held->samples, 4);
    check(held, of);
    push_graph(s, &g, of[8], 0, 0);
    assert_int_equal(hr_stream_next(s, 0, &b, &err), 1);
    check(b, of);
    hr_batch_release(b);
    assert_int_equal(hr_stream_next(s, 1000000, &b, &err), HR_E_CANCELLED);
    hr_stream_end(s);
    push_graph(s, &g, of[9], 0, HR_E_CANCELLED);
    assert_int_equal(hr_stream_next(s, 0, &b, &err), 1); /* what is left */
    assert_int_equal(b->samples, 1);
    assert_int_equal(b->sample[0], 8);
    check(b, of);
    hr_batch_release(b);
    assert_int_equal(hr_stream_next(s, UINT64_MAX, &b, &err), 0);
    hr_stream_close(s);
    check(held, of);
    hr_batch_release(held);
    g_free(&g);
}

struct producers {
    hr_stream *s;
    const struct graphs *g;
    uint64_t of;
    _Atomic unsigned pushed;
};

static void *produce(void *arg)
{
    struct producers *p = arg;
    for (int i = 0; i < 200; i++)
        push_graph(p->s, p->g, p->of, UINT64_MAX, 0);
    return NULL;
}

/* Many producers, each pushing one graph again and again: every batch is made of whole samples. */
static void many(void **state)
{
    (void)state;
    struct graphs g;
    struct hr_loader_options o = usual();
    hr_stream *s;
    hr_batch *b;
    pthread_t t[4];
    struct producers p[4];
    uint64_t count[4] = { 0 }, n = 0;
    g_make(&g, 4, 4, HR_I64);
    assert_int_equal(hr_stream_open(g.field, G_FIELDS, 5, &o, &s, NULL), 0);
    for (int i = 0; i < 4; i++) {
        p[i] = (struct producers){ s, &g, (uint64_t)i, 0 };
        pthread_create(&t[i], NULL, produce, &p[i]);
    }
    while (n < 800) {
        assert_int_equal(hr_stream_next(s, UINT64_MAX, &b, NULL), 1);
        const float *y = g_tensor(b, "y")->data;
        const int64_t *ptr = g_tensor(b, "ptr")->data;
        const float *x = g_tensor(b, "x")->data;
        for (uint32_t i = 0; i < b->samples; i++) {
            uint64_t who = (uint64_t)y[i * G_FY] / 8;
            assert_true(who < 4);
            assert_int_equal(ptr[i + 1] - ptr[i], g_nodes(who));
            for (uint64_t k = 0; k < g_nodes(who) * (uint64_t)G_FX; k++)
                assert_true(x[(uint64_t)ptr[i] * G_FX + k] == g_x(who, k));
            count[who]++;
        }
        n += b->samples;
        hr_batch_release(b);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        assert_int_equal(count[i], 200);
    }
    hr_stream_close(s);
    g_free(&g);
}

static void *blocked(void *arg)
{
    struct producers *p = arg;
    for (uint64_t i = 0; i < 6; i++, p->pushed++)
        push_graph(p->s, p->g, 0, UINT64_MAX, i < 5 ? 0 : HR_E_CANCELLED);
    return NULL;
}

/* Closing wakes a producer that waits for room. */
static void closed_while_full(void **state)
{
    (void)state;
    struct graphs g;
    struct hr_loader_options o = usual();
    pthread_t t;
    g_make(&g, 4, 4, HR_I64);
    struct producers p = { NULL, &g, 0, 0 };
    assert_int_equal(hr_stream_open(g.field, G_FIELDS, 5, &o, &p.s, NULL), 0);
    pthread_create(&t, NULL, blocked, &p);
    while (p.pushed < 5)
        hr_sleep(1000000);
    hr_sleep(20000000); /* and now it waits, most likely */
    hr_stream_end(p.s);
    pthread_join(t, NULL);
    hr_stream_close(p.s);
    g_free(&g);
}

static void refused(void **state)
{
    (void)state;
    struct graphs g;
    struct hr_loader_options o = usual();
    struct hr_error err = HR_ERROR_INIT;
    hr_stream *s = NULL;
    g_make(&g, 4, 4, HR_I64);
    assert_int_equal(hr_stream_open(g.field, G_FIELDS, 3, &o, &s, &err), HR_E_INVALID);
    o.budget = 1000;
    assert_int_equal(hr_stream_open(g.field, G_FIELDS, 8, &o, &s, &err), HR_E_BUDGET);
    assert_null(s);
    o = usual();
    for (uint64_t n = 1; n < 200; n++) {
        hr_mem_fail_at(n, false);
        int r = hr_stream_open(g.field, G_FIELDS, 8, &o, &s, &err);
        hr_mem_fail_at(0, false);
        if (r == 0)
            break;
        assert_true(r == HR_E_NOMEM && n < 199);
    }
    float x[9] = { 0 }, y[8] = { 0 };
    struct hr_stream_value v[] = { { x, 1 }, { NULL, 0 }, { NULL, 0 }, { y, 2 } };
    assert_int_equal(hr_stream_push(s, v, 0, &err), HR_E_INVALID);
    assert_non_null(strstr(err.text, "'y'"));
    v[3].rows = 1;
    v[2].rows = 3;
    assert_int_equal(hr_stream_push(s, v, 0, &err), HR_E_INVALID);
    v[2].rows = 0;
    v[0].rows = UINT64_MAX / 2;
    assert_int_equal(hr_stream_push(s, v, 0, &err), HR_E_LIMIT);
    v[0].rows = 1;
    assert_int_equal(hr_stream_push(s, v, 0, &err), 0);
    hr_stream_close(s);
    g_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(in_order), cmocka_unit_test(many), cmocka_unit_test(closed_while_full),
                                        cmocka_unit_test(refused) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
