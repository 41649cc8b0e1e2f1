#include "unit.h"

#include "clock.h"
#include "interrupt.h"
#include "tty.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs fn in a child, whose signals are as a shell starts a program with (a test runner in the background hands on an ignored
 * SIGINT); the wait status tells what became of it. */
static int in_child(void (*fn)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none; /* whoever started this may have ignored or blocked them */
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        fn();
        _exit(99);
    }
    int status = -1;
    assert_true(pid > 0);
    assert_true(waitpid(pid, &status, 0) == pid);
    return status;
}

static void once(void)
{
    hr_interrupt_install();
    if (hr_interrupted() != 0)
        _exit(1);
    raise(SIGTERM);
    _exit(hr_interrupted() == SIGTERM ? 0 : 2);
}

static void twice(void)
{
    hr_interrupt_install();
    raise(SIGINT);
    raise(SIGINT);
}

static void die(void)
{
    hr_interrupt_install();
    hr_interrupt_die(); /* nothing came: goes on */
    raise(SIGINT);
    hr_interrupt_die();
}

static void ignored(void)
{
    signal(SIGINT, SIG_IGN);
    hr_interrupt_install();
    raise(SIGINT);
    raise(SIGINT);
    _exit(hr_interrupted() == 0 ? 0 : 3);
}

static void the_first_is_a_wish_the_second_kills(void **state)
{
    (void)state;
    int s = in_child(once);
    assert_true(WIFEXITED(s) && WEXITSTATUS(s) == 0);
    s = in_child(twice);
    assert_true(WIFSIGNALED(s) && WTERMSIG(s) == SIGINT);
    s = in_child(die);
    assert_true(WIFSIGNALED(s) && WTERMSIG(s) == SIGINT);
    s = in_child(ignored);
    assert_true(WIFEXITED(s) && WEXITSTATUS(s) == 0);
}

#define MS UINT64_C(1000000)

/* The signal comes where it wakes no sleep: before it. */
static void asleep(void)
{
    uint64_t begun = hr_now();
    if (hr_interrupted_until(begun - 1) != 0 || hr_interrupted_until(begun + 300 * MS) != 0 || hr_now() < begun + 300 * MS)
        _exit(5);
    hr_interrupt_install();
    raise(SIGTERM);
    _exit(hr_interrupted_until(UINT64_MAX) == SIGTERM ? 0 : 6);
}

static void a_sleep_ends_at_its_time_or_at_a_signal(void **state)
{
    (void)state;
    int s = in_child(asleep);
    assert_true(WIFEXITED(s) && WEXITSTATUS(s) == 0);
}

static void without_streams(void)
{
    close(0);
    close(1);
    close(2);
    hr_fill_standard_fds();
    int fd = open("/dev/null", O_RDONLY);
    bool cannot_write = write(1, "x", 1) < 0;
    _exit(fd >= 3 && cannot_write ? 0 : 4);
}

static void no_file_becomes_standard_output(void **state)
{
    (void)state;
    int s = in_child(without_streams);
    assert_true(WIFEXITED(s) && WEXITSTATUS(s) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_first_is_a_wish_the_second_kills),
                                        cmocka_unit_test(a_sleep_ends_at_its_time_or_at_a_signal),
                                        cmocka_unit_test(no_file_becomes_standard_output) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
