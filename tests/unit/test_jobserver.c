/* The pool of job tokens: its arithmetic, MAKEFLAGS, and a real fifo. */
#include "unit.h"

#include "clock.h"
#include "fault.h"
#include "file.h"
#include "jobserver.h"
#include "keeper.h"
#include "makeflags.h"
#include "mem.h"
#include "tokens.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define S UINT64_C(1000000000)

static int one(struct hr_pool *p, unsigned *there, unsigned held, uint64_t now)
{
    int step = hr_pool_step(p, *there, held, now);
    hr_pool_done(p, step, (unsigned)(step < 0 ? -step : step));
    *there = (unsigned)((int)*there + step);
    return step;
}

static void a_pool_grows_and_is_in_debt(void **state)
{
    (void)state;
    struct hr_pool p = { .wanted = 6 };
    unsigned there = 0;
    assert_int_equal(one(&p, &there, 0, S), 6);
    there -= 4; /* four jobs run */
    p.wanted = 1;
    assert_int_equal(one(&p, &there, 4, 2 * S), -2); /* two are at home, three more are owed */
    assert_int_equal(p.made, 4);
    assert_int_equal(there, 0);
    there += 2; /* two come home */
    assert_int_equal(one(&p, &there, 2, 3 * S), -2);
    there += 1; /* one of the two that are left is taken, the pool is as large as wanted */
    assert_int_equal(one(&p, &there, 1, 4 * S), -1);
    assert_int_equal(p.made, 1);
    assert_int_equal(one(&p, &there, 1, 5 * S), 0);
    p.wanted = 0;
    assert_int_equal(one(&p, &there, 1, 6 * S), 0); /* it is out */
    there = 1;
    assert_int_equal(one(&p, &there, 0, 7 * S), -1);
    assert_int_equal(p.made, 0);
    assert_int_equal(p.lost + p.foreign, 0);
    p.wanted = 3; /* grown while in debt: what is owed is simply not taken */
    assert_int_equal(one(&p, &there, 0, 8 * S), 3);
}

static void lost_tokens_are_made_anew(void **state)
{
    (void)state;
    struct hr_pool p = { .wanted = 5 };
    unsigned there = 0;
    one(&p, &there, 0, S);
    there = 1;                                              /* four are out, with a client that is then killed */
    assert_int_equal(one(&p, &there, 4, 2 * S), 0);
    assert_int_equal(one(&p, &there, 0, 10 * S), 0);        /* seen to be missing */
    assert_int_equal(one(&p, &there, 0, 11 * S), 0);        /* a child may still be on its way home */
    assert_int_equal(one(&p, &there, 0, 12 * S), 4);
    assert_int_equal(p.lost, 4);
    assert_int_equal(p.made, 5);
    assert_int_equal(there, 5);
    /* Held by the living: never called lost, however long. */
    there = 2;
    for (unsigned s = 0; s < 100; s++)
        assert_int_equal(one(&p, &there, 3, (20 + s) * S), 0);
    assert_int_equal(p.lost, 4);
    /* Missing for a moment, then back: the clock starts anew. */
    one(&p, &there, 1, 200 * S);
    there = 5;
    one(&p, &there, 1, 201 * S);
    there = 2;
    assert_int_equal(one(&p, &there, 1, 203 * S), 0);
    assert_int_equal(p.lost, 4);
    /* Lost while the pool shall shrink: the loss pays the debt, nothing is written. */
    p.wanted = 2;
    there = 0;
    one(&p, &there, 1, 204 * S);
    assert_int_equal(one(&p, &there, 0, 205 * S), 2);
    assert_int_equal(p.made, 2);
    /* The machine stood still while they were on their way. */
    there = 0;
    assert_int_equal(one(&p, &there, 0, 300 * S), 0);
    assert_int_equal(one(&p, &there, 0, 310 * S), 0);
    assert_int_equal(one(&p, &there, 0, 311 * S), 2);
}

