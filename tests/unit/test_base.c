/* src/base: errors, memory with faults, arenas, buffers, views, figures for people, keyed randomness. */
#include "unit.h"

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "hash.h"
#include "human.h"
#include "mem.h"
#include "num.h"
#include "rng.h"

#include <errno.h>
#include <string.h>

static void errors_are_sentences(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    assert_int_equal(hr_fail(&err, HR_E_FORMAT, "'%s' line %d", "a.json", 3), HR_E_FORMAT);
    assert_string_equal(err.text, "'a.json' line 3");
    assert_int_equal(hr_fail_prefix(&err, err.code, "while packing"), HR_E_FORMAT);
    assert_string_equal(err.text, "while packing: 'a.json' line 3");
    assert_int_equal(hr_fail_errno(&err, ENOENT, "'x' cannot be opened"), HR_E_NOT_FOUND);
    assert_string_equal(err.text, "'x' cannot be opened: No such file or directory");
    assert_int_equal(hr_fail(NULL, HR_E_IO, "nobody listens"), HR_E_IO);
    char longer[3000];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    hr_fail(&err, HR_E_IO, "%s", longer);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    hr_fail_prefix(&err, err.code, "p");
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void codes_have_names(void **state)
{
    (void)state;
    for (int c = 0; c >= -14; c--) {
        assert_string_not_equal(hr_code_name(c), "UNKNOWN");
        assert_true(strlen(hr_code_text(c)) > 4);
    }
    assert_string_equal(hr_code_name(-999), "UNKNOWN");
}

static void the_nth_allocation_fails(void **state)
{
    (void)state;
    hr_mem_fail_at(2, false);
    void *a = hr_malloc(8), *b = hr_malloc(8), *c = hr_malloc(8);
    assert_non_null(a);
    assert_null(b);
    assert_non_null(c);
    hr_mem_fail_at(1, true);
    assert_null(hr_calloc(1, 1));
    assert_null(hr_aligned(64, 64));
    hr_mem_fail_at(0, false);
    assert_null(hr_reallocarray(NULL, SIZE_MAX / 2, 3));
    hr_free(a);
    hr_free(c);
}

static void arenas_have_ceilings(void **state)
{
    (void)state;
    struct hr_arena a = HR_ARENA_INIT(40000);
    char *s = hr_arena_str(&a, "lane_0", 6);
    assert_string_equal(s, "lane_0");
    uint64_t *big = hr_arena_alloc(&a, 30000);
    assert_non_null(big);
    assert_int_equal((uintptr_t)big % 16, 0);
    assert_int_equal(big[3000], 0);
    assert_null(hr_arena_alloc(&a, 30000));
    assert_null(hr_arena_alloc(&a, SIZE_MAX));
    assert_null(hr_arena_str(&a, "", SIZE_MAX));
    hr_arena_fini(&a);
}

static void buffers_keep_their_contents(void **state)
{
    (void)state;
    struct hr_buf b = HR_BUF_INIT(100);
    assert_string_equal(b.data, "");
    assert_true(hr_buf_printf(&b, "%d,%s", 7, "x"));
    assert_false(hr_buf_pad(&b, 98, ' '));
    assert_true(b.failed);
    assert_string_equal(b.data, "7,x");
    hr_buf_reset(&b);
    assert_true(hr_buf_pad(&b, 100, '-'));
    assert_false(hr_buf_addc(&b, '-'));
    assert_int_equal(b.len, 100);
    hr_mem_fail_at(1, true);
    struct hr_buf c = HR_BUF_INIT(1 << 20);
    assert_false(hr_buf_adds(&c, "no memory"));
    hr_mem_fail_at(0, false);
    assert_int_equal(c.len, 0);
    char *taken = hr_buf_take(&b);
    assert_int_equal(strlen(taken), 100);
    hr_free(taken);
    hr_buf_fini(&b);
}

static void views_cut_and_trim(void **state)
{
    (void)state;
    struct hr_str rest = HR_STR("a,,b"), one;
    assert_true(hr_str_cut(&rest, ',', &one) && hr_str_is(one, "a"));
    assert_true(hr_str_cut(&rest, ',', &one) && hr_str_is(one, ""));
    assert_true(hr_str_cut(&rest, ',', &one) && hr_str_is(one, "b"));
    assert_false(hr_str_cut(&rest, ',', &one));
    assert_true(hr_str_is(hr_str_trim(HR_STR(" \t x y \r\n")), "x y"));
    assert_true(hr_str_is(hr_str_trim(HR_STR("  ")), ""));
    assert_true(hr_str_ends(HR_STR("a.json"), ".json"));
    assert_false(hr_str_starts(HR_STR("a"), "ab"));
}

static void figures_for_people(void **state)
{
    (void)state;
    assert_string_equal(hr_human_of(0, "sample").text, "0 samples");
    assert_string_equal(hr_human_of(1, "batch").text, "1 batch");
    assert_string_equal(hr_human_of(1234, "batch").text, "1,234 batches");
    assert_string_equal(hr_human_of(2, "epoch").text, "2 epochs");
    assert_string_equal(hr_human_of(UINT64_MAX, "sample").text, "18,446,744,073,709,551,615 samples");
    assert_string_equal(hr_human_bytes(812).text, "812 B");
    assert_string_equal(hr_human_bytes(1536).text, "1.50 KiB");
    assert_string_equal(hr_human_bytes(UINT64_C(1) << 30).text, "1.00 GiB");
    assert_string_equal(hr_human_bytes((UINT64_C(1) << 20) - 1).text, "1.00 MiB");
    assert_string_equal(hr_human_count(1234567).text, "1,234,567");
    assert_string_equal(hr_human_count(999).text, "999");
    assert_string_equal(hr_human_duration(125000000000u).text, "2 min 05 s");
    assert_string_equal(hr_human_duration(340000000u).text, "340 ms");
    assert_string_equal(hr_human_rate(1.35e6).text, "1.35 M/s");
}

static void ranges_do_not_overflow(void **state)
{
    (void)state;
    assert_true(hr_range_ok(10, 0, 10));
    assert_false(hr_range_ok(11, 0, 10));
    assert_false(hr_range_ok(5, UINT64_MAX - 2, 10));
    assert_int_equal(hr_align_up(65, 64), 128);
    assert_int_equal(hr_div_up(10, 3), 4);
}

/* Each bit of a keyed number is about fair, and neighbours in key or counter share about half of their bits. */
static void numbers_are_random_and_keyed(void **state)
{
    (void)state;
    int ones[64] = { 0 }, flips = 0;
    enum { N = 20000 };
    for (uint64_t i = 0; i < N; i++) {
        uint64_t v = hr_rng_u64(hr_rng_key(1, 2, i, 3), 0);
        for (int b = 0; b < 64; b++)
            ones[b] += (int)(v >> b & 1);
        flips += __builtin_popcountll(v ^ hr_rng_u64(hr_rng_key(1, 2, i, 3), 1));
    }
    for (int b = 0; b < 64; b++)
        assert_in_range(ones[b], N / 2 - 400, N / 2 + 400); /* 5.6 standard deviations */
    assert_in_range(flips, N * 32 - 4000, N * 32 + 4000);
    assert_true(hr_rng_key(1, 2, 3, 4) != hr_rng_key(1, 3, 2, 4));
    assert_true(hr_rng_unit(5, 6) == hr_rng_unit(5, 6));
    assert_true(hr_rng_unit(5, 6) >= 0 && hr_rng_unit(5, 6) < 1);
}

static void hashes_of_pieces(void **state)
{
    (void)state;
    if (!hr_hash_available())
        skip();
    struct hr_hasher *h = hr_hasher_create();
    hr_hasher_add(h, "head", 4);
    hr_hasher_add(h, "race", 4);
    assert_true(hr_hasher_value(h) == hr_hash("headrace", 8));
    hr_hasher_destroy(h);
    assert_true(hr_hash("", 0) == UINT64_C(0x2d06800538d394c2)); /* the published value of XXH3-64 of nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_sentences),  cmocka_unit_test(codes_have_names),
        cmocka_unit_test(the_nth_allocation_fails), cmocka_unit_test(arenas_have_ceilings),
        cmocka_unit_test(buffers_keep_their_contents), cmocka_unit_test(views_cut_and_trim),
        cmocka_unit_test(figures_for_people),    cmocka_unit_test(ranges_do_not_overflow),
        cmocka_unit_test(numbers_are_random_and_keyed), cmocka_unit_test(hashes_of_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
