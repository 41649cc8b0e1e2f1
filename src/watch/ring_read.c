/* Nothing of the file is believed but frames whose checksum is right, and these are brought into bounds all the same. */
#include "ring_read.h"

#include "file.h"
#include "image_diff.h"
#include "mem.h"
#include "num.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* An image has no more processes than these. */
#define MODEL (offsetof(struct hr_model, proc) + HR_IMAGE_PROCS * sizeof(struct hr_proc_load))
enum { FRAMES_MAX = 4 << 20 };

static uint64_t le(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

bool hr_frame_head(const uint8_t *p, struct hr_frame *ret)
{
    if (memcmp(p, "HRF1", 4) != 0)
        return false;
    *ret = (struct hr_frame) { .seq = le(p + 16, 8), .wall = le(p + 24, 8), .whole = le(p + 32, 8), .len = (uint32_t)le(p + 8, 4),
                               .image = (uint32_t)le(p + 40, 4), .kind = (enum hr_frame_kind)p[12] };
    return true;
}

bool hr_frame_at(const uint8_t *p, size_t n, uint64_t off, struct hr_frame *ret)
{
    struct hr_frame f;
    if (n < HR_RING_HEAD || !hr_frame_head(p, &f) || f.len > n - HR_RING_HEAD || p[12] == 0 ||
        hr_ring_crc(0, p + 8, HR_RING_HEAD - 8 + (size_t)f.len) != le(p + 4, 4))
        return false;
    f.off = off;
    *ret = f;
    return true;
}

size_t hr_frame_span(const struct hr_frame *f)
{
    return (size_t)hr_align_up(HR_RING_HEAD + (uint64_t)f->len, HR_FRAME_STEP);
}

bool hr_frame_moment(const struct hr_frame *f)
{
    return f->kind == HR_FRAME_WHOLE || f->kind == HR_FRAME_CHANGED;
}

void hr_frame_text(const uint8_t *payload, size_t n, char ret[HR_RING_TEXT])
{
    size_t most = HR_MIN(n, (size_t)HR_RING_TEXT - 1);
    for (size_t k = 0; k < most; k++)
        ret[k] = (char)(payload[k] < 0x20 || payload[k] == 0x7f ? ' ' : payload[k]);
    ret[most] = 0;
}

/* --- finding the frames --- */

struct finding {
    struct hr_tape *t;
    size_t room;
};

static int take(struct finding *f, const struct hr_frame *one, struct hr_error *err)
{
    struct hr_tape *t = f->t;
    if (t->n == FRAMES_MAX) {
        t->cut = true;
        return 0;
    }
    if (t->n == f->room) {
        size_t room = f->room == 0 ? 1024 : f->room * 2;
        struct hr_frame *more = hr_reallocarray(t->frame, room, sizeof *more);
        if (more == NULL)
            return hr_fail_nomem(err, room * sizeof *more, "the frames of a recording");
        t->frame = more;
        f->room = room;
    }
    t->frame[t->n++] = *one;
    return 0;
}

static int scan(struct finding *f, const uint8_t *p, size_t n, uint64_t off, struct hr_error *err)
{
    int r = 0;
    for (size_t at = 0; r == 0 && at + HR_RING_HEAD <= n;) {
        struct hr_frame one;
        if (!hr_frame_at(p + at, n - at, off + at, &one)) {
            at += HR_FRAME_STEP;
            continue;
        }
        r = take(f, &one, err);
        at += hr_frame_span(&one);
    }
    return r;
}

static int fetch(const struct hr_tape *t, void *to, size_t n, uint64_t off, struct hr_error *err)
{
    if (t->memory == NULL)
        return hr_pread_all(t->fd, to, n, off, t->path, err);
    if (!hr_range_ok(off, n, t->bytes))
        return hr_fail(err, HR_E_FORMAT, "the recording ends too early");
    memcpy(to, t->memory + off, n);
    return 0;
}

static void read_head(struct hr_tape *t, const uint8_t *h, size_t n)
{
    if (n < 36 || memcmp(h, "headrace-ring\n", 14) != 0 || hr_ring_crc(0, h, 32) != le(h + 32, 4))
        return;
    uint64_t size = le(h + 24, 8);
    t->newer = le(h + 16, 4) > HR_RING_VERSION;
    t->head_ok = true;
    if (size >= HR_RING_SIZE_MIN && size <= HR_RING_SIZE_MAX && size % HR_RING_BLOCK == 0)
        t->expected = size;
    else
        t->head_ok = false;
}

static int find(struct hr_tape *t, bool *ret_foreign, struct hr_error *err)
{
    struct finding f = { t, 0 };
    uint8_t *room = t->memory == NULL ? hr_malloc(HR_RING_BLOCK) : NULL;
    const uint8_t *block = room;
    int r = block == NULL && t->memory == NULL ? hr_fail_nomem(err, HR_RING_BLOCK, "a recording") : 0;
    *ret_foreign = false;
    for (uint64_t off = 0; r == 0 && off < t->bytes; off += HR_RING_BLOCK) {
        size_t n = (size_t)HR_MIN((uint64_t)HR_RING_BLOCK, t->bytes - off);
        if (t->memory != NULL)
            block = t->memory + off;
        else if ((r = fetch(t, room, n, off, err)) < 0)
            break;
        if (off == 0) {
            read_head(t, block, n);
            for (size_t i = 0; i < n && i < 16; i++)
                *ret_foreign |= block[i] != 0;
        }
        r = scan(&f, block, n, off, err);
    }
    hr_free(room);
    return r;
}

static int by_number(const void *a, const void *b)
{
    const struct hr_frame *x = a, *y = b;
    return x->seq != y->seq ? (x->seq < y->seq ? -1 : 1) : (x->off < y->off ? -1 : x->off > y->off);
}

static size_t index_of(const struct hr_tape *t, size_t n, uint64_t seq)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (t->frame[mid].seq < seq)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && t->frame[lo].seq == seq ? lo : SIZE_MAX;
}

