/* What the path of a file tells about its contents, and texts in UTF-16. */
#include "redact_inside.h"

#include "parse.h"

#include <stdio.h>
#include <string.h>

enum { PASSES = 4 };

/* --- UTF-16 (little endian), as programs of Windows write it --- */

/* A byte order mark, or every second byte is 0 in a good part of the beginning. */
static bool is_utf16(struct hr_str s)
{
    size_t odd = 0, even = 0, n = HR_MIN(s.n, (size_t)512);
    if (s.n < 4 || s.n % 2 != 0)
        return false;
    if ((unsigned char)s.p[0] == 0xff && (unsigned char)s.p[1] == 0xfe)
        return true;
    for (size_t i = 0; i < n; i++) {
        odd += i % 2 == 1 && s.p[i] == 0;
        even += i % 2 == 0 && s.p[i] == 0;
    }
    return even == 0 && odd >= n / 4 && odd >= 2;
}

static void put_utf8(struct hr_buf *b, uint32_t c)
{
    char u[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        u[i] = (char)(0x80 | (c & 63));
    u[0] = (char)(n == 1 ? c : n == 2 ? 0xc0 | c : n == 3 ? 0xe0 | c : 0xf0 | c);
    hr_buf_add(b, u, n);
}

static unsigned unit(struct hr_str s, size_t i)
{
    return (unsigned char)s.p[i] | (unsigned)(unsigned char)s.p[i + 1] << 8;
}

/* False: there is half a pair in it. */
static bool narrow(struct hr_str s, struct hr_buf *out)
{
    for (size_t i = 0; i + 1 < s.n; i += 2) {
        uint32_t c = unit(s, i);
        if (c >= 0xd800 && c < 0xe000) {
            unsigned low = c < 0xdc00 && i + 3 < s.n ? unit(s, i + 2) : 0;
            if (low < 0xdc00 || low >= 0xe000)
                return false;
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        }
        put_utf8(out, c);
    }
    return true;
}

static void put_unit(struct hr_buf *b, uint32_t u)
{
    hr_buf_add(b, (const char[]) { (char)(u & 255), (char)(u >> 8) }, 2);
}

/* Of what narrow() and the placeholders wrote: well formed. */
static void widen(struct hr_str s, struct hr_buf *out)
{
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        uint32_t v = n == 1 ? c : c & (0x7fu >> n);
        for (size_t k = 1; k < n && i + k < s.n; k++)
            v = v << 6 | ((unsigned char)s.p[i + k] & 63u);
        if (v >= 0x10000) {
            put_unit(out, 0xd800 + ((v - 0x10000) >> 10));
            v = 0xdc00 + ((v - 0x10000) & 0x3ff);
        }
        put_unit(out, v);
        i += n;
    }
}

static bool wide(struct hr_redact *r, struct hr_str text, struct hr_buf *out)
{
    struct hr_buf plain = HR_BUF_INIT(out->ceiling), clean = HR_BUF_INIT(out->ceiling), again = HR_BUF_INIT(out->ceiling);
    bool done = narrow(text, &plain);
    if (done && !plain.failed && hr_redact_bytes(r, hr_buf_str(&plain), &clean)) {
        widen(hr_buf_str(&clean), &again);
        hr_redact_bytes(r, hr_buf_str(&again), out); /* it may have been no UTF-16 after all */
    }
    out->failed |= done && (plain.failed || clean.failed || again.failed);
    hr_buf_fini(&plain);
    hr_buf_fini(&clean);
    hr_buf_fini(&again);
    return done;
}

bool hr_redact_text(struct hr_redact *r, struct hr_str text, struct hr_buf *out)
{
    if (is_utf16(text) && wide(r, text, out))
        return !out->failed;
    return hr_redact_bytes(r, text, out);
}

/* --- contents by path --- */

static struct hr_str base_name(struct hr_str path)
{
    for (size_t i = path.n; i > 0; i--)
        if (path.p[i - 1] == '/')
            return (struct hr_str) { path.p + i, path.n - i };
    return path;
}

