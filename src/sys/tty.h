/* What stands at the other end of a descriptor. */
#ifndef HR_TTY_H
#define HR_TTY_H

#include "attr.h"

bool hr_is_terminal(int fd);
/* Columns of the terminal, or `otherwise` when fd is none or does not tell. */
unsigned hr_terminal_width(int fd, unsigned otherwise);

#endif
