#include "attend.h"

#include "clock.h"
#include "fault.h"
#include "file.h"
#include "mem.h"
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Taken from the signal descriptor and sent on.  The rest keeps its default here, but for what is held away below. */
static const int passed[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT };
/* Must not do to this program what it does by default: Ctrl-Z, and writing to a terminal from the background. */
static const int away[] = { SIGTSTP, SIGTTOU, SIGTTIN, SIGPIPE };
#define AGAIN UINT64_C(100000000) /* the same signal is sent on once in this time */

struct hr_attend_saved {
    sigset_t mask;
    struct sigaction child;
    uint64_t last[HR_COUNT(passed)];
    bool ended;
};

/* --- the command's own process, between fork and exec --- */

static void raise_score(int adj)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%d", adj), fd = adj == 0 ? -1 : open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, text, (size_t)n) != n)
        errno = 0; /* a hint */
    if (fd >= 0)
        close(fd);
}

static void become(const struct hr_attend_ask *ask, const struct hr_attend_saved *saved, int tell)
{
    if (ask->out >= 0)
        dup2(ask->out, 1);
    if (ask->err >= 0)
        dup2(ask->err, 2);
    raise_score(ask->oom_score_adj);
    sigaction(SIGCHLD, &saved->child, NULL);
    sigprocmask(SIG_SETMASK, &saved->mask, NULL); /* handlers go with the exec; what was ignored stays so (N4) */
    execvpe(ask->argv[0], (char *const *)(uintptr_t)ask->argv, (char *const *)(uintptr_t)ask->envp);
    int en = errno;
    ssize_t n = write(tell, &en, sizeof en);
    _exit(n == sizeof en && en == ENOENT ? 127 : 126);
}

/* --- starting --- */

static bool is_ignored(int sig)
{
    struct sigaction old;
    return sigaction(sig, NULL, &old) == 0 && old.sa_handler == SIG_IGN;
}

/* Holds the signals, and gives a descriptor that tells of them. */
static int hold(struct hr_attend_saved *s, int *ret_fd, struct hr_error *err)
{
    sigset_t wanted, held;
    struct sigaction plain;
    memset(&plain, 0, sizeof plain);
    plain.sa_handler = SIG_DFL;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    for (size_t i = 0; i < HR_COUNT(passed); i++)
        if (!is_ignored(passed[i]) || passed[i] == SIGCONT)
            sigaddset(&wanted, passed[i]);
    held = wanted;
    for (size_t i = 0; i < HR_COUNT(away); i++)
        sigaddset(&held, away[i]);
    int fd = hr_fault_sys() ? -1 : signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return hr_fail_errno(err, errno, "signals cannot be watched");
    sigaction(SIGCHLD, &plain, &s->child); /* ignored by a parent, children could not be waited for */
    sigprocmask(SIG_BLOCK, &held, &s->mask);
    *ret_fd = fd;
    return 0;
}

static void let(const struct hr_attend_saved *s)
{
    sigaction(SIGCHLD, &s->child, NULL);
    sigprocmask(SIG_SETMASK, &s->mask, NULL);
}

