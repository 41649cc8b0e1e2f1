/* Shapes that tell by themselves what they are: addresses, ids, mail, tokens of the known services, homes. */
#include "redact_inside.h"

#include <string.h>

static bool word_begins(struct hr_str s, size_t at)
{
    return !hr_is_alnum(hr_char_before(s, at));
}

static bool span(struct hr_span *ret, size_t from, size_t to, enum hr_secret kind)
{
    *ret = (struct hr_span) { from, to, kind };
    return true;
}

static size_t hex_run(struct hr_str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.n && hr_is_hex(s.p[at + n]))
        n++;
    return n;
}

/* `groups` groups of `digits` hex digits with `sep` between, and nothing of the kind behind; the length, or 0. */
static size_t hex_groups(struct hr_str s, size_t at, size_t groups, size_t digits, char sep)
{
    size_t i = at;
    for (size_t g = 0; g < groups; g++) {
        if (g != 0 && hr_char_at(s, i++) != sep)
            return 0;
        if (hex_run(s, i) != digits)
            return 0;
        i += digits;
    }
    return hr_is_alnum(hr_char_at(s, i)) || (hr_char_at(s, i) == sep && hr_is_hex(hr_char_at(s, i + 1))) ? 0 : i - at;
}

/* --- ids --- */

bool hr_shape_uuid(struct hr_str s, size_t at, struct hr_span *ret)
{
    static const size_t digits[] = { 8, 4, 4, 4, 12 };
    size_t i = at;
    if (!word_begins(s, at))
        return false;
    for (size_t g = 0; g < HR_COUNT(digits); g++) {
        if ((g != 0 && hr_char_at(s, i++) != '-') || hex_run(s, i) != digits[g])
            return false;
        i += digits[g];
    }
    return !hr_is_alnum(hr_char_at(s, i)) && span(ret, at, i, HR_SECRET_UUID);
}

bool hr_shape_mac(struct hr_str s, size_t at, struct hr_span *ret)
{
    static const struct {
        size_t groups, digits;
        char sep;
    } forms[] = { { 6, 2, ':' }, { 6, 2, '-' }, { 8, 2, ':' }, { 20, 2, ':' }, { 4, 4, ':' } };
    char before = hr_char_before(s, at);
    if (!word_begins(s, at) || !hr_is_hex(hr_char_at(s, at)) || before == ':')
        return false;
    for (size_t i = 0; i < HR_COUNT(forms); i++) {
        size_t n = hex_groups(s, at, forms[i].groups, forms[i].digits, forms[i].sep);
        if (n != 0)
            return span(ret, at, at + n, HR_SECRET_MAC);
    }
    return false;
}

bool hr_shape_id(struct hr_str s, size_t at, struct hr_span *ret)
{
    return word_begins(s, at) && hex_run(s, at) == 32 && !hr_is_alnum(hr_char_at(s, at + 32)) &&
           span(ret, at, at + 32, HR_SECRET_ID);
}

/* --- addresses --- */

/* Versions look like addresses: "WSL version: 2.4.12.0", "cublas-12.4.5.8", "==9.1.0.70".  An address stands alone, its last part
 * is not 0, and the line says nothing of a version before it. */
static bool is_version(struct hr_str s, size_t at)
{
    static const char *const words[] = { "ersion", "VERSION", "elease", "river", "ernel" };
    char b = hr_char_before(s, at);
    if (hr_is_alnum(b) || b == '-' || b == '_' || b == '.' || b == '+')
        return true;
    if (at >= 2 && b == '=' && strchr("=<>~!", s.p[at - 2]) != NULL && s.p[at - 2] != 0)
        return true;
    size_t line = at;
    while (line > 0 && at - line < 80 && s.p[line - 1] != '\n' && s.p[line - 1] != 0)
        line--;
    for (size_t w = 0; w < HR_COUNT(words); w++)
        if (memmem(s.p + line, at - line, words[w], strlen(words[w])) != NULL)
            return true;
    return false;
}

bool hr_shape_ip4(struct hr_str s, size_t at, struct hr_span *ret)
{
    unsigned part[4];
    size_t i = at;
    for (unsigned p = 0; p < 4; p++) {
        size_t from = i;
        if (p != 0 && hr_char_at(s, i++) != '.')
            return false;
        from = i;
        for (part[p] = 0; hr_is_digit(hr_char_at(s, i)) && i - from < 4; i++)
            part[p] = part[p] * 10 + (unsigned)(s.p[i] - '0');
        if (i == from || part[p] > 255)
            return false;
    }
    char after = hr_char_at(s, i);
    if (hr_is_alnum(after) || after == '-' || after == '_' || (after == '.' && hr_is_alnum(hr_char_at(s, i + 1))))
        return false;
    /* everybody's own: this machine, "any", masks, WSL's name server, groups, what AWS and others answer on */
    if (part[0] == 0 || part[0] == 127 || part[0] >= 224 || part[3] == 0 || is_version(s, at) ||
        (part[0] == 10 && part[1] == 255 && part[2] == 255) || (part[0] == 169 && part[1] == 254))
        return false;
    return span(ret, at, i, HR_SECRET_ADDRESS);
}

