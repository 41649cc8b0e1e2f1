#include "json_write.h"

#include "utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool in_object(const struct hr_jw *w)
{
    return w->depth != 0 && (w->in_object >> (w->depth - 1) & 1) != 0;
}

static void line(struct hr_jw *w, unsigned depth)
{
    if (w->indent == 0 || w->compact)
        return;
    hr_buf_addc(w->out, '\n');
    hr_buf_pad(w->out, (size_t)depth * w->indent, ' ');
}

/* The comma and line end before a key, an array's element or the document itself. */
static void separate(struct hr_jw *w)
{
    if (w->depth == 0) {
        w->misused |= w->complete;
        w->complete = true;
        return;
    }
    uint64_t bit = UINT64_C(1) << (w->depth - 1);
    if ((w->nonempty & bit) != 0)
        hr_buf_adds(w->out, w->indent != 0 && w->compact ? ", " : ",");
    w->nonempty |= bit;
    line(w, w->depth);
}

/* Called before every value; false = it has no place here, and nothing must be written. */
static bool place(struct hr_jw *w)
{
    if (w->after_key)
        w->after_key = false;
    else if (in_object(w))
        w->misused = true;
    else
        separate(w);
    return !w->misused;
}

static void quoted(struct hr_buf *b, struct hr_str s)
{
    hr_buf_addc(b, '"');
    while (s.n != 0) {
        size_t plain = 0;
        while (plain < s.n && (unsigned char)s.p[plain] >= 0x20 && (unsigned char)s.p[plain] < 0x7F &&
               s.p[plain] != '"' && s.p[plain] != '\\')
            plain++;
        hr_buf_add(b, s.p, plain);
        s.p += plain;
        s.n -= plain;
        if (s.n == 0)
            break;
        const char *at = s.p;
        bool ok;
        uint32_t c = hr_utf8_next(&s, &ok);
        const char *short_form = c == '"'    ? "\\\""
                                 : c == '\\' ? "\\\\"
                                 : c == '\n' ? "\\n"
                                 : c == '\t' ? "\\t"
                                 : c == '\r' ? "\\r"
                                             : NULL;
        if (!ok)
            hr_buf_adds(b, "\xEF\xBF\xBD");
        else if (short_form != NULL)
            hr_buf_adds(b, short_form);
        else if (c < 0x20 || c == 0x7F)
            hr_buf_printf(b, "\\u%04x", (unsigned)c);
        else
            hr_buf_add(b, at, (size_t)(s.p - at));
    }
    hr_buf_addc(b, '"');
}

static void open_level(struct hr_jw *w, bool object, bool flat)
{
    if (!place(w))
        return;
    if (w->depth == HR_JW_DEPTH) {
        w->misused = true;
        return;
    }
    uint64_t bit = UINT64_C(1) << w->depth;
    w->in_object = object ? w->in_object | bit : w->in_object & ~bit;
    w->nonempty &= ~bit;
    if (flat && !w->compact) {
        w->compact = true;
        w->compact_depth = w->depth;
    }
    w->depth++;
    hr_buf_addc(w->out, object ? '{' : '[');
}

void hr_jw_object(struct hr_jw *w)
{
    open_level(w, true, false);
}

void hr_jw_array(struct hr_jw *w)
{
    open_level(w, false, false);
}

void hr_jw_object_flat(struct hr_jw *w)
{
    open_level(w, true, true);
}

void hr_jw_array_flat(struct hr_jw *w)
{
    open_level(w, false, true);
}

void hr_jw_end(struct hr_jw *w)
{
    if (w->misused || w->depth == 0 || w->after_key) {
        w->misused = true;
        return;
    }
    bool object = in_object(w);
    w->depth--;
    if ((w->nonempty >> w->depth & 1) != 0)
        line(w, w->depth);
    hr_buf_addc(w->out, object ? '}' : ']');
    if (w->compact && w->compact_depth == w->depth)
        w->compact = false;
}

void hr_jw_key_n(struct hr_jw *w, struct hr_str key)
{
    if (w->misused || !in_object(w) || w->after_key) {
        w->misused = true;
        return;
    }
    separate(w);
    quoted(w->out, key);
    hr_buf_adds(w->out, w->indent != 0 ? ": " : ":");
    w->after_key = true;
}

void hr_jw_key(struct hr_jw *w, const char *key)
{
    hr_jw_key_n(w, hr_str(key));
}

