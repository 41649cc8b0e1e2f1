/* The first and the last row, and the help. */
#include "panels.h"

#include "utf8.h"

#include <stdio.h>

static void head_right(struct hr_canvas *c, int y, int from)
{
    const struct hr_model *m = c->scene->m;
    char text[96], when[32];
    hr_panel_clock(m->wall, m->wall, when);
    struct hr_say cpu = hr_say_real(&m->own_cpu, HR_UNIT_PERCENT), mem = hr_say_figure(&m->own_resident, HR_UNIT_BYTES);
    snprintf(text, sizeof text, "own cost %.12s CPU, %.12s   %s ", cpu.text, mem.text, when);
    if (c->s->w - (int)hr_utf8_columns(hr_str(text)) < from)
        snprintf(text, sizeof text, "%s ", when);
    int x = c->s->w - (int)hr_utf8_columns(hr_str(text));
    struct hr_style st = { HR_INK_DIM, HR_INK_HEAD, 0 };
    if (x >= from)
        hr_cells_put(c->s, x, y, c->s->w - x, st, text);
}

void hr_panel_head(struct hr_canvas *c, int y)
{
    const struct hr_model *m = c->scene->m;
    struct hr_style plain = { HR_INK_TEXT, HR_INK_HEAD, 0 }, title = { HR_INK_TITLE, HR_INK_HEAD, HR_BOLD },
                    state = { HR_INK_KEY, HR_INK_HEAD, HR_BOLD };
    int w = c->s->w, x = 1;
    hr_cells_fill(c->s, 0, y, w, ' ', plain);
    x += hr_cells_put(c->s, x, y, w, title, "headrace") + 2;
    if (c->view->moment != 0 || c->scene->source != NULL) {
        char text[96];
        hr_panel_when(c, text, sizeof text);
        x += hr_cells_put(c->s, x, y, w - x, state, text) + 2;
    }
    x += hr_cells_put(c->s, x, y, HR_MIN(w - x - 10, 30), plain, hr_word_text(&m->host));
    if (m->machine.known)
        x += hr_cells_printf(c->s, x, y, w - x - 10, plain, " · %s", m->machine.v);
    if (w >= 110 && m->kernel.known)
        x += hr_cells_printf(c->s, x, y, HR_MIN(w - x - 10, 40), plain, " · Linux %s", m->kernel.v);
    if (m->uptime.known)
        x += hr_cells_printf(c->s, x, y, w - x - 10, plain, " · up %s", hr_say_age(m->uptime.v).text);
    head_right(c, y, x + 2);
}

/* --- keys: one row each, for the footer and the help --- */
enum when { ALWAYS, NOW, PAST }; /* in which footer it stands */
static const struct {
    const char *key, *brief, *what;
    enum when when;
} keys[] = {
    { "q", "quit", "leave (also Ctrl-C)", ALWAYS },
    { "?", "help", "this page (also h, F1)", ALWAYS },
    { "space", "pause", "stop the view; the sampling goes on. Again: live", NOW },
    { "enter", "open", "the chosen job's members, or not (also a click on it; e: all)", NOW },
    { "/", "filter", "only rows whose name, command or pid has it; Esc: all rows", NOW },
    { "s", "sort", "by the next column (also a click on a heading; again: round)", NOW },
    { "t", "tree", "processes below their parents", NOW },
    { "left right", "time", "back in time and forward, ten columns of the plots (also [ ])", ALWAYS },
    { "End", "live", "the newest moment again (also G); Home, g: the first kept", PAST },
    { ", .", "1 min", "back and forward by a minute (also Shift and left, right)", PAST },
    { "< >", "10 min", "by ten minutes (also with Ctrl)", PAST },
    { "{ }", "1 h", "by an hour (also with Alt)", PAST },
    { "w W", "alert", "to the alert, or word of the kernel, before; to the next one", PAST },
    { "b n", "look", "to the look before, and the next one", PAST },
    { "+ -", "zoom", "plots over less or more time", ALWAYS },
    { "r", "reverse", "turn the order round", NOW },
    { "a", "alerts", "all alerts that are on, each with the curve around it", NOW },
    { "up down", NULL, "choose a row (also j k, PgUp, PgDn, the wheel)", ALWAYS },
    { "l", NULL, "colours for a light or a dark ground", ALWAYS },
    { "Ctrl-L", NULL, "paint the whole screen again", ALWAYS },
    { "Ctrl-Z", NULL, "stop; fg goes on", ALWAYS },
};

void hr_panel_foot(struct hr_canvas *c, int y)
{
    int x = 1, end = c->s->w - 1;
    const struct hr_top_view *v = c->view;
    if (v->typing) {
        x += hr_cells_put(c->s, x, y, end - x, HR_FG(HR_INK_KEY), "filter: ");
        x += hr_cells_put(c->s, x, y, end - x, HR_FG(HR_INK_BRIGHT), v->filter);
        hr_cells_set(c->s, x, y, '_', HR_FG(HR_INK_KEY));
        return;
    }
    for (size_t i = 0; i < HR_COUNT(keys); i++) {
        if (keys[i].brief == NULL || keys[i].when == (v->moment != 0 ? NOW : PAST))
            continue;
        int need = (int)hr_utf8_columns(hr_str(keys[i].key)) + 1 + (int)hr_utf8_columns(hr_str(keys[i].brief)) + 2;
        if (x + need > end)
            break;
        x += hr_cells_put(c->s, x, y, end - x, HR_FG_BOLD(HR_INK_KEY), keys[i].key) + 1;
        x += hr_cells_put(c->s, x, y, end - x, HR_FG(HR_INK_DIM), keys[i].brief) + 2;
    }
}

void hr_panel_help(struct hr_canvas *c)
{
    int w = HR_MIN(c->s->w - 2, 100), h = HR_MIN(c->s->h, (int)HR_COUNT(keys) + 11);
    struct hr_area b = { (c->s->w - w) / 2, (c->s->h - h) / 2, w, h };
    for (int y = b.y; y < b.y + b.h; y++)
        hr_cells_fill(c->s, b.x, y, b.w, ' ', HR_FG(HR_INK_TEXT));
    hr_frame(c->s, b, "keys", "any key closes", c->g);
    struct hr_area in = hr_inside(b);
    int y = in.y;
    for (size_t i = 0; i < HR_COUNT(keys) && y < in.y + in.h; i++, y++) {
        hr_cells_put(c->s, in.x, y, 12, HR_FG_BOLD(HR_INK_KEY), keys[i].key);
        hr_cells_put(c->s, in.x + 12, y, in.w - 12, HR_FG(HR_INK_TEXT), keys[i].what);
    }
    static const char *const notes[] = { /* what is needed first, first */
        "– means: cannot be had here. headrace top --once tells why.",
        "CPU is percent of one processor over the last looks: a job with 8 busy threads has 800 %.",
        "A job's memory counts shared pages once (PSS where it was measured, ~ where it is an estimate).",
        "Memory: every byte of the machine is in exactly one part, so the parts add up to the total.",
        "Other monitors count differently: htop takes cache that can be given back as free, and free -m puts shared memory into the cache.",
    };
    y += in.y + in.h - y > 2;
    for (size_t i = 0; i < HR_COUNT(notes); i++)
        y += hr_panel_prose(c, (struct hr_area) { in.x, y, in.w, in.y + in.h - y }, notes[i], HR_INK_DIM);
}
