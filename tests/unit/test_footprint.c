/* What a tree of processes takes: the kernel's text, and what is believed between two measurements. */
#include "unit.h"

#include "footprint.h"
#include "job_curve.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)

static const char rollup[] = "55e51d23d000-7ffef39ce000 ---p 00000000 00:00 0                          [rollup]\n"
                             "Rss:              409600 kB\nPss:              102500 kB\nPss_Dirty:        100000 kB\n"
                             "Pss_Anon:         100000 kB\nPss_File:           2000 kB\nPss_Shmem:           500 kB\n"
                             "Shared_Clean:       1556 kB\nShared_Dirty:     400000 kB\nPrivate_Clean:        36 kB\n"
                             "Private_Dirty:     20000 kB\nAnonymous:        402000 kB\nShared_Hugetlb:        0 kB\n"
                             "Private_Hugetlb:    2048 kB\nSwap:                300 kB\nSwapPss:             100 kB\nLocked: 0 kB\n";

static void the_kernels_text(void **state)
{
    (void)state;
    struct hr_rollup r;
    assert_true(hr_rollup_parse(rollup, strlen(rollup), &r));
    assert_true(r.apart);
    assert_int_equal(r.rss, 409600 * 1024);
    assert_int_equal(r.anon, (100000 + 2048) * 1024);
    assert_int_equal(r.shmem, 500 * 1024);
    assert_int_equal(r.file, 2000 * 1024);
    assert_int_equal(r.own, (20000 + 2048) * 1024);
    assert_int_equal(r.swap, 100 * 1024);
    static const char old[] = "00400000-7ffd ---p 00000000 00:00 0 [rollup]\nRss: 4000 kB\nPss: 1000 kB\nPrivate_Dirty: 5000 kB\n"; /* before 5.4 */
    assert_true(hr_rollup_parse(old, strlen(old), &r));
    assert_false(r.apart);
    assert_int_equal(r.anon, 1000 * 1024);
    assert_int_equal(r.own, 1000 * 1024); /* never more than all */
    assert_int_equal(r.file + r.shmem + r.swap, 0);
    for (size_t n = 0; n < strlen(rollup); n++) /* cut anywhere */
        hr_rollup_parse(rollup, n, &r);
    assert_false(hr_rollup_parse("", 0, &r));
    assert_false(hr_rollup_parse("Rss: kB\nPss: 1 kB\n", 18, &r));
}

/* A parent with an array of 400 MiB and four copies that see all of it. */
struct job {
    struct hr_part p[5];
    const struct hr_part *part[5];
    struct hr_footprint f;
    struct hr_counts counts;
};

static struct hr_rollup shares(uint64_t shared, uint64_t own)
{
    return (struct hr_rollup) { .rss = 400 * MIB + own, .pss = shared + own, .anon = shared + own, .own = own, .file = MIB, .apart = true };
}

static void forked(struct job *j)
{
    memset(j, 0, sizeof *j);
    for (int i = 0; i < 5; i++) {
        j->part[i] = &j->p[i];
        j->p[i].group = 1;
        j->p[i].kind = i == 0 ? HR_KIN_MAIN : HR_KIN_WORKER;
        j->p[i].anon = 400 * MIB;
        hr_footprint_born(&j->p[i], i != 0);
    }
}

static void measured(struct job *j)
{
    for (int i = 0; i < 5; i++) {
        struct hr_rollup r = shares(80 * MIB, j->p[i].anon - 400 * MIB);
        hr_footprint_put(&j->p[i], &r, j->p[i].anon, j->p[i].faults);
    }
    hr_footprint_measured(&j->f, j->part, 5, &j->counts, 100);
}

static uint64_t sure(const struct job *j, size_t n)
{
    return hr_footprint_now(&j->f, j->part, n, &j->counts).sure;
}

static void a_shared_page_counts_once(void **state)
{
    (void)state;
    struct job j;
    forked(&j);
    assert_int_equal(sure(&j, 5), 400 * MIB); /* F2: before any measurement */
    j.p[2].anon += 30 * MIB;
    assert_int_equal(sure(&j, 5), 430 * MIB);
    measured(&j);
    assert_int_equal(j.f.truth, 430 * MIB); /* F1 */
    assert_int_equal(sure(&j, 5), 430 * MIB);
    assert_int_equal(j.f.copyable, 5 * 400 * MIB + 30 * MIB - 430 * MIB);
    j.p[0].anon -= 20 * MIB;
    j.p[1].anon += 50 * MIB;
    struct hr_taken t = hr_footprint_now(&j.f, j.part, 5, &j.counts);
    assert_int_equal(t.sure, 460 * MIB);
    assert_int_equal(t.unsure, 0);
    assert_int_equal(t.kind[HR_KIN_MAIN], 60 * MIB);
    assert_int_equal(t.kind[HR_KIN_WORKER], 400 * MIB);
    assert_int_equal(t.count[HR_KIN_WORKER], 4);
    assert_int_equal(t.file, 5 * MIB);
}

/* F3: copies on write move no RSS. */
static void copies_call_for_a_measurement(void **state)
{
    (void)state;
    struct job j;
    forked(&j);
    measured(&j);
    j.p[1].faults += 40 * MIB / 4096;
    j.p[2].faults += 10 * MIB / 4096;
    j.p[2].anon += 10 * MIB; /* these were first touches */
    struct hr_taken t = hr_footprint_now(&j.f, j.part, 5, &j.counts);
    assert_int_equal(t.sure, 410 * MIB);
    assert_int_equal(t.unsure, 40 * MIB);
    j.p[3].faults += UINT64_C(1) << 40; /* other faults may be many: never more than there is to copy */
    assert_int_equal(hr_footprint_now(&j.f, j.part, 5, &j.counts).unsure, j.f.copyable);
    j.counts.shmem = 7 * MIB;
    assert_int_equal(hr_footprint_now(&j.f, j.part, 5, &j.counts).unsure, j.f.copyable + 7 * MIB);
}