static void literal(struct hr_jw *w, struct hr_str text)
{
    if (place(w))
        hr_buf_add(w->out, text.p, text.n);
}

void hr_jw_str_n(struct hr_jw *w, struct hr_str s)
{
    if (place(w))
        quoted(w->out, s);
}

void hr_jw_str(struct hr_jw *w, const char *z)
{
    if (z == NULL)
        hr_jw_null(w);
    else
        hr_jw_str_n(w, hr_str(z));
}

void hr_jw_u64(struct hr_jw *w, uint64_t v)
{
    if (place(w))
        hr_buf_printf(w->out, "%llu", (unsigned long long)v);
}

void hr_jw_i64(struct hr_jw *w, int64_t v)
{
    if (place(w))
        hr_buf_printf(w->out, "%lld", (long long)v);
}

void hr_jw_f64(struct hr_jw *w, double v)
{
    char text[HR_JW_NUMBER];
    size_t n = hr_jw_f64_text(v, text);
    literal(w, (struct hr_str) { text, n });
}

void hr_jw_f32(struct hr_jw *w, float v)
{
    char text[HR_JW_NUMBER];
    size_t n = hr_jw_f32_text(v, text);
    literal(w, (struct hr_str) { text, n });
}

void hr_jw_bool(struct hr_jw *w, bool v)
{
    literal(w, hr_str(v ? "true" : "false"));
}

void hr_jw_null(struct hr_jw *w)
{
    literal(w, HR_STR("null"));
}

void hr_jw_raw(struct hr_jw *w, struct hr_str json)
{
    literal(w, json);
}

void hr_jw_kstr(struct hr_jw *w, const char *key, const char *z)
{
    hr_jw_key(w, key);
    hr_jw_str(w, z);
}

void hr_jw_ku64(struct hr_jw *w, const char *key, uint64_t v)
{
    hr_jw_key(w, key);
    hr_jw_u64(w, v);
}

void hr_jw_ki64(struct hr_jw *w, const char *key, int64_t v)
{
    hr_jw_key(w, key);
    hr_jw_i64(w, v);
}

void hr_jw_kf64(struct hr_jw *w, const char *key, double v)
{
    hr_jw_key(w, key);
    hr_jw_f64(w, v);
}

void hr_jw_kbool(struct hr_jw *w, const char *key, bool v)
{
    hr_jw_key(w, key);
    hr_jw_bool(w, v);
}

void hr_jw_knull(struct hr_jw *w, const char *key)
{
    hr_jw_key(w, key);
    hr_jw_null(w);
}

bool hr_jw_done(const struct hr_jw *w)
{
    return !w->misused && !w->out->failed && w->depth == 0 && w->complete;
}

/* printf writes the locale's decimal point, which may be several bytes: everything that no JSON number holds becomes one
 * '.'. */
static size_t plain_point(char *text)
{
    size_t o = 0;
    bool inside = false;
    for (const char *p = text; *p != 0; p++) {
        bool number = (*p >= '0' && *p <= '9') || *p == '-' || *p == '+' || *p == 'e';
        if (number)
            text[o++] = *p;
        else if (!inside)
            text[o++] = '.';
        inside = !number;
    }
    text[o] = 0;
    return o;
}

static size_t no_number(char out[HR_JW_NUMBER])
{
    memcpy(out, "null", 5);
    return 4;
}

/* Whole numbers up to 2^53 are written as digits: "1e+05" would be right, but nobody wants to read it. */
static bool whole(double v, char out[HR_JW_NUMBER])
{
    if (v != floor(v) || fabs(v) > 0x1p53 || (v == 0 && signbit(v)))
        return false;
    snprintf(out, HR_JW_NUMBER, "%lld", (long long)v);
    return true;
}

size_t hr_jw_f64_text(double v, char out[HR_JW_NUMBER])
{
    if (!isfinite(v))
        return no_number(out);
    if (whole(v, out))
        return strlen(out);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, HR_JW_NUMBER, "%.*g", digits, v);
        if (strtod(out, NULL) == v)
            break;
    }
    return plain_point(out);
}

size_t hr_jw_f32_text(float v, char out[HR_JW_NUMBER])
{
    if (!isfinite(v))
        return no_number(out);
    if (fabsf(v) <= 0x1p24f && whole((double)v, out))
        return strlen(out);
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(out, HR_JW_NUMBER, "%.*g", digits, (double)v);
        if (strtof(out, NULL) == v)
            break;
    }
    return plain_point(out);
}
