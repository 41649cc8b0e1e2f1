#include "memory_marks.h"

#include "say.h"

#include <stdio.h>

struct hr_marked hr_marked(const struct hr_account *a)
{
    struct hr_marked r = { .whole = a->total, .used = hr_figure_unknown("how much memory is available is not told") };
    if (a->limit.known && (!a->total.known || a->limit.v < a->total.v))
        return (struct hr_marked) { .group = true, .whole = a->limit, .used = a->limit_used };
    if (a->total.known && a->available.known)
        r.used = hr_figure_of(a->total.v - HR_MIN(a->available.v, a->total.v));
    return r;
}

int hr_memory_marks_parse(const char *const text[HR_MEMORY_MARKS], const struct hr_figure *whole, struct hr_memory_marks *ret,
                          struct hr_error *err)
{
    struct hr_mark mark[HR_MARKS] = { { 0 } };
    for (int i = 0; i < HR_MEMORY_MARKS; i++) {
        struct hr_error why = HR_ERROR_INIT;
        if (text[i] != NULL && hr_mark_parse(hr_str(text[i]), whole->known ? whole->v : 0, &mark[i].at, &why) < 0)
            return hr_fail(err, HR_E_INVALID, "--%s: %s", hr_mark_name((enum hr_mark_id)i), why.text);
    }
    int r = hr_marks_check(mark, "", err);
    for (int i = 0; r == 0 && i < HR_MEMORY_MARKS; i++)
        ret->at[i] = mark[i].at;
    return r;
}

static const char *deed(const struct hr_memory_marks *m)
{
    return m->deed[0] != 0 ? m->deed : "is only said, for want of --on-act";
}

void hr_memory_marks_brief(const struct hr_memory_marks *m, char *ret, size_t n)
{
    char warn[48] = "", act[160] = "";
    if (m->at[HR_MARK_WARN] != 0)
        snprintf(warn, sizeof warn, "warn %s", hr_say_bytes((double)m->at[HR_MARK_WARN]).text);
    if (m->at[HR_MARK_ACT] != 0)
        snprintf(act, sizeof act, "act %s: %s", hr_say_bytes((double)m->at[HR_MARK_ACT]).text, deed(m));
    snprintf(ret, n, "%s%s%s", warn, warn[0] != 0 && act[0] != 0 ? ", " : "", act);
}

void hr_memory_marks_say(const struct hr_memory_marks *m, const struct hr_account *a, char *ret, size_t n)
{
    struct hr_marked of = hr_marked(a);
    char each[HR_MEMORY_MARKS][48] = { "", "" };
    for (int i = 0; i < HR_MEMORY_MARKS; i++)
        if (m->at[i] != 0)
            snprintf(each[i], sizeof each[i], "%s at %s", hr_mark_name((enum hr_mark_id)i), hr_say_bytes((double)m->at[i]).text);
    bool both = each[0][0] != 0 && each[1][0] != 0, act = m->at[HR_MARK_ACT] != 0;
    snprintf(ret, n, "%s%s%s of %s%s (now %s used)%s%s", each[0], both ? ", " : "", each[1], hr_say_figure(&of.whole, HR_UNIT_BYTES).text,
             of.group ? " of this cgroup" : "", hr_say_figure(&of.used, HR_UNIT_BYTES).text, act ? ": act " : "", act ? deed(m) : "");
}
