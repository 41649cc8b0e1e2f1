#include "bygone_inside.h"

#include "episodes.h"
#include "file.h"
#include "means_model.h"
#include "mem.h"
#include "num.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define EDGE (60 * SECOND) /* before the first look, where the means of a live view begin: its minute has looks already */
enum { BACK_MOST = 64 };   /* damaged blocks that are stepped over */

size_t hr_bygone_note_key(const char *text)
{
    static const char *const others[] = { "kernel", "marks" }; /* notes of the same form that are no alerts */
    size_t n = strcspn(text, ": ");
    bool begins = text[n] == ':' && text[n + 1] == ' ', over = strncmp(text + n, HR_EPISODE_OVER, strlen(HR_EPISODE_OVER)) == 0;
    for (size_t i = 0; i < HR_COUNT(others); i++)
        begins &= strlen(others[i]) != n || memcmp(text, others[i], n) != 0;
    return n > 0 && (begins || over) ? n : 0;
}

bool hr_bygone_note_over(const char *text)
{
    size_t n = hr_bygone_note_key(text);
    return n > 0 && text[n] != ':';
}

bool hr_bygone_note_tells(const char *text)
{
    bool kernel = strncmp(text, HR_RING_KERNEL "[", strlen(HR_RING_KERNEL) + 1) == 0;
    return kernel || (hr_bygone_note_key(text) > 0 && !hr_bygone_note_over(text));
}

