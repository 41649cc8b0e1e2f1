#include "ring.h"

#include "clock.h"
#include "file.h"
#include "image_diff.h"
#include "mem.h"
#include "num.h"
#include "ring_read.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct gathered { /* one tier of one slot */
    double min, max, sum;
    uint32_t n;
};

/* Looks of one tier: a file has them in its fine one alone. */
struct lane {
    uint8_t *whole;     /* the image that differences lean on */
    uint64_t whole_seq; /* 0: the next one is whole */
    unsigned since;     /* frames since the whole one */
    uint64_t last;      /* monotonic time of the last look, in memory */
};

struct hr_ring {
    int fd;
    uint8_t *memory; /* instead of a file; NULL */
    char *path;
    uint64_t size, seq, written;
    struct hr_ring_plan plan;
    uint64_t at[HR_TIERS]; /* where the next frame of the tier goes */
    struct hr_image_rows rows;
    uint8_t *image;
    struct lane lane[HR_TIERS];
    struct hr_buf out;
    char boot[64];
    bool round; /* the fine tier began a new round: what told of the kernel's run is overwritten soon */
    struct gathered sum[HR_TIERS][HR_RING_SLOTS];
    uint64_t bucket[HR_TIERS], begun[HR_TIERS]; /* by wall time; begun 0: nothing gathered */
};

uint32_t hr_ring_crc(uint32_t crc, const void *p, size_t n)
{
    static const uint32_t half[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
    const uint8_t *b = p;
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= b[i];
        crc = (crc >> 4) ^ half[crc & 15];
        crc = (crc >> 4) ^ half[crc & 15];
    }
    return ~crc;
}

struct hr_ring_plan hr_ring_plan(uint64_t size)
{
    struct hr_ring_plan p = { 0 };
    uint64_t blocks = size / HR_RING_BLOCK, left = blocks > 0 ? blocks - 1 : 0;
    p.n[HR_TIER_SECOND] = left * 5 / 8;
    p.n[HR_TIER_TEN] = (left - p.n[HR_TIER_SECOND]) / 2;
    p.n[HR_TIER_MINUTE] = left - p.n[HR_TIER_SECOND] - p.n[HR_TIER_TEN];
    p.first[HR_TIER_SECOND] = 1;
    p.first[HR_TIER_TEN] = 1 + p.n[HR_TIER_SECOND];
    p.first[HR_TIER_MINUTE] = p.first[HR_TIER_TEN] + p.n[HR_TIER_TEN];
    return p;
}

static int worse(int a, int b)
{
    return a < 0 ? a : b;
}

