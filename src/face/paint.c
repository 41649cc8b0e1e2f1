#include "paint.h"

#include "utf8.h"

#include <string.h>

void hr_painter_fini(struct hr_painter *p)
{
    hr_cells_fini(&p->shown);
    p->valid = false;
}

void hr_paint_forget(struct hr_painter *p)
{
    p->valid = false;
}

void hr_paint_shift(struct hr_painter *p, int x, int y, int w, int h, int by)
{
    if (p->shifts < HR_SHIFTS && by > 0 && by < w)
        p->shift[p->shifts++] = (struct hr_shift) { x, y, w, h, by };
}

static bool same(const struct hr_cell *a, const struct hr_cell *b)
{
    return a->c == b->c && a->fg == b->fg && a->bg == b->bg && a->attr == b->attr;
}

static void add_char(const struct hr_painter *p, struct hr_buf *out, uint32_t c)
{
    char b[4];
    size_t n;
    if (c >= 0x80 && p->caps.glyphs == HR_GLYPHS_ASCII) /* the dash of what is unknown, the dot between words, degrees, micro */
        c = c == 0x2013 || c == 0xb7 ? '-' : c == 0xb0 ? ' ' : c == 0xb5 ? 'u' : '?';
    if (c < 0x80) {
        b[0] = (char)c;
        n = 1;
    } else if (c < 0x800) {
        b[0] = (char)(0xc0 | c >> 6);
        b[1] = (char)(0x80 | (c & 63));
        n = 2;
    } else if (c < 0x10000) {
        b[0] = (char)(0xe0 | c >> 12);
        b[1] = (char)(0x80 | (c >> 6 & 63));
        b[2] = (char)(0x80 | (c & 63));
        n = 3;
    } else {
        b[0] = (char)(0xf0 | c >> 18);
        b[1] = (char)(0x80 | (c >> 12 & 63));
        b[2] = (char)(0x80 | (c >> 6 & 63));
        b[3] = (char)(0x80 | (c & 63));
        n = 4;
    }
    hr_buf_add(out, b, n);
}

/* What is set on the terminal for a style: the attributes, with those that stand for colours where there are none. */
static unsigned attr_of(const struct hr_painter *p, struct hr_style st)
{
    unsigned a = st.attr;
    if (p->caps.depth == HR_DEPTH_NONE)
        a |= hr_ink_mono((enum hr_ink)st.fg, false) | hr_ink_mono((enum hr_ink)st.bg, true);
    return a;
}

static void set_style(struct hr_painter *p, struct hr_buf *out, const struct hr_cell *c)
{
    struct hr_style to = { c->fg, c->bg, c->attr }, from = p->style;
    if (p->caps.depth == HR_DEPTH_NONE ? attr_of(p, to) == attr_of(p, from)
                                       : to.fg == from.fg && to.bg == from.bg && to.attr == from.attr)
        return;
    char code[HR_INK_CODE];
    const char *sep = "";
    unsigned was = attr_of(p, from), is = attr_of(p, to);
    hr_buf_adds(out, "\033[");
    if ((was & ~is) != 0) { /* an attribute ends: the way that every terminal knows is to end all */
        hr_buf_adds(out, "0");
        sep = ";";
        was = 0;
        from.fg = from.bg = HR_INK_TEXT;
    }
    static const char *const on[] = { "1", "2", "4", "7" };
    for (unsigned i = 0; i < 4; i++)
        if ((is & ~was & 1u << i) != 0) {
            hr_buf_printf(out, "%s%s", sep, on[i]);
            sep = ";";
        }
    if (to.fg != from.fg && hr_ink_code((enum hr_ink)to.fg, false, p->caps.depth, p->caps.light, code) > 0) {
        hr_buf_printf(out, "%s%s", sep, code);
        sep = ";";
    }
    if (to.bg != from.bg && hr_ink_code((enum hr_ink)to.bg, true, p->caps.depth, p->caps.light, code) > 0)
        hr_buf_printf(out, "%s%s", sep, code);
    hr_buf_adds(out, "m");
    p->style = to;
}

