#include "mark.h"

#include "human.h"
#include "parse.h"

const char *hr_mark_name(enum hr_mark_id id)
{
    static const char *const name[] = { "warn", "act", "max" };
    return name[id];
}

int hr_mark_parse(struct hr_str text, uint64_t whole, uint64_t *ret, struct hr_error *err)
{
    double percent;
    if (hr_str_is(text, "none")) {
        *ret = 0;
        return 0;
    }
    if (!hr_str_ends(text, "%")) {
        uint64_t v;
        int r = hr_parse_size(text, &v, err);
        if (r < 0)
            return r;
        if (v == 0)
            return hr_fail(err, HR_E_INVALID, "a mark of 0 is none: say 'none' to have none");
        if (v < HR_MARK_LEAST) /* "14" for 14 GiB would end a job in its first second */
            return hr_fail(err, HR_E_INVALID, "'%.*s' is %s, less than any program has: write the unit, as in 14GiB", HR_STR_ARG(text), hr_human_bytes(v).text);
        *ret = v;
        return 0;
    }
    int r = hr_parse_f64((struct hr_str) { text.p, text.n - 1 }, &percent, err);
    if (r < 0)
        return r;
    if (!(percent > 0 && percent <= 100))
        return hr_fail(err, HR_E_INVALID, "'%.*s' is no part of a whole: 1%% to 100%% are", HR_STR_ARG(text));
    if (whole == 0)
        return hr_fail(err, HR_E_UNSUPPORTED, "how much there is in all cannot be told here, so '%.*s' means nothing: give a size", HR_STR_ARG(text));
    *ret = (uint64_t)((double)whole * percent / 100);
    return 0;
}

void hr_marks_default(struct hr_mark mark[HR_MARKS], const bool given[HR_MARKS], uint64_t free, uint64_t reserve)
{
    uint64_t keep = HR_MIN(reserve, free / 4);
    uint64_t at[HR_MARKS] = { free / 5 * 4, free - keep, free - keep / 2 };
    at[HR_MARK_WARN] = HR_MIN(at[HR_MARK_WARN], at[HR_MARK_ACT] / 20 * 19);
    for (int i = 0; i < HR_MARKS; i++)
        if (!given[i])
            mark[i].at = at[i];
    /* One that was given pushes the others out of its way. */
    for (int i = HR_MARKS - 2; i >= 0; i--)
        if (!given[i] && mark[i + 1].at != 0 && given[i + 1])
            mark[i].at = HR_MIN(mark[i].at, mark[i + 1].at / 10 * 9);
    if (!given[HR_MARK_WARN] && given[HR_MARK_MAX] && mark[HR_MARK_MAX].at != 0)
        mark[HR_MARK_WARN].at = HR_MIN(mark[HR_MARK_WARN].at, mark[HR_MARK_MAX].at / 10 * 8);
    for (int i = 1; i < HR_MARKS; i++)
        for (int below = 0; below < i; below++)
            if (!given[i] && mark[i].at != 0 && mark[i].at <= mark[below].at)
                mark[i].at = mark[below].at + mark[below].at / 20;
}

int hr_marks_check(const struct hr_mark mark[HR_MARKS], const char *prefix, struct hr_error *err)
{
    for (int i = 0; i < HR_MARKS; i++)
        for (int j = i + 1; j < HR_MARKS; j++)
            if (mark[i].at != 0 && mark[j].at != 0 && mark[i].at >= mark[j].at)
                return hr_fail(err, HR_E_INVALID, "--%s%s (%s) must lie below --%s%s (%s)", prefix, hr_mark_name((enum hr_mark_id)i),
                               hr_human_bytes(mark[i].at).text, prefix, hr_mark_name((enum hr_mark_id)j),
                               hr_human_bytes(mark[j].at).text);
    return 0;
}

enum hr_mark_move hr_mark_see(struct hr_mark *m, uint64_t figure, uint64_t now)
{
    if (m->at == 0)
        return HR_MARK_STAYS;
    if (!m->over && figure >= m->at) {
        m->over = true;
        if (m->times++ == 0) {
            m->first = now;
            m->first_at = figure;
        }
        return HR_MARK_CROSSED;
    }
    if (m->over && figure < m->at - m->at / HR_MARK_BACK) {
        m->over = false;
        return HR_MARK_BELOW;
    }
    return HR_MARK_STAYS;
}
