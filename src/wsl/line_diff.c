#include "line_diff.h"

#include "mem.h"

#include <stdlib.h>

enum { LINES_MAX = 4000 };

struct lines {
    struct hr_str *line;
    size_t n;
};

static bool cut(struct hr_str s, struct lines *l)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n';
    l->n = 0;
    l->line = hr_calloc(n + 2, sizeof *l->line);
    if (l->line == NULL)
        return false;
    for (size_t from = 0, i = 0; i <= s.n; i++)
        if (i == s.n ? from < s.n : s.p[i] == '\n') {
            size_t to = i == s.n ? i : i + 1;
            l->line[l->n++] = (struct hr_str) { s.p + from, to - from };
            from = to;
        }
    return true;
}

/* Lines by lines: the longest run of equal ones.  keep[i] tells that line i of `a` stays, in the order of both. */
static bool common(const struct lines *a, const struct lines *b, size_t head, size_t na, size_t nb, bool *keep_a,
                   bool *keep_b)
{
    if (na == 0 || nb == 0 || na > LINES_MAX || nb > LINES_MAX)
        return true;
    uint16_t *t = hr_calloc((na + 1) * (nb + 1), sizeof *t);
    if (t == NULL)
        return false;
    for (size_t i = na; i-- > 0;)
        for (size_t j = nb; j-- > 0;) {
            uint16_t down = t[(i + 1) * (nb + 1) + j], right = t[i * (nb + 1) + j + 1];
            t[i * (nb + 1) + j] = hr_str_eq(a->line[head + i], b->line[head + j])
                                      ? (uint16_t)(t[(i + 1) * (nb + 1) + j + 1] + 1)
                                      : HR_MAX(down, right);
        }
    for (size_t i = 0, j = 0; i < na && j < nb;) {
        if (hr_str_eq(a->line[head + i], b->line[head + j])) {
            keep_a[head + i++] = true;
            keep_b[head + j++] = true;
        } else if (t[(i + 1) * (nb + 1) + j] >= t[i * (nb + 1) + j + 1]) {
            i++;
        } else {
            j++;
        }
    }
    hr_free(t);
    return true;
}

static void put(struct hr_buf *out, char sign, struct hr_str line)
{
    while (line.n != 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
        line.n--;
    hr_buf_addc(out, sign);
    hr_buf_add(out, line.p, line.n);
    hr_buf_addc(out, '\n');
}

static size_t render(const struct lines *a, const struct lines *b, const bool *keep_a, const bool *keep_b,
                     unsigned context, struct hr_buf *out)
{
    size_t i = 0, j = 0, changed = 0, shown = 0; /* `shown`: lines of `a` before this one are out */
    bool first = true;
    while (i < a->n || j < b->n) {
        if (i < a->n && j < b->n && keep_a[i] && keep_b[j]) {
            i++;
            j++;
            continue;
        }
        size_t from = i > context ? i - context : 0;
        if (first || from > shown)
            hr_buf_printf(out, "@@ line %zu @@\n", HR_MAX(from, first ? 0 : shown) + 1);
        for (size_t k = first ? from : HR_MAX(from, shown); k < i; k++)
            put(out, ' ', a->line[k]);
        first = false;
        for (; i < a->n && !keep_a[i]; i++, changed++)
            put(out, '-', a->line[i]);
        for (; j < b->n && !keep_b[j]; j++, changed++)
            put(out, '+', b->line[j]);
        shown = i;
        for (size_t k = i; k < a->n && k < i + context && keep_a[k]; k++) {
            put(out, ' ', a->line[k]);
            shown = k + 1;
        }
    }
    return changed;
}

bool hr_line_diff(struct hr_str a, struct hr_str b, unsigned context, struct hr_buf *out, size_t *ret_changed)
{
    struct lines x = { NULL, 0 }, y = { NULL, 0 };
    bool *keep_a = NULL, *keep_b = NULL;
    bool ok = cut(a, &x) && cut(b, &y);
    if (ok) {
        keep_a = hr_calloc(x.n + 1, sizeof *keep_a);
        keep_b = hr_calloc(y.n + 1, sizeof *keep_b);
        ok = keep_a != NULL && keep_b != NULL;
    }
    if (ok) {
        size_t head = 0, tail = 0, least = HR_MIN(x.n, y.n);
        while (head < least && hr_str_eq(x.line[head], y.line[head]))
            keep_a[head] = keep_b[head] = true, head++;
        while (tail < least - head && hr_str_eq(x.line[x.n - 1 - tail], y.line[y.n - 1 - tail])) {
            tail++;
            keep_a[x.n - tail] = keep_b[y.n - tail] = true;
        }
        ok = common(&x, &y, head, x.n - head - tail, y.n - head - tail, keep_a, keep_b);
    }
    if (ok)
        *ret_changed = render(&x, &y, keep_a, keep_b, context, out);
    hr_free(x.line);
    hr_free(y.line);
    hr_free(keep_a);
    hr_free(keep_b);
    return ok && !out->failed;
}
