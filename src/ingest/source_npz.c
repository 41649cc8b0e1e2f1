/* NumPy archives: a .npz file is a ZIP archive of .npy files.  Stored members are read where they lie; deflated ones are
 * unpacked into a file without a name (in $TMPDIR, else beside the source, else in /tmp) while the archive is open, since
 * samples are read from the middle. */
#include "array_source.h"

#include "env.h"
#include "given.h"
#include "inflate.h"
#include "mem.h"
#include "num.h"
#include "zip.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct npz {
    int fd, unpacked;    /* -1 */
    uint64_t size, used; /* of the archive; of the unpacked file */
    struct hr_zip_end end;
    struct hr_zip_member *member;
};

static int detect(const char *path, struct hr_str head)
{
    bool named = hr_str_ends(hr_str(path), ".npz");
    return hr_str_starts(head, "PK\3\4") || hr_str_starts(head, "PK\5\6") ? (named ? 100 : 0) : 0;
}

static void close_container(struct hr_container *c)
{
    struct npz *z = c->impl;
    if (z == NULL)
        return;
    hr_close(z->fd);
    hr_close(z->unpacked);
    hr_free(z->member);
    hr_free(z);
    c->impl = NULL;
}

/* --- the directory --- */

static int read_directory(struct npz *z, const char *path, struct hr_error *err)
{
    size_t n = (size_t)HR_MIN(z->size, (uint64_t)HR_ZIP_TAIL_MAX);
    HR_CLEANUP(hr_freep) uint8_t *tail = hr_malloc(n + 1);
    if (tail == NULL)
        return hr_fail_nomem(err, n, "the directory of an archive");
    int r = hr_pread_all(z->fd, tail, n, z->size - n, path, err);
    if (r == 0)
        r = hr_zip_end(tail, n, z->size, path, &z->end, err);
    if (r == 0 && z->end.zip64 != 0) {
        uint8_t record[56];
        r = hr_pread_all(z->fd, record, sizeof record, z->end.zip64, path, err);
        if (r == 0)
            r = hr_zip_end64(record, z->size, path, &z->end, err);
    }
    if (r < 0)
        return r;
    if (z->end.members > 2 * HR_FIELDS_MAX || z->end.bytes > UINT64_C(64) << 20)
        return hr_fail(err, HR_E_LIMIT, "'%s' has %" PRIu64 " members; a sample has at most %d fields", path, z->end.members,
                       HR_FIELDS_MAX);
    HR_CLEANUP(hr_freep) uint8_t *dir = hr_malloc(z->end.bytes + 1);
    z->member = hr_calloc(z->end.members + 1, sizeof *z->member);
    if (dir == NULL || z->member == NULL)
        return hr_fail_nomem(err, z->end.bytes, "the directory of an archive");
    r = hr_pread_all(z->fd, dir, z->end.bytes, z->end.offset, path, err);
    return r < 0 ? r : hr_zip_members(dir, &z->end, path, z->member, z->end.members, err);
}

/* --- unpacking --- */

/* A file that has no name any more.  A file system without O_TMPFILE gets one for a moment. */
static int nameless(const char *folder, int *ret_fd, struct hr_error *err)
{
    static unsigned count;
    if (hr_open(folder, O_TMPFILE | O_RDWR, 0600, ret_fd, NULL) == 0)
        return 0;
    char name[64];
    snprintf(name, sizeof name, ".headrace-%ld-%u", (long)getpid(), __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED));
    HR_CLEANUP(hr_freep) char *path = hr_join(folder, name);
    if (path == NULL)
        return hr_fail_nomem(err, strlen(folder), "a file's name");
    int r = hr_open(path, O_RDWR | O_CREAT | O_EXCL, 0600, ret_fd, err);
    return r < 0 ? r : hr_unlink(path, err);
}

static int open_unpacked(struct npz *z, const char *path, struct hr_error *err)
{
    const char *tmp = hr_env("TMPDIR");
    if (z->unpacked >= 0 || (tmp != NULL && tmp[0] != 0 && nameless(tmp, &z->unpacked, NULL) == 0))
        return 0;
    const char *slash = strrchr(path, '/');
    HR_CLEANUP(hr_freep) char *folder = hr_strdup(slash == NULL ? "." : path);
    if (folder == NULL)
        return hr_fail_nomem(err, strlen(path), "a file's name");
    if (slash != NULL)
        folder[slash - path + (slash == path)] = 0;
    return nameless(folder, &z->unpacked, NULL) == 0 ? 0 : nameless("/tmp", &z->unpacked, err);
}

