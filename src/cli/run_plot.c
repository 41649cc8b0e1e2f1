#include "run_plot.h"

#include "env.h"
#include "human.h"
#include "utf8.h"

#include <stdio.h>
#include <string.h>

enum { ROWS_MAX = 16, COLUMNS_MAX = 200, SCALE = 10 };

bool hr_run_utf8(void)
{
    static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    for (size_t i = 0; i < HR_COUNT(names); i++) {
        const char *v = hr_env(names[i]);
        if (v != NULL && v[0] != 0)
            return strstr(v, "UTF-8") != NULL || strstr(v, "utf8") != NULL || strstr(v, "UTF8") != NULL || strstr(v, "utf-8") != NULL;
    }
    return false;
}

static void put(struct hr_buf *out, unsigned code) /* a code point of the basic plane above 0x7FF */
{
    hr_buf_addc(out, (char)(0xE0 | code >> 12));
    hr_buf_addc(out, (char)(0x80 | (code >> 6 & 0x3F)));
    hr_buf_addc(out, (char)(0x80 | (code & 0x3F)));
}

/* A cell of braille has two columns of four dots: those below each column's height, from the bottom. */
static unsigned braille(unsigned left, unsigned right)
{
    static const unsigned dot[2][4] = { { 0x40, 0x04, 0x02, 0x01 }, { 0x80, 0x20, 0x10, 0x08 } };
    unsigned bits = 0;
    for (unsigned i = 0; i < 4; i++)
        bits |= (i < left ? dot[0][i] : 0) | (i < right ? dot[1][i] : 0);
    return 0x2800 + bits;
}

static unsigned above(uint64_t height, unsigned row, unsigned steps) /* dots of a row, counted from the bottom */
{
    uint64_t floor = (uint64_t)row * steps;
    return height <= floor ? 0 : (unsigned)HR_MIN(height - floor, (uint64_t)steps);
}

/* Which level, if any, lies in this row. */
static int level_in(const struct hr_run_plot *p, uint64_t top, unsigned row)
{
    for (int i = 0; i < 3; i++)
        if (p->name[i] != NULL && p->level[i] != 0 && p->level[i] <= top &&
            HR_MIN((unsigned)((double)p->level[i] / (double)top * p->rows), p->rows - 1) == row)
            return i;
    return -1;
}

static void row_of(const struct hr_run_plot *p, const uint64_t *height, size_t columns, uint64_t top, unsigned row, struct hr_buf *out)
{
    int at = level_in(p, top, row);
    struct hr_human scale = hr_human_bytes(row + 1 == p->rows ? top : 0);
    bool edge = row + 1 == p->rows || row == 0;
    hr_buf_pad(out, p->margin, ' ');
    hr_buf_printf(out, "%*s %s", SCALE, edge ? scale.text : at >= 0 ? p->name[at] : "", p->ascii ? "|" : "│");
    for (size_t c = 0; c < columns; c++) {
        unsigned l = above(height[2 * c], row, 4), r = above(height[2 * c + 1], row, 4);
        if (l + r == 0)
            hr_buf_adds(out, at < 0 ? " " : p->ascii ? "-" : "┄");
        else if (p->ascii)
            hr_buf_addc(out, l + r > 4 ? '#' : l + r > 2 ? ':' : '.');
        else
            put(out, braille(l, r));
    }
    while (out->len != 0 && out->data[out->len - 1] == ' ')
        out->data[--out->len] = 0;
    hr_buf_addc(out, '\n');
}

void hr_run_plot(const struct hr_job_curve *c, const struct hr_run_plot *p, struct hr_buf *out)
{
    uint64_t height[2 * COLUMNS_MAX], top = 0;
    struct hr_run_plot q = *p;
    size_t room = p->width > p->margin + SCALE + 12 ? p->width - p->margin - SCALE - 2 : 10, columns = HR_MIN(room, (size_t)COLUMNS_MAX);
    q.rows = HR_MIN(HR_MAX(p->rows, 2u), (unsigned)ROWS_MAX);
    if (c->n == 0 || p->end == 0)
        return;
    hr_job_curve_columns(c, p->end, height, 2 * columns);
    for (size_t i = 0; i < 2 * columns; i++)
        top = HR_MAX(top, height[i]);
    for (int i = 0; i < 3; i++) /* a mark that was nearly reached is worth seeing */
        if (p->name[i] != NULL && p->level[i] > top && p->level[i] / 4 * 3 <= top)
            top = p->level[i];
    if (top == 0)
        return;
    for (size_t i = 0; i < 2 * columns; i++)
        height[i] = height[i] == 0 ? 0 : HR_MAX((uint64_t)((double)height[i] / (double)top * (q.rows * 4) + 0.5), UINT64_C(1));
    for (unsigned row = q.rows; row-- > 0;)
        row_of(&q, height, columns, top, row, out);
    struct hr_human end = hr_human_duration(p->end);
    size_t used = 1 + hr_utf8_columns(hr_str(end.text));
    hr_buf_pad(out, p->margin + SCALE + 2, ' ');
    hr_buf_addc(out, '0');
    hr_buf_pad(out, columns > used ? columns - used : 1, ' ');
    hr_buf_printf(out, "%s\n", end.text);
}
