/* One Arrow file opened as a part of a dataset: what its footer says, checked against the file's size.  Chunk bytes are
 * not touched. */
#ifndef HR_PART_H
#define HR_PART_H

#include "store.h"

struct hr_part_file {
    struct hr_part part;        /* first and chunk0 are 0 */
    struct hr_schema schema;
    struct hr_chunk_ref *chunk; /* part.chunks of them, first counted from the part's beginning */
    uint32_t chunk_samples;
    enum hr_codec codec;
    bool sums;
    uint64_t scratch;
    char *statistics; /* NULL when it carries none */
};

int hr_part_open(const char *path, struct hr_part_file *ret, struct hr_error *err) HR_MUST_USE;
void hr_part_fini(struct hr_part_file *p); /* accepts a zeroed one (with fd -1) */
void hr_part_close(struct hr_part *p);     /* the file, its mapping and its name */

#endif
