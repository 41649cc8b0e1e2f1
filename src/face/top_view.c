/* Where the panels stand, by the size of the terminal. */
#include "top_view.h"

#include "panels.h"

#include <stdio.h>
#include <string.h>

void hr_top_init(struct hr_top_view *v)
{
    *v = (struct hr_top_view) { .span = UINT64_C(1000000000) };
}

/* Panels side by side in a row of the screen, by their shares of its width. */
static void row_of(struct hr_area row, const int *share, size_t n, struct hr_area *ret)
{
    int sum = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        sum += share[i];
    for (size_t i = 0; i < n; i++) {
        int to = at + share[i];
        ret[i] = (struct hr_area) { row.x + row.w * at / sum, row.y, row.w * to / sum - row.w * at / sum, row.h };
        at = to;
    }
}

/* Rows that the GPUs want inside of their panel. */
static int gpu_rows(const struct hr_model *m, bool roomy)
{
    if (m->gpus.n == 0)
        return 2;
    return (int)m->gpus.n * (roomy && m->gpus.n <= 2 ? 7 : m->gpus.n <= 2 ? 4 : 1);
}

static int clamp(int v, int least, int most)
{
    return HR_MAX(HR_MIN(v, most), least);
}

/* 160 columns and more: memory and processors side by side, below them GPUs, disks, network and pressure. */
static int wide(struct hr_canvas *c, int y, int room)
{
    int a = clamp(room / 4, 8, 14), b = clamp(gpu_rows(c->scene->m, true) + 2, clamp(room / 5, 7, 11), room - a - 8);
    struct hr_area box[4];
    row_of((struct hr_area) { 0, y, c->s->w, a }, (const int[]) { 11, 9 }, 2, box);
    hr_panel_memory(c, box[0]);
    hr_panel_cpu(c, box[1]);
    row_of((struct hr_area) { 0, y + a, c->s->w, b }, (const int[]) { 9, 11 }, 2, box);
    hr_panel_gpus(c, box[0]);
    row_of(box[1], (const int[]) { 1, 1, 1 }, 3, box + 1);
    hr_panel_disks(c, box[1]);
    hr_panel_network(c, box[2]);
    hr_panel_stalls(c, box[3]);
    return y + a + b;
}

static int middle(struct hr_canvas *c, int y, int room)
{
    int memory = clamp(room / 5, 6, 8), cpu = clamp(HR_MAX(room / 5, gpu_rows(c->scene->m, false) + 2), 6, room - memory - 11), io = 5;
    struct hr_area box[3];
    hr_panel_memory(c, (struct hr_area) { 0, y, c->s->w, memory });
    y += memory;
    row_of((struct hr_area) { 0, y, c->s->w, cpu }, (const int[]) { 1, 1 }, 2, box);
    hr_panel_cpu(c, box[0]);
    hr_panel_gpus(c, box[1]);
    y += cpu;
    row_of((struct hr_area) { 0, y, c->s->w, io }, (const int[]) { 1, 1, 1 }, 3, box);
    hr_panel_disks(c, box[0]);
    hr_panel_network(c, box[1]);
    hr_panel_stalls(c, box[2]);
    return y + io;
}

static int small(struct hr_canvas *c, int y, int room)
{
    struct hr_area box[2];
    int memory = room >= 20 ? 6 : 5, cpu = clamp(gpu_rows(c->scene->m, false) + 2, 6, HR_MAX(room - memory - 9, 6));
    hr_panel_memory(c, (struct hr_area) { 0, y, c->s->w, memory });
    y += memory;
    row_of((struct hr_area) { 0, y, c->s->w, cpu }, (const int[]) { 1, 1 }, 2, box);
    hr_panel_cpu(c, box[0]);
    hr_panel_gpus(c, box[1]);
    y += cpu;
    hr_panel_strip(c, y);
    return y + 1;
}

