/* The screen as cells, drawn in memory and painted later (paint.h).
 *
 * C1: a cell holds one code point of one column, or the left half of a wide one; its right half is the next cell with c == 0.
 * C2: no half of a wide character is ever left alone: what covers one half turns the other into a blank.
 * C3: nothing is drawn outside the cells, whatever the coordinates.
 * C4: control characters never get into a cell: a name in a file cannot move the cursor. */
#ifndef HR_CELLS_H
#define HR_CELLS_H

#include "ink.h"
#include "str.h"

struct hr_cell {
    uint32_t c;
    uint8_t fg, bg, attr, unused;
};

struct hr_cells {
    int w, h;
    struct hr_cell *cell; /* row after row */
    size_t cap;
};

enum { HR_CELLS_MAX_W = 600, HR_CELLS_MAX_H = 300 }; /* a larger terminal is used in part */

struct hr_style {
    uint8_t fg, bg, attr;
};
#define HR_FG(ink) ((struct hr_style) { (uint8_t)(ink), HR_INK_TEXT, 0 })
#define HR_FG_BOLD(ink) ((struct hr_style) { (uint8_t)(ink), HR_INK_TEXT, HR_BOLD })

/* All blank afterwards.  False: out of memory, and the cells are as they were. */
bool hr_cells_resize(struct hr_cells *s, int w, int h) HR_MUST_USE;
void hr_cells_fini(struct hr_cells *s);
void hr_cells_clear(struct hr_cells *s);
/* One code point; 0 columns wide ones (combining marks) are left out. */
void hr_cells_set(struct hr_cells *s, int x, int y, uint32_t c, struct hr_style st);
/* Text in at most `most` columns, cut without a sign.  Returns the columns it took. */
int hr_cells_text(struct hr_cells *s, int x, int y, int most, struct hr_style st, struct hr_str text);
int hr_cells_put(struct hr_cells *s, int x, int y, int most, struct hr_style st, const char *z);
/* The same, ending at the column before `end`. */
int hr_cells_right(struct hr_cells *s, int end, int y, int most, struct hr_style st, const char *z);
int hr_cells_printf(struct hr_cells *s, int x, int y, int most, struct hr_style st, const char *fmt, ...) HR_PRINTF(6, 7);
/* n times the same. */
void hr_cells_fill(struct hr_cells *s, int x, int y, int n, uint32_t c, struct hr_style st);
/* Gives a stretch of a row another ground, keeping what stands there. */
void hr_cells_ground(struct hr_cells *s, int x, int y, int n, enum hr_ink ground);

static inline const struct hr_cell *hr_cells_at(const struct hr_cells *s, int x, int y)
{
    return &s->cell[(size_t)y * (size_t)s->w + (size_t)x];
}

#endif
