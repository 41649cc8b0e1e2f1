/* Secrets that the name before them gives away: NAME=VALUE, "name": "value", --name VALUE, Authorization: ... */
#include "redact_inside.h"

#include <string.h>

enum { NAME_MAX_BYTES = 64, VALUE_MAX_BYTES = 64 << 10 };

/* The last two parts of a name in lower case: hf_token, api-key, clientSecret, db.password. */
struct parts {
    char last[24], before[24];
    bool upper; /* all of it is upper case */
};

static bool is_sep(char c)
{
    return c == '_' || c == '-' || c == '.';
}

static void put_part(char to[24], struct hr_str s, size_t from, size_t n)
{
    n = HR_MIN(n, (size_t)23);
    for (size_t i = 0; i < n; i++)
        to[i] = hr_lower(s.p[from + i]);
    to[n] = 0;
}

static struct parts parts_of(struct hr_str name)
{
    struct parts p = { "", "", true };
    size_t end = name.n;
    for (size_t i = 0; i < name.n; i++)
        p.upper = p.upper && !(name.p[i] >= 'a' && name.p[i] <= 'z');
    for (int which = 0; which < 2; which++) {
        while (end > 0 && is_sep(name.p[end - 1]))
            end--;
        size_t from = end;
        while (from > 0 && !is_sep(name.p[from - 1])) {
            from--;
            bool hump = name.p[from] >= 'A' && name.p[from] <= 'Z' && from > 0 && name.p[from - 1] >= 'a' && name.p[from - 1] <= 'z';
            if (hump)
                break;
        }
        put_part(which == 0 ? p.last : p.before, name, from, end - from);
        end = from;
    }
    return p;
}

static bool among(const char *word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(word, list[i]) == 0)
            return true;
    return false;
}
#define AMONG(word, list) among(word, list, HR_COUNT(list))

bool hr_redact_is_secret_name(struct hr_str name)
{
    static const char *const always[] = { "secret", "password",  "passwd",      "passphrase",    "apikey",    "credential", "credentials",
                                          "cookie", "accesskey", "secretkey",   "privatekey",    "authtoken", "accesstoken", "bearer",
                                          "signature", "sas",    "apitoken",    "authorization", "hftoken",   "passcode" };
    /* a model's vocabulary and the counting of tokens are no secrets */
    static const char *const no_token[] = { "eos", "bos", "pad", "unk", "mask", "cls", "sep", "image", "video", "audio", "max", "min",
                                            "num", "new", "per", "special", "start", "end", "stop", "next", "add", "first", "last",
                                            "decoder", "prefix", "suffix", "every", "one", "by", "begin", "think", "boi", "eoi" };
    static const char *const keys[] = { "api", "access", "secret", "private", "auth", "account", "license", "storage", "signing",
                                        "encryption", "ssh", "service", "client", "app", "consumer", "master", "deploy", "shared" };
    static const char *const no_pass[] = { "forward", "backward", "one", "two", "multi", "single", "first", "second", "by", "per" };
    struct parts p = parts_of(name);
    if (AMONG(p.last, always))
        return true;
    if (strcmp(p.last, "token") == 0)
        return !AMONG(p.before, no_token);
    if (strcmp(p.last, "key") == 0 || strcmp(p.last, "keys") == 0)
        return AMONG(p.before, keys) || (p.upper && p.before[0] != 0 && p.last[3] == 0);
    if (strcmp(p.last, "pass") == 0 || strcmp(p.last, "pwd") == 0)
        return p.before[0] != 0 && !AMONG(p.before, no_pass) && strcmp(p.before, "old") != 0;
    return strcmp(p.last, "pat") == 0 && p.before[0] != 0;
}

