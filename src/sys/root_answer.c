/* The lines below headrace/ of a captured root: one answer each (root.h tells their form). */
#include "root_inside.h"

#include "parse.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { ANSWERS_MAX = 16 << 20 };

const char *hr_root_what_name(enum hr_root_what what)
{
    static const char *const name[] = { "read", "list",   "exists", "stat", "lstat", "link",
                                        "real", "statfs", "env",    "run",  "answer" };
    return name[what];
}

bool hr_field_add(struct hr_buf *b, struct hr_str s)
{
    if (s.n == 0)
        return hr_buf_addc(b, '%');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c == '%' || c == 0x7f)
            hr_buf_printf(b, "%%%02X", c);
        else
            hr_buf_addc(b, (char)c);
    }
    return !b->failed;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

bool hr_field_read(struct hr_str f, struct hr_buf *b)
{
    for (size_t i = 0; i < f.n; i++) {
        if (f.p[i] == '%' && i + 2 < f.n && hex(f.p[i + 1]) >= 0 && hex(f.p[i + 2]) >= 0) {
            hr_buf_addc(b, (char)(hex(f.p[i + 1]) << 4 | hex(f.p[i + 2])));
            i += 2;
        } else if (f.p[i] != '%') {
            hr_buf_addc(b, f.p[i]);
        }
    }
    return !b->failed;
}

int hr_root_line(const struct hr_root *root, const char *file, const char *first, struct hr_buf *line)
{
    char path[64];
    struct hr_buf want = HR_BUF_INIT(1 << 20), text = HR_BUF_INIT(ANSWERS_MAX);
    struct hr_str rest, one, name;
    int r = 0;
    snprintf(path, sizeof path, "headrace/%s", file);
    hr_field_add(&want, hr_str(first));
    HR_FD fd = hr_root_fd(root, path, O_RDONLY);
    int64_t n = fd < 0 ? 0 : 1;
    while (n > 0) {
        char *to = hr_buf_reserve(&text, 65536);
        n = to == NULL ? -1 : hr_read_some(fd, to, 65536, path, NULL);
        if (n > 0)
            hr_buf_commit(&text, (size_t)n);
    }
    rest = hr_buf_str(&text);
    while (r == 0 && text.len != 0 && hr_str_cut(&rest, '\n', &one))
        if (hr_str_cut(&one, ' ', &name) && hr_str_eq(name, hr_buf_str(&want)))
            r = one.p == NULL || hr_buf_add(line, one.p, one.n) ? 1 : HR_E_NOMEM;
    if (want.failed || n < 0)
        r = HR_E_NOMEM;
    hr_buf_fini(&text);
    hr_buf_fini(&want);
    return r;
}

int hr_root_failed(const struct hr_root *root, enum hr_root_what what, const char *path)
{
    struct hr_buf key = HR_BUF_INIT(1 << 16), line = HR_BUF_INIT(64);
    uint64_t en = 0;
    hr_buf_printf(&key, "%s:%s", hr_root_what_name(what), path);
    if (hr_root_line(root, "failed", key.data, &line) == 1 && hr_parse_u64(hr_buf_str(&line), &en, NULL) < 0)
        en = 0;
    hr_buf_fini(&line);
    hr_buf_fini(&key);
    return en < 4096 ? (int)en : 0;
}
