#include "zip.h"

#include "num.h"

#include <string.h>

enum { END = 22, LOCATOR = 20, END64 = 56, ENTRY = 46, LOCAL = 30 };

static uint32_t u16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t u32(const uint8_t *p)
{
    return u16(p) | u16(p + 2) << 16;
}

static uint64_t u64(const uint8_t *p)
{
    return u32(p) | (uint64_t)u32(p + 4) << 32;
}

static int wrong(const char *where, const char *what, struct hr_error *err)
{
    return hr_fail(err, HR_E_FORMAT, "'%s' is no archive that can be read: %s", where, what);
}

static int check_end(const struct hr_zip_end *e, uint64_t size, const char *where, struct hr_error *err)
{
    if (!hr_range_ok(e->offset, e->bytes, size))
        return wrong(where, "its directory lies outside the file; was it cut off?", err);
    if (e->members > HR_ZIP_MEMBERS_MAX || e->members * ENTRY > e->bytes)
        return wrong(where, "its directory has more members than can be", err);
    return 0;
}

int hr_zip_end(const void *tail, size_t n, uint64_t size, const char *where, struct hr_zip_end *ret, struct hr_error *err)
{
    const uint8_t *t = tail;
    size_t at = n;
    /* the record ends the file but for its comment, so the last place whose comment length fits is it */
    for (size_t i = n < END ? 0 : n - END + 1; i-- > 0;) {
        if (u32(t + i) == 0x06054b50 && u16(t + i + 20) == n - i - END) {
            at = i;
            break;
        }
    }
    if (at == n)
        return wrong(where, "it has no end record; was it cut off?", err);
    const uint8_t *p = t + at;
    struct hr_zip_end e = { u32(p + 16), u32(p + 12), u16(p + 10), 0 };
    if (u16(p + 4) != 0 || u16(p + 6) != 0)
        return wrong(where, "it is split over several disks", err);
    if (e.offset == UINT32_MAX || e.bytes == UINT32_MAX || e.members == UINT16_MAX) {
        if (at >= LOCATOR && u32(p - LOCATOR) == 0x07064b50) {
            e.zip64 = u64(p - LOCATOR + 8);
            if (e.zip64 == 0 || !hr_range_ok(e.zip64, END64, size))
                return wrong(where, "its ZIP64 end record lies outside the file", err);
            *ret = e;
            return 0;
        }
    }
    int r = check_end(&e, size, where, err);
    if (r == 0)
        *ret = e;
    return r;
}

int hr_zip_end64(const void *p, uint64_t size, const char *where, struct hr_zip_end *end, struct hr_error *err)
{
    const uint8_t *b = p;
    if (u32(b) != 0x06064b50)
        return wrong(where, "its ZIP64 end record is not where it should be", err);
    struct hr_zip_end e = { u64(b + 48), u64(b + 40), u64(b + 32), 0 };
    int r = check_end(&e, size, where, err);
    if (r == 0)
        *end = e;
    return r;
}

/* The ZIP64 extra field holds, in this order, those of the three figures that stand as 0xffffffff in the entry. */
static bool extra64(const uint8_t *p, size_t n, struct hr_zip_member *m)
{
    while (n >= 4) {
        size_t id = u16(p), len = u16(p + 2);
        p += 4;
        n -= 4;
        if (len > n)
            return false;
        if (id == 1) {
            uint64_t *const figure[] = { &m->bytes, &m->packed, &m->header };
            for (size_t i = 0; i < HR_COUNT(figure); i++) {
                if (*figure[i] != UINT32_MAX)
                    continue;
                if (len < 8)
                    return false;
                *figure[i] = u64(p);
                p += 8;
                n -= 8;
                len -= 8;
            }
            return true;
        }
        p += len;
        n -= len;
    }
    return m->bytes != UINT32_MAX && m->packed != UINT32_MAX && m->header != UINT32_MAX;
}

static int read_entry(const uint8_t *p, uint64_t left, const struct hr_zip_end *end, const char *where,
                      struct hr_zip_member *m, uint64_t *ret_length, struct hr_error *err)
{
    if (left < ENTRY || u32(p) != 0x02014b50)
        return wrong(where, "its directory is damaged", err);
    size_t name = u16(p + 28), extra = u16(p + 30), comment = u16(p + 32);
    if (name > HR_ZIP_NAME_MAX || name == 0 || memchr(p + ENTRY, 0, HR_MIN(name, (size_t)(left - ENTRY))) != NULL)
        return wrong(where, "a member has no name, or one longer than 255 bytes or with a zero in it", err);
    if (ENTRY + name + extra + comment > left)
        return wrong(where, "its directory is cut off", err);
    memcpy(m->name, p + ENTRY, name);
    m->name[name] = 0;
    uint32_t method = u16(p + 10);
    if ((u16(p + 8) & 1) != 0)
        return hr_fail(err, HR_E_UNSUPPORTED, "'%s' cannot be read: its member '%s' is encrypted", where, m->name);
    if (method != 0 && method != 8)
        return hr_fail(err, HR_E_UNSUPPORTED, "'%s' cannot be read: its member '%s' is packed by method %u; only stored and "
                       "deflated ones are taken", where, m->name, method);
    m->deflated = method == 8;
    m->crc = u32(p + 16);
    m->packed = u32(p + 20);
    m->bytes = u32(p + 24);
    m->header = u32(p + 42);
    bool has64 = m->packed == UINT32_MAX || m->bytes == UINT32_MAX || m->header == UINT32_MAX;
    if (has64 && !extra64(p + ENTRY + name, extra, m))
        return wrong(where, "a large member lacks its ZIP64 figures", err);
    if (!hr_range_ok(m->header, LOCAL, end->offset) || m->packed > end->offset || m->bytes > INT64_MAX)
        return wrong(where, "a member lies outside the file", err);
    if (!m->deflated && m->packed != m->bytes)
        return wrong(where, "a stored member has two sizes", err);
    *ret_length = ENTRY + name + extra + comment;
    return 0;
}

int hr_zip_members(const void *dir, const struct hr_zip_end *end, const char *where, struct hr_zip_member *ret, size_t room,
                   struct hr_error *err)
{
    const uint8_t *p = dir;
    uint64_t left = end->bytes;
    if (end->members > room)
        return hr_fail(err, HR_E_LIMIT, "'%s' has more than %zu members", where, room);
    for (size_t i = 0; i < end->members; i++) {
        uint64_t length = 0;
        int r = read_entry(p, left, end, where, &ret[i], &length, err);
        if (r < 0)
            return r;
        p += length;
        left -= length;
    }
    return 0;
}

int hr_zip_data(const void *local, const struct hr_zip_member *m, const struct hr_zip_end *end, const char *where,
                uint64_t *ret_offset, struct hr_error *err)
{
    const uint8_t *p = local;
    if (u32(p) != 0x04034b50)
        return wrong(where, "a member does not begin where the directory says", err);
    uint64_t data = m->header + LOCAL + u16(p + 26) + u16(p + 28);
    if (!hr_range_ok(data, m->packed, end->offset))
        return wrong(where, "a member reaches into the directory", err);
    *ret_offset = data;
    return 0;
}
