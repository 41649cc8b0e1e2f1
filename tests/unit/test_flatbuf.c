#include "unit.h"

#include "flatbuf.h"
#include "mem.h"

#include <stdlib.h>
#include <string.h>

/* One table of each kind of value: what the reading tests read. */
static const void *build(struct hr_fbb *b, size_t *n)
{
    static const int64_t longs[3] = { -1, 0, INT64_MAX };
    const void *p = NULL;
    hr_fbref text = hr_fbb_str(b, HR_STR("hello")), vec = hr_fbb_vec(b, longs, 3, 8, 8), children[2];
    for (int i = 0; i < 2; i++) {
        hr_fbb_begin(b);
        hr_fbb_int(b, 0, 4, 100 + i);
        children[i] = hr_fbb_end(b);
    }
    hr_fbref list = hr_fbb_vec_refs(b, children, 2);
    hr_fbb_begin(b);
    hr_fbb_int(b, 0, 1, -2);
    hr_fbb_int(b, 1, 8, -3000000000);
    hr_fbb_ref(b, 2, text);
    hr_fbb_ref(b, 3, vec);
    hr_fbb_ref(b, 4, list);
    hr_fbb_int(b, 6, 2, 777);
    hr_fbb_ref(b, 7, children[0]);
    return hr_fbb_finish(b, hr_fbb_end(b), &p, n) ? p : NULL;
}

/* Reads everything there is; true when each value is what was built.  Any bytes may be given. */
static bool read_all(const void *p, size_t n)
{
    struct hr_fb t, child;
    struct hr_str s;
    struct hr_fb_vec longs, tables;
    int64_t a, b, c, d, e = 0;
    bool there, ok = true;
    if (!hr_fb_root(p, n, &t) || !hr_fb_int(&t, 0, 1, 9, &a) || !hr_fb_int(&t, 1, 8, 9, &b) || !hr_fb_str(&t, 2, &s) ||
        !hr_fb_vec(&t, 3, 8, &longs) || !hr_fb_vec(&t, 4, 4, &tables) || !hr_fb_int(&t, 5, 4, 42, &c) ||
        !hr_fb_int(&t, 6, 2, 9, &d) || !hr_fb_table(&t, 7, &child, &there))
        return false;
    for (uint32_t i = 0; i < longs.n; i++)
        e += hr_fb_i64(hr_fb_vec_at(&longs, i)) == INT64_MAX;
    for (uint32_t i = 0; i < tables.n; i++) {
        int64_t v = 0;
        struct hr_fb row;
        ok &= hr_fb_vec_table(&tables, i, &row) && hr_fb_int(&row, 0, 4, 0, &v) && v == 100 + (int64_t)i;
    }
    for (size_t i = 0; i < s.n; i++)
        e += s.p[i] == 0;
    return ok && a == -2 && b == -3000000000 && hr_str_is(s, "hello") && longs.n == 3 && tables.n == 2 && c == 42 && d == 777 &&
           there && e == 1;
}

static void built_and_read(void **state)
{
    (void)state;
    struct hr_fbb b = HR_FBB_INIT(1 << 16);
    size_t n = 0;
    const void *p = build(&b, &n);
    assert_non_null(p);
    assert_int_equal(n % 8, 0);
    assert_true(read_all(p, n));
    hr_fbb_reset(&b);
    assert_non_null(build(&b, &n)); /* the memory is used again */
    hr_fbb_fini(&b);
}

/* 8-byte scalars and structs lie on multiples of 8 of the finished buffer, whatever came before. */
static void alignment(void **state)
{
    (void)state;
    for (size_t len = 0; len < 9; len++) {
        struct hr_fbb b = HR_FBB_INIT(1 << 16);
        static const int64_t longs[1] = { 5 };
        const void *p = NULL;
        size_t n = 0;
        struct hr_fb t;
        struct hr_fb_vec v;
        hr_fbref s = hr_fbb_str(&b, (struct hr_str){ "abcdefghi", len }), vec = hr_fbb_vec(&b, longs, 1, 8, 8);
        hr_fbb_begin(&b);
        hr_fbb_int(&b, 0, 1, 1);
        hr_fbb_int(&b, 1, 8, 2);
        hr_fbb_ref(&b, 2, s);
        hr_fbb_ref(&b, 3, vec);
        assert_true(hr_fbb_finish(&b, hr_fbb_end(&b), &p, &n));
        assert_true(hr_fb_root(p, n, &t) && hr_fb_vec(&t, 3, 8, &v));
        assert_int_equal(v.at % 8, 0);
        uint16_t off;
        memcpy(&off, (const uint8_t *)p + t.vtable + 4 + 2, 2);
        assert_int_equal((t.at + off) % 8, 0);
        hr_fbb_fini(&b);
    }
}

/* Every byte set to every of a few values, and every cut: the exact-size copy lets ASan see any read outside. */
static void hostile(void **state)
{
    (void)state;
    struct hr_fbb b = HR_FBB_INIT(1 << 16);
    size_t n = 0, same = 0;
    const void *p = build(&b, &n);
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *q = malloc(cut + (cut == 0));
        memcpy(q, p, cut);
        same += read_all(q, cut);
        free(q);
    }
    static const uint8_t values[] = { 0, 1, 4, 0x7F, 0x80, 0xFF };
    uint8_t *q = malloc(n);
    for (size_t at = 0; at < n; at++) {
        for (size_t k = 0; k < sizeof values; k++) {
            memcpy(q, p, n);
            q[at] = values[k];
            same += read_all(q, n);
        }
    }
    free(q);
    assert_true(same > 0 && same < n * sizeof values); /* padding may be anything; much else may not */
    hr_fbb_fini(&b);
}

static void misuse_is_told(void **state)
{
    (void)state;
    const void *p;
    size_t n;
    struct hr_fbb b = HR_FBB_INIT(1 << 16);
    hr_fbb_begin(&b);
    assert_int_equal(hr_fbb_str(&b, HR_STR("inside a table")), 0);
    assert_false(hr_fbb_finish(&b, hr_fbb_end(&b), &p, &n));
    hr_fbb_reset(&b);
    hr_fbb_begin(&b);
    hr_fbb_int(&b, 0, 4, 1);
    hr_fbb_int(&b, 0, 4, 1); /* twice */
    assert_false(hr_fbb_finish(&b, hr_fbb_end(&b), &p, &n));
    hr_fbb_fini(&b);
    struct hr_fbb small = HR_FBB_INIT(64);
    char text[100];
    memset(text, 'x', sizeof text);
    assert_int_equal(hr_fbb_str(&small, (struct hr_str){ text, sizeof text }), 0);
    assert_true(small.failed);
    hr_fbb_fini(&small);
    hr_mem_fail_at(1, false);
    struct hr_fbb none = HR_FBB_INIT(1 << 16);
    assert_null(build(&none, &n));
    hr_mem_fail_at(0, false);
    hr_fbb_fini(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(built_and_read), cmocka_unit_test(alignment), cmocka_unit_test(hostile),
                                        cmocka_unit_test(misuse_is_told) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
