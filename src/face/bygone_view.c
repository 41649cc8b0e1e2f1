#include "bygone_view.h"

#include "episodes.h"

#include <stdio.h>
#include <string.h>

static void reach(const struct hr_bygone_view *p, uint64_t newest, uint64_t *from, uint64_t *to)
{
    if (!hr_bygone_reach(p->past, from, to))
        *from = *to = newest;
    if (p->live)
        *to = HR_MAX(*to, newest);
    if (p->to != 0) {
        *from = HR_MAX(*from, p->from);
        *to = HR_MIN(*to, p->to);
    }
}

/* When the look at `wall` is: at it, or the last before. */
static uint64_t look(const struct hr_bygone_view *p, uint64_t wall)
{
    struct hr_bygone_moment m;
    return hr_bygone_at(p->past, wall, &m, NULL) == 0 ? m.wall : wall;
}

#define THE_END UINT64_MAX

/* By a time: to the look there; forward at least to the next one, so that no step stands still. */
static uint64_t step(const struct hr_bygone_view *p, uint64_t at, int64_t by, uint64_t end)
{
    if (by < 0)
        return HR_MIN(look(p, at - HR_MIN((uint64_t)-by, at)), at);
    if (at + (uint64_t)by >= end)
        return THE_END;
    uint64_t to = look(p, at + (uint64_t)by);
    if (to <= at)
        to = hr_bygone_beside(p->past, at, 1);
    return to != 0 ? to : THE_END;
}

static uint64_t to_alert(const struct hr_bygone_view *p, struct hr_top_view *v, uint64_t at, int dir)
{
    size_t n;
    const struct hr_bygone_note *note = hr_bygone_notes(p->past, &n);
    const char *told = "";
    uint64_t best = 0;
    for (size_t i = 0; i < n; i++) {
        if (!hr_bygone_note_tells(note[i].text))
            continue;
        uint64_t wall = note[i].wall;
        if (dir < 0 ? wall < at && look(p, wall) < at && wall > best : wall > at && look(p, wall) > at && (best == 0 || wall < best)) {
            best = wall;
            told = note[i].text;
        }
    }
    if (best == 0)
        snprintf(v->said, sizeof v->said, dir < 0 ? "no alert is kept from before" : "no alert began later");
    else if (hr_bygone_note_key(told) == 0) /* no alert that stands in a row of its own */
        snprintf(v->said, sizeof v->said, "%.90s", told);
    return best == 0 ? at : look(p, best);
}

/* Where a hop leads to. */
static uint64_t target(const struct hr_bygone_view *p, struct hr_top_view *v, struct hr_hop hop, uint64_t at, uint64_t from, uint64_t to)
{
    switch (hop.kind) {
    case HR_HOP_BY:
        return step(p, at, hop.by, to);
    case HR_HOP_TO:
        return look(p, (uint64_t)hop.by);
    case HR_HOP_ALERT:
        return to_alert(p, v, at, (int)hop.by);
    case HR_HOP_BEGIN:
        return look(p, from);
    case HR_HOP_LOOK: {
        uint64_t other = hr_bygone_beside(p->past, at, (int)hop.by);
        return other != 0 ? other : hop.by > 0 ? THE_END : at;
    }
    case HR_HOP_STOP:
        return v->moment != 0 && p->live ? THE_END : look(p, at);
    case HR_HOP_NONE:
    case HR_HOP_END:
        break;
    }
    return THE_END;
}

void hr_bygone_hop(struct hr_bygone_view *p, struct hr_top_view *v, uint64_t newest)
{
    struct hr_hop hop = v->hop;
    uint64_t from, to;
    v->hop = (struct hr_hop) { HR_HOP_NONE, 0 };
    if (hop.kind == HR_HOP_NONE || hr_bygone_refresh(p->past, NULL) < 0)
        return;
    reach(p, newest, &from, &to);
    uint64_t at = v->moment != 0 ? v->moment : to, goal = target(p, v, hop, at, from, to);
    if (hop.kind == HR_HOP_ALERT && goal == at)
        return; /* there is none */
    if (goal == THE_END)
        v->moment = p->live ? 0 : look(p, to);
    else
        v->moment = HR_MAX(HR_MIN(goal, to), from);
}

/* The alerts that were on: begun and not over by then. */
static size_t alerts(struct hr_bygone_view *p, uint64_t wall)
{
    size_t n, on = 0;
    const struct hr_bygone_note *note = hr_bygone_notes(p->past, &n);
    for (size_t i = 0; i < n && note[i].wall <= wall + UINT64_C(1000000000); i++) { /* it stands behind the look that it is about */
        size_t key = hr_bygone_note_key(note[i].text), k = 0;
        if (key == 0 || key >= sizeof p->alert[0].key)
            continue;
        while (k < on && (strncmp(p->alert[k].key, note[i].text, key) != 0 || p->alert[k].key[key] != 0))
            k++;
        if (hr_bygone_note_over(note[i].text)) {
            if (k < on)
                p->alert[k] = p->alert[--on];
            continue;
        }
        if (k == HR_TOP_ALERTS)
            continue;
        on += k == on;
        p->alert[k] = (struct hr_top_alert) { .level = HR_TOP_WARN, .since = note[i].wall };
        memcpy(p->alert[k].key, note[i].text, key);
        snprintf(p->alert[k].text, sizeof p->alert[k].text, "%s", note[i].text + key + 2);
    }
    return on;
}

bool hr_bygone_scene(struct hr_bygone_view *p, struct hr_top_view *v, uint64_t newest, struct hr_top_scene *ret)
{
    struct hr_bygone_moment m;
    uint64_t from, to;
    size_t n, began = 0;
    const struct hr_bygone_note *note = hr_bygone_notes(p->past, &n);
    reach(p, newest, &from, &to);
    for (size_t i = 0; i < n; i++)
        if (hr_bygone_note_tells(note[i].text))
            p->alert_at[began++] = note[i].wall;
    const struct hr_series *s = hr_bygone_series(p->past, v->moment, v->span, (size_t)(v->wide > 0 ? v->wide : 400));
    if (hr_bygone_at(p->past, v->moment, &m, NULL) < 0) /* last: it holds until the next call */
        return false;
    *ret = (struct hr_top_scene) { .m = m.m, .s = s, .end = v->moment, .alert = p->alert, .alerts = alerts(p, v->moment) };
    ret->time = (struct hr_top_time) { .from = from, .to = to, .kept = p->kept, .alert = p->alert_at, .alerts = began };
    return true;
}

void hr_bygone_curves(struct hr_bygone_view *p, const struct hr_top_scene *sc)
{
    uint64_t kept = sc->m->wall > sc->time.from ? sc->m->wall - sc->time.from : 0; /* of the time before this moment */
    for (size_t i = 0; i < sc->alerts; i++) {
        struct hr_top_alert *a = &p->alert[i];
        hr_episode_curve_of(a->key, a->text, sc->s, (struct hr_episode_curve_time) { sc->end, sc->m->wall, 0 }, a->since, &a->curve);
        hr_episode_curve_trim(&a->curve, sc->end > kept ? sc->end - kept : 0);
    }
}
