/* MAKEFLAGS, the variable through which GNU make, ninja, cargo, rustc and nvcc find a pool of job tokens.
 *
 * It is words parted by blanks, in which a backslash keeps the next character.  The first word, where it begins with neither '-' nor
 * holds '=', is single letters ("kn": n is a dry run); behind "--" stand assignments.  Of several addresses the last one counts:
 *   --jobserver-auth=R,W          two inherited descriptors; a negative one: no pool for this child
 *   --jobserver-auth=fifo:PATH    make 4.4 and later, ninja 1.13 and later; make 4.3 ends with an error
 *   --jobserver-fds=R,W           the name before make 4.2 */
#ifndef HR_MAKEFLAGS_H
#define HR_MAKEFLAGS_H

#include "buf.h"
#include "str.h"

enum { HR_MAKEFLAGS_MAX = 64 << 10 };
enum hr_pool_address { HR_POOL_NONE, HR_POOL_PIPE, HR_POOL_FIFO, HR_POOL_OFF };
const char *hr_pool_address_name(enum hr_pool_address a);
struct hr_makeflags {
    enum hr_pool_address address; /* OFF: a negative descriptor */
    int r, w;                     /* PIPE */
    struct hr_str path;           /* FIFO: a view of the text */
    bool dry_run;
    bool jobs;       /* there is a -j */
    unsigned number; /* of it; 0: as many as you like */
};
/* Anything is some MAKEFLAGS: a word that is not understood is passed over, as its readers do. */
struct hr_makeflags hr_makeflags_parse(struct hr_str text);

/* Appends to `out` what `old` says, with this address and without its own -j and addresses: those would switch the pool off.  False: it
 * does not fit. */
bool hr_makeflags_fifo(struct hr_str old, const char *path, struct hr_buf *out) HR_MUST_USE;
bool hr_makeflags_pipe(struct hr_str old, int r, int w, struct hr_buf *out) HR_MUST_USE;

/* "GNU Make 4.3" -> 403; "1.13.2.git.kitware.jobserver-pipe-1" -> 113.  0: neither. */
unsigned hr_make_version(struct hr_str text);

#endif
