#include "fetch.h"

#include "file.h"
#include "mem.h"
#include "num.h"

#include <fcntl.h>

uint64_t hr_fetch_bytes(const struct hr_store *s)
{
    return hr_align_up(s->body_max, HR_FETCH_ALIGN) + HR_FETCH_ALIGN;
}

int hr_fetch_open(struct hr_fetch *f, const struct hr_store *s, bool verify, struct hr_acct *acct, struct hr_error *err)
{
    *f = (struct hr_fetch){ .store = s, .acct = acct, .verify = verify, .direct = true };
    f->fd = hr_reallocarray(NULL, s->parts, sizeof *f->fd);
    if (f->fd == NULL)
        return hr_fail_nomem(err, s->parts * sizeof *f->fd, "the list of files");
    for (uint32_t i = 0; i < s->parts; i++) {
        if (hr_open(s->part[i].path, O_RDONLY | O_DIRECT, 0, &f->fd[i], NULL) < 0) {
            f->fd[i] = -1; /* tmpfs and some others do not know O_DIRECT; a lack of descriptors ends here as well */
            f->direct = false;
        }
    }
    return 0;
}

void hr_fetch_close(struct hr_fetch *f)
{
    for (uint32_t i = 0; f->fd != NULL && i < f->store->parts; i++)
        hr_close(f->fd[i]);
    hr_free(f->fd);
    *f = (struct hr_fetch){ 0 };
}

/* The block of chunk c into `to`; *ret_block is where it begins in there. */
static int read_block(const struct hr_fetch *f, uint32_t c, uint8_t *to, const uint8_t **ret_block, struct hr_error *err)
{
    const struct hr_chunk_ref *ref = &f->store->chunk[c];
    const struct hr_part *part = &f->store->part[ref->part];
    uint64_t from = ref->off & ~(uint64_t)(HR_FETCH_ALIGN - 1), skip = ref->off - from, need = skip + ref->meta + ref->body;
    int fd = f->fd[ref->part], r;
    uint64_t t = hr_ticks();
    if (fd >= 0) {
        r = hr_pread_least(fd, to, hr_align_up(need, HR_FETCH_ALIGN), need, from, part->path, err);
    } else {
        r = hr_pread_least(part->fd, to, need, need, from, part->path, err);
        hr_drop_behind(part->fd, from, need);
    }
    hr_acct_add(f->acct, HR_STAGE_DISK, hr_ticks() - t);
    hr_acct_count(&f->acct->bytes_read, need);
    hr_acct_count(&f->acct->chunk_reads, 1);
    *ret_block = to + skip;
    return r;
}

int hr_fetch_chunk(const struct hr_fetch *f, uint32_t c, void *slot, void *read, struct hr_column *col, struct hr_error *err)
{
    const struct hr_store *s = f->store;
    const uint8_t *block = NULL;
    bool packed = s->codec != HR_CODEC_NONE;
    struct hr_chunk view = { .col = col };
    int r = read_block(f, c, packed ? read : slot, &block, err);
    if (r < 0)
        return r;
    uint64_t t = hr_ticks();
    r = f->verify ? hr_store_check(s, c, block, err) : 0;
    if (f->verify)
        hr_acct_count(&f->acct->bytes_verified, s->chunk[c].meta + s->chunk[c].body);
    uint64_t mid = hr_ticks();
    hr_acct_add(f->acct, HR_STAGE_VERIFY, mid - t);
    if (r >= 0)
        r = hr_store_view(s, c, block, packed ? slot : NULL, true, &view, err);
    hr_acct_add(f->acct, packed ? HR_STAGE_DECOMPRESS : HR_STAGE_VERIFY, hr_ticks() - mid);
    if (packed)
        hr_acct_count(&f->acct->bytes_decompressed, hr_store_scratch(s));
    return r < 0 ? r : 0;
}
