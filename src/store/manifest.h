/* The manifest of a dataset folder: which files are its parts, and what must be true of them.
 *
 * manifest.json carries the checksum of its own bytes (with zeros in that place) and those of the parts' footers and of
 * statistics.json, so that every byte of a dataset is covered by a check.  docs/format.md shows the text. */
#ifndef HR_MANIFEST_H
#define HR_MANIFEST_H

#include "schema.h"

#define HR_MANIFEST_NAME "manifest.json"
#define HR_STATISTICS_NAME "statistics.json"

struct hr_manifest_part {
    char name[32];
    uint64_t samples, bytes, footer_sum;
    uint32_t chunks;
};

struct hr_manifest {
    uint64_t samples;
    uint32_t chunk_samples;
    struct hr_schema schema;
    uint32_t parts;
    struct hr_manifest_part *part; /* owned */
    char *statistics;              /* the text of statistics.json, or NULL; owned */
};

/* Reads and checks `dir`/manifest.json and `dir`/statistics.json; the parts are not opened. */
int hr_manifest_load(const char *dir, struct hr_manifest *ret, struct hr_error *err) HR_MUST_USE;
void hr_manifest_fini(struct hr_manifest *m); /* accepts a zeroed one */

/* Writes `dir`/manifest.json from the parts (part-*.arrow) and the statistics.json that lie in `dir`, replacing an older
 * one.  The parts must agree with each other.  `made` is a JSON value that says how the dataset came to be (sources,
 * options), or NULL.  The folder is a whole dataset from then on. */
int hr_manifest_write(const char *dir, const char *made, struct hr_error *err) HR_MUST_USE;

#endif
