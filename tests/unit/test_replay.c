#include "unit.h"

#include "file.h"
#include "mem.h"
#include "outlook.h"
#include "past.h"
#include "replay.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MS UINT64_C(1000000)
#define MIB (UINT64_C(1) << 20)
#define KIB UINT64_C(1024)

/* A leaf that came and began at `from` and holds `mib` from its middle on. */
static void leaf(struct hr_course *c, unsigned from, unsigned to, unsigned mib)
{
    struct hr_shape s = { 0 };
    for (unsigned ms = 0; ms < to - from; ms += 50)
        hr_shape_add(&s, ms * MS, (ms < (to - from) / 2 ? mib / 2 : mib) * MIB);
    struct hr_course_times t = { 0, from * MS, from * MS, to * MS, 0, mib * MIB, mib * MIB };
    hr_course_add(c, &t, &s);
}

static struct hr_replay played(const struct hr_course *c, uint64_t room, unsigned jobs, unsigned cpus)
{
    struct hr_replay r;
    struct hr_replay_ask a = { room, jobs, cpus, 8, 0 };
    assert_int_equal(hr_replay_run(c, &a, &r, NULL), 0);
    return r;
}

/* Two slots of a build tool, four leaves each, then a link. */
static void two_slots(struct hr_course *c)
{
    assert_int_equal(hr_course_init(c, NULL), 0);
    for (unsigned i = 0; i < 4; i++) {
        leaf(c, i * 1010, i * 1010 + 1000, 100);
        leaf(c, i * 1010 + 2, i * 1010 + 1002, 200);
    }
    leaf(c, 4100, 4300, 50);
}

static void with_room_it_is_as_it_was(void **state)
{
    (void)state;
    struct hr_course c;
    two_slots(&c);
    struct hr_replay r = played(&c, UINT64_MAX, 0, 8);
    assert_int_equal(r.at_once, 2);
    assert_int_equal(r.held, 0);
    assert_in_range(r.peak, 295 * MIB, 301 * MIB);
    assert_in_range(r.wall_ns, 4200 * MS, 4450 * MS);
    hr_course_fini(&c);
}

static void with_less_room_they_wait(void **state)
{
    (void)state;
    struct hr_course c;
    two_slots(&c);
    /* 100 and 200 do not fit into 210 at once: one after the other, and twice the time. */
    struct hr_replay r = played(&c, 210 * MIB, 0, 8);
    assert_int_equal(r.at_once, 1);
    assert_in_range(r.peak, 195 * MIB, 201 * MIB);
    assert_in_range(r.wall_ns, 8000 * MS, 8700 * MS);
    assert_in_range(r.held, 3, 8);
    /* Nor into 250, but so little is missing that both begin, and one stands parked for a while. */
    r = played(&c, 250 * MIB, 0, 8);
    assert_int_equal(r.at_once, 2);
    assert_in_range(r.peak, 195 * MIB, 250 * MIB);
    assert_in_range(r.wall_ns, 6000 * MS, 7900 * MS);
    /* The same by a limit of jobs. */
    r = played(&c, UINT64_MAX, 1, 8);
    assert_int_equal(r.at_once, 1);
    /* Less than the largest: it runs alone (A1 of admit.h). */
    r = played(&c, 64 * MIB, 0, 8);
    assert_int_equal(r.at_once, 1);
    assert_in_range(r.peak, 195 * MIB, 201 * MIB);
    /* One CPU: the memory is the same, the time twice as long. */
    r = played(&c, UINT64_MAX, 0, 1);
    assert_in_range(r.peak, 295 * MIB, 301 * MIB);
    assert_in_range(r.wall_ns, 8000 * MS, 8700 * MS);
    hr_course_fini(&c);
}

static void the_base_brings_the_measured_peak(void **state)
{
    (void)state;
    struct hr_course c;
    two_slots(&c);
    int64_t base = hr_replay_base(&c, 340 * MIB);
    assert_in_range(base, 39 * (int64_t)MIB, 45 * (int64_t)MIB);
    struct hr_replay_ask a = { UINT64_MAX, 0, 8, 8, base };
    struct hr_replay r;
    assert_int_equal(hr_replay_run(&c, &a, &r, NULL), 0);
    assert_in_range(r.peak, 335 * MIB, 341 * MIB);
    hr_course_fini(&c);
}

