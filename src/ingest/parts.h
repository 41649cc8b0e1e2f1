/* The parts of a packing's first pass: part-00000.arrow, part-00001.arrow, ... in one folder, each of `part_chunks` chunks
 * except the last; one of them is being written, under its partial name. */
#ifndef HR_PARTS_H
#define HR_PARTS_H

#include "journal.h"
#include "writer.h"

struct hr_parts {
    const char *dir;                 /* the caller's, as is the schema */
    const struct hr_schema *schema;
    struct hr_writer_options options;
    uint32_t part_chunks;
    uint32_t part;                   /* that is being written, or comes next when w is NULL */
    uint32_t chunks;                 /* in it */
    uint64_t samples;                /* in all */
    struct hr_writer *w;
    uint64_t unsynced;               /* bytes since the last call of hr_parts_sync */
};

/* Takes up what lies in the folder: *ret is the mark of the last chunk that is whole, and the journal forgets what came
 * behind it.  0 with ret->samples == 0 when nothing can be used: then the folder has been emptied of parts. */
int hr_parts_resume(struct hr_parts *p, struct hr_journal *j, struct hr_mark *ret, struct hr_error *err) HR_MUST_USE;
/* The part that the next chunk goes into: what its mark must say. */
uint32_t hr_parts_next(const struct hr_parts *p);
/* `bytes`: of the chunk, for the count of what is not on disk yet. */
int hr_parts_append(struct hr_parts *p, const struct hr_chunk *c, uint64_t bytes, struct hr_error *err) HR_MUST_USE;
/* Makes what has been appended survive a power cut. */
int hr_parts_sync(struct hr_parts *p, struct hr_error *err) HR_MUST_USE;
/* Ends the last part.  `statistics` (may be NULL) goes into its footer. */
int hr_parts_finish(struct hr_parts *p, const char *statistics, struct hr_error *err) HR_MUST_USE;
/* Drops the writer and keeps its partial file. */
void hr_parts_close(struct hr_parts *p);
/* dir/part-00007.arrow into fresh memory; NULL: out of memory. */
char *hr_parts_path(const char *dir, uint32_t part) HR_MUST_USE;

#endif