static bool has_terminal(void)
{
    int fd = hr_fault_sys() ? -1 : open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* 0, or the errno of the exec that failed. */
static int started(int tell)
{
    int en = 0;
    ssize_t n;
    do
        n = read(tell, &en, sizeof en);
    while (n < 0 && errno == EINTR);
    return n == sizeof en ? en : 0;
}

static int spawn(const struct hr_attend_ask *ask, struct hr_attend *a, int *ret_errno, struct hr_error *err)
{
    int tell[2];
    if (hr_fault_sys() || pipe2(tell, O_CLOEXEC) != 0)
        return hr_fail_errno(err, errno, "no pipe to the command can be made");
    hr_subreaper(); /* workers that lose their parent stay in sight */
    pid_t pid = hr_fault_sys() ? -1 : fork();
    if (pid == 0)
        become(ask, a->saved, tell[1]);
    int en = errno;
    close(tell[1]);
    if (pid < 0) {
        close(tell[0]);
        return hr_fail_errno(err, en, "no process can be started");
    }
    *ret_errno = started(tell[0]);
    close(tell[0]);
    a->pid = pid;
    if (*ret_errno == 0)
        return 0;
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return hr_fail_errno(err, *ret_errno, "'%s' cannot be started", ask->argv[0]);
}

int hr_attend_start(const struct hr_attend_ask *ask, struct hr_attend *ret, int *ret_errno, struct hr_error *err)
{
    struct hr_attend a = { .signals = -1, .terminal = has_terminal(), .saved = hr_calloc(1, sizeof *a.saved) };
    *ret_errno = 0;
    if (a.saved == NULL)
        return hr_fail_nomem(err, sizeof *a.saved, "the command's signals");
    int r = hold(a.saved, &a.signals, err);
    if (r == 0) {
        r = spawn(ask, &a, ret_errno, err);
        if (r < 0)
            let(a.saved);
    }
    if (r < 0) {
        hr_close(a.signals);
        hr_free(a.saved);
        return r;
    }
    *ret = a;
    return 0;
}

/* --- news --- */

/* Reaps what has ended; orphans of the command's tree come here as well, and are no news. */
static enum hr_attend_what children(struct hr_attend *a, int *ret_value)
{
    int status;
    pid_t pid;
    while ((pid = hr_fault_sys() ? 0 : waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
        if (pid != a->pid)
            continue;
        if (WIFSTOPPED(status)) {
            *ret_value = WSTOPSIG(status);
            return HR_ATTEND_STOPPED;
        }
        a->saved->ended = true;
        *ret_value = status;
        return HR_ATTEND_ENDED;
    }
    return HR_ATTEND_NOTHING;
}

static enum hr_attend_what send_on(struct hr_attend *a, int sig, uint64_t now)
{
    for (size_t i = 0; i < HR_COUNT(passed); i++) {
        uint64_t *last = &a->saved->last[i];
        if (passed[i] != sig || a->saved->ended || (*last != 0 && now - *last < AGAIN))
            continue;
        *last = now;
        hr_signal(a->pid, sig);
        return HR_ATTEND_PASSED;
    }
    return HR_ATTEND_NOTHING;
}

enum hr_attend_what hr_attend_news(struct hr_attend *a, int *ret_value)
{
    struct signalfd_siginfo info;
    enum hr_attend_what what = HR_ATTEND_NOTHING;
    while (what == HR_ATTEND_NOTHING && !hr_fault_sys() && read(a->signals, &info, sizeof info) == sizeof info) {
        int sig = (int)info.ssi_signo;
        if (sig == SIGCHLD)
            continue;
        *ret_value = sig;
        what = info.ssi_code > 0 ? HR_ATTEND_TERMINAL : send_on(a, sig, hr_now()); /* above 0: the kernel's own */
    }
    return what != HR_ATTEND_NOTHING ? what : children(a, ret_value);
}

void hr_attend_stop_too(const struct hr_attend *a, int stopped_by)
{
    if (a->terminal && (stopped_by == SIGTSTP || stopped_by == SIGTTIN || stopped_by == SIGTTOU))
        raise(SIGSTOP);
}

void hr_attend_end(struct hr_attend *a)
{
    if (a->saved == NULL)
        return;
    hr_close(a->signals);
    let(a->saved);
    hr_free(a->saved);
    *a = (struct hr_attend) { .signals = -1 };
}

void hr_die_of(int sig)
{
    struct sigaction plain;
    sigset_t one;
    struct rlimit none = { 0, 0 };
    memset(&plain, 0, sizeof plain);
    plain.sa_handler = SIG_DFL;
    setrlimit(RLIMIT_CORE, &none); /* the command has left one if it was wanted */
    sigaction(sig, &plain, NULL);
    sigemptyset(&one);
    sigaddset(&one, sig);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    raise(sig);
}

/* --- lines beside --- */

/* A terminal or a pipe is opened anew: its own flag of not blocking does not change that of the command's descriptor. */
int hr_beside_open(int fd)
{
    struct stat st;
    char path[40];
    if (hr_fault_sys() || fstat(fd, &st) != 0)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int beside = S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode) ? open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    return beside >= 0 ? beside : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

bool hr_beside(int beside_fd, const char *text, size_t n)
{
    struct pollfd p = { beside_fd, POLLOUT, 0 };
    if (beside_fd < 0 || hr_poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0)
        return false;
    return write(beside_fd, text, n) == (ssize_t)n;
}

void hr_many_files(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
        l.rlim_cur = l.rlim_max < 65536 ? l.rlim_max : 65536;
        setrlimit(RLIMIT_NOFILE, &l);
    }
}
