#include "order.h"

#include "mem.h"
#include "rng.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A short chunk within a list sorted by rank (in storage order: by chunk number). */
struct hr_order_short {
    uint64_t end;     /* the position just behind it */
    uint64_t missing; /* what it and the short chunks before it lack together */
    uint32_t rank;
    uint32_t lacks;
};

struct hr_cursor_chunk {
    uint64_t first; /* sample */
    uint32_t chunk;
};

/* What a permutation's key is for: the third part of hr_rng_key; a window adds its number as the fourth.  The seed is
 * altered so that no transform (transform.h) draws from the same stream. */
enum { KEY_CHUNKS = 1, KEY_FULL = 2, KEY_WINDOW = 3 };
#define ORDER_SALT UINT64_C(0x6F72646572) /* "order" */
enum { BLOCK = HR_CURSOR_AHEAD };

const char *hr_order_kind_name(enum hr_order_kind kind)
{
    static const char *const name[] = { "sequential", "full", "windowed" };
    return name[kind];
}

/* --- arithmetic with short chunks --- */

/* x / chunk_samples.  The multiplication is exact for x and divisor below 2^32, since the reciprocal is rounded up by less
 * than 1 and x * 1 < 2^32 <= 2^64 / chunk_samples. */
static inline uint64_t divide(const struct hr_order *o, uint64_t x)
{
    if (HR_LIKELY(x <= UINT32_MAX && o->reciprocal != 0))
        return (uint64_t)(((unsigned __int128)x * o->reciprocal) >> 64);
    return x / o->chunk_samples;
}

