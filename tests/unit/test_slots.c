#include "unit.h"

#include "human.h"
#include "mem.h"
#include "pool.h"

#include <pthread.h>
#include <string.h>

static const struct hr_tensor template[] = { { .name = "a", .dtype = HR_F32, .ndim = 1 }, { .name = "b", .dtype = HR_I64, .ndim = 1 } };

static struct hr_pool *make(uint64_t budget, uint32_t max, bool guard, struct hr_ledger **ret_ledger)
{
    struct hr_pool *pool;
    assert_int_equal(hr_ledger_create(budget, ret_ledger, NULL), 0);
    struct hr_pool_options o = { template, 2, max, guard, false, *ret_ledger };
    assert_int_equal(hr_pool_create(&o, &pool, NULL), 0);
    return pool;
}

static void ledger_counts(void **state)
{
    (void)state;
    struct hr_ledger *l;
    struct hr_error err = HR_ERROR_INIT;
    assert_int_equal(hr_ledger_create(1000, &l, NULL), 0);
    assert_true(hr_ledger_try(l, HR_CHARGE_CACHE, 600));
    assert_false(hr_ledger_try(l, HR_CHARGE_SLOTS, 401));
    assert_int_equal(hr_ledger_take(l, HR_CHARGE_SLOTS, 401, &err), HR_E_BUDGET);
    assert_non_null(strstr(err.text, "batch memory"));
    assert_false(hr_ledger_try(l, HR_CHARGE_SLOTS, UINT64_MAX)); /* no wrap-around */
    assert_int_equal(hr_ledger_take(l, HR_CHARGE_SLOTS, 400, &err), 0);
    assert_int_equal(hr_ledger_room(l), 0);
    hr_ledger_give(l, HR_CHARGE_CACHE, 600);
    assert_int_equal(hr_ledger_total(l), 400);
    assert_int_equal(l->high, 1000);
    assert_int_equal(l->refused, 3);
    hr_ledger_release(l);
}

static void *hammer(void *arg)
{
    struct hr_ledger *l = arg;
    for (int i = 0; i < 20000; i++) {
        enum hr_charge c = (enum hr_charge)(i % HR_CHARGE_COUNT);
        if (hr_ledger_try(l, c, (uint64_t)(i % 700)))
            hr_ledger_give(l, c, (uint64_t)(i % 700));
    }
    return NULL;
}

