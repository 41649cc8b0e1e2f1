#include "process.h"

#include "clock.h"
#include "env.h"
#include "fault.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILL_WAIT_NS = 100 * 1000 * 1000, LEAVE_NS = 500 * 1000 * 1000, STEP_MS = 100, LATE_MOST = 65536 };

/* --- in the child, between fork and exec: only calls that are safe there --- */

static void settle(int out, const char *cwd)
{
    sigset_t none;
    setpgid(0, 0);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, 0);
    dup2(out, 1);
    dup2(null, 2);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    if (cwd != NULL && chdir(cwd) != 0)
        errno = 0;
}

/* Writes why the exec failed; `tell` closes by itself when it succeeds. */
static void become(const char *const argv[], int tell)
{
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    int en = errno;
    ssize_t n = write(tell, &en, sizeof en);
    _exit(n == sizeof en ? 127 : 126);
}

static void call(int (*fn)(void *, struct hr_buf *), void *ctx, size_t ceiling)
{
    struct hr_buf b = HR_BUF_INIT(ceiling);
    int status = fn(ctx, &b);
    if (b.len != 0 && hr_write_all(1, b.data, b.len, "the parent", NULL) < 0)
        status = 255;
    _exit(status);
}

/* --- in the parent --- */

static uint64_t left_ms(uint64_t deadline)
{
    uint64_t now = hr_now();
    return now >= deadline ? 0 : (deadline - now) / 1000000 + 1;
}

/* Waits until something is there; a machine that stood still meanwhile (a paused VM) could not answer, and moves the deadline. */
static int wait_for(int fd, uint64_t ms, uint64_t *deadline)
{
    struct pollfd p = { fd, POLLIN, 0 };
    uint64_t step = HR_MIN(ms, (uint64_t)STEP_MS), before = hr_now();
    int k = poll(&p, 1, (int)step);
    uint64_t took = hr_now() - before, due = (step + STEP_MS) * 1000000;
    if (k == 0 && took > due)
        *deadline += took - due;
    return k;
}

/* Takes what comes until the pipe ends or the deadline passes; false = it passed.  What lies in the pipe by then came in time: who is
 * late may be this process. */
static bool drain(int fd, uint64_t deadline, struct hr_buf *out)
{
    char some[4096];
    for (size_t late = 0; late <= LATE_MOST;) {
        uint64_t ms = left_ms(deadline);
        int k = wait_for(fd, ms, &deadline);
        if (k == 0 && ms != 0)
            continue;
        if (k == 0 || (k < 0 && errno != EINTR))
            return false;
        ssize_t n = k < 0 ? -1 : read(fd, some, sizeof some);
        if (n == 0)
            return true;
        if (n > 0 && out->len < out->ceiling)
            hr_buf_add(out, some, HR_MIN((size_t)n, out->ceiling - out->len));
        late += ms == 0 ? sizeof some : 0;
    }
    return false;
}

/* Waits until `deadline`; false = it still runs. */
static bool reap(pid_t pid, uint64_t deadline, int *ret_status)
{
    for (unsigned us = 50;; us = HR_MIN(us * 2, 5000u)) {
        pid_t got = waitpid(pid, ret_status, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR))
            return got == pid;
        if (hr_now() >= deadline)
            return false;
        hr_sleep(us * 1000);
    }
}

static struct hr_ran finish(pid_t pid, int out_fd, int tell_fd, uint64_t deadline, struct hr_buf *out)
{
    int status = 0, en = 0;
    bool in_time = drain(out_fd, deadline, out);
    if (in_time)
        in_time = reap(pid, HR_MAX(deadline, hr_now() + LEAVE_NS), &status);
    if (!in_time) {
        kill(-pid, SIGKILL);
        kill(pid, SIGKILL);
        reap(pid, hr_now() + KILL_WAIT_NS, &status);
        return (struct hr_ran) { HR_END_TIMEOUT, 0 };
    }
    if (tell_fd >= 0 && read(tell_fd, &en, sizeof en) == sizeof en)
        return (struct hr_ran) { HR_END_REFUSED, en };
    if (WIFSIGNALED(status))
        return (struct hr_ran) { HR_END_SIGNAL, WTERMSIG(status) };
    return (struct hr_ran) { HR_END_EXIT, WEXITSTATUS(status) };
}

/* ret[0] to read, ret[1] to write. */
static int pipe_of(int ret[2], struct hr_error *err)
{
    if (hr_fault_sys() || pipe2(ret, O_CLOEXEC) != 0)
        return hr_fail_errno(err, errno, "no pipe to another program can be made");
    return 0;
}

struct job {
    const char *const *argv; /* NULL: call fn */
    const char *cwd;
    int (*fn)(void *, struct hr_buf *);
    void *ctx;
};

static void in_child(const struct job *j, int out, int tell, size_t room)
{
    settle(out, j->cwd);
    if (j->argv != NULL)
        become(j->argv, tell);
    call(j->fn, j->ctx, room);
}

static int start(const struct job *j, uint64_t deadline, struct hr_buf *out, struct hr_ran *ret, struct hr_error *err)
{
    int data[2], tell[2];
    int r = pipe_of(data, err);
    if (r < 0)
        return r;
    HR_FD data_read = data[0], data_write = data[1];
    r = pipe_of(tell, err);
    if (r < 0)
        return r;
    HR_FD tell_read = tell[0], tell_write = tell[1];
    pid_t pid = hr_fault_sys() ? -1 : fork();
    if (pid == 0)
        in_child(j, data_write, tell_write, out->ceiling - out->len);
    if (pid < 0)
        return hr_fail_errno(err, errno, "no process can be started for '%s'",
                             j->argv != NULL ? j->argv[0] : "a probe");
    hr_close(data_write);
    hr_close(tell_write);
    data_write = tell_write = -1;
    *ret = finish(pid, data_read, j->argv != NULL ? tell_read : -1, deadline, out);
    return 0;
}

int hr_run(const char *const argv[], const char *cwd, uint64_t deadline, struct hr_buf *out, struct hr_ran *ret,
           struct hr_error *err)
{
    struct job j = { argv, cwd, NULL, NULL };
    return start(&j, deadline, out, ret, err);
}

int hr_run_call(int (*fn)(void *ctx, struct hr_buf *out), void *ctx, uint64_t deadline, struct hr_buf *out,
                struct hr_ran *ret, struct hr_error *err)
{
    struct job j = { NULL, NULL, fn, ctx };
    return start(&j, deadline, out, ret, err);
}

bool hr_run_able(const char *program)
{
    const char *path = hr_env("PATH");
    if (strchr(program, '/') != NULL)
        return !hr_fault_sys() && access(program, X_OK) == 0;
    struct hr_str rest = hr_str(path != NULL ? path : "/usr/bin:/bin"), folder;
    while (program[0] != 0 && hr_str_cut(&rest, ':', &folder)) {
        char at[4096];
        int n = snprintf(at, sizeof at, "%.*s/%s", HR_STR_ARG(folder), program);
        if (n < (int)sizeof at && !hr_fault_sys() && access(at, X_OK) == 0)
            return true;
    }
    return false;
}
