/* Memory that adds up: whatever meminfo says, the parts sum to MemTotal (and to what the kernel counts twice). */
#include "unit.h"

#include "mem.h"
#include "rng.h"
#include "watch_inside.h"

#include <stdio.h>
#include <string.h>

static uint64_t sum(const struct hr_account *a)
{
    uint64_t n = 0;
    for (unsigned p = 0; p < HR_PARTS; p++)
        n += a->part[p].why == HR_WHY_KNOWN ? a->part[p].v : 0;
    return n;
}

static struct hr_account of(const char *meminfo, const char *vmstat)
{
    struct hr_account a;
    memset(&a, 0, sizeof a);
    hr_account_of(hr_str(meminfo), hr_str(vmstat), 4096, &a);
    return a;
}

static void a_whole_meminfo(void **state)
{
    (void)state;
    struct hr_account a = of("MemTotal:  1000 kB\nMemFree: 100 kB\nMemAvailable: 300 kB\nBuffers: 10 kB\nCached: 200 kB\nSwapTotal: 50 kB\n"
                             "SwapFree: 20 kB\nDirty: 15 kB\nWriteback: 5 kB\nAnonPages: 400 kB\nShmem: 60 kB\nSReclaimable: 30 kB\nSUnreclaim: 20 kB\n"
                             "KernelStack: 8 kB\nPageTables: 12 kB\nVmallocUsed: 18 kB\nPercpu: 4 kB\nHugetlb: 40 kB\n",
                             "nr_zspages 2\n");
    assert_int_equal(a.part[HR_PART_CACHE].v, (210 - 60 - 20) * 1024);
    assert_int_equal(a.part[HR_PART_DIRTY].v, 20 * 1024);
    assert_int_equal(a.part[HR_PART_VMALLOC].v, (18 - 8 + 4) * 1024);
    assert_int_equal(a.part[HR_PART_ZSWAP].v, 8192);
    assert_int_equal(a.part[HR_PART_OTHER].v, (1000 - 100 - 210 - 400 - 30 - 20 - 8 - 12 - 14 - 40 - 8) * 1024);
    assert_int_equal(sum(&a), 1000 * 1024);
    assert_int_equal(a.swap_used.v, 30 * 1024);
    assert_int_equal(a.overlap, 0);
}

static void what_is_not_told_is_unknown_and_in_the_remainder(void **state)
{
    (void)state;
    struct hr_account a = of("MemTotal: 1000 kB\nMemFree: 100 kB\n", "");
    assert_int_equal(a.part[HR_PART_ANON].why, HR_WHY_KERNEL);
    assert_int_equal(a.part[HR_PART_OTHER].v, 900 * 1024);
    assert_false(a.available.known);
    assert_non_null(strstr(a.available.why, "MemAvailable"));
    a = of("", "");
    assert_false(a.total.known);
    assert_int_equal(a.part[HR_PART_OTHER].why, HR_WHY_KERNEL);
}

static void what_is_counted_twice_is_told(void **state)
{
    (void)state;
    struct hr_account a = of("MemTotal: 100 kB\nMemFree: 50 kB\nAnonPages: 80 kB\n", "");
    assert_int_equal(a.overlap, 30 * 1024);
    assert_int_equal(a.part[HR_PART_OTHER].v, 0);
    assert_int_equal(sum(&a), (100 + 30) * 1024);
}

/* Any bytes: no crash, and the sum holds whenever there is a total. */
static void hostile_texts(void **state)
{
    (void)state;
    static const char *const lines[] = { "MemTotal:", "MemFree:", "Cached:", "Shmem:", "AnonPages:", "Dirty:", "VmallocUsed:", "HugePages_Total:",
                                         "Hugepagesize:", "Slab", "\n\n", ":", "MemTotal: kB", "AnonPages: -5 kB", "Shmem: 18446744073709551615 kB" };
    for (uint64_t i = 0; i < 20000; i++) {
        char text[600];
        size_t n = 0;
        for (uint64_t k = 0; k < 12 && n < sizeof text - 64; k++) {
            uint64_t r = hr_mix64(i * 16 + k + 1);
            n += (size_t)snprintf(text + n, sizeof text - n, "%s %llu %s\n", lines[r % HR_COUNT(lines)], (unsigned long long)(r >> 8 & 0xffffff),
                                  (r >> 40 & 3) != 0 ? "kB" : "");
        }
        struct hr_account a = of(text, text);
        if (a.total.known && a.overlap < UINT64_C(1) << 50)
            assert_int_equal(sum(&a), a.total.v + a.overlap);
    }
}

static void lines_of_stat(void **state)
{
    (void)state;
    struct hr_stat_line s;
    static const char good[] = "42 (a (b) c) S 7 9 1 0 -1 4194304 1 0 3 0 11 22 0 0 20 0 5 0 1234 1000000 77 18446744073709551615 4096 8192 140722";
    assert_true(hr_stat_line(good, sizeof good - 1, &s));
    assert_string_equal(s.comm, "a (b) c");
    assert_int_equal(s.parent, 7);
    assert_int_equal(s.group, 9);
    assert_int_equal(s.major, 3);
    assert_int_equal(s.ticks, 33);
    assert_int_equal(s.threads, 5);
    assert_int_equal(s.born, 1234);
    assert_int_equal(s.pages, 77);
    assert_int_equal(s.stack, 140722);
    assert_false(s.kernel);
    for (size_t n = 0; n < 20; n++)
        hr_stat_line(good, n, &s); /* no byte behind the end is read: the sanitizer would tell */
    assert_false(hr_stat_line("42 (x", 5, &s));
    assert_false(hr_stat_line("", 0, &s));
    assert_false(hr_stat_line(") S 1", 5, &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_meminfo),
        cmocka_unit_test(what_is_not_told_is_unknown_and_in_the_remainder),
        cmocka_unit_test(what_is_counted_twice_is_told),
        cmocka_unit_test(hostile_texts),
        cmocka_unit_test(lines_of_stat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
