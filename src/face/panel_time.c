/* Where the view stands in time: "02:47:10, 13 m 05 s ago" in the heading, and the line of the past below it. */
#include "panels.h"

#include "utf8.h"

#include <stdio.h>
#include <time.h>

#define SECOND UINT64_C(1000000000)

const char *hr_panel_clock(uint64_t wall, uint64_t now, char out[32])
{
    time_t t = (time_t)(wall / SECOND), n = (time_t)(now / SECOND);
    struct tm tm, other;
    bool ok = localtime_r(&t, &tm) != NULL && localtime_r(&n, &other) != NULL;
    bool today = ok && tm.tm_yday == other.tm_yday && tm.tm_year == other.tm_year;
    if (!ok || strftime(out, 32, today ? "%H:%M:%S" : "%d %b %H:%M:%S", &tm) == 0)
        out[0] = 0;
    return out;
}

void hr_panel_when(const struct hr_canvas *c, char *out, size_t n)
{
    const struct hr_top_scene *sc = c->scene;
    uint64_t moment = c->view->moment, behind = sc->time.to - HR_MIN(moment, sc->time.to);
    char clock[32];
    if (sc->source == NULL)
        snprintf(out, n, "%s, %s ago", hr_panel_clock(moment, sc->time.to, clock), hr_say_age(behind).text);
    else if (moment != 0 && behind > 0)
        snprintf(out, n, "%.60s, %s before its end", sc->source, hr_say_age(behind).text);
    else
        snprintf(out, n, "%.60s", sc->source);
}

static int column_of(const struct hr_area *line, const struct hr_top_time *t, uint64_t wall)
{
    double share = t->to > t->from ? (double)(HR_MAX(wall, t->from) - t->from) / (double)(t->to - t->from) : 1;
    return line->x + HR_MIN((int)(share * line->w), line->w - 1);
}

/* "01:32:10 ----!-----O------ now   kept by this view" */
void hr_panel_time(struct hr_canvas *c, int y)
{
    const struct hr_top_scene *sc = c->scene;
    const struct hr_top_time *t = &sc->time;
    struct hr_top_view *v = c->view;
    bool plain = c->g == HR_GLYPHS_ASCII;
    char from[32], to[32], words[96];
    const char *kept = t->kept != NULL ? t->kept : "";
    if (v->said[0] != 0)
        snprintf(words, sizeof words, "%s", v->said);
    else if (sc->m->means != 0)
        snprintf(words, sizeof words, "means of %u s, %.60s", sc->m->means, kept);
    else
        snprintf(words, sizeof words, "%.60s", kept);
    hr_panel_clock(t->from, t->to, from);
    hr_panel_clock(t->to, t->to, to);
    const char *end = sc->source != NULL ? to : "now";
    int w = c->s->w, room = (int)hr_utf8_columns(hr_str(words)), x = 1;
    if (room > w - 24) {
        words[0] = 0;
        room = 0;
    }
    hr_cells_put(c->s, w - 1 - room, y, room, HR_FG(v->said[0] != 0 ? HR_INK_WARN : sc->m->means != 0 ? HR_INK_KEY : HR_INK_DIM), words);
    int last = w - 3 - room - (int)hr_utf8_columns(hr_str(end));
    x += hr_cells_put(c->s, x, y, HR_MAX(last - x, 0), HR_FG(HR_INK_TEXT), t->from != 0 ? from : "-") + 1;
    if (last - x < 8)
        return;
    hr_cells_put(c->s, last, y, w - last, HR_FG(HR_INK_TEXT), end);
    v->line = (struct hr_area) { x, y, last - 1 - x, 1 };
    hr_cells_fill(c->s, v->line.x, y, v->line.w, plain ? '-' : 0x2500, HR_FG(HR_INK_FRAME));
    for (size_t i = 0; i < t->alerts; i++)
        if (t->alert[i] >= t->from && t->alert[i] <= t->to)
            hr_cells_set(c->s, column_of(&v->line, t, t->alert[i]), y, '!', HR_FG_BOLD(HR_INK_WARN));
    hr_cells_set(c->s, column_of(&v->line, t, v->moment != 0 ? v->moment : t->to), y, plain ? 'O' : 0x25cf, HR_FG_BOLD(HR_INK_KEY));
}
