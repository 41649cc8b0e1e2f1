/* Samples grouped into shards: by the value of a field (one shard per value, in ascending order), or by time (sixteen equal
 * spans between the first and the last; empty ones are left out).  Within a shard samples keep their order. */
#ifndef HR_SHARD_H
#define HR_SHARD_H

#include "store.h"

enum { HR_SHARDS_MAX = 4096, HR_SHARD_SPANS = 16 };

struct hr_shards {
    uint64_t *order; /* numbers of the samples, shard by shard */
    uint32_t n;
    uint64_t *end;   /* n of them: where each shard ends in `order` */
    char **label;    /* n of them: "3", "north", "12.5 to 20" */
};

/* `by` is a field's name, or "time" for the field that holds the time of a sample. */
int hr_shards_make(const struct hr_store *s, const char *by, struct hr_shards *ret, struct hr_error *err) HR_MUST_USE;
void hr_shards_fini(struct hr_shards *s);

#endif
