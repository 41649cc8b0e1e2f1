#include "tar.h"

#include "num.h"
#include "parse.h"

#include <string.h>

/* Offsets and lengths in a header block. */
enum {
    NAME = 0, NAME_N = 100, MODE = 100, UID = 108, GID = 116, ID_N = 8, SIZE = 124, TIME = 136, LONG_N = 12, SUM = 148,
    SUM_N = 8, TYPE = 156, LINK = 157, LINK_N = 100, MAGIC = 257, PREFIX = 345, PREFIX_N = 155
};

/* A header before an entry may be this large (it holds names, and times that are passed over). */
enum { EXTENDED_MAX = 64 << 10 };

void hr_tar_begin(struct hr_tar *t, struct hr_str bytes, const char *path)
{
    *t = (struct hr_tar) { .bytes = bytes,
                           .path = path,
                           .name = HR_BUF_INIT(HR_TAR_NAME_MAX + 1),
                           .target = HR_BUF_INIT(HR_TAR_NAME_MAX + 1) };
}

void hr_tar_end(struct hr_tar *t)
{
    hr_buf_fini(&t->name);
    hr_buf_fini(&t->target);
}

static int bad(const struct hr_tar *t, struct hr_error *err, const char *what)
{
    return hr_fail(err, HR_E_FORMAT, "'%s' is no sound tar archive: %s near byte %zu", t->path, what, t->at);
}

/* Octal with blanks around it, or GNU's base 256 (first bit set); true on success. */
static bool number(const char *f, size_t n, uint64_t *ret)
{
    uint64_t v = 0;
    size_t i = 0;
    if ((unsigned char)f[0] == 0x80) {
        for (i = 1; i < n; i++)
            if (hr_ckd_mul(&v, v, 256u) || hr_ckd_add(&v, v, (unsigned char)f[i]))
                return false;
        *ret = v;
        return true;
    }
    while (i < n && f[i] == ' ')
        i++;
    for (; i < n && f[i] >= '0' && f[i] <= '7'; i++)
        if (hr_ckd_mul(&v, v, 8u) || hr_ckd_add(&v, v, (unsigned)(f[i] - '0')))
            return false;
    for (; i < n; i++)
        if (f[i] != ' ' && f[i] != 0)
            return false;
    *ret = v;
    return true;
}

/* Some writers summed signed bytes; both are taken, as every tar does. */
static bool sum_holds(const char *h)
{
    uint64_t told, u = 0;
    int64_t s = 0;
    for (size_t i = 0; i < HR_TAR_BLOCK; i++) {
        char c = i >= SUM && i < SUM + SUM_N ? ' ' : h[i];
        u += (unsigned char)c;
        s += (signed char)c;
    }
    return number(h + SUM, SUM_N, &told) && (told == u || (int64_t)told == s);
}

bool hr_tar_is(struct hr_str bytes)
{
    return bytes.n >= HR_TAR_BLOCK && bytes.p[0] != 0 && sum_holds(bytes.p);
}

static struct hr_str field(const char *p, size_t max)
{
    return (struct hr_str) { p, strnlen(p, max) };
}

static int keep(const struct hr_tar *t, struct hr_buf *b, struct hr_str s, struct hr_error *err)
{
    hr_buf_reset(b);
    if (s.n > HR_TAR_NAME_MAX)
        return hr_fail(err, HR_E_LIMIT, "'%s' holds a name of %zu bytes near byte %zu; %d are the most", t->path, s.n, t->at,
                       HR_TAR_NAME_MAX);
    if (memchr(s.p, 0, s.n) != NULL)
        return bad(t, err, "a name with a zero in it");
    return hr_buf_add(b, s.p, s.n) ? 0 : hr_fail_nomem(err, s.n, "a name");
}

