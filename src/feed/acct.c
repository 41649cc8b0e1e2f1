#include "acct.h"

#include <string.h>

void hr_acct_init(struct hr_acct *a)
{
    memset(a, 0, sizeof *a);
    a->start_ns = hr_now();
    a->start_ticks = hr_ticks();
}

double hr_acct_tick_ns(const struct hr_acct *a)
{
    uint64_t ticks = hr_ticks() - a->start_ticks, ns = hr_now() - a->start_ns;
    if (ns < 1000000) /* too short to divide by */
        return hr_tick_ns();
    return ticks != 0 ? (double)ns / (double)ticks : 1;
}

const char *hr_stage_name(enum hr_stage s)
{
    static const char *const names[] = {
#define HR_STAGE_NAME(name, text, what) text,
        HR_STAGES(HR_STAGE_NAME)
#undef HR_STAGE_NAME
    };
    return (unsigned)s < HR_COUNT(names) ? names[s] : "?";
}

const char *hr_stage_what(enum hr_stage s)
{
    static const char *const whats[] = {
#define HR_STAGE_WHAT(name, text, what) what,
        HR_STAGES(HR_STAGE_WHAT)
#undef HR_STAGE_WHAT
    };
    return (unsigned)s < HR_COUNT(whats) ? whats[s] : "?";
}
