/* Opening the past, and keeping up with it. */
#include "bygone_inside.h"

#include "file.h"
#include "mem.h"

#include <fcntl.h>
#include <string.h>

#define NONE UINT64_MAX

/* --- the bytes, and the open block --- */

size_t hr_bygone_block_bytes(const struct hr_bygone *p, uint64_t off)
{
    return (size_t)HR_MIN((uint64_t)HR_RING_BLOCK, p->bytes - off);
}

bool hr_bygone_fetch(const struct hr_bygone *p, void *to, size_t n, uint64_t off)
{
    if (p->memory == NULL)
        return hr_pread_all(p->fd, to, n, off, p->path, NULL) == 0;
    memcpy(to, p->memory + off, n);
    return true;
}

size_t hr_bygone_load(struct hr_bygone *p, uint64_t off)
{
    size_t n = hr_bygone_block_bytes(p, off);
    return hr_bygone_fetch(p, p->room, n, off) ? n : 0;
}

void hr_bygone_shut(struct hr_bygone *p)
{
    if (p->opened != NONE)
        hr_tape_close(&p->tape);
    p->opened = NONE;
}

bool hr_bygone_open_block(struct hr_bygone *p, const struct hr_block_mark *k)
{
    if (p->opened == k->off)
        return true;
    hr_bygone_shut(p);
    size_t n = hr_bygone_load(p, k->off);
    if (n == 0 || hr_tape_open_bytes(p->room, n, &p->tape, NULL) < 0)
        return false;
    p->opened = k->off;
    return true;
}

/* --- opening --- */

int hr_bygone_refresh(struct hr_bygone *p, struct hr_error *err)
{
    uint64_t was = p->to;
    hr_bygone_shut(p);
    int r = hr_bygone_index(p, err);
    if (r < 0)
        return r;
    hr_bygone_find_notes(p);
    hr_bygone_find_reach(p);
    if (p->to != was && p->window_to >= was)
        p->window_step = 0; /* what the curves show has gone on */
    return 0;
}

static int born(struct hr_bygone **ret, struct hr_error *err)
{
    struct hr_bygone *p = hr_calloc(1, sizeof *p);
    if (p == NULL)
        return hr_fail_nomem(err, sizeof *p, "the past");
    p->fd = -1;
    p->opened = NONE;
    *ret = p;
    return 0;
}

/* Where its bytes are is known: everything else. */
static int set_up(struct hr_bygone *p, struct hr_error *err)
{
    p->blocks = (size_t)((p->bytes + HR_RING_BLOCK - 1) / HR_RING_BLOCK);
    p->block = hr_calloc(HR_MAX(p->blocks, (size_t)1), sizeof *p->block);
    p->room = hr_malloc(HR_RING_BLOCK);
    p->note = hr_calloc(HR_BYGONE_NOTES, sizeof *p->note);
    p->means = hr_calloc(1, offsetof(struct hr_model, proc) + sizeof p->means->proc[0]); /* there are no processes in it */
    if (p->block == NULL || p->room == NULL || p->note == NULL || p->means == NULL)
        return hr_fail_nomem(err, HR_RING_BLOCK, "the past");
    for (size_t i = 0; i < p->blocks; i++)
        p->block[i].strip = HR_STRIP_NONE;
    return hr_bygone_refresh(p, err);
}

static int finish(struct hr_bygone *p, int r, struct hr_bygone **ret, struct hr_error *err)
{
    if (r == 0)
        r = set_up(p, err);
    if (r < 0)
        hr_bygone_close(p);
    else
        *ret = p;
    return r;
}

static int open_file(struct hr_bygone *p, const char *path, struct hr_error *err)
{
    p->path = hr_strdup(path);
    int r = p->path == NULL ? hr_fail_nomem(err, 0, "the past") : hr_open(path, O_RDONLY, 0, &p->fd, err);
    if (r == 0)
        r = hr_file_size(p->fd, path, &p->bytes, err);
    if (r == 0 && p->bytes > HR_RING_SIZE_MAX)
        r = hr_fail(err, HR_E_LIMIT, "'%s' is larger than any recording", path);
    return r;
}

int hr_bygone_open(const char *path, struct hr_bygone **ret, struct hr_error *err)
{
    struct hr_bygone *p = NULL;
    int r = born(&p, err);
    return r < 0 ? r : finish(p, open_file(p, path, err), ret, err);
}

int hr_bygone_open_bytes(const uint8_t *bytes, size_t n, struct hr_bygone **ret, struct hr_error *err)
{
    struct hr_bygone *p = NULL;
    int r = born(&p, err);
    if (r < 0)
        return r;
    p->memory = bytes;
    p->bytes = n;
    return finish(p, 0, ret, err);
}

int hr_bygone_open_ring(const struct hr_ring *ring, const struct hr_series *s, struct hr_bygone **ret, struct hr_error *err)
{
    struct hr_bygone *p = NULL;
    int r = born(&p, err);
    if (r < 0)
        return r;
    p->memory = hr_ring_memory(ring, &p->plan);
    p->lanes = true;
    p->bytes = hr_ring_size(ring);
    p->live = s;
    return finish(p, 0, ret, err);
}

void hr_bygone_close(struct hr_bygone *p)
{
    if (p == NULL)
        return;
    hr_bygone_shut(p);
    hr_close(p->fd);
    for (unsigned k = 0; k < HR_STRIPS; k++)
        hr_free(p->strip[k].mark);
    hr_series_close(p->window);
    hr_free(p->block);
    hr_free(p->room);
    hr_free(p->note);
    hr_free(p->means);
    hr_free(p->path);
    hr_free(p);
}
