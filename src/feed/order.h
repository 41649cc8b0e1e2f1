/* The order of an epoch: which sample comes at which position.  Computed, never stored: position -> sample is a pure
 * function of (geometry, kind, window, seed, epoch), in O(1), and the memory is O(parts).
 *
 *   SEQUENTIAL  storage order
 *   FULL        one keyed permutation of all samples
 *   WINDOWED    a keyed permutation of the chunks; then, inside each window of `window_chunks` consecutive chunks of that
 *               order, another keyed permutation of the window's samples (forecast.h says how good a shuffle that is)
 *
 * Words: a chunk's *rank* is its place in the epoch's chunk order; a *window* is a run of `window_chunks` ranks (the last
 * may be shorter); its samples are a contiguous run of positions.  SEQUENTIAL has windows too, and its ranks are the
 * chunk numbers; FULL is one window of everything, whose ranks are the chunk numbers.
 *
 * How short chunks are dealt with: only the last chunk of a part may be short (I1 of store.h).  If every chunk were full,
 * position p would lie in rank p / chunk_samples.  Let the short chunks be sorted by rank and missing(k) be what those of
 * rank below k lack; then rank k begins at k * chunk_samples - missing(k) exactly, and position p lies in rank
 * (p + missing of the short chunks that end at or before p) / chunk_samples.  The ranks of the short chunks come from the
 * inverse permutation: O(parts log parts) per epoch.  The same in storage order turns samples into chunks.
 *
 * Thread-safety: hr_order and hr_epoch are immutable once made and may be used by many threads; a cursor belongs to one.
 * An epoch keeps a pointer to its order, which must outlive it. */
#ifndef HR_ORDER_H
#define HR_ORDER_H

#include "err.h"
#include "permute.h"

enum hr_order_kind { HR_ORDER_SEQUENTIAL, HR_ORDER_FULL, HR_ORDER_WINDOWED };
const char *hr_order_kind_name(enum hr_order_kind kind); /* "sequential", "full", "windowed" */

/* Every chunk has chunk_samples samples except the last of each part, which has what is left. */
struct hr_order_geometry {
    uint64_t samples; /* the sum of part_samples, below 2^62 */
    uint32_t chunk_samples;
    uint32_t parts;
    const uint64_t *part_samples; /* read by hr_order_init only */
};

struct hr_order_short; /* one short chunk, order.c */

struct hr_order {
    enum hr_order_kind kind;
    uint64_t samples, seed;
    uint64_t window_chunks; /* 1 .. max(1, chunks) */
    uint32_t chunk_samples, chunks;
    uint64_t reciprocal; /* floor(2^64 / chunk_samples) + 1: divides what is below 2^32 by one multiplication */
    uint32_t shorts;     /* chunks with fewer than chunk_samples samples */
    struct hr_order_short *stored; /* in storage order, owned */
    uint64_t spans;  /* shorts / samples as a fraction of 2^64 */
    uint32_t *hint; /* [shorts + 1]: for each of so many equal spans of the samples, the first short chunk that ends in
                       or after it; owned */
};

/* `window_chunks` 0, or more than there are: all chunks.  HR_E_INVALID when the geometry contradicts itself. */
int hr_order_init(struct hr_order *o, const struct hr_order_geometry *g, enum hr_order_kind kind, uint64_t window_chunks,
                  uint64_t seed, struct hr_error *err) HR_MUST_USE;
void hr_order_fini(struct hr_order *o); /* accepts a zeroed one */

struct hr_epoch {
    const struct hr_order *order;
    uint64_t epoch;
    struct hr_permute chunks;      /* WINDOWED: rank -> chunk */
    struct hr_permute samples;     /* FULL: position -> sample */
    struct hr_order_short *ranked; /* the short chunks in the order of their ranks, owned */
};

/* Computes what an epoch needs.  `e` is zeroed before its first use, and may be used again for another epoch. */
int hr_order_epoch(const struct hr_order *o, uint64_t epoch, struct hr_epoch *e, struct hr_error *err) HR_MUST_USE;
void hr_epoch_fini(struct hr_epoch *e); /* accepts a zeroed one */

/* --- chunks --- */
uint32_t hr_epoch_chunk_at(const struct hr_epoch *e, uint32_t rank);    /* rank < chunks */
uint32_t hr_epoch_chunk_rank(const struct hr_epoch *e, uint32_t chunk); /* its inverse */

struct hr_window {
    uint64_t number;   /* of the window in the epoch */
    uint64_t position; /* of its first sample */
    uint64_t samples;
    uint32_t rank; /* of its first chunk */
    uint32_t chunks;
};
/* The window that holds `position` (< samples). */
struct hr_window hr_epoch_window(const struct hr_epoch *e, uint64_t position);
uint64_t hr_epoch_windows(const struct hr_epoch *e); /* how many windows an epoch has */
/* The position at which window `number` begins; the number of samples when there is no such window. */
uint64_t hr_epoch_window_start(const struct hr_epoch *e, uint64_t number);

/* --- samples --- */
struct hr_place {
    uint64_t sample; /* the dataset's number */
    uint32_t chunk;  /* that holds it */
    uint32_t index;  /* inside the chunk */
};

enum { HR_CURSOR_AHEAD = 64 };

/* What a thread keeps between calls: the current window's permutation and chunks, and the next few permuted places (64 at
 * once cost as much as 20 one by one).  Worth having: without one, every call sets up the window anew (0.2 to 1 µs). */
struct hr_cursor {
    const struct hr_order *order; /* identity of what is cached */
    uint64_t seed, epoch;
    struct hr_window window;
    bool valid;
    uint32_t short_first, short_end; /* the window's run in hr_epoch.ranked */
    struct hr_permute samples;
    struct hr_cursor_chunk *chunk; /* [capacity], of the window, by rank */
    uint64_t capacity;
    bool looks_ahead;                  /* set by hr_cursor_init */
    uint64_t ahead_from, ahead_n;      /* ahead[] holds the values at places ahead_from .. + ahead_n - 1 of the window */
    uint64_t ahead[HR_CURSOR_AHEAD];
};
/* Takes hr_cursor_bytes() from the heap (0 for SEQUENTIAL and FULL, else 16 per chunk of a window). */
int hr_cursor_init(struct hr_cursor *c, const struct hr_order *o, struct hr_error *err) HR_MUST_USE;
uint64_t hr_cursor_bytes(const struct hr_order *o);
void hr_cursor_fini(struct hr_cursor *c); /* accepts a zeroed one */

/* The samples at positions position .. position + n - 1, all of them modulo the number of samples: a batch that is padded
 * from the epoch's beginning needs nothing special.  A cursor may be used with any epoch of its order; NULL: the
 * call does without.  About 5 to 12 ns a sample with a cursor
 * and AVX2. */
void hr_epoch_places(const struct hr_epoch *e, struct hr_cursor *c, uint64_t position, size_t n, struct hr_place *ret);
/* The same, only the numbers. */
void hr_epoch_range(const struct hr_epoch *e, struct hr_cursor *c, uint64_t position, size_t n, uint64_t *ret);
uint64_t hr_epoch_at(const struct hr_epoch *e, uint64_t position);

/* Where a sample lies in the store: O(1). */
struct hr_place hr_order_place(const struct hr_order *o, uint64_t sample);
uint64_t hr_order_chunk_first(const struct hr_order *o, uint32_t chunk);   /* its first sample */
uint32_t hr_order_chunk_samples(const struct hr_order *o, uint32_t chunk); /* how many it has */

#endif
