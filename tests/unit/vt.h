/* A terminal small enough to be believed: what the bytes of the painter make of a screen.  Anything it does not know fails
 * the test. */
#ifndef HR_VT_H
#define HR_VT_H

#include "attr.h"
#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VT_W = 320, VT_H = 120 };
struct vt_cell {
    uint32_t c; /* 0: right half */
    char fg[24], bg[24];
    unsigned attr;
};
struct vt {
    int w, h, x, y; /* x may be w: the last column was written */
    struct vt_cell cell[VT_H][VT_W];
    struct vt_cell pen;
    bool frame;      /* inside of the marks of synchronised output */
    unsigned frames;
    const char *bad; /* why it gave up */
};

static inline void vt_blank(struct vt *t, int x, int y)
{
    struct vt_cell *c = &t->cell[y][x];
    memset(c, 0, sizeof *c);
    c->c = ' ';
    strcpy(c->fg, "39");
    strcpy(c->bg, t->pen.bg);
}

static inline void vt_init(struct vt *t, int w, int h)
{
    memset(t, 0, sizeof *t);
    t->w = w;
    t->h = h;
    strcpy(t->pen.fg, "39");
    strcpy(t->pen.bg, "49");
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            vt_blank(t, x, y);
}

/* A wide character of which one half is overwritten leaves a blank. */
static inline void vt_split(struct vt *t, int x, int y)
{
    if (t->cell[y][x].c == 0 && x > 0)
        t->cell[y][x - 1].c = ' ';
    if (x + 1 < t->w && t->cell[y][x + 1].c == 0)
        t->cell[y][x + 1].c = ' ';
}

static inline void vt_char(struct vt *t, uint32_t c)
{
    int width = hr_utf8_width(c);
    if (c < 0x20 || c == 0x7f || width == 0 || t->x + width > t->w) {
        t->bad = "a character that cannot be placed";
        return;
    }
    for (int i = 0; i < width; i++) {
        vt_split(t, t->x + i, t->y);
        t->cell[t->y][t->x + i] = t->pen;
        t->cell[t->y][t->x + i].c = i == 0 ? c : 0;
    }
    t->x += width;
}

static inline void vt_sgr(struct vt *t, const char *text)
{
    char copy[128];
    snprintf(copy, sizeof copy, "%s", text);
    char *p = copy;
    if (*p == 0)
        strcpy(copy, "0");
    while (p != NULL && *p != 0) {
        char *end = strchr(p, ';');
        if (end != NULL)
            *end = 0;
        int v = (int)strtol(p, NULL, 10);
        char *next = end != NULL ? end + 1 : NULL;
        char *to = v == 48 || (v >= 40 && v <= 49) || v >= 100 ? t->pen.bg : t->pen.fg;
        if (v == 0) {
            strcpy(t->pen.fg, "39");
            strcpy(t->pen.bg, "49");
            t->pen.attr = 0;
        } else if (v == 1 || v == 2 || v == 4 || v == 7) {
            t->pen.attr |= v == 1 ? 1u : v == 2 ? 2u : v == 4 ? 4u : 8u;
        } else if ((v == 38 || v == 48) && next != NULL) {
            int more = next[0] == '2' ? 4 : 2;
            char *q = next;
            for (int i = 0; q != NULL && i < more; i++) {
                q = strchr(q, ';');
                q = q != NULL ? q + 1 : NULL;
            }
            size_t n = q != NULL ? (size_t)(q - 1 - next) : strlen(next);
            snprintf(to, 24, "%d;%.*s", v, (int)n, next);
            next = q;
        } else {
            snprintf(to, 24, "%d", v);
        }
        p = next;
    }
}

static inline void vt_csi(struct vt *t, const char *args, char last)
{
    int a = 0, b = 0, n = sscanf(args, "%d;%d", &a, &b);
    int one = n >= 1 && a > 0 ? a : 1;
    if (last == 'm') {
        vt_sgr(t, args);
    } else if (last == 'H') {
        t->y = (n >= 1 ? a : 1) - 1;
        t->x = (n >= 2 ? b : 1) - 1;
        if (t->x < 0 || t->y < 0 || t->x >= t->w || t->y >= t->h)
            t->bad = "the cursor left the screen";
    } else if (last == 'C') {
        t->x += one;
        if (t->x >= t->w)
            t->bad = "the cursor left the row";
    } else if (last == 'J' && a == 2) {
        for (int y = 0; y < t->h; y++)
            for (int x = 0; x < t->w; x++)
                vt_blank(t, x, y);
    } else if (last == 'K' && a == 0) {
        vt_split(t, t->x, t->y);
        for (int x = t->x; x < t->w; x++)
            vt_blank(t, x, t->y);
    } else if (last == 'P' || last == '@') {
        struct vt_cell *row = t->cell[t->y];
        int rest = t->w - t->x - one;
        if (rest < 0)
            t->bad = "more characters are moved than there are";
        else if (last == 'P')
            memmove(row + t->x, row + t->x + one, (size_t)rest * sizeof *row);
        else
            memmove(row + t->x + one, row + t->x, (size_t)rest * sizeof *row);
        for (int i = 0; i < one && rest >= 0; i++)
            vt_blank(t, last == 'P' ? t->w - 1 - i : t->x + i, t->y);
    } else if (strcmp(args, "?2026") == 0) {
        if (t->frame == (last == 'h'))
            t->bad = "the marks of a frame do not match";
        t->frame = last == 'h';
        t->frames += last == 'h';
    } else {
        t->bad = "an unknown sequence";
    }
}

static inline void vt_feed(struct vt *t, struct hr_str s)
{
    while (s.n > 0 && t->bad == NULL) {
        if (s.p[0] != 27) {
            vt_char(t, hr_utf8_next(&s, NULL));
            continue;
        }
        char args[64] = "";
        size_t i = 2, n = 0;
        while (i < s.n && n + 1 < sizeof args && ((s.p[i] >= '0' && s.p[i] <= '?')))
            args[n++] = s.p[i++];
        args[n] = 0;
        if (s.n < 3 || s.p[1] != '[' || i >= s.n) {
            t->bad = "a sequence is cut short";
            return;
        }
        vt_csi(t, args, s.p[i]);
        s.p += i + 1;
        s.n -= i + 1;
    }
}

#endif
