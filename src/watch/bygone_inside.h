/* Inside of bygone.c and bygone_series.c. */
#ifndef HR_BYGONE_INSIDE_H
#define HR_BYGONE_INSIDE_H

#include "bygone.h"

/* What a run of blocks holds; the finest first. */
enum hr_strip_kind { HR_STRIP_LOOKS, HR_STRIP_LOOKS_TEN, HR_STRIP_LOOKS_MINUTE, HR_STRIP_TENS, HR_STRIP_MINUTES, HR_STRIPS };

struct hr_block_mark { /* a block, by its first frame */
    uint64_t seq, wall, off;
};
struct hr_strip {
    struct hr_block_mark *mark; /* by number */
    size_t n;
    bool further; /* it reaches further back than the finer ones: a mean of the time in which the first look fell does not */
};

struct hr_bygone {
    int fd;
    char *path;
    const uint8_t *memory;
    bool lanes;               /* it is a ring in memory: all tiers hold looks */
    struct hr_ring_plan plan; /* whose blocks are whose then */
    const struct hr_series *live;
    uint64_t bytes;
    struct hr_block { /* by its place; strip HR_STRIPS: it holds nothing */
        uint64_t seq, wall;
        enum hr_strip_kind strip;
        bool text; /* nothing but a text stands there yet */
    } *block;
    size_t blocks;
    struct hr_strip strip[HR_STRIPS];
    uint8_t *room;   /* of the block that is open */
    uint64_t opened; /* its place; UINT64_MAX: none is */
    struct hr_tape tape;
    uint64_t from, to, last_step;
    struct hr_bygone_note *note;
    size_t notes;
    uint64_t noted;  /* number of the last frame that was looked at for notes */
    struct hr_model *means;
    struct hr_series *window;
    uint64_t window_from, window_to, window_step, window_reach;
};

static inline bool hr_strip_means(enum hr_strip_kind k)
{
    return k >= HR_STRIP_TENS;
}
static inline bool hr_strip_takes(enum hr_strip_kind k, const struct hr_frame *f)
{
    return hr_strip_means(k) ? f->kind == (k == HR_STRIP_TENS ? HR_FRAME_TEN : HR_FRAME_MINUTE) : hr_frame_moment(f);
}
/* Opens the block of a mark: p->tape holds its frames then.  Those before the mark's number are of an earlier round. */
int hr_bygone_block(struct hr_bygone *p, const struct hr_block_mark *k, struct hr_error *err) HR_MUST_USE;
/* The last mark at or before `wall`; SIZE_MAX: none. */
size_t hr_bygone_mark(const struct hr_strip *s, uint64_t wall);

#endif
