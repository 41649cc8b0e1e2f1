/* The second pass: a packed store is written again, at memory speed, in another order of samples and with other types in the
 * file.  For everything that can only be decided when all values are known: --narrow, --quantize, --shard-by. */
#ifndef HR_SECOND_PASS_H
#define HR_SECOND_PASS_H

#include "recast.h"
#include "shard.h"
#include "writer.h"

struct hr_second_pass {
    const struct hr_store *from;      /* its fields stored as their dtypes; uncompressed when there are shards */
    const struct hr_schema *to;       /* the same fields with other stored types */
    const struct hr_shards *shards;   /* one part each; NULL = all samples in their order, in parts of `part_chunks` */
    struct hr_writer_options options;
    uint32_t part_chunks;
    const char *dir;                  /* where part-00000.arrow ... go */
    struct hr_recast_error *error;    /* one per field, added to */
    /* Called often; negative stops.  `done` of the samples are written. */
    int (*tick)(void *arg, struct hr_error *err);
    /* Called before a part is ended: text for its footer, or NULL. */
    int (*footer)(void *arg, const char **ret, struct hr_error *err);
    void *arg;
};

int hr_second_pass_run(const struct hr_second_pass *s, struct hr_error *err) HR_MUST_USE;
/* Bytes that a sample of `from` takes on average when stored as `to` says: for the size of chunks. */
double hr_second_pass_sample_bytes(const struct hr_store *from, const struct hr_schema *to);

#endif
