#include "table.h"

#include "mem.h"
#include "utf8.h"

#include <string.h>

enum { CELL_MAX = 4096 };

void hr_table_text(struct hr_table *t, struct hr_str s)
{
    if (s.n == 0)
        hr_buf_adds(&t->text, "–");
    else
        hr_utf8_show(&t->text, (struct hr_str) { s.p, HR_MIN(s.n, (size_t)CELL_MAX) });
    hr_buf_addc(&t->text, 0);
    t->cells++;
}

void hr_table_skip(struct hr_table *t)
{
    hr_buf_addc(&t->text, 0);
    t->cells++;
}

void hr_table_cell(struct hr_table *t, const char *fmt, ...)
{
    struct hr_buf one = HR_BUF_INIT((size_t)1 << 20);
    va_list ap;
    va_start(ap, fmt);
    hr_buf_vprintf(&one, fmt, ap);
    va_end(ap);
    t->text.failed |= one.failed;
    hr_table_text(t, hr_buf_str(&one));
    hr_buf_fini(&one);
}

/* Cuts to at most `max` columns (0 = no limit); *ret_columns is what is left, without the "…". */
static struct hr_str fit(struct hr_str s, unsigned max, size_t *ret_columns, bool *ret_cut)
{
    size_t all = hr_utf8_columns(s);
    *ret_cut = max != 0 && all > max;
    *ret_columns = all;
    if (!*ret_cut)
        return s;
    struct hr_str rest = s;
    size_t n = 0;
    while (rest.n != 0) {
        struct hr_str next = rest;
        size_t w = (size_t)hr_utf8_width(hr_utf8_next(&next, NULL));
        if (n + w > max - 1)
            break;
        n += w;
        rest = next;
    }
    *ret_columns = n;
    return (struct hr_str) { s.p, (size_t)(rest.p - s.p) };
}

static void measure(const struct hr_table *t, size_t *width)
{
    for (size_t c = 0; c < t->columns; c++)
        width[c] = t->column[c].title != NULL ? hr_utf8_columns(hr_str(t->column[c].title)) : 0;
    const char *p = t->text.data;
    for (size_t i = 0; i < t->cells; i++) {
        struct hr_str s = hr_str(p);
        size_t c = i % t->columns, w;
        bool cut;
        fit(s, t->column[c].max, &w, &cut);
        width[c] = HR_MAX(width[c], w + cut);
        p += s.n + 1;
    }
}

/* One line: `cell` is called for its text by walking *p, or the titles when p is NULL. */
static void row(const struct hr_table *t, const size_t *width, const char **p, size_t cells, struct hr_buf *out,
                unsigned margin)
{
    size_t blanks = margin;
    for (size_t c = 0; c < cells; c++) {
        struct hr_str s = hr_str(p != NULL ? *p : t->column[c].title);
        if (p != NULL)
            *p += s.n + 1;
        size_t w;
        bool cut;
        s = fit(s, p != NULL ? t->column[c].max : 0, &w, &cut);
        size_t gap = width[c] - w - cut;
        if (t->column[c].right)
            blanks += gap;
        if (s.n != 0 || cut) {
            hr_buf_pad(out, blanks, ' ');
            blanks = 0;
        }
        hr_buf_add(out, s.p, s.n);
        if (cut)
            hr_buf_adds(out, "…");
        if (!t->column[c].right)
            blanks += gap;
        blanks += 2;
    }
    hr_buf_addc(out, '\n');
}

bool hr_table_write(const struct hr_table *t, struct hr_buf *out, unsigned margin)
{
    if (t->text.failed || t->columns == 0)
        return false;
    HR_CLEANUP(hr_freep) size_t *width = hr_calloc(t->columns, sizeof *width);
    if (width == NULL)
        return false;
    measure(t, width);
    bool titles = false;
    for (size_t c = 0; c < t->columns; c++)
        titles |= t->column[c].title != NULL;
    if (titles)
        row(t, width, NULL, t->columns, out, margin);
    const char *p = t->text.data;
    for (size_t i = 0; i < t->cells; i += t->columns)
        row(t, width, &p, HR_MIN(t->columns, t->cells - i), out, margin);
    return !out->failed;
}

void hr_table_fini(struct hr_table *t)
{
    hr_buf_fini(&t->text);
    t->cells = 0;
}
