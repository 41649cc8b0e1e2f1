#include "act.h"

#include "parse.h"

#include <signal.h>
#include <string.h>

#define DROP_WAIT UINT64_C(1000000000) /* what was dropped shows by then */
#define BLACK_GRACE UINT64_C(2000000000)
#define KILL_AGAIN UINT64_C(500000000) /* a fork may have been on its way */

const char *hr_act_name(enum hr_act_step s)
{
    static const char *const name[] = { "drop", "checkpoint", "end" };
    return name[s];
}

const char *hr_act_why_name(enum hr_act_why why)
{
    static const char *const name[] = { "act", "max", "vram-act", "machine", "machine-gone" };
    return name[why];
}

int hr_act_parse(struct hr_act *a, const char *const *word, size_t n, struct hr_error *err)
{
    a->steps = 0;
    if (n == 1 && strcmp(word[0], "none") == 0)
        return 0;
    for (size_t i = 0; i < n; i++) {
        int s = 0;
        while (s < HR_ACT_STEPS && strcmp(word[i], hr_act_name((enum hr_act_step)s)) != 0)
            s++;
        if (s == HR_ACT_STEPS)
            return hr_fail(err, HR_E_INVALID, "'%s' is no step of --on-act: drop, checkpoint, end are, or none alone", word[i]);
        if (a->steps != 0 && (int)a->step[a->steps - 1] >= s)
            return hr_fail(err, HR_E_INVALID, "the steps of --on-act go from mild to hard, each once: drop, checkpoint, end");
        a->step[a->steps++] = (enum hr_act_step)s;
    }
    return 0;
}

static enum hr_act_deed begin_end(struct hr_act *a, enum hr_act_why why, uint64_t grace, uint64_t now)
{
    a->active = a->ending = true;
    a->why = why;
    a->ending_at = a->since = now;
    a->ending_grace = grace;
    a->wait = grace;
    return HR_DEED_TERM;
}

static enum hr_act_deed climb(struct hr_act *a, uint64_t now)
{
    if (a->at == a->steps || now - a->since < a->wait)
        return HR_DEED_NONE;
    enum hr_act_step s = a->step[a->at++];
    a->since = now;
    switch (s) {
    case HR_ACT_DROP:
        a->wait = DROP_WAIT;
        return HR_DEED_DROP;
    case HR_ACT_CHECKPOINT:
        a->wait = a->grace;
        a->checkpoint_at = now;
        return HR_DEED_CHECKPOINT;
    default:
        return begin_end(a, a->why, a->grace, now);
    }
}

enum hr_act_deed hr_act_next(struct hr_act *a, const struct hr_act_level *l, uint64_t now)
{
    if (a->ending) {
        if (l->black && a->ending_grace > BLACK_GRACE) { /* there is no time left */
            a->why = HR_ACT_FOR_BLACK;
            a->ending_grace = HR_MIN(a->ending_grace, now - a->ending_at + BLACK_GRACE);
        }
        if (now - a->ending_at < a->ending_grace || (now - a->since < KILL_AGAIN && a->wait == 0))
            return HR_DEED_NONE;
        a->since = now;
        a->wait = 0;
        return HR_DEED_KILL;
    }
    if (l->black)
        return begin_end(a, HR_ACT_FOR_BLACK, HR_MIN(a->grace, BLACK_GRACE), now);
    if (l->max)
        return begin_end(a, HR_ACT_FOR_MAX, a->grace, now);
    if (!l->act && !l->vram && !l->machine) {
        a->active = false;
        return HR_DEED_NONE;
    }
    if (!a->active) {
        a->active = true;
        a->why = l->act ? HR_ACT_FOR_ACT : l->vram ? HR_ACT_FOR_VRAM : HR_ACT_FOR_MACHINE;
        a->at = 0;
        a->since = now;
        a->wait = 0;
    }
    return climb(a, now);
}

void hr_act_in_vain(struct hr_act *a)
{
    if (!a->ending)
        a->wait = 0;
}

/* --- signals --- */

struct named {
    const char *name;
    int sig;
    bool wish;
};
static const struct named signals[] = {
    { "HUP", SIGHUP, true },   { "INT", SIGINT, true },   { "QUIT", SIGQUIT, true },  { "USR1", SIGUSR1, true },
    { "USR2", SIGUSR2, true }, { "TERM", SIGTERM, true }, { "ALRM", SIGALRM, true },  { "URG", SIGURG, true },
    { "IO", SIGIO, true },     { "PWR", SIGPWR, true },   { "WINCH", SIGWINCH, true }, { "XCPU", SIGXCPU, true },
    { "KILL", SIGKILL, false }, { "STOP", SIGSTOP, false }, { "TSTP", SIGTSTP, false }, { "TTIN", SIGTTIN, false },
    { "TTOU", SIGTTOU, false }, { "CONT", SIGCONT, false }, { "CHLD", SIGCHLD, false }, { "SEGV", SIGSEGV, false },
    { "ABRT", SIGABRT, false }, { "BUS", SIGBUS, false },   { "FPE", SIGFPE, false },   { "ILL", SIGILL, false },
    { "PIPE", SIGPIPE, false }, { "TRAP", SIGTRAP, false },
};

int hr_act_signal(struct hr_str text, int *ret, struct hr_error *err)
{
    struct hr_str name = text;
    uint64_t number = 0;
    if (hr_str_starts(name, "SIG")) {
        name.p += 3;
        name.n -= 3;
    }
    bool digits = hr_parse_u64(text, &number, NULL) == 0;
    for (size_t i = 0; i < HR_COUNT(signals); i++) {
        if (digits ? number != (uint64_t)signals[i].sig : !hr_str_is(name, signals[i].name))
            continue;
        if (!signals[i].wish)
            return hr_fail(err, HR_E_INVALID, "SIG%s cannot ask for a checkpoint: it stops or ends a process, or tells it something else", signals[i].name);
        *ret = signals[i].sig;
        return 0;
    }
    return hr_fail(err, HR_E_INVALID, "'%.*s' is no signal that asks for a checkpoint: USR1, USR2, HUP, INT, TERM and the like are",
                   HR_STR_ARG(text));
}

const char *hr_act_signal_name(int sig)
{
    for (size_t i = 0; i < HR_COUNT(signals); i++)
        if (signals[i].sig == sig)
            return signals[i].name;
    return "?";
}
