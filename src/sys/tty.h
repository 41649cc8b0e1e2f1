/* What stands at the other end of a descriptor. */
#ifndef HR_TTY_H
#define HR_TTY_H

#include "attr.h"

bool hr_is_terminal(int fd);
/* Columns of the terminal, or `otherwise` when fd is none or does not tell. */
unsigned hr_terminal_width(int fd, unsigned otherwise);

/* Where a parent has closed standard input, output or error, puts /dev/null there, read-only: the next file that is opened
 * must not become descriptor 1 and be printed into.  Writing to such an output fails, and that can be told. */
void hr_fill_standard_fds(void);

#endif