static void foreign_tokens_are_taken_out(void **state)
{
    (void)state;
    struct hr_pool p = { .wanted = 2 };
    unsigned there = 0;
    one(&p, &there, 0, S);
    there += 7;
    assert_int_equal(one(&p, &there, 0, 2 * S), -7);
    assert_int_equal(p.foreign, 7);
    assert_int_equal(there, 2);
    assert_int_equal(p.made, 2);
    /* A write that found the fifo full, or a read that somebody else was quicker at, is counted as it was. */
    p.wanted = 10;
    hr_pool_done(&p, hr_pool_step(&p, 2, 0, 3 * S), 3);
    assert_int_equal(p.made, 5);
    hr_pool_done(&p, -5, 0);
    assert_int_equal(p.made, 5);
}

static void the_size_follows_the_room(void **state)
{
    (void)state;
    const uint64_t gib = UINT64_C(1) << 30;
    assert_int_equal(hr_pool_size(0, gib, 3, 8), 0);
    assert_int_equal(hr_pool_size(-5, gib, 3, 8), 0);
    assert_int_equal(hr_pool_size((int64_t)(gib / 2), gib, 0, 8), 0); /* the one that always may */
    assert_int_equal(hr_pool_size((int64_t)(gib / 2), gib, 3, 8), 2); /* as it is */
    assert_int_equal(hr_pool_size((int64_t)(2 * gib), gib, 3, 8), 4);
    assert_int_equal(hr_pool_size((int64_t)(100 * gib), gib, 3, 8), 7);
    assert_int_equal(hr_pool_size((int64_t)(100 * gib), gib, 3, 1), 0);
    assert_int_equal(hr_pool_size(INT64_MAX, 0, 4000000000u, 4096), 4095);
}

static void the_living_hold_one_less_than_their_children(void **state)
{
    (void)state;
    const struct hr_pool_process p[] = {
        { 10, 1, "ninja" }, { 11, 10, "sh" },   { 12, 10, "sh" },    { 13, 10, "sh" },  { 14, 11, "gcc" }, { 15, 14, "cc1" },
        { 20, 1, "make" },  { 21, 20, "gcc" },  { 30, 12, "nvcc" },  { 31, 30, "sh" },  { 32, 30, "sh" },  { 40, 1, "rustc" },
        { 50, 1, "make" }, /* no child: nothing */
    };
    assert_int_equal(hr_pool_holders(p, HR_COUNT(p), 6), 2 + 0 + 1 + 6);
    assert_int_equal(hr_pool_holders(p, 0, 6), 0);
    static struct hr_pool_process many[300];
    for (int i = 0; i < 300; i++)
        many[i] = (struct hr_pool_process) { i + 2, 1, "make" };
    assert_true(hr_pool_holders(many, 300, 2) > 100000); /* too many to tell: nothing is lost */
}

static void makeflags_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum hr_pool_address address;
        int r, w;
        const char *path;
        bool dry, jobs;
        unsigned n;
    } t[] = {
        { "", HR_POOL_NONE, 0, 0, NULL, false, false, 0 },
        { "kn", HR_POOL_NONE, 0, 0, NULL, true, false, 0 },
        { "k -j4", HR_POOL_NONE, 0, 0, NULL, false, true, 4 },
        { " -j4 --jobserver-auth=3,4", HR_POOL_PIPE, 3, 4, NULL, false, true, 4 },
        { "w -j --jobserver-fds=3,4", HR_POOL_PIPE, 3, 4, NULL, false, true, 0 },
        { " -j4 --jobserver-auth=fifo:/tmp/GMfifo12", HR_POOL_FIFO, 0, 0, "/tmp/GMfifo12", false, true, 4 },
        { "--jobserver-auth=3,4 --jobserver-auth=fifo:p", HR_POOL_FIFO, 3, 4, "p", false, false, 0 }, /* the last one */
        { "--jobserver-auth=fifo:p --jobserver-auth=3,4", HR_POOL_PIPE, 3, 4, NULL, false, false, 0 },
        { "--jobserver-auth=-2,-2", HR_POOL_OFF, 0, 0, NULL, false, false, 0 },
        { " --jobserver-auth=3,4 -- CFLAGS=-j9\\ --jobserver-auth=5,6 -j7", HR_POOL_PIPE, 3, 4, NULL, false, false, 0 },
        { "A=n", HR_POOL_NONE, 0, 0, NULL, false, false, 0 },
        { "-n", HR_POOL_NONE, 0, 0, NULL, false, false, 0 }, /* no first word of letters */
        { " --jobs=3", HR_POOL_NONE, 0, 0, NULL, false, true, 3 },
        { " -jx --jobserver-auth=3 --jobserver-auth=fifo: --jobserver-auth=1,2x", HR_POOL_NONE, 0, 0, NULL, false, false, 0 },
        { " -j99999999999999999999", HR_POOL_NONE, 0, 0, NULL, false, false, 0 },
        { "\\", HR_POOL_NONE, 0, 0, NULL, false, false, 0 },
    };
    for (size_t i = 0; i < HR_COUNT(t); i++) {
        struct hr_makeflags m = hr_makeflags_parse(hr_str(t[i].text));
        assert_int_equal(m.address, t[i].address);
        if (m.address == HR_POOL_PIPE) {
            assert_int_equal(m.r, t[i].r);
            assert_int_equal(m.w, t[i].w);
        }
        if (t[i].path != NULL)
            assert_true(m.address == HR_POOL_FIFO ? hr_str_is(m.path, t[i].path) : true);
        assert_int_equal(m.dry_run, t[i].dry);
        assert_int_equal(m.jobs, t[i].jobs);
        assert_int_equal(m.number, t[i].n);
    }
    assert_int_equal(hr_make_version(HR_STR("GNU Make 4.3\nBuilt for")), 403);
    assert_int_equal(hr_make_version(HR_STR("GNU Make 4.4.1")), 404);
    assert_int_equal(hr_make_version(HR_STR("1.13.2.git.kitware.jobserver-pipe-1\n")), 113);
    assert_int_equal(hr_make_version(HR_STR("bmake")), 0);
    assert_int_equal(hr_make_version(HR_STR("")), 0);
}

