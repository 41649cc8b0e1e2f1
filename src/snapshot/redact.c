#include "redact_inside.h"

#include "arena.h"
#include "mem.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_MAX = 1 << 16, FIRST_ENTRIES = 256, KNOWN_MAX = 1 << 14, MEMORY_MAX = 32 << 20, PASSES = 4, SHORT_NAME = 3, INSIDE_WORDS = 6 };

struct entry { /* of the table: what was replaced, by what */
    struct hr_str name;
    enum hr_secret kind;
    const char *put;
};

struct known {
    struct hr_str name;
    enum hr_secret kind;
    bool weak;   /* also a word of the field, or short: found only by shapes */
    bool inside; /* long enough to be looked for inside of words; never a number */
    uint32_t next; /* of the same first character, never longer; 0: none, else its number + 1 */
};

struct hr_redact {
    bool keep_names;
    struct hr_arena arena;
    struct entry *entry; /* open addressing, never more than half full */
    size_t entries, n;
    struct known *known;
    size_t known_n;
    uint32_t first[256]; /* by the first character in lower case: the longest name that is no weak one, as its number + 1 */
    size_t times[HR_SECRETS], different[HR_SECRETS];
};

static const char *const kind_names[HR_SECRETS] = {
    [HR_SECRET_USER] = "user names",        [HR_SECRET_HOST] = "host names",
    [HR_SECRET_PASS] = "passwords, tokens and keys", [HR_SECRET_EMAIL] = "mail addresses",
    [HR_SECRET_ADDRESS] = "IP addresses",   [HR_SECRET_MAC] = "hardware addresses",
    [HR_SECRET_UUID] = "UUIDs",             [HR_SECRET_ID] = "machine ids",
    [HR_SECRET_SERIAL] = "serial numbers",
};

const char *hr_secret_name(enum hr_secret s)
{
    return kind_names[s];
}

int hr_redact_open(bool keep_names, struct hr_redact **ret, struct hr_error *err)
{
    struct hr_redact *r = hr_calloc(1, sizeof *r);
    if (r == NULL)
        return hr_fail_nomem(err, sizeof *r, "the redaction");
    r->arena = HR_ARENA_INIT(MEMORY_MAX);
    r->keep_names = keep_names;
    r->entries = FIRST_ENTRIES;
    r->entry = hr_calloc(r->entries, sizeof *r->entry);
    if (r->entry == NULL) {
        hr_free(r);
        return hr_fail_nomem(err, FIRST_ENTRIES * sizeof(struct entry), "the redaction");
    }
    *ret = r;
    return 0;
}

void hr_redact_close(struct hr_redact *r)
{
    if (r == NULL)
        return;
    hr_free(r->entry);
    hr_free(r->known);
    hr_arena_fini(&r->arena);
    hr_free(r);
}

size_t hr_redact_count(const struct hr_redact *r, enum hr_secret kind, size_t *ret_different)
{
    if (ret_different != NULL)
        *ret_different = r->different[kind];
    return r->times[kind];
}

bool hr_redact_keeps_names(const struct hr_redact *r)
{
    return r->keep_names;
}

/* --- placeholders --- */

/* Passwords are told apart by case, everything else is not. */
static bool same(enum hr_secret kind, struct hr_str a, struct hr_str b)
{
    if (kind == HR_SECRET_PASS)
        return hr_str_eq(a, b);
    bool eq = a.n == b.n;
    for (size_t i = 0; eq && i < a.n; i++)
        eq = hr_lower(a.p[i]) == hr_lower(b.p[i]);
    return eq;
}

static struct entry *entry_of(const struct hr_redact *r, enum hr_secret kind, struct hr_str name)
{
    uint64_t h = 1469598103934665603u ^ kind; /* FNV-1a */
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)(kind == HR_SECRET_PASS ? name.p[i] : hr_lower(name.p[i]))) * 1099511628211u;
    size_t i = (size_t)(h ^ h >> 29) & (r->entries - 1);
    while (r->entry[i].put != NULL && (r->entry[i].kind != kind || !same(kind, r->entry[i].name, name)))
        i = (i + 1) & (r->entries - 1);
    return &r->entry[i];
}

/* Addresses keep their shape and come from the ranges that are for documentation and benchmarks. */
static void address(struct hr_str name, unsigned n, char out[64])
{
    if (memchr(name.p, ':', name.n) != NULL)
        snprintf(out, 64, "2001:db8::%x", n);
    else
        snprintf(out, 64, "198.18.%u.%u", n >> 8 & 255, n & 255);
}

