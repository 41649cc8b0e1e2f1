#include "screen.h"

#include "clock.h"
#include "fault.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Alternate screen, no cursor, bracketed paste; wrapping off, so that the last cell of the last row scrolls nothing. */
#define ENTER "\033[?1049h\033[?25l\033[?2004h\033[?7l\033[2J"
#define MOUSE "\033[?1000h\033[?1002h\033[?1006h"
#define LEAVE "\033[?2026l\033[m\033[?1006l\033[?1002l\033[?1000l\033[?7h\033[?2004l\033[?25h\033[?1049l"

enum { PENDING_MAX = 4 << 20, CRASH_STACK = 64 << 10 };

static struct {
    struct termios was;
    int out;        /* the terminal, opened anew: not waiting is then nobody else's mode */
    int wake[2];
    bool mouse, open;
    bool again;     /* taken anew, and not told yet */
    char *pending;
    size_t pending_n, pending_at;
    char *crash_stack;
} s = { .out = -1, .wake = { -1, -1 } };

/* Read by handlers. */
static volatile sig_atomic_t taken, flags_end, flags_size, flags_again, flags_stop;

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
static struct sigaction old_ends[HR_COUNT(ends)], old_crashes[HR_COUNT(crashes)], old_winch, old_tstp, old_cont, old_pipe;

static void poke(void)
{
    int keep = errno;
    char c = 's';
    ssize_t n = write(s.wake[1], &c, 1);
    (void)n; /* full: it is readable anyway */
    errno = keep;
}

/* Async-signal-safe. */
static void give_back(void)
{
    if (!taken)
        return;
    taken = 0;
    ssize_t n = write(STDOUT_FILENO, LEAVE, sizeof LEAVE - 1);
    (void)n;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &s.was);
}

static void on_end(int sig)
{
    if (flags_end) { /* the second one: whoever should have ended has not */
        give_back();
        signal(sig, SIG_DFL);
        raise(sig);
        return;
    }
    flags_end = sig;
    poke();
}

static void on_crash(int sig)
{
    give_back();
    raise(sig); /* SA_RESETHAND: the default action now */
}

static void on_winch(int sig)
{
    (void)sig;
    flags_size = 1;
    poke();
}

static void on_stop(int sig)
{
    (void)sig;
    flags_stop = 1;
    poke();
}

static void on_cont(int sig)
{
    (void)sig;
    flags_again = 1;
    poke();
}

static void handle(int sig, void (*fn)(int), int flags, struct sigaction *old)
{
    struct sigaction act;
    memset(&act, 0, sizeof act);
    act.sa_handler = fn;
    act.sa_flags = flags;
    sigemptyset(&act.sa_mask);
    sigaction(sig, &act, old);
}

static void take_signals(void)
{
    for (size_t i = 0; i < HR_COUNT(ends); i++) {
        sigaction(ends[i], NULL, &old_ends[i]);
        if (old_ends[i].sa_handler != SIG_IGN)
            handle(ends[i], on_end, 0, &old_ends[i]);
    }
    stack_t stack = { .ss_sp = s.crash_stack, .ss_size = CRASH_STACK };
    if (s.crash_stack != NULL)
        sigaltstack(&stack, NULL);
    for (size_t i = 0; i < HR_COUNT(crashes); i++)
        handle(crashes[i], on_crash, (int)(SA_RESETHAND | SA_ONSTACK | SA_NODEFER), &old_crashes[i]);
    handle(SIGWINCH, on_winch, SA_RESTART, &old_winch);
    handle(SIGTSTP, on_stop, SA_RESTART, &old_tstp);
    handle(SIGCONT, on_cont, SA_RESTART, &old_cont);
    handle(SIGPIPE, SIG_IGN, 0, &old_pipe);
}

static void leave_signals(void)
{
    for (size_t i = 0; i < HR_COUNT(ends); i++)
        sigaction(ends[i], &old_ends[i], NULL);
    for (size_t i = 0; i < HR_COUNT(crashes); i++)
        sigaction(crashes[i], &old_crashes[i], NULL);
    sigaction(SIGWINCH, &old_winch, NULL);
    sigaction(SIGTSTP, &old_tstp, NULL);
    sigaction(SIGCONT, &old_cont, NULL);
    sigaction(SIGPIPE, &old_pipe, NULL);
    stack_t none = { .ss_flags = SS_DISABLE };
    sigaltstack(&none, NULL);
}

/* The modes and the alternate screen; also after a stop. */
static int take_terminal(struct hr_error *err)
{
    struct termios raw;
    if (hr_fault_sys() || tcgetattr(STDIN_FILENO, &s.was) != 0)
        return hr_fail_errno(err, errno, "the terminal's settings cannot be read");
    raw = s.was;
    raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
    raw.c_oflag &= ~(tcflag_t)OPOST;
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    taken = 1;
    if (hr_fault_sys() || tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0) {
        int en = errno;
        taken = 0;
        return hr_fail_errno(err, en, "the terminal cannot be taken over");
    }
    s.pending_n = s.pending_at = 0;
    hr_screen_send(ENTER, sizeof ENTER - 1);
    if (s.mouse)
        hr_screen_send(MOUSE, sizeof MOUSE - 1);
    return 0;
}

static void let_go(void)
{
    if (s.out >= 0)
        close(s.out);
    s.out = -1;
    hr_free(s.pending);
    hr_free(s.crash_stack);
    s.pending = s.crash_stack = NULL;
    s.open = false;
}

