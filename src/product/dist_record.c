#include "dist_record.h"

#include <stdio.h>
#include <string.h>

static struct hr_str base(struct hr_str path)
{
    for (size_t i = path.n; i-- > 0;)
        if (path.p[i] == '/')
            return (struct hr_str) { path.p + i + 1, path.n - i - 1 };
    return path;
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool identifier(struct hr_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!letter(s.p[i]) && (i == 0 || !digit(s.p[i])))
            return false;
    return s.n != 0;
}

/* --- the list --- */

/* The first field of a line of comma-separated values.  A path with quotes or line ends in it is not unpacked but passed over: no
 * module has one. */
static struct hr_str first_field(struct hr_str line)
{
    const struct hr_str none = { "", 0 };
    if (line.n == 0 || line.p[0] != '"') {
        struct hr_str rest = line, field;
        return hr_str_cut(&rest, ',', &field) ? field : none;
    }
    for (size_t i = 1; i < line.n; i++)
        if (line.p[i] == '"')
            return i + 1 < line.n && line.p[i + 1] == ',' ? (struct hr_str) { line.p + 1, i - 1 } : none;
    return none;
}

bool hr_record_each(struct hr_str text, bool (*each)(void *ctx, struct hr_str path), void *ctx)
{
    struct hr_str rest = text, line;
    size_t lines = 0;
    while (text.n != 0 && hr_str_cut(&rest, '\n', &line)) {
        if (lines++ == HR_RECORD_LINES)
            return false;
        struct hr_str path = first_field(hr_str_trim(line));
        if (path.n != 0 && path.n <= HR_RECORD_PATH && memchr(path.p, 0, path.n) == NULL && !each(ctx, path))
            return true;
    }
    return true;
}

bool hr_record_inside(struct hr_str path)
{
    struct hr_str rest = path, part;
    if (path.n == 0 || path.p[0] == '/')
        return false;
    while (hr_str_cut(&rest, '/', &part))
        if (hr_str_is(part, ".."))
            return false;
    return true;
}

/* --- modules --- */

static bool copy(struct hr_str s, char out[HR_MODULE_MAX])
{
    if (s.n >= HR_MODULE_MAX || !identifier(s))
        return false;
    memcpy(out, s.p, s.n);
    out[s.n] = 0;
    return true;
}

bool hr_module_for_sure(struct hr_str file)
{
    struct hr_str rest = base(file), stem;
    return hr_str_ends(rest, ".so") && hr_str_cut(&rest, '.', &stem) && rest.p != NULL &&
           (hr_str_starts(rest, "cpython-") || hr_str_starts(rest, "abi3.") || hr_str_starts(rest, "pypy"));
}

bool hr_module_of_library(struct hr_str file, char out[HR_MODULE_MAX])
{
    struct hr_str name = base(file), rest = name, stem;
    if (!hr_str_ends(name, ".so") || !hr_str_cut(&rest, '.', &stem) || rest.p == NULL)
        return false;
    if (!hr_module_for_sure(name) && (!hr_str_is(rest, "so") || hr_str_starts(stem, "lib")))
        return false;
    return copy(stem, out);
}

static bool only_tests(struct hr_str top)
{
    static const char *const name[] = { "test", "tests", "testing", "example", "examples", "docs", "benchmark", "benchmarks", "setup",
                                        "conftest" };
    for (size_t i = 0; i < HR_COUNT(name); i++)
        if (hr_str_is(top, name[i]))
            return true;
    return false;
}

bool hr_module_of_record(struct hr_str path, char out[HR_MODULE_MAX])
{
    struct hr_str rest = path, head;
    char one[HR_MODULE_MAX], two[HR_MODULE_MAX];
    if (!hr_record_inside(path) || !hr_str_cut(&rest, '/', &head))
        return false;
    if (rest.p == NULL) { /* a file beside the packages */
        if (hr_str_ends(head, ".py"))
            return !only_tests((struct hr_str) { head.p, head.n - 3 }) && copy((struct hr_str) { head.p, head.n - 3 }, out);
        return hr_module_of_library(head, out);
    }
    if (only_tests(head) || !copy(head, one) || memchr(rest.p, '/', rest.n) != NULL)
        return false;
    if (hr_str_is(rest, "__init__.py")) {
        memcpy(out, one, sizeof one);
        return true;
    }
    int n = hr_module_of_library(rest, two) ? snprintf(out, HR_MODULE_MAX, "%s.%s", one, two) : -1;
    return n > 0 && n < HR_MODULE_MAX;
}

/* --- programs --- */

bool hr_shebang(struct hr_str text, char *out, size_t n)
{
    struct hr_str rest = text, line, word;
    if (!hr_str_starts(text, "#!") || !hr_str_cut(&rest, '\n', &line))
        return false;
    line = hr_str_trim((struct hr_str) { line.p + 2, line.n - 2 });
    hr_str_cut(&line, ' ', &word);
    if (hr_str_is(base(word), "env") && line.p != NULL) {
        line = hr_str_trim(line);
        hr_str_cut(&line, ' ', &word);
    }
    if (word.n == 0 || word.n >= n || memchr(word.p, 0, word.n) != NULL)
        return false;
    memcpy(out, word.p, word.n);
    out[word.n] = 0;
    return true;
}

/* `name`, and after it nothing but a version. */
static bool versioned(struct hr_str program, const char *name)
{
    struct hr_str s = base(program);
    if (!hr_str_starts(s, name))
        return false;
    for (size_t i = strlen(name); i < s.n; i++)
        if (!digit(s.p[i]) && s.p[i] != '.')
            return false;
    return true;
}

bool hr_is_python(struct hr_str program)
{
    return versioned(program, "python");
}

bool hr_is_pip(struct hr_str program)
{
    return versioned(program, "pip");
}