static unsigned digits(unsigned n)
{
    return n < 10 ? 1 : n < 100 ? 2 : n < 1000 ? 3 : 4;
}

static void move(struct hr_painter *p, struct hr_buf *out, int x, int y)
{
    if (p->x == x && p->y == y)
        return;
    unsigned n = p->x >= 0 && p->y == y && x > p->x ? (unsigned)(x - p->x) : 0;
    if (n == 1)
        hr_buf_adds(out, "\033[C");
    else if (n > 1 && digits(n) < digits((unsigned)x + 1) + digits((unsigned)y + 1) + 1)
        hr_buf_printf(out, "\033[%uC", n);
    else
        hr_buf_printf(out, "\033[%d;%dH", y + 1, x + 1);
    p->x = x;
    p->y = y;
}

/* The same character many times over costs a few bytes by REP, which not every terminal has: so it is not used, but a
 * blank tail of a row is cleared by EL, which every terminal has.  Only on the terminal's own ground. */
static int blank_tail(const struct hr_cells *s, int y)
{
    int x = s->w;
    while (x > 0) {
        const struct hr_cell *c = hr_cells_at(s, x - 1, y);
        if (c->c != ' ' || c->bg != HR_INK_TEXT || (c->attr & (HR_UNDER | HR_REVERSE)) != 0)
            break;
        x--;
    }
    return x;
}

static bool changed(const struct hr_painter *p, const struct hr_cells *next, int x, int y)
{
    return !same(hr_cells_at(&p->shown, x, y), hr_cells_at(next, x, y));
}

/* A cell must be sent when it, or the other half of the wide character in it, has changed. */
static bool must_send(const struct hr_painter *p, const struct hr_cells *next, int x, int y)
{
    if (changed(p, next, x, y))
        return true;
    if (x + 1 < next->w && hr_cells_at(next, x + 1, y)->c == 0 && changed(p, next, x + 1, y))
        return true;
    return hr_cells_at(next, x, y)->c == 0 && x > 0 && changed(p, next, x - 1, y);
}

static void send_cell(struct hr_painter *p, struct hr_buf *out, const struct hr_cells *next, int x, int y)
{
    const struct hr_cell *c = hr_cells_at(next, x, y);
    if (c->c == 0)
        return; /* the left half before it was sent */
    move(p, out, x, y);
    set_style(p, out, c);
    bool wide = x + 1 < next->w && hr_cells_at(next, x + 1, y)->c == 0;
    if (wide && p->caps.glyphs == HR_GLYPHS_ASCII) {
        hr_buf_adds(out, "? ");
        p->x += 2;
        return;
    }
    add_char(p, out, c->c);
    p->x++;
    if (wide || p->x >= next->w) /* P4; and at the last column terminals differ in where the cursor is */
        p->x = -1;
}

/* Bridging a gap of cells that did not change is cheaper than moving the cursor, when they are few and of the same style. */
static bool bridge(const struct hr_painter *p, const struct hr_cells *next, int from, int to, int y)
{
    for (int x = from; x < to; x++) {
        const struct hr_cell *c = hr_cells_at(next, x, y);
        if (c->c == 0 || c->c >= 0x80 || c->fg != p->style.fg || c->bg != p->style.bg || c->attr != p->style.attr)
            return false;
    }
    return true;
}