static void a_shape_keeps_its_most(void **state)
{
    (void)state;
    struct hr_shape s = { 0 };
    uint64_t most = 0;
    for (unsigned ms = 0; ms < 600000; ms += 50) {
        uint64_t bytes = (ms == 300000 ? 900 : 100 + ms / 6000) * MIB;
        most = bytes > most ? bytes : most;
        hr_shape_add(&s, ms * MS, bytes);
    }
    uint64_t kept = 0;
    for (unsigned i = 0; i < HR_SHAPE_SLOTS; i++)
        kept = s.kib[i] > kept ? s.kib[i] : kept;
    assert_int_equal(kept * KIB, most);
    assert_in_range(s.used, HR_SHAPE_SLOTS / 2, HR_SHAPE_SLOTS);
}

static void hostile_courses_come_to_an_end(void **state)
{
    (void)state;
    struct hr_course c;
    struct hr_replay r;
    assert_int_equal(hr_course_init(&c, NULL), 0);
    /* All at once, without length, and one that is longer than all others together. */
    for (unsigned i = 0; i < HR_COURSE_MAX + 100; i++) {
        struct hr_course_times t = { 0, 5 * MS, 5 * MS, 5 * MS, 0, i % 7 * MIB, MIB };
        struct hr_shape s = { 0 };
        hr_course_add(&c, &t, &s);
    }
    assert_int_equal(c.n, HR_COURSE_MAX);
    assert_int_equal(c.lost, 100);
    c.leaf[17].ended = INT32_MAX - 1;
    struct hr_replay_ask a = { 64 * MIB, 0, 1, 1, -1000 };
    assert_int_equal(hr_replay_run(&c, &a, &r, NULL), 0);
    hr_replay_base(&c, 1);
    for (uint64_t n = 1; n <= 4; n++) {
        struct hr_error err = HR_ERROR_INIT;
        hr_mem_fail_at(n, false);
        assert_int_equal(hr_replay_run(&c, &a, &r, &err), HR_E_NOMEM);
        hr_mem_fail_at(0, false);
    }
    c.n = 0;
    assert_int_equal(hr_replay_run(&c, &a, &r, NULL), 0);
    assert_int_equal(r.peak, 0);
    hr_course_fini(&c);
}

/* --- the file --- */

#define PLACE "past.test"

static void clear(void)
{
    assert_int_equal(hr_remove_tree(PLACE, NULL), 0);
}

static void identities(void **state)
{
    (void)state;
    char a[HR_PAST_IDENTITY_MAX], b[HR_PAST_IDENTITY_MAX];
    static const char *const env[] = { "TORCH_CUDA_ARCH_LIST=8.6", "MAX_JOBS=8", NULL }, *const env2[] = { "TORCH_CUDA_ARCH_LIST=9.0", NULL },
                      *const env3[] = { "TORCH_CUDA_ARCH_LIST=8.6", "CXXFLAGS=-O3 -g", NULL };
    static const char *const one[] = { "make", "-j4", "all", NULL }, *const same[] = { "make", "all", "-j", "16", NULL },
                      *const other[] = { "make", "test", NULL };
    hr_past_identity("/a", one, env, NULL, a);
    hr_past_identity("/a", same, env, NULL, b);
    assert_string_equal(a, b);
    hr_past_identity("/b", one, env, NULL, b);
    assert_string_not_equal(a, b);
    hr_past_identity("/a", other, env, NULL, b);
    assert_string_not_equal(a, b);
    hr_past_identity("/a", one, env2, NULL, b);
    assert_string_not_equal(a, b);
    hr_past_identity("/a", one, env3, NULL, b);
    assert_string_not_equal(a, b);
    hr_past_identity("/a", one, env, "xformers", b);
    assert_string_not_equal(a, b);
    /* Words that do not fit still count. */
    char much[3][5000];
    for (unsigned i = 0; i < 3; i++) {
        memset(much[i], 'x', sizeof much[i] - 1);
        much[i][sizeof much[i] - 1] = 0;
    }
    much[1][4500] = 'y';
    const char *long_a[] = { much[0], much[0], much[0], much[0], much[0], much[0], much[0], NULL };
    const char *long_b[] = { much[0], much[0], much[0], much[0], much[0], much[0], much[1], NULL };
    hr_past_identity(much[2], long_a, env, NULL, a);
    hr_past_identity(much[2], long_b, env, NULL, b);
    assert_string_not_equal(a, b);
    static const char *const lines[] = { "sh", "-c", "a\n\tb", NULL };
    hr_past_identity("/a", lines, env, NULL, a);
    assert_null(strpbrk(a, "\t\n"));
}

