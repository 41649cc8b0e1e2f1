#include "socket.h"

#include "fault.h"
#include "file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

static socklen_t read_address(const char *text, uint16_t port, union address *ret)
{
    memset(ret, 0, sizeof *ret);
    if (inet_pton(AF_INET, text, &ret->four.sin_addr) == 1) {
        ret->four.sin_family = AF_INET;
        ret->four.sin_port = htons(port);
        return sizeof ret->four;
    }
    if (inet_pton(AF_INET6, text, &ret->six.sin6_addr) == 1) {
        ret->six.sin6_family = AF_INET6;
        ret->six.sin6_port = htons(port);
        return sizeof ret->six;
    }
    return 0;
}

int hr_socket_listen(const char *address, uint16_t port, int *ret_fd, uint16_t *ret_port, struct hr_error *err)
{
    union address a;
    socklen_t n = read_address(address, port, &a);
    if (n == 0)
        return hr_fail(err, HR_E_INVALID, "'%s' is no address to listen on: give one such as 127.0.0.1 or ::1", address);
    HR_FD fd = hr_fault_sys() ? -1 : socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return hr_fail_errno(err, errno, "no socket for %s", address);
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (a.any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (hr_fault_sys() || bind(fd, &a.any, n) != 0) {
        if (errno == EADDRINUSE)
            return hr_fail(err, HR_E_EXISTS, "port %u of %s is taken by another program: choose another with --port", port, address);
        return hr_fail_errno(err, errno, "port %u of %s cannot be taken", port, address);
    }
    if (hr_fault_sys() || listen(fd, 32) != 0 || getsockname(fd, &a.any, &n) != 0)
        return hr_fail_errno(err, errno, "cannot listen on %s", address);
    *ret_port = ntohs(a.any.sa_family == AF_INET ? a.four.sin_port : a.six.sin6_port);
    *ret_fd = fd;
    fd = -1;
    return 0;
}

void hr_socket_cut(int fd)
{
    shutdown(fd, SHUT_RDWR);
}
