#include "kmsg.h"

#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int hr_kmsg_open(void)
{
    int fd = hr_fault_sys() ? -1 : open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno != 0 ? -errno : -EIO;
    if (hr_fault_sys() || lseek(fd, 0, SEEK_END) < 0) {
        int en = errno != 0 ? errno : EIO;
        close(fd);
        return -en;
    }
    return fd;
}

int64_t hr_kmsg_next(int fd, char *to, size_t n)
{
    for (int again = 0; again < 16; again++) {
        ssize_t got = hr_fault_sys() ? -1 : read(fd, to, n);
        if (got >= 0)
            return got;
        if (errno == EAGAIN)
            return 0;
        if (errno != EPIPE && errno != EINTR) /* EPIPE: the next one that is still there follows */
            return errno != 0 ? -errno : -EIO;
    }
    return 0;
}
