/* The moment at a time, and the ones beside it. */
#include "bygone_inside.h"

#include "means_model.h"

#define SECOND UINT64_C(1000000000)
#define EDGE (60 * SECOND) /* before the first look, where the means of a live view begin: its minute has looks already */
enum { BACK_MOST = 64 };   /* damaged blocks that are stepped over */

/* --- the first and the last --- */

static void find_first(struct hr_bygone *p)
{
    p->from = UINT64_MAX;
    for (unsigned k = 0; k < HR_STRIPS; k++) {
        struct hr_strip *s = &p->strip[k];
        uint64_t span = hr_strip_seconds((enum hr_strip_kind)k) * SECOND;
        s->further = s->n != 0 && (p->from == UINT64_MAX || s->mark[0].wall + span <= p->from); /* B3 */
        if (s->further)
            p->from = HR_MIN(p->from, s->mark[0].wall);
    }
    size_t means = p->live != NULL ? hr_series_length(p->live, HR_TIER_MINUTE) : 0;
    uint64_t first = means > 1 ? hr_series_time(p->live, HR_TIER_MINUTE, means - 1) : 0;
    if (first != 0 && p->from != UINT64_MAX && first + EDGE < p->from)
        p->from = first;
}

/* The last moment, and how far the one before is, as far as this block, which is open, tells. */
static void find_last_in_block(struct hr_bygone *p, enum hr_strip_kind k, const struct hr_block_mark *mark)
{
    for (size_t i = p->tape.n; i > 0 && p->last_step == 0; i--) {
        const struct hr_frame *f = &p->tape.frame[i - 1];
        if (!hr_block_has(mark, k, f))
            continue;
        if (p->to == 0)
            p->to = f->wall;
        else
            p->last_step = HR_MAX(p->to - HR_MIN(f->wall, p->to), UINT64_C(1));
    }
}

static void find_last(struct hr_bygone *p)
{
    p->to = p->last_step = 0;
    for (unsigned k = 0; k < HR_STRIPS && p->to == 0; k++) {
        const struct hr_strip *s = &p->strip[k];
        for (size_t i = s->n; p->last_step == 0 && i > 0 && s->n - i < BACK_MOST; i--)
            if (hr_bygone_open_block(p, &s->mark[i - 1]))
                find_last_in_block(p, (enum hr_strip_kind)k, &s->mark[i - 1]);
    }
}

void hr_bygone_find_reach(struct hr_bygone *p)
{
    find_first(p);
    find_last(p);
    hr_bygone_shut(p);
}

bool hr_bygone_reach(const struct hr_bygone *p, uint64_t *ret_from, uint64_t *ret_to)
{
    *ret_from = p->from;
    *ret_to = p->to;
    return p->to != 0 && p->from != UINT64_MAX;
}

bool hr_bygone_fresh(const struct hr_bygone *p, uint64_t now)
{
    return p->to != 0 && now - HR_MIN(p->to, now) <= HR_MAX(3 * p->last_step, 5 * SECOND);
}

/* --- at a time --- */

/* P3 */
static enum hr_strip_kind strip_for(const struct hr_bygone *p, uint64_t wall)
{
    enum hr_strip_kind last = HR_STRIP_NONE;
    for (unsigned k = 0; k < HR_STRIPS; k++) {
        if (!p->strip[k].further)
            continue;
        last = (enum hr_strip_kind)k;
        if (p->strip[k].mark[0].wall <= wall)
            return last;
    }
    return last;
}

static void show_means(struct hr_bygone *p, const struct hr_bucket b[HR_RING_SLOTS], uint64_t at, unsigned seconds, struct hr_bygone_moment *ret)
{
    hr_means_model(b, at, seconds, p->means);
    *ret = (struct hr_bygone_moment) { p->means, at, seconds };
}

/* One frame of the open block.  False: it cannot be read. */
static bool show(struct hr_bygone *p, enum hr_strip_kind k, size_t frame, struct hr_bygone_moment *ret)
{
    struct hr_bucket b[HR_RING_SLOTS];
    const struct hr_model *m;
    uint64_t at;
    unsigned seconds = hr_strip_seconds(k);
    if (seconds != 0) {
        if (hr_tape_values(&p->tape, frame, b, &at, NULL) < 0)
            return false;
        show_means(p, b, at, seconds, ret);
        return true;
    }
    if (hr_tape_model(&p->tape, frame, &m, NULL) < 0)
        return false;
    *ret = (struct hr_bygone_moment) { m, p->tape.frame[frame].wall, 0 };
    return true;
}

