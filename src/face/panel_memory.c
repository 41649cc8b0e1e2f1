/* The memory account: parts that add up to the total (V1), the limit that comes first, swap, and the past. */
#include "panels.h"

#include "utf8.h"

#include <stdio.h>


static const struct {
    const char *name;
    char letter;
    enum hr_part first, last;
} groups[] = {
    { "programs", 'P', HR_PART_ANON, HR_PART_ANON },
    { "shared", 'S', HR_PART_SHMEM, HR_PART_SHMEM },
    { "kernel", 'K', HR_PART_SLAB, HR_PART_VMALLOC },
    { "huge pages", 'H', HR_PART_HUGETLB, HR_PART_HUGETLB },
    { "zswap", 'Z', HR_PART_ZSWAP, HR_PART_ZSWAP },
    { "other", 'O', HR_PART_OTHER, HR_PART_OTHER },
    { "dirty", 'D', HR_PART_DIRTY, HR_PART_DIRTY },
    { "caches", 'k', HR_PART_SLAB_FREE, HR_PART_SLAB_FREE },
    { "page cache", 'c', HR_PART_CACHE, HR_PART_CACHE },
    { "free", '.', HR_PART_FREE, HR_PART_FREE },
};
static const enum hr_ink inks[HR_COUNT(groups)] = { HR_INK_PART,     HR_INK_PART + 1, HR_INK_PART + 2, HR_INK_PART + 5, HR_INK_PART + 7,
                                                    HR_INK_PART + 8, HR_INK_PART + 6, HR_INK_PART + 4, HR_INK_PART + 3, HR_INK_PART + 9 };

static double group_bytes(const struct hr_account *a, size_t g)
{
    double sum = 0;
    for (unsigned p = groups[g].first; p <= groups[g].last; p++)
        sum += a->part[p].why == HR_WHY_KNOWN ? (double)a->part[p].v : 0;
    return sum;
}

static void account_bar(struct hr_canvas *c, int x, int y, int w)
{
    const struct hr_account *a = &c->scene->m->memory;
    struct hr_bar_part part[HR_COUNT(groups)];
    for (size_t g = 0; g < HR_COUNT(groups); g++)
        part[g] = (struct hr_bar_part) { group_bytes(a, g) / (double)(a->total.v + a->overlap), inks[g], groups[g].letter };
    hr_bar_parts(c->s, x, y, w, part, HR_COUNT(part), c->g, c->letters);
}

/* What the legend names: the parts that are worth it, and the rest of them in one, so that the figures add up. */
struct entry {
    const char *name;
    enum hr_ink ink;
    char letter;
    double bytes;
};

static size_t entries_of(const struct hr_account *a, size_t room, struct entry ret[HR_COUNT(groups) + 1])
{
    bool left_out[HR_COUNT(groups)] = { false };
    double rest = 0;
    size_t n = 0, shown = 0;
    for (size_t g = 0; g < HR_COUNT(groups); g++) {
        left_out[g] = group_bytes(a, g) <= 0;
        shown += !left_out[g];
    }
    while (shown > HR_MAX(room, (size_t)2) - (rest > 0 ? 1 : 0)) { /* the smallest joins the rest */
        size_t least = HR_COUNT(groups);
        for (size_t g = 0; g < HR_COUNT(groups); g++)
            if (!left_out[g] && (least == HR_COUNT(groups) || group_bytes(a, g) < group_bytes(a, least)))
                least = g;
        left_out[least] = true;
        rest += group_bytes(a, least);
        shown--;
    }
    for (size_t g = 0; g < HR_COUNT(groups); g++) {
        if (rest > 0 && g + 1 == HR_COUNT(groups)) /* before what is free */
            ret[n++] = (struct entry) { "the rest", HR_INK_PART + 8, 'r', rest };
        if (!left_out[g])
            ret[n++] = (struct entry) { groups[g].name, inks[g], groups[g].letter, group_bytes(a, g) };
    }
    return n;
}

enum { ENTRY = 22 };

