/* Alerts that were on when a recording ended, by its notes, with the curve of their figure by its moments. */
#include "postmortem.h"

#include "episode_rules.h"
#include "human.h"

#include <stdio.h>
#include <string.h>

static struct hr_post_alert *find(struct hr_postmortem *p, const char *key)
{
    for (unsigned i = 0; i < p->alerts; i++)
        if (strcmp(p->alert[i].key, key) == 0)
            return &p->alert[i];
    return NULL;
}

static void begins(struct hr_postmortem *p, const char *key, const char *text, uint64_t wall)
{
    struct hr_post_alert *a = find(p, key);
    if (a == NULL) {
        if (p->alerts == HR_POST_ALERTS)
            return;
        a = &p->alert[p->alerts++];
    }
    *a = (struct hr_post_alert) { .since = wall };
    snprintf(a->key, sizeof a->key, "%s", key);
    snprintf(a->text, sizeof a->text, "%s", text);
}

static void ends(struct hr_postmortem *p, const char *key)
{
    struct hr_post_alert *a = find(p, key);
    if (a != NULL)
        *a = p->alert[--p->alerts];
}

/* "KEY: TEXT", "KEY is over ..."; anything else is another's note. */
static void take_note(struct hr_postmortem *p, const char *note, uint64_t wall)
{
    const char *text = strstr(note, ": "), *over = strstr(note, HR_EPISODE_OVER);
    bool ended = over != NULL && (text == NULL || over < text);
    size_t n = ended ? (size_t)(over - note) : text != NULL ? (size_t)(text - note) : 0;
    struct hr_rule_figure f;
    char key[32];
    if (n == 0 || n >= sizeof key)
        return;
    snprintf(key, sizeof key, "%.*s", (int)n, note);
    if (ended)
        ends(p, key);
    else if (hr_rule_figure_of(key, text + 2, &f))
        begins(p, key, text + 2, wall);
}

static void see(struct hr_postmortem *p, const struct hr_model *m)
{
    for (unsigned i = 0; i < p->alerts; i++) {
        struct hr_rule_figure f;
        double v = 0;
        if (!hr_rule_figure_of(p->alert[i].key, p->alert[i].text, &f))
            continue;
        if (p->alert[i].curve.what == NULL)
            hr_episode_curve_begin(&p->alert[i].curve, hr_rule_figure_word(&f), false);
        bool known = hr_rule_figure_now(&f, m, &v);
        /* The time of a recording is the wall's: the monotonic clock may have begun anew. */
        hr_episode_curve_add(&p->alert[i].curve, (struct hr_episode_curve_time) { m->wall, m->wall, m->span }, known, v);
    }
}

void hr_post_alerts(struct hr_tape *t, size_t from, size_t to, struct hr_postmortem *p)
{
    const struct hr_model *m;
    for (size_t i = from; i < to; i++) {
        char note[HR_RING_TEXT];
        if (t->frame[i].kind == HR_FRAME_NOTE && hr_tape_text(t, i, note, NULL) == 0)
            take_note(p, note, t->frame[i].wall);
    }
    for (size_t i = from; p->alerts != 0 && i < to; i++)
        if (hr_frame_moment(&t->frame[i]) && t->frame[i].wall >= p->first && t->frame[i].wall <= p->last && hr_tape_model(t, i, &m, NULL) == 0)
            see(p, m);
}

void hr_post_alerts_text(const struct hr_postmortem *p, bool ascii, struct hr_buf *out)
{
    enum { SPARK = 60 };
    char range[120];
    if (p->alerts != 0)
        hr_buf_printf(out, "\nalerts that were on at the end\n");
    for (unsigned i = 0; i < p->alerts; i++) {
        const struct hr_post_alert *a = &p->alert[i];
        hr_buf_printf(out, "  %s, for %s: %s\n", a->key, hr_human_duration(p->last > a->since ? p->last - a->since : 0).text, a->text);
        hr_episode_curve_range(&a->curve, range, sizeof range);
        if (range[0] == 0)
            continue;
        hr_buf_adds(out, "    ");
        hr_episode_curve_spark(&a->curve, SPARK, ascii, out);
        hr_buf_printf(out, "  %s\n", range);
    }
}

void hr_post_alerts_json(const struct hr_postmortem *p, struct hr_jw *w)
{
    hr_jw_key(w, "alerts");
    hr_jw_array(w);
    for (unsigned i = 0; i < p->alerts; i++) {
        hr_jw_object(w);
        hr_jw_kstr(w, "key", p->alert[i].key);
        hr_jw_ku64(w, "since_ns", p->alert[i].since);
        hr_jw_kstr(w, "text", p->alert[i].text);
        hr_jw_key(w, "curve");
        hr_episode_curve_json(&p->alert[i].curve, w);
        hr_jw_end(w);
    }
    hr_jw_end(w);
}
