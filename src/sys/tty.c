#include "tty.h"

#include "fault.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool hr_is_terminal(int fd)
{
    return !hr_fault_sys() && isatty(fd) == 1;
}

unsigned hr_terminal_width(int fd, unsigned otherwise)
{
    struct winsize size = { 0 };
    if (hr_fault_sys() || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return otherwise;
    return size.ws_col;
}

void hr_fill_standard_fds(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        int null = open("/dev/null", O_RDONLY); /* the lowest free descriptor: fd itself, since those below are taken */
        if (null > 2)
            close(null);
    }
}