int hr_screen_open(bool mouse, struct hr_error *err)
{
    if (hr_fault_sys() || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return hr_fail(err, HR_E_UNSUPPORTED, "standard input and output are no terminal: the live view needs both");
    s.mouse = mouse;
    flags_end = flags_size = flags_again = flags_stop = 0;
    s.crash_stack = hr_malloc(CRASH_STACK); /* without it a crash is still told, but not one of the stack itself */
    /* Once per process: another thread may be about to write into it at any time. */
    if (s.wake[0] < 0 && (hr_fault_sys() || pipe2(s.wake, O_CLOEXEC | O_NONBLOCK) != 0)) {
        int en = errno;
        let_go();
        return hr_fail_errno(err, en, "a pipe for signals cannot be made");
    }
    s.out = hr_fault_sys() ? -1 : open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    take_signals();
    int r = take_terminal(err);
    if (r < 0) {
        leave_signals();
        let_go();
        return r;
    }
    s.open = true;
    return 0;
}

/* A frame cut in the middle would leave a sequence open: LEAVE begins with ESC, which ends any. */
void hr_screen_close(void)
{
    if (!s.open)
        return;
    give_back();
    leave_signals();
    let_go();
}

struct hr_screen_size hr_screen_size(void)
{
    struct winsize size = { 0 };
    if (hr_fault_sys() || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        return (struct hr_screen_size) { 80, 24 };
    return (struct hr_screen_size) { size.ws_col, size.ws_row };
}

/* The shell may have changed the modes meanwhile: they are read as they are now. */
static void take_again(void)
{
    flags_again = 0;
    give_back();
    if (take_terminal(NULL) < 0)
        flags_end = flags_end ? flags_end : SIGHUP;
    s.again = true;
}

static unsigned happened(void)
{
    unsigned what = 0;
    if (flags_stop) {
        flags_stop = 0;
        hr_screen_suspend();
    }
    if (flags_again) /* after SIGSTOP */
        take_again();
    if (s.again) {
        s.again = false;
        what |= HR_SCREEN_AGAIN | HR_SCREEN_RESIZED;
    }
    if (flags_size) {
        flags_size = 0;
        what |= HR_SCREEN_RESIZED;
    }
    return flags_end ? what | HR_SCREEN_END : what;
}

static void flush_some(void)
{
    while (s.pending_at < s.pending_n) {
        int fd = s.out >= 0 ? s.out : STDOUT_FILENO;
        ssize_t n = hr_fault_sys() ? -1 : write(fd, s.pending + s.pending_at, s.pending_n - s.pending_at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) { /* the terminal is gone */
            flags_end = flags_end ? flags_end : SIGHUP;
            break;
        }
        s.pending_at += (size_t)n;
    }
    s.pending_at = s.pending_n = 0;
}

unsigned hr_screen_wait(uint64_t deadline)
{
    unsigned what = happened();
    if (what != 0)
        return what;
    uint64_t now = hr_now();
    uint64_t ms = deadline > now ? (deadline - now + 999999) / 1000000 : 0;
    struct pollfd p[3] = { { STDIN_FILENO, POLLIN, 0 },
                           { s.wake[0], POLLIN, 0 },
                           { hr_screen_pending() ? s.out : -1, POLLOUT, 0 } };
    if (hr_fault_sys() || poll(p, 3, (int)HR_MIN(ms, 60000u)) < 0)
        return happened();
    if ((p[1].revents & POLLIN) != 0) {
        char drain[64];
        ssize_t n;
        while ((n = read(s.wake[0], drain, sizeof drain)) > 0)
            if (memchr(drain, 'w', (size_t)n) != NULL)
                what |= HR_SCREEN_WOKEN;
    }
    if (p[2].revents != 0) {
        flush_some();
        if (!hr_screen_pending())
            what |= HR_SCREEN_SENT;
    }
    if ((p[0].revents & POLLIN) != 0)
        what |= HR_SCREEN_INPUT;
    else if ((p[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
        what |= HR_SCREEN_END;
    return what | happened();
}

void hr_screen_wake(void)
{
    char c = 'w';
    ssize_t n = write(s.wake[1], &c, 1);
    (void)n;
}

size_t hr_screen_read(unsigned char *p, size_t n)
{
    ssize_t got = hr_fault_sys() ? -1 : read(STDIN_FILENO, p, n);
    return got > 0 ? (size_t)got : 0;
}

void hr_screen_send(const char *p, size_t n)
{
    if (s.pending_at == s.pending_n)
        s.pending_at = s.pending_n = 0;
    if (n == 0 || s.pending_n + n > PENDING_MAX)
        return;
    char *more = hr_realloc(s.pending, s.pending_n + n);
    if (more == NULL)
        return;
    s.pending = more;
    memcpy(s.pending + s.pending_n, p, n);
    s.pending_n += n;
    flush_some();
}

bool hr_screen_pending(void)
{
    return s.pending_at < s.pending_n;
}

void hr_screen_suspend(void)
{
    give_back();
    /* Stops the whole job, as the terminal's own Ctrl-Z does; the handler gets SIGCONT. */
    sigaction(SIGTSTP, &old_tstp, NULL);
    kill(0, SIGTSTP);
    handle(SIGTSTP, on_stop, SA_RESTART, NULL);
    take_again(); /* before anybody reads: a cooked terminal would make that wait for a line */
}