static struct hr_outlook_ask ask_of(uint64_t have)
{
    static const char *const argv[] = { "make", "-j4", NULL }, *const envp[] = { NULL };
    return (struct hr_outlook_ask) { PLACE, "/a", argv, envp, hr_figure_of(have), 0, 8 };
}

static void a_build_is_forecast_from_its_last(void **state)
{
    (void)state;
    struct hr_course c;
    static struct hr_outlook o, again;
    char text[256];
    clear();
    struct hr_outlook_ask ask = ask_of(4096 * MIB);
    assert_int_equal(hr_outlook_make(&ask, &o, NULL), 0);
    assert_int_equal(o.from, HR_OUTLOOK_NOTHING);
    assert_non_null(strstr(o.say, "nothing is known"));
    two_slots(&c);
    struct hr_outlook_seen seen = { 320 * MIB, 5000 * MS, 2, &c, 200 * MIB, "cc1plus", "big one.cpp" };
    assert_false(hr_outlook_compare(&o, &seen, text, sizeof text));
    assert_int_equal(hr_outlook_keep(&o, PLACE, &seen, 8, 0, NULL), 0);
    assert_int_equal(hr_outlook_make(&ask, &again, NULL), 0);
    assert_int_equal(again.from, HR_OUTLOOK_PAST);
    assert_in_range(again.here.peak, 315 * MIB, 321 * MIB);
    assert_int_equal(again.here.peak, again.whole.peak);
    assert_in_range(again.here.wall_ns, 4900 * MS, 5200 * MS); /* with what came after the last leaf */
    assert_non_null(strstr(again.say, "it fits"));
    assert_non_null(strstr(again.say, "big one.cpp"));
    assert_true(hr_outlook_compare(&again, &seen, text, sizeof text));
    assert_null(strstr(text, "%")); /* as forecast */
    seen.peak = 640 * MIB;
    assert_true(hr_outlook_compare(&again, &seen, text, sizeof text));
    assert_non_null(strstr(text, "(100 % more)")); /* of the forecast, which stands before it */
    seen.peak = 160 * MIB;
    assert_true(hr_outlook_compare(&again, &seen, text, sizeof text));
    assert_non_null(strstr(text, "(50 % less)"));
    seen.peak = 320 * MIB;
    assert_null(strstr(again.say, "runs alone"));
    ask = ask_of(190 * MIB);
    assert_int_equal(hr_outlook_make(&ask, &again, NULL), 0);
    assert_non_null(strstr(again.say, "with 200 MiB, more than there is: it runs alone"));
    ask = ask_of(230 * MIB);
    assert_int_equal(hr_outlook_make(&ask, &again, NULL), 0);
    assert_true(again.here.peak < 230 * MIB && again.here.at_once == 1);
    assert_non_null(strstr(again.say, "will run 1"));
    /* A small part of a build neither replaces nor judges the whole. */
    c.n = 2;
    assert_true(hr_outlook_compare(&again, &seen, text, sizeof text));
    assert_non_null(strstr(text, "nothing to compare"));
    assert_int_equal(hr_outlook_keep(&again, PLACE, &seen, 8, 0, NULL), 0);
    assert_int_equal(hr_outlook_make(&ask, &again, NULL), 0);
    assert_int_equal(again.leaves, 9);
    hr_course_fini(&c);
    clear();
}

static void a_project_is_forecast_from_the_table(void **state)
{
    (void)state;
    static struct hr_outlook o;
    static const char *const argv[] = { "pip", "install", "flash-attn", NULL };
    struct hr_outlook_ask ask = ask_of(7000 * MIB);
    ask.argv = argv;
    ask.folder = NULL;
    assert_int_equal(hr_outlook_make(&ask, &o, NULL), 0);
    assert_int_equal(o.from, HR_OUTLOOK_TABLE);
    assert_non_null(strstr(o.say, "flash-attention#2079"));
    assert_non_null(strstr(o.say, "1 to 2 at once"));
}

#define HEAD "headrace build-course 1\n"
#define WHO "identity\tmake\n"
#define SUM "sum\t1000\t2000\t2\t2\t-5\t0\t1\t20000\t0\t500\tcc1\ta.c\n"
#define LINE "1\t1\t5\t100\t100\t0011223344556677\n"

