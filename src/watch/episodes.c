#include "episodes.h"

#include "episode_rules.h"
#include "mem.h"

#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

/* What the rule's own figure was in the minutes before, in case an alert begins: metrics have their series for that. */
struct lead {
    struct hr_rule_figure figure;
    struct hr_episode_curve curve;
};

struct hr_episodes {
    struct hr_fill wall[HR_WALLS];
    unsigned other[HR_OTHER_GROUPS]; /* the turn whose past the wall from HR_WALL_OTHER on is */
    struct hr_memory_marks marks;
    struct hr_episode episode[HR_RULES];
    uint64_t turned[HR_RULES]; /* `at` of the first look of the stretch that may begin or end it; 0: none */
    struct hr_rule_figure figure[HR_RULES]; /* of the curve of the one that is on */
    struct lead lead[HR_RULES];
};

const char *hr_episode_level_name(enum hr_episode_level l)
{
    static const char *const names[] = { "note", "warn", "bad" };
    return names[l];
}

int hr_episodes_open(const struct hr_memory_marks *marks, struct hr_episodes **ret, struct hr_error *err)
{
    struct hr_episodes *e = hr_calloc(1, sizeof *e);
    if (e == NULL)
        return hr_fail_nomem(err, sizeof *e, "the alerts");
    if (marks != NULL)
        e->marks = *marks;
    for (size_t i = 0; i < HR_RULES; i++)
        e->episode[i].key = hr_rules[i].key;
    *ret = e;
    return 0;
}

void hr_episodes_close(struct hr_episodes *e)
{
    hr_free(e);
}

/* E4 */
static struct hr_episode_curve_time moment(const struct hr_model *m)
{
    return (struct hr_episode_curve_time) { m->at, m->wall, m->span };
}

static void follow(struct hr_episode_curve *c, const struct hr_rule_figure *f, const struct hr_model *m)
{
    double v = 0;
    bool known = hr_rule_figure_now(f, m, &v);
    hr_episode_curve_add(c, moment(m), known, v);
}

static void begin_curve(struct hr_episodes *e, size_t i, const struct hr_rule_sight *t)
{
    struct hr_episode_curve *c = &e->episode[i].curve;
    e->figure[i] = t->figure;
    if (t->figure.own != HR_OWN_NONE && hr_rule_figure_same(&t->figure, &e->lead[i].figure)) {
        *c = e->lead[i].curve;
        c->slides = false;
    } else if (t->figure.own != HR_OWN_NONE || t->s == NULL) {
        hr_episode_curve_begin(c, hr_rule_figure_word(&t->figure), false);
    } else {
        hr_episode_curve_past(c, t->s, moment(t->m), 0, t->figure.metric, t->figure.gpu);
    }
}

static void keep_lead(struct lead *l, const struct hr_rule_figure *f, const struct hr_model *m)
{
    if (l->curve.what == NULL || !hr_rule_figure_same(&l->figure, f)) {
        l->figure = *f;
        hr_episode_curve_begin(&l->curve, hr_rule_figure_word(f), true);
    }
    follow(&l->curve, f, m);
}

static void turn(struct hr_episodes *e, size_t i, const struct hr_rule_sight *t)
{
    const struct hr_rule *r = &hr_rules[i];
    struct hr_episode *p = &e->episode[i];
    bool other = p->on ? t->worst < r->ends : t->worst >= 1;
    if (!other) {
        e->turned[i] = 0;
    } else {
        if (e->turned[i] == 0)
            e->turned[i] = t->m->at;
        if (t->m->at - e->turned[i] >= (p->on ? r->end_s : r->begin_s) * SECOND) { /* E1 */
            e->turned[i] = 0;
            p->on = !p->on;
            if (p->on) {
                p->since = t->m->wall;
                p->peak = t->value;
                p->times++;
                begin_curve(e, i, t);
            }
            p->until = p->on ? 0 : t->m->wall;
        }
    }
    if (p->on && t->worst >= r->ends) { /* the words follow while it is bad; afterwards the last ones stand */
        p->level = t->bad ? HR_EPISODE_BAD : r->level;
        p->value = t->value;
        memcpy(p->text, t->text, sizeof p->text);
    }
}

static void take_walls(struct hr_episodes *e, const struct hr_model *m)
{
    const struct hr_account *a = &m->memory;
    if (a->available.known)
        hr_fill_take(&e->wall[HR_WALL_MACHINE], m->at, a->available.v);
    if (a->limit.known && a->limit_used.known)
        hr_fill_take(&e->wall[HR_WALL_GROUP], m->at, hr_limit_left(&a->limit, &a->limit_used));
    for (unsigned i = 0; i < HR_OTHER_GROUPS; i++) {
        const struct hr_other_group *o = &a->other[i];
        struct hr_fill *f = &e->wall[HR_WALL_OTHER + i];
        if (o->turn != e->other[i]) {
            e->other[i] = o->turn;
            *f = (struct hr_fill) { .begun = false };
        }
        if (o->limit.known && o->used.known)
            hr_fill_take(f, m->at, hr_limit_left(&o->limit, &o->used));
    }
}

void hr_episodes_take(struct hr_episodes *e, const struct hr_model *m, const struct hr_series *s)
{
    take_walls(e, m);
    for (size_t i = 0; i < HR_RULES; i++) {
        struct hr_rule_sight t = { .m = m, .s = s, .marks = &e->marks, .wall = e->wall, .figure = { .metric = hr_rules[i].metric } };
        bool was = e->episode[i].on;
        hr_rules[i].look(&t);
        if (t.figure.own != HR_OWN_NONE)
            keep_lead(&e->lead[i], &t.figure, m);
        if (t.known) /* E2 */
            turn(e, i, &t);
        if (was || e->episode[i].on)
            follow(&e->episode[i].curve, &e->figure[i], m);
    }
}

void hr_episode_curve_of(const char *key, const char *text, const struct hr_series *s, struct hr_episode_curve_time t, uint64_t since,
                         struct hr_episode_curve *ret)
{
    struct hr_rule_figure f;
    *ret = (struct hr_episode_curve) { .what = NULL };
    if (s != NULL && hr_rule_figure_of(key, text, &f) && f.own == HR_OWN_NONE)
        hr_episode_curve_past(ret, s, t, t.wall > since ? t.wall - since : 1, f.metric, f.gpu);
}

size_t hr_episodes_on(const struct hr_episodes *e, const struct hr_episode **ret, size_t most)
{
    size_t n = 0;
    for (int level = HR_EPISODE_BAD; level >= HR_EPISODE_NOTE; level--)
        for (size_t i = 0; i < HR_RULES && n < most; i++)
            if (e->episode[i].on && (int)e->episode[i].level == level)
                ret[n++] = &e->episode[i];
    return n;
}

size_t hr_episodes_ended(const struct hr_episodes *e, const struct hr_episode **ret, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < HR_RULES && n < most; i++)
        if (!e->episode[i].on && e->episode[i].times != 0)
            ret[n++] = &e->episode[i];
    return n;
}

const struct hr_episode *hr_episodes_find(const struct hr_episodes *e, const char *key)
{
    for (size_t i = 0; i < HR_RULES; i++)
        if (strcmp(e->episode[i].key, key) == 0)
            return &e->episode[i];
    return NULL;
}

const struct hr_memory_marks *hr_episodes_marks(const struct hr_episodes *e)
{
    return &e->marks;
}
