/* Other programs, asked with a deadline.  A program that hangs must not hang its caller: at the deadline the whole process
 * group is killed, and one that cannot even be killed (it sleeps in a driver) is left behind. */
#ifndef HR_PROCESS_H
#define HR_PROCESS_H

#include "buf.h"
#include "err.h"

enum hr_end {
    HR_END_EXIT,    /* number: the exit status */
    HR_END_SIGNAL,  /* number: the signal */
    HR_END_TIMEOUT, /* number: 0 */
    HR_END_REFUSED, /* it could not be started; number: errno (ENOENT, EACCES, ENOEXEC) */
};
struct hr_ran {
    enum hr_end end;
    int number;
};

/* Runs argv[0] (a path, or a name looked up in PATH) with no input and no error output, and appends what it writes to
 * standard output to `out`, at most up to its ceiling: the rest is read and dropped.  `cwd` may be NULL; `deadline` is of hr_now.
 * Fails only when the machine refuses pipes, processes or memory. */
int hr_run(const char *const argv[], const char *cwd, uint64_t deadline, struct hr_buf *out, struct hr_ran *ret,
           struct hr_error *err) HR_MUST_USE;

/* Whether argv[0] of that name can be started, as far as its file's rights tell: to say so before it is needed. */
bool hr_run_able(const char *program);

/* Calls `fn` in a forked child and appends what it puts into its buffer to `out`, as far as the ceiling of `out` allows: a crash or
 * a hang of foreign code (a driver's library) stays in the child.  The child's status is `fn`'s result, 0..255.  Only for a
 * process of one thread. */
int hr_run_call(int (*fn)(void *ctx, struct hr_buf *out), void *ctx, uint64_t deadline, struct hr_buf *out,
                struct hr_ran *ret, struct hr_error *err) HR_MUST_USE;

#endif
