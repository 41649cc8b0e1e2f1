#include "json_small.h"

#include "utf8.h"

#include <string.h>

struct parser {
    const char *p, *end;
    const char *line_start;
    uint32_t line;
    const char *name;
    struct hr_arena *arena;
    struct hr_error *err;
};

static uint32_t column_of(const struct parser *ps)
{
    return (uint32_t)(ps->p - ps->line_start) + 1;
}

static int bad(struct parser *ps, const char *what)
{
    return hr_fail(ps->err, HR_E_FORMAT, "%s:%u:%u: %s", ps->name, ps->line, column_of(ps), what);
}

static int no_room(struct parser *ps, size_t n)
{
    if (ps->arena->ceiling - ps->arena->used < n + 16)
        return hr_fail(ps->err, HR_E_LIMIT, "%s:%u:%u: the text holds more than is read of such a text", ps->name, ps->line,
                       column_of(ps));
    return hr_fail_nomem(ps->err, n, ps->name);
}

static void skip_blanks(struct parser *ps)
{
    for (; ps->p < ps->end; ps->p++) {
        if (*ps->p == '\n') {
            ps->line++;
            ps->line_start = ps->p + 1;
        } else if (*ps->p != ' ' && *ps->p != '\t' && *ps->p != '\r') {
            return;
        }
    }
}

static bool eat(struct parser *ps, char c)
{
    if (ps->p == ps->end || *ps->p != c)
        return false;
    ps->p++;
    return true;
}

static bool digits(struct parser *ps)
{
    const char *from = ps->p;
    while (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9')
        ps->p++;
    return ps->p != from;
}

static int number(struct parser *ps, struct hr_js *v)
{
    const char *from = ps->p;
    eat(ps, '-');
    bool zero = ps->p < ps->end && *ps->p == '0';
    const char *first = ps->p;
    if (!digits(ps) || (zero && ps->p - first > 1))
        return bad(ps, "a number is malformed: digits without a leading zero are expected");
    if (eat(ps, '.') && !digits(ps))
        return bad(ps, "a number is malformed: digits are expected after the decimal point");
    if (eat(ps, 'e') || eat(ps, 'E')) {
        if (!eat(ps, '+'))
            eat(ps, '-');
        if (!digits(ps))
            return bad(ps, "a number is malformed: digits are expected in the exponent");
    }
    v->type = HR_JS_NUMBER;
    v->text.n = (size_t)(ps->p - from);
    v->text.p = hr_arena_str(ps->arena, from, v->text.n);
    return v->text.p == NULL ? no_room(ps, v->text.n) : 0;
}

static int hex4(struct parser *ps, uint32_t *ret)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++, ps->p++) {
        char c = ps->p < ps->end ? *ps->p : 0;
        uint32_t d = c >= '0' && c <= '9' ? (uint32_t)(c - '0') : (uint32_t)((c | 0x20) - 'a' + 10);
        if (d > 15 || (d > 9 && ((c | 0x20) < 'a' || (c | 0x20) > 'f')))
            return bad(ps, "four hexadecimal digits are expected after \\u");
        v = v << 4 | d;
    }
    *ret = v;
    return 0;
}

/* UTF-8 of a code point that is no surrogate; returns the bytes written, at most 4. */
static size_t encode(uint32_t c, char *to)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3F));
    to[0] = (char)((0xF00 >> n & 0xFF) | c);
    return n;
}

static int unicode_escape(struct parser *ps, char *to, size_t *n)
{
    uint32_t c = 0, low = 0;
    int r = hex4(ps, &c);
    if (r < 0)
        return r;
    if (c >= 0xD800 && c < 0xDC00) {
        if (!eat(ps, '\\') || !eat(ps, 'u'))
            return bad(ps, "half of a surrogate pair stands alone");
        r = hex4(ps, &low);
        if (r < 0)
            return r;
        if (low < 0xDC00 || low > 0xDFFF)
            return bad(ps, "half of a surrogate pair stands alone");
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    } else if (c >= 0xDC00 && c < 0xE000) {
        return bad(ps, "half of a surrogate pair stands alone");
    }
    *n += encode(c, to + *n);
    return 0;
}