/* The whole file is one value. */
static bool one_value(struct hr_redact *r, enum hr_secret kind, struct hr_str text, struct hr_buf *out)
{
    struct hr_str value = hr_str_trim(text);
    while (value.n != 0 && value.p[value.n - 1] == 0)
        value.n--;
    if (value.n == 0 || hr_redact_is_harmless(kind, value))
        return hr_redact_text(r, text, out);
    hr_buf_add(out, text.p, (size_t)(value.p - text.p));
    hr_redact_put(r, kind, value, out);
    return hr_buf_add(out, value.p + value.n, (size_t)(text.p + text.n - value.p - value.n));
}

/* name:x:uid:gid:GECOS:home:shell: the fifth field is a person's name and telephone.  Field by field, so that none moves. */
static bool passwd(struct hr_redact *r, struct hr_str text, struct hr_buf *out)
{
    struct hr_str line, field;
    while (text.n != 0 && hr_str_cut(&text, '\n', &line)) {
        for (int i = 0; hr_str_cut(&line, ':', &field); i++) {
            if (i != 0)
                hr_buf_addc(out, ':');
            if (i == 1)
                hr_buf_addc(out, 'x');
            else if (i != 4)
                hr_redact_bytes(r, field, out);
        }
        if (text.p != NULL)
            hr_buf_addc(out, '\n');
    }
    return !out->failed;
}

/* The last two parts of "198.18.A.B". */
static bool last_parts(const char *p, unsigned *ret_a, unsigned *ret_b)
{
    struct hr_str s = hr_str(p), part;
    uint64_t v[4];
    for (int i = 0; i < 4; i++)
        if (!hr_str_cut(&s, '.', &part) || hr_parse_u64(part, &v[i], NULL) < 0)
            return false;
    *ret_a = (unsigned)v[2];
    *ret_b = (unsigned)v[3];
    return true;
}

/* /proc/net/route and the like: addresses as eight hex digits, the first byte last. */
static bool hex_address(struct hr_redact *r, const char *p, struct hr_buf *out)
{
    unsigned v = 0, a, b;
    char text[20];
    for (int i = 0; i < 8; i++)
        v = v << 4 | (unsigned)(hr_is_digit(p[i]) ? p[i] - '0' : hr_lower(p[i]) - 'a' + 10);
    unsigned first = v & 255, last = v >> 24;
    if (first == 0 || first == 127 || first >= 224 || last == 0 || (first == 198 && (v >> 8 & 255) == 18))
        return hr_buf_add(out, p, 8);
    snprintf(text, sizeof text, "%u.%u.%u.%u", first, v >> 8 & 255, v >> 16 & 255, last);
    struct hr_buf fake = HR_BUF_INIT(64);
    hr_redact_put(r, HR_SECRET_ADDRESS, hr_str(text), &fake);
    bool ok = !fake.failed && last_parts(fake.data, &a, &b);
    hr_buf_fini(&fake);
    return ok ? hr_buf_printf(out, "%02X%02X12C6", b, a) : !(out->failed = true);
}

static bool route(struct hr_redact *r, struct hr_str text, struct hr_buf *out)
{
    struct hr_buf clean = HR_BUF_INIT(out->ceiling);
    if (!hr_redact_bytes(r, text, &clean))
        out->failed = true;
    struct hr_str s = hr_buf_str(&clean);
    for (size_t i = 0, n; i < s.n; i += n) {
        for (n = 0; i + n < s.n && hr_is_hex(s.p[i + n]); n++)
            ;
        if (n == 8 && !hr_is_alnum(hr_char_before(s, i)) && !hr_is_alnum(hr_char_at(s, i + 8)))
            hex_address(r, s.p + i, out);
        else
            hr_buf_add(out, s.p + i, n = HR_MAX(n, (size_t)1));
    }
    hr_buf_fini(&clean);
    return !out->failed;
}

