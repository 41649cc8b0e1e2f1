/* Verifying a dataset: every byte against its checksum, every structural rule, every edge index.
 *
 * Together with hr_store_open this covers every byte of a dataset: manifest and statistics (open), footers (open), heads
 * and chunks (here), and what lies between them, which must be exactly what the format says (open).  Where the dataset
 * carries no checksums, or this build cannot compute them, the structure alone is checked, and result.sums says so. */
#ifndef HR_VERIFY_H
#define HR_VERIFY_H

#include "store.h"

struct hr_verify_options {
    int jobs;  /* threads; 0 = one per CPU */
    bool quick; /* checksums and structure only: no look at single offsets and edge indices where checksums hold */
    /* About every 64 MiB, from any of the threads, one at a time; true stops (HR_E_CANCELLED). */
    bool (*progress)(uint64_t bytes_done, uint64_t bytes_total, void *arg);
    void *arg;
};

struct hr_damage {
    const char *path; /* of the dataset's file */
    int64_t chunk;    /* of the dataset; -1 when no chunk is meant */
    int64_t sample;   /* of the dataset; -1 when no single one is meant */
    int code;         /* HR_E_CORRUPT, HR_E_FORMAT, HR_E_BAD_SAMPLE, HR_E_IO */
    const char *text; /* a sentence that names file, chunk and sample */
};

struct hr_verify_result {
    uint64_t chunks, samples, bytes; /* looked at */
    uint64_t findings;
    bool sums;                       /* checksums were compared */
};

/* Calls `found` for each finding, one at a time, in no fixed order; strings live for the call.  0 = looked at everything
 * (ret->findings tells whether it was good).  Negative: it could not be done (no such file, no memory, cancelled); a
 * dataset too damaged to be opened is a finding. */
int hr_verify(const char *path, const struct hr_verify_options *o, void (*found)(const struct hr_damage *f, void *arg), void *arg,
              struct hr_verify_result *ret, struct hr_error *err) HR_MUST_USE;

#endif