bool hr_shape_ip6(struct hr_str s, size_t at, struct hr_span *ret)
{
    size_t i = at, groups = 0, colons = 0, run;
    bool gap = false;
    if (!word_begins(s, at) || hr_char_before(s, at) == ':' || !hr_is_hex(hr_char_at(s, at)))
        return false;
    for (;;) {
        run = hex_run(s, i);
        if (run > 4)
            return false;
        groups += run != 0;
        i += run;
        if (hr_char_at(s, i) != ':')
            break;
        if (hr_char_at(s, i + 1) == ':') {
            if (gap)
                return false;
            gap = true;
            i++, colons++;
        } else if (!hr_is_hex(hr_char_at(s, i + 1))) {
            break; /* the colon belongs to what follows */
        }
        i++, colons++;
    }
    if (hr_is_alnum(hr_char_at(s, i)) || groups > 8 || (!gap && groups != 8) || groups < 2)
        return false;
    return span(ret, at, i, HR_SECRET_ADDRESS);
}

static bool in_mail(char c)
{
    return hr_is_alnum(c) || c == '.' || c == '-' || c == '_' || c == '+' || c == '%';
}

/* systemd's units look like mail. */
static bool is_unit(struct hr_str tld)
{
    static const char *const units[] = { "service", "slice", "socket", "mount", "target", "scope", "timer", "device", "path", "swap" };
    for (size_t i = 0; i < HR_COUNT(units); i++)
        if (hr_str_is(tld, units[i]))
            return true;
    return false;
}

bool hr_shape_email(struct hr_str s, size_t at, struct hr_span *ret)
{
    size_t i = at, dot = 0;
    if (in_mail(hr_char_before(s, at)) || !hr_is_alnum(hr_char_at(s, at)))
        return false;
    while (in_mail(hr_char_at(s, i)) && i - at < 64)
        i++;
    struct hr_str box = { s.p + at, i - at };
    if (hr_char_at(s, i) != '@' || hr_str_is(box, "git") || hr_redact_is_harmless(HR_SECRET_PASS, box))
        return false; /* what a URL's user and password have become is no mail */
    size_t domain = ++i;
    if (!hr_is_alnum(hr_char_at(s, i)))
        return false;
    for (; in_mail(hr_char_at(s, i)) && i - domain < 255 && !(s.p[i] == '.' && s.p[i - 1] == '.'); i++)
        if (s.p[i] == '.' && hr_is_alnum(hr_char_at(s, i + 1)))
            dot = i;
    if (hr_char_at(s, i) == '@')
        return false; /* a@b.cd@e.fg: the last two parts are the address, and stay it when they have become a placeholder */
    while (i > domain && !hr_is_alnum(s.p[i - 1]))
        i--;
    if (dot == 0 || i < dot + 3)
        return false;
    struct hr_str tld = { s.p + dot + 1, i - dot - 1 };
    for (size_t k = 0; k < tld.n; k++)
        if (!hr_is_letter(tld.p[k]))
            return false;
    return !is_unit(tld) && span(ret, at, i, HR_SECRET_EMAIL);
}

/* --- tokens --- */

static bool in_token(char c)
{
    return hr_is_alnum(c) || c == '_' || c == '-';
}

static const struct {
    const char *front;
    size_t least; /* characters behind it */
} tokens[] = {
    { "hf_", 20 },     { "ghp_", 20 },   { "gho_", 20 },   { "ghu_", 20 },    { "ghs_", 20 },      { "ghr_", 20 },
    { "glpat-", 16 },  { "sk-", 16 },    { "AKIA", 16 },   { "ASIA", 16 },    { "github_pat_", 20 }, { "xoxb-", 16 },
    { "xoxp-", 16 },   { "xoxa-", 16 },  { "AIza", 30 },   { "npm_", 30 },    { "pypi-", 30 },     { "dckr_pat_", 16 },
    { "nvapi-", 20 },  { "gsk_", 20 },   { "r8_", 30 },    { "wandb_v1_", 16 }, { "tskey-", 16 },  { "dop_v1_", 30 },
    { "api_org_", 20 }, { "sntrys_", 20 }, { "lsv2_", 20 }, { "ya29", 20 },    { "pk_live_", 16 }, { "sk_live_", 16 },
};

