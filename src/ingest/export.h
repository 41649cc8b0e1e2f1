/* A dataset, or a run of its samples, into a format that other programs read.  What headrace exports it packs again to
 * equal values.
 *
 *   jsonl   one line per sample (sample_json.h)
 *   npy     a folder: FIELD.npy, for ragged fields with FIELD_offsets.npy (arrays.h); STR and BYTES as bytes with offsets;
 *           headrace.schema.json keeps roles and what the bytes are
 *   hdf5    one file: the same arrays as datasets, STR as variable-length UTF-8 text; roles and dtypes as attributes
 *           headrace.role and headrace.dtype
 *
 * Narrowed and quantised fields come out as the values that they stand for. */
#ifndef HR_EXPORT_H
#define HR_EXPORT_H

#include "decode.h"

struct hr_export_options {
    const char *format;        /* NULL or "auto": by the name of `out`: .jsonl and .json, .h5 and .hdf5, else a folder of npy */
    const char *const *fields; /* ended by NULL; NULL = all */
    uint64_t first, count;     /* samples; count UINT64_MAX = to the end */
    bool force;                /* replace what is there */
    /* After each chunk; true stops (HR_E_CANCELLED). */
    bool (*progress)(uint64_t samples_done, uint64_t samples, void *arg);
    void *arg;
};
struct hr_export_result {
    uint64_t samples, bytes; /* bytes written */
    double seconds;
};

/* Nothing appears under `out` before everything is written (a "<out>.partial" is there meanwhile).  HR_E_EXISTS without
 * force. */
int hr_export(const char *dataset, const char *out, const struct hr_export_options *o, struct hr_export_result *ret,
              struct hr_error *err) HR_MUST_USE;

/* --- what a format gives --- */
struct hr_export {
    const char *path; /* the partial file or folder */
    const struct hr_schema *schema;
    const struct hr_layout *layout;
    uint64_t samples;
    uint64_t *rows; /* of each ragged field: entries of all samples' first lists together */
    uint64_t bytes; /* written so far */
    void *impl;
};
struct hr_export_ops {
    const char *name, *help;
    int (*begin)(struct hr_export *e, struct hr_error *err);
    int (*chunk)(struct hr_export *e, const struct hr_chunk *c, struct hr_error *err); /* the next samples */
    int (*finish)(struct hr_export *e, struct hr_error *err); /* all is on disk afterwards */
    void (*end)(struct hr_export *e); /* frees; also after a failure of any of the above */
};
extern const struct hr_export_ops hr_export_jsonl, hr_export_npy, hr_export_hdf5;
extern const struct hr_export_ops *const hr_exports[]; /* ended by NULL */

#endif
