/* A child that does one thing whenever it is asked, so that what hangs or crashes there (a driver's library) hangs or crashes
 * nobody else.  Results go through memory that both share (hr_map_shared): between an asking and its news the memory is
 * the child's, afterwards the asker's. */
#ifndef HR_HELPER_H
#define HR_HELPER_H

#include "err.h"

struct hr_helper {
    int pid;    /* 0: none */
    int socket; /* -1: none */
};

/* `fn` runs in the child once per asking; the child ends when it returns false, when the asker ends or lets it go. */
int hr_helper_start(bool (*fn)(void *ctx), void *ctx, struct hr_helper *ret, struct hr_error *err) HR_MUST_USE;
/* Never waits; false: it is gone. */
bool hr_helper_ask(const struct hr_helper *h);

enum hr_helper_said { HR_HELPER_NOTHING, HR_HELPER_DONE, HR_HELPER_GONE };
/* Never waits. */
enum hr_helper_said hr_helper_news(const struct hr_helper *h);
/* Lets it go: killed, and reaped if it ends within 50 ms; one that sleeps in a driver is left behind. */
void hr_helper_end(struct hr_helper *h);
/* True: it has ended; by that signal, or 0. */
bool hr_helper_reap(struct hr_helper *h, int *ret_signal);

#endif
