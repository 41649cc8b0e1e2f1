/* A command run as if nobody stood above it: same process group, same terminal, same standard input and outputs, and what is sent to
 * this program reaches it.
 *
 * N1: it outlives this program, whatever ends that one: nothing here is needed for it to go on.
 * N2: nothing here stops it.  When a terminal's Ctrl-Z has stopped it, this program stops itself, so that the shell sees its job
 *     stopped; both go on together.
 * N3: a signal that the terminal sends has reached the command already and is only noted; one that a process sends is sent on.
 * N4: what this program was told to ignore (nohup) the command ignores too. */
#ifndef HR_ATTEND_H
#define HR_ATTEND_H

#include "err.h"

struct hr_attend_ask {
    const char *const *argv; /* a name without a slash is looked up in PATH */
    const char *const *envp;
    int out, err;            /* its standard output and error; -1: this program's */
    int oom_score_adj;       /* raised to this; 0: as it is */
};

struct hr_attend {
    int pid;     /* of the command */
    int signals; /* readable when there is news */
    bool terminal; /* there is a terminal that controls this session */
    struct hr_attend_saved *saved;
};

/* Starts it.  HR_E_NOT_FOUND and the like: it could not be, *ret_errno says why (else 0).  From here on this program's signals wait
 * for hr_attend_news. */
int hr_attend_start(const struct hr_attend_ask *ask, struct hr_attend *ret, int *ret_errno, struct hr_error *err) HR_MUST_USE;

enum hr_attend_what {
    HR_ATTEND_NOTHING,
    HR_ATTEND_ENDED,    /* value: the wait status */
    HR_ATTEND_STOPPED,  /* value: the signal that stopped it; this program may stop itself in hr_attend_stop_too */
    HR_ATTEND_TERMINAL, /* value: a signal of the terminal, which the command has got as well */
    HR_ATTEND_PASSED,   /* value: a signal that was sent on */
};
/* The next piece of news; never waits. */
enum hr_attend_what hr_attend_news(struct hr_attend *a, int *ret_value);
/* N2: after HR_ATTEND_STOPPED; returns when both go on. */
void hr_attend_stop_too(const struct hr_attend *a, int stopped_by);
/* Signals are this program's own again. */
void hr_attend_end(struct hr_attend *a);

/* Ends this program by the signal that ended the command, so that a shell's loop stops as it would have. */
void hr_die_of(int sig);

/* --- lines for people beside what the command prints --- */
/* A descriptor to the same place as `fd` that never blocks; -1: none. */
int hr_beside_open(int fd);
/* Writes or drops; true: written. */
bool hr_beside(int beside_fd, const char *text, size_t n);

/* Room for as many open files as this user may have, for this process alone: call it when the command has been started. */
void hr_many_files(void);

#endif
