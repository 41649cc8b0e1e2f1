#include "door.h"

#include "clock.h"
#include "fault.h"
#include "file.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int hr_door_open(char ret_name[HR_DOOR_NAME_MAX])
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    char name[HR_DOOR_NAME_MAX];
    int fd = hr_fault_sys() ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int n = snprintf(name, sizeof name, "headrace-%d-%" PRIx64, (int)getpid(), hr_now());
    memcpy(at.sun_path + 1, name, (size_t)n);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
    if (hr_fault_sys() || bind(fd, (struct sockaddr *)(void *)&at, len) != 0 || hr_fault_sys() || listen(fd, SOMAXCONN) != 0) {
        int en = errno;
        close(fd);
        return -en;
    }
    memcpy(ret_name, name, (size_t)n + 1);
    return fd;
}

int hr_door_next(int fd, int *ret_pid)
{
    struct ucred who;
    socklen_t n = sizeof who;
    int visitor = hr_fault_sys() ? -1 : accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (visitor < 0)
        return -errno;
    bool told = !hr_fault_sys() && getsockopt(visitor, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0;
    if (!told || who.uid != geteuid() || who.pid <= 0) {
        hr_door_let(visitor);
        return -EAGAIN;
    }
    *ret_pid = who.pid;
    return visitor;
}

bool hr_door_waits(int visitor)
{
    struct pollfd p = { visitor, POLLIN, 0 };
    return !hr_fault_sys() && poll(&p, 1, 0) == 0;
}

void hr_door_let(int visitor)
{
    const char word = 1;
    /* Closing it lets it in as well; the word only tells which of the two it was. */
    if (send(visitor, &word, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        errno = 0;
    hr_close(visitor);
}