static void ledger_threads(void **state)
{
    (void)state;
    struct hr_ledger *l;
    pthread_t t[4];
    assert_int_equal(hr_ledger_create(1000, &l, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, hammer, l);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(hr_ledger_total(l), 0);
    assert_true(l->high <= 1000);
    hr_ledger_release(l);
}

static void life(void **state)
{
    (void)state;
    struct hr_ledger *ledger;
    struct hr_pool *pool = make(4 << 20, 2, true, &ledger);
    struct hr_slot *s, *other, *none;
    struct hr_error err = HR_ERROR_INIT;
    assert_int_equal(hr_pool_acquire(pool, &s, NULL), 0);
    assert_int_equal(hr_slot_place(s, 16, (uint64_t[]){ 100, 8 }, NULL), 0);
    assert_int_equal((uintptr_t)s->tensor[0].data % 64, 0);
    assert_ptr_equal((char *)s->tensor[0].data + 128, s->tensor[1].data);
    struct hr_batch *b = hr_slot_publish(s);
    assert_int_equal(hr_pool_acquire(pool, &other, NULL), 0);
    assert_int_equal(hr_pool_acquire(pool, &none, &err), HR_E_BUDGET);
    assert_non_null(strstr(err.text, "all 2 batches"));
    hr_slot_abandon(other);
    uint8_t *data = s->tensor[0].data;
    memset(data, 7, 100);
    hr_batch_retain(b);
    hr_batch_release(b);
    assert_int_equal(data[99], 7);
    hr_batch_release(b);
    assert_int_equal(data[0], 0xDB);
    assert_int_equal(data[127], 0xDB);
    assert_int_equal(hr_pool_busy(pool), 0);
    /* the slot released last comes first */
    assert_int_equal(hr_pool_acquire(pool, &none, NULL), 0);
    assert_ptr_equal(none, s);
    uint64_t before = hr_ledger_total(ledger);
    assert_int_equal(hr_slot_place(s, 16, (uint64_t[]){ 300000, 8 }, NULL), 0); /* grows */
    assert_true(hr_ledger_total(ledger) > before);
    hr_slot_abandon(s);
    hr_pool_trim(pool);
    assert_true(hr_ledger_total(ledger) < 4096);
    hr_pool_close(pool);
    assert_int_equal(hr_ledger_total(ledger), 0);
    hr_ledger_release(ledger);
}

static void refused_growth(void **state)
{
    (void)state;
    struct hr_ledger *ledger;
    struct hr_pool *pool = make(1 << 20, 4, false, &ledger);
    struct hr_slot *s;
    struct hr_error err = HR_ERROR_INIT;
    assert_int_equal(hr_pool_acquire(pool, &s, NULL), 0);
    assert_int_equal(hr_slot_place(s, 1, (uint64_t[]){ 900000, 8 }, NULL), 0); /* without the quarter more */
    assert_int_equal(hr_slot_place(s, 1, (uint64_t[]){ 1 << 20, 8 }, &err), HR_E_BUDGET);
    assert_int_equal(hr_slot_place(s, 1, (uint64_t[]){ UINT64_MAX - 10, 8 }, &err), HR_E_LIMIT);
    assert_int_equal(hr_slot_place(s, 1, (uint64_t[]){ 1000, 8 }, NULL), 0); /* still good */
    memset(s->tensor[0].data, 1, 1000);
    hr_slot_abandon(s);
    hr_pool_close(pool);
    hr_ledger_release(ledger);
}

struct crowd {
    struct hr_pool *pool;
    _Atomic int bad;
};

static void *borrower(void *arg)
{
    struct crowd *c = arg;
    for (int i = 0; i < 3000; i++) {
        struct hr_slot *s;
        if (hr_pool_acquire(c->pool, &s, NULL) < 0)
            continue;
        if (hr_slot_place(s, 4, (uint64_t[]){ (uint64_t)(i % 50) * 1000 + 8, 8 }, NULL) < 0) {
            hr_slot_abandon(s);
            continue;
        }
        *(int *)s->tensor[0].data = i;
        struct hr_batch *b = hr_slot_publish(s);
        hr_batch_retain(b);
        hr_batch_release(b);
        if (*(const int *)b->tensor[0].data != i)
            c->bad++;
        hr_batch_release(b);
    }
    return NULL;
}

static void crowd(void **state)
{
    (void)state;
    struct hr_ledger *ledger;
    struct crowd c = { make(1 << 20, 3, true, &ledger), 0 };
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, borrower, &c);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(c.bad, 0);
    assert_int_equal(hr_pool_busy(c.pool), 0);
    assert_true(hr_pool_slots(c.pool) <= 3);
    hr_pool_close(c.pool);
    assert_int_equal(hr_ledger_total(ledger), 0);
    hr_ledger_release(ledger);
}

/* Whatever allocation fails, nothing leaks and the ledger balances. */
static void faults(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 50; n++) {
        struct hr_ledger *ledger;
        struct hr_pool *pool = NULL;
        struct hr_slot *s = NULL;
        assert_int_equal(hr_ledger_create(1 << 20, &ledger, NULL), 0);
        struct hr_pool_options o = { template, 2, 2, false, false, ledger };
        hr_mem_fail_at(n, false);
        int r = hr_pool_create(&o, &pool, NULL);
        if (r == 0)
            r = hr_pool_acquire(pool, &s, NULL);
        if (r == 0)
            r = hr_slot_place(s, 8, (uint64_t[]){ 64, 64 }, NULL);
        hr_mem_fail_at(0, false);
        if (s != NULL)
            hr_slot_abandon(s);
        hr_pool_close(pool);
        assert_int_equal(hr_ledger_total(ledger), 0);
        hr_ledger_release(ledger);
        if (r == 0)
            return;
        assert_int_equal(r, HR_E_NOMEM);
    }
    fail();
}

static void pinning_has_a_reason(void **state)
{
    (void)state;
    struct hr_ledger *ledger;
    struct hr_pool *pool;
    struct hr_slot *s;
    assert_int_equal(hr_ledger_create(1 << 20, &ledger, NULL), 0);
    struct hr_pool_options o = { template, 2, 2, false, true, ledger };
    assert_int_equal(hr_pool_create(&o, &pool, NULL), 0);
    assert_int_equal(hr_pool_acquire(pool, &s, NULL), 0);
    assert_int_equal(hr_slot_place(s, 8, (uint64_t[]){ 64, 64 }, NULL), 0);
    assert_true(s->pinned || hr_pool_pin_reason(pool) != NULL);
    hr_slot_abandon(s);
    hr_pool_close(pool);
    hr_ledger_release(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ledger_counts), cmocka_unit_test(ledger_threads), cmocka_unit_test(life),  cmocka_unit_test(refused_growth),
        cmocka_unit_test(crowd),         cmocka_unit_test(faults),         cmocka_unit_test(pinning_has_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
