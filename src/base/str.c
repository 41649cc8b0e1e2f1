#include "str.h"

#include <string.h>

struct hr_str hr_str(const char *z)
{
    return (struct hr_str){ z, z != NULL ? strlen(z) : 0 };
}

bool hr_str_eq(struct hr_str a, struct hr_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool hr_str_is(struct hr_str a, const char *z)
{
    return hr_str_eq(a, hr_str(z));
}

bool hr_str_starts(struct hr_str s, const char *z)
{
    size_t n = strlen(z);
    return s.n >= n && memcmp(s.p, z, n) == 0;
}

bool hr_str_ends(struct hr_str s, const char *z)
{
    size_t n = strlen(z);
    return s.n >= n && memcmp(s.p + s.n - n, z, n) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct hr_str hr_str_trim(struct hr_str s)
{
    while (s.n != 0 && is_blank(s.p[0]))
        s.p++, s.n--;
    while (s.n != 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool hr_str_cut(struct hr_str *rest, char sep, struct hr_str *ret_head)
{
    if (rest->p == NULL)
        return false;
    const char *at = rest->n != 0 ? memchr(rest->p, sep, rest->n) : NULL;
    if (at == NULL) {
        *ret_head = *rest;
        *rest = (struct hr_str){ NULL, 0 };
        return true;
    }
    size_t n = (size_t)(at - rest->p);
    *ret_head = (struct hr_str){ rest->p, n };
    *rest = (struct hr_str){ at + 1, rest->n - n - 1 };
    return true;
}

const char *hr_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}
