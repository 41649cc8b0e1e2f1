/* What several panels are made of: curves and pairs. */
#include "panels.h"

#include "utf8.h"

#include <stdio.h>

int hr_panel_pair(struct hr_canvas *c, int x, int y, int end, const char *name, const char *value, enum hr_ink ink)
{
    int need = (int)hr_utf8_columns(hr_str(name)) + (int)hr_utf8_columns(hr_str(value)) + (name[0] != 0);
    if (x + need > end)
        return x;
    if (name[0] != 0)
        x += hr_cells_put(c->s, x, y, end - x, HR_FG(HR_INK_DIM), name) + 1;
    return x + hr_cells_put(c->s, x, y, end - x, HR_FG(ink), value) + 2;
}

int hr_panel_prose(struct hr_canvas *c, struct hr_area b, const char *text, enum hr_ink ink)
{
    int x = b.x, y = b.y;
    for (struct hr_str rest = hr_str(text), word; y < b.y + b.h && hr_str_cut(&rest, ' ', &word);) {
        int n = (int)HR_MIN(hr_utf8_columns(word), (size_t)b.w);
        if (x > b.x && x + 1 + n > b.x + b.w) {
            x = b.x;
            if (++y == b.y + b.h)
                break;
        }
        x += x > b.x;
        x += hr_cells_text(c->s, x, y, b.x + b.w - x, HR_FG(ink), word);
    }
    return HR_MIN(y + 1, b.y + HR_MAX(b.h, 0)) - b.y;
}

enum { COLUMNS = 2 * HR_CELLS_MAX_W, LABEL = HR_PANEL_LABEL };

/* Columns of one step each, the last of them that of the moment that is shown. */
static size_t gather(const struct hr_canvas *c, const struct hr_trace *k, size_t n, struct hr_point *ret)
{
    static __thread struct hr_bucket bucket[COLUMNS];
    const struct hr_top_view *v = c->view;
    if (c->scene->s == NULL || n == 0)
        return 0;
    n = HR_MIN(n, (size_t)COLUMNS);
    hr_series_columns(c->scene->s, k->metric, k->gpu, v->step, c->column, bucket, n);
    for (size_t i = 0; i < n; i++)
        ret[i] = (struct hr_point) { bucket[i].known, bucket[i].min, bucket[i].max };
    return n;
}

static void label(struct hr_canvas *c, struct hr_area b, double top, enum hr_metric metric)
{
    enum hr_metric_unit unit = hr_metric_word(metric)->unit;
    hr_cells_right(c->s, b.x + LABEL - 1, b.y, LABEL - 1, HR_FG(HR_INK_DIM), hr_say_unit(top, unit).text);
    if (b.h > 2)
        hr_cells_right(c->s, b.x + LABEL - 1, b.y + b.h - 1, LABEL - 1, HR_FG(HR_INK_DIM), "0");
}

/* Where nothing is drawn yet, so that a curve that reaches over it shows how far. */
static void mark_lines(struct hr_canvas *c, struct hr_area b, struct hr_area plot, const struct hr_memory_marks *marks, double top)
{
    int taken = -1; /* where two fall into one row, the graver one stands there */
    for (int i = HR_MEMORY_MARKS - 1; i >= 0; i--) {
        double share = top > 0 ? (double)marks->at[i] / top : 0;
        if (marks->at[i] == 0 || share > 1 || plot.h < 2)
            continue;
        int y = plot.y + plot.h - 1 - HR_MIN((int)(share * plot.h), plot.h - 1);
        if (y == taken)
            continue;
        taken = y;
        struct hr_style st = HR_FG(i == HR_MARK_ACT ? HR_INK_BAD : HR_INK_WARN);
        for (int x = HR_MAX(plot.x, 0); y >= 0 && y < c->s->h && x < HR_MIN(plot.x + plot.w, c->s->w); x++)
            if (hr_cells_at(c->s, x, y)->c == ' ')
                hr_cells_set(c->s, x, y, c->g == HR_GLYPHS_ASCII ? '-' : 0x254c, st);
        if (plot.x > b.x && y > b.y && y < b.y + b.h - 1)
            hr_cells_right(c->s, b.x + LABEL - 1, y, LABEL - 1, st, hr_mark_name((enum hr_mark_id)i));
    }
}

double hr_panel_curve(struct hr_canvas *c, struct hr_area b, const struct hr_trace *k)
{
    static __thread struct hr_point point[COLUMNS], placed[COLUMNS];
    if (b.w < 4 || b.h < 1)
        return 0;
    bool labelled = hr_panel_labelled(b);
    struct hr_area plot = b;
    if (labelled) {
        plot.x += LABEL;
        plot.w -= LABEL;
    }
    size_t n = (size_t)hr_plot_columns(plot.w, c->g), got = gather(c, k, n, point);
    double top = k->top;
    if (top <= 0) {
        for (size_t i = 0; i < got; i++)
            top = point[i].known ? HR_MAX(top, point[i].high) : top;
        top = hr_say_ceiling(top, hr_metric_word(k->metric)->unit);
    }
    /* Pairs of columns stay together in their cell of braille, so that a plot moves by whole cells: with the first of a pair
     * the place of the second is still empty. */
    size_t empty = c->g == HR_GLYPHS_BRAILLE && c->half ? 1 : 0;
    for (size_t i = 0; i < n; i++) {
        size_t at = i + empty + got;
        bool there = at >= n && at - n < got && i + empty < n;
        placed[i] = there ? point[at - n] : (struct hr_point) { false, 0, 0 };
    }
    (k->down ? hr_plot_down : hr_plot)(c->s, plot, placed, top, k->ramp, c->g);
    if (c->moved > 0)
        hr_paint_shift(c->painter, plot.x, plot.y, plot.w, plot.h, c->moved);
    if (labelled)
        label(c, b, top, k->metric);
    if (k->marks != NULL)
        mark_lines(c, b, plot, k->marks, top);
    return top;
}

void hr_panel_span(struct hr_canvas *c, struct hr_area frame, int w, const char *before)
{
    char text[96];
    uint64_t span = c->view->span * (uint64_t)hr_plot_columns(HR_MAX(w, 0), c->g);
    snprintf(text, sizeof text, "%s%slast %s", before, before[0] != 0 ? ", " : "", hr_say_age(span).text);
    hr_frame_foot(c->s, frame, text);
}
