/* The black box: what the watcher saw, in a file of bounded size that outlives the process, its machine and damage.
 *
 *  R1  A frame describes itself (length, kind, number, time, CRC-32 of all of it): who reads needs nothing else of the file to be whole.
 *  R2  A frame is complete in the page cache when hr_ring_put returns, so whatever ends this process takes none that was put.
 *      hr_ring_sync puts it on the disk: what a power cut takes is what came after it.
 *  R3  A difference leans on one whole frame of the same block and on nothing else: a damaged frame takes no other with it, a
 *      damaged whole frame takes at most HR_RING_WHOLE_EVERY - 1.
 *  R4  The file never grows beyond the size that it was made with; the oldest block of a tier is what is overwritten.
 * The bytes are told in docs/recording.md.  One writer (a lock on the file), any number of readers, of any process. */
#ifndef HR_RING_H
#define HR_RING_H

#include "err.h"
#include "ring_image.h"
#include "series.h"

enum {
    HR_RING_VERSION = 1,
    HR_RING_BLOCK = 65536,      /* a frame lies within one */
    HR_RING_HEAD = 48,          /* bytes before a frame's payload */
    HR_RING_WHOLE_EVERY = 60,
    HR_RING_TEXT = 240,
};
#define HR_RING_SIZE_MIN ((uint64_t)1 << 20)
#define HR_RING_SIZE_MAX ((uint64_t)4 << 30)
#define HR_RING_SIZE ((uint64_t)64 << 20)

enum hr_frame_kind {
    HR_FRAME_WHOLE = 1,  /* an image */
    HR_FRAME_CHANGED,    /* the difference to a whole one */
    HR_FRAME_TEN,        /* least, mean and greatest of 10 s */
    HR_FRAME_MINUTE,     /* of 60 s */
    HR_FRAME_BEGIN,      /* text: a recorder began */
    HR_FRAME_END,        /* text: it ended, and why; none: it was ended */
    HR_FRAME_NOTE,       /* text: an alert that began, a line of the kernel's log, the kernel's run again */
    HR_FRAME_KINDS
};

/* The values of a TEN or MINUTE, in the order of hr_slot. */
enum { HR_RING_SLOTS = HR_SERIES_SLOTS };

/* How texts begin.  Behind the first of them stands the boot id, in a BEGIN and again in a NOTE whenever the fine tier begins a new round;
 * behind the second "[  412.100244] text", or once at the begin whether the kernel's messages are followed, or why not. */
#define HR_RING_BOOT "boot="
#define HR_RING_KERNEL "kernel: "
#define HR_RING_FOLLOWED HR_RING_KERNEL "its messages are followed"

struct hr_ring;
/* Opens or makes the file; an existing one is continued behind its last good frame and keeps its size (`size` is then looked at only
 * when it is not 0: a difference is HR_E_INVALID).  `boot` names this run of the kernel. HR_E_STATE where another recorder has it. */
int hr_ring_open(const char *path, uint64_t size, const char *boot, struct hr_ring **ret, struct hr_error *err) HR_MUST_USE;
/* The same in memory, for a view that keeps its own past: a third each holds looks of every second (no more, whatever the interval), of
 * every 10 s and of every minute; notes stand in the last.  Nothing is written anywhere, and nothing allocated later. */
int hr_ring_open_memory(uint64_t size, struct hr_ring **ret, struct hr_error *err) HR_MUST_USE;
int hr_ring_put(struct hr_ring *r, const struct hr_model *m, struct hr_error *err) HR_MUST_USE;
int hr_ring_note(struct hr_ring *r, const char *text, struct hr_error *err) HR_MUST_USE;
/* What was put is on the disk when it returns. */
int hr_ring_sync(struct hr_ring *r, struct hr_error *err) HR_MUST_USE;
/* Writes that this is the end, and why, and syncs.  Without it hr_ring_close leaves a recording that was cut off. */
int hr_ring_finish(struct hr_ring *r, const char *why, struct hr_error *err) HR_MUST_USE;
void hr_ring_close(struct hr_ring *r); /* accepts NULL */
uint64_t hr_ring_size(const struct hr_ring *r);
uint64_t hr_ring_written(const struct hr_ring *r); /* bytes of frames since it was opened */

/* The blocks of the file of `size` bytes: the first holds the file's head, then those of each tier. */
struct hr_ring_plan {
    uint64_t first[HR_TIERS], n[HR_TIERS];
};
struct hr_ring_plan hr_ring_plan(uint64_t size);

/* The bytes of a ring in memory, NULL of another, and which blocks are whose. */
const uint8_t *hr_ring_memory(const struct hr_ring *r, struct hr_ring_plan *ret);

uint32_t hr_ring_crc(uint32_t crc, const void *p, size_t n); /* CRC-32 as zlib's; begin with 0 */

#endif
