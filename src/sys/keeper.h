/* A command run under a watcher that may die at any moment: between the two stands the keeper, a small process that is the
 * command's parent and the reaper of everything it leaves.
 *
 * K1: whatever ends the watcher (SIGKILL too), the keeper sees its socket close, continues every stopped process of the tree, asks
 *     all of them to end, and ends them after two seconds.  Nothing is left stopped and nothing runs on unwatched.
 * K2: the watcher is an ancestor of the whole tree, so it may read its memory and signal it without rights.
 * K3: the command's standard input is the watcher's own, and its process group too: a terminal's Ctrl-C and Ctrl-Z reach it. */
#ifndef HR_KEEPER_H
#define HR_KEEPER_H

#include "err.h"

struct hr_keep {
    const char *const *argv; /* a name without a slash is looked up in PATH */
    const char *const *envp; /* the whole environment; ends with NULL */
    int out, err;            /* its standard output and error; -1: the watcher's */
    bool gate;               /* ask before every exec (seccomp.h) */
    bool gentle;             /* nice 10, and disks only when nobody else wants them */
    int oom_score_adj;       /* raised to this, so that the kernel shoots here first; 0: as it is */
};

struct hr_keeper {
    int pid, command; /* the keeper, and the command below it */
    int socket;
    int listener; /* -1: without a gate; gate_errno says why where one was asked for */
    int gate_errno;
};

/* Returns when the command stands before its exec: with a gate, that is the first note. */
int hr_keeper_start(const struct hr_keep *k, struct hr_keeper *ret, struct hr_error *err) HR_MUST_USE;

enum hr_kept {
    HR_KEPT_NOTHING, /* no news */
    HR_KEPT_REFUSED, /* the command could not be started; value: errno */
    HR_KEPT_ENDED,   /* value: the wait status */
    HR_KEPT_LOST,    /* the keeper is gone */
};
/* What the keeper has to tell, once poll() says that the socket is readable.  Never waits. */
enum hr_kept hr_keeper_news(const struct hr_keeper *k, int *ret_value);
/* Gives the memory of a process that has been sent SIGKILL back at once, by the keeper: it takes a third of a second for 2 GiB, in
 * which the watcher must not be blind.  A hint. */
void hr_keeper_release(const struct hr_keeper *k, int pidfd);
/* All is over: the keeper goes, and leaves alone what still runs below it. */
void hr_keeper_dismiss(struct hr_keeper *k);
/* Ends the keeper as if the watcher had died (K1), and waits for it. */
void hr_keeper_abandon(struct hr_keeper *k);

/* Every living process below `root`, parents before no one in particular; at most `most`. */
size_t hr_descendants(int root, int *pids, size_t most);

/* The environment of this process; ends with NULL. */
const char *const *hr_environment(void);

#endif
