/* Turns two screens of cells into the bytes that make a terminal go from the one to the other, as few as can be.
 *
 * P1: after the bytes have reached the terminal it shows `next`, whatever was drawn before.
 * P2: nothing changed, nothing is sent.
 * P3: a frame stands between the marks of synchronised output, so that no terminal shows half of it.
 * P4: behind a wide character the cursor is placed anew: terminals differ on the width of some. */
#ifndef HR_PAINT_H
#define HR_PAINT_H

#include "buf.h"
#include "cells.h"
#include "term_caps.h"

/* A stretch of rows whose contents moved left since the last frame, as a plot's do; a hint: what is not cheaper is not used. */
struct hr_shift {
    int x, y, w, h, by;
};
enum { HR_SHIFTS = 32 };

struct hr_painter {
    struct hr_cells shown;
    bool valid; /* `shown` is what the terminal shows */
    struct hr_term_caps caps;
    struct hr_shift shift[HR_SHIFTS]; /* for the next frame */
    unsigned shifts;
    struct hr_style style; /* the terminal's, while painting */
    int x, y;              /* the cursor; x -1: not known */
};

void hr_painter_fini(struct hr_painter *p);
void hr_paint_shift(struct hr_painter *p, int x, int y, int w, int h, int by);
/* Appends the bytes.  False: out of memory; the next frame is then painted whole. */
bool hr_paint(struct hr_painter *p, const struct hr_cells *next, struct hr_buf *out) HR_MUST_USE;
/* The screen may show anything now (resize, another program): paint all of it next time. */
void hr_paint_forget(struct hr_painter *p);

#endif
