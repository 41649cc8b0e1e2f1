/* The alerts: the worst in one row, and all of them on a page of their own, each with the curve of its figure. */
#include "panels.h"

#include "utf8.h"

#include <stdio.h>
#include <string.h>

static const char sign[] = { 'i', '!', 'X' };
static const enum hr_ink ink[] = { HR_INK_TITLE, HR_INK_WARN, HR_INK_BAD };

/* From the least to the greatest that was seen; what is unknown is nothing. */
static void spark(struct hr_canvas *c, int x, int y, int w, const struct hr_top_alert *a)
{
    static const char letters[] = "_.-=+*#@";
    double v[HR_EPISODE_CURVE_POINTS], low = 0, high = 0;
    int n = HR_MIN(HR_MIN(w, (int)a->curve.n), HR_EPISODE_CURVE_POINTS);
    if (a->curve.what == NULL || n < 1 || !hr_episode_curve_columns(&a->curve, v, (size_t)n, &low, &high))
        return;
    for (int i = 0; i < n; i++) {
        int e = high > low ? (int)((v[i] - low) / (high - low) * 7 + 0.5) : 3;
        if (v[i] >= 0)
            hr_cells_set(c->s, x + i, y, c->g == HR_GLYPHS_ASCII ? (uint32_t)letters[HR_MIN(HR_MAX(e, 0), 7)] : 0x2581u + (uint32_t)HR_MIN(HR_MAX(e, 0), 7),
                         HR_FG(ink[a->level]));
    }
}

void hr_panel_alerts(struct hr_canvas *c, int y)
{
    enum { SPARK = 24 };
    const struct hr_top_scene *sc = c->scene;
    if (sc->alerts == 0)
        return;
    size_t worst = 0;
    for (size_t i = 1; i < sc->alerts; i++)
        if (sc->alert[i].level > sc->alert[worst].level)
            worst = i;
    const struct hr_top_alert *a = &sc->alert[worst];
    int x = 1, end = c->s->w - 1;
    hr_cells_printf(c->s, x, y, 4, HR_FG_BOLD(ink[a->level]), "[%c]", sign[a->level]);
    x += 4;
    if (sc->alerts > 1) {
        end -= 10;
        hr_cells_printf(c->s, end, y, 10, HR_FG(HR_INK_DIM), "%zu more: a", sc->alerts - 1);
        end -= 1;
    }
    if (c->s->w >= 120 && a->curve.n > 1) { /* the words before the curve */
        int n = HR_MIN(SPARK, (int)a->curve.n);
        spark(c, end - n, y, n, a);
        end -= n + 1;
    }
    bool cut = (int)hr_utf8_columns(hr_str(a->text)) > end - x;
    x += hr_cells_put(c->s, x, y, end - x - cut, HR_FG_BOLD(ink[a->level]), a->text);
    if (cut)
        hr_cells_set(c->s, x, y, c->g == HR_GLYPHS_ASCII ? '~' : 0x2026, HR_FG_BOLD(ink[a->level]));
}

/* One alert from row y on; the row behind it. */
static int whole(struct hr_canvas *c, struct hr_area in, int y, const struct hr_top_alert *a)
{
    char range[120];
    uint64_t wall = c->scene->m->wall;
    int end = in.y + in.h, rows = 1 + ((int)hr_utf8_columns(hr_str(a->text)) + in.w / 8) / HR_MAX(in.w, 1);
    hr_cells_printf(c->s, in.x, y, in.w, HR_FG_BOLD(ink[a->level]), "[%c] %s, for %s", sign[a->level], a->key,
                    hr_say_age(wall > a->since ? wall - a->since : 0).text);
    y++;
    rows = HR_MIN(rows, end - y);
    if (rows > 0)
        hr_panel_prose(c, (struct hr_area) { in.x, y, in.w, rows }, a->text, HR_INK_TEXT);
    y += HR_MAX(rows, 0);
    hr_episode_curve_range(&a->curve, range, sizeof range);
    if (y < end && range[0] != 0) {
        int n = HR_MIN(HR_MIN((int)a->curve.n, HR_EPISODE_CURVE_POINTS), in.w * 3 / 5);
        spark(c, in.x, y, n, a);
        hr_cells_put(c->s, in.x + n + 1, y, in.w - n - 1, HR_FG(HR_INK_DIM), range);
        y++;
    }
    return y + 1;
}

void hr_panel_alert_page(struct hr_canvas *c)
{
    const struct hr_top_scene *sc = c->scene;
    int w = HR_MIN(c->s->w - 2, 110), h = HR_MIN(c->s->h - 2, (int)sc->alerts * 5 + 7);
    struct hr_area b = { (c->s->w - w) / 2, (c->s->h - h) / 2, w, h };
    for (int y = b.y; y < b.y + b.h; y++)
        hr_cells_fill(c->s, b.x, y, b.w, ' ', HR_FG(HR_INK_TEXT));
    hr_frame(c->s, b, "alerts", "any key closes", c->g);
    struct hr_area in = hr_inside(b);
    int y = in.y;
    for (size_t i = 0; i < sc->alerts && y < in.y + in.h; i++)
        y = whole(c, in, y, &sc->alert[i]);
    if (sc->alerts == 0 && in.h > 0)
        hr_cells_put(c->s, in.x, y++, in.w, HR_FG(HR_INK_DIM), "no alert is on");
    if (hr_memory_marks_any(sc->marks) && y < in.y + in.h) {
        char text[480];
        hr_memory_marks_say(sc->marks, &sc->m->memory, text, 300);
        if (sc->act_said != NULL && sc->act_said[0] != 0)
            snprintf(text + strlen(text), sizeof text - strlen(text), ". %s", sc->act_said);
        hr_panel_prose(c, (struct hr_area) { in.x, y, in.w, in.y + in.h - y }, text, HR_INK_DIM);
    }
}
