#include "behind.h"

#include "file.h"
#include "mem.h"

#include <string.h>

enum { PAGE = 4096 };

int hr_behind_flush(struct hr_behind *b, int fd, const char *path, struct hr_error *err)
{
    if (b->n == 0)
        return 0;
    int r = hr_pwrite_all(fd, b->data, b->n, b->off, path, err);
    if (r < 0)
        return r;
    b->off += b->n;
    b->n = 0;
    return 0;
}

int hr_behind_put(struct hr_behind *b, int fd, const void *p, size_t n, uint64_t at, const char *path,
                  struct hr_error *err)
{
    if (b->data == NULL) {
        b->data = hr_aligned(PAGE, HR_BEHIND);
        if (b->data == NULL)
            return hr_fail_nomem(err, HR_BEHIND, "what is written to a file");
    }
    if (at >= b->off && at - b->off <= b->n) {
        b->n = (size_t)(at - b->off);
    } else {
        b->off = at; /* B1: all before it was written, by an attempt that failed later */
        b->n = 0;
    }
    for (const uint8_t *from = p; n > 0;) {
        size_t room = HR_BEHIND - (size_t)((b->off + b->n) % HR_BEHIND), k = HR_MIN(n, room);
        memcpy(b->data + b->n, from, k);
        b->n += k;
        from += k;
        n -= k;
        int r = k == room ? hr_behind_flush(b, fd, path, err) : 0; /* B2 */
        if (r < 0)
            return r;
    }
    return 0;
}

void hr_behind_fini(struct hr_behind *b)
{
    hr_free(b->data);
    *b = (struct hr_behind) { 0 };
}
