#include "scribe.h"

#include "clock.h"
#include "fault.h"
#include "file.h"
#include "tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { PIECE = 16384, STREAMS = 3 };

struct stream {
    int from, shown, kept; /* shown -1: nowhere */
    uint64_t *left;
};

/* --- in the scribe's own process --- */

static void put(int fd, const char *p, size_t n)
{
    while (n != 0) {
        ssize_t k = write(fd, p, n);
        struct pollfd wait = { fd, POLLOUT, 0 };
        if (k < 0 && (errno == EINTR || (errno == EAGAIN && poll(&wait, 1, -1) >= 0)))
            continue;
        if (k <= 0)
            return; /* the reader has gone or the disk is full: the command must not suffer from it */
        p += k;
        n -= (size_t)k;
    }
}

/* False: the stream has ended (a pseudo-terminal says so by EIO). */
static bool take(struct stream *s)
{
    char piece[PIECE];
    ssize_t n = read(s->from, piece, sizeof piece);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0)
        return false;
    if (s->shown >= 0)
        put(s->shown, piece, (size_t)n);
    size_t room = (size_t)HR_MIN((uint64_t)n, *s->left);
    put(s->kept, piece, room);
    *s->left -= room;
    return true;
}

static volatile sig_atomic_t resized;

static void on_resize(int sig)
{
    (void)sig;
    resized = 1;
}

/* The terminal has another size now: the pseudo-terminals that stand for it have too. */
static void resize(const struct stream *s)
{
    struct winsize size;
    resized = 0; /* before the size is read: a change behind that is another one */
    for (size_t i = 0; i < STREAMS; i++)
        if (s[i].from >= 0 && s[i].shown >= 0 && ioctl(s[i].shown, TIOCGWINSZ, &size) == 0)
            ioctl(s[i].from, TIOCSWINSZ, &size); /* a pipe refuses it */
}

/* SIGWINCH comes while this process waits and at no other time, so that none is slept over.  Who waits does so with `ret_waiting`. */
static void listen_for_sizes(sigset_t *ret_waiting)
{
    struct sigaction winch;
    sigset_t one;
    memset(&winch, 0, sizeof winch);
    winch.sa_handler = on_resize; /* without SA_RESTART: the wait returns */
    sigaction(SIGWINCH, &winch, NULL);
    sigemptyset(&one);
    sigaddset(&one, SIGWINCH);
    sigprocmask(SIG_BLOCK, &one, ret_waiting);
    sigdelset(ret_waiting, SIGWINCH);
    resized = 1; /* it may have changed since the pseudo-terminals were made */
}

static void scribe(struct stream *s)
{
    prctl(PR_SET_NAME, "hr-scribe", 0, 0, 0);
    sigset_t waiting;
    listen_for_sizes(&waiting);
    static const int sigs[] = { SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGPIPE, SIGTSTP };
    for (size_t i = 0; i < HR_COUNT(sigs); i++)
        signal(sigs[i], SIG_IGN);
    for (size_t open = STREAMS; open != 0;) {
        struct pollfd p[STREAMS];
        open = 0;
        for (size_t i = 0; i < STREAMS; i++) {
            p[i] = (struct pollfd) { s[i].from, POLLIN, 0 };
            open += s[i].from >= 0;
        }
        if (open == 0)
            break;
        if (resized)
            resize(s);
        int k = ppoll(p, STREAMS, NULL, &waiting);
        if (k < 0 && errno != EINTR)
            break;
        for (size_t i = 0; k > 0 && i < STREAMS; i++)
            if (s[i].from >= 0 && p[i].revents != 0 && !take(&s[i])) {
                close(s[i].from);
                s[i].from = -1;
            }
    }
    _exit(0);
}

/* --- in the watcher --- */

/* A pseudo-terminal with this mode and size; by hand, since openpty stands in a library of its own before glibc 2.34. */
static int pair(int ends[2], const struct termios *mode, const struct winsize *size)
{
    char name[64];
    ends[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ends[0] < 0)
        return -1;
    ends[1] = grantpt(ends[0]) != 0 || unlockpt(ends[0]) != 0 || ptsname_r(ends[0], name, sizeof name) != 0 ?
                  -1 :
                  open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ends[1] >= 0 && tcsetattr(ends[1], TCSANOW, mode) == 0 && ioctl(ends[1], TIOCSWINSZ, size) == 0)
        return 0;
    hr_close(ends[0]);
    hr_close(ends[1]);
    ends[0] = ends[1] = -1;
    return -1;
}

