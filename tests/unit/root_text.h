/* Roots of other machines, each one readable text file (tests/roots/README.md has the format), laid out as the folder that
 * hr_root_open takes. */
#ifndef HR_ROOT_TEXT_H
#define HR_ROOT_TEXT_H

#include "file.h"
#include "mem.h"
#include "parse.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROOT_TEXT_MAX = 4 << 20, ROOT_TEXT_NESTED = 4 };

/* "i/2*4+1": from left to right, without precedence. */
static inline uint64_t root_text_formula(struct hr_str s, uint64_t i)
{
    uint64_t v = 0;
    char op = '+';
    while (s.n != 0) {
        size_t n = 0;
        while (n < s.n && strchr("+-*/", s.p[n]) == NULL)
            n++;
        uint64_t x = i;
        if (!hr_str_is((struct hr_str) { s.p, n }, "i") && hr_parse_u64((struct hr_str) { s.p, n }, &x, NULL) < 0)
            return 0;
        v = op == '+' ? v + x : op == '-' ? v - x : op == '*' ? v * x : x != 0 ? v / x : 0;
        op = n < s.n ? s.p[n] : '+';
        s.p += HR_MIN(n + 1, s.n);
        s.n -= HR_MIN(n + 1, s.n);
    }
    return v;
}

/* The body once for every number of "0-31", each {formula} worked out, an empty line behind each. */
static inline void root_text_each(struct hr_str range, struct hr_str body, struct hr_buf *out)
{
    struct hr_str first;
    uint64_t lo = 0, hi = 0;
    if (!hr_str_cut(&range, '-', &first) || hr_parse_u64(first, &lo, NULL) < 0 || hr_parse_u64(range, &hi, NULL) < 0)
        return;
    for (uint64_t i = lo; i <= hi; i++) {
        struct hr_str rest = body, before, formula;
        while (hr_str_cut(&rest, '{', &before)) {
            hr_buf_add(out, before.p, before.n);
            if (rest.p != NULL && hr_str_cut(&rest, '}', &formula))
                hr_buf_printf(out, "%llu", (unsigned long long)root_text_formula(formula, i));
        }
        hr_buf_addc(out, '\n');
    }
}

static inline int root_text_put(const char *dir, struct hr_str path, struct hr_str text, bool append,
                                struct hr_error *err)
{
    struct hr_buf full = HR_BUF_INIT(4096);
    hr_buf_printf(&full, "%s/%.*s", dir, HR_STR_ARG(path));
    char *slash = strrchr(full.data, '/');
    *slash = 0;
    int r = hr_mkdir(full.data, true, err);
    *slash = '/';
    if (r == 0 && path.p[path.n - 1] == '/') { /* an empty folder */
        full.data[full.len - 1] = 0;
        r = hr_mkdir(full.data, true, err);
    } else if (r == 0) {
        HR_FD fd = -1;
        r = hr_open(full.data, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0644, &fd, err);
        if (r == 0)
            r = hr_write_all(fd, text.p, text.n, full.data, err);
    }
    hr_buf_fini(&full);
    return r;
}

static inline int root_text_link(const char *dir, struct hr_str path, struct hr_str target, struct hr_error *err)
{
    char to[4096], full[8192];
    int r = root_text_put(dir, path, HR_STR(""), false, err); /* makes the folders */
    snprintf(to, sizeof to, "%.*s", HR_STR_ARG(target));
    snprintf(full, sizeof full, "%s/%.*s", dir, HR_STR_ARG(path));
    if (r == 0 && (unlink(full) != 0 || symlink(to, full) != 0))
        r = hr_fail(err, HR_E_IO, "the link '%s' cannot be made", full);
    return r;
}

static inline int root_text_expand(const char *file, const char *dir, int nested, struct hr_error *err);

static inline int root_text_section(const char *file, const char *dir, struct hr_str head, struct hr_str body,
                                    int nested, struct hr_error *err)
{
    struct hr_str word, rest = head;
    char path[4096];
    hr_str_cut(&rest, ' ', &word);
    if (hr_str_is(word, "include")) {
        const char *slash = strrchr(file, '/');
        snprintf(path, sizeof path, "%.*s%.*s", slash == NULL ? 0 : (int)(slash + 1 - file), file, HR_STR_ARG(rest));
        return root_text_expand(path, dir, nested + 1, err);
    }
    if (hr_str_is(word, "remove")) {
        snprintf(path, sizeof path, "%s/%.*s", dir, HR_STR_ARG(rest));
        return hr_path_kind(path) == HR_KIND_NONE
                   ? hr_fail(err, HR_E_INVALID, "%s: nothing to remove at '%s'", file, path)
                   : hr_remove_tree(path, err);
    }
    if (hr_str_is(word, "link")) {
        struct hr_str at, arrow;
        if (!hr_str_cut(&rest, ' ', &at) || !hr_str_cut(&rest, ' ', &arrow) || !hr_str_is(arrow, "->"))
            return hr_fail(err, HR_E_INVALID, "%s: 'link PATH -> TARGET' is expected", file);
        return root_text_link(dir, at, rest, err);
    }
    bool append = hr_str_is(word, "append") || hr_str_is(word, "each+");
    if (hr_str_is(word, "each") || hr_str_is(word, "each+")) {
        struct hr_buf all = HR_BUF_INIT(ROOT_TEXT_MAX);
        struct hr_str range;
        hr_str_cut(&rest, ' ', &range);
        root_text_each(range, body, &all);
        int r = root_text_put(dir, rest, hr_buf_str(&all), append, err);
        hr_buf_fini(&all);
        return r;
    }
    return root_text_put(dir, append ? rest : head, body, append, err);
}

/* Lays the root of `file` out in `dir`, which is made. */
static inline int root_text_expand(const char *file, const char *dir, int nested, struct hr_error *err)
{
    struct hr_buf b = HR_BUF_INIT(ROOT_TEXT_MAX);
    int r = nested > ROOT_TEXT_NESTED ? hr_fail(err, HR_E_LIMIT, "%s: too many includes", file) : hr_slurp(file, &b, err);
    if (b.len != 0 && b.data[b.len - 1] != '\n')
        hr_buf_addc(&b, '\n');
    struct hr_str rest = hr_buf_str(&b), line = { NULL, 0 }, head = { NULL, 0 };
    const char *body = NULL;
    while (r == 0 && rest.p != NULL) {
        const char *at = rest.p;
        bool more = rest.n != 0 && hr_str_cut(&rest, '\n', &line);
        if (!more || hr_str_starts(line, "=== ")) {
            struct hr_str text = { body, body != NULL ? (size_t)(at - body) : 0 };
            if (text.n >= 2 && text.p[text.n - 1] == '\n' && text.p[text.n - 2] == '\n')
                text.n--; /* the empty line that parts it from the next */
            else if (text.n == 1)
                text.n = 0;
            if (head.p != NULL)
                r = root_text_section(file, dir, head, text, nested, err);
            head = (struct hr_str) { line.p + 4, more ? line.n - 4 : 0 };
            body = rest.p;
        }
        if (!more)
            break;
    }
    hr_buf_fini(&b);
    return r;
}

#endif
