#include "json_text.h"

#include "decimal.h"
#include "json_row.h"
#include "utf8.h"

#include <string.h>

static const char *trouble(struct hr_json_trouble *t, const char *at, const char *why)
{
    *t = (struct hr_json_trouble){ at, why };
    return NULL;
}

/* Bytes at p that mean themselves inside a string: no quote, no backslash, no control character, ASCII. */
static size_t plain_run(const char *p)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    size_t n = 0;
    for (;;) {
        uint64_t v = hr_load8(p + n);
        uint64_t quote = v ^ ones * '"', slash = v ^ ones * '\\';
        uint64_t stop = ((v - ones * 0x20) | (quote - ones) | (slash - ones) | v) & tops;
        if (stop == 0) {
            n += 8;
            continue;
        }
        /* A borrow can only come from a byte that stops by itself, so the first one found is right. */
        return n + (size_t)__builtin_ctzll(stop) / 8;
    }
}

static int hex4(const char *p)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i], l = (char)(c | 0x20);
        int d = c >= '0' && c <= '9' ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

static void add_utf8(struct hr_buf *b, uint32_t c)
{
    char t[4];
    size_t n = 0;
    if (c < 0x80) {
        t[n++] = (char)c;
    } else if (c < 0x800) {
        t[n++] = (char)(0xC0 | c >> 6);
        t[n++] = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        t[n++] = (char)(0xE0 | c >> 12);
        t[n++] = (char)(0x80 | (c >> 6 & 0x3F));
        t[n++] = (char)(0x80 | (c & 0x3F));
    } else {
        t[n++] = (char)(0xF0 | c >> 18);
        t[n++] = (char)(0x80 | (c >> 12 & 0x3F));
        t[n++] = (char)(0x80 | (c >> 6 & 0x3F));
        t[n++] = (char)(0x80 | (c & 0x3F));
    }
    hr_buf_add(b, t, n);
}

/* p is behind the backslash. */
static const char *escape(const char *p, struct hr_buf *to, struct hr_json_trouble *t)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    const char *at = *p != 0 ? strchr(from, *p) : NULL;
    if (at != NULL) {
        hr_buf_addc(to, into[at - from]);
        return p + 1;
    }
    int c = *p == 'u' ? hex4(p + 1) : -1;
    if (c < 0)
        return trouble(t, p - 1, "the escape is none of JSON's");
    if (c >= 0xD800 && c < 0xDC00 && p[5] == '\\' && p[6] == 'u') {
        int low = hex4(p + 7);
        if (low >= 0xDC00 && low < 0xE000) {
            add_utf8(to, 0x10000 + ((uint32_t)(c - 0xD800) << 10 | (uint32_t)(low - 0xDC00)));
            return p + 11;
        }
    }
    if (c >= 0xD800 && c < 0xE000)
        return trouble(t, p - 1, "half of a surrogate pair is escaped");
    add_utf8(to, (uint32_t)c);
    return p + 5;
}

/* A character beyond ASCII at p: its length, or 0 when it is malformed. */
static size_t wide_char(const char *p)
{
    struct hr_str rest = { p, strnlen(p, 4) };
    bool ok;
    size_t n = rest.n;
    (void)hr_utf8_next(&rest, &ok);
    return ok ? n - rest.n : 0;
}

const char *hr_json_string(const char *p, struct hr_buf *scratch, struct hr_str *ret, struct hr_json_trouble *ret_t)
{
    const char *start = ++p; /* of what has not been copied yet */
    bool copied = false;
    for (;;) {
        p += plain_run(p);
        if (*p == '"')
            break;
        if (*p == '\\') {
            if (!copied)
                hr_buf_reset(scratch);
            copied = true;
            hr_buf_add(scratch, start, (size_t)(p - start));
            p = start = escape(p + 1, scratch, ret_t);
            if (p == NULL)
                return NULL;
        } else if ((unsigned char)*p < 0x20) {
            return trouble(ret_t, p, *p == 0 ? "the text ends inside a string" : "a control character stands in a string");
        } else {
            size_t n = wide_char(p);
            if (n == 0)
                return trouble(ret_t, p, "a string is not UTF-8");
            p += n;
        }
    }
    if (copied)
        hr_buf_add(scratch, start, (size_t)(p - start));
    if (copied && scratch->failed)
        return trouble(ret_t, p, "a string is too long");
    *ret = copied ? hr_buf_str(scratch) : (struct hr_str){ start, (size_t)(p - start) };
    return p + 1;
}

