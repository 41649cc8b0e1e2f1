/* Which samples have been packed already: a set of their 128-bit content hashes, kept in a file beside the parts so that a
 * resumed packing knows them again. */
#ifndef HR_DEDUP_H
#define HR_DEDUP_H

#include "err.h"
#include "hash.h"

struct hr_dedup;

/* `keep` hashes of an earlier run are read from `dir`, everything behind them is forgotten.  The set may grow to `ceiling` bytes
 * (32 per sample at most). */
int hr_dedup_open(const char *dir, uint64_t keep, uint64_t ceiling, struct hr_dedup **ret, struct hr_error *err) HR_MUST_USE;
/* 1 = it is new and now in the set; 0 = it was there; HR_E_BUDGET past the ceiling. */
int hr_dedup_add(struct hr_dedup *d, struct hr_hash128 h, struct hr_error *err) HR_MUST_USE;
/* Writes the first n hashes added and not yet written: those of a chunk that is about to be written. */
int hr_dedup_write(struct hr_dedup *d, uint32_t n, struct hr_error *err) HR_MUST_USE;
void hr_dedup_close(struct hr_dedup *d); /* accepts NULL */

#define HR_DEDUP_NAME "hashes"

#endif
