/* The inside of the past.  A recording is made of blocks, each of them of frames one behind another (ring.h).  Blocks whose frames are of
 * one kind (looks, means of 10 s, ...) make a strip: the index of a book, from which each question opens one page.
 *
 *   bygone.c         opening and closing; the bytes; the one block that is open; what is done when it has gone on
 *   bygone_index.c   which blocks there are, and from when on: the strips
 *   bygone_notes.c   the newest notes, and what a note's text tells
 *   bygone_moment.c  the moment at a time, the ones beside it, the first and the last
 *   bygone_series.c  the curves around it
 *
 *  B1  A block is known by its first good frame: its mark.  Frames in it whose number is smaller are of the round before, whose blocks are
 *      being overwritten: nobody shows them.
 *  B2  One block is open at a time, or none: `tape` holds its frames and points into `room`, so whoever fills `room` shuts it before.
 *  B3  A strip that reaches further back than all finer ones is `further`; of the others nothing is shown but what the finer show better. */
#ifndef HR_BYGONE_INSIDE_H
#define HR_BYGONE_INSIDE_H

#include "bygone.h"

/* What a strip holds; the finest first. */
enum hr_strip_kind {
    HR_STRIP_LOOKS,
    HR_STRIP_LOOKS_TEN,    /* these two in a ring in memory alone, whose coarse tiers hold looks too */
    HR_STRIP_LOOKS_MINUTE,
    HR_STRIP_TENS,         /* and these in a file alone: means */
    HR_STRIP_MINUTES,
    HR_STRIPS,
    HR_STRIP_NONE = HR_STRIPS
};

/* Over how many seconds its means are; 0: it holds looks. */
static inline unsigned hr_strip_seconds(enum hr_strip_kind k)
{
    return k == HR_STRIP_TENS ? 10 : k == HR_STRIP_MINUTES ? 60 : 0;
}
static inline bool hr_strip_takes(enum hr_strip_kind k, const struct hr_frame *f)
{
    return k == HR_STRIP_TENS ? f->kind == HR_FRAME_TEN : k == HR_STRIP_MINUTES ? f->kind == HR_FRAME_MINUTE : hr_frame_moment(f);
}

struct hr_block_mark { /* a block, by its first frame */
    uint64_t seq, wall, off;
};
/* B1: a frame of this block that its strip shows. */
static inline bool hr_block_has(const struct hr_block_mark *k, enum hr_strip_kind kind, const struct hr_frame *f)
{
    return f->seq >= k->seq && hr_strip_takes(kind, f);
}

struct hr_strip {
    struct hr_block_mark *mark; /* by number */
    size_t n;
    bool further; /* B3; a mean of the time in which the first look fell reaches no further than that look */
};

struct hr_bygone {
    /* where the bytes are: a file, or memory */
    int fd;
    char *path;
    const uint8_t *memory;
    uint64_t bytes;
    bool lanes;                   /* it is a ring in memory: all tiers hold looks */
    struct hr_ring_plan plan;     /* whose blocks are whose then */
    const struct hr_series *live; /* and the means that go further back than its looks */
    /* the index */
    struct hr_block { /* by its place */
        uint64_t seq, wall;
        enum hr_strip_kind strip;
        bool text; /* nothing but a text stands there yet */
    } *block;
    size_t blocks;
    struct hr_strip strip[HR_STRIPS];
    uint64_t from, to, last_step; /* of all moments; last_step: between the last two */
    /* the open block (B2) */
    uint64_t opened; /* its place; UINT64_MAX: none is */
    uint8_t *room;   /* HR_RING_BLOCK bytes */
    struct hr_tape tape;
    struct hr_model *means; /* the moment that is shown, where it is means */
    /* the notes */
    struct hr_bygone_note *note;
    size_t notes;
    uint64_t noted; /* number of the last frame that was looked at for notes */
    /* the curves */
    struct hr_series *window;
    uint64_t window_from, window_to, window_step, window_reach;
};

/* --- bygone.c --- */
/* Some of its bytes; false: they cannot be read. */
bool hr_bygone_fetch(const struct hr_bygone *p, void *to, size_t n, uint64_t off);
size_t hr_bygone_block_bytes(const struct hr_bygone *p, uint64_t off); /* the last one may be shorter */
/* The whole block at `off` into p->room; its bytes, 0: it cannot be read. */
size_t hr_bygone_load(struct hr_bygone *p, uint64_t off);
/* Opens the block of a mark: p->tape holds its frames then.  False: it cannot be read. */
bool hr_bygone_open_block(struct hr_bygone *p, const struct hr_block_mark *k);
void hr_bygone_shut(struct hr_bygone *p);

/* --- bygone_index.c --- */
/* Looks at the head of every block, and makes the strips anew where one has changed.  No block is open. */
int hr_bygone_index(struct hr_bygone *p, struct hr_error *err) HR_MUST_USE;
/* The last mark at or before `wall`; SIZE_MAX: none. */
size_t hr_strip_find(const struct hr_strip *s, uint64_t wall);

/* --- bygone_notes.c --- */
/* Takes the notes that have come since.  No block is open. */
void hr_bygone_find_notes(struct hr_bygone *p);

/* --- bygone_moment.c --- */
/* The first and the last moment, and B3. */
void hr_bygone_find_reach(struct hr_bygone *p);

#endif
