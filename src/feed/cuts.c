#include "cuts.h"

#include "mem.h"

#include <string.h>

enum { MARK_EVERY = 256, RUN = HR_CURSOR_AHEAD };

int hr_cuts_init(struct hr_cuts *c, const struct hr_epoch *epoch, const struct hr_limits *limits, hr_sizes_fn *sizes, void *arg,
                 struct hr_error *err)
{
    memset(c, 0, sizeof *c);
    if (limits->samples == 0)
        return hr_fail(err, HR_E_INVALID, "the batch size is 0");
    c->epoch = epoch;
    c->limits = *limits;
    c->sizes = sizes;
    c->arg = arg;
    return hr_cursor_init(&c->cursor, epoch->order, err);
}

void hr_cuts_fini(struct hr_cuts *c)
{
    hr_cursor_fini(&c->cursor);
    hr_free(c->mark);
    memset(c, 0, sizeof *c);
}

/* Makes the sizes at `position` known. */
static int look(struct hr_cuts *c, uint64_t position, struct hr_error *err)
{
    if (position >= c->run_at && position - c->run_at < c->run)
        return 0;
    struct hr_place place[RUN];
    size_t n = (size_t)HR_MIN((uint64_t)RUN, c->epoch->order->samples - position);
    hr_epoch_places(c->epoch, &c->cursor, position, n, place);
    c->run = 0;
    memset(c->nodes, 0, sizeof c->nodes);
    memset(c->edges, 0, sizeof c->edges);
    int rc = c->sizes(c->arg, place, n, c->nodes, c->edges, err);
    if (rc < 0)
        return rc;
    c->run_at = position;
    c->run = n;
    return 0;
}

static bool passes(uint64_t sum, uint64_t more, uint64_t limit)
{
    return limit != 0 && (more > limit || sum > limit - more);
}

/* Measures the batch that begins at `position` (not behind the end). */
static int cut(struct hr_cuts *c, uint64_t position, uint64_t *ret_count, bool *ret_oversized, struct hr_error *err)
{
    const struct hr_limits *l = &c->limits;
    uint64_t most = HR_MIN(l->samples, c->epoch->order->samples - position), nodes = 0, edges = 0, n = 0;
    *ret_oversized = false;
    while (n < most) {
        int rc = look(c, position + n, err);
        if (rc < 0)
            return rc;
        uint64_t i = position + n - c->run_at;
        if (passes(nodes, c->nodes[i], l->nodes) || passes(edges, c->edges[i], l->edges)) {
            if (n > 0)
                break;
            *ret_oversized = true;
            n = 1;
            break;
        }
        nodes += c->nodes[i];
        edges += c->edges[i];
        n++;
    }
    *ret_count = n;
    return 0;
}

static int add_mark(struct hr_cuts *c, struct hr_error *err)
{
    if (c->marks == c->capacity) {
        uint64_t more = c->capacity == 0 ? 16 : 2 * c->capacity;
        uint64_t *mark = hr_reallocarray(c->mark, more, sizeof *mark);
        if (mark == NULL)
            return hr_fail_nomem(err, more * sizeof *mark, "the batches' beginnings");
        c->mark = mark;
        c->capacity = more;
    }
    c->mark[c->marks++] = c->position;
    return 0;
}

/* Moves over one batch, told in *ret.  1, or 0 at the end of the epoch. */
static int step_over(struct hr_cuts *c, struct hr_share *ret, struct hr_error *err)
{
    if (c->position >= c->epoch->order->samples) {
        c->whole = true;
        return 0;
    }
    if (c->batch == c->marks * MARK_EVERY) {
        int rc = add_mark(c, err);
        if (rc < 0)
            return rc;
    }
    uint64_t count = 0;
    bool oversized = false;
    int rc = cut(c, c->position, &count, &oversized, err);
    if (rc < 0)
        return rc;
    *ret = (struct hr_share){ c->position, count };
    c->batch++;
    c->position += count;
    if (c->batch > c->seen) {
        c->seen = c->batch;
        c->seen_position = c->position;
        c->oversized += oversized;
    }
    return 1;
}

/* Stands as near before batch g as the marks allow. */
static void go_near(struct hr_cuts *c, uint64_t g)
{
    if (c->seen <= g) {
        c->batch = c->seen;
        c->position = c->seen_position;
        return;
    }
    uint64_t mark = g / MARK_EVERY;
    if (c->batch > g || c->batch < mark * MARK_EVERY) {
        c->batch = mark * MARK_EVERY;
        c->position = c->mark[mark];
    }
}

int hr_cuts_at(struct hr_cuts *c, uint64_t g, struct hr_share *ret, struct hr_error *err)
{
    if (c->whole && g >= c->seen)
        return 0;
    go_near(c, g);
    struct hr_share share = { 0, 0 };
    do {
        int rc = step_over(c, &share, err);
        if (rc <= 0)
            return rc;
    } while (c->batch <= g);
    *ret = share;
    return 1;
}

int hr_cuts_total(struct hr_cuts *c, uint64_t *ret, struct hr_error *err)
{
    if (!c->whole) {
        struct hr_share share;
        int rc = hr_cuts_at(c, UINT64_MAX - 1, &share, err);
        if (rc < 0)
            return rc;
    }
    *ret = c->seen;
    return 0;
}

uint64_t hr_cuts_steps(uint64_t total, int rank, int world, enum hr_tail tail)
{
    uint64_t w = (uint64_t)world, r = (uint64_t)rank;
    switch (tail) {
    case HR_TAIL_DROP:
        return total / w;
    case HR_TAIL_PAD:
        return total / w + (total % w != 0);
    case HR_TAIL_KEEP:
        break;
    }
    return total / w + (total % w > r);
}

int hr_cuts_step(struct hr_cuts *c, uint64_t step, int rank, int world, enum hr_tail tail, struct hr_share *ret, struct hr_error *err)
{
    uint64_t w = (uint64_t)world;
    if (step >= UINT64_MAX / w - 1)
        return 0;
    uint64_t g = step * w + (uint64_t)rank, total = 0;
    struct hr_share share = { 0, 0 };
    /* the last batch of this step is there: then so are all, whatever the tail */
    int rc = tail == HR_TAIL_KEEP ? 0 : hr_cuts_at(c, step * w + w - 1, &share, err);
    if (rc < 0)
        return rc;
    if (rc == 1 || tail == HR_TAIL_KEEP)
        return hr_cuts_at(c, g, ret, err);
    rc = hr_cuts_total(c, &total, err);
    if (rc < 0 || step >= hr_cuts_steps(total, rank, world, tail))
        return rc;
    return hr_cuts_at(c, g < total ? g : (g - total) % total, ret, err);
}
