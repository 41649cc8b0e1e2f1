#include "gzip.h"

#include "mem.h"

bool hr_gzip_is(struct hr_str b)
{
    return b.n >= 2 && (unsigned char)b.p[0] == 0x1f && (unsigned char)b.p[1] == 0x8b;
}

#if HAVE_ZLIB

#include <zlib.h>

enum { GZIP_BITS = 15 + 16, PIECE = 64 << 10, IN_MAX = 1 << 30 };

bool hr_gzip_available(void)
{
    return true;
}

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

/* One turn of inflate or deflate into `out`; Z_BUF_ERROR also when the ceiling is reached. */
static int turn(z_stream *z, int (*work)(z_stream *, int), int flush, struct hr_buf *out)
{
    size_t room = HR_MIN(out->ceiling - out->len, (size_t)PIECE);
    char *to = room == 0 ? NULL : hr_buf_reserve(out, room);
    if (to == NULL)
        return room == 0 ? Z_BUF_ERROR : Z_MEM_ERROR;
    z->next_out = (Bytef *)to;
    z->avail_out = (unsigned)room;
    int e = work(z, flush);
    hr_buf_commit(out, room - z->avail_out);
    return e;
}

int hr_gunzip(struct hr_str packed, const char *path, struct hr_buf *out, struct hr_error *err)
{
    z_stream z = { .zalloc = z_alloc, .zfree = z_free };
    if (packed.n > IN_MAX)
        return hr_fail(err, HR_E_LIMIT, "'%s' is larger than the 1 GiB that are unpacked", path);
    if (inflateInit2(&z, GZIP_BITS) != Z_OK)
        return hr_fail_nomem(err, PIECE, "unpacking a file");
    z.next_in = (Bytef *)(uintptr_t)packed.p;
    z.avail_in = (unsigned)packed.n;
    int e = Z_OK;
    while (e == Z_OK && (e = turn(&z, inflate, Z_NO_FLUSH, out)) != Z_MEM_ERROR)
        if (e == Z_STREAM_END && z.avail_in > 2 && hr_gzip_is((struct hr_str) { (const char *)z.next_in, z.avail_in }))
            e = inflateReset(&z);
    inflateEnd(&z);
    if (e == Z_STREAM_END)
        return 0;
    if (e == Z_MEM_ERROR)
        return hr_fail_nomem(err, PIECE, "unpacking a file");
    if (out->len == out->ceiling)
        return hr_fail(err, HR_E_LIMIT, "'%s' unpacks to more than %zu MiB", path, out->ceiling >> 20);
    return hr_fail(err, HR_E_FORMAT, "'%s' cannot be unpacked: %s", path, e == Z_BUF_ERROR ? "it is cut off" : "it is damaged");
}

int hr_gzip(struct hr_str plain, struct hr_buf *out, struct hr_error *err)
{
    z_stream z = { .zalloc = z_alloc, .zfree = z_free };
    if (plain.n > IN_MAX)
        return hr_fail(err, HR_E_LIMIT, "more than 1 GiB cannot be packed at once");
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return hr_fail_nomem(err, PIECE, "packing a file");
    z.next_in = (Bytef *)(uintptr_t)plain.p;
    z.avail_in = (unsigned)plain.n;
    int e = Z_OK;
    while (e == Z_OK)
        e = turn(&z, deflate, Z_FINISH, out);
    deflateEnd(&z);
    return e == Z_STREAM_END ? 0 : hr_fail_nomem(err, PIECE, "packing a file");
}

#else

bool hr_gzip_available(void)
{
    return false;
}

int hr_gunzip(struct hr_str packed, const char *path, struct hr_buf *out, struct hr_error *err)
{
    (void)packed, (void)out;
    return hr_fail(err, HR_E_UNSUPPORTED, "'%s' is compressed, and this headrace was built without zlib: gunzip it first",
                   path);
}

int hr_gzip(struct hr_str plain, struct hr_buf *out, struct hr_error *err)
{
    (void)plain, (void)out;
    return hr_fail(err, HR_E_UNSUPPORTED, "this headrace was built without zlib: it cannot compress");
}

#endif
