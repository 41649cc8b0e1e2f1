/* The watch of a training from C: what its command line cannot reach. */
#include "unit.h"

#include "attend.h"
#include "batch_sweep.h"
#include "clock.h"
#include "fault.h"
#include "file.h"
#include "keeper.h"
#include "mem.h"
#include "pen.h"
#include "procfs.h"
#include "train.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACE "train.test"
static struct hr_root *root;
static char said[4096];

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

static void say(void *ctx, const char *line)
{
    (void)ctx;
    snprintf(said, sizeof said, "%.4000s", line);
}

static int run(const char *command, struct hr_train_report *ret, struct hr_error *err)
{
    const char *argv[] = { "/bin/sh", "-c", command, NULL };
    struct hr_train_options o = { .argv = argv, .envp = hr_environment(), .checkpoint_signal = SIGUSR1, .tick_ns = 20000000, .folder = PLACE,
                                  .out = -1, .err = -1, .say = say };
    o.act.grace = UINT64_C(1000000000);
    said[0] = 0;
    if (hr_remove_tree(PLACE, NULL) < 0 || hr_mkdir(PLACE, false, NULL) < 0)
        return -1;
    return hr_train_run(root, &o, ret, err);
}

static void a_command_ends_with_its_status(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_train_report *r = hr_calloc(1, sizeof *r);
    assert_non_null(r);
    /* A machine that is busy elsewhere may end the command before it is looked at: then a longer one. */
    static const char *const commands[] = { "sleep 0.3; exit 5", "sleep 3; exit 5", "sleep 20; exit 5" };
    for (size_t i = 0; i < HR_COUNT(commands) && !(r->peak.bytes > 0 && r->measured > 0); i++) {
        assert_int_equal(run(commands[i], r, &err), 0);
        assert_int_equal(r->verdict, HR_TRAIN_DONE);
        assert_int_equal(WEXITSTATUS(r->status), 5);
    }
    assert_true(r->looks > 0 && r->peak.bytes > 0 && r->measured > 0);
    assert_int_equal(r->allocations, 0);
    assert_true(r->wall_ns >= UINT64_C(300000000));
    assert_int_equal(r->cards, 0);
    hr_free(r);
}

/* The n-th system call of the watch fails: the command's own end comes through all the same, or a sentence. */
static void every_failing_call_has_an_end(void **state)
{
    (void)state;
    struct hr_train_report *r = hr_calloc(1, sizeof *r);
    unsigned failed = 0, done = 0;
    assert_non_null(r);
    for (uint64_t n = 1; n <= 400; n += 1 + n / 12) {
        struct hr_error err = HR_ERROR_INIT;
        hr_fault_sys_at(n, false);
        int got = run("sleep 0.1; exit 3", r, &err);
        hr_fault_sys_at(0, false);
        if (got < 0) {
            failed++;
            assert_true(err.text[0] != 0 || got == -1);
            continue;
        }
        done++;
        assert_int_equal(r->verdict, HR_TRAIN_DONE);
        assert_int_equal(WEXITSTATUS(r->status), 3);
    }
    assert_true(failed >= 3 && done > failed);
    hr_free(r);
}

static void signals_are_as_they_were(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_train_report *r = hr_calloc(1, sizeof *r);
    sigset_t before, after;
    assert_non_null(r);
    sigprocmask(SIG_SETMASK, NULL, &before);
    assert_int_equal(run("exit 0", r, &err), 0);
    sigprocmask(SIG_SETMASK, NULL, &after);
    for (int sig = 1; sig < 32; sig++)
        assert_int_equal(sigismember(&before, sig), sigismember(&after, sig));
    hr_free(r);
}

/* T2 */
static void handlers_are_seen(void **state)
{
    (void)state;
    assert_false(hr_proc_catches((int)getpid(), SIGUSR2));
    signal(SIGUSR2, SIG_IGN);
    assert_false(hr_proc_catches((int)getpid(), SIGUSR2));
    struct sigaction act;
    memset(&act, 0, sizeof act);
    act.sa_handler = (void (*)(int))(uintptr_t)say; /* never called */
    sigaction(SIGUSR2, &act, NULL);
    assert_true(hr_proc_catches((int)getpid(), SIGUSR2));
    signal(SIGUSR2, SIG_DFL);
    assert_false(hr_proc_catches((int)getpid(), 0));
    assert_false(hr_proc_catches((int)getpid(), 65));
    assert_false(hr_proc_catches(0x7FFFFFF0, SIGUSR2));
}

/* --- lines for files --- */

