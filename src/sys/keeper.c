#include "keeper.h"

#include "clock.h"
#include "fault.h"
#include "file.h"
#include "procfs.h"
#include "seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A word on the socket: what it is in the upper byte, its value in the lower three. */
enum word { W_GATE = 1, W_PID, W_REFUSED, W_ENDED, W_DISMISS, W_RELEASE };
enum { VALUE_MAX = 0xFFFFFF, PATIENCE_MS = 2000, ROUND_MS = 20 };

static int word(enum word kind, int value)
{
    return (int)kind << 24 | (value & VALUE_MAX);
}

/* --- the processes below one --- */

struct process {
    int pid, parent;
    bool ended; /* not yet reaped */
};
enum { PROCESSES_MAX = 16384 };
struct census {
    struct process p[PROCESSES_MAX];
    size_t n;
};

static bool count_in(void *ctx, int pid)
{
    struct census *c = ctx;
    struct hr_proc_stat s;
    if (hr_proc_stat(pid, &s) == 0 && c->n < PROCESSES_MAX)
        c->p[c->n++] = (struct process) { pid, s.parent, s.state == 'Z' };
    return c->n < PROCESSES_MAX;
}

/* /proc lists by rising pid. */
static int parent_of(const struct census *c, int pid)
{
    size_t lo = 0, hi = c->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c->p[mid].pid == pid)
            return c->p[mid].parent;
        if (c->p[mid].pid < pid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return 0;
}

size_t hr_descendants(int root, int *pids, size_t most)
{
    static struct census c; /* the watcher allocates nothing; it has one thread */
    size_t n = 0;
    c.n = 0;
    hr_proc_each(count_in, &c);
    for (size_t i = 0; i < c.n && n < most; i++) {
        int up = c.p[i].parent;
        for (int depth = 0; up > 1 && up != root && depth < 256; depth++)
            up = parent_of(&c, up);
        if (up == root && !c.p[i].ended)
            pids[n++] = c.p[i].pid;
    }
    return n;
}

/* --- the command's own process, between fork and exec --- */

static void as_before(const sigset_t *mask, const struct sigaction *old)
{
    static const int sigs[] = { SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGPIPE };
    for (size_t i = 0; i < HR_COUNT(sigs); i++)
        sigaction(sigs[i], &old[i], NULL);
    sigprocmask(SIG_SETMASK, mask, NULL);
}

static void shoot_here_first(int adj)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%d", adj), fd = adj == 0 ? -1 : open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, text, (size_t)n) != n)
        errno = 0; /* a hint */
    if (fd >= 0)
        close(fd);
}

#ifndef SYS_process_mrelease /* headers before Linux 5.15 */
#define SYS_process_mrelease 448
#endif
enum { IOPRIO_PROCESS = 1, IOPRIO_IDLE = 3 << 13 }; /* linux/ioprio.h, which older headers lack */

static void yield_to_others(void)
{
    int now = getpriority(PRIO_PROCESS, 0);
    if ((now < 10 && setpriority(PRIO_PROCESS, 0, 10) != 0) || syscall(SYS_ioprio_set, IOPRIO_PROCESS, 0, IOPRIO_IDLE) != 0)
        errno = 0; /* a hint */
}

static void become(const struct hr_keep *k, int socket, const sigset_t *mask, const struct sigaction *old)
{
    struct rlimit none = { 0, 0 };
    if (k->out >= 0)
        dup2(k->out, 1);
    if (k->err >= 0)
        dup2(k->err, 2);
    shoot_here_first(k->oom_score_adj);
    setrlimit(RLIMIT_CORE, &none); /* a compiler of 7 GiB that dies must not fill the disk as well */
    if (k->gentle)
        yield_to_others();
    as_before(mask, old);
    hr_fd_send(socket, -1, word(W_PID, getpid())); /* first of all: a refusal may follow at once */
    int fd = k->gate ? hr_seccomp_listen() : -ECANCELED;
    hr_fd_send(socket, fd, word(W_GATE, fd < 0 ? -fd : 0));
    if (fd >= 0)
        close(fd);
    execvpe(k->argv[0], (char *const *)(uintptr_t)k->argv, (char *const *)(uintptr_t)k->envp);
    int en = errno;
    hr_fd_send(socket, -1, word(W_REFUSED, en));
    _exit(en == ENOENT ? 127 : 126);
}

/* --- the keeper --- */

static void signal_all(int sig)
{
    static int pids[PROCESSES_MAX];
    size_t n = hr_descendants(getpid(), pids, HR_COUNT(pids));
    for (size_t i = 0; i < n; i++)
        kill(pids[i], sig);
}

/* Reaps what has ended; true when there is no child left. */
static bool reap(int socket, int command)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == command)
            hr_fd_send(socket, -1, word(W_ENDED, status));
    return pid < 0 && errno == ECHILD;
}

/* K1 */
static void rescue(int socket)
{
    signal_all(SIGTERM); /* pending in the stopped ones until they go on */
    signal_all(SIGCONT);
    for (int ms = 0; ms < PATIENCE_MS; ms += ROUND_MS) {
        if (reap(socket, 0))
            return;
        hr_sleep((uint64_t)ROUND_MS * 1000000);
    }
    for (int i = 0; i < 50 && !reap(socket, 0); i++) { /* a fork may have been on its way */
        signal_all(SIGKILL);
        hr_sleep((uint64_t)ROUND_MS * 1000000);
    }
}

