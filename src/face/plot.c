#include "plot.h"

#include "utf8.h"

#include <math.h>

static const uint32_t eighth_up[9] = { ' ', 0x2581, 0x2582, 0x2583, 0x2584, 0x2585, 0x2586, 0x2587, 0x2588 };
static const uint32_t eighth_left[9] = { ' ', 0x258f, 0x258e, 0x258d, 0x258c, 0x258b, 0x258a, 0x2589, 0x2588 };
static const char ascii_up[4] = { ' ', '.', ':', '#' };

/* Height in units of the point's column, 1 to `most`; 0: unknown. */
static int height(const struct hr_point *p, double top, int most)
{
    if (!p->known)
        return 0;
    double share = top > 0 ? p->high / top : 0;
    int n = share > 0 ? (int)ceil(share * most - 1e-9) : 1;
    return HR_MIN(HR_MAX(n, 1), most);
}

/* Dots of one column of a braille cell, from the floor up and from the ceiling down. */
static const uint8_t dots_up[2][5] = { { 0, 0x40, 0x44, 0x46, 0x47 }, { 0, 0x80, 0xa0, 0xb0, 0xb8 } };
static const uint8_t dots_down[2][5] = { { 0, 0x01, 0x03, 0x07, 0x47 }, { 0, 0x08, 0x18, 0x38, 0xb8 } };

static void plot_braille(struct hr_cells *s, struct hr_area b, const struct hr_point *p, double top, enum hr_ink ramp, bool down)
{
    for (int x = 0; x < b.w; x++) {
        int h[2] = { height(&p[2 * x], top, 4 * b.h), height(&p[2 * x + 1], top, 4 * b.h) };
        for (int row = 0; row < b.h; row++) { /* from the floor, or from the ceiling */
            uint8_t dots = 0;
            for (int k = 0; k < 2; k++)
                dots |= (down ? dots_down : dots_up)[k][HR_MIN(HR_MAX(h[k] - 4 * row, 0), 4)];
            if (dots != 0)
                hr_cells_set(s, b.x + x, down ? b.y + row : b.y + b.h - 1 - row, 0x2800u + dots,
                             HR_FG(hr_ink_ramp(ramp, (row + 0.5) / b.h)));
        }
    }
}

static void plot_blocks(struct hr_cells *s, struct hr_area b, const struct hr_point *p, double top, enum hr_ink ramp, enum hr_glyphs g,
                        bool down)
{
    int unit = g == HR_GLYPHS_ASCII ? 3 : 8;
    for (int x = 0; x < b.w; x++) {
        int h = height(&p[x], top, unit * b.h);
        for (int row = 0; row < b.h; row++) {
            int part = HR_MIN(HR_MAX(h - unit * row, 0), unit);
            if (part == 0)
                continue;
            struct hr_style st = HR_FG(hr_ink_ramp(ramp, (row + 0.5) / b.h));
            uint32_t c = unit == 3 ? (uint32_t)ascii_up[part] : eighth_up[part];
            if (down && unit == 8 && part < 8) /* there are no blocks that hang: half or whole */
                c = part >= 4 ? 0x2580 : 0x2594;
            hr_cells_set(s, b.x + x, down ? b.y + row : b.y + b.h - 1 - row, c, st);
        }
    }
}

void hr_plot(struct hr_cells *s, struct hr_area b, const struct hr_point *point, double top, enum hr_ink ramp, enum hr_glyphs g)
{
    if (g == HR_GLYPHS_BRAILLE)
        plot_braille(s, b, point, top, ramp, false);
    else
        plot_blocks(s, b, point, top, ramp, g, false);
}

void hr_plot_down(struct hr_cells *s, struct hr_area b, const struct hr_point *point, double top, enum hr_ink ramp, enum hr_glyphs g)
{
    if (g == HR_GLYPHS_BRAILLE)
        plot_braille(s, b, point, top, ramp, true);
    else
        plot_blocks(s, b, point, top, ramp, g, true);
}

static void bar(struct hr_cells *s, int x, int y, int w, double share, enum hr_ink ink, bool ramp, enum hr_glyphs g)
{
    int full = share > 0 ? HR_MAX((int)lround(HR_MIN(share, 1) * w), 1) : 0; /* little is not nothing */
    for (int i = 0; i < w; i++) {
        struct hr_style st = HR_FG(i >= full ? HR_INK_TRACK : ramp ? hr_ink_ramp(ink, (i + 0.5) / w) : ink);
        uint32_t c = g == HR_GLYPHS_ASCII ? (i < full ? '#' : '.') : 0x25a0;
        if (i >= full && share < 0)
            c = g == HR_GLYPHS_ASCII ? ' ' : 0x00b7; /* not known: no track to be full of */
        hr_cells_set(s, x + i, y, c, st);
    }
}

void hr_bar(struct hr_cells *s, int x, int y, int w, double share, enum hr_ink ramp, enum hr_glyphs g)
{
    bar(s, x, y, w, share, ramp, true, g);
}

void hr_bar_plain(struct hr_cells *s, int x, int y, int w, double share, enum hr_ink ink, enum hr_glyphs g)
{
    bar(s, x, y, w, share, ink, false, g);
}

