/* Writing behind: what is appended to a file is gathered and written in pieces of 2 MiB that begin at multiples of 2 MiB.
 * On a file system with large folios each such write becomes one huge page of the page cache, which a mapping of the file
 * then takes as it is (hr_map_huge): a dataset is fed faster after it was written so.  One thread at a time.
 *
 * B1  The file holds all bytes put below `off`; data[0..n) are those of [off, off + n), not in the file yet.
 * B2  off + n never passes the next multiple of HR_BEHIND: a piece is written as soon as it is whole. */
#ifndef HR_BEHIND_H
#define HR_BEHIND_H

#include "err.h"

enum { HR_BEHIND = 2 << 20 };

struct hr_behind {
    uint8_t *data; /* [HR_BEHIND], from the first put on */
    size_t n;
    uint64_t off;
};

/* Appends n bytes that belong at `at`, which is where the last ones ended, or earlier: what a failed attempt left behind `at`
 * is written over.  After a failure the bytes before `at` are still there or still held. */
int hr_behind_put(struct hr_behind *b, int fd, const void *p, size_t n, uint64_t at, const char *path,
                  struct hr_error *err) HR_MUST_USE;
/* Everything put is in the file (not yet on the disk: hr_fsync). */
int hr_behind_flush(struct hr_behind *b, int fd, const char *path, struct hr_error *err) HR_MUST_USE;
void hr_behind_fini(struct hr_behind *b); /* what was not flushed is lost */

#endif
