#include "helper.h"

#include "clock.h"
#include "fault.h"
#include "file.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void serve(int fd, bool (*fn)(void *ctx), void *ctx)
{
    /* Ctrl-C is for the program; the child goes when its socket closes, or with its parent. */
    static const int ignored[] = { SIGINT, SIGQUIT, SIGTSTP, SIGPIPE, SIGHUP };
    for (size_t i = 0; i < HR_COUNT(ignored); i++)
        signal(ignored[i], SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    char c;
    bool on = true;
    while (on) {
        ssize_t n = read(fd, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n != 1)
            break;
        on = fn(ctx);
        if (write(fd, "", 1) != 1)
            break;
    }
    _exit(0);
}

int hr_helper_start(bool (*fn)(void *ctx), void *ctx, struct hr_helper *ret, struct hr_error *err)
{
    int ends[2];
    if (hr_fault_sys() || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return hr_fail_errno(err, errno, "no channel to a helper can be made");
    pid_t pid = hr_fault_sys() ? -1 : fork();
    if (pid == 0) {
        close(ends[0]);
        serve(ends[1], fn, ctx);
    }
    int why = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return hr_fail_errno(err, why, "no helper can be started");
    }
    *ret = (struct hr_helper) { (int)pid, ends[0] };
    return 0;
}

bool hr_helper_ask(const struct hr_helper *h)
{
    return h->socket >= 0 && !hr_fault_sys() && send(h->socket, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

enum hr_helper_said hr_helper_news(const struct hr_helper *h)
{
    char c;
    if (h->socket < 0)
        return HR_HELPER_GONE;
    ssize_t n = hr_fault_sys() ? -1 : recv(h->socket, &c, 1, MSG_DONTWAIT);
    if (n == 1)
        return HR_HELPER_DONE;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? HR_HELPER_NOTHING : HR_HELPER_GONE;
}

bool hr_helper_reap(struct hr_helper *h, int *ret_signal)
{
    int status = 0;
    if (h->pid <= 0)
        return true;
    pid_t r = waitpid(h->pid, &status, WNOHANG);
    if (r == 0)
        return false;
    *ret_signal = r > 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    h->pid = 0;
    return true;
}

void hr_helper_end(struct hr_helper *h)
{
    int sig;
    hr_close(h->socket);
    h->socket = -1;
    if (h->pid > 0)
        kill(h->pid, SIGKILL);
    for (uint64_t until = hr_now() + 50000000; !hr_helper_reap(h, &sig) && hr_now() < until;)
        hr_sleep(500000);
    h->pid = 0;
}
