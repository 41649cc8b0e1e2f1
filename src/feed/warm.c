#include "warm.h"

#include "file.h"

#include <stdatomic.h>

enum { PIECE = 4 << 20, SLOW_TOUCHES = 2 };

/* A touch that finds its pages in the page cache maps at 2 GB/s and more, with some for a thread switch. */
static bool is_slow(uint64_t bytes, uint64_t ns)
{
    return ns > 100000 + bytes / 2;
}

/* Piece k + 1 is on its way from the disk while the pages of piece k are waited for and mapped: never more than two pieces
 * ahead of the disk, so that the caller's own reads do not queue behind the whole file. */
static void *warm(void *arg)
{
    struct hr_warmer *w = arg;
    for (uint32_t p = 0; p < w->store->parts; p++) {
        const struct hr_part *part = &w->store->part[p];
        if (!w->huge)
            hr_read_soon(part->fd, 0, HR_MIN(part->map.n, (size_t)PIECE));
        for (uint64_t off = 0; off < part->map.n; off += PIECE) {
            if (atomic_load_explicit(&w->stop, memory_order_relaxed))
                return NULL;
            if (!w->huge && off + PIECE < part->map.n)
                hr_read_soon(part->fd, off + PIECE, PIECE);
            hr_map_advise(&part->map, off, HR_MIN(part->map.n - off, (uint64_t)PIECE), HR_ADVISE_POPULATE);
        }
    }
    return NULL;
}

void hr_warmer_init(struct hr_warmer *w, const struct hr_store *s, bool allowed)
{
    *w = (struct hr_warmer){ .store = allowed ? s : NULL };
}

void hr_warmer_note(struct hr_warmer *w, uint64_t bytes, uint64_t ns)
{
    if (w->store == NULL || !is_slow(bytes, ns))
        return;
    /* exactly one thread sees the count pass the mark, so the helper is started once */
    if (atomic_fetch_add_explicit(&w->slow, 1, memory_order_relaxed) + 1 == SLOW_TOUCHES)
        (void)!hr_thread_start(&w->thread, "hr-warm", warm, w, NULL);
}

void hr_warmer_close(struct hr_warmer *w)
{
    atomic_store_explicit(&w->stop, true, memory_order_relaxed);
    hr_thread_join(&w->thread);
}
