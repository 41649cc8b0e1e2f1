/* What keys and the mouse do. */
#include "top_view.h"

#include <string.h>

#define SECOND UINT64_C(1000000000)
static const unsigned spans[] = { 1, 2, 5, 10, 30, 60, 300, 1800 }; /* seconds a column */

static enum hr_top_wish zoom(struct hr_top_view *v, int by)
{
    int at = 0;
    while (at + 1 < (int)HR_COUNT(spans) && spans[at] * SECOND < v->span)
        at++;
    at = HR_MIN(HR_MAX(at + by, 0), (int)HR_COUNT(spans) - 1);
    v->span = spans[at] * SECOND;
    return HR_TOP_REDRAW;
}

/* Where the chosen row stands on the screen, or -1. */
static int row_of(const struct hr_top_view *v)
{
    for (int i = 0; i < v->rows; i++)
        if (v->row[i].pid != 0 && v->row[i].pid == v->chosen && v->chosen_job == (v->row[i].job >= 0))
            return i;
    return -1;
}

static void choose(struct hr_top_view *v, int row)
{
    if (row >= 0 && row < v->rows && v->row[row].pid != 0) {
        v->chosen = v->row[row].pid;
        v->chosen_job = v->row[row].job >= 0;
    }
}

/* Up and down; past the edge the table moves, and the row at the edge is chosen by the next frame's rows. */
static enum hr_top_wish step(struct hr_top_view *v, int by)
{
    int at = row_of(v);
    if (at < 0) {
        choose(v, 0);
        return HR_TOP_REDRAW;
    }
    int to = at + by;
    if (to < 0 || to >= v->rows) {
        int most = HR_MAX(v->total - v->rows, 0), first = HR_MIN(HR_MAX(v->first + by, 0), most);
        v->edge = first != v->first ? (by > 0 ? 1 : -1) : 0;
        v->first = first;
        to = HR_MIN(HR_MAX(to, 0), v->rows - 1);
        if (v->edge != 0)
            return HR_TOP_REDRAW;
    }
    while (to > 0 && v->row[to].pid == 0)
        to--;
    choose(v, to);
    return HR_TOP_REDRAW;
}

static enum hr_top_wish wheel(struct hr_top_view *v, int by)
{
    v->first = HR_MAX(HR_MIN(v->first + by, v->total - v->rows), 0);
    return HR_TOP_REDRAW;
}

static enum hr_top_wish open_chosen(struct hr_top_view *v)
{
    int at = row_of(v);
    if (at < 0 || v->row[at].job < 0)
        return HR_TOP_NOTHING;
    for (unsigned i = 0; i < v->open_n; i++)
        if (v->open[i] == v->chosen) {
            v->open[i] = v->open[--v->open_n];
            return HR_TOP_REDRAW;
        }
    if (v->open_n == HR_TOP_OPEN) { /* the oldest closes */
        memmove(v->open, v->open + 1, sizeof v->open - sizeof v->open[0]);
        v->open_n--;
    }
    v->open[v->open_n++] = v->chosen;
    return HR_TOP_REDRAW;
}

static enum hr_top_wish sort_by(struct hr_top_view *v, enum hr_sort sort)
{
    v->reverse = sort == v->sort ? !v->reverse : false;
    v->sort = sort;
    v->first = 0;
    return HR_TOP_REDRAW;
}

static enum hr_top_wish hop(struct hr_top_view *v, enum hr_hop_kind kind, int64_t by)
{
    v->hop = (struct hr_hop) { kind, by };
    v->plotted = 0;
    return HR_TOP_REDRAW;
}

/* Left and right: by a tenth of what a wide plot shows, or by the time that goes with the key held. */
static enum hr_top_wish arrow(struct hr_top_view *v, int dir, unsigned mods)
{
    uint64_t by = (mods & HR_MOD_ALT) != 0 ? 3600 * SECOND : (mods & HR_MOD_CTRL) != 0 ? 600 * SECOND : (mods & HR_MOD_SHIFT) != 0 ? 60 * SECOND : v->span * 10;
    return hop(v, HR_HOP_BY, dir * (int64_t)by);
}

