/* Memory: what is read from its texts, and what is said where a text is not there. */
#include "unit.h"

#include "memory.h"
#include "root_make.h"

static struct hr_ram ram(void)
{
    struct hr_root *root = opened();
    struct hr_ram m;
    hr_ram_read(root, &m);
    hr_root_close(root);
    return m;
}

static void a_whole_machine(void **state)
{
    (void)state;
    fresh();
    put("proc/meminfo", "MemTotal:       49264952 kB\nMemFree:        20000000 kB\nMemAvailable:   40000000 kB\n"
                        "Buffers:          100000 kB\nCached:         18000000 kB\nSwapCached:            0 kB\n"
                        "Shmem:           1000000 kB\nSReclaimable:     400000 kB\nSwapTotal:      20971520 kB\n"
                        "SwapFree:       20971520 kB\nHugePages_Total:      16\nHugePages_Free:       16\n"
                        "Hugepagesize:       2048 kB\nCommitLimit:    45604996 kB\nCommitted_AS:    9000000 kB\n");
    put("proc/vmstat",
        "nr_free_pages 1\npswpin 5\npswpout 6\nallocstall_dma 1\nallocstall_normal 7\npgmajfault 9\noom_kill 2\n");
    put("proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
                      "/dev/sdb                                partition\t20971520\t1024\t\t-2\n"
                      "/swap file\\040x file 8 0 5\nbroken line\n/dev/zram0 partition 1000 0 100\n");
    put("proc/sys/vm/swappiness", "10\n");
    put("proc/sys/vm/overcommit_memory", "1\n");
    put("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    put("sys/module/page_reporting/parameters/page_reporting_order", "5\n");
    put("proc/self/cgroup", "0::/job\n");
    put("sys/fs/cgroup/job/memory.max", "536870912\n");
    put("sys/fs/cgroup/job/memory.high", "500000000\n");
    put("sys/fs/cgroup/job/memory.current", "100\n");
    put("sys/fs/cgroup/wsl-user/memory.max", "50447310848\n");
    put("sys/fs/cgroup/memory.reclaim", "");
    put("headrace/statfs", "dev/shm 1021994 67108864 60000000 60000000 100 90\n");
    struct hr_ram m = ram();
    assert_int_equal(m.total.v, 49264952ull * 1024);
    assert_int_equal(m.huge_total.v, 16);
    assert_int_equal(m.oom_kills.v, 2);
    assert_int_equal(m.stalls.v, 8);
    assert_int_equal(m.swaps, 2);
    assert_string_equal(m.swap[0].name, "/dev/sdb");
    assert_int_equal(m.swap[0].priority, -2);
    assert_true(m.swap[1].zram);
    assert_int_equal(m.swappiness.v, 10);
    assert_string_equal(m.thp.v, "madvise");
    assert_int_equal(m.reporting_order.v, 5);
    assert_int_equal(m.group.limit.v, 536870912);
    assert_int_equal(m.group.high.v, 500000000);
    assert_string_equal(m.group.limit_file.v, "/sys/fs/cgroup/job/memory.max");
    assert_int_equal(hr_ram_ceiling(&m).v, 536870912);
    assert_int_equal(hr_ram_cache(&m).v, (18000000ull + 100000 + 400000 - 1000000) * 1024);
    assert_int_equal(m.wsl_user.v, 50447310848ull);
    assert_true(m.reclaim.v);
    assert_int_equal(m.shm_total.v, 67108864);
    assert_false(m.zswap.known);
    assert_false(m.pressure.some10.known);
    assert_non_null(strstr(m.pressure.some10.why, "psi=1"));
}

/* Every figure of an empty root is unknown, and says why. */
static void nothing_is_zero(void **state)
{
    (void)state;
    fresh();
    struct hr_ram m = ram();
    const struct hr_figure *const all[] = { &m.total,           &m.free,       &m.cached,
                                            &m.swap_total,      &m.oom_kills,  &m.stalls,
                                            &m.swappiness,      &m.shm_total,  &m.wsl_user,
                                            &m.reporting_order, &m.group.limit };
    for (size_t i = 0; i < HR_COUNT(all); i++) {
        assert_false(all[i]->known);
        assert_true(all[i]->why[0] != 0);
    }
    assert_false(m.swaps_known.known);
    assert_false(hr_ram_ceiling(&m).known);
    assert_false(hr_ram_cache(&m).known);
}

static void hostile_texts(void **state)
{
    (void)state;
    static const char *const bad[] = { "",
                                       "\n\n",
                                       "MemTotal:",
                                       "MemTotal: kB",
                                       "MemTotal: -5 kB",
                                       "MemTotal: 99999999999999999999999 kB",
                                       "MemTotal: 18446744073709551615 kB",
                                       "MemTotal 5 kB",
                                       "[",
                                       "]",
                                       "[[",
                                       "][" };
    for (size_t i = 0; i < HR_COUNT(bad); i++) {
        fresh();
        put("proc/meminfo", bad[i]);
        put("proc/swaps", bad[i]);
        put("proc/vmstat", bad[i]);
        put("proc/sys/vm/swappiness", bad[i]);
        put("sys/kernel/mm/transparent_hugepage/enabled", bad[i]);
        struct hr_ram m = ram();
        assert_false(m.total.known);
        assert_false(m.swappiness.known);
        assert_false(m.thp.known);
        assert_int_equal(m.swaps, 0);
    }
    fresh();
    char *big = malloc(3 << 20);
    assert_non_null(big);
    memset(big, 'M', 3 << 20);
    put_bytes("proc/meminfo", big, 3 << 20);
    put_bytes("proc/vmstat", "\0\xff\0oom_kill 5", 14);
    assert_false(ram().total.known);
    free(big);
}

static void pressure_lines(void **state)
{
    (void)state;
    struct hr_pressure p;
    hr_pressure_parse(HR_STR("some avg10=1.00 avg60=2.00 avg300=0 total=7\nfull avg10=0.50 avg60=0 avg300=0 total=1\n"),
                      &p);
    assert_true(p.some60.v == 2.0 && p.full10.v == 0.5);
    assert_int_equal(p.some_total.v, 7000);
    hr_pressure_parse(HR_STR("some avg10=nan avg60=101 total=99999999999999999999"), &p);
    assert_false(p.some10.known);
    assert_false(p.some60.known);
    assert_false(p.some_total.known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_machine),
        cmocka_unit_test(nothing_is_zero),
        cmocka_unit_test(hostile_texts),
        cmocka_unit_test(pressure_lines),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