static void a_damaged_past_is_set_aside(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "headrace build-course 2\n" WHO SUM LINE, HEAD SUM LINE, HEAD WHO LINE, HEAD WHO SUM "1\t1\t5\t100\t100\t00112233445566\n",
        HEAD WHO SUM "5\t1\t5\t100\t100\t0011223344556677\n", HEAD WHO SUM "1\t1\t5\t100\t0011223344556677\n", HEAD WHO SUM LINE "x",
        HEAD WHO "sum\t0\t2000\t2\t2\t-5\t0\t1\t20000\t0\t500\tcc1\ta.c\n" LINE, HEAD WHO SUM "1\t1\t5\t100\t100\t00112233445566GG\n",
        HEAD WHO SUM "1\t1\t99999999999\t100\t100\t0011223344556677\n", HEAD "identity\t\n" SUM LINE, HEAD WHO SUM "\n" LINE,
        HEAD WHO "sum\t1000\t2000\t0\t2\t-5\t0\t1\t20000\t0\t500\tcc1\ta.c\n" LINE,
    };
    struct hr_build_past p;
    char name[64], aside[80];
    bool found, set_aside;
    assert_int_equal(hr_past_init(&p, NULL), 0);
    assert_int_equal(hr_past_parse(&p, HR_STR(HEAD WHO SUM LINE), NULL), 0);
    assert_int_equal(p.course.n, 1);
    for (size_t i = 0; i < HR_COUNT(bad); i++)
        if (hr_past_parse(&p, hr_str(bad[i]), NULL) != HR_E_FORMAT)
            fail_msg("taken: %s", bad[i]);
    clear();
    assert_int_equal(hr_past_parse(&p, HR_STR(HEAD WHO SUM LINE), NULL), 0);
    assert_int_equal(hr_past_save(&p, PLACE, NULL), 0);
    struct hr_names names;
    assert_int_equal(hr_list(PLACE, &names, NULL), 0);
    assert_int_equal(names.n, 1);
    snprintf(name, sizeof name, PLACE "/%.20s", names.name[0]);
    snprintf(aside, sizeof aside, "%s.bad", name);
    hr_names_fini(&names);
    assert_int_equal(hr_past_load(&p, PLACE, "make", &found, &set_aside, NULL), 0);
    assert_true(found && !set_aside && p.course.n == 1 && p.base == -5);
    assert_int_equal(hr_replace(name, bad[3], strlen(bad[3]), NULL), 0);
    assert_int_equal(hr_past_load(&p, PLACE, "make", &found, &set_aside, NULL), 0);
    assert_true(!found && set_aside);
    assert_int_equal(hr_path_kind(name), HR_KIND_NONE);
    assert_int_equal(hr_path_kind(aside), HR_KIND_FILE);
    /* The identity is in the file, and is what counts. */
    assert_int_equal(hr_replace(name, HEAD "identity\tninja\n" SUM LINE, strlen(HEAD "identity\tninja\n" SUM LINE), NULL), 0);
    assert_int_equal(hr_past_load(&p, PLACE, "make", &found, &set_aside, NULL), 0);
    assert_true(!found && !set_aside);
    hr_past_fini(&p);
    clear();
}

static void old_pasts_go(void **state)
{
    (void)state;
    struct hr_build_past p;
    struct hr_names names;
    clear();
    assert_int_equal(hr_past_init(&p, NULL), 0);
    for (unsigned i = 0; i < HR_PAST_FILES_MAX + 8; i++) {
        assert_int_equal(hr_past_parse(&p, HR_STR(HEAD WHO SUM LINE), NULL), 0);
        snprintf(p.identity, sizeof p.identity, "make %u", i);
        assert_int_equal(hr_past_save(&p, PLACE, NULL), 0);
    }
    assert_int_equal(hr_list(PLACE, &names, NULL), 0);
    assert_int_equal(names.n, HR_PAST_FILES_MAX);
    hr_names_fini(&names);
    hr_past_fini(&p);
    clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_room_it_is_as_it_was),
        cmocka_unit_test(with_less_room_they_wait),
        cmocka_unit_test(the_base_brings_the_measured_peak),
        cmocka_unit_test(a_shape_keeps_its_most),
        cmocka_unit_test(hostile_courses_come_to_an_end),
        cmocka_unit_test(identities),
        cmocka_unit_test(a_build_is_forecast_from_its_last),
        cmocka_unit_test(a_project_is_forecast_from_the_table),
        cmocka_unit_test(a_damaged_past_is_set_aside),
        cmocka_unit_test(old_pasts_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
