/* The whole guard from C: what its command line cannot reach. */
#include "unit.h"

#include "clock.h"
#include "fault.h"
#include "file.h"
#include "gate.h"
#include "guard.h"
#include "keeper.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACE "guard.test"
static struct hr_root *root;

static int begin(void **state)
{
    (void)state;
    return hr_root_open(NULL, &root, NULL);
}

static int end(void **state)
{
    (void)state;
    hr_root_close(root);
    return hr_remove_tree(PLACE, NULL);
}

static int run(const char *command, const char *kit, struct hr_guard_report *ret, struct hr_error *err)
{
    const char *argv[] = { "/bin/sh", "-c", command, NULL };
    struct hr_guard_options o = { .argv = argv, .envp = hr_environment(), .gate = true, .folder = PLACE, .refuse_toolkit = { NULL, kit } };
    if (hr_remove_tree(PLACE, NULL) < 0 || hr_mkdir(PLACE, false, NULL) < 0)
        return -1;
    return hr_guard_run(root, &o, ret, err);
}

static void a_refused_toolkit_ends_the_build(void **state)
{
    (void)state;
    struct hr_guard_report r;
    struct hr_error err = HR_ERROR_INIT;
    if (hr_gate_selftest() != 0)
        skip();
    static const char text[] = "#!/bin/sh\nsleep 300\n";
    assert_int_equal(hr_mkdir("guard-kit", true, NULL), 0);
    assert_int_equal(hr_replace("guard-kit/cicc", text, strlen(text), NULL), 0);
    assert_int_equal(chmod("guard-kit/cicc", 0755), 0);
    uint64_t start = hr_now();
    assert_int_equal(run("guard-kit/cicc a.cu; echo after", "guard-kit/", &r, &err), 0);
    assert_int_equal(r.verdict, HR_GUARD_REFUSED);
    assert_true(hr_now() - start < UINT64_C(100000000000));
    assert_int_equal(run("exit 4", "guard-kit/", &r, &err), 0); /* one that needs no compiler is no matter */
    assert_int_equal(r.verdict, HR_GUARD_DONE);
    assert_int_equal(WEXITSTATUS(r.status), 4);
    assert_int_equal(hr_remove_tree("guard-kit", NULL), 0);
}

/* The n-th system call of the watcher fails, for one n after another up to where the command runs: it ends with a status or a sentence, and never
 * hangs.  Children count for themselves. */
static void every_failing_call_has_an_end(void **state)
{
    (void)state;
    struct hr_guard_report r;
    unsigned failed = 0;
    /* From about the 300th on it is the gate at work, where every call counts: somebody waits for its answer. */
    for (uint64_t n = 1; n <= 345; n += n < 300 ? 4 + n / 20 : 2) {
        struct hr_error err = HR_ERROR_INIT;
        hr_fault_sys_at(n, false);
        int got = run("exit 3", NULL, &r, &err);
        hr_fault_sys_at(0, false);
        if (got < 0) {
            failed++;
            assert_true(err.text[0] != 0 || got == -1);
        } else if (r.verdict == HR_GUARD_DONE) {
            assert_true(WIFEXITED(r.status));
            assert_in_set(WEXITSTATUS(r.status), ((const uintmax_t[]) { 3, 0, 127, 126 }), 4);
        }
    }
    assert_true(failed != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_toolkit_ends_the_build),
        cmocka_unit_test(every_failing_call_has_an_end),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
