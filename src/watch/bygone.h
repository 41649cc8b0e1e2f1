/* The past as a place to walk about in: a recorder's file, also while it is being written, or the ring that a live view keeps in memory.
 *
 *  P1  Opening reads the head of every block, asking for a moment reads one block: both take a bounded time and memory, whatever the size.
 *  P2  Nothing is believed but frames whose checksum is right; where one is damaged or was overwritten meanwhile, the one before it is shown.
 *  P3  A moment comes from the finest tier that reaches so far back; of a file's coarse tiers it is the model of their means. */
#ifndef HR_BYGONE_H
#define HR_BYGONE_H

#include "ring_read.h"

enum { HR_BYGONE_NOTES = 256 };

struct hr_bygone_note {
    uint64_t wall, seq;
    char text[HR_RING_TEXT]; /* "memory-low: what is, and what to do", and when it is over "memory-low is over" */
};
/* The key's length, 0: the note is about no alert. */
size_t hr_bygone_note_key(const char *text);
bool hr_bygone_note_over(const char *text);
/* Whether it is worth going to: an alert begins, or the kernel said something. */
bool hr_bygone_note_tells(const char *text);

struct hr_bygone_moment {
    const struct hr_model *m; /* holds until the next call */
    uint64_t wall;            /* of the look; where a mean begins */
    unsigned seconds;         /* 0: a look; 10, 60: means over so many */
};

struct hr_bygone;
int hr_bygone_open(const char *path, struct hr_bygone **ret, struct hr_error *err) HR_MUST_USE;
/* The same of bytes in memory, which must outlive it. */
int hr_bygone_open_bytes(const uint8_t *bytes, size_t n, struct hr_bygone **ret, struct hr_error *err) HR_MUST_USE;
/* Of a ring in memory (hr_ring_open_memory), and, before that reaches, the means of `s` (NULL: none).  Both must outlive it, and stand still
 * during each call. */
int hr_bygone_open_ring(const struct hr_ring *r, const struct hr_series *s, struct hr_bygone **ret, struct hr_error *err) HR_MUST_USE;
void hr_bygone_close(struct hr_bygone *p); /* accepts NULL */
/* Looks what has come and what has gone since. */
int hr_bygone_refresh(struct hr_bygone *p, struct hr_error *err) HR_MUST_USE;
/* Wall times of its first and its last moment; false: it holds none. */
bool hr_bygone_reach(const struct hr_bygone *p, uint64_t *ret_from, uint64_t *ret_to);
/* Whether something writes to it: its last moment is no older than three times the distance of its last two, or 5 s. */
bool hr_bygone_fresh(const struct hr_bygone *p, uint64_t now);

/* The moment at `wall` or the last before it; the first of all where there is none before. */
int hr_bygone_at(struct hr_bygone *p, uint64_t wall, struct hr_bygone_moment *ret, struct hr_error *err) HR_MUST_USE;
/* When the moment before (dir < 0) or behind that of `wall` is; 0: there is none. */
uint64_t hr_bygone_beside(struct hr_bygone *p, uint64_t wall, int dir);
/* The newest HR_BYGONE_NOTES notes, oldest first. */
const struct hr_bygone_note *hr_bygone_notes(const struct hr_bygone *p, size_t *ret_n);
/* The past of all values for `n` columns of `step` ns that end at `end`, on the clock of the wall.  NULL: it cannot be had, or this is a
 * ring in memory, whose series its owner has. */
const struct hr_series *hr_bygone_series(struct hr_bygone *p, uint64_t end, uint64_t step, size_t n);

#endif
