#include "unit.h"

#include "gather.h"
#include "graphs.h"
#include "mem.h"

static struct hr_pool *pool_for(const struct hr_collate *c, uint64_t budget, bool guard, struct hr_ledger **ret_ledger)
{
    struct hr_pool *pool;
    assert_int_equal(hr_ledger_create(budget, ret_ledger, NULL), 0);
    struct hr_pool_options po = { c->tensor, c->outs, 4, guard, false, *ret_ledger };
    assert_int_equal(hr_pool_create(&po, &pool, NULL), 0);
    return pool;
}

static void pick(const struct graphs *g, struct hr_plan *p, uint32_t n, uint64_t seed)
{
    p->n = n;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t s = hr_mix64(seed * 1000 + i) % g->samples;
        p->sample[i] = s;
        p->pick[i] = (struct hr_pick){ g->chunk[s / g->chunk_samples].col, (uint32_t)(s % g->chunk_samples), 0 };
    }
}

static void graph_join(void **state)
{
    (void)state;
    static const enum hr_dtype types[] = { HR_U8, HR_U16, HR_I32, HR_U32, HR_I64 };
    for (size_t t = 0; t < HR_COUNT(types); t++) {
        for (int rows = 0; rows < 2; rows++) {
            struct graphs g;
            struct hr_collate c;
            struct hr_plan p[2] = { { 0 } };
            struct hr_ledger *ledger;
            struct hr_loader_options o = { .edge_rows = rows };
            g_make(&g, 500, 33, types[t]);
            assert_int_equal(hr_collate_init(&c, &g.schema, g.layout, &o, NULL, NULL), 0);
            assert_int_equal(c.outs, 6);
            struct hr_pool *pool = pool_for(&c, 16 << 20, false, &ledger);
            assert_int_equal(hr_plan_init(&p[0], &c, 64, ledger, NULL), 0);
            assert_int_equal(hr_plan_init(&p[1], &c, 64, ledger, NULL), 0);
            for (uint32_t k = 0; k < 20; k++) {
                struct hr_slot *s;
                uint32_t n = k == 3 ? 0 : 1 + k * 3;
                pick(&g, &p[0], n, k);
                pick(&g, &p[1], 64 - k, k + 1);
                hr_gather_foresee(&c, &p[0]);
                assert_int_equal(hr_gather_measure(&c, &p[0], NULL), 0);
                assert_int_equal(hr_gather_measure(&c, &p[1], NULL), 0);
                assert_int_equal(hr_pool_acquire(pool, &s, NULL), 0);
                assert_int_equal(hr_gather_fill(&c, &p[0], &p[1], s, NULL), 0);
                struct hr_batch *b = hr_slot_publish(s);
                assert_int_equal(b->samples, n);
                assert_int_equal(g_check(b, rows), 0);
                for (int i = 0; i < b->tensors; i++)
                    assert_int_equal((uintptr_t)b->tensor[i].data % 64, 0);
                hr_batch_release(b);
            }
            hr_pool_close(pool);
            assert_int_equal(hr_ledger_total(ledger), 0);
            hr_ledger_release(ledger);
            hr_plan_fini(&p[0]);
            hr_plan_fini(&p[1]);
            hr_collate_fini(&c);
            g_free(&g);
        }
    }
}

/* Every field that a small schema of the other kinds can have, in one chunk of three samples. */
static const float seq[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }; /* [-1, 2]: 1, 3 and 2 rows */
static const int32_t seq_o[] = { 0, 1, 4, 6 };
static const uint8_t pair[] = { 1, 2, 3, 4, 5, 6 }; /* [2, -1] of int64, stored uint8: 1, 0 and 2 */
static const int32_t pair_o[] = { 0, 1, 2, 2, 2, 4, 6 };
static const char text[] = "abcde"; /* "abc", "", "de" */
static const int32_t text_o[] = { 0, 3, 3, 5 };
static const int8_t quant[] = { -128, 127, 0, 1, 2, 3 }; /* [2] */
static const double scale[] = { 0.5, 2 }, offset[] = { 1, -1 };
static const uint16_t half[] = { 0x3C00, 0xC000, 0x7C00 };
static struct hr_field small_field[] = {
    { .name = "seq", .dtype = HR_F32, .stored = HR_F32, .ndim = 2, .shape = { -1, 2 } },
    { .name = "pair", .dtype = HR_I64, .stored = HR_U8, .ndim = 2, .shape = { 2, -1 } },
    { .name = "text", .dtype = HR_STR, .stored = HR_STR },
    { .name = "quant", .dtype = HR_F32, .stored = HR_I8, .ndim = 1, .shape = { 2 }, .scale = scale, .offset = offset, .quant_n = 2 },
    { .name = "half", .dtype = HR_F32, .stored = HR_F16 },
};
static struct hr_layout small_layout[] = { { 0, 1, 2, 4 }, { 1, 2, 1, 1 }, { 0, 1, 1, 1 }, { -1, 0, 2, 1 }, { -1, 0, 1, 2 } };
static struct hr_column small_column[] = {
    { (const uint8_t *)seq, seq_o, sizeof seq }, { pair, pair_o, sizeof pair }, { (const uint8_t *)text, text_o, 5 },
    { (const uint8_t *)quant, NULL, 6 },         { (const uint8_t *)half, NULL, 6 },
};
static struct hr_schema small = { HR_COUNT(small_field), small_field };

