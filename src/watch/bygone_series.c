/* The curves around a moment of a recorder's file: what the plots show of it, and some more on both sides, so that not every step reads it
 * again.  A recording may hold several runs of the machine, whose monotonic clocks begin anew: its own time is the wall's. */
#include "bygone_inside.h"

#define SECOND UINT64_C(1000000000)

struct value {
    bool known;
    float v;
};
struct pouring {
    struct hr_bygone *p;
    uint64_t to;
    uint64_t looks_from;  /* from here on looks fill the tier of seconds; UINT64_MAX: not at all */
    uint64_t tail[HR_TIERS]; /* where the means of the coarse tiers end: from there on looks stand in for them */
    uint64_t last;        /* wall time of the look before; 0: none */
    struct value value[HR_RING_SLOTS];
};

/* A look stands until the next one, for HR_SERIES_HOLD at most. */
static void hold(struct pouring *c, uint64_t until)
{
    if (c->last == 0)
        return;
    uint64_t end = HR_MIN(until, c->last + HR_SERIES_HOLD), first = c->last / SECOND;
    for (unsigned s = 0; s < HR_RING_SLOTS; s++) {
        double v = (double)c->value[s].v;
        struct hr_bucket b = { c->value[s].known, v, v, v };
        if (!b.known)
            continue;
        for (uint64_t at = first; c->last >= c->looks_from && (at == first || at * SECOND < end); at++)
            hr_series_put(c->p->window, HR_TIER_SECOND, s, at * SECOND, b);
        for (unsigned t = HR_TIER_TEN; t < HR_TIERS; t++)
            if (c->last >= c->tail[t])
                hr_series_put(c->p->window, (enum hr_tier)t, s, c->last, b);
    }
}

static void pour_look(struct pouring *c, size_t i)
{
    const struct hr_model *m;
    if (hr_tape_model(&c->p->tape, i, &m, NULL) < 0)
        return;
    uint64_t wall = c->p->tape.frame[i].wall;
    hold(c, wall);
    c->last = wall;
    for (unsigned s = 0; s < HR_RING_SLOTS; s++) {
        double v = 0;
        bool known = hr_slot_value(m, s, &v) && v >= 0;
        c->value[s] = (struct value) { known, (float)v };
    }
}

static void pour_means(struct pouring *c, size_t i, enum hr_tier t)
{
    struct hr_bucket b[HR_RING_SLOTS];
    uint64_t at;
    if (hr_tape_values(&c->p->tape, i, b, &at, NULL) < 0)
        return;
    for (unsigned s = 0; s < HR_RING_SLOTS; s++)
        if (b[s].known)
            hr_series_put(c->p->window, t, s, at, b[s]);
    c->tail[t] = HR_MAX(c->tail[t], at + hr_tier_step(t));
}

static void pour(struct pouring *c, enum hr_strip_kind k, uint64_t from)
{
    const struct hr_strip *s = &c->p->strip[k];
    size_t i = hr_strip_find(s, from);
    for (i = i == SIZE_MAX ? 0 : i; i < s->n && s->mark[i].wall <= c->to; i++) {
        if (!hr_bygone_open_block(c->p, &s->mark[i]))
            continue;
        for (size_t j = 0; j < c->p->tape.n; j++) {
            const struct hr_frame *f = &c->p->tape.frame[j];
            if (f->wall < from || f->wall > c->to || !hr_block_has(&s->mark[i], k, f))
                continue;
            if (hr_strip_seconds(k) != 0)
                pour_means(c, j, k == HR_STRIP_TENS ? HR_TIER_TEN : HR_TIER_MINUTE);
            else
                pour_look(c, j);
        }
    }
}

static int fill(struct hr_bygone *p, uint64_t from, uint64_t to, uint64_t step)
{
    struct pouring c = { .p = p, .to = to, .looks_from = UINT64_MAX };
    hr_series_close(p->window);
    p->window = NULL;
    int r = hr_series_open(&p->window, NULL);
    if (r < 0)
        return r;
    bool further = p->strip[HR_STRIP_TENS].further || p->strip[HR_STRIP_MINUTES].further; /* means of a time whose looks are gone */
    hr_series_anchor(p->window, further || p->from == UINT64_MAX ? 0 : p->from, to);
    pour(&c, HR_STRIP_MINUTES, from - HR_MIN(from, 60 * SECOND));
    if (step < 60 * SECOND)
        pour(&c, HR_STRIP_TENS, from - HR_MIN(from, 10 * SECOND));
    else
        c.tail[HR_TIER_TEN] = UINT64_MAX;
    uint64_t latest = to - HR_MIN(to, 70 * SECOND); /* means are written when their time is over: no more than the last minute has none yet */
    uint64_t tail = HR_MAX(HR_MIN(c.tail[HR_TIER_TEN], c.tail[HR_TIER_MINUTE]), latest);
    if (step < 10 * SECOND) {
        c.looks_from = from - HR_MIN(from, HR_SERIES_HOLD);
        tail = c.looks_from;
    }
    pour(&c, HR_STRIP_LOOKS, tail);
    hold(&c, to);
    return 0;
}

const struct hr_series *hr_bygone_series(struct hr_bygone *p, uint64_t end, uint64_t step, size_t n)
{
    uint64_t wide = step * n, from = end - HR_MIN(end, wide);
    if (p->lanes)
        return NULL;
    if (p->window == NULL || p->window_step != step || p->window_reach < wide || from < p->window_from || end > p->window_to) {
        p->window_from = from - HR_MIN(from, wide / 2);
        p->window_to = HR_MAX(end, HR_MIN(end + wide / 2, p->to));
        p->window_step = step;
        p->window_reach = wide;
        if (fill(p, p->window_from, p->window_to, step) < 0)
            return NULL;
    }
    return p->window;
}
