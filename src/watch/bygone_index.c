/* Which blocks there are, and from when on.  Of each its head is read, and more only where that does not tell (P1): a block whose first
 * frame has the number that it had has not been begun anew. */
#include "bygone_inside.h"

#include "mem.h"

#include <stdlib.h>
#include <string.h>

static enum hr_strip_kind kind_of(const struct hr_bygone *p, size_t block, const struct hr_frame *f)
{
    if (p->lanes)
        return block >= p->plan.first[HR_TIER_MINUTE] ? HR_STRIP_LOOKS_MINUTE :
               block >= p->plan.first[HR_TIER_TEN]    ? HR_STRIP_LOOKS_TEN :
                                                        HR_STRIP_LOOKS;
    return f->kind == HR_FRAME_TEN ? HR_STRIP_TENS : f->kind == HR_FRAME_MINUTE ? HR_STRIP_MINUTES : HR_STRIP_LOOKS;
}

/* The first good frame of a block, whose head is known.  False: none. */
static bool first_frame(struct hr_bygone *p, const uint8_t *head, uint64_t off, struct hr_frame *ret)
{
    static const uint8_t never_written[8];
    struct hr_frame f;
    if (memcmp(head, never_written, sizeof never_written) == 0)
        return false;
    if (hr_frame_head(head, &f)) {
        size_t n = HR_RING_HEAD + (size_t)f.len;
        if (n <= hr_bygone_block_bytes(p, off) && hr_bygone_fetch(p, p->room, n, off) && hr_frame_at(p->room, n, off, ret))
            return true;
    }
    size_t n = hr_bygone_load(p, off);
    for (size_t at = 0; at + HR_RING_HEAD <= n; at += HR_FRAME_STEP)
        if (hr_frame_at(p->room + at, n - at, off + at, ret))
            return true;
    return false;
}

/* A text stands in front: the time of the block is that of its first look, since who writes texts may have another clock. */
static uint64_t wall_behind(struct hr_bygone *p, uint64_t off, const struct hr_frame *text)
{
    size_t n = hr_bygone_load(p, off), at = (size_t)(text->off - off);
    struct hr_frame f;
    for (; at + HR_RING_HEAD <= n && hr_frame_at(p->room + at, n - at, off + at, &f); at += hr_frame_span(&f))
        if (f.seq >= text->seq && hr_frame_moment(&f))
            return f.wall;
    return text->wall;
}

/* True: the block begins with another frame than it did. */
static bool look(struct hr_bygone *p, size_t i)
{
    struct hr_block *b = &p->block[i], was = *b;
    uint64_t off = (uint64_t)i * HR_RING_BLOCK;
    uint8_t head[HR_RING_HEAD];
    struct hr_frame f;
    if (hr_bygone_block_bytes(p, off) < HR_RING_HEAD || !hr_bygone_fetch(p, head, sizeof head, off))
        return false;
    if (b->strip != HR_STRIP_NONE && !b->text && hr_frame_head(head, &f) && f.seq == b->seq)
        return false;
    b->strip = HR_STRIP_NONE;
    if (first_frame(p, head, off, &f)) {
        bool text = f.kind >= HR_FRAME_BEGIN;
        *b = (struct hr_block) { f.seq, text ? wall_behind(p, off, &f) : f.wall, kind_of(p, i, &f), false };
        b->text = text && b->wall == f.wall;
    }
    return b->strip != was.strip || b->seq != was.seq || b->wall != was.wall;
}

static int empty_strips(struct hr_bygone *p, struct hr_error *err)
{
    size_t room[HR_STRIPS] = { 0 };
    for (size_t i = 0; i < p->blocks; i++)
        if (p->block[i].strip != HR_STRIP_NONE)
            room[p->block[i].strip]++;
    for (unsigned k = 0; k < HR_STRIPS; k++) {
        struct hr_strip *s = &p->strip[k];
        struct hr_block_mark *more = hr_reallocarray(s->mark, HR_MAX(room[k], (size_t)1), sizeof *more);
        if (more == NULL)
            return hr_fail_nomem(err, room[k] * sizeof *more, "the blocks of a recording");
        s->mark = more;
        s->n = 0;
    }
    return 0;
}

static int by_number(const void *a, const void *b)
{
    const struct hr_block_mark *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static int make_strips(struct hr_bygone *p, struct hr_error *err)
{
    int r = empty_strips(p, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < p->blocks; i++) {
        const struct hr_block *b = &p->block[i];
        if (b->strip != HR_STRIP_NONE)
            p->strip[b->strip].mark[p->strip[b->strip].n++] = (struct hr_block_mark) { b->seq, b->wall, (uint64_t)i * HR_RING_BLOCK };
    }
    for (unsigned k = 0; k < HR_STRIPS; k++)
        qsort(p->strip[k].mark, p->strip[k].n, sizeof *p->strip[k].mark, by_number);
    return 0;
}

int hr_bygone_index(struct hr_bygone *p, struct hr_error *err)
{
    bool changed = false;
    for (size_t i = 0; i < p->blocks; i++)
        changed |= look(p, i);
    return changed ? make_strips(p, err) : 0;
}

size_t hr_strip_find(const struct hr_strip *s, uint64_t wall)
{
    size_t lo = 0, hi = s->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->mark[mid].wall <= wall)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo == 0 ? SIZE_MAX : lo - 1;
}
