/* Getting one chunk from the disk into memory: past the page cache where the file system lets us, verified, viewed. */
#ifndef HR_FETCH_H
#define HR_FETCH_H

#include "acct.h"
#include "store.h"

enum { HR_FETCH_ALIGN = 4096 };

struct hr_fetch {
    const struct hr_store *store;
    struct hr_acct *acct;
    bool verify;
    int *fd;     /* per part: opened with O_DIRECT, or -1: the store's own, and what was read is dropped behind */
    bool direct; /* every part is read with O_DIRECT */
};

/* Bytes that a read of any chunk may fill, alignment included. */
uint64_t hr_fetch_bytes(const struct hr_store *s);
int hr_fetch_open(struct hr_fetch *f, const struct hr_store *s, bool verify, struct hr_acct *acct, struct hr_error *err) HR_MUST_USE;
void hr_fetch_close(struct hr_fetch *f); /* accepts a zeroed one */

/* Chunk c into `slot` (hr_cache_slot_bytes, page-aligned); its columns to `col`, pointing into the slot.  `read` is a buffer
 * of hr_fetch_bytes for compressed stores, else NULL.  Any thread; slot, read and col are the caller's alone. */
int hr_fetch_chunk(const struct hr_fetch *f, uint32_t c, void *slot, void *read, struct hr_column *col, struct hr_error *err) HR_MUST_USE;

#endif