/* Of /var/lib/dpkg/status only what tells a package and its state: no maintainers, no checksums, no descriptions. */
static bool dpkg(struct hr_redact *r, struct hr_str text, struct hr_buf *out)
{
    static const char *const keys[] = { "Package:", "Status:", "Version:", "Architecture:" };
    struct hr_buf kept = HR_BUF_INIT(out->ceiling);
    struct hr_str line;
    while (text.n != 0 && hr_str_cut(&text, '\n', &line)) {
        bool keep = line.n == 0;
        for (size_t i = 0; i < HR_COUNT(keys); i++)
            keep |= hr_str_starts(line, keys[i]);
        if (keep && hr_buf_add(&kept, line.p, line.n) && text.p != NULL)
            hr_buf_addc(&kept, '\n');
    }
    bool ok = !kept.failed && hr_redact_bytes(r, hr_buf_str(&kept), out);
    hr_buf_fini(&kept);
    return ok || !(out->failed = true);
}

static const struct {
    const char *name; /* of the file; with a leading * the end of it */
    enum hr_secret kind;
} values[] = {
    { "serial", HR_SECRET_SERIAL },       { "*_serial", HR_SECRET_SERIAL }, { "*serial_number", HR_SECRET_SERIAL },
    { "wwid", HR_SECRET_SERIAL },         { "wwn", HR_SECRET_SERIAL },      { "unique_id", HR_SECRET_SERIAL },
    { "*_asset_tag", HR_SECRET_SERIAL },  { "machine-id", HR_SECRET_ID },   { "serial-number", HR_SECRET_SERIAL },
    { "hostname", HR_SECRET_HOST },       { "eui", HR_SECRET_SERIAL },      { "nguid", HR_SECRET_SERIAL },
};

static bool fits(struct hr_str name, const char *pattern)
{
    return pattern[0] == '*' ? hr_str_ends(name, pattern + 1) : hr_str_is(name, pattern);
}

static bool by_path(struct hr_redact *r, const char *path, struct hr_str text, struct hr_buf *out)
{
    struct hr_str p = hr_str(path), name = base_name(p);
    if (hr_str_is(name, "passwd"))
        return passwd(r, text, out);
    if (hr_str_is(name, "environ"))
        return true; /* the variables of a process: none is worth the risk */
    if (hr_str_is(name, "cmdline"))
        return hr_redact_bytes(r, text, out); /* short words parted by zeros look like UTF-16 */
    if (hr_str_ends(p, "var/lib/dpkg/status"))
        return dpkg(r, text, out);
    if (hr_str_is(name, "route") && hr_str_ends(p, "net/route"))
        return route(r, text, out);
    for (size_t i = 0; i < HR_COUNT(values); i++)
        if (fits(name, values[i].name) && text.n <= 256 && !(values[i].kind == HR_SECRET_HOST && hr_redact_keeps_names(r)))
            return one_value(r, values[i].kind, text, out);
    return hr_redact_text(r, text, out);
}

/* What was replaced can make a shape of what stands beside it, or a long text short enough for a value: again, until nothing
 * changes, so that redacting what is redacted changes nothing. */
bool hr_redact_file(struct hr_redact *r, const char *path, struct hr_str text, struct hr_buf *out)
{
    struct hr_buf last = HR_BUF_INIT(out->ceiling), next = HR_BUF_INIT(out->ceiling);
    bool ok = by_path(r, path, text, &last), again = ok;
    for (int pass = 1; again && pass < PASSES; pass++) {
        hr_buf_reset(&next);
        ok = by_path(r, path, hr_buf_str(&last), &next);
        again = ok && !hr_str_eq(hr_buf_str(&last), hr_buf_str(&next));
        struct hr_buf swap = last;
        last = next;
        next = swap;
    }
    ok = ok && hr_buf_add(out, last.data, last.len);
    hr_buf_fini(&last);
    hr_buf_fini(&next);
    return ok;
}