static bool in_name(char c)
{
    return hr_is_alnum(c) || is_sep(c);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Values that nobody keeps secret. */
static bool is_plain(struct hr_str v)
{
    static const char *const words[] = { "true", "false", "none", "null", "yes", "no", "on", "off", "auto", "default", "bearer", "basic" };
    size_t digits = 0;
    char low[16] = "";
    if (v.n == 0 || strchr("<${%", v.p[0]) != NULL)
        return true;
    while (digits < v.n && hr_is_digit(v.p[digits]))
        digits++;
    if (digits == v.n && v.n <= 5)
        return true;
    if (v.n < sizeof low)
        for (size_t i = 0; i < v.n; i++)
            low[i] = hr_lower(v.p[i]);
    return AMONG(low, words);
}

/* Where the value begins that follows a name ending at `i`; 0: none does.  A flag's value may be the next word. */
static size_t value_at(struct hr_str s, size_t i, bool flag)
{
    size_t from = i;
    char c = hr_char_at(s, i);
    if (c == '"' || c == '\'')
        c = hr_char_at(s, ++i);
    while (is_blank(c) && i < s.n)
        c = hr_char_at(s, ++i);
    if (i < s.n && (c == '=' || c == ':')) {
        bool tight = c == '=' && i > 0 && !is_blank(s.p[i - 1]); /* "NAME= x": the value is empty */
        for (i++; !tight && i < s.n && is_blank(s.p[i]); i++)
            ;
        return i;
    }
    if (!flag || from >= s.n || (s.p[from] != 0 && !is_blank(s.p[from])))
        return 0;
    for (i = from + 1; i < s.n && is_blank(s.p[i]); i++)
        ;
    return hr_char_at(s, i) == '-' ? 0 : i; /* the next flag */
}

/* To the closing quote, or to what ends a word; with `line` to the line's end. */
static struct hr_span value_span(struct hr_str s, size_t i, bool line)
{
    char quote = hr_char_at(s, i);
    bool quoted = quote == '"' || quote == '\'' || quote == '`';
    size_t from = i + quoted, to = from;
    for (; to < s.n && to - from < VALUE_MAX_BYTES; to++) {
        char c = s.p[to];
        if (c == 0 || c == '\n' || c == '\r' || (quoted && c == quote))
            break;
        if (!quoted && (line ? c == '"' || c == '\'' : (unsigned char)c <= ' ' || strchr("\"'`,;&()]}<>|", c) != NULL))
            break;
    }
    return (struct hr_span) { from, to, HR_SECRET_PASS };
}

static bool worth(struct hr_str s, struct hr_span v, struct hr_span *ret)
{
    if (v.from >= v.to || is_plain((struct hr_str) { s.p + v.from, v.to - v.from }))
        return false;
    *ret = v;
    return true;
}

/* curl -u NAME:PASSWORD; numbers are docker's user ids. */
static bool user_and_pass(struct hr_str s, size_t i, struct hr_span *ret)
{
    size_t v = value_at(s, i, true);
    if (v == 0)
        return false;
    struct hr_span value = value_span(s, v, false);
    struct hr_str text = { s.p + value.from, value.to - value.from };
    const char *colon = text.n != 0 ? memchr(text.p, ':', text.n) : NULL;
    return colon != NULL && !hr_is_digit(text.p[0]) && worth(s, value, ret);
}

bool hr_shape_assignment(struct hr_str s, size_t at, struct hr_span *ret)
{
    size_t i = at;
    char before = hr_char_before(s, at);
    if (!(hr_is_letter(s.p[at]) || s.p[at] == '_') || hr_is_alnum(before) || before == '_')
        return false;
    while (i < s.n && in_name(s.p[i]) && i - at <= NAME_MAX_BYTES)
        i++;
    struct hr_str name = { s.p + at, i - at };
    bool flag = before == '-';
    if (name.n > NAME_MAX_BYTES)
        return false;
    if (flag && (hr_str_is(name, "u") || hr_str_is(name, "user") || hr_str_is(name, "proxy-user")))
        return user_and_pass(s, i, ret);
    if (!hr_redact_is_secret_name(name) && !(flag && (hr_str_is(name, "pass") || hr_str_is(name, "pwd"))))
        return false;
    size_t v = value_at(s, i, flag);
    if (v == 0)
        return false;
    static const char *const whole_line[] = { "authorization", "cookie" };
    struct parts p = parts_of(name);
    bool line = AMONG(p.last, whole_line);
    return worth(s, value_span(s, v, line), ret);
}

/* "Bearer abc...", "Basic dXNl...": also without the header's name. */
bool hr_shape_bearer(struct hr_str s, size_t at, struct hr_span *ret)
{
    static const char *const words[] = { "bearer", "basic" };
    if (hr_is_alnum(hr_char_before(s, at)))
        return false;
    for (size_t w = 0; w < HR_COUNT(words); w++) {
        size_t n = strlen(words[w]), k = 0, i = at + n;
        while (k < n && hr_lower(hr_char_at(s, at + k)) == words[w][k])
            k++;
        if (k < n || !is_blank(hr_char_at(s, i)) || i >= s.n)
            continue;
        while (i < s.n && is_blank(s.p[i]))
            i++;
        struct hr_span v = value_span(s, i, false);
        if (v.to - v.from >= 12 && worth(s, v, ret))
            return true;
    }
    return false;
}

/* "Serial Number: XYZ", "serial": "XYZ" */
bool hr_shape_serial(struct hr_str s, size_t at, struct hr_span *ret)
{
    static const char word[] = "serial", number[] = "number";
    size_t i = at, k = 0;
    if (hr_is_alnum(hr_char_before(s, at)))
        return false;
    for (; k < 6 && hr_lower(hr_char_at(s, i)) == word[k]; k++)
        i++;
    if (k < 6)
        return false;
    size_t j = i + (hr_char_at(s, i) == ' ' || hr_char_at(s, i) == '_');
    for (k = 0; k < 6 && hr_lower(hr_char_at(s, j)) == number[k]; k++)
        j++;
    i = k == 6 ? j : i;
    size_t v = value_at(s, i, false);
    if (v == 0)
        return false;
    struct hr_span value = value_span(s, v, false);
    struct hr_str text = { s.p + value.from, value.to - value.from };
    if (text.n < 4 || is_plain(text) || memchr(text.p, '/', text.n) != NULL) /* "Serial: 8250/16550 driver" */
        return false;
    *ret = (struct hr_span) { value.from, value.to, HR_SECRET_SERIAL };
    return true;
}
