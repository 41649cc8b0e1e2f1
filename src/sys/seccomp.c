#include "seccomp.h"

#include "clock.h"
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OWN_ABI AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ABI AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OWN_ABI AUDIT_ARCH_RISCV64
#else
#define OWN_ABI 0 /* no filter is known for this machine: nothing matches, and listen says so */
#endif
#ifndef SECCOMP_USER_NOTIF_FLAG_CONTINUE /* headers before Linux 5.5 */
#define SECCOMP_USER_NOTIF_FLAG_CONTINUE (1UL << 0)
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* The kernel may know longer structs than the headers here; it tells its sizes, and these bytes hold any that it may have. */
enum { NOTE_ROOM = 512, ANSWERS = 64 };

/* Linux 5.19 and later take the flag: a signal then no longer breaks the wait of a caller that we have seen already. */
static int install(const struct sock_fprog *prog, unsigned long more)
{
    if (hr_fault_sys())
        return -errno;
    long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | more, prog);
    return fd < 0 ? -errno : (int)fd;
}

int hr_seccomp_listen(void)
{
    if (OWN_ABI == 0)
        return -ENOSYS;
    /* An x32 call has bit 30 set in its number, so it equals neither. */
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ABI, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execveat, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    };
    struct sock_fprog prog = { HR_COUNT(filter), filter };
    if (hr_fault_sys() || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -errno;
    int fd = install(&prog, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    return fd == -EINVAL ? install(&prog, 0) : fd;
}

int hr_seccomp_next(int fd, struct hr_exec_note *ret)
{
    union {
        struct seccomp_notif n;
        uint64_t room[NOTE_ROOM / 8];
    } note;
    memset(&note, 0, sizeof note); /* the kernel refuses anything but zeros */
    if (hr_fault_sys() || ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &note) != 0)
        return -errno;
    bool at = note.n.data.nr == SYS_execveat;
    *ret = (struct hr_exec_note) { note.n.id, (int)note.n.pid, note.n.data.args[at ? 1 : 0],
                                   note.n.data.args[at ? 2 : 1] };
    return 0;
}

bool hr_seccomp_waits(int fd, uint64_t id)
{
    return !hr_fault_sys() && ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

int hr_seccomp_let(int fd, uint64_t id)
{
    union {
        struct seccomp_notif_resp r;
        uint64_t room[NOTE_ROOM / 8];
    } answer;
    memset(&answer, 0, sizeof answer);
    answer.r.id = id;
    answer.r.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    /* Whoever waits for this answer waits for ever without it, and a signal may cut the call short: it is given again until it is
     * taken, or until nobody is there to take it. */
    for (int i = 0; i < ANSWERS; i++) {
        if (!hr_fault_sys() && ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0)
            return 0;
        if (errno == ENOENT || errno == EINPROGRESS || errno == EBADF)
            break;
    }
    return -errno;
}

int hr_peek_open(int pid)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int fd = hr_fault_sys() ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int64_t hr_peek(int mem_fd, uint64_t address, void *p, size_t n)
{
    if (address == 0 || address > INT64_MAX)
        return -EFAULT;
    ssize_t got = hr_fault_sys() ? -1 : pread(mem_fd, p, n, (off_t)address);
    return got < 0 ? -errno : got;
}

int hr_fd_send(int socket, int fd, int word)
{
    union {
        struct cmsghdr h;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec io = { &word, sizeof word };
    struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };
    memset(&control, 0, sizeof control);
    if (fd >= 0) {
        m.msg_control = &control;
        m.msg_controllen = sizeof control;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    if (hr_fault_sys() || sendmsg(socket, &m, MSG_NOSIGNAL) != sizeof word)
        return -errno;
    return 0;
}

static int wait_for(int fd, uint64_t deadline)
{
    for (;;) {
        uint64_t now = hr_now();
        struct pollfd p = { fd, POLLIN, 0 };
        int k = poll(&p, 1, now >= deadline ? 0 : (int)HR_MIN((deadline - now) / 1000000 + 1, (uint64_t)1000));
        if (k > 0)
            return 0;
        if (k < 0 && errno != EINTR)
            return -errno;
        if (k == 0 && now >= deadline)
            return -ETIMEDOUT;
    }
}

int hr_fd_take(int socket, uint64_t deadline, int *ret_fd, int *ret_word)
{
    union {
        struct cmsghdr h;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    int word = 0, fd = -1;
    struct iovec io = { &word, sizeof word };
    struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    int r = wait_for(socket, deadline);
    if (r < 0)
        return r;
    ssize_t n = hr_fault_sys() ? -1 : recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
    if (n != sizeof word)
        return n < 0 ? -errno : -EPIPE;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    *ret_fd = fd;
    *ret_word = word;
    return 0;
}