static void le(uint8_t *to, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

static enum hr_tier tier_of(enum hr_frame_kind kind)
{
    return kind == HR_FRAME_TEN ? HR_TIER_TEN : kind == HR_FRAME_MINUTE ? HR_TIER_MINUTE : HR_TIER_SECOND;
}

static uint64_t left_in_block(uint64_t at)
{
    return HR_RING_BLOCK - at % HR_RING_BLOCK;
}

/* Where a frame of `n` bytes begins when it goes behind `at`: in the same block or at the start of the tier's next. */
static uint64_t place(const struct hr_ring *r, enum hr_tier t, uint64_t at, uint64_t n)
{
    uint64_t first = r->plan.first[t], block = at / HR_RING_BLOCK;
    if (at % HR_RING_BLOCK != 0 && n <= left_in_block(at))
        return at;
    if (at % HR_RING_BLOCK != 0)
        block++;
    if (block >= first + r->plan.n[t] || block < first)
        block = first;
    return block * HR_RING_BLOCK;
}

/* Whether a frame at `at` is the first of its block. */
static bool opens(const struct hr_ring *r, enum hr_tier t, uint64_t at)
{
    return at != r->at[t] || at % HR_RING_BLOCK == 0;
}

static int put_bytes(struct hr_ring *r, uint64_t at, struct hr_error *err)
{
    if (r->memory == NULL)
        return hr_pwrite_all(r->fd, r->out.data, r->out.len, at, r->path, err);
    memcpy(r->memory + at, r->out.data, r->out.len);
    return 0;
}

/* r->out holds HR_RING_HEAD free bytes and then the payload. */
static int emit(struct hr_ring *r, enum hr_tier t, enum hr_frame_kind kind, uint64_t wall, uint64_t whole, size_t image, struct hr_error *err)
{
    size_t len = r->out.len - HR_RING_HEAD;
    if (!hr_buf_pad(&r->out, (size_t)(hr_align_up(r->out.len, 8) - r->out.len), 0))
        return hr_fail_nomem(err, r->out.len, "a frame of the recording");
    uint8_t *h = (uint8_t *)r->out.data;
    memcpy(h, "HRF1", 4);
    le(h + 8, len, 4);
    le(h + 12, (uint64_t)kind, 1);
    le(h + 13, 0, 3);
    le(h + 16, r->seq, 8);
    le(h + 24, wall, 8);
    le(h + 32, whole, 8);
    le(h + 40, image, 4);
    le(h + 44, 0, 4);
    le(h + 4, hr_ring_crc(0, h + 8, HR_RING_HEAD - 8 + len), 4);
    if (r->out.len > HR_RING_BLOCK)
        return hr_fail(err, HR_E_LIMIT, "a frame of %zu bytes is more than a recording takes", r->out.len);
    uint64_t at = place(r, t, r->at[t], r->out.len);
    if (opens(r, t, at))
        r->lane[t].whole_seq = 0; /* R3: nothing leans on another block */
    int e = put_bytes(r, at, err);
    if (e < 0)
        return e;
    r->round = r->round || (t == HR_TIER_SECOND && at == r->plan.first[t] * HR_RING_BLOCK && r->seq > 1);
    r->at[t] = at + r->out.len;
    r->written += r->out.len;
    r->seq++;
    return 0;
}

static bool begin_frame(struct hr_ring *r)
{
    hr_buf_reset(&r->out);
    return hr_buf_pad(&r->out, HR_RING_HEAD, 0);
}

static int emit_text(struct hr_ring *r, enum hr_frame_kind kind, const char *text, struct hr_error *err)
{
    if (!begin_frame(r) || !hr_buf_add(&r->out, text, strnlen(text, HR_RING_TEXT - 1)))
        return hr_fail_nomem(err, HR_RING_TEXT, "a frame of the recording");
    return emit(r, r->memory != NULL ? HR_TIER_MINUTE : HR_TIER_SECOND, kind, hr_wall(), 0, 0, err);
}

/* --- the file --- */

static int write_head(struct hr_ring *r, struct hr_error *err)
{
    uint8_t h[64] = { 0 };
    memcpy(h, "headrace-ring\n", 14);
    le(h + 16, HR_RING_VERSION, 4);
    le(h + 20, HR_RING_BLOCK, 4);
    le(h + 24, r->size, 8);
    le(h + 32, hr_ring_crc(0, h, 32), 4);
    return hr_pwrite_all(r->fd, h, sizeof h, 0, r->path, err);
}

/* All of it is written once, so that a disk that gets full later takes no frame. */
static int extend(struct hr_ring *r, uint64_t from, struct hr_error *err)
{
    enum { PIECE = 1 << 20 };
    uint8_t *zeros = hr_calloc(1, PIECE);
    int e = zeros == NULL ? hr_fail_nomem(err, PIECE, "the recording") : 0;
    for (uint64_t at = from; e == 0 && at < r->size;) {
        uint64_t n = HR_MIN((uint64_t)PIECE, r->size - at);
        e = hr_pwrite_all(r->fd, zeros, (size_t)n, at, r->path, err);
        at += n;
    }
    hr_free(zeros);
    return e;
}

/* Goes on behind the last good frame of each tier. */
static int go_on(struct hr_ring *r, uint64_t bytes, uint64_t asked, struct hr_error *err)
{
    struct hr_tape t;
    uint64_t newest[HR_TIERS] = { 0 };
    int e = bytes == 0 ? 0 : hr_tape_open(r->path, &t, err);
    if (e < 0)
        return e;
    r->size = asked != 0 ? asked : HR_RING_SIZE;
    if (bytes != 0) {
        r->size = t.expected != 0 ? t.expected : HR_MAX(bytes / HR_RING_BLOCK * HR_RING_BLOCK, HR_RING_SIZE_MIN);
        bool newer = t.newer;
        if (newer || (asked != 0 && asked != r->size)) {
            hr_tape_close(&t);
            return newer ? hr_fail(err, HR_E_UNSUPPORTED, "'%s' was recorded by a later version of headrace: record to another file", r->path)
                         : hr_fail(err, HR_E_INVALID, "'%s' has %llu MiB already: leave --size out, or record to another file", r->path,
                                   (unsigned long long)(r->size >> 20));
        }
    }
    r->plan = hr_ring_plan(r->size);
    for (unsigned k = 0; k < HR_TIERS; k++)
        r->at[k] = r->plan.first[k] * HR_RING_BLOCK;
    for (size_t i = 0; bytes != 0 && i < t.n; i++) {
        const struct hr_frame *f = &t.frame[i];
        enum hr_tier k = tier_of(f->kind);
        r->seq = HR_MAX(r->seq, f->seq + 1);
        if (f->seq >= newest[k]) {
            newest[k] = f->seq;
            r->at[k] = f->off + hr_align_up(HR_RING_HEAD + (uint64_t)f->len, 8);
        }
    }
    bool whole = bytes != 0 && t.head_ok;
    if (bytes != 0)
        hr_tape_close(&t);
    if (!whole)
        e = write_head(r, err);
    if (e == 0 && bytes < r->size)
        e = extend(r, HR_MAX(bytes, (uint64_t)64), err);
    else if (e == 0 && bytes > r->size)
        e = hr_truncate(r->fd, r->size, r->path, err);
    return e;
}

static int open_file(struct hr_ring *r, uint64_t asked, struct hr_error *err)
{
    bool mine = false;
    uint64_t bytes = 0;
    int e = hr_open(r->path, O_RDWR | O_CREAT, 0600, &r->fd, err);
    if (e == 0)
        e = hr_lock(r->fd, r->path, &mine, err);
    if (e == 0 && !mine)
        return hr_fail(err, HR_E_STATE, "another headrace records to '%s': end it, or choose another file with --file", r->path);
    if (e == 0)
        e = hr_file_size(r->fd, r->path, &bytes, err);
    return e == 0 ? go_on(r, bytes, asked, err) : e;
}

/* The image, one more for each tier of looks, and a frame. */
static bool take_room(struct hr_ring *r, unsigned lanes)
{
    r->image = hr_calloc(1 + (size_t)lanes, hr_image_size());
    for (unsigned t = 0; r->image != NULL && t < lanes; t++)
        r->lane[t].whole = r->image + (1 + (size_t)t) * hr_image_size();
    return r->image != NULL && hr_buf_reserve(&r->out, HR_RING_BLOCK) != NULL;
}

int hr_ring_open_memory(uint64_t size, struct hr_ring **ret, struct hr_error *err)
{
    uint64_t blocks = size / HR_RING_BLOCK;
    if (blocks < 2 * HR_TIERS || size > HR_RING_SIZE_MAX)
        return hr_fail(err, HR_E_INVALID, "a past in memory has 384 KiB to 4 GiB, not %llu bytes", (unsigned long long)size);
    struct hr_ring *r = hr_calloc(1, sizeof *r);
    if (r == NULL)
        return hr_fail_nomem(err, sizeof *r, "the past");
    r->fd = -1;
    r->seq = 1;
    r->size = blocks * HR_RING_BLOCK;
    r->out = HR_BUF_INIT(HR_RING_BLOCK + 64);
    r->memory = hr_calloc(1, (size_t)r->size);
    uint64_t each[HR_TIERS] = { blocks - 2 * (blocks / 3), blocks / 3, blocks / 3 }, first = 0;
    for (unsigned t = 0; t < HR_TIERS; t++) {
        r->plan.first[t] = first;
        r->plan.n[t] = each[t];
        r->at[t] = first * HR_RING_BLOCK;
        first += each[t];
    }
    if (r->memory == NULL || !take_room(r, HR_TIERS)) {
        hr_ring_close(r);
        return hr_fail_nomem(err, (size_t)size, "the past");
    }
    *ret = r;
    return 0;
}

const uint8_t *hr_ring_memory(const struct hr_ring *r, struct hr_ring_plan *ret)
{
    *ret = r->plan;
    return r->memory;
}

int hr_ring_open(const char *path, uint64_t size, const char *boot, struct hr_ring **ret, struct hr_error *err)
{
    if (size != 0 && (size < HR_RING_SIZE_MIN || size > HR_RING_SIZE_MAX))
        return hr_fail(err, HR_E_INVALID, "a recording has 1 MiB to 4 GiB, not %llu bytes", (unsigned long long)size);
    struct hr_ring *r = hr_calloc(1, sizeof *r);
    if (r == NULL)
        return hr_fail_nomem(err, sizeof *r, "the recorder");
    r->fd = -1;
    r->seq = 1;
    r->out = HR_BUF_INIT(HR_RING_BLOCK + 64);
    r->path = hr_strdup(path);
    bool ok = r->path != NULL && take_room(r, 1);
    int e = ok ? open_file(r, size != 0 ? size / HR_RING_BLOCK * HR_RING_BLOCK : 0, err) : hr_fail_nomem(err, 2 * hr_image_size(), "the recorder");
    if (e == 0) {
        char text[HR_RING_TEXT];
        snprintf(r->boot, sizeof r->boot, "%s", boot != NULL ? boot : "");
        snprintf(text, sizeof text, HR_RING_BOOT "%s", r->boot);
        e = emit_text(r, HR_FRAME_BEGIN, text, err);
    }
    if (e < 0) {
        hr_ring_close(r);
        return e;
    }
    *ret = r;
    return 0;
}

/* --- frames --- */

/* The bucket that ends, as: when it began, how long it is, a bit per slot that is known, then three floats for each of these. */
static int emit_tier(struct hr_ring *r, enum hr_tier t, struct hr_error *err)
{
    uint8_t bits[(HR_RING_SLOTS + 7) / 8] = { 0 }, b[12];
    if (r->begun[t] == 0)
        return 0;
    uint64_t begun = r->bucket[t] * hr_tier_step(t);
    bool ok = begin_frame(r);
    le(b, begun, 8);
    le(b + 8, hr_tier_step(t) / UINT64_C(1000000000), 2);
    le(b + 10, HR_RING_SLOTS, 2);
    ok = ok && hr_buf_add(&r->out, b, 12);
    for (unsigned s = 0; s < HR_RING_SLOTS; s++)
        bits[s / 8] = (uint8_t)(bits[s / 8] | (r->sum[t][s].n != 0) << (s % 8));
    ok = ok && hr_buf_add(&r->out, bits, sizeof bits);
    for (unsigned s = 0; ok && s < HR_RING_SLOTS; s++) {
        const struct gathered *g = &r->sum[t][s];
        if (g->n == 0)
            continue;
        float v[3] = { (float)g->min, (float)(g->sum / g->n), (float)g->max };
        for (unsigned k = 0; k < 3; k++) {
            uint32_t u;
            memcpy(&u, &v[k], sizeof u);
            le(b + 4 * k, u, 4);
        }
        ok = hr_buf_add(&r->out, b, 12);
    }
    memset(r->sum[t], 0, sizeof r->sum[t]);
    r->begun[t] = 0;
    return ok ? emit(r, t, t == HR_TIER_TEN ? HR_FRAME_TEN : HR_FRAME_MINUTE, begun, 0, 0, err) : hr_fail_nomem(err, 1024, "a frame of the recording");
}

static int gather(struct hr_ring *r, const struct hr_model *m, struct hr_error *err)
{
    int e = 0;
    for (unsigned t = HR_TIER_TEN; t < HR_TIERS; t++) {
        uint64_t bucket = m->wall / hr_tier_step((enum hr_tier)t);
        if (r->begun[t] != 0 && r->bucket[t] != bucket)
            e = worse(e, emit_tier(r, (enum hr_tier)t, err));
        r->bucket[t] = bucket;
        r->begun[t] = HR_MAX(m->wall, UINT64_C(1));
    }
    for (unsigned s = 0; s < HR_RING_SLOTS; s++) {
        double v;
        if (!hr_slot_value(m, s, &v))
            continue;
        for (unsigned t = HR_TIER_TEN; t < HR_TIERS; t++) {
            struct gathered *g = &r->sum[t][s];
            g->min = g->n == 0 ? v : HR_MIN(g->min, v);
            g->max = g->n == 0 ? v : HR_MAX(g->max, v);
            g->sum += v;
            g->n++;
        }
    }
    return e;
}

static int put_whole(struct hr_ring *r, enum hr_tier t, uint64_t wall, struct hr_error *err)
{
    size_t n = hr_image_size();
    uint64_t seq = r->seq;
    if (!begin_frame(r) || !hr_image_pack(r->image, NULL, n, &r->out))
        return hr_fail_nomem(err, n, "a frame of the recording");
    int e = emit(r, t, HR_FRAME_WHOLE, wall, 0, n, err);
    if (e < 0)
        return e;
    struct lane *l = &r->lane[t];
    memcpy(l->whole, r->image, n);
    l->whole_seq = seq;
    l->since = 0;
    return 0;
}

/* The image into a tier. */
static int put_look(struct hr_ring *r, enum hr_tier t, uint64_t wall, struct hr_error *err)
{
    struct lane *l = &r->lane[t];
    size_t n = hr_image_size();
    bool whole = l->whole_seq == 0 || ++l->since >= HR_RING_WHOLE_EVERY;
    if (!whole) {
        if (!begin_frame(r) || !hr_image_pack(r->image, l->whole, n, &r->out))
            return hr_fail_nomem(err, n, "a frame of the recording");
        whole = opens(r, t, place(r, t, r->at[t], hr_align_up(r->out.len, 8))); /* R3: a block begins with a whole one */
    }
    int e = whole ? put_whole(r, t, wall, err) : emit(r, t, HR_FRAME_CHANGED, wall, l->whole_seq, n, err);
    if (e < 0)
        l->whole_seq = 0; /* what is in the file is not known: lean on nothing of it */
    return e;
}

/* In memory every tier holds looks: whether this one is for it.  The fine one takes at most one a second, whatever the interval. */
static bool due(const struct lane *l, enum hr_tier t, uint64_t now)
{
    uint64_t step = hr_tier_step(t);
    return l->last == 0 || (t == HR_TIER_SECOND ? now - l->last >= step * 9 / 10 : now / step != l->last / step);
}

int hr_ring_put(struct hr_ring *r, const struct hr_model *m, struct hr_error *err)
{
    int e = 0;
    if (r->memory != NULL && !due(&r->lane[HR_TIER_SECOND], HR_TIER_SECOND, m->at))
        return 0;
    if (r->memory == NULL)
        e = gather(r, m, err);
    hr_image_write(m, &r->rows, r->image);
    if (r->memory == NULL && r->round && r->boot[0] != 0) {
        char text[HR_RING_TEXT];
        snprintf(text, sizeof text, HR_RING_BOOT "%s", r->boot);
        r->round = false;
        e = worse(e, emit_text(r, HR_FRAME_NOTE, text, err));
    }
    if (r->memory == NULL)
        return worse(e, put_look(r, HR_TIER_SECOND, m->wall, err));
    for (unsigned t = HR_TIER_SECOND; t < HR_TIERS; t++) {
        struct lane *l = &r->lane[t];
        if (!due(l, (enum hr_tier)t, m->at))
            continue;
        l->last = HR_MAX(m->at, UINT64_C(1));
        e = worse(e, put_look(r, (enum hr_tier)t, m->wall, err));
    }
    return e;
}

int hr_ring_note(struct hr_ring *r, const char *text, struct hr_error *err)
{
    return emit_text(r, HR_FRAME_NOTE, text, err);
}

int hr_ring_sync(struct hr_ring *r, struct hr_error *err)
{
    return hr_datasync(r->fd, r->path, err);
}

int hr_ring_finish(struct hr_ring *r, const char *why, struct hr_error *err)
{
    int e = emit_tier(r, HR_TIER_TEN, err);
    e = worse(e, emit_tier(r, HR_TIER_MINUTE, err));
    e = worse(e, emit_text(r, HR_FRAME_END, why, err));
    return worse(e, hr_ring_sync(r, err));
}

void hr_ring_close(struct hr_ring *r)
{
    if (r == NULL)
        return;
    hr_close(r->fd);
    hr_buf_fini(&r->out);
    hr_free(r->image); /* and those of the lanes: one piece */
    hr_free(r->memory);
    hr_free(r->path);
    hr_free(r);
}

uint64_t hr_ring_size(const struct hr_ring *r)
{
    return r->size;
}

uint64_t hr_ring_written(const struct hr_ring *r)
{
    return r->written;
}
