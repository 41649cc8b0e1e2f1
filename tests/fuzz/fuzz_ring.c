/* A recording of any bytes: opened, and everything in it read.  A second way: the bytes are sealed with a right checksum first, so that
 * what lies behind it is reached. */
#include "mem.h"
#include "bygone.h"
#include "postmortem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same bytes as a past to walk about in. */
static void walk(const uint8_t *p, size_t n)
{
    struct hr_bygone *past;
    struct hr_bygone_moment m;
    uint64_t from, to;
    if (hr_bygone_open_bytes(p, n, &past, NULL) < 0)
        return;
    if (hr_bygone_reach(past, &from, &to)) {
        uint64_t at = to;
        for (unsigned i = 0; i < 16 && at != 0 && hr_bygone_at(past, at, &m, NULL) == 0; i++)
            at = hr_bygone_beside(past, at, i < 8 ? -1 : 1);
        hr_bygone_series(past, to, UINT64_C(1000000000), 8);
    }
    hr_bygone_close(past);
}

static void look(const uint8_t *p, size_t n)
{
    walk(p, n);
    struct hr_tape t;
    const struct hr_model *m;
    struct hr_bucket b[HR_RING_SLOTS];
    char text[HR_RING_TEXT];
    uint64_t at;
    if (hr_tape_open_bytes(p, n, &t, NULL) < 0)
        return;
    for (size_t i = 0; i < t.n && i < 64; i++) {
        if (hr_frame_moment(&t.frame[i])) {
            if (hr_tape_model(&t, i, &m, NULL) == 0 && (m->proc_n > HR_IMAGE_PROCS || m->job_n > HR_IMAGE_JOBS || m->gpus.n > HR_IMAGE_GPUS))
                abort();
        } else if (hr_tape_values(&t, i, b, &at, NULL) < 0 && hr_tape_text(&t, i, text, NULL) == 0 && strlen(text) >= HR_RING_TEXT) {
            abort();
        }
    }
    hr_tape_find(&t, 5);
    struct hr_postmortem *post = t.n <= 64 ? hr_calloc(1, sizeof *post) : NULL;
    if (post != NULL) { /* what its notes say of alerts, with the curves of any figures */
        struct hr_buf out = HR_BUF_INIT(1 << 20);
        post->last = UINT64_MAX;
        hr_post_alerts(&t, 0, t.n, post);
        hr_post_alerts_text(post, (n & 1) != 0, &out);
        hr_buf_fini(&out);
        hr_free(post);
    }
    hr_tape_close(&t);
}

static void put(uint8_t *to, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 60000)
        return 0;
    if ((data[0] & 1) != 0) {
        look(data + 1, size - 1);
        return 0;
    }
    /* two frames of the rest, the second leaning on the first */
    size_t half = (size - 1) / 2, room = 2 * (HR_RING_HEAD + 8) + size;
    uint8_t *made = hr_calloc(1, room);
    if (made == NULL)
        return 0;
    size_t at = 0;
    for (unsigned k = 0; k < 2; k++) {
        uint8_t *h = made + at;
        size_t n = k == 0 ? half : size - 1 - half;
        memcpy(h, "HRF1", 4);
        put(h + 8, n, 4);
        h[12] = k == 0 ? HR_FRAME_WHOLE : (uint8_t)(1 + (data[0] >> 1) % 7);
        put(h + 16, k + 1, 8);
        put(h + 32, 1, 8);
        put(h + 40, hr_image_size(), 4);
        memcpy(h + HR_RING_HEAD, data + 1 + (k == 0 ? 0 : half), n);
        put(h + 4, hr_ring_crc(0, h + 8, HR_RING_HEAD - 8 + n), 4);
        at += (HR_RING_HEAD + n + 7) / 8 * 8;
    }
    look(made, at);
    hr_free(made);
    return 0;
}