/* Hardly any room: the memory and the table. */
static int tiny(struct hr_canvas *c, int y, int room)
{
    int memory = room >= 10 ? 4 : 3;
    hr_panel_memory(c, (struct hr_area) { 0, y, c->s->w, memory });
    return y + memory;
}

/* No room for a panel: the three figures, as many as there are rows. */
static int bare(struct hr_canvas *c, int y, int room)
{
    const struct hr_model *m = c->scene->m;
    const struct hr_account *a = &m->memory;
    int end = c->s->w;
    for (int i = 0; i < room && i < 2 + (int)m->gpus.n; i++) {
        char text[48] = "–", name[16];
        snprintf(name, sizeof name, i == 0 ? "mem" : i == 1 ? "cpu" : "gpu %d", i - 2);
        if (i == 0 && a->total.known && a->available.known)
            snprintf(text, sizeof text, "%.12s left", hr_say_bytes((double)a->available.v).text);
        else if (i > 0)
            snprintf(text, sizeof text, "%.12s", i == 1 ? hr_say_real(&m->cpu.busy, HR_UNIT_PERCENT).text :
                                                          hr_say_figure(&m->gpus.gpu[i - 2].busy, HR_UNIT_PERCENT).text);
        hr_panel_pair(c, 1, y + i, end, name, text, HR_INK_TEXT);
    }
    return y + room;
}

/* Which column of time is the last one drawn, and how many cells the plots have moved since the last frame. */
static void place_plots(struct hr_canvas *c)
{
    struct hr_top_view *v = c->view;
    const struct hr_top_scene *scene = c->scene;
    uint64_t column = (scene->end != 0 ? scene->end : scene->m->at) / v->span;
    /* A cell of braille holds two columns.  Where a column is a second or two, it is drawn when it has both: a curve that is flat then costs
     * nothing, and a moving one half. */
    if (c->g == HR_GLYPHS_BRAILLE && column % 2 == 0 && column > 0 && v->span <= UINT64_C(2000000000))
        column--;
    uint64_t cell = c->g == HR_GLYPHS_BRAILLE ? column / 2 : column;
    c->column = column;
    c->half = column % 2 == 0;
    c->moved = v->plotted != 0 && v->step == v->span && cell > v->plotted && cell - v->plotted < 8 ? (int)(cell - v->plotted) : -1;
    v->plotted = cell;
    v->step = v->span;
}

void hr_top_draw(struct hr_top_view *v, const struct hr_top_scene *scene, struct hr_cells *s, struct hr_painter *painter)
{
    struct hr_canvas c = { .s = s, .painter = painter, .scene = scene, .view = v, .g = painter->caps.glyphs };
    c.letters = painter->caps.depth == HR_DEPTH_NONE;
    place_plots(&c);
    hr_cells_clear(s);
    int y = 0, h = s->h;
    v->wide = 2 * s->w;
    hr_panel_head(&c, y++);
    v->line = (struct hr_area) { 0, 0, 0, 0 };
    if ((v->moment != 0 || v->said[0] != 0) && h >= 10)
        hr_panel_time(&c, y++);
    if (scene->alerts > 0)
        hr_panel_alerts(&c, y++);
    int room = h - y - 1; /* less the footer */
    if (s->w >= 160 && room >= 30)
        y = wide(&c, y, room);
    else if (s->w >= 100 && room >= 28)
        y = middle(&c, y, room);
    else if (s->w >= 60 && room >= 18)
        y = small(&c, y, room);
    else if (room >= 8 && s->w >= 30)
        y = tiny(&c, y, room);
    else
        y = bare(&c, y, room);
    if (h - 1 - y >= 3)
        hr_panel_table(&c, (struct hr_area) { 0, y, s->w, h - 1 - y });
    else
        v->rows = v->total = 0;
    hr_panel_foot(&c, h - 1);
    if (v->help)
        hr_panel_help(&c);
    else if (v->alerts)
        hr_panel_alert_page(&c);
}
