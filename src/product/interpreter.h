/* The Python that a command works with, as far as its words tell it, and the folders into which it installs. */
#ifndef HR_INTERPRETER_H
#define HR_INTERPRETER_H

#include "err.h"
#include "root.h"

enum { HR_SITES_MAX = 8, HR_PLACE_MAX = 1024 };

struct hr_interpreter {
    char program[HR_PLACE_MAX]; /* a path; "": none is named */
    bool pip;                   /* it installs: pip, uv, python -m pip or -m build */
    char target[HR_PLACE_MAX];  /* pip's --target; "" */
};

/* Reads the words of the command, those of `sh -c "..."` too.  Programs are looked for along PATH. */
void hr_interpreter_of(const struct hr_root *root, const char *const *argv, struct hr_interpreter *ret);
/* The first `python3` or `python` on PATH; false: there is none. */
bool hr_interpreter_usual(const struct hr_root *root, char program[HR_PLACE_MAX]);

struct hr_sites {
    char path[HR_SITES_MAX][HR_PLACE_MAX];
    size_t n;
};
/* Asks the interpreter; `deadline` is of hr_now.  Negative when it does not answer. */
int hr_interpreter_sites(const char *program, uint64_t deadline, struct hr_sites *ret, struct hr_error *err) HR_MUST_USE;

#endif
