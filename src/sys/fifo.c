#include "fifo.h"

#include "fault.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AT_ONCE = 256 };

int hr_fifo_open(const char *path, int *ret_fd, struct hr_error *err)
{
    if (hr_fault_sys() || mkfifo(path, 0600) != 0)
        return hr_fail_errno(err, errno, "no fifo can be made at %s", path);
    int r = hr_open(path, O_RDWR | O_NONBLOCK, 0, ret_fd, err);
    if (r < 0)
        unlink(path);
    return r;
}

int hr_fd_inherit(int fd, bool yes)
{
    return hr_fault_sys() || fcntl(fd, F_SETFD, yes ? 0 : FD_CLOEXEC) != 0 ? -errno : 0;
}

int hr_fifo_count(int fd, unsigned *ret)
{
    int n = 0;
    if (hr_fault_sys() || ioctl(fd, FIONREAD, &n) != 0)
        return -errno;
    *ret = n < 0 ? 0 : (unsigned)n;
    return 0;
}

unsigned hr_fifo_put(int fd, unsigned n)
{
    char some[AT_ONCE];
    unsigned done = 0;
    memset(some, '+', sizeof some); /* what GNU make writes */
    while (done < n) {
        ssize_t k = hr_fault_sys() ? -1 : write(fd, some, HR_MIN(n - done, (unsigned)AT_ONCE));
        if (k <= 0)
            return done;
        done += (unsigned)k;
    }
    return done;
}

unsigned hr_fifo_take(int fd, unsigned n)
{
    char some[AT_ONCE];
    unsigned done = 0;
    while (done < n) {
        ssize_t k = hr_fault_sys() ? -1 : read(fd, some, HR_MIN(n - done, (unsigned)AT_ONCE));
        if (k <= 0)
            return done;
        done += (unsigned)k;
    }
    return done;
}