/* ends[0] is read by the scribe, ends[1] written by the command. */
static int channel(int like, int ends[2], struct hr_error *err)
{
    struct winsize size;
    struct termios mode;
    int r;
    if (hr_fault_sys())
        return hr_fail_errno(err, errno, "no channel for the command's output can be made");
    if (hr_is_terminal(like) && ioctl(like, TIOCGWINSZ, &size) == 0 && tcgetattr(like, &mode) == 0) {
        mode.c_oflag &= ~(tcflag_t)OPOST; /* the real terminal does that, once */
        r = pair(ends, &mode, &size);
    } else {
        r = pipe2(ends, O_CLOEXEC);
    }
    return r == 0 ? 0 : hr_fail_errno(err, errno, "no channel for the command's output can be made");
}

struct parts {
    int out[2], err[2], line[2], output, timeline;
};

/* Standard output and error lead to one terminal, pipe or file ("2>&1"). */
static bool together(void)
{
    struct stat out, err;
    return (hr_is_terminal(1) && hr_is_terminal(2)) ||
           (fstat(1, &out) == 0 && fstat(2, &err) == 0 && out.st_dev == err.st_dev && out.st_ino == err.st_ino);
}

static int prepare(const char *output_path, const char *timeline_path, bool aside, struct parts *p, struct hr_error *err)
{
    int r = hr_open(output_path, O_WRONLY | O_CREAT | O_TRUNC, 0600, &p->output, err);
    if (r == 0)
        r = hr_open(timeline_path, O_WRONLY | O_CREAT | O_TRUNC, 0600, &p->timeline, err);
    if (r == 0)
        r = channel(aside ? 2 : 1, p->out, err);
    if (r == 0 && (aside || together())) {
        /* One channel for both, so that their order stays. */
        p->err[1] = fcntl(p->out[1], F_DUPFD_CLOEXEC, 3);
        r = p->err[1] < 0 ? hr_fail_errno(err, errno, "no channel for the command's output can be made") : 0;
    } else if (r == 0) {
        r = channel(2, p->err, err);
    }
    if (r == 0 && (hr_fault_sys() || pipe2(p->line, O_CLOEXEC | O_NONBLOCK) != 0))
        r = hr_fail_errno(err, errno, "no channel for the timeline can be made");
    return r;
}

int hr_scribe_start(const char *output_path, const char *timeline_path, uint64_t most, bool aside, struct hr_scribe *ret,
                    struct hr_error *err)
{
    struct parts p = { { -1, -1 }, { -1, -1 }, { -1, -1 }, -1, -1 };
    int r = prepare(output_path, timeline_path, aside, &p, err);
    pid_t pid = r < 0 || hr_fault_sys() ? -1 : fork();
    if (pid == 0) {
        uint64_t output_left = most, timeline_left = most;
        struct stream s[STREAMS] = { { p.out[0], aside ? 2 : 1, p.output, &output_left },
                                     { p.err[0], 2, p.output, &output_left },
                                     { p.line[0], -1, p.timeline, &timeline_left } };
        close(p.out[1]);
        hr_close(p.err[1]);
        close(p.line[1]);
        scribe(s);
    }
    if (r == 0 && pid < 0)
        r = hr_fail_errno(err, errno, "no process can be started");
    hr_close(p.out[0]);
    hr_close(p.err[0]);
    hr_close(p.line[0]);
    hr_close(p.output);
    hr_close(p.timeline);
    if (r < 0) {
        hr_close(p.out[1]);
        hr_close(p.err[1]);
        hr_close(p.line[1]);
        return r;
    }
    *ret = (struct hr_scribe) { pid, p.out[1], p.err[1], p.line[1], 0 };
    return 0;
}

void hr_scribe_handed(struct hr_scribe *s)
{
    hr_close(s->out);
    hr_close(s->err);
    s->out = s->err = -1;
}

void hr_scribe_line(struct hr_scribe *s, const char *text, size_t n)
{
    if (s->line < 0 || n > HR_SCRIBE_LINE_MAX || hr_fault_sys() || write(s->line, text, n) != (ssize_t)n)
        s->dropped++;
}

void hr_scribe_finish(struct hr_scribe *s, uint64_t deadline)
{
    int status;
    hr_scribe_handed(s);
    hr_close(s->line);
    s->line = -1;
    while (s->pid > 0 && waitpid(s->pid, &status, WNOHANG) == 0) {
        if (hr_now() >= deadline) {
            kill(s->pid, SIGKILL);
            deadline = UINT64_MAX;
        }
        hr_sleep(1000000);
    }
    s->pid = 0;
}