/* Parts get whole cells by largest share; where one ends inside of a cell the block shows how far, with the next part's ink as its
 * ground. */
void hr_bar_parts(struct hr_cells *s, int x, int y, int w, const struct hr_bar_part *part, size_t n, enum hr_glyphs g,
                  bool letters)
{
    size_t at = 0;
    double end = n > 0 ? part[0].share * w : 0;
    for (int i = 0; i < w; i++) {
        while (at + 1 < n && end <= i + 1.0 / 16)
            end += part[++at].share * w;
        if (n == 0)
            continue;
        struct hr_style st = HR_FG(part[at].ink);
        if (letters || g == HR_GLYPHS_ASCII) {
            hr_cells_set(s, x + i, y, (uint32_t)part[at].letter, st);
            continue;
        }
        int eighths = end - i >= 1 || at + 1 == n ? 8 : (int)lround((end - i) * 8);
        size_t next = at;
        double to = end;
        while (next + 1 < n && to <= i + 1.0 - 1.0 / 16) /* what fills the rest of this cell */
            to += part[++next].share * w;
        if (eighths < 8)
            st.bg = (uint8_t)part[next].ink;
        hr_cells_set(s, x + i, y, eighth_left[HR_MAX(eighths, 1)], st);
    }
}

void hr_marks(struct hr_cells *s, int x, int y, double share, enum hr_ink ramp, enum hr_glyphs g)
{
    if (share < 0) {
        hr_cells_set(s, x, y, 0x2013, HR_FG(HR_INK_DIM));
        return;
    }
    int unit = g == HR_GLYPHS_ASCII ? 3 : 8, n = HR_MIN(HR_MAX((int)ceil(share * unit - 0.25), 1), unit);
    hr_cells_set(s, x, y, unit == 3 ? (uint32_t)ascii_up[n] : eighth_up[n], HR_FG(hr_ink_ramp(ramp, share)));
}

void hr_frame(struct hr_cells *s, struct hr_area b, const char *title, const char *right, enum hr_glyphs g)
{
    static const uint32_t round[6] = { 0x256d, 0x256e, 0x2570, 0x256f, 0x2500, 0x2502 }, ascii[6] = { '+', '+', '+', '+', '-', '|' };
    const uint32_t *c = g == HR_GLYPHS_ASCII ? ascii : round;
    struct hr_style st = HR_FG(HR_INK_FRAME);
    int x1 = b.x + b.w - 1, y1 = b.y + b.h - 1;
    hr_cells_fill(s, b.x, b.y, b.w, c[4], st);
    hr_cells_fill(s, b.x, y1, b.w, c[4], st);
    for (int y = b.y + 1; y < y1; y++) {
        hr_cells_set(s, b.x, y, c[5], st);
        hr_cells_set(s, x1, y, c[5], st);
    }
    hr_cells_set(s, b.x, b.y, c[0], st);
    hr_cells_set(s, x1, b.y, c[1], st);
    hr_cells_set(s, b.x, y1, c[2], st);
    hr_cells_set(s, x1, y1, c[3], st);
    int used = 3;
    if (title != NULL && b.w > 6) {
        hr_cells_set(s, b.x + 2, b.y, ' ', st);
        used = 3 + hr_cells_put(s, b.x + 3, b.y, b.w - 6, HR_FG_BOLD(HR_INK_TITLE), title);
        hr_cells_set(s, b.x + used++, b.y, ' ', st);
    }
    int room = b.w - used - 5;
    if (right != NULL && right[0] != 0 && (int)hr_utf8_columns(hr_str(right)) <= room) {
        int n = (int)hr_utf8_columns(hr_str(right));
        hr_cells_set(s, x1 - 3 - n, b.y, ' ', st);
        hr_cells_put(s, x1 - 2 - n, b.y, n, HR_FG(HR_INK_TEXT), right);
        hr_cells_set(s, x1 - 2, b.y, ' ', st);
    }
}

void hr_frame_foot(struct hr_cells *s, struct hr_area b, const char *text)
{
    int n = (int)hr_utf8_columns(hr_str(text)), y = b.y + b.h - 1, x = b.x + b.w - 4 - n;
    if (text[0] == 0 || x < b.x + 2)
        return;
    hr_cells_set(s, x, y, ' ', HR_FG(HR_INK_DIM));
    hr_cells_put(s, x + 1, y, n, HR_FG(HR_INK_DIM), text);
    hr_cells_set(s, x + 1 + n, y, ' ', HR_FG(HR_INK_DIM));
}

void hr_frame_foot_left(struct hr_cells *s, struct hr_area b, const char *text, int most)
{
    int n = HR_MIN((int)hr_utf8_columns(hr_str(text)), HR_MIN(most, b.w - 8)), y = b.y + b.h - 1;
    if (n < 1)
        return;
    hr_cells_set(s, b.x + 2, y, ' ', HR_FG(HR_INK_DIM));
    hr_cells_put(s, b.x + 3, y, n, HR_FG(HR_INK_DIM), text);
    hr_cells_set(s, b.x + 3 + n, y, ' ', HR_FG(HR_INK_DIM));
}
