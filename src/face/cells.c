#include "cells.h"

#include "mem.h"
#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>

static const struct hr_cell blank = { ' ', HR_INK_TEXT, HR_INK_TEXT, 0, 0 };

bool hr_cells_resize(struct hr_cells *s, int w, int h)
{
    w = HR_MIN(HR_MAX(w, 1), HR_CELLS_MAX_W);
    h = HR_MIN(HR_MAX(h, 1), HR_CELLS_MAX_H);
    size_t n = (size_t)w * (size_t)h;
    if (n > s->cap) {
        struct hr_cell *more = hr_reallocarray(s->cell, n, sizeof *more);
        if (more == NULL)
            return false;
        s->cell = more;
        s->cap = n;
    }
    s->w = w;
    s->h = h;
    hr_cells_clear(s);
    return true;
}

void hr_cells_fini(struct hr_cells *s)
{
    hr_free(s->cell);
    *s = (struct hr_cells) { 0 };
}

void hr_cells_clear(struct hr_cells *s)
{
    for (size_t i = 0; i < (size_t)s->w * (size_t)s->h; i++)
        s->cell[i] = blank;
}

static struct hr_cell *at(struct hr_cells *s, int x, int y)
{
    return &s->cell[(size_t)y * (size_t)s->w + (size_t)x];
}

/* C2, before the cell at x is overwritten. */
static void part(struct hr_cells *s, int x, int y)
{
    struct hr_cell *c = at(s, x, y);
    if (c->c == 0 && x > 0)
        at(s, x - 1, y)->c = ' ';
    if (x + 1 < s->w && at(s, x + 1, y)->c == 0)
        at(s, x + 1, y)->c = ' ';
}

void hr_cells_set(struct hr_cells *s, int x, int y, uint32_t c, struct hr_style st)
{
    if (x < 0 || y < 0 || x >= s->w || y >= s->h)
        return;
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        c = '?';
    int width = hr_utf8_width(c);
    if (width == 0)
        return;
    if (width == 2 && x + 1 >= s->w) {
        c = '?';
        width = 1;
    }
    for (int i = 0; i < width; i++) {
        part(s, x + i, y);
        *at(s, x + i, y) = (struct hr_cell) { i == 0 ? c : 0, st.fg, st.bg, st.attr, 0 };
    }
}

int hr_cells_text(struct hr_cells *s, int x, int y, int most, struct hr_style st, struct hr_str text)
{
    int begun = x;
    most = HR_MIN(most, HR_CELLS_MAX_W);
    while (text.n > 0) {
        uint32_t c = hr_utf8_next(&text, NULL);
        bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
        int width = control ? 1 : hr_utf8_width(c);
        if (x + width > begun + most)
            break;
        hr_cells_set(s, x, y, c, st);
        x += width;
    }
    return x - begun;
}

int hr_cells_put(struct hr_cells *s, int x, int y, int most, struct hr_style st, const char *z)
{
    return hr_cells_text(s, x, y, most, st, hr_str(z));
}

int hr_cells_right(struct hr_cells *s, int end, int y, int most, struct hr_style st, const char *z)
{
    int n = (int)HR_MIN(hr_utf8_columns(hr_str(z)), (size_t)HR_CELLS_MAX_W);
    return hr_cells_put(s, end - HR_MIN(n, most), y, most, st, z);
}

int hr_cells_printf(struct hr_cells *s, int x, int y, int most, struct hr_style st, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0)
        return 0;
    return hr_cells_text(s, x, y, most, st, (struct hr_str) { text, HR_MIN((size_t)n, sizeof text - 1) });
}

void hr_cells_fill(struct hr_cells *s, int x, int y, int n, uint32_t c, struct hr_style st)
{
    for (int i = HR_MAX(0, -x); i < n && x + i < s->w; i++)
        hr_cells_set(s, x + i, y, c, st);
}

void hr_cells_ground(struct hr_cells *s, int x, int y, int n, enum hr_ink ground)
{
    if (y < 0 || y >= s->h)
        return;
    for (int i = HR_MAX(0, -x); i < n && x + i < s->w; i++)
        at(s, x + i, y)->bg = (uint8_t)ground;
}
