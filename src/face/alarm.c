#include "alarm.h"

#include "json_known.h"

#include <stdio.h>
#include <string.h>

#define ACT_PATIENCE (UINT64_C(60) * 1000000000)

int hr_alarm_open(const struct hr_alarm_options *o, struct hr_alarm *ret, struct hr_error *err)
{
    struct hr_alarm a = { NULL, NULL, NULL };
    int r = hr_episodes_open(o == NULL ? NULL : &o->marks, &a.episodes, err);
    if (r == 0 && o != NULL && o->on_alert != NULL)
        r = hr_hook_open(&(struct hr_hook_options) { .program = o->on_alert }, &a.alert, err);
    if (r == 0 && o != NULL && o->on_act != NULL && o->marks.at[HR_MARK_ACT] != 0) {
        struct hr_hook_options h = { .program = o->on_act, .drop = strcmp(o->on_act, HR_ALARM_DROP) == 0, .key = HR_EPISODE_ACT_MARK,
                                     .patience = ACT_PATIENCE };
        r = hr_hook_open(&h, &a.act, err);
    }
    if (r < 0)
        hr_alarm_close(&a);
    else
        *ret = a;
    return r;
}

void hr_alarm_close(struct hr_alarm *a)
{
    hr_hook_close(a->act);
    hr_hook_close(a->alert);
    hr_episodes_close(a->episodes);
    *a = (struct hr_alarm) { NULL, NULL, NULL };
}

void hr_alarm_take(struct hr_alarm *a, const struct hr_model *m, const struct hr_series *s)
{
    hr_episodes_take(a->episodes, m, s);
    if (a->act != NULL)
        hr_hook_look(a->act, a->episodes);
    if (a->alert != NULL)
        hr_hook_look(a->alert, a->episodes);
}

void hr_alarm_said(const struct hr_alarm *a, char *ret, size_t n)
{
    struct hr_hook_done d = { 0 };
    ret[0] = 0;
    if (a->act != NULL)
        hr_hook_done(a->act, &d);
    if (d.times != 0)
        snprintf(ret, n, "act was done (%llu time%s): %s", (unsigned long long)d.times, d.times == 1 ? "" : "s", d.last);
}

void hr_alarm_act_json(const struct hr_alarm *a, struct hr_jw *w)
{
    struct hr_hook_done d;
    if (a->act == NULL) {
        hr_jw_kunknown(w, "act_done", "nothing is done without --act and --on-act");
        return;
    }
    hr_hook_done(a->act, &d);
    hr_jw_key(w, "act_done");
    hr_jw_object(w);
    hr_jw_ku64(w, "times", d.times);
    hr_jw_kbool(w, "running", d.running);
    if (d.last[0] != 0)
        hr_jw_kstr(w, "last", d.last);
    else
        hr_jw_kunknown(w, "last", "none has ended yet");
    hr_jw_end(w);
}

void hr_alarm_json(const struct hr_alarm *a, const struct hr_model *m, struct hr_jw *w)
{
    hr_episodes_json(a->episodes, m, w);
    hr_alarm_act_json(a, w);
}
