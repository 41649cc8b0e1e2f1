#include "mark_opts.h"

#include "process.h"
#include "procfs.h"

#include <stdio.h>
#include <string.h>

int hr_mark_options(struct hr_cli *cli, const struct hr_mark_args *a, const struct hr_model *m, struct hr_alarm_options *ret, struct hr_error *err)
{
    struct hr_marked of = hr_marked(&m->memory);
    struct hr_error why = HR_ERROR_INIT;
    if (hr_memory_marks_parse(a->at, &of.whole, &ret->marks, &why) < 0)
        return hr_cli_usage(cli, err, "%s", why.text);
    if (a->on_act == NULL)
        return 0;
    if (ret->marks.at[HR_MARK_ACT] == 0)
        return hr_cli_usage(cli, err, "--on-act is what is done at the act mark: it needs --act");
    bool drop = strcmp(a->on_act, HR_ALARM_DROP) == 0;
    if (!drop && !hr_run_able(a->on_act))
        return hr_cli_usage(cli, err, "--on-act: '%s' cannot be run: a program is meant, without arguments, or " HR_ALARM_DROP, a->on_act);
    ret->on_act = a->on_act;
    if (!drop)
        snprintf(ret->marks.deed, sizeof ret->marks.deed, "runs %.80s", a->on_act);
    else
        snprintf(ret->marks.deed, sizeof ret->marks.deed, "drops page cache of large files%s",
                 hr_proc_root() ? "" : " of your own programs (others' need root)");
    return 0;
}

void hr_mark_note(struct hr_cli *cli, const struct hr_memory_marks *marks, const struct hr_model *m)
{
    char text[300];
    if (!hr_memory_marks_any(marks))
        return;
    hr_memory_marks_say(marks, &m->memory, text, sizeof text);
    hr_note(cli, "marks: %s", text);
}