/* As hr_json_string, for strings that nobody wants. */
static const char *skip_string(const char *p, struct hr_json_trouble *t)
{
    struct hr_buf none = HR_BUF_INIT(0); /* takes nothing */
    for (p++;;) {
        p += plain_run(p);
        if (*p == '"')
            return p + 1;
        if (*p == '\\') {
            p = escape(p + 1, &none, t);
            if (p == NULL)
                return NULL;
        } else if ((unsigned char)*p < 0x20) {
            return trouble(t, p, *p == 0 ? "the text ends inside a string" : "a control character stands in a string");
        } else {
            size_t n = wide_char(p);
            if (n == 0)
                return trouble(t, p, "a string is not UTF-8");
            p += n;
        }
    }
}

static const char *skip_scalar(const char *p, struct hr_json_trouble *t)
{
    static const char *const words[] = { "true", "false", "null", "NaN", "Infinity", "-Infinity" };
    if (*p == '"')
        return skip_string(p, t);
    struct hr_decimal d;
    const char *end = hr_decimal_scan(p, &d);
    if (end != NULL)
        return end;
    for (size_t i = 0; i < HR_COUNT(words); i++)
        if (strncmp(p, words[i], strlen(words[i])) == 0)
            return p + strlen(words[i]);
    return trouble(t, p, *p == 0 ? "the text ends where a value is expected" : "a value is expected");
}

static const char *skip_key(const char *p, struct hr_json_trouble *t)
{
    if (*p != '"')
        return trouble(t, p, "a key in quotes is expected");
    p = skip_string(p, t);
    if (p == NULL)
        return NULL;
    p = hr_json_blanks(p);
    return *p == ':' ? hr_json_blanks(p + 1) : trouble(t, p, "a colon is expected");
}

const char *hr_json_skip(const char *p, struct hr_json_trouble *ret_t)
{
    uint64_t object = 0; /* bit d: level d is an object */
    int depth = 0;
    p = hr_json_blanks(p);
    for (;;) {
        bool open = *p == '[' || *p == '{';
        if (open && depth == HR_JSON_DEPTH)
            return trouble(ret_t, p, "values are nested deeper than 64 levels");
        if (open) {
            uint64_t bit = (uint64_t)1 << depth++;
            object = *p == '{' ? object | bit : object & ~bit;
            bool is_object = *p == '{';
            p = hr_json_blanks(p + 1);
            if (*p != (is_object ? '}' : ']')) {
                p = is_object ? skip_key(p, ret_t) : p;
                if (p == NULL)
                    return NULL;
                continue;
            }
        } else {
            p = skip_scalar(p, ret_t);
            if (p == NULL || depth == 0)
                return p;
            p = hr_json_blanks(p);
        }
        /* Behind a value, or at the bracket that ends an empty container. */
        while (*p == (object >> (depth - 1) & 1 ? '}' : ']')) {
            p++;
            if (--depth == 0)
                return p;
            p = hr_json_blanks(p);
        }
        if (*p != ',')
            return trouble(ret_t, p, *p == 0 ? "the text ends inside a value" : "a comma or a closing bracket is expected");
        p = hr_json_blanks(p + 1);
        if (object >> (depth - 1) & 1)
            p = skip_key(p, ret_t);
        if (p == NULL)
            return NULL;
    }
}

enum hr_json_kind hr_json_kind(const char *p)
{
    switch (*p) {
    case '{': return HR_JSON_OBJECT;
    case '[': return HR_JSON_ARRAY;
    case '"': return HR_JSON_STRING;
    case 't':
    case 'f': return HR_JSON_TRUE_FALSE;
    case 'n': return HR_JSON_NULL;
    case 'N':
    case 'I':
    case '-': return HR_JSON_NUMBER;
    default: return *p >= '0' && *p <= '9' ? HR_JSON_NUMBER : HR_JSON_BAD;
    }
}

const char *hr_json_kind_name(enum hr_json_kind k)
{
    static const char *const names[] = { "no value", "an object", "an array", "a string", "a number", "true or false", "null" };
    return names[k];
}
