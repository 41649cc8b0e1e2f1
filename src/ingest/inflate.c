#include "inflate.h"

#include "file.h"
#include "mem.h"

#include <string.h>

#if HAVE_ZLIB

#include <zlib.h>

enum { PIECE = 256 << 10 };

struct hr_inflate {
    int fd;
    const char *path;
    enum hr_inflate_kind kind;
    uint64_t at, end, offset;
    uint32_t crc;
    bool done; /* the last stream has ended */
    z_stream z;
    uint8_t in[PIECE];
};

static void *z_alloc(void *arg, unsigned count, unsigned size)
{
    (void)arg;
    return hr_calloc(count, size);
}

static void z_free(void *arg, void *p)
{
    (void)arg;
    hr_free(p);
}

int hr_inflate_open(int fd, const char *path, enum hr_inflate_kind kind, uint64_t offset, uint64_t packed,
                    struct hr_inflate **ret, struct hr_error *err)
{
    struct hr_inflate *z = hr_malloc(sizeof *z);
    if (z == NULL)
        return hr_fail_nomem(err, sizeof *z, "unpacking a file");
    *z = (struct hr_inflate){ .fd = fd, .path = path, .kind = kind, .at = offset, .end = offset + packed, .offset = offset };
    z->z.zalloc = z_alloc;
    z->z.zfree = z_free;
    if (inflateInit2(&z->z, kind == HR_INFLATE_GZIP ? 15 + 16 : -15) != Z_OK) {
        hr_free(z);
        return hr_fail_nomem(err, 64 << 10, "unpacking a file");
    }
    *ret = z;
    return 0;
}

void hr_inflate_close(struct hr_inflate *z)
{
    if (z == NULL)
        return;
    inflateEnd(&z->z);
    hr_free(z);
}

static int wrong(const struct hr_inflate *z, const char *what, struct hr_error *err)
{
    return hr_fail(err, HR_E_FORMAT, "'%s' cannot be unpacked: %s near byte %llu", z->path, what,
                   (unsigned long long)(z->at - z->z.avail_in));
}

/* 1 = there is input, 0 = the packed bytes are used up. */
static int refill(struct hr_inflate *z, struct hr_error *err)
{
    if (z->z.avail_in != 0)
        return 1;
    size_t n = (size_t)HR_MIN((uint64_t)PIECE, z->end - z->at);
    if (n == 0)
        return 0;
    int r = hr_pread_all(z->fd, z->in, n, z->at, z->path, err);
    if (r < 0)
        return r;
    z->at += n;
    z->z.next_in = z->in;
    z->z.avail_in = (unsigned)n;
    return 1;
}

int64_t hr_inflate_read(struct hr_inflate *z, void *p, size_t n, struct hr_error *err)
{
    size_t got = 0;
    while (got < n) {
        int r = refill(z, err);
        if (r < 0)
            return r;
        if (z->done) {
            if (r == 0 || z->kind == HR_INFLATE_RAW)
                break;
            inflateReset(&z->z); /* the next of several .gz */
            z->done = false;
        } else if (r == 0) {
            return wrong(z, "it is cut off", err);
        }
        z->z.next_out = (uint8_t *)p + got;
        z->z.avail_out = (unsigned)HR_MIN(n - got, (size_t)1 << 30);
        unsigned before = z->z.avail_out;
        int e = inflate(&z->z, Z_NO_FLUSH);
        got += before - z->z.avail_out;
        if (e == Z_MEM_ERROR)
            return hr_fail_nomem(err, 64 << 10, "unpacking a file");
        if (e != Z_OK && e != Z_STREAM_END && e != Z_BUF_ERROR)
            return wrong(z, "it is damaged", err);
        z->done = e == Z_STREAM_END;
    }
    z->crc = (uint32_t)crc32(z->crc, p, (unsigned)got);
    return (int64_t)got;
}

uint64_t hr_inflate_taken(const struct hr_inflate *z)
{
    return z->at - z->offset - z->z.avail_in;
}

uint32_t hr_inflate_crc(const struct hr_inflate *z)
{
    return z->crc;
}

#else

int hr_inflate_open(int fd, const char *path, enum hr_inflate_kind kind, uint64_t offset, uint64_t packed,
                    struct hr_inflate **ret, struct hr_error *err)
{
    (void)fd, (void)kind, (void)offset, (void)packed, (void)ret;
    return hr_fail(err, HR_E_UNSUPPORTED, "'%s' is compressed, and this headrace was built without zlib", path);
}

void hr_inflate_close(struct hr_inflate *z)
{
    (void)z;
}

int64_t hr_inflate_read(struct hr_inflate *z, void *p, size_t n, struct hr_error *err)
{
    (void)z, (void)p, (void)n;
    return hr_fail(err, HR_E_BUG, "unpacking without zlib");
}

uint64_t hr_inflate_taken(const struct hr_inflate *z)
{
    (void)z;
    return 0;
}

uint32_t hr_inflate_crc(const struct hr_inflate *z)
{
    (void)z;
    return 0;
}

#endif
