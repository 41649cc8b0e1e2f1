/* The terminal taken over for a full-screen view, and given back whatever happens.
 *
 * T1: on every way out (close, a signal that ends the program, a crash, Ctrl-Z) the terminal's modes are as they were before,
 *     the cursor is shown and the old contents are back.  Only SIGKILL cannot be told.
 * T2: nothing here waits for the terminal: what it does not take now is kept, and `hr_screen_pending` says so.  A frame is not
 *     made while the one before is pending.
 * T3: after a stop (Ctrl-Z, SIGSTOP) and its continuation the terminal is taken again, and HR_SCREEN_AGAIN tells that all must be
 *     painted anew.
 * One screen per process. */
#ifndef HR_SCREEN_H
#define HR_SCREEN_H

#include "err.h"

struct hr_screen_size {
    int w, h;
};

/* Both standard input and output must be terminals. */
int hr_screen_open(bool mouse, struct hr_error *err) HR_MUST_USE;
void hr_screen_close(void);
struct hr_screen_size hr_screen_size(void);

enum {
    HR_SCREEN_INPUT = 1,
    HR_SCREEN_RESIZED = 2,
    HR_SCREEN_AGAIN = 4,
    HR_SCREEN_WOKEN = 8,  /* hr_screen_wake was called */
    HR_SCREEN_END = 16,   /* SIGINT, SIGTERM, SIGHUP or SIGQUIT came, or the terminal is gone */
    HR_SCREEN_SENT = 32,  /* what was pending has been taken */
};
/* What has happened, waiting for it until `deadline` of hr_now. */
unsigned hr_screen_wait(uint64_t deadline);
/* Any thread. */
void hr_screen_wake(void);
/* Bytes that were typed; 0: none now. */
size_t hr_screen_read(unsigned char *p, size_t n);
void hr_screen_send(const char *p, size_t n);
bool hr_screen_pending(void);
/* As Ctrl-Z: gives the terminal back, stops, and takes it again when the program is continued (T3). */
void hr_screen_suspend(void);

#endif
