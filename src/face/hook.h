/* A program that is run when an alert begins and when it ends: PROGRAM begin|end KEY LEVEL TEXT.  No shell is in between, so whatever a process
 * is called stays an argument.  A thread of its own runs it, one after the other, each for at most ten seconds; when more than HR_HOOK_QUEUE
 * wait, the oldest are dropped. */
#ifndef HR_HOOK_H
#define HR_HOOK_H

#include "episodes.h"

enum { HR_HOOK_QUEUE = 32 };

struct hr_hook;
int hr_hook_open(const char *program, struct hr_hook **ret, struct hr_error *err) HR_MUST_USE;
void hr_hook_close(struct hr_hook *h); /* accepts NULL; waits for the program that runs */
/* Behind every tick: what has begun or ended since the last call is handed to the thread.  Never waits for it. */
void hr_hook_look(struct hr_hook *h, const struct hr_episodes *e);

#endif
