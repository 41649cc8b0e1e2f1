/* XXH3-64 (libxxhash): checksums of stored bytes and content hashes.  Where libxxhash was missing at build,
 * hr_hash_available() is false, hr_hash() gives 0, and stores carry no checksums. */
#ifndef HR_HASH_H
#define HR_HASH_H

#include "attr.h"

bool hr_hash_available(void);
uint64_t hr_hash(const void *p, size_t n);
/* XXH3-128, wide enough that two differing contents of a dataset never meet by accident; zeros without libxxhash. */
struct hr_hash128 {
    uint64_t lo, hi;
};
struct hr_hash128 hr_hash128(const void *p, size_t n);
/* The hash of several pieces laid end to end. */
struct hr_hasher;
struct hr_hasher *hr_hasher_create(void) HR_MUST_USE; /* NULL: out of memory, or no libxxhash */
void hr_hasher_add(struct hr_hasher *h, const void *p, size_t n);
uint64_t hr_hasher_value(const struct hr_hasher *h);
void hr_hasher_destroy(struct hr_hasher *h);

#endif
