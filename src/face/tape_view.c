#include "tape_view.h"

#include "bygone_view.h"
#include "top.h"

#include <stdio.h>
#include <string.h>

struct played {
    struct hr_bygone_view seen;
    uint64_t to;
    char source[80];
};

bool hr_tape_view_able(void)
{
    return hr_top_able();
}

static bool begin(void *ctx, struct hr_top_view *v, struct hr_top_scene *ret)
{
    struct played *p = ctx;
    hr_bygone_hop(&p->seen, v, p->to);
    if (!hr_bygone_scene(&p->seen, v, p->to, ret))
        return false;
    hr_bygone_curves(&p->seen, ret);
    ret->source = p->source;
    return true;
}

static void end(void *ctx)
{
    (void)ctx;
}

int hr_tape_view(const char *path, uint64_t from, uint64_t to, uint64_t at, bool no_color, struct hr_error *err)
{
    struct played p = { .seen = { .kept = "", .from = from, .to = to } };
    struct hr_bygone_moment m;
    uint64_t first, last;
    snprintf(p.source, sizeof p.source, "replay of %.60s", hr_base_name(path));
    int r = hr_bygone_open(path, &p.seen.past, err);
    if (r < 0)
        return r;
    if (!hr_bygone_reach(p.seen.past, &first, &last) || last < from || first > to || hr_bygone_at(p.seen.past, HR_MIN(HR_MIN(at, to), last), &m, err) < 0)
        r = hr_fail(err, HR_E_NOT_FOUND, "'%s' holds no moment of that time that can be read", path);
    if (r == 0) {
        p.to = HR_MIN(to, last);
        struct hr_top_source source = { &p, begin, end };
        struct hr_top_options o = { .no_color = no_color, .moment = m.wall };
        r = hr_top_run(&source, &o, err);
    }
    hr_bygone_close(p.seen.past);
    return r;
}
