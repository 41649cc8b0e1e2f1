/* The alerts of a watcher, and what the user has said should be done at them: for the live view, the page, the recorder and plain lines alike. */
#ifndef HR_ALARM_H
#define HR_ALARM_H

#include "hook.h"

#define HR_ALARM_DROP "drop-caches" /* in place of a program */

struct hr_alarm_options {
    struct hr_memory_marks marks;
    const char *on_alert; /* a program that is told of every alert; NULL: none */
    const char *on_act;   /* a program that is run when the act mark is crossed, or HR_ALARM_DROP; NULL: none */
};

struct hr_alarm {
    struct hr_episodes *episodes;
    struct hr_hook *alert, *act; /* act has a thread of its own: it does not wait behind what is told of alerts */
};

int hr_alarm_open(const struct hr_alarm_options *o, struct hr_alarm *ret, struct hr_error *err) HR_MUST_USE; /* o NULL: alerts, and nothing is done */
void hr_alarm_close(struct hr_alarm *a); /* waits for what runs */
/* Behind every tick; never waits. */
void hr_alarm_take(struct hr_alarm *a, const struct hr_model *m, const struct hr_series *s);

/* "act was done (1 time): exit status 0"; "" as long as it was not. */
void hr_alarm_said(const struct hr_alarm *a, char *ret, size_t n);
/* The members of hr_episodes_json, and what came of act: "act_done". */
void hr_alarm_json(const struct hr_alarm *a, const struct hr_model *m, struct hr_jw *w);
void hr_alarm_act_json(const struct hr_alarm *a, struct hr_jw *w);

#endif