static void is_padded(const struct hr_batch *b)
{
    const struct hr_tensor *t = g_tensor(b, "seq");
    static const float want[] = { 9, 10, 11, 12, 0, 0, 3, 4, 5, 6, 7, 8, 1, 2, 0, 0, 0, 0 };
    assert_int_equal(t->ndim, 3);
    assert_true(t->shape[0] == 3 && t->shape[1] == 3 && t->shape[2] == 2);
    assert_memory_equal(t->data, want, sizeof want);
    static const int64_t pairs[] = { 3, 4, 5, 6, 0, 0, 0, 0, 1, 0, 2, 0 };
    t = g_tensor(b, "pair");
    assert_true(t->ndim == 3 && t->shape[0] == 3 && t->shape[1] == 2 && t->shape[2] == 2);
    assert_memory_equal(t->data, pairs, sizeof pairs);
    static const int64_t len[] = { 2, 0, 1 };
    assert_memory_equal(g_tensor(b, "pair_len")->data, len, sizeof len);
    t = g_tensor(b, "text");
    assert_true(t->ndim == 2 && t->shape[1] == 3);
    assert_memory_equal(t->data, "de\0\0\0\0abc", 9);
}

static void is_stacked(const struct hr_batch *b)
{
    const struct hr_tensor *t = g_tensor(b, "seq");
    static const float want[] = { 9, 10, 11, 12, 3, 4, 5, 6, 7, 8, 1, 2 };
    assert_true(t->ndim == 2 && t->shape[0] == 6 && t->shape[1] == 2);
    assert_memory_equal(t->data, want, sizeof want);
    static const int64_t pairs[] = { 3, 4, 1, 5, 6, 2 }, ptr[] = { 0, 2, 2, 3 };
    t = g_tensor(b, "pair");
    assert_true(t->ndim == 2 && t->shape[0] == 2 && t->shape[1] == 3);
    assert_memory_equal(t->data, pairs, sizeof pairs);
    assert_memory_equal(g_tensor(b, "pair_ptr")->data, ptr, sizeof ptr);
    t = g_tensor(b, "text");
    assert_true(t->ndim == 1 && t->shape[0] == 5 && t->dtype == HR_U8);
    assert_memory_equal(t->data, "deabc", 5);
}

/* The fields of one shape, and the life of a batch that outlives its pool. */
static void is_kept_while_it_is_held(struct hr_batch *b, struct hr_pool *pool)
{
    static const float q[] = { 2, 5, 1, 1, -63, 253 };
    assert_memory_equal(g_tensor(b, "quant")->data, q, sizeof q);
    const float *h = g_tensor(b, "half")->data;
    assert_true(h[0] == __builtin_inff() && h[1] == -2 && h[2] == 1);
    const uint8_t *bytes = g_tensor(b, "quant")->data;
    hr_batch_retain(b);
    hr_batch_release(b);
    assert_true(bytes[0] != 0xDB || bytes[1] != 0xDB);
    hr_pool_close(pool); /* the batch outlives the pool's owner, and is poisoned when it is released */
    assert_memory_equal(g_tensor(b, "quant")->data, q, sizeof q);
    hr_batch_release(b);
}

