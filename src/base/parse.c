#include "parse.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Longest number text that is looked at: room for every digit of a double, and no way to make us copy megabytes. */
enum { NUMBER_MAX = 400 };

static bool copy_number(struct hr_str s, char out[NUMBER_MAX])
{
    if (s.n == 0 || s.n >= NUMBER_MAX)
        return false;
    memcpy(out, s.p, s.n);
    out[s.n] = 0;
    return strlen(out) == s.n && strchr(" \t\r\n\v\f", out[0]) == NULL;
}

int hr_parse_u64(struct hr_str s, uint64_t *ret_v, struct hr_error *err)
{
    uint64_t v = 0;
    if (s.n == 0)
        return hr_fail(err, HR_E_INVALID, "a whole number is expected, and there is none");
    for (size_t i = 0; i < s.n; i++) {
        unsigned d = (unsigned char)s.p[i] - (unsigned)'0';
        if (d > 9)
            return hr_fail(err, HR_E_INVALID, "'%.*s' is not a whole number", HR_STR_ARG(s));
        if (__builtin_mul_overflow(v, (uint64_t)10, &v) || __builtin_add_overflow(v, (uint64_t)d, &v))
            return hr_fail(err, HR_E_INVALID, "%.*s is too large for 64 bits", HR_STR_ARG(s));
    }
    *ret_v = v;
    return 0;
}

int hr_parse_i64(struct hr_str s, int64_t *ret_v, struct hr_error *err)
{
    bool minus = s.n != 0 && s.p[0] == '-';
    uint64_t v;
    int r = hr_parse_u64(minus ? (struct hr_str){ s.p + 1, s.n - 1 } : s, &v, err);
    if (r < 0)
        return r;
    if (v > (uint64_t)INT64_MAX + minus)
        return hr_fail(err, HR_E_INVALID, "%.*s is too large for 64 bits", HR_STR_ARG(s));
    *ret_v = minus ? (int64_t)(0 - v) : (int64_t)v;
    return 0;
}

int hr_parse_f64(struct hr_str s, double *ret_v, struct hr_error *err)
{
    char text[NUMBER_MAX], *end;
    if (!copy_number(s, text))
        return hr_fail(err, HR_E_INVALID, "'%.*s' is not a number", HR_STR_ARG(s));
    /* strtod reads the locale's decimal point, and a program that loads the library may have set any locale. */
    char point = localeconv()->decimal_point[0], *dot = strchr(text, '.');
    if (dot != NULL && point != '.')
        *dot = point;
    double v = strtod(text, &end);
    if (*end != 0)
        return hr_fail(err, HR_E_INVALID, "'%.*s' is not a number", HR_STR_ARG(s));
    *ret_v = v;
    return 0;
}

int hr_parse_bool(struct hr_str s, bool *ret_v, struct hr_error *err)
{
    static const char *const yes[] = { "1", "true", "yes", "on" };
    static const char *const no[] = { "0", "false", "no", "off" };
    for (size_t i = 0; i < HR_COUNT(yes); i++) {
        if (s.n == strlen(yes[i]) && strncasecmp(s.p, yes[i], s.n) == 0) {
            *ret_v = true;
            return 0;
        }
        if (s.n == strlen(no[i]) && strncasecmp(s.p, no[i], s.n) == 0) {
            *ret_v = false;
            return 0;
        }
    }
    return hr_fail(err, HR_E_INVALID, "'%.*s' is neither yes nor no", HR_STR_ARG(s));
}

/* Splits "1.5 GiB" into the number and the unit. */
static int number_and_unit(struct hr_str s, double *ret_v, struct hr_str *ret_unit, struct hr_error *err)
{
    s = hr_str_trim(s);
    size_t n = 0;
    while (n < s.n && ((s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '.'))
        n++;
    double v = 0;
    int r = hr_parse_f64((struct hr_str){ s.p, n }, &v, NULL);
    if (r < 0 || !isfinite(v))
        return hr_fail(err, HR_E_INVALID, "'%.*s' does not begin with a number", HR_STR_ARG(s));
    *ret_v = v;
    *ret_unit = hr_str_trim((struct hr_str){ s.p + n, s.n - n });
    return 0;
}

int hr_parse_size(struct hr_str s, uint64_t *ret_bytes, struct hr_error *err)
{
    static const char letters[] = "KMGTP";
    double v;
    struct hr_str u;
    int r = number_and_unit(s, &v, &u, err);
    if (r < 0)
        return r;
    double scale = 1;
    if (u.n != 0 && !(u.n == 1 && (u.p[0] == 'B' || u.p[0] == 'b'))) {
        const char *at = strchr(letters, u.p[0] & ~0x20);
        bool tail = u.n == 1 || (u.n == 2 && (u.p[1] | 0x20) == 'b') ||
                    (u.n == 3 && (u.p[1] | 0x20) == 'i' && (u.p[2] | 0x20) == 'b') || (u.n == 2 && (u.p[1] | 0x20) == 'i');
        if (at == NULL || *at == 0 || !tail)
            return hr_fail(err, HR_E_INVALID, "'%.*s' is not a size: write bytes, or a number with KiB, MiB, GiB or TiB",
                           HR_STR_ARG(s));
        scale = ldexp(1, 10 * (int)(at - letters + 1));
    }
    if (v * scale >= 0x1p63)
        return hr_fail(err, HR_E_INVALID, "%.*s is larger than any memory or disk", HR_STR_ARG(s));
    *ret_bytes = (uint64_t)(v * scale);
    return 0;
}

int hr_parse_duration(struct hr_str s, uint64_t *ret_ns, struct hr_error *err)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = { { "", 1e9 },     { "s", 1e9 },  { "ms", 1e6 },   { "us", 1e3 },    { "ns", 1 },
                  { "m", 60e9 },   { "min", 60e9 }, { "h", 3600e9 }, { "d", 86400e9 } };
    double v;
    struct hr_str u;
    int r = number_and_unit(s, &v, &u, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < HR_COUNT(units); i++) {
        if (!hr_str_is(u, units[i].unit))
            continue;
        if (v * units[i].ns >= 0x1p63)
            return hr_fail(err, HR_E_INVALID, "%.*s is longer than 292 years", HR_STR_ARG(s));
        *ret_ns = (uint64_t)(v * units[i].ns);
        return 0;
    }
    return hr_fail(err, HR_E_INVALID, "'%.*s' is not a duration: write a number with ms, s, m, h or d", HR_STR_ARG(s));
}