static void hardware(struct hr_str name, unsigned n, char out[64])
{
    if (name.n == 19) /* a GUID */
        snprintf(out, 64, "0200:0000:%04x:%04x", n >> 16 & 0xffff, n & 0xffff);
    else if (name.p[2] == '-')
        snprintf(out, 64, "02-00-00-00-%02x-%02x", n >> 8 & 255, n & 255);
    else
        snprintf(out, 64, "02:00:00:00:%02x:%02x", n >> 8 & 255, n & 255);
}

static void placeholder(enum hr_secret kind, struct hr_str name, unsigned n, char out[64])
{
    switch (kind) {
    case HR_SECRET_USER:
        snprintf(out, 64, "user%u", n);
        break;
    case HR_SECRET_HOST:
        snprintf(out, 64, "host%u", n);
        break;
    case HR_SECRET_EMAIL:
        snprintf(out, 64, "mail%u@example.com", n);
        break;
    case HR_SECRET_ADDRESS:
        address(name, n, out);
        break;
    case HR_SECRET_MAC:
        hardware(name, n, out);
        break;
    case HR_SECRET_UUID:
        snprintf(out, 64, "00000000-0000-4000-8000-%012u", n);
        break;
    case HR_SECRET_ID:
        snprintf(out, 64, "000000000000000000000000%08u", n);
        break;
    case HR_SECRET_SERIAL:
        snprintf(out, 64, "serial-%u", n);
        break;
    default:
        snprintf(out, 64, "redacted-%u", n);
    }
}

/* Twice as many places; the entries stay. */
static bool grow(struct hr_redact *r)
{
    struct entry *old = r->entry, *more = hr_calloc(2 * r->entries, sizeof *more);
    size_t n = r->entries;
    if (more == NULL)
        return false;
    r->entry = more;
    r->entries *= 2;
    for (size_t i = 0; i < n; i++)
        if (old[i].put != NULL)
            *entry_of(r, old[i].kind, old[i].name) = old[i];
    hr_free(old);
    return true;
}

const char *hr_redact_placeholder(struct hr_redact *r, enum hr_secret kind, struct hr_str name)
{
    struct entry *e = entry_of(r, kind, name);
    char text[64];
    if (e->put != NULL)
        return e->put;
    if (r->n >= NAMES_MAX || (2 * (r->n + 1) > r->entries && !grow(r)))
        return NULL;
    e = entry_of(r, kind, name);
    placeholder(kind, name, (unsigned)r->different[kind] + 1, text);
    const char *put = hr_arena_str(&r->arena, text, strlen(text));
    const char *copy = put == NULL ? NULL : hr_arena_str(&r->arena, name.p, name.n);
    if (copy == NULL)
        return NULL;
    *e = (struct entry) { { copy, name.n }, kind, put };
    r->n++;
    r->different[kind]++;
    return put;
}

bool hr_redact_put(struct hr_redact *r, enum hr_secret kind, struct hr_str name, struct hr_buf *out)
{
    const char *put = hr_redact_placeholder(r, kind, name);
    if (put == NULL)
        return !(out->failed = true);
    r->times[kind]++;
    return hr_buf_adds(out, put);
}

/* "user12" for USER and so on: the fixed front, then digits only. */
static bool is_placeholder(struct hr_str s, const char *front)
{
    if (!hr_str_starts(s, front) || s.n == strlen(front))
        return false;
    for (size_t i = strlen(front); i < s.n; i++)
        if (!hr_is_digit(s.p[i]))
            return false;
    return true;
}

static bool one_of(struct hr_str s, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (same(HR_SECRET_USER, s, hr_str(words[i])))
            return true;
    return false;
}