/* Into the time line. */
static enum hr_top_wish click_time(struct hr_top_view *v, int x, const struct hr_top_time *t)
{
    if (x < v->line.x || x >= v->line.x + v->line.w || t->to <= t->from)
        return HR_TOP_NOTHING;
    double share = (x - v->line.x + 0.5) / v->line.w;
    return hop(v, HR_HOP_TO, (int64_t)(t->from + (uint64_t)(share * (double)(t->to - t->from))));
}

static enum hr_top_wish click(struct hr_top_view *v, const struct hr_event *e, const struct hr_top_scene *scene)
{
    if (e->button == HR_MOUSE_WHEEL_UP || e->button == HR_MOUSE_WHEEL_DOWN)
        return wheel(v, e->button == HR_MOUSE_WHEEL_UP ? -3 : 3);
    if (e->button != HR_MOUSE_LEFT || !e->pressed || e->moved)
        return HR_TOP_NOTHING;
    if (v->line.h > 0 && e->y == v->line.y)
        return click_time(v, e->x, &scene->time);
    if (e->y == v->table.y - 1)
        for (int i = 0; i < HR_SORTS; i++)
            if (e->x >= v->head_x[i] && e->x < v->head_x[i] + v->head_w[i])
                return sort_by(v, (enum hr_sort)i);
    int row = e->y - v->table.y;
    if (row < 0 || row >= v->rows || e->x < v->table.x || e->x >= v->table.x + v->table.w || v->row[row].pid == 0)
        return HR_TOP_NOTHING;
    choose(v, row);
    return v->row[row].job >= 0 ? open_chosen(v) : HR_TOP_REDRAW;
}

/* The filter is being typed. */
static enum hr_top_wish type(struct hr_top_view *v, const struct hr_event *e)
{
    size_t n = strlen(v->filter);
    if (e->key == HR_KEY_ENTER) {
        v->typing = false;
    } else if (e->key == HR_KEY_ESC) {
        v->typing = false;
        v->filter[0] = 0;
    } else if (e->key == HR_KEY_BACKSPACE) {
        while (n > 0 && (v->filter[n - 1] & 0xc0) == 0x80)
            n--;
        v->filter[n > 0 ? n - 1 : 0] = 0;
    } else if (e->key >= 0x20 && e->key < 0x7f && (e->mods & (HR_MOD_CTRL | HR_MOD_ALT)) == 0 && n + 1 < sizeof v->filter) {
        v->filter[n] = (char)e->key;
        v->filter[n + 1] = 0;
    } else if (e->key == 'c' && e->mods == HR_MOD_CTRL) {
        return HR_TOP_QUIT;
    }
    v->first = 0;
    return HR_TOP_REDRAW;
}

/* Keys that go through time. */
static const struct {
    uint32_t key;
    enum hr_hop_kind kind;
    int64_t by; /* seconds, or the direction */
} hops[] = {
    { ',', HR_HOP_BY, -60 },  { '.', HR_HOP_BY, 60 },   { '<', HR_HOP_BY, -600 }, { '>', HR_HOP_BY, 600 }, { '{', HR_HOP_BY, -3600 },
    { '}', HR_HOP_BY, 3600 }, { 'w', HR_HOP_ALERT, -1 }, { 'W', HR_HOP_ALERT, 1 }, { 'b', HR_HOP_LOOK, -1 }, { 'n', HR_HOP_LOOK, 1 },
    { 'g', HR_HOP_BEGIN, 0 }, { 'G', HR_HOP_END, 0 },    { ' ', HR_HOP_STOP, 0 },  { 'p', HR_HOP_STOP, 0 },
    { HR_KEY_HOME, HR_HOP_BEGIN, 0 }, { HR_KEY_END, HR_HOP_END, 0 },
};

