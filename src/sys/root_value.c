#include "root_value.h"

#include "parse.h"

#include <stdio.h>

enum { VALUE_MAX = 65536 };

bool hr_root_text(const struct hr_root *root, const char *path, struct hr_buf *b, char why[HR_WHY_MAX])
{
    int r = hr_root_read(root, path, b, NULL);
    if (r == 0)
        return true;
    const char *bare = path + (*path == '/');
    snprintf(why, HR_WHY_MAX, r == HR_E_NOT_FOUND ? "there is no /%.70s" : "/%.70s cannot be read", bare);
    return false;
}

struct hr_figure hr_root_figure(const struct hr_root *root, const char *path)
{
    struct hr_buf b = HR_BUF_INIT(VALUE_MAX);
    struct hr_figure f = { false, 0, "" };
    uint64_t v;
    if (hr_root_text(root, path, &b, f.why)) {
        struct hr_str text = hr_str_trim(hr_buf_str(&b));
        if (hr_str_is(text, "max"))
            f = hr_figure_unknown("no limit is set");
        else if (hr_parse_u64(text, &v, NULL) == 0)
            f = hr_figure_of(v);
        else
            f = hr_figure_unknown("/%.70s holds no number", path + (*path == '/'));
    }
    hr_buf_fini(&b);
    return f;
}

struct hr_word hr_word_clean(struct hr_str s)
{
    struct hr_word w = hr_word_of(hr_str_trim(s));
    for (char *p = w.v; *p != 0; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    return w;
}

struct hr_word hr_root_word(const struct hr_root *root, const char *path)
{
    struct hr_buf b = HR_BUF_INIT(VALUE_MAX);
    struct hr_word w = { false, "", "" };
    if (hr_root_text(root, path, &b, w.why)) {
        struct hr_str text = hr_str_trim(hr_buf_str(&b)), line = { "", 0 };
        while (text.n > 0 && text.p[text.n - 1] == 0) /* device-tree strings end with one */
            text.n--;
        hr_str_cut(&text, '\n', &line);
        w = hr_word_clean(line);
        if (w.v[0] == 0)
            w = hr_word_unknown("/%.70s is empty", path + (*path == '/'));
    }
    hr_buf_fini(&b);
    return w;
}

bool hr_text_line(struct hr_str text, char sep, const char *key, struct hr_str *ret_value)
{
    struct hr_str line, name;
    while (hr_str_cut(&text, '\n', &line))
        if (hr_str_cut(&line, sep, &name) && line.p != NULL && hr_str_is(hr_str_trim(name), key)) {
            *ret_value = hr_str_trim(line);
            return true;
        }
    return false;
}

struct hr_figure hr_text_figure(struct hr_str text, char sep, const char *key, const char *file)
{
    struct hr_str value;
    uint64_t v, unit = 1;
    if (!hr_text_line(text, sep, key, &value))
        return hr_figure_unknown("no %.40s in %.40s", key, file);
    if (hr_str_ends(value, " kB")) {
        value.n -= 3;
        unit = 1024;
    }
    if (hr_parse_u64(hr_str_trim(value), &v, NULL) < 0 || v > UINT64_MAX / unit)
        return hr_figure_unknown("%.40s in %.40s is no number", key, file);
    return hr_figure_of(v * unit);
}