/* One "LENGTH KEY=VALUE\n" of a pax header. */
static int pax_record(struct hr_tar *t, struct hr_str key, struct hr_str value, struct hr_error *err)
{
    int r = 0;
    if (hr_str_is(key, "path")) {
        r = keep(t, &t->name, value, err);
        t->named = true;
    } else if (hr_str_is(key, "linkpath")) {
        r = keep(t, &t->target, value, err);
        t->linked = true;
    } else if (hr_str_is(key, "size")) {
        if (hr_parse_u64(value, &t->size, NULL) < 0)
            return bad(t, err, "a size that is no number");
        t->sized = true;
    } else if (hr_str_starts(key, "GNU.sparse.")) {
        return hr_fail(err, HR_E_UNSUPPORTED, "'%s' holds a sparse file; pack it without --sparse", t->path);
    }
    return r;
}

static int pax(struct hr_tar *t, struct hr_str data, struct hr_error *err)
{
    while (data.n != 0) {
        struct hr_str rest = data, length, key;
        uint64_t n;
        if (!hr_str_cut(&rest, ' ', &length) || rest.p == NULL || hr_parse_u64(length, &n, NULL) < 0 || n > data.n ||
            n <= length.n + 1 || data.p[n - 1] != '\n')
            return bad(t, err, "a malformed extended header");
        rest.n = (size_t)n - length.n - 2;
        if (!hr_str_cut(&rest, '=', &key) || rest.p == NULL)
            return bad(t, err, "a malformed extended header");
        int r = pax_record(t, key, rest, err);
        if (r < 0)
            return r;
        data.p += n;
        data.n -= (size_t)n;
    }
    return 0;
}

/* GNU's way of long names: an entry of type L or K whose data is the name, ended by a zero. */
static int gnu_long(struct hr_tar *t, char type, struct hr_str data, struct hr_error *err)
{
    data.n = strnlen(data.p, data.n);
    if (type == 'L') {
        t->named = true;
        return keep(t, &t->name, data, err);
    }
    t->linked = true;
    return keep(t, &t->target, data, err);
}

/* Takes "./", "//" and slashes at both ends out of the name, in place. */
static int tidy(struct hr_tar *t, struct hr_error *err)
{
    struct hr_str rest = hr_buf_str(&t->name), part;
    size_t to = 0;
    while (t->name.len != 0 && hr_str_cut(&rest, '/', &part)) {
        if (hr_str_is(part, ".."))
            return bad(t, err, "a name that leads out of it ('..')");
        if (part.n == 0 || hr_str_is(part, "."))
            continue;
        if (to != 0)
            t->name.data[to++] = '/';
        memmove(t->name.data + to, part.p, part.n);
        to += part.n;
    }
    if (t->name.len != 0)
        t->name.data[to] = 0;
    t->name.len = to;
    return 0;
}

/* The name of the header itself: in ustar its front part may stand in `prefix`; GNU keeps times there. */
static int header_name(struct hr_tar *t, const char *h, struct hr_error *err)
{
    struct hr_str name = field(h + NAME, NAME_N), prefix = field(h + PREFIX, PREFIX_N);
    hr_buf_reset(&t->name);
    if (memcmp(h + MAGIC, "ustar", 6) == 0 && prefix.n != 0 && !(hr_buf_add(&t->name, prefix.p, prefix.n) && hr_buf_addc(&t->name, '/')))
        return hr_fail_nomem(err, prefix.n, "a name");
    return hr_buf_add(&t->name, name.p, name.n) ? 0 : hr_fail_nomem(err, name.n, "a name");
}