static void release(int pidfd)
{
    /* EAGAIN: it has not begun to die */
    for (int i = 0; i < 5 && syscall(SYS_process_mrelease, pidfd, 0) != 0 && errno == EAGAIN; i++)
        hr_sleep(1000000);
    close(pidfd);
}

static void keep(int socket, int chld, int command)
{
    for (;;) {
        struct pollfd p[2] = { { socket, POLLIN, 0 }, { chld, POLLIN, 0 } };
        struct signalfd_siginfo info;
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            break;
        if (p[1].revents != 0 && read(chld, &info, sizeof info) < 0 && errno != EAGAIN)
            break;
        reap(socket, command);
        if (p[0].revents == 0)
            continue;
        int w = 0, fd = -1, n = hr_fd_take(socket, hr_now(), &fd, &w);
        if (n == 0 && w == word(W_DISMISS, 0))
            _exit(0);
        if (fd >= 0)
            release(fd);
        if (n < 0 && n != -ETIMEDOUT && n != -EAGAIN && n != -EINTR)
            break;
    }
    rescue(socket);
    _exit(1);
}

static void keeper(const struct hr_keep *k, int socket)
{
    static const int sigs[] = { SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGPIPE };
    struct sigaction old[HR_COUNT(sigs)], ignore;
    sigset_t chld, before;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    for (size_t i = 0; i < HR_COUNT(sigs); i++) {
        sigaction(sigs[i], &ignore, &old[i]);
        if (old[i].sa_handler != SIG_IGN) /* our own handlers are none of the command's business */
            old[i].sa_handler = SIG_DFL;
        old[i].sa_flags = 0;
    }
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, &before);
    hr_subreaper();
    prctl(PR_SET_NAME, "hr-keeper", 0, 0, 0); /* a killall by the program's name leaves it to its duty */
    int fd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
    pid_t command = fd < 0 ? -1 : fork();
    if (command == 0)
        become(k, socket, &before, old);
    if (command < 0) {
        hr_fd_send(socket, -1, word(W_REFUSED, errno));
        _exit(1);
    }
    hr_close(k->out);
    hr_close(k->err);
    keep(socket, fd, command);
}

/* --- the watcher's side --- */

static int greet(struct hr_keeper *k, struct hr_error *err)
{
    bool gate = false, pid = false;
    while (!gate || !pid) {
        int fd, w, r = hr_fd_take(k->socket, hr_now() + UINT64_C(10000000000), &fd, &w);
        if (r < 0)
            return hr_fail_errno(err, -r, "the process that keeps the command does not answer");
        int value = w & VALUE_MAX;
        if (w >> 24 == W_GATE) {
            gate = true;
            k->listener = fd;
            k->gate_errno = value;
        } else if (w >> 24 == W_PID) {
            pid = true;
            k->command = value;
        } else {
            hr_close(fd);
            return hr_fail_errno(err, value, "the command cannot be started");
        }
    }
    return 0;
}

int hr_keeper_start(const struct hr_keep *k, struct hr_keeper *ret, struct hr_error *err)
{
    int two[2];
    if (hr_fault_sys() || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, two) != 0)
        return hr_fail_errno(err, errno, "no socket to the command's keeper can be made");
    pid_t pid = hr_fault_sys() ? -1 : fork();
    if (pid == 0) {
        close(two[0]);
        keeper(k, two[1]);
    }
    int en = errno;
    close(two[1]);
    if (pid < 0) {
        close(two[0]);
        return hr_fail_errno(err, en, "no process can be started");
    }
    struct hr_keeper made = { .pid = pid, .socket = two[0], .listener = -1 };
    int r = greet(&made, err);
    if (r < 0) {
        hr_keeper_abandon(&made);
        return r;
    }
    *ret = made;
    return 0;
}

enum hr_kept hr_keeper_news(const struct hr_keeper *k, int *ret_value)
{
    int w = 0;
    ssize_t n = hr_fault_sys() ? -1 : recv(k->socket, &w, sizeof w, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return HR_KEPT_NOTHING;
    if (n != sizeof w)
        return HR_KEPT_LOST;
    *ret_value = w & VALUE_MAX;
    return w >> 24 == W_ENDED ? HR_KEPT_ENDED : w >> 24 == W_REFUSED ? HR_KEPT_REFUSED : HR_KEPT_NOTHING;
}

static void gone(struct hr_keeper *k)
{
    int status;
    hr_close(k->socket);
    hr_close(k->listener);
    k->socket = k->listener = -1;
    while (k->pid > 0 && waitpid(k->pid, &status, 0) < 0 && errno == EINTR)
        ;
    k->pid = 0;
}

void hr_keeper_release(const struct hr_keeper *k, int pidfd)
{
    hr_fd_send(k->socket, pidfd, word(W_RELEASE, 0));
}

void hr_keeper_dismiss(struct hr_keeper *k)
{
    hr_fd_send(k->socket, -1, word(W_DISMISS, 0));
    gone(k);
}

void hr_keeper_abandon(struct hr_keeper *k)
{
    gone(k);
}

const char *const *hr_environment(void)
{
    return (const char *const *)(uintptr_t)environ;
}
