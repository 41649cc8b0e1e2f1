#include "procfs.h"

#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STAT_ROOM = 1024, LIST_ROOM = 16384, CLIMB_MAX = 512 };

/* Digits at *p, after which *p stands; 0 where there are none. */
static uint64_t number(const char **p, const char *end)
{
    uint64_t v = 0;
    while (*p < end && **p >= '0' && **p <= '9')
        v = v * 10 + (uint64_t)(*(*p)++ - '0');
    return v;
}

static void blank(const char **p, const char *end)
{
    while (*p < end && *(*p)++ != ' ')
        ;
}

bool hr_proc_parse_stat(const char *text, size_t n, struct hr_proc_stat *ret)
{
    const char *end = text + n, *p = text;
    const char *open = memchr(text, '(', n), *close = NULL;
    for (const char *q = end; open != NULL && q > open; q--)
        if (q[-1] == ')') {
            close = q - 1;
            break;
        }
    if (close == NULL || end - close < 4)
        return false;
    struct hr_proc_stat s = { .pid = (int)number(&p, open), .state = close[2] };
    size_t len = HR_MIN((size_t)(close - open - 1), sizeof s.comm - 1);
    memcpy(s.comm, open + 1, len);
    p = close + 4; /* field 4: the parent */
    s.parent = (int)number(&p, end);
    for (int field = 4; field < 24 && p < end; field++) {
        if (field == 10)
            s.faults = number(&p, end);
        if (field == 14 || field == 15)
            s.cpu += number(&p, end);
        if (field == 22)
            s.born = number(&p, end);
        blank(&p, end);
    }
    s.resident = number(&p, end) * (uint64_t)sysconf(_SC_PAGESIZE);
    for (int field = 24; field < 28 && p < end; field++)
        blank(&p, end);
    s.stack = number(&p, end);
    if (s.pid <= 0 || s.born == 0)
        return false;
    *ret = s;
    return true;
}

int hr_proc_stat(int pid, struct hr_proc_stat *ret)
{
    char path[32], text[STAT_ROOM];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int fd = hr_kept_open(path);
    if (fd < 0)
        return fd;
    int64_t n = hr_kept_read(fd, text, sizeof text);
    close(fd);
    if (n < 0)
        return (int)n;
    return hr_proc_parse_stat(text, (size_t)n, ret) ? 0 : -ESRCH;
}

int hr_proc_open_statm(int pid)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    return hr_kept_open(path);
}

int hr_proc_anon(int statm_fd, uint64_t *ret_bytes)
{
    char text[128];
    int64_t n = hr_kept_read(statm_fd, text, sizeof text);
    if (n < 0)
        return (int)n;
    const char *p = text, *end = text + n;
    blank(&p, end);
    uint64_t resident = number(&p, end);
    blank(&p, end);
    uint64_t shared = number(&p, end);
    *ret_bytes = (resident > shared ? resident - shared : 0) * (uint64_t)sysconf(_SC_PAGESIZE);
    return 0;
}

struct entry { /* struct linux_dirent64 */
    uint64_t ino;
    int64_t off;
    uint16_t len;
    uint8_t type;
    char name[];
};

int hr_proc_each(bool (*each)(void *ctx, int pid), void *ctx)
{
    uint64_t calls;
    int fd = hr_proc_folder();
    if (fd < 0)
        return fd;
    int r = hr_proc_each_of(fd, each, ctx, &calls);
    close(fd);
    return r;
}

int hr_proc_each_of(int fd, bool (*each)(void *ctx, int pid), void *ctx, uint64_t *ret_calls)
{
    _Alignas(8) char room[LIST_ROOM];
    long n;
    bool on = true;
    *ret_calls = 1;
    if (hr_fault_sys() || lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    while (on && (++*ret_calls, n = syscall(SYS_getdents64, fd, room, sizeof room)) > 0) {
        for (long at = 0; on && at < n;) {
            const struct entry *e = (const struct entry *)(const void *)(room + at);
            const char *p = e->name, *end = p + strlen(p);
            uint64_t pid = number(&p, end);
            if (p == end && pid != 0)
                on = each(ctx, (int)pid);
            at += e->len;
        }
    }
    return 0;
}

int hr_kept_open(const char *path)
{
    int fd = hr_fault_sys() ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int64_t hr_kept_read(int fd, char *p, size_t n)
{
    ssize_t got = hr_fault_sys() ? -1 : pread(fd, p, n, 0);
    return got < 0 ? -errno : got;
}

int hr_proc_self(void)
{
    return (int)getpid();
}

bool hr_proc_root(void)
{
    return geteuid() == 0;
}

bool hr_proc_above(int pid)
{
    struct hr_proc_stat s;
    int up = hr_proc_self();
    for (int i = 0; pid > 0 && i < CLIMB_MAX && up > 1; i++) {
        if (hr_proc_stat(up, &s) < 0)
            return false;
        up = s.parent;
        if (up == pid)
            return true;
    }
    return false;
}

int64_t hr_link_read(const char *path, char *to, size_t n)
{
    ssize_t got = hr_fault_sys() ? -1 : readlink(path, to, n - 1);
    if (got < 0)
        return -errno;
    to[got] = 0;
    return got;
}

int64_t hr_kept_read_at(int fd, char *p, size_t n, uint64_t off)
{
    ssize_t got = hr_fault_sys() ? -1 : pread(fd, p, n, (off_t)off);
    return got < 0 ? -errno : got;
}

int hr_proc_folder(void)
{
    int fd = hr_fault_sys() ? -1 : open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int64_t hr_proc_read(int folder, int pid, const char *file, char *p, size_t n)
{
    char path[64], digits[12], *d = digits + sizeof digits;
    size_t len = strlen(file);
    if (pid <= 0 || len > sizeof path - sizeof digits - 2)
        return -EINVAL;
    for (unsigned v = (unsigned)pid; v != 0; v /= 10)
        *--d = (char)('0' + v % 10);
    size_t k = (size_t)(digits + sizeof digits - d);
    memcpy(path, d, k);
    path[k] = '/';
    memcpy(path + k + 1, file, len + 1);
    int fd = hr_fault_sys() ? -1 : openat(folder, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t got = hr_fault_sys() ? -1 : read(fd, p, n);
    int64_t r = got < 0 ? -errno : got;
    close(fd);
    return r;
}

int hr_pidfd_open(int pid)
{
    long fd = hr_fault_sys() ? -1 : syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : (int)fd;
}

int hr_pidfd_signal(int pidfd, int sig)
{
    if (hr_fault_sys() || syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) != 0)
        return -errno;
    return 0;
}

int hr_signal(int pid, int sig)
{
    if (pid <= 1)
        return -EINVAL;
    if (hr_fault_sys() || kill(pid, sig) != 0)
        return -errno;
    return 0;
}

int hr_poll(struct pollfd *p, size_t n, int ms)
{
    int k = hr_fault_sys() ? -1 : poll(p, n, ms);
    return k < 0 ? (errno == EINTR ? 0 : -errno) : k;
}

void hr_go_first(bool on)
{
    static int before;
    if (on)
        before = getpriority(PRIO_PROCESS, 0);
    if (!hr_fault_sys() && setpriority(PRIO_PROCESS, 0, on ? HR_MIN(before, -10) : before) != 0)
        errno = 0; /* without rights: as everybody */
}

int hr_subreaper(void)
{
    if (hr_fault_sys() || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
        return -errno;
    return 0;
}
