#include "wsl_text.h"

#include "mem.h"
#include "utf8.h"

#include <string.h>

/* The arrays hold at most one character per byte, plus the end. */
static int room(struct hr_wsl_text *t, struct hr_error *err)
{
    size_t n = t->bytes.n + 2;
    t->unit = hr_reallocarray(NULL, n, sizeof *t->unit);
    t->off = hr_reallocarray(NULL, n, sizeof *t->off);
    t->line = hr_reallocarray(NULL, n, sizeof *t->line);
    if (t->unit == NULL || t->off == NULL || t->line == NULL)
        return hr_fail_nomem(err, n * (sizeof *t->unit + sizeof *t->off + sizeof *t->line), "the characters of a file");
    return 0;
}

static void put(struct hr_wsl_text *t, uint16_t unit, size_t off)
{
    t->unit[t->n] = unit;
    t->off[t->n++] = (uint32_t)off;
}

static void read_bytes(struct hr_wsl_text *t)
{
    for (size_t i = 0; i < t->bytes.n; i++)
        put(t, (unsigned char)t->bytes.p[i], i);
    t->off[t->n] = (uint32_t)t->bytes.n;
}

static void read_utf8(struct hr_wsl_text *t, size_t from)
{
    struct hr_str rest = { t->bytes.p + from, t->bytes.n - from };
    while (rest.n != 0) {
        size_t at = t->bytes.n - rest.n;
        uint32_t c = hr_utf8_next(&rest, NULL);
        if (c >= 0x10000) {
            put(t, (uint16_t)(0xD7C0 + (c >> 10)), at);
            put(t, (uint16_t)(0xDC00 + (c & 0x3FF)), at);
        } else {
            put(t, (uint16_t)c, at);
        }
    }
    t->off[t->n] = (uint32_t)t->bytes.n;
}

/* An odd byte at the end is half a character, and no character. */
static void read_utf16(struct hr_wsl_text *t)
{
    const unsigned char *p = (const unsigned char *)t->bytes.p;
    size_t i = 2;
    for (; i + 1 < t->bytes.n; i += 2)
        put(t, (uint16_t)(p[i] | p[i + 1] << 8), i);
    t->off[t->n] = (uint32_t)i;
}

/* What a Windows text stream does: CR LF is one LF, and Ctrl-Z is the end. */
static void translate(struct hr_wsl_text *t)
{
    uint32_t to = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        if (t->unit[i] == 0x1A) {
            t->ctrl_z = true;
            t->off[to] = t->off[i];
            t->n = to;
            return;
        }
        t->off[to] = t->off[i];
        if (t->unit[i] == '\r' && i + 1 < t->n && t->unit[i + 1] == '\n')
            i++;
        t->unit[to++] = t->unit[i];
    }
    t->off[to] = t->off[t->n];
    t->n = to;
}

static void find_lines(struct hr_wsl_text *t)
{
    t->lines = 0;
    t->line[t->lines++] = 0;
    for (uint32_t i = 0; i < t->n; i++)
        if (t->unit[i] == '\n' && i + 1 < t->n)
            t->line[t->lines++] = i + 1;
    t->line[t->lines] = t->n;
}

/* Latin text as UTF-16 has a zero in every second byte; a file of settings in UTF-8 has none at all. */
static bool zeros_between(struct hr_str s)
{
    size_t n = HR_MIN(s.n, (size_t)512), zeros = 0;
    for (size_t i = 0; i < n; i++)
        zeros += s.p[i] == 0;
    return n >= 4 && zeros * 3 >= n;
}

static bool begins(struct hr_str s, const char *mark, size_t n)
{
    return s.n >= n && memcmp(s.p, mark, n) == 0;
}

int hr_wsl_text_init(struct hr_wsl_text *t, enum hr_wsl_file file, struct hr_str bytes, struct hr_error *err)
{
    if (bytes.n > HR_WSL_SIZE_MAX)
        return hr_fail(err, HR_E_LIMIT, "the file has %zu bytes; a WSL configuration of more than %d is not read",
                       bytes.n, HR_WSL_SIZE_MAX);
    struct hr_wsl_text made = { .bytes = bytes, .file = file };
    int r = room(&made, err);
    if (r < 0) {
        hr_wsl_text_fini(&made);
        return r;
    }
    if (file == HR_WSL_WSLCONF) {
        read_bytes(&made);
    } else if (begins(bytes, "\xFF\xFE", 2)) {
        made.encoding = HR_WSL_UTF16LE;
        read_utf16(&made);
    } else if (begins(bytes, "\xFE\xFF", 2)) {
        made.encoding = HR_WSL_UTF16BE; /* the C runtime refuses to open it: no character is read */
        made.off[0] = 2;
    } else {
        bool bom = begins(bytes, "\xEF\xBB\xBF", 3);
        made.encoding = bom ? HR_WSL_UTF8_BOM : HR_WSL_UTF8;
        made.looks_utf16 = !bom && zeros_between(bytes);
        read_utf8(&made, bom ? 3 : 0);
    }
    if (file == HR_WSL_WSLCONFIG)
        translate(&made);
    else
        made.looks_utf16 = zeros_between(bytes);
    find_lines(&made);
    *t = made;
    return 0;
}