static void a_pen_writes_all_or_counts_what_it_lost(void **state)
{
    (void)state;
    struct hr_pen *p = hr_calloc(1, sizeof *p);
    struct hr_error err = HR_ERROR_INIT;
    const char *const paths[HR_PEN_FILES] = { "pen.test", NULL, "/dev/full" };
    assert_non_null(p);
    assert_int_equal(hr_pen_start(p, paths, &err), 0);
    for (int i = 0; i < 1000; i++)
        hr_pen_line(p, 0, "0123456789\n", 11);
    hr_pen_line(p, 1, "nowhere\n", 8);
    hr_pen_line(p, 2, "lost\n", 5);
    hr_pen_end(p);
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    assert_int_equal(hr_slurp("pen.test", &b, NULL), 0);
    assert_int_equal(b.len, 11000);
    assert_int_equal(p->dropped, 1);
    hr_buf_fini(&b);
    unlink("pen.test");
    const char *const bad[HR_PEN_FILES] = { "pen.test", "/nowhere/pen" };
    assert_true(hr_pen_start(p, bad, &err) < 0);
    unlink("pen.test");
    hr_free(p);
}

/* --- the sweep --- */

static void values_go_where_they_belong(void **state)
{
    (void)state;
    static const char *const argv[] = { "run", "--batch", "{}", "--name=a{}b{}", "{", "", "}{" };
    const char **w;
    size_t places;
    assert_int_equal(hr_sweep_words(argv, HR_COUNT(argv), "16", &w, &places, NULL), 0);
    assert_int_equal(places, 3);
    static const char *const want[] = { "run", "--batch", "16", "--name=a16b16", "{", "", "}{" };
    for (size_t i = 0; i < HR_COUNT(want); i++)
        assert_string_equal(w[i], want[i]);
    assert_null(w[HR_COUNT(want)]);
    hr_free(w);
    assert_int_equal(hr_sweep_words(argv, 1, "16", &w, &places, NULL), 0);
    assert_int_equal(places, 0);
    hr_free(w);
}

static void ends_are_judged(void **state)
{
    (void)state;
    struct hr_train_report *r = hr_calloc(1, sizeof *r);
    const char *words;
    assert_non_null(r);
    static const struct {
        int status;
        const char *output;
        enum hr_sweep_why why;
    } cases[] = {
        { 0, "loss 0.3\n", HR_SWEEP_FITS },
        { 0, "out of memory is no word of a run that ended well", HR_SWEEP_FITS },
        { 0, "Batch 8: Failed - CUDA out of memory. Tried to allocate 2 GiB", HR_SWEEP_SAYS },
        { 1 << 8, "ValueError: no such file", HR_SWEEP_FAILED },
        { 1 << 8, "", HR_SWEEP_FAILED },
        { 1 << 8, "torch.OutOfMemoryError: CUDA", HR_SWEEP_SAYS },
        { 1 << 8, "numpy.core._exceptions._ArrayMemoryError: Unable", HR_SWEEP_SAYS },
        { 134 << 8, "terminate called after throwing an instance of 'std::bad_alloc'", HR_SWEEP_SAYS },
        { 9, "", HR_SWEEP_KILLED },
        { 137 << 8, "Killed", HR_SWEEP_KILLED },
        { 11, "", HR_SWEEP_FAILED },
    };
    for (size_t i = 0; i < HR_COUNT(cases); i++) {
        *r = (struct hr_train_report) { .verdict = HR_TRAIN_DONE, .status = cases[i].status };
        assert_int_equal(hr_sweep_judge(r, hr_str(cases[i].output), &words), cases[i].why);
        assert_int_equal(words != NULL, cases[i].why == HR_SWEEP_SAYS);
    }
    *r = (struct hr_train_report) { .verdict = HR_TRAIN_ENDED, .status = 0 };
    assert_int_equal(hr_sweep_judge(r, hr_str(""), &words), HR_SWEEP_MARK);
    *r = (struct hr_train_report) { .verdict = HR_TRAIN_DONE, .status = 2, .interrupted = SIGINT };
    assert_int_equal(hr_sweep_judge(r, hr_str(""), &words), HR_SWEEP_INTERRUPTED);
    *r = (struct hr_train_report) { .verdict = HR_TRAIN_NOT_STARTED, .status = 2 };
    assert_int_equal(hr_sweep_judge(r, hr_str(""), &words), HR_SWEEP_FAILED);
    hr_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_ends_with_its_status), cmocka_unit_test(every_failing_call_has_an_end),
        cmocka_unit_test(signals_are_as_they_were),       cmocka_unit_test(handlers_are_seen),
        cmocka_unit_test(a_pen_writes_all_or_counts_what_it_lost), cmocka_unit_test(values_go_where_they_belong),
        cmocka_unit_test(ends_are_judged),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