/* Returns the rows that it takes. */
static int legend(struct hr_canvas *c, struct hr_area b)
{
    int per = HR_MAX(1, b.w / ENTRY);
    struct entry e[HR_COUNT(groups) + 1];
    size_t n = entries_of(&c->scene->m->memory, (size_t)(per * HR_MAX(b.h, 1)), e);
    per = HR_MIN(per, (int)n);
    int wide = HR_MIN(b.w / HR_MAX(per, 1), 32);
    for (size_t i = 0; i < n && (int)i < per * b.h; i++) {
        int x = b.x + (int)i % per * wide, y = b.y + (int)i / per;
        hr_cells_set(c->s, x, y, c->letters || c->g == HR_GLYPHS_ASCII ? (uint32_t)e[i].letter : 0x25a0, HR_FG(e[i].ink));
        hr_cells_put(c->s, x + 2, y, 11, HR_FG(HR_INK_DIM), e[i].name);
        hr_cells_right(c->s, x + HR_MIN(wide - 1, 24), y, 8, HR_FG(HR_INK_TEXT), hr_say_bytes(e[i].bytes).text);
    }
    return per > 0 ? ((int)n + per - 1) / per : 0;
}

static void meter(struct hr_canvas *c, struct hr_area b, int y, const char *name, const struct hr_figure *used, const struct hr_figure *of,
                  enum hr_ink ramp)
{
    char text[48];
    snprintf(text, sizeof text, "%s of %s", hr_say_figure(used, HR_UNIT_BYTES).text, hr_say_figure(of, HR_UNIT_BYTES).text);
    int w = b.w - 8 - 22;
    hr_cells_put(c->s, b.x, y, 7, HR_FG(HR_INK_DIM), name);
    hr_bar(c->s, b.x + 8, y, w, used->known && of->known && of->v > 0 ? (double)used->v / (double)of->v : -1, ramp, c->g);
    hr_cells_right(c->s, b.x + b.w, y, 21, HR_FG(HR_INK_TEXT), text);
}

/* The marks of a cgroup's memory stand in the bar of its limit: the curve is the machine's. */
static void group_marks(struct hr_canvas *c, struct hr_area b, int y)
{
    const struct hr_memory_marks *marks = c->scene->marks;
    const struct hr_account *a = &c->scene->m->memory;
    int w = b.w - 8 - 22;
    for (int i = 0; marks != NULL && hr_marked(a).group && i < HR_MEMORY_MARKS; i++)
        if (marks->at[i] != 0 && marks->at[i] <= a->limit.v && w > 1)
            hr_cells_set(c->s, b.x + 8 + HR_MIN((int)((double)marks->at[i] / (double)a->limit.v * w), w - 1), y, '|',
                         HR_FG_BOLD(i == HR_MARK_ACT ? HR_INK_BAD : HR_INK_WARN));
}

/* Limit and swap, as far as rows are left; returns the rows taken. */
static int meters(struct hr_canvas *c, struct hr_area b)
{
    const struct hr_account *a = &c->scene->m->memory;
    int y = b.y;
    if (a->limit.known && y < b.y + b.h) {
        meter(c, b, y, "limit", &a->limit_used, &a->limit, HR_INK_LOAD);
        group_marks(c, b, y++);
    }
    if (a->swap_total.known && a->swap_total.v > 0 && y < b.y + b.h)
        meter(c, b, y++, "swap", &a->swap_used, &a->swap_total, HR_INK_LOAD);
    if (a->windows_held.known && y < b.y + b.h) {
        hr_cells_printf(c->s, b.x, y++, b.w, HR_FG(HR_INK_DIM), "Windows sees %s held by this VM",
                        hr_say_figure(&a->windows_held, HR_UNIT_BYTES).text);
    }
    return y - b.y;
}

/* What else there is to say where rows are left. */
static void more(struct hr_canvas *c, struct hr_area b)
{
    const struct hr_account *a = &c->scene->m->memory;
    int end = b.x + b.w, x = b.x;
    char text[64];
    snprintf(text, sizeof text, "%.20s of %.20s", hr_say_figure(&a->committed, HR_UNIT_BYTES).text, hr_say_figure(&a->commit_limit, HR_UNIT_BYTES).text);
    x = hr_panel_pair(c, x, b.y, end, "promised", text, HR_INK_TEXT);
    x = hr_panel_pair(c, x, b.y, end, "locked", hr_say_figure(&a->locked, HR_UNIT_BYTES).text, HR_INK_TEXT);
    hr_panel_pair(c, x, b.y, end, "pinned", hr_say_figure(&a->pinned, HR_UNIT_BYTES).text, HR_INK_TEXT);
    if (b.h < 2)
        return;
    x = hr_panel_pair(c, b.x, b.y + 1, end, "major faults", hr_say_figure(&a->major_faults, HR_UNIT_COUNT_S).text, HR_INK_TEXT);
    x = hr_panel_pair(c, x, b.y + 1, end, "files read again", hr_say_figure(&a->refaults, HR_UNIT_COUNT_S).text, HR_INK_TEXT);
    bool kills = a->oom_kills.known && a->oom_kills.v > 0;
    hr_panel_pair(c, x, b.y + 1, end, "OOM kills", hr_say_figure(&a->oom_kills, HR_UNIT_COUNT).text, kills ? HR_INK_WARN : HR_INK_TEXT);
}