static void makeflags_are_written(void **state)
{
    (void)state;
    static const struct {
        const char *old, *fifo, *pipe;
    } t[] = {
        { "", " -j --jobserver-auth=fifo:/p", " -j --jobserver-auth=7,8" },
        { "kw", "kw -j --jobserver-auth=fifo:/p", "kw -j --jobserver-auth=7,8" },
        { " -j8 --jobserver-auth=3,4 -k", " -j --jobserver-auth=fifo:/p -k", " -j --jobserver-auth=7,8 -k" },
        { " -j8 n", " -j --jobserver-auth=fifo:/p n", " -j --jobserver-auth=7,8 n" }, /* no dry run */
        { "\\", " -j --jobserver-auth=fifo:/p", " -j --jobserver-auth=7,8" },
        { "k -- V=a\\ b", "k -j --jobserver-auth=fifo:/p -- V=a\\ b", "k -j --jobserver-auth=7,8 -- V=a\\ b" },
    };
    for (size_t i = 0; i < HR_COUNT(t); i++) {
        struct hr_buf a = HR_BUF_INIT(1000), b = HR_BUF_INIT(1000);
        assert_true(hr_makeflags_fifo(hr_str(t[i].old), "/p", &a));
        assert_true(hr_makeflags_pipe(hr_str(t[i].old), 7, 8, &b));
        assert_string_equal(a.data, t[i].fifo);
        assert_string_equal(b.data, t[i].pipe);
        hr_buf_fini(&a);
        hr_buf_fini(&b);
    }
    struct hr_buf small = HR_BUF_INIT(10);
    assert_false(hr_makeflags_fifo(HR_STR("k"), "/a/long/path", &small));
    hr_buf_fini(&small);
}

/* A hundred thousand words and backslashes: one pass. */
static void hostile_makeflags(void **state)
{
    (void)state;
    size_t n = 400000;
    char *p = hr_malloc(n);
    for (size_t i = 0; i < n; i++)
        p[i] = "\\ -j1 \\"[i % 7];
    assert_int_equal(hr_makeflags_parse((struct hr_str) { p, n }).address, HR_POOL_NONE);
    struct hr_buf b = HR_BUF_INIT(HR_MAKEFLAGS_MAX);
    assert_false(hr_makeflags_pipe((struct hr_str) { p, n }, 3, 4, &b));
    hr_buf_fini(&b);
    hr_free(p);
}