/* All bytes of a deflated member, appended to the unpacked file from z->used on. */
static int unpack(struct npz *z, const struct hr_zip_member *m, uint64_t data, const char *path, struct hr_error *err)
{
    enum { PIECE = 1 << 20 };
    struct hr_inflate *in;
    int r = open_unpacked(z, path, err);
    if (r == 0)
        r = hr_inflate_open(z->fd, path, HR_INFLATE_RAW, data, m->packed, &in, err);
    if (r < 0)
        return r;
    HR_CLEANUP(hr_freep) void *piece = hr_malloc(PIECE);
    uint64_t done = 0;
    int64_t got = piece == NULL ? hr_fail_nomem(err, PIECE, "unpacking an archive") : 1;
    while (got > 0 && done <= m->bytes) {
        got = hr_inflate_read(in, piece, PIECE, err);
        if (got > 0) {
            r = hr_pwrite_all(z->unpacked, piece, (size_t)got, z->used + done, "the unpacked archive", err);
            got = r < 0 ? r : got;
            done += r < 0 ? 0 : (uint64_t)got;
        }
    }
    uint32_t crc = hr_inflate_crc(in);
    hr_inflate_close(in);
    if (got < 0)
        return (int)got;
    if (done != m->bytes || crc != m->crc)
        return hr_fail(err, HR_E_CORRUPT, "'%s': the member '%s' is damaged: its checksum is wrong", path, m->name);
    return 0;
}

/* The head alone of a deflated member. */
static int peek(struct npz *z, const struct hr_zip_member *m, uint64_t data, const char *path, struct hr_npy *ret,
                struct hr_error *err)
{
    struct hr_inflate *in;
    int r = hr_inflate_open(z->fd, path, HR_INFLATE_RAW, data, m->packed, &in, err);
    if (r < 0)
        return r;
    HR_CLEANUP(hr_freep) void *head = hr_malloc(HR_NPY_HEAD_MAX);
    int64_t got = head == NULL ? hr_fail_nomem(err, HR_NPY_HEAD_MAX, "an archive")
                               : hr_inflate_read(in, head, HR_NPY_HEAD_MAX, err);
    hr_inflate_close(in);
    if (got < 0)
        return (int)got;
    r = hr_npy_parse(head, (size_t)got, m->name, ret, err);
    if (r < 0)
        return hr_fail_prefix(err, r, "'%s'", path);
    return 0;
}

static int open_member(struct hr_container *c, const struct hr_zip_member *m, bool reading, struct hr_error *err)
{
    struct npz *z = c->impl;
    uint8_t local[30];
    uint64_t data = 0, base;
    struct hr_npy head;
    if (m->name[strlen(m->name) - 1] == '/')
        return 0; /* a folder */
    int r = hr_pread_all(z->fd, local, sizeof local, m->header, c->path, err);
    if (r == 0)
        r = hr_zip_data(local, m, &z->end, c->path, &data, err);
    base = data;
    int fd = z->fd;
    if (r == 0 && m->deflated && reading) {
        r = unpack(z, m, data, c->path, err);
        fd = z->unpacked;
        base = z->used;
        z->used += m->bytes;
    }
    if (r == 0 && m->deflated && !reading)
        r = peek(z, m, data, c->path, &head, err);
    else if (r == 0)
        r = hr_npy_read(fd, base, m->bytes, c->path, &head, err);
    if (r == 0)
        r = hr_array_list_npy(&c->array, &c->n, m->name, c->path, &head, err);
    if (r < 0)
        return r;
    c->array[c->n - 1].fd = fd;
    c->array[c->n - 1].data = base + head.data;
    return 0;
}

static int open_container(struct hr_array_source *s, uint32_t file, bool reading, struct hr_container *ret,
                          struct hr_error *err)
{
    (void)s, (void)file;
    struct npz *z = hr_calloc(1, sizeof *z);
    if (z == NULL)
        return hr_fail_nomem(err, sizeof *z, "an archive");
    z->fd = z->unpacked = -1;
    ret->impl = z;
    int r = hr_open(ret->path, O_RDONLY, 0, &z->fd, err);
    if (r == 0)
        r = hr_file_size(z->fd, ret->path, &z->size, err);
    if (r == 0)
        r = read_directory(z, ret->path, err);
    ret->bytes = z->size;
    for (uint64_t i = 0; r == 0 && i < z->end.members; i++)
        r = open_member(ret, &z->member[i], reading, err);
    if (r == 0 && ret->n == 0)
        r = hr_fail(err, HR_E_FORMAT, "'%s' holds no arrays", ret->path);
    return r;
}

static const struct hr_container_ops container_ops = { open_container, NULL, NULL, close_container };

static int open_npz(const char *const *paths, int n, const struct hr_source_options *o, struct hr_source **ret,
                    struct hr_error *err)
{
    struct hr_names names = { NULL, 0 };
    uint64_t bytes = 0;
    static const char *const ends[] = { ".npz", NULL };
    int r = hr_given_files(&(struct hr_given){ paths, n, ends }, &names, &bytes, err);
    if (r < 0)
        return r;
    return hr_array_source_open(&hr_source_npz, &container_ops, &names, bytes, NULL, NULL, o, ret, err);
}

const struct hr_source_ops hr_source_npz = {
    .name = "npz",
    .help = "NumPy archives (.npz): each a set of columns as npy, or each one sample",
    .detect = detect,
    .open = open_npz,
    HR_ARRAY_SOURCE_OPS,
};