void hr_panel_memory(struct hr_canvas *c, struct hr_area b)
{
    const struct hr_account *a = &c->scene->m->memory;
    char right[96] = "", brief[64] = "";
    if (a->total.known && a->available.known) {
        double used = (double)(a->total.v - HR_MIN(a->available.v, a->total.v));
        snprintf(right, sizeof right, "%s of %s used, %s available", hr_say_bytes(used).text, hr_say_bytes((double)a->total.v).text,
                 hr_say_bytes((double)a->available.v).text);
        snprintf(brief, sizeof brief, "%s of %s", hr_say_bytes(used).text, hr_say_bytes((double)a->total.v).text);
    }
    hr_frame(c->s, b, "memory", b.w >= 60 ? right : brief, c->g);
    const struct hr_memory_marks *marks = hr_memory_marks_any(c->scene->marks) ? c->scene->marks : NULL;
    if (marks != NULL) { /* the time that a curve shows is written over its end */
        char text[300];
        hr_memory_marks_brief(marks, text, sizeof text);
        hr_frame_foot_left(c->s, b, text, b.w - 8);
    }
    if (hr_marked(a).group)
        marks = NULL; /* they are not of what the curve shows */
    struct hr_area in = hr_inside(b);
    if (!a->total.known) {
        hr_cells_printf(c->s, in.x, in.y, in.w, HR_FG(HR_INK_DIM), "– %s", a->total.why);
        return;
    }
    if (in.h < 1)
        return;
    account_bar(c, in.x, in.y, in.w);
    struct hr_area rest = { in.x, in.y + 1, in.w, in.h - 1 };
    if (rest.h <= 1 && rest.w < 2 * ENTRY) { /* no room for the parts */
        hr_panel_pair(c, rest.x, rest.y, rest.h < 1 ? 0 : rest.x + rest.w, "available", hr_say_figure(&a->available, HR_UNIT_BYTES).text, HR_INK_TEXT);
        return;
    }
    bool beside = rest.h >= 3 && rest.w >= 96;
    if (beside) { /* the past stands beside the words */
        struct hr_trace k = { HR_M_MEM_USED, 0, (double)a->total.v, HR_INK_MEMORY, false, marks };
        int w = rest.w * 2 / 5;
        hr_panel_curve(c, (struct hr_area) { rest.x + rest.w - w, rest.y, w, rest.h }, &k);
        hr_panel_span(c, b, w - HR_PANEL_LABEL, "");
        rest.w -= w + 2;
    }
    int want = (a->limit.known ? 1 : 0) + (a->swap_total.known && a->swap_total.v > 0 ? 1 : 0) + (a->windows_held.known ? 1 : 0);
    int rows = legend(c, (struct hr_area) { rest.x, rest.y, rest.w, HR_MAX(rest.h - want, 1) });
    rows += meters(c, (struct hr_area) { rest.x, rest.y + rows, rest.w, rest.h - rows });
    if (rest.h - rows >= 1 && beside)
        more(c, (struct hr_area) { rest.x, rest.y + rows, rest.w, rest.h - rows });
    if (rest.h - rows >= 3 && !beside) { /* or below them */
        struct hr_trace k = { HR_M_MEM_USED, 0, (double)a->total.v, HR_INK_MEMORY, false, marks };
        struct hr_area plot = { rest.x, rest.y + rows, rest.w, rest.h - rows };
        hr_panel_curve(c, plot, &k);
        hr_panel_span(c, b, plot.w - (hr_panel_labelled(plot) ? HR_PANEL_LABEL : 0), "");
    }
}