static void paint_row(struct hr_painter *p, const struct hr_cells *next, int y, struct hr_buf *out)
{
    int tail = blank_tail(next, y), last = -1;
    bool clear = false;
    int dirty_tail = 0;
    for (int x = tail; x < next->w; x++)
        dirty_tail += changed(p, next, x, y);
    clear = dirty_tail > 3;
    int end = clear ? tail : next->w;
    for (int x = 0; x < end; x++) {
        if (!must_send(p, next, x, y))
            continue;
        if (last >= 0 && x - last <= 4 && p->y == y && p->x == last && bridge(p, next, last, x, y))
            for (int k = last; k < x; k++)
                send_cell(p, out, next, k, y);
        send_cell(p, out, next, x, y);
        last = x + 1;
    }
    if (clear) {
        static const struct hr_cell plain = { ' ', HR_INK_TEXT, HR_INK_TEXT, 0, 0 };
        move(p, out, tail, y);
        set_style(p, out, &plain);
        hr_buf_adds(out, "\033[K");
    }
}

/* What of the row differs, in cells, with and without the shift. */
static int row_gain(const struct hr_painter *p, const struct hr_cells *next, const struct hr_shift *s, int y)
{
    int without = 0, with = 0;
    for (int x = s->x; x < s->x + s->w; x++) {
        without += changed(p, next, x, y);
        with += x + s->by >= s->x + s->w || !same(hr_cells_at(&p->shown, x + s->by, y), hr_cells_at(next, x, y));
    }
    return without - with;
}

static bool halves(const struct hr_cells *c, int x, int y)
{
    return x < c->w && hr_cells_at(c, x, y)->c == 0;
}

/* Deletes characters at the left of the stretch and inserts as many at its right end: the rest of the row goes left and
 * comes back. */
static void shift_row(struct hr_painter *p, const struct hr_shift *s, int y, struct hr_buf *out)
{
    static const struct hr_cell plain = { ' ', HR_INK_TEXT, HR_INK_TEXT, 0, 0 };
    set_style(p, out, &plain);
    move(p, out, s->x, y);
    hr_buf_printf(out, "\033[%dP", s->by);
    move(p, out, s->x + s->w - s->by, y);
    hr_buf_printf(out, "\033[%d@", s->by);
    struct hr_cell *row = &p->shown.cell[(size_t)y * (size_t)p->shown.w + (size_t)s->x];
    memmove(row, row + s->by, (size_t)(s->w - s->by) * sizeof *row);
    for (int i = s->w - s->by; i < s->w; i++)
        row[i] = plain;
}

static void apply_shifts(struct hr_painter *p, const struct hr_cells *next, struct hr_buf *out)
{
    for (unsigned i = 0; i < p->shifts; i++) {
        const struct hr_shift *s = &p->shift[i];
        if (s->x < 0 || s->y < 0 || s->x + s->w > next->w || s->y + s->h > next->h)
            continue;
        for (int y = s->y; y < s->y + s->h; y++) {
            bool cut = halves(&p->shown, s->x, y) || halves(&p->shown, s->x + s->by, y) || halves(&p->shown, s->x + s->w, y);
            if (!cut && row_gain(p, next, s, y) > 9)
                shift_row(p, s, y, out);
        }
    }
}

bool hr_paint(struct hr_painter *p, const struct hr_cells *next, struct hr_buf *out)
{
    size_t begun = out->len;
    bool all = !p->valid || p->shown.w != next->w || p->shown.h != next->h;
    p->x = -1;
    p->style = (struct hr_style) { HR_INK_TEXT, HR_INK_TEXT, 0 };
    hr_buf_adds(out, "\033[?2026h\033[m");
    size_t empty = out->len;
    if (all) {
        p->valid = false;
        if (!hr_cells_resize(&p->shown, next->w, next->h))
            return false;
        hr_buf_adds(out, "\033[2J");
    } else {
        apply_shifts(p, next, out);
    }
    for (int y = 0; y < next->h; y++)
        paint_row(p, next, y, out);
    p->shifts = 0;
    if (out->len == empty && !out->failed) { /* P2 */
        out->len = begun;
        out->data[begun] = 0;
        return true;
    }
    hr_buf_adds(out, "\033[m\033[?2026l");
    p->valid = !out->failed;
    if (p->valid)
        memcpy(p->shown.cell, next->cell, (size_t)next->w * (size_t)next->h * sizeof *next->cell);
    return p->valid;
}
