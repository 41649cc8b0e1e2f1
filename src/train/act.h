/* What is done when a mark says so: a ladder of steps, gone up one at a time, as long as the level does not fall.  Pure: times and
 * levels come in, one deed at a time goes out.
 *
 * T1: nothing of a training job is ever stopped (SIGSTOP and its kin): one that holds a GPU context would run into the time limits of
 *     its driver and of its peers.  There is no deed for it, and no signal that stops is taken for a wish.
 * T2: a wish for a checkpoint goes only to a process that has a handler for it: without one, the signal would end it.
 * T3: between SIGTERM and SIGKILL lies the whole grace; only when the machine's memory is all but gone it is two seconds. */
#ifndef HR_ACT_H
#define HR_ACT_H

#include "err.h"
#include "str.h"

enum hr_act_step { HR_ACT_DROP, HR_ACT_CHECKPOINT, HR_ACT_END, HR_ACT_STEPS };
const char *hr_act_name(enum hr_act_step s); /* "drop" */

enum hr_act_why { HR_ACT_FOR_ACT, HR_ACT_FOR_MAX, HR_ACT_FOR_VRAM, HR_ACT_FOR_MACHINE, HR_ACT_FOR_BLACK };
const char *hr_act_why_name(enum hr_act_why why);

enum hr_act_deed { HR_DEED_NONE, HR_DEED_DROP, HR_DEED_CHECKPOINT, HR_DEED_TERM, HR_DEED_KILL };

struct hr_act {
    enum hr_act_step step[HR_ACT_STEPS]; /* as the user has them; rising */
    size_t steps;
    uint64_t grace;
    /* its state */
    bool active;
    enum hr_act_why why;
    size_t at;       /* the step that comes next */
    uint64_t since;  /* of the last deed */
    uint64_t wait;   /* ns until the next one may follow */
    bool ending;     /* SIGTERM has been sent: there is no way back */
    uint64_t ending_at, ending_grace;
    uint64_t checkpoint_at; /* 0: none was asked for */
};

/* "drop,checkpoint,end" in this order, or "none". */
int hr_act_parse(struct hr_act *a, const char *const *word, size_t n, struct hr_error *err) HR_MUST_USE;
/* Which of the conditions hold. */
struct hr_act_level {
    bool act, max, vram, machine, black;
};
/* What is to be done now. */
enum hr_act_deed hr_act_next(struct hr_act *a, const struct hr_act_level *level, uint64_t now);
/* The last deed could not be done: the next step need not wait. */
void hr_act_in_vain(struct hr_act *a);

/* "USR1", "SIGUSR1", "10" as a number of a signal; refused: those that stop, end at once, or are not for wishes. */
int hr_act_signal(struct hr_str text, int *ret, struct hr_error *err) HR_MUST_USE;
const char *hr_act_signal_name(int sig); /* "USR1"; never NULL */

#endif
