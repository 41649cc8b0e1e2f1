/* What is done at an alert, in a thread of its own, so that the sampler never waits for it.
 *
 * A program is run as PROGRAM begin|end KEY LEVEL TEXT.  No shell is in between, so whatever a process is called stays an argument.  One runs after
 * the other, each for at most `patience`; when more than HR_HOOK_QUEUE wait, the oldest are dropped. */
#ifndef HR_HOOK_H
#define HR_HOOK_H

#include "episodes.h"

enum { HR_HOOK_QUEUE = 32 };

struct hr_hook_options {
    const char *program;
    bool drop;         /* instead of a program: the page cache of large files that programs only read is dropped */
    const char *key;   /* only when the alert of this name begins; NULL: when any begins or ends */
    uint64_t patience; /* ns; 0: ten seconds */
};

struct hr_hook;
int hr_hook_open(const struct hr_hook_options *o, struct hr_hook **ret, struct hr_error *err) HR_MUST_USE;
void hr_hook_close(struct hr_hook *h); /* accepts NULL; waits for the program that runs */
/* Behind every tick: what has begun or ended since the last call is handed to the thread.  Never waits for it. */
void hr_hook_look(struct hr_hook *h, const struct hr_episodes *e);

/* What has come of it. */
struct hr_hook_done {
    uint64_t times; /* ended so often */
    bool running;
    char last[96];  /* "exit status 0"; "": none has ended yet */
};
void hr_hook_done(struct hr_hook *h, struct hr_hook_done *ret);

#endif