void hr_wsl_text_fini(struct hr_wsl_text *t)
{
    hr_free(t->unit);
    hr_free(t->off);
    hr_free(t->line);
    *t = (struct hr_wsl_text) { 0 };
}

uint32_t hr_wsl_text_line_of(const struct hr_wsl_text *t, uint32_t i)
{
    uint32_t lo = 0, hi = t->lines;
    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (t->line[mid] <= i)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

uint32_t hr_wsl_text_line_end(const struct hr_wsl_text *t, uint32_t line)
{
    uint32_t from = t->line[line], end = t->line[line + 1];
    if (end > from && t->unit[end - 1] == '\n')
        end--;
    while (end > from && t->unit[end - 1] == '\r')
        end--;
    return end;
}

static void add_point(struct hr_buf *out, uint32_t c)
{
    char b[4];
    size_t n = 0;
    if (c < 0x80)
        b[n++] = (char)c;
    else if (c < 0x800)
        b[n++] = (char)(0xC0 | c >> 6);
    else if (c < 0x10000)
        b[n++] = (char)(0xE0 | c >> 12);
    else
        b[n++] = (char)(0xF0 | c >> 18);
    if (c >= 0x10000)
        b[n++] = (char)(0x80 | (c >> 12 & 0x3F));
    if (c >= 0x800)
        b[n++] = (char)(0x80 | (c >> 6 & 0x3F));
    if (c >= 0x80)
        b[n++] = (char)(0x80 | (c & 0x3F));
    hr_buf_add(out, b, n);
}

bool hr_wsl_text_show(const struct hr_wsl_text *t, uint32_t from, uint32_t to, struct hr_buf *out)
{
    if (t->encoding != HR_WSL_UTF16LE)
        return from >= to || hr_buf_add(out, t->bytes.p + t->off[from], t->off[to] - t->off[from]);
    for (uint32_t i = from; i < to; i++) {
        uint32_t c = t->unit[i];
        bool high = c >= 0xD800 && c < 0xDC00, low = c >= 0xDC00 && c < 0xE000;
        if (high && i + 1 < to && t->unit[i + 1] >= 0xDC00 && t->unit[i + 1] < 0xE000)
            c = 0x10000 + ((c - 0xD800) << 10) + (t->unit[++i] - 0xDC00u);
        else if (high || low)
            c = HR_UTF8_BAD;
        add_point(out, c);
    }
    return !out->failed;
}

bool hr_wsl_text_encode(const struct hr_wsl_text *t, struct hr_str s, struct hr_buf *out)
{
    if (t->encoding != HR_WSL_UTF16LE)
        return hr_buf_add(out, s.p, s.n);
    while (s.n != 0) {
        uint32_t c = hr_utf8_next(&s, NULL);
        uint16_t u[2] = { (uint16_t)c, 0 };
        if (c >= 0x10000) {
            u[0] = (uint16_t)(0xD7C0 + (c >> 10));
            u[1] = (uint16_t)(0xDC00 + (c & 0x3FF));
        }
        for (int i = 0; i < (c >= 0x10000 ? 2 : 1); i++) {
            hr_buf_addc(out, (char)(u[i] & 0xFF));
            hr_buf_addc(out, (char)(u[i] >> 8));
        }
    }
    return !out->failed;
}

const char *hr_wsl_encoding_name(enum hr_wsl_encoding e)
{
    switch (e) {
    case HR_WSL_UTF8:
        return "UTF-8";
    case HR_WSL_UTF8_BOM:
        return "UTF-8 with a byte order mark";
    case HR_WSL_UTF16LE:
        return "UTF-16LE with a byte order mark";
    case HR_WSL_UTF16BE:
        return "UTF-16BE";
    }
    return "";
}