/* P2: the last good one of a block that is at or before `wall`. */
static bool show_last(struct hr_bygone *p, enum hr_strip_kind k, const struct hr_block_mark *mark, uint64_t wall, struct hr_bygone_moment *ret)
{
    if (!hr_bygone_open_block(p, mark))
        return false;
    for (size_t i = p->tape.n; i > 0; i--) {
        const struct hr_frame *f = &p->tape.frame[i - 1];
        if (f->wall <= wall && hr_block_has(mark, k, f) && show(p, k, i - 1, ret))
            return true;
    }
    return false;
}

static bool show_first(struct hr_bygone *p, enum hr_strip_kind k, const struct hr_block_mark *mark, struct hr_bygone_moment *ret)
{
    if (!hr_bygone_open_block(p, mark))
        return false;
    for (size_t i = 0; i < p->tape.n; i++)
        if (hr_block_has(mark, k, &p->tape.frame[i]) && show(p, k, i, ret))
            return true;
    return false;
}

/* The live series of a view goes further back than its looks do. */
static bool show_live(struct hr_bygone *p, uint64_t wall, struct hr_bygone_moment *ret)
{
    for (unsigned tier = HR_TIER_TEN; p->live != NULL && tier < HR_TIERS; tier++) {
        enum hr_tier t = (enum hr_tier)tier;
        uint64_t step = hr_tier_step(t), newest = hr_series_time(p->live, t, 0);
        uint64_t back = wall >= newest ? 0 : (newest - wall + step - 1) / step;
        if (back >= hr_series_length(p->live, t))
            continue;
        struct hr_bucket b[HR_RING_SLOTS];
        for (unsigned s = 0; s < HR_RING_SLOTS; s++) {
            struct hr_slot slot = hr_slot(s);
            b[s] = hr_series_at(p->live, slot.metric, slot.gpu, t, (size_t)back);
        }
        show_means(p, b, hr_series_time(p->live, t, (size_t)back), (unsigned)(step / SECOND), ret);
        return true;
    }
    return false;
}

int hr_bygone_at(struct hr_bygone *p, uint64_t wall, struct hr_bygone_moment *ret, struct hr_error *err)
{
    enum hr_strip_kind k = strip_for(p, wall);
    if (k == HR_STRIP_NONE)
        return hr_fail(err, HR_E_NOT_FOUND, "there is no past yet");
    const struct hr_strip *s = &p->strip[k];
    size_t i = hr_strip_find(s, wall);
    if (i == SIZE_MAX && s->mark[0].wall > EDGE && show_live(p, HR_MIN(wall, s->mark[0].wall - EDGE), ret))
        return 0;
    for (size_t n = 0; i != SIZE_MAX && n < BACK_MOST; n++, i = i == 0 ? SIZE_MAX : i - 1)
        if (show_last(p, k, &s->mark[i], wall, ret))
            return 0;
    for (size_t n = 0; n < HR_MIN(s->n, (size_t)BACK_MOST); n++)
        if (show_first(p, k, &s->mark[n], ret))
            return 0;
    return hr_fail(err, HR_E_NOT_FOUND, "nothing that can be read is kept of that moment");
}

/* --- beside it --- */

/* The first frame of a strip behind `wall`; 0: none. */
static uint64_t behind(struct hr_bygone *p, enum hr_strip_kind k, uint64_t wall)
{
    const struct hr_strip *s = &p->strip[k];
    size_t i = hr_strip_find(s, wall);
    for (i = i == SIZE_MAX ? 0 : i; i < s->n; i++) {
        if (!hr_bygone_open_block(p, &s->mark[i]))
            continue;
        for (size_t j = 0; j < p->tape.n; j++) {
            const struct hr_frame *f = &p->tape.frame[j];
            if (f->wall > wall && hr_block_has(&s->mark[i], k, f))
                return f->wall;
        }
    }
    return 0;
}

/* Of the finest strip that reaches so far; where it ends the coarser ones do too. */
static uint64_t next(struct hr_bygone *p, const struct hr_bygone_moment *now)
{
    uint64_t at = now->wall, span = now->seconds * SECOND;
    for (unsigned k = 0; k < HR_STRIPS; k++) {
        if (!p->strip[k].further)
            continue;
        uint64_t found = behind(p, (enum hr_strip_kind)k, at);
        if (p->strip[k].mark[0].wall <= at)
            return found;
        if (found != 0 && span != 0 && found - at <= span + (p->live != NULL ? EDGE : 0))
            return found;
    }
    return span != 0 ? at + span : 0;
}

uint64_t hr_bygone_beside(struct hr_bygone *p, uint64_t wall, int dir)
{
    struct hr_bygone_moment now, other;
    if (hr_bygone_at(p, wall, &now, NULL) < 0)
        return 0;
    if (dir >= 0)
        return next(p, &now);
    uint64_t at = now.wall;
    return at > 0 && hr_bygone_at(p, at - 1, &other, NULL) == 0 && other.wall < at ? other.wall : 0;
}