static int entry(struct hr_tar *t, const char *h, struct hr_str data, struct hr_tar_entry *ret, struct hr_error *err)
{
    char type = h[TYPE];
    uint64_t mode, uid, gid, changed;
    int r = t->named ? 0 : header_name(t, h, err);
    if (r == 0 && !t->linked)
        r = keep(t, &t->target, field(h + LINK, LINK_N), err);
    bool folder = type == '5' || (t->name.len != 0 && t->name.data[t->name.len - 1] == '/');
    if (r == 0)
        r = tidy(t, err);
    if (r < 0)
        return r;
    if (!number(h + MODE, ID_N, &mode) || !number(h + UID, ID_N, &uid) || !number(h + GID, ID_N, &gid) ||
        !number(h + TIME, LONG_N, &changed))
        mode = 0644, uid = gid = 0, changed = 0; /* nothing depends on them but what stat says */
    t->named = t->linked = false;
    *ret = (struct hr_tar_entry) { .kind = type == '2' ? HR_TAR_LINK
                                           : type == '1' ? HR_TAR_HARD
                                           : folder      ? HR_TAR_DIR
                                                         : HR_TAR_FILE,
                                   .name = hr_buf_str(&t->name),
                                   .target = hr_buf_str(&t->target),
                                   .data = data,
                                   .mode = (uint32_t)mode & 07777,
                                   .uid = (uint32_t)uid,
                                   .gid = (uint32_t)gid,
                                   .changed = changed };
    return 1;
}

/* 1: *ret is filled; 0: a header for the next entry, or something to pass over. */
static int take(struct hr_tar *t, const char *h, struct hr_str data, struct hr_tar_entry *ret, struct hr_error *err)
{
    switch (h[TYPE]) {
    case 'x':
        return pax(t, data, err);
    case 'L':
    case 'K':
        return gnu_long(t, h[TYPE], data, err);
    case 'S':
        return hr_fail(err, HR_E_UNSUPPORTED, "'%s' holds a sparse file; pack it without --sparse", t->path);
    case 0:
    case '0':
    case '7':
    case '1':
    case '2':
    case '5':
        return entry(t, h, data, ret, err);
    default: /* devices, pipes, global headers, volume labels */
        t->named = t->linked = false;
        return 0;
    }
}

static bool all_zero(const char *h)
{
    for (size_t i = 0; i < HR_TAR_BLOCK; i++)
        if (h[i] != 0)
            return false;
    return true;
}

/* The bytes behind the header; only files and headers have any. */
static int body(struct hr_tar *t, const char *h, struct hr_str *ret, struct hr_error *err)
{
    uint64_t size = t->size;
    bool header = h[TYPE] == 'x' || h[TYPE] == 'g' || h[TYPE] == 'L' || h[TYPE] == 'K';
    if ((header || !t->sized) && !number(h + SIZE, LONG_N, &size))
        return bad(t, err, "a size that is no number");
    if (h[TYPE] == '1' || h[TYPE] == '2' || h[TYPE] == '5')
        size = 0;
    if (header && size > EXTENDED_MAX)
        return hr_fail(err, HR_E_LIMIT, "'%s' has a header of %llu bytes near byte %zu", t->path, (unsigned long long)size,
                       t->at);
    t->sized = header && t->sized;
    t->at += HR_TAR_BLOCK;
    if (size > t->bytes.n - t->at)
        return bad(t, err, "it is cut off");
    *ret = (struct hr_str) { t->bytes.p + t->at, (size_t)size };
    t->at = (size_t)HR_MIN(hr_align_up(t->at + size, HR_TAR_BLOCK), (uint64_t)t->bytes.n);
    return 0;
}

int hr_tar_next(struct hr_tar *t, struct hr_tar_entry *ret, struct hr_error *err)
{
    for (;;) {
        struct hr_str data = { "", 0 };
        if (t->bytes.n - t->at < HR_TAR_BLOCK)
            return bad(t, err, "it is cut off");
        const char *h = t->bytes.p + t->at;
        if (all_zero(h))
            return 0;
        if (!sum_holds(h))
            return bad(t, err, "a header whose checksum is wrong");
        int r = body(t, h, &data, err);
        if (r == 0)
            r = take(t, h, data, ret, err);
        if (r != 0)
            return r;
    }
}
