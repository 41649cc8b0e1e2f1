/* Reading a recording: what is good in any bytes, in its order, and what is missing. */
#ifndef HR_RING_READ_H
#define HR_RING_READ_H

#include "ring.h"

struct hr_frame {
    uint64_t seq, wall, whole; /* whole: number of the frame that a difference leans on */
    uint64_t off;              /* of its head */
    uint32_t len, image;       /* of the payload; of the image, unpacked */
    enum hr_frame_kind kind;
};
enum { HR_FRAME_STEP = 8 }; /* frames begin at multiples of it */
/* The frame whose head is at p; false: there is none, or it is damaged.  `off` becomes its place. */
bool hr_frame_at(const uint8_t *p, size_t n, uint64_t off, struct hr_frame *ret);
/* What the HR_RING_HEAD bytes at p say by themselves; false: no frame begins there.  Whether it is whole is not looked at. */
bool hr_frame_head(const uint8_t *p, struct hr_frame *ret);
/* Bytes to where the next one may begin. */
size_t hr_frame_span(const struct hr_frame *f);
/* The text that is its payload: one line. */
void hr_frame_text(const uint8_t *payload, size_t n, char ret[HR_RING_TEXT]);

struct hr_tape {
    struct hr_frame *frame; /* by number; only those that can be read */
    size_t n;
    uint64_t bytes;       /* of the file */
    uint64_t expected;    /* bytes it was made with; 0: its head is damaged */
    uint64_t gaps;        /* frames that are missing between others */
    uint64_t leaning;     /* differences whose whole frame is gone */
    uint64_t older;       /* those of them that were only overwritten, at the far end */
    bool head_ok, newer;  /* newer: it is of a later version: what is known of it is read */
    bool cut;             /* more frames than are taken */
    /* inside */
    int fd;
    const uint8_t *memory;
    const char *path;
    uint8_t *image[2], *payload;
    uint64_t image_seq;
    struct hr_model *model;
};

/* Opens any file.  Negative: it cannot be read at all, is no recording (no good frame and no head), or memory ran out. */
int hr_tape_open(const char *path, struct hr_tape *ret, struct hr_error *err) HR_MUST_USE;
/* The same of bytes in memory, which must outlive it. */
int hr_tape_open_bytes(const uint8_t *p, size_t n, struct hr_tape *ret, struct hr_error *err) HR_MUST_USE;
void hr_tape_close(struct hr_tape *t);

/* The moment of frame i (WHOLE or CHANGED).  HR_E_FORMAT: it was overwritten since the tape was opened. *ret holds until the next call. */
int hr_tape_model(struct hr_tape *t, size_t i, const struct hr_model **ret, struct hr_error *err) HR_MUST_USE;
/* The values of frame i (TEN or MINUTE). `ret_at`: when it begins, ns since 1970. */
int hr_tape_values(struct hr_tape *t, size_t i, struct hr_bucket ret[HR_RING_SLOTS], uint64_t *ret_at, struct hr_error *err) HR_MUST_USE;
/* The text of frame i (BEGIN, END, NOTE): one line. */
int hr_tape_text(struct hr_tape *t, size_t i, char ret[HR_RING_TEXT], struct hr_error *err) HR_MUST_USE;

bool hr_frame_moment(const struct hr_frame *f);
/* The last moment at or before `wall`, or the first one; SIZE_MAX: there is none. */
size_t hr_tape_find(const struct hr_tape *t, uint64_t wall);
/* The last frame of a kind before `before`; SIZE_MAX: none. */
size_t hr_tape_last(const struct hr_tape *t, size_t before, enum hr_frame_kind kind);

#endif
