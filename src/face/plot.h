/* Plots and bars in cells.  Braille where the terminal's font has it (2x4 dots a cell), eighths of blocks where not, letters
 * where there is nothing but ASCII.
 *
 * A column shows the greatest value of its time, so that a spike of one second stands in a plot of an hour.  What is 0 is a dot on the
 * floor, what is unknown is nothing at all. */
#ifndef HR_PLOT_H
#define HR_PLOT_H

#include "cells.h"
#include "term_caps.h"

struct hr_area {
    int x, y, w, h;
};

struct hr_point {
    bool known;
    double low, high;
};

/* Columns that a plot of `w` cells takes. */
static inline int hr_plot_columns(int w, enum hr_glyphs g)
{
    return g == HR_GLYPHS_BRAILLE ? 2 * w : w;
}
/* Filled from the floor, `top` at the ceiling; the ramp is coloured by height.  `point`: hr_plot_columns of them, oldest first. */
void hr_plot(struct hr_cells *s, struct hr_area b, const struct hr_point *point, double top, enum hr_ink ramp, enum hr_glyphs g);
/* The same hanging from the ceiling, for the second of two flows. */
void hr_plot_down(struct hr_cells *s, struct hr_area b, const struct hr_point *point, double top, enum hr_ink ramp, enum hr_glyphs g);

/* A bar of `w` cells; the ramp's colour by place, as a thermometer.  share < 0: unknown, an empty track. */
void hr_bar(struct hr_cells *s, int x, int y, int w, double share, enum hr_ink ramp, enum hr_glyphs g);
/* The same in one colour. */
void hr_bar_plain(struct hr_cells *s, int x, int y, int w, double share, enum hr_ink ink, enum hr_glyphs g);

/* Parts that make a whole, side by side in one bar: each has its ink, and its letter where there are no colours. */
struct hr_bar_part {
    double share;
    enum hr_ink ink;
    char letter;
};
void hr_bar_parts(struct hr_cells *s, int x, int y, int w, const struct hr_bar_part *part, size_t n, enum hr_glyphs g,
                  bool letters);
/* One small mark per value, 0 to 1: "▁▃▆█", for the processors. */
void hr_marks(struct hr_cells *s, int x, int y, double share, enum hr_ink ramp, enum hr_glyphs g);

/* A frame with round corners and a title in its upper edge; what is right stands at the right end of it. */
void hr_frame(struct hr_cells *s, struct hr_area b, const char *title, const char *right, enum hr_glyphs g);
/* A word in its lower edge, at the right. */
void hr_frame_foot(struct hr_cells *s, struct hr_area b, const char *text);
/* The same at the left, in at most `most` columns. */
void hr_frame_foot_left(struct hr_cells *s, struct hr_area b, const char *text, int most);

#endif