static void what_goes_leaves_what_others_share(void **state)
{
    (void)state;
    struct job j;
    forked(&j);
    j.p[4].anon += 25 * MIB;
    measured(&j);
    j.p[4].anon += 5 * MIB;
    assert_int_equal(sure(&j, 5), 430 * MIB);
    hr_footprint_gone(&j.f, &j.p[4], 4);
    assert_int_equal(sure(&j, 4), 400 * MIB);
    hr_footprint_gone(&j.f, &j.p[3], 3);
    hr_footprint_gone(&j.f, &j.p[2], 2);
    hr_footprint_gone(&j.f, &j.p[1], 1);
    assert_int_equal(sure(&j, 1), 400 * MIB);
    hr_footprint_gone(&j.f, &j.p[0], 0); /* nobody shares with it any more */
    assert_int_equal(sure(&j, 0), j.f.rest);
    /* One that came after the measurement and grew takes its own with it, and no more. */
    forked(&j);
    hr_footprint_born(&j.p[4], true);
    j.p[4].anon += 9 * MIB;
    assert_int_equal(sure(&j, 5), 409 * MIB);
    hr_footprint_gone(&j.f, &j.p[4], 4);
    assert_int_equal(sure(&j, 4), 400 * MIB);
}

static void another_program_is_all_its_own(void **state)
{
    (void)state;
    struct job j;
    forked(&j);
    j.p[4].anon = 3 * MIB; /* it has started another program */
    hr_footprint_born(&j.p[4], false);
    assert_int_equal(sure(&j, 5), 403 * MIB);
}

static void swapped_out_is_still_theirs(void **state)
{
    (void)state;
    struct job j;
    forked(&j);
    measured(&j);
    j.p[0].anon -= 50 * MIB;
    assert_int_equal(sure(&j, 5), 350 * MIB);
    j.counts.swap = 30 * MIB;
    assert_int_equal(sure(&j, 5), 380 * MIB);
    j.counts.swap = 300 * MIB; /* others swap as well */
    assert_int_equal(sure(&j, 5), 400 * MIB);
    j.counts.swap = 0;
    j.p[0].anon = 0; /* nothing falls below nothing */
    assert_int_equal(sure(&j, 5), 320 * MIB);
}

/* F4: a fork that lives for a moment halves its parent's PSS. */
static void an_unseen_copy_hides_nothing(void **state)
{
    (void)state;
    struct job j;
    forked(&j);
    struct hr_rollup half = shares(200 * MIB, 0);
    hr_footprint_put(&j.p[0], &half, 400 * MIB, 0);
    hr_footprint_measured(&j.f, j.part, 1, &j.counts, 100);
    assert_int_equal(j.f.truth, 400 * MIB);
    assert_int_equal(sure(&j, 1), 400 * MIB);
    measured(&j); /* with all of them in sight nothing is added */
    assert_int_equal(j.f.rest, 0);
    j.p[3].group = 0; /* not told: each for itself */
    j.p[4].group = 0;
    hr_footprint_measured(&j.f, j.part, 5, &j.counts, 100);
    assert_int_equal(j.f.rest, (400 - 3 * 80 + 2 * 320) * MIB);
}

/* --- the curve --- */

static void a_curve_keeps_its_peaks(void **state)
{
    (void)state;
    static struct hr_job_curve c;
    uint64_t most = 0, columns[100];
    for (uint64_t i = 0; i < 200000; i++) {
        uint64_t v = i % 1000 == 777 ? 5000 + i : i / 100;
        most = HR_MAX(most, v);
        hr_job_curve_add(&c, i * UINT64_C(10000000), v);
        assert_true(c.n <= HR_JOB_CURVE_MAX);
    }
    uint64_t top = 0;
    for (size_t i = 0; i < c.n; i++) {
        top = HR_MAX(top, c.point[i].bytes);
        assert_true(i == 0 || c.point[i].at > c.point[i - 1].at);
    }
    assert_int_equal(top, most);
    assert_true(c.n > HR_JOB_CURVE_MAX / 4);
    hr_job_curve_columns(&c, 200000 * UINT64_C(10000000), columns, 100);
    assert_int_equal(columns[99], most);
    for (size_t i = 0; i < 100; i++)
        assert_true(columns[i] >= 5000 && columns[i] <= most);
    static struct hr_job_curve one;
    hr_job_curve_columns(&one, 1000, columns, 3); /* no point at all */
    assert_int_equal(columns[0] + columns[1] + columns[2], 0);
    hr_job_curve_add(&one, 400, 9);
    hr_job_curve_columns(&one, 900, columns, 3);
    assert_int_equal(columns[0], 0);
    assert_int_equal(columns[1], 9);
    assert_int_equal(columns[2], 9); /* it goes on */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernels_text),
        cmocka_unit_test(a_shared_page_counts_once),
        cmocka_unit_test(copies_call_for_a_measurement),
        cmocka_unit_test(what_goes_leaves_what_others_share),
        cmocka_unit_test(another_program_is_all_its_own),
        cmocka_unit_test(swapped_out_is_still_theirs),
        cmocka_unit_test(an_unseen_copy_hides_nothing),
        cmocka_unit_test(a_curve_keeps_its_peaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