bool hr_redact_is_harmless(enum hr_secret kind, struct hr_str s)
{
    static const char *const profiles[] = { "Public", "Default", "All", "desktop.ini", "lost+found", "linuxbrew", "root" };
    static const char *const serials[] = { "none", "unknown", "default", "empty", "null", "false", "true", "00000000" };
    struct hr_str word;
    switch (kind) {
    case HR_SECRET_USER:
        return s.n == 0 || is_placeholder(s, "user") || one_of(s, profiles, HR_COUNT(profiles)) ||
               strchr("%$*<{~.[", s.p[0]) != NULL;
    case HR_SECRET_HOST:
        return s.n == 0 || is_placeholder(s, "host") || hr_str_is(s, "localhost") || hr_str_is(s, "(none)");
    case HR_SECRET_PASS:
        return s.n == 0 || is_placeholder(s, "redacted-");
    case HR_SECRET_EMAIL:
        return hr_str_ends(s, "@example.com");
    case HR_SECRET_ADDRESS:
        return hr_str_starts(s, "198.18.") || hr_str_starts(s, "2001:db8::");
    case HR_SECRET_MAC:
        return hr_str_starts(s, "02:00:00:00:") || hr_str_starts(s, "02-00-00-00-") || hr_str_starts(s, "0200:0000:") ||
               hr_str_starts(s, "00:00:00:00:00:00") || same(kind, (struct hr_str) { s.p, HR_MIN(s.n, 17u) }, HR_STR("ff:ff:ff:ff:ff:ff"));
    case HR_SECRET_UUID:
        return hr_str_starts(s, "00000000-0000-");
    case HR_SECRET_ID:
        return hr_str_starts(s, "000000000000000000000000") || hr_str_is(s, "ffffffffffffffffffffffffffffffff");
    default:
        hr_str_cut(&s, ' ', &word);
        return (word.n < 4 && s.p == NULL) || is_placeholder(word, "serial-") || one_of(word, serials, HR_COUNT(serials));
    }
}

/* --- known names --- */

/* Words that a machine's files are full of: a user or host of that name is not told by it. */
static const char *const field_words[] = {
    "root", "user", "users", "admin", "administrator", "ubuntu", "debian", "fedora", "linux", "windows", "home", "data",
    "shared", "share", "public", "default", "guest", "test", "train", "training", "model", "models", "python", "torch",
    "cuda", "nvidia", "gpu", "gpus", "cpu", "memory", "swap", "cache", "active", "free", "total", "local", "lib", "bin",
    "proc", "docker", "conda", "runner", "node", "host", "server", "desktop", "laptop", "localhost", "mail", "media",
    "disk", "file", "files", "system", "kernel", "service", "games", "code", "vscode", "name", "start", "none", "true",
    "false", "overlay", "tmpfs", "student", "research", "login", "compute", "worker", "master", "head", "slurm", "spark",
    "hadoop", "jovyan", "jupyter", "build", "daemon", "nobody", "mount", "device", "devices", "power", "class", "block",
    "version", "release", "write", "read", "error", "good", "warn", "fail", "note", "unknown", "headrace", "work", "main",
    "ext4", "root1", "intel", "amd64", "x86_64", "exit", "signal", "timeout", "refused", "answer", "list", "stat",
    "link", "real", "statfs", "exists", "failed", "lstat", "microsoft", "standard", "generic", "anaconda3", "miniconda3",
    "redacted", "serial", "example", "mail1", "com", "http", "https", "yes", "shell", "bash", "init", "systemd", "interop",
};

/* The characters on both sides are no part of the same word. */
static bool stands_alone(struct hr_str text, size_t at, size_t n)
{
    return !(at > 0 && hr_is_alnum(text.p[at - 1]) && hr_is_alnum(text.p[at])) &&
           !(at + n < text.n && hr_is_alnum(text.p[at + n - 1]) && hr_is_alnum(text.p[at + n]));
}

static bool stands_at(const struct known *k, struct hr_str text, size_t at)
{
    struct hr_str here = { text.p + at, k->name.n };
    if (k->name.n > text.n - at)
        return false;
    if (k->kind != HR_SECRET_USER && k->kind != HR_SECRET_HOST)
        return hr_str_eq(k->name, here);
    return same(k->kind, k->name, here) && (k->inside || stands_alone(text, at, k->name.n));
}