static bool raw_tier(const struct hr_frame *f)
{
    return f->kind != HR_FRAME_TEN && f->kind != HR_FRAME_MINUTE;
}

/* Differences without their whole frame go; numbers that are missing are counted from the first frame of the fine tier on, since
 * before it only coarse frames are left. */
static void order(struct hr_tape *t)
{
    if (t->n == 0)
        return;
    qsort(t->frame, t->n, sizeof *t->frame, by_number);
    size_t kept = 0;
    bool fine = false; /* one of the fine tier was kept */
    for (size_t i = 0; i < t->n; i++) {
        struct hr_frame f = t->frame[i];
        if (kept > 0 && t->frame[kept - 1].seq == f.seq)
            continue;
        if (f.kind == HR_FRAME_CHANGED) {
            size_t w = index_of(t, kept, f.whole);
            if (w == SIZE_MAX || t->frame[w].kind != HR_FRAME_WHOLE) {
                t->leaning++;
                t->older += !fine;
                continue;
            }
        }
        t->frame[kept++] = f;
        fine |= raw_tier(&f);
    }
    t->n = kept;
    bool begun = false;
    for (size_t i = 0; i < kept; i++) {
        if (begun)
            t->gaps += t->frame[i].seq - t->frame[i - 1].seq - 1;
        begun |= raw_tier(&t->frame[i]);
    }
    t->gaps -= HR_MIN(t->gaps, t->leaning - t->older);
}

static int prepare(struct hr_tape *t, struct hr_error *err)
{
    bool foreign;
    int r = find(t, &foreign, err);
    if (r < 0)
        return r;
    if (t->n == 0 && !t->head_ok && foreign)
        return hr_fail(err, HR_E_FORMAT, "'%s' is no recording of headrace", t->path);
    order(t);
    t->image[0] = hr_malloc(hr_image_size());
    t->image[1] = hr_malloc(hr_image_size());
    t->payload = hr_malloc(HR_RING_BLOCK);
    t->model = hr_calloc(1, MODEL);
    return t->image[0] == NULL || t->image[1] == NULL || t->payload == NULL || t->model == NULL
               ? hr_fail_nomem(err, MODEL, "a recording") : 0;
}

int hr_tape_open(const char *path, struct hr_tape *ret, struct hr_error *err)
{
    struct hr_tape t = { .fd = -1, .path = path };
    int r = hr_open(path, O_RDONLY, 0, &t.fd, err);
    if (r == 0)
        r = hr_file_size(t.fd, path, &t.bytes, err);
    if (r == 0 && t.bytes > HR_RING_SIZE_MAX)
        r = hr_fail(err, HR_E_LIMIT, "'%s' is larger than any recording", path);
    if (r == 0)
        r = prepare(&t, err);
    if (r < 0)
        hr_tape_close(&t);
    else
        *ret = t;
    return r;
}

int hr_tape_open_bytes(const uint8_t *p, size_t n, struct hr_tape *ret, struct hr_error *err)
{
    struct hr_tape t = { .fd = -1, .path = "these bytes", .memory = p, .bytes = n };
    int r = prepare(&t, err);
    if (r < 0)
        hr_tape_close(&t);
    else
        *ret = t;
    return r;
}

void hr_tape_close(struct hr_tape *t)
{
    hr_close(t->fd);
    hr_free(t->frame);
    hr_free(t->image[0]);
    hr_free(t->image[1]);
    hr_free(t->payload);
    hr_free(t->model);
    *t = (struct hr_tape) { .fd = -1 };
}

/* --- what they say --- */

/* The payload of a frame into t->payload, checked again: its place may have been overwritten by now. */
static int payload(struct hr_tape *t, const struct hr_frame *f, struct hr_error *err)
{
    struct hr_frame again;
    size_t n = HR_RING_HEAD + (size_t)f->len;
    if (n > HR_RING_BLOCK)
        return hr_fail(err, HR_E_FORMAT, "a frame of the recording is too long");
    int r = fetch(t, t->payload, n, f->off, err);
    if (r < 0)
        return r;
    if (!hr_frame_at(t->payload, n, f->off, &again) || again.seq != f->seq || again.kind != f->kind)
        return hr_fail(err, HR_E_FORMAT, "this moment was overwritten by the recorder just now");
    return 0;
}