static enum hr_top_wish through_time(struct hr_top_view *v, uint32_t key)
{
    for (size_t i = 0; i < HR_COUNT(hops); i++)
        if (hops[i].key == key)
            return hop(v, hops[i].kind, hops[i].kind == HR_HOP_BY ? hops[i].by * (int64_t)SECOND : hops[i].by);
    return HR_TOP_NOTHING;
}

static enum hr_top_wish letter(struct hr_top_view *v, uint32_t key)
{
    switch (key) {
    case 'q':
        return HR_TOP_QUIT;
    case '?':
    case 'h':
        v->help = true;
        return HR_TOP_REDRAW;
    case '+':
    case '=':
        return zoom(v, -1);
    case '-':
        return zoom(v, 1);
    case 's':
        return sort_by(v, (enum hr_sort)((v->sort + 1) % HR_SORTS));
    case 'r':
        v->reverse = !v->reverse;
        return HR_TOP_REDRAW;
    case '/':
    case 'f':
        v->typing = true;
        return HR_TOP_REDRAW;
    case 't':
        v->tree = !v->tree;
        return HR_TOP_REDRAW;
    case 'a':
        v->alerts = true;
        return HR_TOP_REDRAW;
    case 'e':
        v->all_open = !v->all_open;
        v->open_n = 0;
        return HR_TOP_REDRAW;
    case 'j':
        return step(v, 1);
    case 'k':
        return step(v, -1);
    case 'l':
        v->other_ground = !v->other_ground;
        return HR_TOP_REPAINT;
    case '[':
        return arrow(v, -1, 0);
    case ']':
        return arrow(v, 1, 0);
    default:
        return through_time(v, key);
    }
}

static enum hr_top_wish special(struct hr_top_view *v, uint32_t key, unsigned mods)
{
    switch (key) {
    case HR_KEY_UP:
        return step(v, -1);
    case HR_KEY_DOWN:
        return step(v, 1);
    case HR_KEY_LEFT:
        return arrow(v, -1, mods);
    case HR_KEY_RIGHT:
        return arrow(v, 1, mods);
    case HR_KEY_PAGE_UP:
        return wheel(v, -HR_MAX(v->rows - 1, 1));
    case HR_KEY_PAGE_DOWN:
        return wheel(v, HR_MAX(v->rows - 1, 1));
    case HR_KEY_ENTER:
        return open_chosen(v);
    case HR_KEY_TAB:
        return sort_by(v, (enum hr_sort)((v->sort + 1) % HR_SORTS));
    case HR_KEY_F1:
        v->help = true;
        return HR_TOP_REDRAW;
    case HR_KEY_ESC:
        v->filter[0] = 0;
        v->chosen = 0;
        return HR_TOP_REDRAW;
    default:
        return through_time(v, key);
    }
}

enum hr_top_wish hr_top_event(struct hr_top_view *v, const struct hr_event *e, const struct hr_top_scene *scene)
{
    if (e->key != HR_KEY_MOUSE && e->key != HR_KEY_FOCUS && e->key != HR_KEY_BLUR)
        v->said[0] = 0;
    if ((v->help || v->alerts) && e->key != HR_KEY_MOUSE && e->key != HR_KEY_FOCUS && e->key != HR_KEY_BLUR) {
        v->help = v->alerts = false;
        return e->key == 'c' && e->mods == HR_MOD_CTRL ? HR_TOP_QUIT : HR_TOP_REDRAW;
    }
    if (e->key == HR_KEY_MOUSE)
        return click(v, e, scene);
    if (v->typing)
        return type(v, e);
    if (e->mods == HR_MOD_CTRL && e->key < HR_KEY_NONE)
        return e->key == 'c' ? HR_TOP_QUIT : e->key == 'z' ? HR_TOP_SUSPEND : e->key == 'l' ? HR_TOP_REPAINT : HR_TOP_NOTHING;
    return e->key < HR_KEY_NONE ? letter(v, e->key) : special(v, e->key, e->mods);
}
