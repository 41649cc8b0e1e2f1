#include "port.h"

#include "fault.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

unsigned hr_free_port(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof at;
    unsigned port = 0;
    int fd = hr_fault_sys() ? -1 : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    if (!hr_fault_sys() && bind(fd, (struct sockaddr *)(void *)&at, sizeof at) == 0 &&
        getsockname(fd, (struct sockaddr *)(void *)&at, &n) == 0)
        port = ntohs(at.sin_port);
    close(fd);
    return port;
}
