#include "dedup.h"

#include "buf.h"
#include "file.h"
#include "mem.h"

#include <fcntl.h>
#include <string.h>

struct hr_dedup {
    char *path;
    int fd;
    struct hr_hash128 *slot; /* open addressing; a pair of zeros is an empty one */
    uint64_t slots, used, ceiling;
    uint64_t written;        /* hashes in the file that count; what an earlier run left behind them is written over */
    struct hr_buf fresh;     /* added, not yet written */
};

void hr_dedup_close(struct hr_dedup *d)
{
    if (d == NULL)
        return;
    hr_close(d->fd);
    hr_free(d->slot);
    hr_buf_fini(&d->fresh);
    hr_free(d->path);
    hr_free(d);
}

/* Its slot, or the empty one that it belongs to. */
static struct hr_hash128 *find(struct hr_hash128 *slot, uint64_t slots, struct hr_hash128 h)
{
    uint64_t i = h.lo & (slots - 1);
    while ((slot[i].lo | slot[i].hi) != 0 && (slot[i].lo != h.lo || slot[i].hi != h.hi))
        i = (i + 1) & (slots - 1);
    return &slot[i];
}

static int grow(struct hr_dedup *d, struct hr_error *err)
{
    uint64_t slots = d->slots == 0 ? 1024 : d->slots * 2;
    if (slots * sizeof *d->slot > d->ceiling)
        return hr_fail(err, HR_E_BUDGET, "finding duplicates among more than %llu samples needs more memory; give more with --memory",
                       (unsigned long long)d->used);
    struct hr_hash128 *more = hr_calloc(slots, sizeof *more);
    if (more == NULL)
        return hr_fail_nomem(err, slots * sizeof *more, "finding duplicates");
    for (uint64_t i = 0; i < d->slots; i++)
        if ((d->slot[i].lo | d->slot[i].hi) != 0)
            *find(more, slots, d->slot[i]) = d->slot[i];
    hr_free(d->slot);
    d->slot = more;
    d->slots = slots;
    return 0;
}

static int insert(struct hr_dedup *d, struct hr_hash128 h, struct hr_error *err)
{
    h.lo |= (h.lo | h.hi) == 0; /* zeros mean empty */
    if (d->used * 4 >= d->slots * 3) {
        int e = grow(d, err);
        if (e < 0)
            return e;
    }
    struct hr_hash128 *s = find(d->slot, d->slots, h);
    if ((s->lo | s->hi) != 0)
        return 0;
    *s = h;
    d->used++;
    return 1;
}

static int load(struct hr_dedup *d, uint64_t keep, struct hr_error *err)
{
    struct hr_hash128 some[256];
    for (uint64_t at = 0; at < keep;) {
        uint64_t n = HR_MIN(keep - at, (uint64_t)HR_COUNT(some));
        int e = hr_pread_all(d->fd, some, n * sizeof some[0], at * sizeof some[0], d->path, err);
        for (uint64_t i = 0; e >= 0 && i < n; i++)
            e = insert(d, some[i], err);
        if (e < 0)
            return e;
        at += n;
    }
    return 0;
}

int hr_dedup_open(const char *dir, uint64_t keep, uint64_t ceiling, struct hr_dedup **ret, struct hr_error *err)
{
    if (!hr_hash_available())
        return hr_fail(err, HR_E_UNSUPPORTED, "--dedup needs content hashes, and this build has none (libxxhash was missing)");
    struct hr_dedup *d = hr_calloc(1, sizeof *d);
    if (d == NULL)
        return hr_fail_nomem(err, sizeof *d, "finding duplicates");
    *d = (struct hr_dedup){ .fd = -1, .ceiling = ceiling, .fresh = HR_BUF_INIT((size_t)1 << 30) };
    d->path = hr_join(dir, HR_DEDUP_NAME);
    int e = d->path == NULL ? hr_fail_nomem(err, strlen(dir), "a file's name")
                            : hr_open(d->path, O_RDWR | O_CREAT, 0666, &d->fd, err);
    if (e == 0)
        e = load(d, keep, err);
    d->written = keep;
    if (e < 0) {
        hr_dedup_close(d);
        return e;
    }
    *ret = d;
    return 0;
}

int hr_dedup_add(struct hr_dedup *d, struct hr_hash128 h, struct hr_error *err)
{
    int e = insert(d, h, err);
    if (e == 1 && !hr_buf_add(&d->fresh, &h, sizeof h))
        return hr_fail_nomem(err, sizeof h, "finding duplicates");
    return e;
}

int hr_dedup_write(struct hr_dedup *d, uint32_t n, struct hr_error *err)
{
    size_t bytes = n * sizeof(struct hr_hash128);
    int e = hr_pwrite_all(d->fd, d->fresh.data, bytes, d->written * sizeof(struct hr_hash128), d->path, err);
    if (e < 0)
        return e;
    d->written += n;
    memmove(d->fresh.data, d->fresh.data + bytes, d->fresh.len - bytes);
    d->fresh.len -= bytes;
    return 0;
}
