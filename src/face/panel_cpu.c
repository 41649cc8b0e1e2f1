/* The processors: their load now, each of them, and the past. */
#include "panels.h"

#include <stdio.h>

static int words(struct hr_canvas *c, struct hr_area in, int y)
{
    const struct hr_cpu_load *k = &c->scene->m->cpu;
    int x = in.x, end = in.x + in.w;
    x = hr_panel_pair(c, x, y, end, "programs", hr_say_real(&k->user, HR_UNIT_PERCENT).text, HR_INK_TEXT);
    x = hr_panel_pair(c, x, y, end, "kernel", hr_say_real(&k->system, HR_UNIT_PERCENT).text, HR_INK_TEXT);
    x = hr_panel_pair(c, x, y, end, "disk wait", hr_say_real(&k->iowait, HR_UNIT_PERCENT).text,
                      k->iowait.known && k->iowait.v >= 20 ? HR_INK_WARN : HR_INK_TEXT);
    if (k->steal.known && k->steal.v >= 0.5)
        x = hr_panel_pair(c, x, y, end, "stolen", hr_say_real(&k->steal, HR_UNIT_PERCENT).text, HR_INK_WARN);
    if (k->blocked.known && k->blocked.v > 0)
        hr_panel_pair(c, x, y, end, "blocked tasks", hr_say_figure(&k->blocked, HR_UNIT_COUNT).text, HR_INK_WARN);
    return 1;
}

/* One mark each; more than fit are left out, and the last place says so. */
static int each(struct hr_canvas *c, struct hr_area in, int y, int rows)
{
    const struct hr_cpu_load *k = &c->scene->m->cpu;
    int n = (int)HR_MIN(k->n, (unsigned)HR_MODEL_CPUS);
    if (n + 5 <= in.w) { /* a few marks alone could be anything */
        hr_cells_put(c->s, in.x, y, 4, HR_FG(HR_INK_DIM), "each");
        in.x += 5;
        in.w -= 5;
    }
    int taken = HR_MIN(rows, (n + in.w - 1) / HR_MAX(in.w, 1));
    for (int i = 0; i < n && i < taken * in.w; i++) {
        bool cut = i == taken * in.w - 1 && i + 1 < (int)k->n;
        if (cut)
            hr_cells_set(c->s, in.x + i % in.w, y + i / in.w, c->g == HR_GLYPHS_ASCII ? '>' : 0x2026, HR_FG(HR_INK_DIM));
        else
            hr_marks(c->s, in.x + i % in.w, y + i / in.w, k->each[i] < 0 ? -1 : (double)k->each[i] / 100, HR_INK_LOAD, c->g);
    }
    return taken;
}

void hr_panel_cpu(struct hr_canvas *c, struct hr_area b)
{
    const struct hr_cpu_load *k = &c->scene->m->cpu;
    char title[48], right[64];
    snprintf(title, sizeof title, "cpu %s", hr_say_real(&k->busy, HR_UNIT_PERCENT).text);
    snprintf(right, sizeof right, "%u CPUs, load %s %s %s", k->n, hr_say_real(&k->load1, HR_UNIT_COUNT).text,
             hr_say_real(&k->load5, HR_UNIT_COUNT).text, hr_say_real(&k->load15, HR_UNIT_COUNT).text);
    hr_frame(c->s, b, title, right, c->g);
    struct hr_area in = hr_inside(b);
    if (in.h < 1)
        return;
    int y = in.y;
    if (in.h >= 3)
        y += words(c, in, in.y);
    if (in.h >= 2)
        y += each(c, in, y, in.h >= 8 ? 3 : 1);
    struct hr_trace curve = { HR_M_CPU, 0, 100, HR_INK_LOAD, false, NULL };
    struct hr_area plot = { in.x, y, in.w, in.y + in.h - y };
    if (hr_panel_curve(c, plot, &curve) > 0)
        hr_panel_span(c, b, plot.w - (hr_panel_labelled(plot) ? HR_PANEL_LABEL : 0), hr_panel_labelled(plot) ? "" : "to 100 %");
}
