/* Alerts and marks as JSON and as lines. */
#include "episodes.h"

#include "human.h"
#include "json_known.h"

static void alert(const struct hr_episode *p, struct hr_jw *w)
{
    hr_jw_object(w);
    hr_jw_kstr(w, "key", p->key);
    hr_jw_kstr(w, "level", hr_episode_level_name(p->level));
    hr_jw_ku64(w, "since", p->since / 1000000);
    if (p->on)
        hr_jw_kunknown(w, "until", "it is on");
    else
        hr_jw_ku64(w, "until", p->until / 1000000);
    hr_jw_ku64(w, "times", p->times);
    hr_jw_kstr(w, "text", p->text);
    hr_jw_key(w, "curve");
    hr_episode_curve_json(&p->curve, w);
    hr_jw_end(w);
}

static void mark(const struct hr_episodes *e, enum hr_mark_id id, const char *key, struct hr_jw *w)
{
    const struct hr_memory_marks *m = hr_episodes_marks(e);
    const struct hr_episode *p = hr_episodes_find(e, key);
    if (m->at[id] == 0) {
        hr_jw_kunknown(w, hr_mark_name(id), "it was not given");
        return;
    }
    hr_jw_key(w, hr_mark_name(id));
    hr_jw_object(w);
    hr_jw_ku64(w, "at", m->at[id]);
    hr_jw_kbool(w, "over", p->on);
    hr_jw_ku64(w, "times", p->times);
    if (id == HR_MARK_ACT && m->deed[0] != 0)
        hr_jw_kstr(w, "does", m->deed);
    else if (id == HR_MARK_ACT)
        hr_jw_kunknown(w, "does", "nothing but to say so, for want of --on-act");
    hr_jw_end(w);
}

void hr_marks_json(const struct hr_episodes *e, const struct hr_model *m, struct hr_jw *w)
{
    struct hr_marked of = hr_marked(&m->memory);
    if (!hr_memory_marks_any(hr_episodes_marks(e))) {
        hr_jw_kunknown(w, "marks", "neither --warn nor --act was given");
        return;
    }
    hr_jw_key(w, "marks");
    hr_jw_object(w);
    hr_jw_kstr(w, "of", of.group ? "cgroup" : "machine");
    hr_jw_kfigure(w, "used", &of.used);
    hr_jw_kfigure(w, "whole", &of.whole);
    mark(e, HR_MARK_WARN, HR_EPISODE_WARN_MARK, w);
    mark(e, HR_MARK_ACT, HR_EPISODE_ACT_MARK, w);
    hr_jw_end(w);
}

void hr_episodes_json(const struct hr_episodes *e, const struct hr_model *m, struct hr_jw *w)
{
    const struct hr_episode *on[32];
    for (int ended = 0; ended < 2; ended++) {
        size_t n = (ended ? hr_episodes_ended : hr_episodes_on)(e, on, HR_COUNT(on));
        hr_jw_key(w, ended ? "alerts_ended" : "alerts");
        hr_jw_array(w);
        for (size_t i = 0; i < n; i++)
            alert(on[i], w);
        hr_jw_end(w);
    }
    hr_marks_json(e, m, w);
}

void hr_episodes_text(const struct hr_episodes *e, const struct hr_model *m, bool ascii, struct hr_buf *out)
{
    enum { SPARK = 40 };
    const struct hr_episode *on[32];
    size_t n = hr_episodes_on(e, on, HR_COUNT(on));
    char text[240];
    if (hr_memory_marks_any(hr_episodes_marks(e))) {
        hr_memory_marks_say(hr_episodes_marks(e), &m->memory, text, sizeof text);
        hr_buf_printf(out, "\nmarks: %s\n", text);
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t lasts = m->wall > on[i]->since ? m->wall - on[i]->since : 0;
        hr_buf_printf(out, "\nalert %s, for %s: %s\n", on[i]->key, hr_human_duration(lasts).text, on[i]->text);
        hr_episode_curve_range(&on[i]->curve, text, sizeof text);
        hr_buf_adds(out, "  ");
        hr_episode_curve_spark(&on[i]->curve, SPARK, ascii, out);
        hr_buf_printf(out, "  %s\n", text);
    }
}
