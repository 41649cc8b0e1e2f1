/* Tables for people: columns aligned by what a terminal shows, not by bytes.
 *
 *   static const struct hr_table_column cols[] = { { .title = "field" }, { .title = "samples", .right = true } };
 *   struct hr_table t = HR_TABLE_INIT(cols);
 *   hr_table_cell(&t, "%s", name);
 *   hr_table_cell(&t, "%s", hr_human_count(n).text);       row after row, left to right
 *   hr_table_write(&t, &out, 2);
 *   hr_table_fini(&t);
 *
 * Cells are cleaned for the terminal (hr_utf8_show), so names from files may be put in as they are.  A cell holds at most
 * 4 KiB and a table at most 64 MiB.  Not thread-safe. */
#ifndef HR_TABLE_H
#define HR_TABLE_H

#include "buf.h"

struct hr_table_column {
    const char *title; /* NULL in every column: no heading line */
    bool right;        /* figures: aligned to the right */
    unsigned max;      /* columns at most, longer cells are cut with "…"; 0 = as wide as its widest cell */
};

struct hr_table {
    const struct hr_table_column *column;
    size_t columns;
    struct hr_buf text; /* the cells laid end to end, each terminated by a 0 */
    size_t cells;
};

#define HR_TABLE_INIT(cols) ((struct hr_table) { (cols), HR_COUNT(cols), HR_BUF_INIT((size_t)64 << 20), 0 })

/* The next cell; NULL or "" is shown as "–", the sign of "not known". */
void hr_table_cell(struct hr_table *t, const char *fmt, ...) HR_PRINTF(2, 3);
void hr_table_text(struct hr_table *t, struct hr_str s);
void hr_table_skip(struct hr_table *t); /* an empty cell that stays empty */

/* Appends the table, each line after `margin` blanks, columns two blanks apart, nothing behind the last cell.  A last row
 * that is not full is filled up with empty cells.  False: out of memory, and the buffer may hold a part of it. */
bool hr_table_write(const struct hr_table *t, struct hr_buf *out, unsigned margin);
void hr_table_fini(struct hr_table *t);

#endif