static uint64_t le(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static size_t block_bytes(const struct hr_bygone *p, uint64_t off)
{
    return (size_t)HR_MIN((uint64_t)HR_RING_BLOCK, p->bytes - off);
}

static int fetch(const struct hr_bygone *p, void *to, size_t n, uint64_t off, struct hr_error *err)
{
    if (p->memory == NULL)
        return hr_pread_all(p->fd, to, n, off, p->path, err);
    memcpy(to, p->memory + off, n);
    return 0;
}

/* --- which blocks there are --- */

static enum hr_strip_kind kind_of(const struct hr_bygone *p, size_t block, const struct hr_frame *f)
{
    if (p->lanes)
        return block >= p->plan.first[HR_TIER_MINUTE] ? HR_STRIP_LOOKS_MINUTE : block >= p->plan.first[HR_TIER_TEN] ? HR_STRIP_LOOKS_TEN : HR_STRIP_LOOKS;
    return f->kind == HR_FRAME_TEN ? HR_STRIP_TENS : f->kind == HR_FRAME_MINUTE ? HR_STRIP_MINUTES : HR_STRIP_LOOKS;
}

/* The first good frame of a block.  False: none. */
static bool first_frame(const struct hr_bygone *p, const uint8_t *head, uint64_t off, uint8_t *room, struct hr_frame *ret)
{
    size_t n = block_bytes(p, off), len = (size_t)le(head + 8, 4) + HR_RING_HEAD;
    if (le(head, 8) == 0)
        return false;
    if (memcmp(head, "HRF1", 4) == 0 && len <= n && fetch(p, room, len, off, NULL) == 0 && hr_frame_at(room, len, off, ret))
        return true;
    if (fetch(p, room, n, off, NULL) < 0)
        return false;
    for (size_t at = 0; at + HR_RING_HEAD <= n; at += 8)
        if (hr_frame_at(room + at, n - at, off + at, ret))
            return true;
    return false;
}

/* A text stands in front: the time of the block is that of its first look, since who writes texts may have another clock. */
static uint64_t wall_behind(const struct hr_bygone *p, uint64_t off, uint8_t *room, const struct hr_frame *text)
{
    size_t n = block_bytes(p, off);
    struct hr_frame f;
    if (fetch(p, room, n, off, NULL) < 0)
        return text->wall;
    for (size_t at = (size_t)(text->off - off); at + HR_RING_HEAD <= n;) {
        if (!hr_frame_at(room + at, n - at, off + at, &f))
            break;
        if (f.seq >= text->seq && hr_frame_moment(&f))
            return f.wall;
        at += (size_t)hr_align_up(HR_RING_HEAD + (uint64_t)f.len, 8);
    }
    return text->wall;
}

/* True: the block begins with another frame than it did. */
static bool look_at(struct hr_bygone *p, size_t i, uint8_t *room)
{
    struct hr_block *b = &p->block[i], was = *b;
    uint64_t off = (uint64_t)i * HR_RING_BLOCK;
    uint8_t head[HR_RING_HEAD];
    struct hr_frame f;
    if (block_bytes(p, off) < HR_RING_HEAD || fetch(p, head, sizeof head, off, NULL) < 0)
        return false;
    if (b->strip != HR_STRIPS && !b->text && memcmp(head, "HRF1", 4) == 0 && le(head + 16, 8) == b->seq)
        return false;
    b->strip = HR_STRIPS;
    if (first_frame(p, head, off, room, &f)) {
        bool text = f.kind >= HR_FRAME_BEGIN;
        *b = (struct hr_block) { f.seq, text ? wall_behind(p, off, room, &f) : f.wall, kind_of(p, i, &f), false };
        b->text = text && b->wall == f.wall;
    }
    return b->strip != was.strip || b->seq != was.seq || b->wall != was.wall;
}

static int by_number(const void *a, const void *b)
{
    const struct hr_block_mark *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static int sort_marks(struct hr_bygone *p, struct hr_error *err)
{
    size_t room[HR_STRIPS] = { 0 };
    for (size_t i = 0; i < p->blocks; i++)
        if (p->block[i].strip != HR_STRIPS)
            room[p->block[i].strip]++;
    for (unsigned k = 0; k < HR_STRIPS; k++) {
        struct hr_strip *s = &p->strip[k];
        struct hr_block_mark *more = hr_reallocarray(s->mark, HR_MAX(room[k], (size_t)1), sizeof *more);
        if (more == NULL)
            return hr_fail_nomem(err, room[k] * sizeof *more, "the blocks of a recording");
        s->mark = more;
        s->n = 0;
    }
    for (size_t i = 0; i < p->blocks; i++) {
        const struct hr_block *b = &p->block[i];
        if (b->strip != HR_STRIPS)
            p->strip[b->strip].mark[p->strip[b->strip].n++] = (struct hr_block_mark) { b->seq, b->wall, (uint64_t)i * HR_RING_BLOCK };
    }
    for (unsigned k = 0; k < HR_STRIPS; k++)
        qsort(p->strip[k].mark, p->strip[k].n, sizeof *p->strip[k].mark, by_number);
    return 0;
}

size_t hr_bygone_mark(const struct hr_strip *s, uint64_t wall)
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

/* --- notes --- */

static void note(struct hr_bygone *p, const struct hr_frame *f, const uint8_t *payload)
{
    if (p->notes == HR_BYGONE_NOTES)
        memmove(p->note, p->note + 1, --p->notes * sizeof *p->note);
    struct hr_bygone_note *to = &p->note[p->notes++];
    size_t n = HR_MIN((size_t)f->len, sizeof to->text - 1);
    to->wall = f->wall;
    to->seq = f->seq;
    for (size_t i = 0; i < n; i++)
        to->text[i] = (char)(payload[i] < 0x20 || payload[i] == 0x7f ? ' ' : payload[i]);
    to->text[n] = 0;
}

/* From head to head, so that what is no note is not summed up. */
static void notes_of(struct hr_bygone *p, uint64_t off, uint8_t *room)
{
    size_t n = block_bytes(p, off);
    if (fetch(p, room, n, off, NULL) < 0)
        return;
    for (size_t at = 0; at + HR_RING_HEAD <= n;) {
        const uint8_t *h = room + at;
        size_t len = (size_t)le(h + 8, 4);
        struct hr_frame f;
        if (memcmp(h, "HRF1", 4) != 0 || len > n - at - HR_RING_HEAD) {
            at += 8;
            continue;
        }
        if (h[12] == HR_FRAME_NOTE && le(h + 16, 8) > p->noted && hr_frame_at(h, n - at, off + at, &f)) {
            note(p, &f, h + HR_RING_HEAD);
            p->noted = f.seq;
        }
        at += (size_t)hr_align_up(HR_RING_HEAD + (uint64_t)len, 8);
    }
}

static void find_notes(struct hr_bygone *p, uint8_t *room)
{
    const struct hr_strip *s = &p->strip[p->lanes ? HR_STRIP_LOOKS_MINUTE : HR_STRIP_LOOKS];
    size_t i = s->n;
    while (i > 0 && (i == s->n || s->mark[i].seq > p->noted))
        i--;
    for (; i < s->n; i++)
        notes_of(p, s->mark[i].off, room);
}

/* --- opening --- */

static void shut(struct hr_bygone *p)
{
    if (p->opened != UINT64_MAX)
        hr_tape_close(&p->tape);
    p->opened = UINT64_MAX;
}

int hr_bygone_block(struct hr_bygone *p, const struct hr_block_mark *k, struct hr_error *err)
{
    if (p->opened == k->off)
        return 0;
    shut(p);
    size_t n = block_bytes(p, k->off);
    int r = fetch(p, p->room, n, k->off, err);
    if (r == 0)
        r = hr_tape_open_bytes(p->room, n, &p->tape, err);
    if (r == 0)
        p->opened = k->off;
    return r;
}

static uint64_t span_of(enum hr_strip_kind k)
{
    return k == HR_STRIP_TENS ? 10 * SECOND : k == HR_STRIP_MINUTES ? 60 * SECOND : 0;
}

/* The last moment, and how far the one before is. */
static void find_end(struct hr_bygone *p)
{
    p->from = UINT64_MAX;
    p->to = p->last_step = 0;
    for (unsigned k = 0; k < HR_STRIPS; k++) {
        const struct hr_strip *s = &p->strip[k];
        p->strip[k].further = s->n != 0 && (p->from == UINT64_MAX || s->mark[0].wall + span_of((enum hr_strip_kind)k) <= p->from);
        if (s->n == 0)
            continue;
        p->from = p->strip[k].further ? HR_MIN(p->from, s->mark[0].wall) : p->from;
        for (size_t i = s->n; p->to == 0 && i > 0 && s->n - i < BACK_MOST; i--) {
            if (hr_bygone_block(p, &s->mark[i - 1], NULL) < 0)
                continue;
            for (size_t j = p->tape.n; j > 0 && p->last_step == 0; j--) {
                const struct hr_frame *f = &p->tape.frame[j - 1];
                if (!hr_strip_takes((enum hr_strip_kind)k, f))
                    continue;
                if (p->to == 0)
                    p->to = f->wall;
                else
                    p->last_step = HR_MAX(p->to - HR_MIN(f->wall, p->to), UINT64_C(1));
            }
        }
    }
    size_t means = p->live != NULL ? hr_series_length(p->live, HR_TIER_MINUTE) : 0;
    uint64_t first = means > 1 ? hr_series_time(p->live, HR_TIER_MINUTE, means - 1) : 0;
    if (first != 0 && p->from != UINT64_MAX && first + EDGE < p->from)
        p->from = first;
    shut(p);
}

int hr_bygone_refresh(struct hr_bygone *p, struct hr_error *err)
{
    uint8_t *room = hr_malloc(HR_RING_BLOCK);
    bool changed = false;
    uint64_t was = p->to;
    if (room == NULL)
        return hr_fail_nomem(err, HR_RING_BLOCK, "a recording");
    shut(p);
    for (size_t i = 0; i < p->blocks; i++)
        changed |= look_at(p, i, room);
    int r = changed ? sort_marks(p, err) : 0;
    if (r == 0) {
        find_notes(p, room);
        find_end(p);
        if (p->to != was && p->window_to >= was)
            p->window_step = 0; /* what the curves show has gone on */
    }
    hr_free(room);
    return r;
}

static int begin(struct hr_bygone *p, struct hr_error *err)
{
    p->opened = UINT64_MAX;
    p->blocks = (size_t)((p->bytes + HR_RING_BLOCK - 1) / HR_RING_BLOCK);
    p->block = hr_calloc(HR_MAX(p->blocks, (size_t)1), sizeof *p->block);
    p->room = hr_malloc(HR_RING_BLOCK);
    p->note = hr_calloc(HR_BYGONE_NOTES, sizeof *p->note);
    p->means = hr_calloc(1, offsetof(struct hr_model, proc) + sizeof p->means->proc[0]); /* there are no processes in it */
    if (p->block == NULL || p->room == NULL || p->note == NULL || p->means == NULL)
        return hr_fail_nomem(err, HR_RING_BLOCK, "the past");
    for (size_t i = 0; i < p->blocks; i++)
        p->block[i].strip = HR_STRIPS;
    return hr_bygone_refresh(p, err);
}

int hr_bygone_open(const char *path, struct hr_bygone **ret, struct hr_error *err)
{
    struct hr_bygone *p = hr_calloc(1, sizeof *p);
    if (p == NULL)
        return hr_fail_nomem(err, sizeof *p, "the past");
    p->fd = -1;
    p->opened = UINT64_MAX;
    p->path = hr_strdup(path);
    int r = p->path == NULL ? hr_fail_nomem(err, 0, "the past") : hr_open(path, O_RDONLY, 0, &p->fd, err);
    if (r == 0)
        r = hr_file_size(p->fd, path, &p->bytes, err);
    if (r == 0 && p->bytes > HR_RING_SIZE_MAX)
        r = hr_fail(err, HR_E_LIMIT, "'%s' is larger than any recording", path);
    if (r == 0)
        r = begin(p, err);
    if (r < 0)
        hr_bygone_close(p);
    else
        *ret = p;
    return r;
}

static int open_memory(struct hr_bygone *p, struct hr_bygone **ret, struct hr_error *err)
{
    p->fd = -1;
    p->opened = UINT64_MAX;
    int r = begin(p, err);
    if (r < 0)
        hr_bygone_close(p);
    else
        *ret = p;
    return r;
}

int hr_bygone_open_bytes(const uint8_t *bytes, size_t n, struct hr_bygone **ret, struct hr_error *err)
{
    struct hr_bygone *p = hr_calloc(1, sizeof *p);
    if (p == NULL)
        return hr_fail_nomem(err, sizeof *p, "the past");
    p->memory = bytes;
    p->bytes = n;
    return open_memory(p, ret, err);
}

int hr_bygone_open_ring(const struct hr_ring *ring, const struct hr_series *s, struct hr_bygone **ret, struct hr_error *err)
{
    struct hr_bygone *p = hr_calloc(1, sizeof *p);
    if (p == NULL)
        return hr_fail_nomem(err, sizeof *p, "the past");
    p->memory = hr_ring_memory(ring, &p->plan);
    p->lanes = true;
    p->bytes = hr_ring_size(ring);
    p->live = s;
    return open_memory(p, ret, err);
}

void hr_bygone_close(struct hr_bygone *p)
{
    if (p == NULL)
        return;
    shut(p);
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

bool hr_bygone_reach(const struct hr_bygone *p, uint64_t *ret_from, uint64_t *ret_to)
{
    *ret_from = p->from;
    *ret_to = p->to;
    return p->to != 0 && p->from != UINT64_MAX;
}

bool hr_bygone_fresh(const struct hr_bygone *p, uint64_t now)
{
    return p->to != 0 && now - HR_MIN(p->to, now) <= HR_MAX(3 * p->last_step, 5 * SECOND);
}

const struct hr_bygone_note *hr_bygone_notes(const struct hr_bygone *p, size_t *ret_n)
{
    *ret_n = p->notes;
    return p->note;
}

/* --- moments --- */

/* P3 */
static unsigned strip_for(const struct hr_bygone *p, uint64_t wall)
{
    unsigned last = HR_STRIPS;
    for (unsigned k = 0; k < HR_STRIPS; k++) {
        if (!p->strip[k].further)
            continue;
        last = k;
        if (p->strip[k].mark[0].wall <= wall)
            return k;
    }
    return last;
}

static int show(struct hr_bygone *p, enum hr_strip_kind k, size_t frame, struct hr_bygone_moment *ret, struct hr_error *err)
{
    struct hr_bucket b[HR_RING_SLOTS];
    const struct hr_model *m = NULL;
    uint64_t at = 0;
    int r = hr_strip_means(k) ? hr_tape_values(&p->tape, frame, b, &at, err) : hr_tape_model(&p->tape, frame, &m, err);
    if (r < 0)
        return r;
    if (hr_strip_means(k)) {
        unsigned seconds = k == HR_STRIP_TENS ? 10 : 60;
        hr_means_model(b, at, seconds, p->means);
        *ret = (struct hr_bygone_moment) { p->means, at, seconds };
    } else {
        *ret = (struct hr_bygone_moment) { m, p->tape.frame[frame].wall, 0 };
    }
    return 0;
}

/* P2: the last good one of a block that is at or before `wall`. */
static int show_last(struct hr_bygone *p, enum hr_strip_kind k, const struct hr_block_mark *mark, uint64_t wall, struct hr_bygone_moment *ret, struct hr_error *err)
{
    int r = hr_bygone_block(p, mark, err);
    if (r < 0)
        return r;
    for (size_t i = p->tape.n; i > 0; i--) {
        const struct hr_frame *f = &p->tape.frame[i - 1];
        if (f->seq >= mark->seq && f->wall <= wall && hr_strip_takes(k, f) && show(p, k, i - 1, ret, err) == 0)
            return 0;
    }
    return hr_fail(err, HR_E_NOT_FOUND, "nothing that can be read is kept of that moment");
}

static int show_first(struct hr_bygone *p, enum hr_strip_kind k, const struct hr_block_mark *mark, struct hr_bygone_moment *ret, struct hr_error *err)
{
    int r = hr_bygone_block(p, mark, err);
    for (size_t i = 0; r == 0 && i < p->tape.n; i++)
        if (p->tape.frame[i].seq >= mark->seq && hr_strip_takes(k, &p->tape.frame[i]) && show(p, k, i, ret, err) == 0)
            return 0;
    return r < 0 ? r : hr_fail(err, HR_E_NOT_FOUND, "nothing that can be read is kept of that moment");
}

/* The live series of a view goes further back than its looks do. */
static bool show_live_means(struct hr_bygone *p, uint64_t wall, struct hr_bygone_moment *ret)
{
    for (unsigned t = HR_TIER_TEN; p->live != NULL && t < HR_TIERS; t++) {
        uint64_t step = hr_tier_step((enum hr_tier)t), newest = hr_series_time(p->live, (enum hr_tier)t, 0);
        uint64_t back = wall >= newest ? 0 : (newest - wall + step - 1) / step;
        struct hr_bucket b[HR_RING_SLOTS];
        if (back >= hr_series_length(p->live, (enum hr_tier)t))
            continue;
        for (unsigned s = 0; s < HR_RING_SLOTS; s++) {
            unsigned g = s < HR_M_MACHINE_END ? 0 : s - HR_M_MACHINE_END;
            enum hr_metric m = (enum hr_metric)(s < HR_M_MACHINE_END ? s : HR_M_MACHINE_END + g % HR_SERIES_PER_GPU);
            b[s] = hr_series_at(p->live, m, g / HR_SERIES_PER_GPU, (enum hr_tier)t, (size_t)back);
        }
        uint64_t at = hr_series_time(p->live, (enum hr_tier)t, (size_t)back);
        hr_means_model(b, at, (unsigned)(step / SECOND), p->means);
        *ret = (struct hr_bygone_moment) { p->means, at, (unsigned)(step / SECOND) };
        return true;
    }
    return false;
}

int hr_bygone_at(struct hr_bygone *p, uint64_t wall, struct hr_bygone_moment *ret, struct hr_error *err)
{
    unsigned k = strip_for(p, wall);
    if (k == HR_STRIPS)
        return hr_fail(err, HR_E_NOT_FOUND, "there is no past yet");
    const struct hr_strip *s = &p->strip[k];
    size_t i = hr_bygone_mark(s, wall);
    if (i == SIZE_MAX && s->mark[0].wall > EDGE && show_live_means(p, HR_MIN(wall, s->mark[0].wall - EDGE), ret))
        return 0;
    for (size_t n = 0; i != SIZE_MAX && n < BACK_MOST; n++, i = i == 0 ? SIZE_MAX : i - 1)
        if (show_last(p, (enum hr_strip_kind)k, &s->mark[i], wall, ret, err) == 0)
            return 0;
    for (size_t n = 0; n < HR_MIN(s->n, (size_t)BACK_MOST); n++)
        if (show_first(p, (enum hr_strip_kind)k, &s->mark[n], ret, err) == 0)
            return 0;
    return hr_fail(err, HR_E_NOT_FOUND, "nothing that can be read is kept of that moment");
}

/* The first frame of a strip behind `wall`; 0: none. */
static uint64_t behind(struct hr_bygone *p, enum hr_strip_kind k, uint64_t wall)
{
    const struct hr_strip *s = &p->strip[k];
    size_t i = hr_bygone_mark(s, wall);
    for (i = i == SIZE_MAX ? 0 : i; i < s->n; i++) {
        if (hr_bygone_block(p, &s->mark[i], NULL) < 0)
            continue;
        for (size_t j = 0; j < p->tape.n; j++) {
            const struct hr_frame *f = &p->tape.frame[j];
            if (f->seq >= s->mark[i].seq && f->wall > wall && hr_strip_takes(k, f))
                return f->wall;
        }
    }
    return 0;
}

uint64_t hr_bygone_beside(struct hr_bygone *p, uint64_t wall, int dir)
{
    struct hr_bygone_moment now, other;
    if (hr_bygone_at(p, wall, &now, NULL) < 0)
        return 0;
    uint64_t at = now.wall;
    if (dir < 0)
        return at > 0 && hr_bygone_at(p, at - 1, &other, NULL) == 0 && other.wall < at ? other.wall : 0;
    for (unsigned k = 0; k < HR_STRIPS; k++) { /* the finest that reaches so far; where it ends the coarser ones do too */
        if (!p->strip[k].further)
            continue;
        uint64_t next = behind(p, (enum hr_strip_kind)k, at);
        if (p->strip[k].mark[0].wall <= at)
            return next;
        if (next != 0 && now.seconds != 0 && next - at <= now.seconds * SECOND + (p->live != NULL ? EDGE : 0))
            return next;
    }
    return now.seconds != 0 ? at + now.seconds * SECOND : 0;
}
