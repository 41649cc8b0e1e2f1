/* The GPUs: what each does, and what slows it. */
#include "panels.h"

#include "gpus.h"
#include "utf8.h"

#include <stdio.h>
#include <string.h>

static double share(const struct hr_figure *a, const struct hr_figure *b)
{
    return a->known && b->known && b->v > 0 ? (double)a->v / (double)b->v : -1;
}

static bool slowed(const struct hr_gpu_load *g, char out[HR_WORD_MAX])
{
    return g->throttle.known && hr_gpu_throttle_text(g->throttle.v, true, out);
}

static double percent(const struct hr_figure *f)
{
    return f->known ? (double)f->v / 100 : -1;
}

/* All in one row, for many GPUs. */
static void brief(struct hr_canvas *c, struct hr_area in, int y, unsigned i)
{
    const struct hr_gpu_load *g = &c->scene->m->gpus.gpu[i];
    char text[HR_WORD_MAX];
    int bar = HR_MAX((in.w - 44) / 2, 4), x = in.x, end = in.x + in.w;
    hr_cells_printf(c->s, x, y, 3, HR_FG_BOLD(HR_INK_TITLE), "%u", i);
    x += 3;
    hr_bar(c->s, x, y, bar, percent(&g->busy), HR_INK_GPU, c->g);
    hr_cells_right(c->s, x + bar + 6, y, 5, HR_FG(HR_INK_TEXT), hr_say_figure(&g->busy, HR_UNIT_PERCENT).text);
    x += bar + 7;
    hr_bar(c->s, x, y, bar, share(&g->used, &g->memory), HR_INK_MEMORY, c->g);
    x += bar + 1;
    hr_cells_right(c->s, x + 9, y, 9, HR_FG(HR_INK_TEXT), hr_say_figure(&g->used, HR_UNIT_BYTES).text);
    x += 10;
    x = hr_panel_pair(c, x, y, end, "", hr_say_figure(&g->milliwatts, HR_UNIT_MILLIWATTS).text, HR_INK_TEXT) - 1;
    x = hr_panel_pair(c, x, y, end, "", hr_say_figure(&g->celsius, HR_UNIT_CELSIUS).text, HR_INK_TEXT) - 1;
    if (slowed(g, text))
        hr_panel_pair(c, x, y, end, "!", text, HR_INK_WARN);
}

/* In a third of a row, where there are more than rows: number, load, VRAM. */
enum { CELL = 18 };
static void cell(struct hr_canvas *c, int x, int y, unsigned i)
{
    const struct hr_gpu_load *g = &c->scene->m->gpus.gpu[i];
    char text[HR_WORD_MAX];
    hr_cells_printf(c->s, x, y, 3, HR_FG_BOLD(slowed(g, text) ? HR_INK_WARN : HR_INK_TITLE), "%u", i);
    hr_cells_right(c->s, x + 7, y, 5, HR_FG(HR_INK_TEXT), hr_say_figure(&g->busy, HR_UNIT_PERCENT).text);
    hr_cells_right(c->s, x + CELL - 1, y, 9, HR_FG(HR_INK_MEMORY), hr_say_figure(&g->used, HR_UNIT_BYTES).text);
}

static void cells(struct hr_canvas *c, struct hr_area in, unsigned n)
{
    int per = HR_MAX(in.w / CELL, 1);
    unsigned room = (unsigned)(per * in.h), shown = n > room ? room - 1 : n;
    for (unsigned i = 0; i < shown; i++)
        cell(c, in.x + (int)i % per * CELL, in.y + (int)i / per, i);
    if (shown < n)
        hr_cells_printf(c->s, in.x + (per - 1) * CELL, in.y + in.h - 1, CELL - 1, HR_FG(HR_INK_DIM), "and %u more", n - shown);
}

static void details(struct hr_canvas *c, struct hr_area in, int y, const struct hr_gpu_load *g)
{
    char text[HR_WORD_MAX];
    int x = in.x, end = in.x + in.w;
    if (slowed(g, text))
        x = hr_panel_pair(c, x, y, end, "slowed:", text, HR_INK_WARN);
    snprintf(text, sizeof text, "%.10s/%.10s", hr_say_figure(&g->sm_mhz, HR_UNIT_COUNT).text, hr_say_figure(&g->sm_mhz_max, HR_UNIT_MHZ).text);
    x = hr_panel_pair(c, x, y, end, "clock", text, HR_INK_TEXT);
    x = hr_panel_pair(c, x, y, end, "memory bus", hr_say_figure(&g->memory_busy, HR_UNIT_PERCENT).text, HR_INK_TEXT);
    if (g->pcie_gen.known && g->pcie_width.known) {
        snprintf(text, sizeof text, "gen %u x%u", (unsigned)g->pcie_gen.v, (unsigned)g->pcie_width.v);
        x = hr_panel_pair(c, x, y, end, "PCIe", text, HR_INK_TEXT);
    }
    x = hr_panel_pair(c, x, y, end, "in", hr_say_figure(&g->pcie_received, HR_UNIT_BYTES_S).text, HR_INK_TEXT);
    hr_panel_pair(c, x, y, end, "out", hr_say_figure(&g->pcie_sent, HR_UNIT_BYTES_S).text, HR_INK_TEXT);
}

