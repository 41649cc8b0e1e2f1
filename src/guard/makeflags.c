#include "makeflags.h"

#include <stdio.h>

const char *hr_pool_address_name(enum hr_pool_address a)
{
    static const char *const name[] = { "none", "inherited descriptors", "fifo", "none" };
    return name[a];
}

/* The next word of *rest, as it stands there; false at the end. */
static bool word(struct hr_str *rest, struct hr_str *ret)
{
    size_t i = 0, n = 0;
    while (i < rest->n && (rest->p[i] == ' ' || rest->p[i] == '\t'))
        i++;
    rest->p += i;
    rest->n -= i;
    if (rest->n == 0)
        return false;
    while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
        n += rest->p[n] == '\\' && n + 1 < rest->n ? 2 : 1;
    *ret = (struct hr_str) { rest->p, n };
    rest->p += n;
    rest->n -= n;
    return true;
}

static struct hr_str behind(struct hr_str s, size_t n)
{
    return (struct hr_str) { s.p + n, s.n - n };
}

/* A number at the beginning of *s, which moves behind it; at most nine digits. */
static bool number(struct hr_str *s, int *ret)
{
    bool minus = s->n != 0 && s->p[0] == '-';
    int v = 0;
    size_t i = minus, from = i;
    for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9' && i - from < 9; i++)
        v = v * 10 + (s->p[i] - '0');
    if (i == from)
        return false;
    *ret = minus ? -v : v;
    *s = behind(*s, i);
    return true;
}

/* The value of an address, or p == NULL: it is none. */
static struct hr_str address_of(struct hr_str a)
{
    static const char *const names[] = { "--jobserver-auth=", "--jobserver-fds=" };
    for (size_t i = 0; i < HR_COUNT(names); i++)
        if (hr_str_starts(a, names[i]))
            return behind(a, hr_str(names[i]).n);
    return (struct hr_str) { NULL, 0 };
}

static bool is_jobs(struct hr_str a)
{
    struct hr_str rest = a;
    int n;
    if (hr_str_is(a, "--jobs") || hr_str_starts(a, "--jobs="))
        return true;
    if (!hr_str_starts(a, "-j"))
        return false;
    rest = behind(a, 2);
    return rest.n == 0 || (number(&rest, &n) && rest.n == 0 && n >= 0);
}

static void take_address(struct hr_str value, struct hr_makeflags *m)
{
    struct hr_str path = behind(value, HR_MIN(value.n, (size_t)5));
    int r, w;
    if (hr_str_starts(value, "fifo:")) {
        m->address = path.n != 0 ? HR_POOL_FIFO : HR_POOL_NONE;
        m->path = path;
    } else if (number(&value, &r) && value.n != 0 && value.p[0] == ',' && (value = behind(value, 1), number(&value, &w)) && value.n == 0) {
        m->address = r < 0 || w < 0 ? HR_POOL_OFF : HR_POOL_PIPE;
        m->r = r;
        m->w = w;
    }
}

static bool has_letter(struct hr_str a, char c)
{
    for (size_t i = 0; i < a.n; i++)
        if (a.p[i] == c)
            return true;
    return false;
}

static bool is_letters(struct hr_str a)
{
    return a.n != 0 && a.p[0] != '-' && !has_letter(a, '=');
}

struct hr_makeflags hr_makeflags_parse(struct hr_str text)
{
    struct hr_makeflags m = { .address = HR_POOL_NONE };
    struct hr_str a;
    for (bool first = true; word(&text, &a) && !hr_str_is(a, "--"); first = false) {
        struct hr_str value = address_of(a);
        if (first && is_letters(a)) {
            m.dry_run = has_letter(a, 'n');
        } else if (value.p != NULL) {
            take_address(value, &m);
        } else if (is_jobs(a)) {
            struct hr_str rest = behind(a, HR_MIN(a.n, (size_t)(a.p[1] == 'j' ? 2 : 7)));
            int n = 0;
            m.jobs = true;
            m.number = number(&rest, &n) && n > 0 ? (unsigned)n : 0;
        }
    }
    return m;
}

/* Without a backslash that keeps nothing: it would keep the blank in front of what follows. */
static struct hr_str closed(struct hr_str a)
{
    size_t n = 0;
    while (n < a.n && a.p[a.n - 1 - n] == '\\')
        n++;
    return (struct hr_str) { a.p, a.n - n % 2 };
}

/* The address stands right behind the letters: in front of what stays of `old`, a word of which would else become the first. */
static bool put(struct hr_str old, struct hr_buf *out, struct hr_str address)
{
    struct hr_str a, rest = old;
    bool there = false;
    if (word(&rest, &a) && is_letters(closed(a)))
        hr_buf_add(out, closed(a).p, closed(a).n);
    else
        rest = old;
    hr_buf_printf(out, " -j --jobserver-auth=%.*s", HR_STR_ARG(address));
    while (word(&rest, &a)) {
        a = closed(a);
        there |= hr_str_is(a, "--");
        if (a.n == 0 || (!there && (address_of(a).p != NULL || is_jobs(a))))
            continue;
        hr_buf_addc(out, ' ');
        hr_buf_add(out, a.p, a.n);
    }
    return !out->failed;
}

bool hr_makeflags_fifo(struct hr_str old, const char *path, struct hr_buf *out)
{
    struct hr_buf address = HR_BUF_INIT(HR_MAKEFLAGS_MAX);
    bool fits = hr_buf_printf(&address, "fifo:%s", path) && put(old, out, hr_buf_str(&address));
    hr_buf_fini(&address);
    return fits;
}

bool hr_makeflags_pipe(struct hr_str old, int r, int w, struct hr_buf *out)
{
    char address[32];
    snprintf(address, sizeof address, "%d,%d", r, w);
    return put(old, out, hr_str(address));
}

unsigned hr_make_version(struct hr_str text)
{
    int major, minor;
    if (hr_str_starts(text, "GNU Make "))
        text = behind(text, 9);
    if (!number(&text, &major) || text.n == 0 || text.p[0] != '.')
        return 0;
    text = behind(text, 1);
    return number(&text, &minor) && major >= 0 && major < 1000 && minor >= 0 && minor < 100 ? (unsigned)(major * 100 + minor) : 0;
}
