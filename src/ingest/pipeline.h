/* The pipeline: units of a source parsed by several threads, their blocks taken in source order by the caller's thread; and
 * finished chunks measured by whichever thread is free.
 *
 *   I1  `take` sees the blocks in the order of the units, whatever the number of threads;
 *   I2  units in flight cost at most `memory` together, except that one is always allowed;
 *   I3  statistics are exact sums (statistics.h), so it does not matter which thread measures which chunk.
 *
 * With jobs == 1 everything happens in the caller's thread and no other is started. */
#ifndef HR_PIPELINE_H
#define HR_PIPELINE_H

#include "box.h"
#include "source.h"
#include "statistics.h"

struct hr_pipeline;

struct hr_pipeline_options {
    int jobs;        /* >= 1 */
    uint64_t memory;
    bool hashing;    /* blocks keep a hash of each sample */
    /* A place that has been packed already: units that lie before it as a whole are not parsed. */
    uint32_t skip_file;
    uint64_t skip_number;
    /* The block of the next unit, in order; negative stops.  Called from the thread that called hr_pipeline_run. */
    int (*take)(void *arg, const struct hr_unit *u, const struct hr_block *b, struct hr_error *err);
    /* Called several times a second from the same thread; negative stops. */
    int (*tick)(void *arg, struct hr_error *err);
    void *arg;
};

/* The source is bound to `schema`; both outlive the pipeline. */
int hr_pipeline_create(struct hr_source *s, const struct hr_schema *schema, const struct hr_pipeline_options *o,
                       struct hr_pipeline **ret, struct hr_error *err) HR_MUST_USE;
/* All units.  After a failure the pipeline can only be destroyed. */
int hr_pipeline_run(struct hr_pipeline *p, struct hr_error *err) HR_MUST_USE;
void hr_pipeline_destroy(struct hr_pipeline *p); /* accepts NULL; waits for the threads */

/* For `take`: an empty box, and its return once it has been written: it is then measured and used again. */
int hr_pipeline_box(struct hr_pipeline *p, struct hr_box **ret, struct hr_error *err) HR_MUST_USE;
void hr_pipeline_unbox(struct hr_pipeline *p, struct hr_box *b); /* its return unused */
int hr_pipeline_measure(struct hr_pipeline *p, struct hr_box *b, struct hr_error *err) HR_MUST_USE;
/* A chunk that lies elsewhere (resumed, or left over), measured now by the calling thread. */
int hr_pipeline_measure_now(struct hr_pipeline *p, const struct hr_chunk *c, struct hr_error *err) HR_MUST_USE;
/* After run: the statistics of everything measured. */
int hr_pipeline_stats(struct hr_pipeline *p, struct hr_stats *ret, struct hr_error *err) HR_MUST_USE;
uint64_t hr_pipeline_bytes(struct hr_pipeline *p); /* input behind the blocks taken so far */

#endif
