/* What fields JSON samples have: looked at value by value, then turned into a schema.
 *
 * Numbers are int64 when none of them has a fraction or an exponent, else float32 (float64 when asked for, when a value is
 * beyond float32's range, and for scalars that name a time or exceed 2^20: a float32 of seconds since 1970 is minutes off).
 * A list whose length was the same in every sample is a fixed dimension, else a ragged one.  In a dataset with an edge_index,
 * the lists of nodes and edges are ragged even if those looked at were of one length. */
#ifndef HR_JSON_INFER_H
#define HR_JSON_INFER_H

#include "json_text.h"
#include "schema.h"

struct hr_json_infer;

int hr_json_infer_create(struct hr_json_infer **ret, struct hr_error *err) HR_MUST_USE;
void hr_json_infer_destroy(struct hr_json_infer *g); /* accepts NULL */
/* Takes the sample at p (an object) into account; a malformed one is left out and remembered.  Negative: memory is short. */
/* The file that the next samples are of, for sentences; `path` outlives the inference. */
void hr_json_infer_file(struct hr_json_infer *g, const char *path);
int hr_json_infer_add(struct hr_json_infer *g, const char *p, struct hr_error *err) HR_MUST_USE;
uint64_t hr_json_infer_count(const struct hr_json_infer *g); /* samples taken into account */
/* The schema, roles not yet guessed.  Fails when nothing was usable, or a field is of no kind that can be stored: the
 * sentence names the key. */
int hr_json_infer_schema(const struct hr_json_infer *g, bool float64, struct hr_schema *ret, struct hr_error *err) HR_MUST_USE;

#endif