static void stack_and_pad(void **state)
{
    (void)state;
    for (int pad = 0; pad < 2; pad++) {
        struct hr_loader_options o = { .join = pad ? HR_JOIN_PAD : HR_JOIN_STACK };
        struct hr_collate c;
        struct hr_plan p;
        struct hr_ledger *ledger;
        struct hr_slot *s;
        assert_int_equal(hr_collate_init(&c, &small, small_layout, &o, NULL, NULL), 0);
        struct hr_pool *pool = pool_for(&c, 1 << 20, true, &ledger);
        assert_int_equal(hr_plan_init(&p, &c, 3, ledger, NULL), 0);
        p.n = 3;
        for (uint32_t i = 0; i < 3; i++) {
            p.sample[i] = 2 - i;
            p.pick[i] = (struct hr_pick){ small_column, 2 - i, 0 };
        }
        assert_int_equal(hr_gather_measure(&c, &p, NULL), 0);
        assert_int_equal(hr_pool_acquire(pool, &s, NULL), 0);
        assert_int_equal(hr_gather_fill(&c, &p, NULL, s, NULL), 0);
        struct hr_batch *b = hr_slot_publish(s);
        if (pad)
            is_padded(b);
        else
            is_stacked(b);
        is_kept_while_it_is_held(b, pool);
        assert_int_equal(hr_ledger_total(ledger), 0);
        hr_ledger_release(ledger);
        hr_plan_fini(&p);
        hr_collate_fini(&c);
    }
}

static void bad_samples(void **state)
{
    (void)state;
    struct graphs g;
    struct hr_collate c;
    struct hr_plan p;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_loader_options o = { 0 };
    g_make(&g, 40, 40, HR_I64);
    assert_int_equal(hr_collate_init(&c, &g.schema, g.layout, &o, NULL, NULL), 0);
    assert_int_equal(hr_plan_init(&p, &c, 4, NULL, NULL), 0);
    for (uint32_t i = 0; i < 4; i++) {
        p.sample[i] = i + 10;
        p.pick[i] = (struct hr_pick){ g.col, i + 10, 0 };
    }
    p.n = 4;
    ((int32_t *)g.col[G_ATTR].offsets)[13]--; /* sample 12 has a row less, 13 one more */
    assert_int_equal(hr_gather_measure(&c, &p, &err), HR_E_BAD_SAMPLE);
    assert_non_null(strstr(err.text, "sample 12: 'edge_attr'"));
    ((int32_t *)g.col[G_ATTR].offsets)[13]++;
    ((int32_t *)g.col[G_EDGES].offsets)[2 * 11 + 1]++;
    assert_int_equal(hr_gather_measure(&c, &p, &err), HR_E_BAD_SAMPLE);
    assert_non_null(strstr(err.text, "sample 11: the lists of 'edge_index'"));
    hr_plan_fini(&p);
    hr_collate_fini(&c);
    g_free(&g);
}

static void refused(void **state)
{
    (void)state;
    struct graphs g;
    struct hr_collate c;
    struct hr_error err = HR_ERROR_INIT;
    g_make(&g, 4, 4, HR_I64);
    struct hr_loader_options o = { .fields = (const char *const[]){ "x", "z", NULL } };
    assert_int_equal(hr_collate_init(&c, &g.schema, g.layout, &o, NULL, &err), HR_E_INVALID);
    assert_non_null(strstr(err.text, "'z'"));
    o.fields = (const char *const[]){ "edge_index", NULL };
    assert_int_equal(hr_collate_init(&c, &g.schema, g.layout, &o, NULL, &err), HR_E_INVALID);
    o.fields = (const char *const[]){ NULL };
    assert_int_equal(hr_collate_init(&c, &g.schema, g.layout, &o, NULL, &err), HR_E_INVALID);
    o.fields = NULL;
    strcpy(g.field[G_Y].name, "batch");
    assert_int_equal(hr_collate_init(&c, &g.schema, g.layout, &o, NULL, &err), HR_E_INVALID);
    assert_non_null(strstr(err.text, "'batch'"));
    /* every allocation of init can fail */
    strcpy(g.field[G_Y].name, "y");
    for (uint64_t n = 1; n < 100; n++) {
        hr_mem_fail_at(n, false);
        int r = hr_collate_init(&c, &g.schema, g.layout, &o, NULL, &err);
        hr_mem_fail_at(0, false);
        if (r == 0)
            break;
        assert_int_equal(r, HR_E_NOMEM);
        assert_true(n < 99);
    }
    hr_collate_fini(&c);
    g_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(graph_join), cmocka_unit_test(stack_and_pad), cmocka_unit_test(bad_samples),
                                        cmocka_unit_test(refused) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
