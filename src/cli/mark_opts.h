/* The options of marks on the memory that is used, shared by every command that watches the machine.
 *
 *   struct args { ...; struct hr_mark_args mark; };
 *   static const struct hr_opt opts[] = { ..., HR_MARK_OPTS(struct args, mark), HR_OPT_END }; */
#ifndef HR_MARK_OPTS_H
#define HR_MARK_OPTS_H

#include "alarm.h"
#include "cli.h"

struct hr_mark_args {
    const char *at[HR_MEMORY_MARKS], *on_act;
};

#define HR_MARK_OPTS(T, m)                                                                                                                    \
    HR_OPT_HEADING("Marks on used memory: a size (12GiB), a part of what there is (80%), or none"),                                           \
        HR_OPT_STRING(T, m.at[HR_MARK_WARN], 0, "warn", "SIZE", NULL, "an alert"),                                                            \
        HR_OPT_STRING(T, m.at[HR_MARK_ACT], 0, "act", "SIZE", NULL, "an alert, and what --on-act says is done"),                              \
        HR_OPT_STRING(T, m.on_act, 0, "on-act", "PROGRAM", NULL,                                                                              \
                      "run it once when the act mark is crossed, with begin, memory-act, level and text; drop-caches: drop the page cache of large files")

/* Checks them against the machine that `m` shows, before anything is watched. */
int hr_mark_options(struct hr_cli *cli, const struct hr_mark_args *a, const struct hr_model *m, struct hr_alarm_options *ret, struct hr_error *err) HR_MUST_USE;
/* Says where they are and what act will do; nothing where there are none. */
void hr_mark_note(struct hr_cli *cli, const struct hr_memory_marks *marks, const struct hr_model *m);

#endif