static int escape(struct parser *ps, char *to, size_t *n)
{
    static const char from[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    char c = ps->p < ps->end ? *ps->p++ : 0;
    if (c == 'u')
        return unicode_escape(ps, to, n);
    const char *at = c == 0 ? NULL : strchr(from, c);
    if (at == NULL)
        return bad(ps, "an unknown escape in a string");
    to[(*n)++] = meant[at - from];
    return 0;
}

/* The text up to the closing quote; decoded it is never longer than written. */
static int string(struct parser *ps, struct hr_str *ret)
{
    const char *close = ++ps->p;
    while (close < ps->end && *close != '"')
        close += *close == '\\' && close + 1 < ps->end ? 2 : 1;
    if (close >= ps->end)
        return bad(ps, "a string is not closed");
    char *to = hr_arena_alloc(ps->arena, (size_t)(close - ps->p) + 1);
    if (to == NULL)
        return no_room(ps, (size_t)(close - ps->p) + 1);
    size_t n = 0;
    while (ps->p < close) {
        if (*ps->p == '\\') {
            ps->p++;
            int r = escape(ps, to, &n);
            if (r < 0)
                return r;
            continue;
        }
        if ((unsigned char)*ps->p < 0x20)
            return bad(ps, "a control character stands in a string; write it as \\u00XX");
        struct hr_str rest = { ps->p, (size_t)(close - ps->p) };
        bool ok = true;
        hr_utf8_next(&rest, &ok);
        if (!ok)
            return bad(ps, "the bytes are not UTF-8");
        memcpy(to + n, ps->p, (size_t)(rest.p - ps->p));
        n += (size_t)(rest.p - ps->p);
        ps->p = rest.p;
    }
    ps->p = close + 1;
    *ret = (struct hr_str){ to, n }; /* the arena's bytes are zero, so it is terminated */
    return 0;
}

static int word(struct parser *ps, struct hr_js *v)
{
    static const struct {
        const char *text;
        enum hr_js_type type;
    } words[] = { { "null", HR_JS_NULL }, { "true", HR_JS_TRUE }, { "false", HR_JS_FALSE } };
    struct hr_str rest = { ps->p, (size_t)(ps->end - ps->p) };
    for (size_t i = 0; i < HR_COUNT(words); i++) {
        if (!hr_str_starts(rest, words[i].text))
            continue;
        v->type = words[i].type;
        ps->p += strlen(words[i].text);
        return 0;
    }
    return bad(ps, "a value is expected here");
}

static int value(struct parser *ps, int depth, struct hr_js *v);

static int duplicate(struct parser *ps, const struct hr_js *o, struct hr_str key)
{
    for (const struct hr_js *c = o->child; c != NULL; c = c->next)
        if (hr_str_eq(c->key, key))
            return hr_fail(ps->err, HR_E_FORMAT, "%s:%u:%u: the key '%.*s' stands twice in one object", ps->name, ps->line,
                           column_of(ps), HR_STR_ARG(key));
    return 0;
}

/* Objects of such texts have few keys; the ceiling keeps the quadratic search for duplicates small. */
enum { KEYS_MAX = 4096 };

static int member_key(struct parser *ps, struct hr_js *o, struct hr_str *ret)
{
    if (ps->p == ps->end || *ps->p != '"')
        return bad(ps, "a key in double quotes is expected here");
    int r = string(ps, ret);
    if (r == 0 && o->n >= KEYS_MAX)
        r = hr_fail(ps->err, HR_E_LIMIT, "%s:%u: an object has more than %d keys", ps->name, ps->line, KEYS_MAX);
    if (r == 0)
        r = duplicate(ps, o, *ret);
    skip_blanks(ps);
    if (r == 0 && !eat(ps, ':'))
        r = bad(ps, "a colon is expected after the key");
    skip_blanks(ps);
    return r;
}

static int members(struct parser *ps, int depth, struct hr_js *v)
{
    bool object = v->type == HR_JS_OBJECT;
    char close = object ? '}' : ']';
    struct hr_js **tail = &v->child;
    ps->p++;
    skip_blanks(ps);
    if (eat(ps, close))
        return 0;
    if (depth == HR_JS_DEPTH)
        return hr_fail(ps->err, HR_E_LIMIT, "%s:%u:%u: the text is nested deeper than %d levels", ps->name, ps->line,
                       column_of(ps), HR_JS_DEPTH);
    for (;;) {
        struct hr_str key = { NULL, 0 };
        int r = object ? member_key(ps, v, &key) : 0;
        if (r < 0)
            return r;
        struct hr_js *c = HR_ARENA_NEW(ps->arena, struct hr_js);
        if (c == NULL)
            return no_room(ps, sizeof *c);
        c->key = key;
        r = value(ps, depth + 1, c);
        if (r < 0)
            return r;
        *tail = c;
        tail = &c->next;
        v->n++;
        skip_blanks(ps);
        if (eat(ps, close))
            return 0;
        if (!eat(ps, ','))
            return bad(ps, object ? "a comma or '}' is expected here" : "a comma or ']' is expected here");
        skip_blanks(ps);
    }
}

static int value(struct parser *ps, int depth, struct hr_js *v)
{
    v->where = ps->name;
    v->line = ps->line;
    v->column = column_of(ps);
    if (ps->p == ps->end)
        return bad(ps, "the text ends where a value is expected");
    switch (*ps->p) {
    case '{':
        v->type = HR_JS_OBJECT;
        return members(ps, depth, v);
    case '[':
        v->type = HR_JS_ARRAY;
        return members(ps, depth, v);
    case '"':
        v->type = HR_JS_STRING;
        return string(ps, &v->text);
    case '-':
    case '0' ... '9':
        return number(ps, v);
    default:
        return word(ps, v);
    }
}

int hr_js_parse(struct hr_str text, const char *name, struct hr_arena *a, const struct hr_js **ret, struct hr_error *err)
{
    if (text.n > HR_JS_SIZE)
        return hr_fail(err, HR_E_LIMIT, "%s is larger than the %d bytes that are read of such a text", name, HR_JS_SIZE);
    struct parser ps = { .p = text.p, .end = text.p + text.n, .line_start = text.p, .line = 1, .name = name, .arena = a, .err = err };
    struct hr_js *root = HR_ARENA_NEW(a, struct hr_js);
    if (root == NULL)
        return no_room(&ps, sizeof *root);
    skip_blanks(&ps);
    int r = value(&ps, 0, root);
    if (r < 0)
        return r;
    skip_blanks(&ps);
    if (ps.p != ps.end)
        return bad(&ps, "there is something after the value");
    *ret = root;
    return 0;
}