bool hr_shape_token(struct hr_str s, size_t at, struct hr_span *ret)
{
    struct hr_str here = { s.p + at, s.n - at };
    if (!word_begins(s, at))
        return false;
    for (size_t t = 0; t < HR_COUNT(tokens); t++) {
        size_t n = strlen(tokens[t].front), i = at + n;
        if (!hr_str_starts(here, tokens[t].front))
            continue;
        while (i < s.n && in_token(s.p[i]))
            i++;
        if (i - at - n >= tokens[t].least)
            return span(ret, at, i, HR_SECRET_PASS);
    }
    /* wandb login 0123...: forty hex digits behind the word */
    if (at > 6 && hex_run(s, at) == 40 && !hr_is_alnum(hr_char_at(s, at + 40)) && memcmp(s.p + at - 6, "login", 5) == 0)
        return span(ret, at, at + 40, HR_SECRET_PASS);
    return false;
}

bool hr_shape_jwt(struct hr_str s, size_t at, struct hr_span *ret)
{
    size_t i = at;
    if (!word_begins(s, at) || s.n - at < 20 || memcmp(s.p + at, "eyJ", 3) != 0)
        return false;
    for (int part = 0; part < 3; part++) {
        size_t from = i;
        while (i < s.n && in_token(s.p[i]))
            i++;
        if (i - from < 8 || (part < 2 && hr_char_at(s, i++) != '.'))
            return false;
    }
    return span(ret, at, i, HR_SECRET_PASS);
}

bool hr_shape_private_key(struct hr_str s, size_t at, struct hr_span *ret)
{
    static const char front[] = "-----BEGIN ", key[] = "PRIVATE KEY-----", end[] = "-----END ";
    if (s.p[at] != '-' || s.n - at < sizeof front || memcmp(s.p + at, front, sizeof front - 1) != 0)
        return false;
    const char *p = memmem(s.p + at, HR_MIN(s.n - at, (size_t)80), key, sizeof key - 1);
    if (p == NULL)
        return false;
    size_t from = (size_t)(p - s.p) + sizeof key - 1;
    const char *q = memmem(s.p + from, s.n - from, end, sizeof end - 1);
    size_t to = q != NULL ? (size_t)(q - s.p) : s.n;
    while (from < to && (s.p[from] == '\n' || s.p[from] == '\r'))
        from++;
    while (to > from && (s.p[to - 1] == '\n' || s.p[to - 1] == '\r'))
        to--;
    return to > from && span(ret, from, to, HR_SECRET_PASS);
}

/* "://user:pass@host": all of what stands before the @. */
bool hr_shape_userinfo(struct hr_str s, size_t at, struct hr_span *ret)
{
    size_t from = at + 3, i = from;
    if (s.p[at] != ':' || hr_char_at(s, at + 1) != '/' || hr_char_at(s, at + 2) != '/')
        return false;
    for (; i < s.n && i - from < 512; i++)
        if ((unsigned char)s.p[i] <= ' ' || strchr("/?#\"'<>\\@", s.p[i]) != NULL)
            break;
    struct hr_str info = { s.p + from, i - from };
    return hr_char_at(s, i) == '@' && info.n != 0 && !hr_str_is(info, "git") && span(ret, from, i, HR_SECRET_PASS);
}

/* --- homes --- */

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

/* What ends a name in a path; backslashes and quotes do, blanks as well: what was told by hr_redact_know may hold them. */
static bool ends_name(char c)
{
    return (unsigned char)c <= ' ' || strchr("/\\:;\"'`,()<>|&=*?[]{}@!#", c) != NULL;
}

/* Windows lets a name hold blanks: "Tricia McMillan", when a backslash or slash follows it.  Its end, or `at`. */
static size_t blank_name(struct hr_str s, size_t at)
{
    size_t to = at, blanks = 0;
    for (; to < s.n && to - at <= 64 && blanks <= 3 && (s.p[to] == ' ' || !ends_name(s.p[to])); to++)
        blanks += s.p[to] == ' ';
    return blanks != 0 && to > at && is_slash(hr_char_at(s, to)) && s.p[to - 1] != ' ' ? to : at;
}

/* `at` is where a name may begin: what stands before it is "/home/", "C:\\Users\\" or the like. */
bool hr_shape_home(struct hr_str s, size_t at, struct hr_span *ret)
{
    static const char *const folders[] = { "home", "users", "media" };
    size_t end = at, to = at;
    if (at == 0 || !is_slash(s.p[at - 1]) || ends_name(s.p[at]))
        return false;
    while (end > 0 && is_slash(s.p[end - 1]))
        end--;
    size_t from = end;
    while (from > 0 && hr_is_letter(s.p[from - 1]) && end - from < 6)
        from--;
    if (from > 0 && !is_slash(s.p[from - 1]))
        return false;
    for (size_t f = 0; f < HR_COUNT(folders); f++) {
        size_t n = strlen(folders[f]), k = 0;
        while (k < n && n == end - from && hr_lower(s.p[from + k]) == folders[f][k])
            k++;
        if (k < n)
            continue;
        to = f == 1 ? blank_name(s, at) : at;
        while (to < s.n && !ends_name(s.p[to]))
            to++;
        return span(ret, at, to, HR_SECRET_USER);
    }
    return false;
}
