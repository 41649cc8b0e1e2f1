/* The directory of a ZIP archive (APPNOTE 6.3.10), as far as .npz files need it: stored and deflated members, ZIP64, no
 * encryption, one disk. */
#ifndef HR_ZIP_H
#define HR_ZIP_H

#include "err.h"

#include <stdint.h>

enum { HR_ZIP_TAIL_MAX = 22 + 65535 + 20, HR_ZIP_NAME_MAX = 255, HR_ZIP_MEMBERS_MAX = 65536 };

/* Where the directory lies. */
struct hr_zip_end {
    uint64_t offset, bytes, members;
    uint64_t zip64; /* offset of the ZIP64 end record when the figures stand there: call hr_zip_end64; else 0 */
};

struct hr_zip_member {
    char name[HR_ZIP_NAME_MAX + 1];
    bool deflated;           /* else stored */
    uint64_t packed, bytes;  /* in the archive, and unpacked */
    uint64_t header;         /* offset of the local header: hr_zip_data tells where the bytes begin */
    uint32_t crc;            /* CRC-32 of the unpacked bytes */
};

/* `tail` are the last n bytes of a file of `size` bytes (n = size, or HR_ZIP_TAIL_MAX). */
int hr_zip_end(const void *tail, size_t n, uint64_t size, const char *where, struct hr_zip_end *ret,
               struct hr_error *err) HR_MUST_USE;
/* `p` are the 56 bytes at end->zip64. */
int hr_zip_end64(const void *p, uint64_t size, const char *where, struct hr_zip_end *end, struct hr_error *err) HR_MUST_USE;
/* The end->bytes of the directory into at most `room` members (end->members is the number that there are; at most
 * HR_ZIP_MEMBERS_MAX).  Every member lies before the directory. */
int hr_zip_members(const void *dir, const struct hr_zip_end *end, const char *where, struct hr_zip_member *ret, size_t room,
                   struct hr_error *err) HR_MUST_USE;
/* Where a member's bytes begin, from the 30 bytes of its local header. */
int hr_zip_data(const void *local, const struct hr_zip_member *m, const struct hr_zip_end *end, const char *where,
                uint64_t *ret_offset, struct hr_error *err) HR_MUST_USE;

#endif