static int image(struct hr_tape *t, const struct hr_frame *f, const uint8_t *base, uint8_t *to, struct hr_error *err)
{
    size_t n = hr_image_size();
    if (f->image != n)
        return hr_fail(err, HR_E_UNSUPPORTED, "a moment of %u bytes, where this version of headrace knows %zu: another version recorded it",
                       (unsigned)f->image, n);
    int r = payload(t, f, err);
    if (r == 0 && !hr_image_unpack(t->payload + HR_RING_HEAD, f->len, base, n, to))
        r = hr_fail(err, HR_E_FORMAT, "a frame of the recording is malformed");
    return r;
}

int hr_tape_model(struct hr_tape *t, size_t i, const struct hr_model **ret, struct hr_error *err)
{
    const struct hr_frame *f = &t->frame[i];
    int r = 0;
    if (!hr_frame_moment(f))
        return hr_fail(err, HR_E_INVALID, "frame %llu of the recording is no moment", (unsigned long long)f->seq);
    uint64_t whole = f->kind == HR_FRAME_WHOLE ? f->seq : f->whole;
    if (t->image_seq != whole) {
        size_t w = index_of(t, t->n, whole);
        t->image_seq = 0;
        if (w == SIZE_MAX)
            return hr_fail(err, HR_E_FORMAT, "a frame of the recording leans on one that is gone");
        r = image(t, &t->frame[w], NULL, t->image[0], err);
        if (r < 0)
            return r;
        t->image_seq = whole;
    }
    const uint8_t *have = t->image[0];
    if (f->kind == HR_FRAME_CHANGED) {
        r = image(t, f, t->image[0], t->image[1], err);
        have = t->image[1];
    }
    if (r == 0 && !hr_image_read(have, hr_image_size(), t->model))
        r = hr_fail(err, HR_E_FORMAT, "a frame of the recording is malformed");
    if (r == 0)
        *ret = t->model;
    return r;
}

int hr_tape_values(struct hr_tape *t, size_t i, struct hr_bucket ret[HR_RING_SLOTS], uint64_t *ret_at, struct hr_error *err)
{
    const struct hr_frame *f = &t->frame[i];
    if (f->kind != HR_FRAME_TEN && f->kind != HR_FRAME_MINUTE)
        return hr_fail(err, HR_E_INVALID, "frame %llu of the recording holds no means", (unsigned long long)f->seq);
    int r = payload(t, f, err);
    if (r < 0)
        return r;
    const uint8_t *p = t->payload + HR_RING_HEAD, *end = p + f->len;
    size_t slots = f->len >= 12 ? (size_t)le(p + 10, 2) : 0, bytes = (slots + 7) / 8;
    if (slots == 0 || f->len < 12 + bytes)
        return hr_fail(err, HR_E_FORMAT, "a frame of the recording is malformed");
    const uint8_t *bits = p + 12, *v = bits + bytes;
    memset(ret, 0, HR_RING_SLOTS * sizeof *ret);
    for (size_t s = 0; s < slots; s++) {
        if ((bits[s / 8] >> (s % 8) & 1) == 0)
            continue;
        if ((size_t)(end - v) < 12)
            return hr_fail(err, HR_E_FORMAT, "a frame of the recording is malformed");
        float three[3];
        for (unsigned k = 0; k < 3; k++, v += 4) {
            uint32_t u = (uint32_t)le(v, 4);
            memcpy(&three[k], &u, 4);
        }
        if (s < HR_RING_SLOTS && three[0] >= 0 && three[1] >= 0 && three[2] >= 0 && three[2] < 1e30f)
            ret[s] = (struct hr_bucket) { true, (double)three[0], (double)three[1], (double)three[2] };
    }
    *ret_at = le(p, 8);
    return 0;
}

int hr_tape_text(struct hr_tape *t, size_t i, char ret[HR_RING_TEXT], struct hr_error *err)
{
    const struct hr_frame *f = &t->frame[i];
    int r = payload(t, f, err);
    if (r < 0)
        return r;
    hr_frame_text(t->payload + HR_RING_HEAD, f->len, ret);
    return 0;
}

size_t hr_tape_find(const struct hr_tape *t, uint64_t wall)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < t->n; i++) {
        if (!hr_frame_moment(&t->frame[i]))
            continue;
        if (best == SIZE_MAX || t->frame[i].wall <= wall)
            best = i;
    }
    return best;
}

size_t hr_tape_last(const struct hr_tape *t, size_t before, enum hr_frame_kind kind)
{
    for (size_t i = HR_MIN(before, t->n); i > 0; i--)
        if (t->frame[i - 1].kind == kind)
            return i - 1;
    return SIZE_MAX;
}
