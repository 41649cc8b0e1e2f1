/* The statistics of a dataset: what statistics.json says, as a structure, and as its text.
 *
 * One entry per field of numbers and per feature (index in the last dimension; one feature for scalars, for fields whose
 * last dimension is ragged, and for fields with more than HR_STATS_FEATURES_MAX).  They are measured by
 * src/ingest/statistics.h; the feed takes the parameters of normalisation from here.
 *
 * All figures are of the values as packed, before --quantize.  The standard deviation is of the population (divided by
 * count, as NumPy's std).  Quantile q is the order statistic number ceil(q * count) (NumPy's "inverted_cdf") within a
 * relative error of 1/128 (0.79 %), and exact when it falls among equal values that stand alone in their class; the
 * bound does not hold below 1.2e-38 in float32 fields (subnormal numbers), where the error is at most 1e-40. */
#ifndef HR_STATS_H
#define HR_STATS_H

#include "buf.h"
#include "err.h"
#include "headrace/types.h"

enum { HR_STATS_FEATURES_MAX = 1024, HR_STATS_QUANTILES = 7 };
static const double hr_stats_quantile[HR_STATS_QUANTILES] = { 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99 };

struct hr_feature_stats {
    uint64_t count;    /* finite values; what follows is of these alone */
    uint64_t nan, inf; /* counted apart: not-a-number, and infinities of both signs */
    double min, max, mean, std;           /* NaN while count is 0: not known */
    double quantile[HR_STATS_QUANTILES];  /* likewise */
    /* Of 64-bit integer fields, where a double would round: the exact bounds.  `exact` tells that they are there. */
    bool exact;
    __int128 int_min, int_max;
};

struct hr_field_stats {
    char name[HR_NAME_MAX + 1];
    enum hr_dtype dtype;
    int features;                     /* 0 for STR and BYTES */
    struct hr_feature_stats *feature; /* owned */
    bool ragged;                      /* rows (bytes for STR and BYTES) differ from sample to sample: */
    struct hr_feature_stats rows;     /* per sample: min, mean, max, quantile[6] = p99, ... */
    /* What --quantize did to the values: the largest and the root-mean-square difference.  `quantized` tells that
     * they are there. */
    bool quantized;
    double quant_max, quant_rms;
};

struct hr_stats {
    uint64_t samples;
    int n;
    struct hr_field_stats *field; /* owned, in the schema's order */
};

void hr_stats_fini(struct hr_stats *s);
const struct hr_field_stats *hr_stats_find(const struct hr_stats *s, const char *name); /* NULL when it is not there */

/* Appends the text of statistics.json.  Numbers are written so that they read back to the same bits; what is not known is
 * null.  HR_E_LIMIT when the buffer's ceiling is passed. */
int hr_stats_json(const struct hr_stats *s, struct hr_buf *b, struct hr_error *err) HR_MUST_USE;

/* Reads such a text back, strictly; keys that it does not know are passed over, so that later versions may add some.
 * `name` is for the sentences: "traffic/statistics.json". */
int hr_stats_parse(struct hr_str text, const char *name, struct hr_stats *ret, struct hr_error *err) HR_MUST_USE;

#endif