int hr_redact_know(struct hr_redact *r, enum hr_secret kind, struct hr_str name, struct hr_error *err)
{
    bool is_name = kind == HR_SECRET_USER || kind == HR_SECRET_HOST;
    name = hr_str_trim(name);
    if (hr_redact_is_harmless(kind, name) || (is_name && r->keep_names) || (!is_name && name.n < 6))
        return 0;
    for (size_t i = 0; i < r->known_n; i++)
        if (same(kind, r->known[i].name, name))
            return 0;
    if (r->known_n >= KNOWN_MAX)
        return hr_fail(err, HR_E_LIMIT, "more than %d names of users and hosts are known", KNOWN_MAX);
    struct known *more = hr_reallocarray(r->known, r->known_n + 1, sizeof *more);
    if (more != NULL)
        r->known = more;
    const char *copy = more == NULL ? NULL : hr_arena_str(&r->arena, name.p, name.n);
    if (copy == NULL)
        return hr_fail_nomem(err, name.n, "a name to be redacted");
    bool weak = is_name && (name.n < SHORT_NAME || one_of(name, field_words, HR_COUNT(field_words)));
    struct known *k = &more[r->known_n++];
    *k = (struct known) { { copy, name.n }, kind, weak, name.n >= INSIDE_WORDS && !is_placeholder(name, ""), 0 };
    uint32_t *at = &r->first[(unsigned char)hr_lower(name.p[0])];
    while (*at != 0 && more[*at - 1].name.n >= name.n)
        at = &more[*at - 1].next;
    if (!weak) {
        k->next = *at;
        *at = (uint32_t)r->known_n;
    }
    return 0;
}

static bool known_at(const struct hr_redact *r, struct hr_str text, size_t at, struct hr_span *ret)
{
    for (uint32_t i = r->first[(unsigned char)hr_lower(text.p[at])]; i != 0; i = r->known[i - 1].next)
        if (stands_at(&r->known[i - 1], text, at)) {
            *ret = (struct hr_span) { at, at + r->known[i - 1].name.n, r->known[i - 1].kind };
            return true;
        }
    return false;
}

enum hr_secret hr_redact_left(const struct hr_redact *r, struct hr_str text)
{
    struct hr_span span;
    for (size_t at = 0; at < text.n; at++)
        if (known_at(r, text, at, &span))
            return span.kind;
    return HR_SECRETS;
}

/* --- the scan --- */

/* In this order: a shape that holds others comes first. */
static hr_shape *const shapes[] = {
    hr_shape_private_key, hr_shape_userinfo, hr_shape_bearer, hr_shape_assignment, hr_shape_jwt,  hr_shape_token, hr_shape_email,
    hr_shape_uuid,        hr_shape_mac,      hr_shape_ip6,    hr_shape_ip4,        hr_shape_id,   hr_shape_serial, hr_shape_home,
};

static bool find(const struct hr_redact *r, struct hr_str text, size_t at, struct hr_span *ret)
{
    if (known_at(r, text, at, ret))
        return true;
    if (at > 0 && hr_is_alnum(text.p[at]) && hr_is_alnum(text.p[at - 1]))
        return false; /* no shape begins inside of a word */
    for (size_t i = 0; i < HR_COUNT(shapes); i++) {
        if (!shapes[i](text, at, ret) || (r->keep_names && ret->kind == HR_SECRET_USER))
            continue;
        struct hr_str name = { text.p + ret->from, ret->to - ret->from };
        if (!hr_redact_is_harmless(ret->kind, name))
            return true;
    }
    return false;
}

/* True: something was replaced; out->failed tells of memory. */
static bool scan(struct hr_redact *r, struct hr_str text, struct hr_buf *out)
{
    size_t done = 0;
    for (size_t at = 0; at < text.n;) {
        struct hr_span span;
        if (!find(r, text, at, &span)) {
            at++;
            continue;
        }
        hr_buf_add(out, text.p + done, span.from - done);
        hr_redact_put(r, span.kind, (struct hr_str) { text.p + span.from, span.to - span.from }, out);
        at = done = span.to;
    }
    if (done != 0 && text.n != done)
        hr_buf_add(out, text.p + done, text.n - done);
    return done != 0;
}

/* What stands beside a placeholder may be a shape only then: until nothing changes. */
bool hr_redact_bytes(struct hr_redact *r, struct hr_str text, struct hr_buf *out)
{
    struct hr_buf b[2] = { HR_BUF_INIT(out->ceiling), HR_BUF_INIT(out->ceiling) };
    bool failed = false;
    for (int pass = 0; pass < PASSES; pass++) {
        struct hr_buf *to = &b[pass & 1];
        hr_buf_reset(to);
        if (!scan(r, text, to))
            break;
        failed |= to->failed;
        text = hr_buf_str(to);
    }
    if (failed)
        out->failed = true;
    else
        hr_buf_add(out, text.p, text.n);
    hr_buf_fini(&b[0]);
    hr_buf_fini(&b[1]);
    return !out->failed;
}