/* How many of s[lo..hi) end at or before `position`, plus lo. */
static inline uint32_t ended(const struct hr_order_short *s, uint32_t lo, uint32_t hi, uint64_t position)
{
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (s[mid].end <= position)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static inline uint64_t missing_before(const struct hr_order_short *s, uint32_t m)
{
    return m == 0 ? 0 : s[m - 1].missing;
}

/* How many of the n short chunks have a rank below `rank`. */
static uint32_t below_rank(const struct hr_order_short *s, uint32_t n, uint64_t rank)
{
    uint32_t lo = 0, hi = n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (s[mid].rank < rank)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static uint64_t rank_start(const struct hr_order *o, const struct hr_order_short *s, uint64_t rank)
{
    return rank * o->chunk_samples - missing_before(s, below_rank(s, o->shorts, rank));
}

/* --- the order --- */

static uint64_t span_of(const struct hr_order *o, uint64_t sample)
{
    return (uint64_t)(((unsigned __int128)sample * o->spans) >> 64);
}

/* hint[b] is the answer of `ended` for the smallest sample of span b, and a lower bound for the rest of the span;
 * hint[b + 1] is an upper bound. */
static void fill_hints(struct hr_order *o)
{
    uint64_t next = 0; /* span to be set */
    for (uint32_t m = 0; m < o->shorts; m++) {
        uint64_t last = span_of(o, o->stored[m].end - 1);
        for (; next <= last; next++)
            o->hint[next] = m;
    }
    for (; next <= o->shorts; next++)
        o->hint[next] = o->shorts;
}

/* Counts chunks and short ones. */
static int survey(const struct hr_order_geometry *g, uint64_t *ret_chunks, uint32_t *ret_shorts, struct hr_error *err)
{
    uint64_t samples = 0, chunks = 0;
    uint32_t shorts = 0;
    if (g->chunk_samples == 0)
        return hr_fail(err, HR_E_INVALID, "the dataset says that its chunks hold 0 samples: pack it again");
    for (uint32_t p = 0; p < g->parts; p++) {
        uint64_t n = g->part_samples[p];
        if (n > (UINT64_C(1) << 62) || samples + n > (UINT64_C(1) << 62))
            return hr_fail(err, HR_E_LIMIT, "part %" PRIu32 " brings the dataset past 2^62 samples", p);
        samples += n;
        chunks += n / g->chunk_samples + (n % g->chunk_samples != 0);
        shorts += n % g->chunk_samples != 0;
    }
    if (samples != g->samples)
        return hr_fail(err, HR_E_INVALID, "the parts hold %" PRIu64 " samples together, but the dataset is said to have %" PRIu64,
                       samples, g->samples);
    if (chunks > UINT32_MAX - 1)
        return hr_fail(err, HR_E_LIMIT, "%" PRIu64 " chunks are more than the 4,294,967,294 that can be: pack with larger chunks",
                       chunks);
    *ret_chunks = chunks;
    *ret_shorts = shorts;
    return 0;
}

static void list_stored(struct hr_order *o, const struct hr_order_geometry *g)
{
    uint64_t samples = 0, chunks = 0, missing = 0;
    uint32_t m = 0;
    for (uint32_t p = 0; p < g->parts; p++) {
        uint64_t n = g->part_samples[p], rest = n % g->chunk_samples;
        samples += n;
        chunks += n / g->chunk_samples + (rest != 0);
        if (rest == 0)
            continue;
        uint32_t lacks = g->chunk_samples - (uint32_t)rest;
        missing += lacks;
        o->stored[m++] = (struct hr_order_short){ samples, missing, (uint32_t)(chunks - 1), lacks };
    }
}

int hr_order_init(struct hr_order *o, const struct hr_order_geometry *g, enum hr_order_kind kind, uint64_t window_chunks,
                  uint64_t seed, struct hr_error *err)
{
    uint64_t chunks = 0;
    uint32_t shorts = 0;
    int rc = survey(g, &chunks, &shorts, err);
    if (rc < 0)
        return rc;
    struct hr_order t = { .kind = kind, .samples = g->samples, .seed = seed, .chunk_samples = g->chunk_samples };
    t.chunks = (uint32_t)chunks;
    t.window_chunks = HR_MAX(chunks, 1);
    if (kind != HR_ORDER_FULL && window_chunks > 0 && window_chunks < t.window_chunks)
        t.window_chunks = window_chunks;
    t.reciprocal = g->chunk_samples == 1 ? 0 : UINT64_MAX / g->chunk_samples + 1;
    if (shorts > 0) {
        t.shorts = shorts;
        t.stored = hr_calloc(shorts, sizeof *t.stored);
        t.hint = hr_calloc((size_t)shorts + 1, sizeof *t.hint);
        if (t.stored == NULL || t.hint == NULL) {
            hr_order_fini(&t);
            return hr_fail_nomem(err, (size_t)shorts * (sizeof *t.stored + sizeof *t.hint), "the order's list of short chunks");
        }
        list_stored(&t, g);
        /* shorts <= samples; equal only when every part is one sample, and then UINT64_MAX serves as well as 2^64 */
        t.spans = shorts == t.samples ? UINT64_MAX : (uint64_t)(((unsigned __int128)shorts << 64) / t.samples);
        fill_hints(&t);
    }
    *o = t;
    return 0;
}

void hr_order_fini(struct hr_order *o)
{
    hr_free(o->stored);
    hr_free(o->hint);
    memset(o, 0, sizeof *o);
}

struct hr_place hr_order_place(const struct hr_order *o, uint64_t sample)
{
    uint64_t full = sample; /* the number it would have if every chunk were full */
    if (o->shorts == 1) {
        if (sample >= o->stored[0].end)
            full += o->stored[0].missing;
    } else if (o->shorts > 0) {
        uint64_t span = span_of(o, sample);
        full += missing_before(o->stored, ended(o->stored, o->hint[span], o->hint[span + 1], sample));
    }
    uint64_t chunk = divide(o, full);
    return (struct hr_place){ sample, (uint32_t)chunk, (uint32_t)(full - chunk * o->chunk_samples) };
}

uint64_t hr_order_chunk_first(const struct hr_order *o, uint32_t chunk)
{
    return rank_start(o, o->stored, chunk);
}

uint32_t hr_order_chunk_samples(const struct hr_order *o, uint32_t chunk)
{
    uint32_t m = below_rank(o->stored, o->shorts, chunk);
    return o->chunk_samples - (m < o->shorts && o->stored[m].rank == chunk ? o->stored[m].lacks : 0);
}

/* --- an epoch --- */

static int by_rank(const void *a, const void *b)
{
    uint32_t x = ((const struct hr_order_short *)a)->rank, y = ((const struct hr_order_short *)b)->rank;
    return (x > y) - (x < y);
}

static inline const struct hr_order_short *ranked(const struct hr_epoch *e)
{
    return e->order->kind == HR_ORDER_WINDOWED ? e->ranked : e->order->stored;
}

int hr_order_epoch(const struct hr_order *o, uint64_t epoch, struct hr_epoch *e, struct hr_error *err)
{
    if (o->kind == HR_ORDER_WINDOWED && o->shorts > 0) {
        struct hr_order_short *s = hr_reallocarray(e->ranked, o->shorts, sizeof *s);
        if (s == NULL)
            return hr_fail_nomem(err, o->shorts * sizeof *s, "the epoch's list of short chunks");
        e->ranked = s;
    }
    e->order = o;
    e->epoch = epoch;
    if (o->kind == HR_ORDER_FULL)
        hr_permute_init(&e->samples, o->samples, hr_rng_key(o->seed ^ ORDER_SALT, epoch, KEY_FULL, 0));
    if (o->kind != HR_ORDER_WINDOWED)
        return 0;
    hr_permute_init(&e->chunks, o->chunks, hr_rng_key(o->seed ^ ORDER_SALT, epoch, KEY_CHUNKS, 0));
    for (uint32_t i = 0; i < o->shorts; i++) {
        e->ranked[i] = o->stored[i];
        e->ranked[i].rank = (uint32_t)hr_permute_find(&e->chunks, o->stored[i].rank);
    }
    if (o->shorts > 1)
        qsort(e->ranked, o->shorts, sizeof *e->ranked, by_rank);
    uint64_t missing = 0;
    for (uint32_t i = 0; i < o->shorts; i++) {
        struct hr_order_short *s = &e->ranked[i];
        missing += s->lacks;
        s->missing = missing;
        s->end = ((uint64_t)s->rank + 1) * o->chunk_samples - missing;
    }
    return 0;
}

void hr_epoch_fini(struct hr_epoch *e)
{
    hr_free(e->ranked);
    memset(e, 0, sizeof *e);
}

uint32_t hr_epoch_chunk_at(const struct hr_epoch *e, uint32_t rank)
{
    return e->order->kind == HR_ORDER_WINDOWED ? (uint32_t)hr_permute_at(&e->chunks, rank) : rank;
}

uint32_t hr_epoch_chunk_rank(const struct hr_epoch *e, uint32_t chunk)
{
    return e->order->kind == HR_ORDER_WINDOWED ? (uint32_t)hr_permute_find(&e->chunks, chunk) : chunk;
}

uint64_t hr_epoch_windows(const struct hr_epoch *e)
{
    const struct hr_order *o = e->order;
    return o->chunks / o->window_chunks + (o->chunks % o->window_chunks != 0);
}

uint64_t hr_epoch_window_start(const struct hr_epoch *e, uint64_t number)
{
    const struct hr_order *o = e->order;
    if (number >= hr_epoch_windows(e))
        return o->samples;
    return rank_start(o, ranked(e), number * o->window_chunks);
}

struct hr_window hr_epoch_window(const struct hr_epoch *e, uint64_t position)
{
    const struct hr_order *o = e->order;
    const struct hr_order_short *s = ranked(e);
    uint64_t rank = divide(o, position + missing_before(s, ended(s, 0, o->shorts, position)));
    struct hr_window w = { .number = rank / o->window_chunks };
    w.rank = (uint32_t)(w.number * o->window_chunks);
    w.chunks = (uint32_t)HR_MIN(o->window_chunks, (uint64_t)(o->chunks - w.rank));
    w.position = rank_start(o, s, w.rank);
    w.samples = hr_epoch_window_start(e, w.number + 1) - w.position;
    return w;
}

/* --- a cursor --- */

uint64_t hr_cursor_bytes(const struct hr_order *o)
{
    return o->kind == HR_ORDER_WINDOWED ? o->window_chunks * sizeof(struct hr_cursor_chunk) : 0;
}

int hr_cursor_init(struct hr_cursor *c, const struct hr_order *o, struct hr_error *err)
{
    memset(c, 0, sizeof *c);
    c->order = o;
    c->looks_ahead = true;
    if (o->kind != HR_ORDER_WINDOWED)
        return 0;
    c->chunk = hr_calloc(o->window_chunks, sizeof *c->chunk);
    if (c->chunk == NULL)
        return hr_fail_nomem(err, hr_cursor_bytes(o), "the window's list of chunks");
    c->capacity = o->window_chunks;
    return 0;
}

void hr_cursor_fini(struct hr_cursor *c)
{
    hr_free(c->chunk);
    memset(c, 0, sizeof *c);
}

static bool is_in_epoch(const struct hr_epoch *e, const struct hr_cursor *c)
{
    return c->valid && c->order == e->order && c->seed == e->order->seed && c->epoch == e->epoch;
}

static void begin_epoch(const struct hr_epoch *e, struct hr_cursor *c)
{
    c->valid = true;
    c->order = e->order;
    c->seed = e->order->seed;
    c->epoch = e->epoch;
    c->ahead_n = 0;
}

/* The values of `p` at n <= BLOCK places, with those behind them kept for the next call. */
static const uint64_t *permuted(struct hr_cursor *c, const struct hr_permute *p, uint64_t from, size_t n, uint64_t *own)
{
    if (!c->looks_ahead) {
        hr_permute_range(p, from, n, own);
        return own;
    }
    if (from < c->ahead_from || from + n > c->ahead_from + c->ahead_n) {
        c->ahead_from = from;
        c->ahead_n = HR_MIN((uint64_t)BLOCK, p->n - from);
        hr_permute_range(p, from, (size_t)c->ahead_n, c->ahead);
    }
    return c->ahead + (from - c->ahead_from);
}

/* Enters the window of `position`; the table of chunks is filled where there is one (capacity > 0). */
static void enter(const struct hr_epoch *e, struct hr_cursor *c, uint64_t position)
{
    const struct hr_order *o = e->order;
    if (is_in_epoch(e, c) && position >= c->window.position && position - c->window.position < c->window.samples)
        return;
    begin_epoch(e, c);
    c->window = hr_epoch_window(e, position);
    c->short_first = below_rank(e->ranked, o->shorts, c->window.rank);
    c->short_end = below_rank(e->ranked, o->shorts, (uint64_t)c->window.rank + c->window.chunks);
    hr_permute_init(&c->samples, c->window.samples, hr_rng_key(o->seed ^ ORDER_SALT, e->epoch, KEY_WINDOW, c->window.number));
    if (c->capacity == 0)
        return;
    for (uint32_t i = 0; i < c->window.chunks; i++) {
        uint32_t chunk = (uint32_t)hr_permute_at(&e->chunks, c->window.rank + i);
        c->chunk[i] = (struct hr_cursor_chunk){ hr_order_chunk_first(o, chunk), chunk };
    }
}

/* The n <= BLOCK samples at places from .. of the window that the cursor is in. */
static void places_in_window(const struct hr_epoch *e, struct hr_cursor *c, uint64_t from, size_t n, struct hr_place *ret)
{
    const struct hr_order *o = e->order;
    uint64_t own[BLOCK];
    const uint64_t *in = permuted(c, &c->samples, from, n, own);
    uint64_t before = missing_before(e->ranked, c->short_first);
    for (size_t i = 0; i < n; i++) {
        uint64_t full = in[i]; /* its place in the window if every chunk of it were full */
        if (c->short_first != c->short_end) {
            uint32_t m = ended(e->ranked, c->short_first, c->short_end, c->window.position + in[i]);
            full += missing_before(e->ranked, m) - before;
        }
        uint64_t k = divide(o, full);
        uint32_t index = (uint32_t)(full - k * o->chunk_samples);
        if (c->capacity > 0) {
            const struct hr_cursor_chunk *at = &c->chunk[k];
            ret[i] = (struct hr_place){ at->first + index, at->chunk, index };
        } else {
            uint32_t chunk = (uint32_t)hr_permute_at(&e->chunks, c->window.rank + k);
            ret[i] = (struct hr_place){ hr_order_chunk_first(o, chunk) + index, chunk, index };
        }
    }
}

static size_t places_block(const struct hr_epoch *e, struct hr_cursor *c, uint64_t position, size_t n, struct hr_place *ret)
{
    const struct hr_order *o = e->order;
    n = (size_t)HR_MIN((uint64_t)HR_MIN(n, (size_t)BLOCK), o->samples - position);
    switch (o->kind) {
    case HR_ORDER_SEQUENTIAL:
        for (size_t i = 0; i < n; i++)
            ret[i] = hr_order_place(o, position + i);
        break;
    case HR_ORDER_FULL: {
        if (!is_in_epoch(e, c))
            begin_epoch(e, c);
        uint64_t own[BLOCK];
        const uint64_t *in = permuted(c, &e->samples, position, n, own);
        for (size_t i = 0; i < n; i++)
            ret[i] = hr_order_place(o, in[i]);
        break;
    }
    case HR_ORDER_WINDOWED: {
        enter(e, c, position);
        uint64_t from = position - c->window.position;
        n = (size_t)HR_MIN((uint64_t)n, c->window.samples - from);
        places_in_window(e, c, from, n, ret);
        break;
    }
    }
    return n;
}

void hr_epoch_places(const struct hr_epoch *e, struct hr_cursor *c, uint64_t position, size_t n, struct hr_place *ret)
{
    if (e->order->samples == 0)
        return;
    struct hr_cursor own = { .valid = false };
    if (c == NULL)
        c = &own;
    position %= e->order->samples;
    while (n > 0) {
        size_t done = places_block(e, c, position, n, ret);
        ret += done;
        n -= done;
        position += done;
        if (position == e->order->samples)
            position = 0;
    }
}

void hr_epoch_range(const struct hr_epoch *e, struct hr_cursor *c, uint64_t position, size_t n, uint64_t *ret)
{
    struct hr_cursor own = { .valid = false };
    if (c == NULL)
        c = &own;
    struct hr_place place[BLOCK];
    while (n > 0 && e->order->samples > 0) {
        size_t now = HR_MIN(n, (size_t)BLOCK);
        hr_epoch_places(e, c, position, now, place);
        for (size_t i = 0; i < now; i++)
            ret[i] = place[i].sample;
        ret += now;
        n -= now;
        position += now;
    }
}

uint64_t hr_epoch_at(const struct hr_epoch *e, uint64_t position)
{
    struct hr_place place = { 0, 0, 0 };
    hr_epoch_places(e, NULL, position, 1, &place);
    return place.sample;
}
