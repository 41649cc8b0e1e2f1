/* One file to be replaced without surprises: its folder is opened once and held, so that what is read, written and removed is
 * in that folder whatever becomes of the path meanwhile.
 *
 * S1: the file itself is never a symbolic link, nothing but a regular file, and has one name only.
 * S2: a folder on the way may be reached through a link only when the link and its target belong to root or to this user.
 * S3: at any moment the file holds its old or its new contents, whole. */
#ifndef HR_SPOT_H
#define HR_SPOT_H

#include "buf.h"
#include "err.h"

struct hr_spot {
    int dir;
    char *path, *name; /* name points into path */
};

struct hr_spot_is {
    bool exists;
    unsigned mode, uid, gid;
};

/* `path` is absolute.  HR_E_NOT_FOUND: its folder is not there.  HR_E_UNSUPPORTED: S1 or S2 forbids it. */
int hr_spot_open(const char *path, struct hr_spot *ret, struct hr_error *err) HR_MUST_USE;
void hr_spot_close(struct hr_spot *s); /* accepts a closed one */
/* Appends what the file holds; a file that is not there is no error. */
int hr_spot_read(const struct hr_spot *s, struct hr_buf *b, struct hr_spot_is *ret, struct hr_error *err) HR_MUST_USE;
/* Writes the contents beside the file (NAME.headrace-tmp), makes them durable, and puts them in its place with these rights
 * and, where it is allowed, this owner. */
int hr_spot_write(const struct hr_spot *s, struct hr_str text, const struct hr_spot_is *is,
                  struct hr_error *err) HR_MUST_USE;
int hr_spot_remove(const struct hr_spot *s, struct hr_error *err) HR_MUST_USE;

#endif
