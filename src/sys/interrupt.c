#include "interrupt.h"

#include "clock.h"

#include <signal.h>
#include <string.h>

#define SLICE UINT64_C(250000000) /* a signal that comes between the look and the sleep wakes nobody */

static volatile sig_atomic_t came;

/* SA_RESETHAND gives the default action back before this runs: the second signal needs no code of ours. */
static void note(int sig)
{
    came = sig;
}

void hr_interrupt_install(void)
{
    struct sigaction act, old;
    memset(&act, 0, sizeof act);
    act.sa_handler = note;
    act.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&act.sa_mask);
    static const int sigs[] = { SIGINT, SIGTERM };
    for (size_t i = 0; i < HR_COUNT(sigs); i++) {
        /* A parent that told us to ignore it (nohup, a shell's background job) keeps its say. */
        if (sigaction(sigs[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(sigs[i], &act, NULL);
    }
}

int hr_interrupted(void)
{
    return came;
}

int hr_interrupted_until(uint64_t when)
{
    for (uint64_t now = hr_now(); came == 0 && now < when; now = hr_now())
        hr_sleep(HR_MIN(when - now, SLICE));
    return came;
}

void hr_interrupt_die(void)
{
    int sig = came;
    if (sig == 0)
        return;
    struct sigaction act;
    memset(&act, 0, sizeof act);
    act.sa_handler = SIG_DFL;
    sigaction(sig, &act, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, sig);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(sig);
}
