/* Tar archives in memory: ustar with pax extended headers for what ustar cannot say, and GNU's long names when reading.
 * Bytes in, bytes out; docs/decisions/0007-own-tar.md says why it is our own.
 *
 *   struct hr_tar t;
 *   struct hr_tar_entry e;
 *   hr_tar_begin(&t, bytes, "snapshot.tar");
 *   while ((r = hr_tar_next(&t, &e, err)) == 1) ...
 *   hr_tar_end(&t);
 *
 * Names come out as "proc/meminfo": leading slashes and "./" are gone, and a name with ".." in it is refused.  What is neither file, folder
 * nor link (devices, pipes) is passed over. */
#ifndef HR_TAR_H
#define HR_TAR_H

#include "buf.h"
#include "err.h"
#include "str.h"

enum { HR_TAR_BLOCK = 512, HR_TAR_NAME_MAX = 4095 };

enum hr_tar_kind {
    HR_TAR_FILE,
    HR_TAR_DIR,
    HR_TAR_LINK, /* symbolic: `target` as it is written */
    HR_TAR_HARD, /* one more name of the file `target`, which came before */
};

struct hr_tar_entry {
    enum hr_tar_kind kind;
    struct hr_str name, target; /* terminated by a 0 behind n; no zeros inside */
    struct hr_str data;         /* of a file: inside the archive's bytes */
    uint32_t mode, uid, gid;
    uint64_t changed; /* seconds since 1970 */
};

struct hr_tar {
    struct hr_str bytes;
    size_t at;
    const char *path; /* for sentences */
    struct hr_buf name, target;
    bool named, linked; /* a header before gave the name, the target; `size` likewise */
    bool sized;
    uint64_t size;
    uint64_t entries;
};

/* `bytes` and `path` must outlive it. */
void hr_tar_begin(struct hr_tar *t, struct hr_str bytes, const char *path);
/* 1 and the next entry, valid until the next call; 0 at the end; HR_E_FORMAT, HR_E_LIMIT or HR_E_NOMEM. */
int hr_tar_next(struct hr_tar *t, struct hr_tar_entry *ret, struct hr_error *err) HR_MUST_USE;
void hr_tar_end(struct hr_tar *t);
/* The bytes begin with a header whose checksum holds. */
bool hr_tar_is(struct hr_str bytes);

/* Appends an entry (not HR_TAR_HARD); the archive ends with hr_tar_finish.  Both mark `out` as failed when it is full. */
void hr_tar_add(struct hr_buf *out, const struct hr_tar_entry *e);
void hr_tar_finish(struct hr_buf *out);

#endif
