/* What the kernel says while it is watched: of its messages those that tell of an end (kernel_log.h), as lines for a recording.  The
 * kernel's own buffer dies with its machine; what is written down here does not.
 *
 *  T1  never waits, and takes at most HR_TAIL_RECORDS records in one look: a storm of messages costs the recorder little.
 *  T2  at most HR_TAIL_A_MINUTE lines a minute are told, so that the storm does not drive the looks out of the ring. */
#ifndef HR_KERNEL_TAIL_H
#define HR_KERNEL_TAIL_H

#include "known.h"

enum { HR_TAIL_LINE = 224, HR_TAIL_RECORDS = 1024, HR_TAIL_A_MINUTE = 24 };

struct hr_kernel_tail {
    int fd; /* -1: it is not followed */
    uint64_t minute;
    unsigned told; /* in this minute */
};

/* False: it cannot be followed, `why` says why. */
bool hr_kernel_tail_open(struct hr_kernel_tail *ret, char why[HR_WHY_MAX]);
void hr_kernel_tail_close(struct hr_kernel_tail *t);
/* The next line that tells of something, as dmesg prints it: "[  412.100244] text". False: none by now.  `now` is monotonic, ns. */
bool hr_kernel_tail_next(struct hr_kernel_tail *t, uint64_t now, char ret[HR_TAIL_LINE]);
/* The same of one record of /dev/kmsg; false: it is malformed or tells nothing. */
bool hr_kernel_tail_line(const char *record, size_t n, char ret[HR_TAIL_LINE]);

#endif