static void meter(struct hr_canvas *c, struct hr_area in, int y, const char *name, double part, const char *value, enum hr_ink ramp)
{
    int value_w = in.w >= 50 ? 22 : 20;
    hr_cells_put(c->s, in.x, y, 5, HR_FG(HR_INK_DIM), name);
    hr_bar(c->s, in.x + 5, y, in.w - 6 - value_w, part, ramp, c->g);
    hr_cells_right(c->s, in.x + in.w, y, value_w, HR_FG(HR_INK_TEXT), value);
}

/* Without its maker's name, and its series', where there is no room for them. */
static const char *short_name(const char *name, int room)
{
    static const char *const parts[] = { "NVIDIA ", "GeForce " };
    for (size_t i = 0; i < HR_COUNT(parts) && (int)strlen(name) > room; i++)
        if (strncmp(name, parts[i], strlen(parts[i])) == 0)
            name += strlen(parts[i]);
    return name;
}

static void whole(struct hr_canvas *c, struct hr_area in, unsigned i)
{
    const struct hr_gpu_load *g = &c->scene->m->gpus.gpu[i];
    char text[HR_WORD_MAX];
    int y = in.y;
    snprintf(text, sizeof text, "%.8s  %.8s of %.8s", hr_say_figure(&g->celsius, HR_UNIT_CELSIUS).text,
             hr_say_figure(&g->milliwatts, HR_UNIT_MILLIWATTS).text, hr_say_figure(&g->milliwatts_limit, HR_UNIT_MILLIWATTS).text);
    hr_cells_printf(c->s, in.x, y, 3, HR_FG_BOLD(HR_INK_TITLE), "%u", i);
    int room = in.w - 4 - (int)hr_utf8_columns(hr_str(text));
    hr_cells_put(c->s, in.x + 3, y, room, HR_FG(HR_INK_BRIGHT), short_name(hr_word_text(&g->name), room));
    hr_cells_right(c->s, in.x + in.w, y++, 22, HR_FG(HR_INK_TEXT), text);
    if (y < in.y + in.h)
        meter(c, in, y++, "busy", percent(&g->busy), hr_say_figure(&g->busy, HR_UNIT_PERCENT).text, HR_INK_GPU);
    snprintf(text, sizeof text, "%.10s of %.10s", hr_say_figure(&g->used, HR_UNIT_BYTES).text, hr_say_figure(&g->memory, HR_UNIT_BYTES).text);
    if (y < in.y + in.h)
        meter(c, in, y++, "VRAM", share(&g->used, &g->memory), text, HR_INK_MEMORY);
    if (y < in.y + in.h)
        details(c, in, y++, g);
    if (y < in.y + in.h && i < HR_SERIES_GPUS) {
        struct hr_trace k = { HR_M_GPU_BUSY, i, 100, HR_INK_GPU, false, NULL };
        hr_panel_curve(c, (struct hr_area) { in.x, y, in.w, in.y + in.h - y }, &k);
    }
}

void hr_panel_gpus(struct hr_canvas *c, struct hr_area b)
{
    const struct hr_gpus_load *l = &c->scene->m->gpus;
    char right[64] = "";
    if (l->driver.known)
        snprintf(right, sizeof right, "driver %.40s", l->driver.v);
    if (l->stale)
        snprintf(right, sizeof right, "%s old", hr_say_age(l->age).text);
    hr_frame(c->s, b, l->n > 1 ? "gpus" : "gpu", right, c->g);
    struct hr_area in = hr_inside(b);
    if (in.h < 1)
        return;
    if (l->n == 0) {
        const char *why = l->say[0] != 0 ? l->say : l->known.why[0] != 0 ? l->known.why : "no GPU";
        hr_panel_prose(c, in, why, HR_INK_DIM);
        return;
    }
    int each = in.h / (int)l->n;
    if (each == 0) {
        cells(c, in, l->n);
        return;
    }
    for (unsigned i = 0; i < l->n; i++) {
        if (each >= 3)
            whole(c, (struct hr_area) { in.x, in.y + (int)i * each, in.w, each }, i);
        else
            brief(c, in, in.y + (int)i, i);
    }
}
