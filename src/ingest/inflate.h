/* Deflated bytes out of a file, piece by piece (zlib).  In a build without zlib, open fails with HR_E_UNSUPPORTED. */
#ifndef HR_INFLATE_H
#define HR_INFLATE_H

#include "err.h"

#include <stdint.h>

enum hr_inflate_kind {
    HR_INFLATE_RAW,  /* a member of a ZIP archive */
    HR_INFLATE_GZIP, /* a .gz file; several laid end to end are taken as one */
};

struct hr_inflate;

/* Reads `packed` bytes of fd from `offset` on; `fd` and `path` (for sentences) must outlive the reader. */
int hr_inflate_open(int fd, const char *path, enum hr_inflate_kind kind, uint64_t offset, uint64_t packed,
                    struct hr_inflate **ret, struct hr_error *err) HR_MUST_USE;
void hr_inflate_close(struct hr_inflate *z); /* accepts NULL */
/* Up to n bytes into p; fewer than n only at the end.  Returns how many, or a negative code: HR_E_FORMAT when the bytes are
 * damaged or cut off. */
int64_t hr_inflate_read(struct hr_inflate *z, void *p, size_t n, struct hr_error *err) HR_MUST_USE;
/* Bytes of the file taken so far. */
uint64_t hr_inflate_taken(const struct hr_inflate *z);
/* CRC-32 of the unpacked bytes so far. */
uint32_t hr_inflate_crc(const struct hr_inflate *z);

#endif
