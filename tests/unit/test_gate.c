/* The gate on this kernel: a real command held, read and let go; and what is left when the watcher goes. */
#include "unit.h"

#include "clock.h"
#include "file.h"
#include "gate.h"
#include "keeper.h"
#include "procfs.h"
#include "seccomp.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
static int refused;

static void script(const char *name, const char *text)
{
    assert_int_equal(hr_replace(name, text, strlen(text), NULL), 0);
    assert_int_equal(chmod(name, 0755), 0);
}

static struct hr_keeper begin(const char *command, bool gate)
{
    const char *argv[] = { "/bin/sh", "-c", command, NULL };
    struct hr_keep keep = { argv, hr_environment(), -1, -1, gate, false, 500 };
    struct hr_keeper k;
    struct hr_error err = HR_ERROR_INIT;
    assert_int_equal(hr_keeper_start(&keep, &k, &err), 0);
    return k;
}

/* Serves the gate until a leaf stands there or the command has ended (-1: its status in *ret). */
static bool serve(struct hr_keeper *k, struct hr_gate *g, struct hr_gate_leaf *leaf, int *ret)
{
    for (uint64_t end = hr_now() + 100 * SECOND; hr_now() < end;) {
        struct pollfd p[2] = { { g->fd, POLLIN, 0 }, { k->socket, POLLIN, 0 } };
        if (poll(p, 2, 50) <= 0)
            continue;
        if ((p[0].revents & POLLIN) != 0 && hr_gate_take(g, leaf) == HR_GATE_LEAF)
            return true;
        if (p[0].revents == POLLHUP)
            g->fd = -1;
        if (p[1].revents != 0 && hr_keeper_news(k, ret) == HR_KEPT_ENDED)
            return false;
    }
    fail_msg("nothing happened for 100 s");
    return false;
}

static void a_leaf_is_held_until_it_is_let(void **state)
{
    (void)state;
    static struct hr_gate g;
    struct hr_gate_leaf leaf, none;
    int status = -1;
    if (refused)
        skip();
    unlink("gate.done");
    script("cc1plus", "#!/bin/sh\necho done > gate.done\n");
    struct hr_keeper k = begin("true; ./cc1plus -O2 some.cpp; exit 5", true);
    assert_true(k.listener >= 0);
    g.fd = k.listener;
    assert_true(serve(&k, &g, &leaf, &status));
    assert_string_equal(leaf.key.tool->name, "cc1plus");
    assert_string_equal(leaf.key.source, "some.cpp");
    assert_true(hr_seccomp_waits(g.fd, leaf.id));
    hr_sleep(SECOND / 5);
    assert_int_equal(hr_path_kind("gate.done"), HR_KIND_NONE); /* it has not begun */
    assert_int_equal(hr_seccomp_let(g.fd, leaf.id), 0);
    assert_true(hr_seccomp_let(g.fd, leaf.id) < 0); /* once is enough: in progress, or gone */
    assert_false(serve(&k, &g, &none, &status));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 5);
    assert_int_equal(hr_path_kind("gate.done"), HR_KIND_FILE);
    assert_int_equal(g.leaves, 1);
    assert_true(g.seen >= 2);
    hr_keeper_dismiss(&k);
    unlink("gate.done");
    unlink("cc1plus");
}

static void one_that_dies_at_the_gate_is_no_trouble(void **state)
{
    (void)state;
    static struct hr_gate g;
    struct hr_gate_leaf leaf, none;
    int status = -1;
    if (refused)
        skip();
    script("cc1plus", "#!/bin/sh\n");
    struct hr_keeper k = begin("./cc1plus a.cpp; exit 3", true);
    g.fd = k.listener;
    assert_true(serve(&k, &g, &leaf, &status));
    assert_int_equal(hr_signal(leaf.pid, SIGKILL), 0);
    for (int i = 0; i < 6000 && hr_seccomp_waits(g.fd, leaf.id); i++)
        hr_sleep(SECOND / 100);
    assert_false(hr_seccomp_waits(g.fd, leaf.id));
    assert_int_equal(hr_seccomp_let(g.fd, leaf.id), -ENOENT);
    assert_false(serve(&k, &g, &none, &status));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    hr_keeper_dismiss(&k);
    unlink("cc1plus");
}

static bool runs(int pid)
{
    struct hr_proc_stat s;
    return hr_proc_stat(pid, &s) == 0 && s.state != 'Z';
}

/* K1: the keeper continues and ends what is there, a stopped process and one that ignores SIGTERM among them. */
static void nothing_is_left_when_the_watcher_goes(void **state)
{
    (void)state;
    int pids[64];
    struct hr_keeper k = begin("sleep 300 & (trap '' TERM; exec sleep 301) & kill -STOP $!; setsid sleep 302 & wait", false);
    size_t n = 0;
    for (int i = 0; i < 3000 && n < 4; i++) {
        hr_sleep(SECOND / 50);
        n = hr_descendants(k.pid, pids, HR_COUNT(pids));
    }
    assert_true(n >= 4);
    hr_sleep(SECOND / 5);
    hr_keeper_abandon(&k); /* closes the socket as a death does, and waits for the keeper */
    for (size_t i = 0; i < n; i++) {
        for (int looks = 0; looks < 1500 && runs(pids[i]); looks++) /* killed, it must still be given the CPU to end */
            hr_sleep(SECOND / 50);
        assert_false(runs(pids[i]));
    }
}

static void stat_lines_are_read(void **state)
{
    (void)state;
    struct hr_proc_stat s;
    static const char line[] = "123 (a ) (b) S 45 1 1 0 -1 4194304 1 2 3 4 50 60 0 0 20 0 1 0 9876 1000 25 18446744073709551615\n";
    assert_true(hr_proc_parse_stat(line, sizeof line - 1, &s));
    assert_int_equal(s.pid, 123);
    assert_int_equal(s.parent, 45);
    assert_int_equal(s.state, 'S');
    assert_string_equal(s.comm, "a ) (b");
    assert_int_equal(s.born, 9876);
    assert_int_equal(s.cpu, 110);
    assert_int_equal(s.resident, 25 * (uint64_t)sysconf(_SC_PAGESIZE));
    for (size_t n = 0; n < 60; n++) /* cut anywhere before its birth it is no line */
        assert_false(hr_proc_parse_stat(line, n, &s));
    assert_int_equal(hr_proc_stat(getpid(), &s), 0);
    assert_int_equal(s.parent, getppid());
}

static void commands_that_need_rights_are_told(void **state)
{
    (void)state;
    const char *plain[] = { "make", "-j4", "pseudo", "sudoku", NULL }, *direct[] = { "/usr/bin/sudo", "make", NULL },
               *inside[] = { "sh", "-c", "cd x && sudo make install", NULL };
    assert_null(hr_gate_forbids(plain));
    assert_string_equal(hr_gate_forbids(direct), "sudo");
    assert_string_equal(hr_gate_forbids(inside), "sudo");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stat_lines_are_read),
        cmocka_unit_test(commands_that_need_rights_are_told),
        cmocka_unit_test(nothing_is_left_when_the_watcher_goes),
        cmocka_unit_test(a_leaf_is_held_until_it_is_let),
        cmocka_unit_test(one_that_dies_at_the_gate_is_no_trouble),
    };
    refused = hr_gate_selftest();
    if (refused)
        print_message("the gate is refused here: %s\n", hr_gate_why(refused));
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    return r != 0 ? r : refused ? 77 : 0;
}
