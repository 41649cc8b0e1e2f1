#include "ring_alerts.h"

#include "human.h"

#include <stdio.h>
#include <string.h>

int hr_ring_alerts_put(struct hr_ring_alerts *t, struct hr_ring *ring, const struct hr_episodes *e, struct hr_error *err)
{
    const struct hr_episode *p[HR_RING_ALERTS];
    char text[HR_RING_TEXT];
    int r = 0;
    size_t n = hr_episodes_on(e, p, HR_COUNT(p));
    n += hr_episodes_ended(e, p + n, HR_COUNT(p) - n);
    for (size_t i = 0; r == 0 && i < n; i++) {
        size_t k = 0;
        while (k < HR_COUNT(t->last) && t->last[k].key != NULL && strcmp(t->last[k].key, p[i]->key) != 0)
            k++;
        if (k == HR_COUNT(t->last) || (t->last[k].since == p[i]->since && t->last[k].on == p[i]->on))
            continue;
        t->last[k].key = p[i]->key;
        t->last[k].since = p[i]->since;
        t->last[k].on = p[i]->on;
        if (p[i]->on)
            snprintf(text, sizeof text, "%s: %.200s", p[i]->key, p[i]->text);
        else
            snprintf(text, sizeof text, "%s" HR_EPISODE_OVER ", after %s", p[i]->key, hr_human_duration(p[i]->until - p[i]->since).text);
        r = hr_ring_note(ring, text, err);
    }
    return r;
}
