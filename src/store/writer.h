/* Writing one Arrow IPC file, chunk by chunk.  Nothing appears under the final name before hr_writer_finish succeeded:
 * bytes go to "<path>.partial" and are renamed after fsync.  A killed process may have kept the last 2 MiB to itself.
 * One thread at a time. */
#ifndef HR_WRITER_H
#define HR_WRITER_H

#include "store.h"

struct hr_writer;

struct hr_writer_options {
    enum hr_codec codec;
    int level;               /* of the codec; 0 = its default */
    uint32_t chunk_samples;  /* every chunk has this many, the last may have fewer (I1) */
};

int hr_writer_create(const char *path, const struct hr_schema *schema, const struct hr_writer_options *o,
                     struct hr_writer **ret, struct hr_error *err) HR_MUST_USE;
/* Continues a "<path>.partial" that a killed process left: chunks that are whole and consistent are kept, the rest is
 * cut off; *ret_samples tells how many samples are there.  HR_E_NOT_FOUND when there is none, HR_E_FORMAT when it was
 * written with another schema or other options. */
int hr_writer_resume(const char *path, const struct hr_schema *schema, const struct hr_writer_options *o,
                     struct hr_writer **ret, uint64_t *ret_samples, struct hr_error *err) HR_MUST_USE;
/* Columns must match the schema's `stored` types; offsets may start anywhere and are written rebased to 0. */
int hr_writer_append(struct hr_writer *w, const struct hr_chunk *c, struct hr_error *err) HR_MUST_USE;
/* One more pair for the footer's custom metadata ("headrace.statistics", ...). Copied. */
int hr_writer_meta(struct hr_writer *w, const char *key, const char *value, struct hr_error *err) HR_MUST_USE;
/* Every chunk appended so far survives a power cut. */
int hr_writer_sync(struct hr_writer *w, struct hr_error *err) HR_MUST_USE;
/* Footer, fsync, rename to the final name. The writer can only be destroyed afterwards. */
int hr_writer_finish(struct hr_writer *w, struct hr_error *err) HR_MUST_USE;
/* Leaves the partial file when `keep` (to be resumed), else removes it; after finish there is none.  Accepts NULL. */
void hr_writer_destroy(struct hr_writer *w, bool keep);

#endif
