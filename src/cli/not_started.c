#include "not_started.h"

#include "str.h"

#include <errno.h>
#include <string.h>

/* "CC=gcc make": a shell sets the variable, exec looks for a program of that name. */
static bool sets_a_variable(const char *s)
{
    const char *is = strchr(s, '=');
    return is != NULL && is != s && strcspn(s, "/ ") > (size_t)(is - s);
}

static void not_there(struct hr_buf *b, const char *command)
{
    if (command[0] == 0)
        hr_buf_adds(b, "the command is an empty word: a variable of your shell may be empty");
    else if (sets_a_variable(command))
        hr_buf_printf(b, "'%s' is no command: write env %s and the command behind it", command, command);
    else if (strchr(command, ' ') != NULL)
        hr_buf_printf(b, "there is no command '%s': give its words one by one, or a line for the shell as sh -c '...'", command);
    else if (strchr(command, '/') != NULL)
        hr_buf_printf(b, "'%s' could not be started: it is not there, or what its first line names (#!) is not", command);
    else
        hr_buf_printf(b, "there is no command '%s' in the folders of PATH: install it, or give its whole path", command);
}

void hr_not_started(struct hr_buf *b, const char *command, int number)
{
    if (number == ENOENT)
        not_there(b, command);
    else if (number == EACCES)
        hr_buf_printf(b, "'%s' could not be started: it is a folder, or it may not be executed (chmod +x, or name its interpreter before it)", command);
    else
        hr_buf_printf(b, "'%s' could not be started: %s", command, strerror(number));
}
