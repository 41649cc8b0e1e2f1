/* Listening sockets of the page. */
#ifndef HR_SOCKET_H
#define HR_SOCKET_H

#include "err.h"

/* `address`: "127.0.0.1", "::1", "0.0.0.0" ...; port 0: any that is free.  *ret_port is the one it got. */
int hr_socket_listen(const char *address, uint16_t port, int *ret_fd, uint16_t *ret_port, struct hr_error *err) HR_MUST_USE;
/* Ends a connection that somebody else reads: both ways, without closing the descriptor. */
void hr_socket_cut(int fd);

#endif