static enum hr_pool_address choose(const char *program, const char *arg, const char *flags, unsigned make)
{
    const char *argv[] = { program, arg, NULL };
    char why[160] = "";
    enum hr_pool_address a = hr_tokens_address(argv, hr_str(flags), make, why, sizeof why);
    assert_int_equal(a == HR_POOL_NONE, why[0] != 0);
    return a;
}

static void the_address_that_harms_nobody(void **state)
{
    (void)state;
    assert_int_equal(choose("make", NULL, "", 403), HR_POOL_PIPE);
    assert_int_equal(choose("/usr/bin/make", "all", "k", 404), HR_POOL_FIFO);
    assert_int_equal(choose("make", "-j4", "", 403), HR_POOL_NONE);
    assert_int_equal(choose("make", NULL, " -j4", 403), HR_POOL_NONE); /* the user's own wins */
    assert_int_equal(choose("pip", "install", "", 403), HR_POOL_NONE); /* make 4.3 may be met */
    assert_int_equal(choose("pip", "install", "", 0), HR_POOL_FIFO);
    assert_int_equal(choose("ninja", NULL, "", 405), HR_POOL_FIFO);
    assert_int_equal(choose("ninja", "-j3", "", 405), HR_POOL_NONE);
    assert_int_equal(choose("cargo", "build", " --jobserver-auth=3,4", 404), HR_POOL_NONE); /* under a make already */
}

static void a_real_fifo(void **state)
{
    (void)state;
    struct hr_jobserver j, again;
    char byte;
    assert_int_equal(hr_remove_tree("jobserver.test", NULL), 0);
    assert_int_equal(hr_mkdir("jobserver.test", false, NULL), 0);
    assert_int_equal(hr_jobserver_open("jobserver.test", &j, NULL), 0);
    assert_true(hr_jobserver_open("jobserver.test", &again, NULL) < 0); /* there is one already */
    hr_jobserver_step(&j, 4, 0, S);
    int client = open(j.path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(read(client, &byte, 1), 1);
        assert_int_equal(byte, '+');
    }
    assert_int_equal(read(client, &byte, 1), -1);
    hr_jobserver_step(&j, 2, 4, 2 * S); /* all are out */
    assert_int_equal(j.pool.made, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(write(client, "+", 1), 1);
    hr_jobserver_step(&j, 2, 0, 3 * S);
    assert_int_equal(j.pool.made, 2);
    assert_int_equal(read(client, &byte, 1), 1);
    assert_int_equal(read(client, &byte, 1), 1);
    assert_int_equal(read(client, &byte, 1), -1);
    close(client); /* with both */
    hr_jobserver_step(&j, 2, 0, 4 * S);
    hr_jobserver_step(&j, 2, 0, 5 * S);
    hr_jobserver_step(&j, 2, 0, 6 * S);
    assert_int_equal(j.pool.lost, 2);
    /* No failing call makes more tokens than are wanted, and none is fatal. */
    for (uint64_t n = 1; n < 6; n++) {
        hr_fault_sys_at(n, false);
        hr_jobserver_step(&j, 5, 0, (10 + 5 * n) * S);
        hr_jobserver_step(&j, 1, 0, (12 + 5 * n) * S);
        hr_fault_sys_at(0, false);
    }
    hr_jobserver_step(&j, 1, 0, 100 * S);
    assert_int_equal(j.pool.made, 1);
    hr_jobserver_close(&j);
    assert_int_equal(hr_path_kind("jobserver.test/jobserver"), HR_KIND_NONE);
    struct hr_error err = HR_ERROR_INIT;
    assert_true(hr_jobserver_open("no such folder", &j, &err) < 0);
    assert_non_null(strstr(err.text, "MAKEFLAGS"));
    assert_int_equal(hr_remove_tree("jobserver.test", NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_grows_and_is_in_debt),
        cmocka_unit_test(lost_tokens_are_made_anew),
        cmocka_unit_test(foreign_tokens_are_taken_out),
        cmocka_unit_test(the_size_follows_the_room),
        cmocka_unit_test(the_living_hold_one_less_than_their_children),
        cmocka_unit_test(makeflags_are_read),
        cmocka_unit_test(makeflags_are_written),
        cmocka_unit_test(hostile_makeflags),
        cmocka_unit_test(the_address_that_harms_nobody),
        cmocka_unit_test(a_real_fifo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
