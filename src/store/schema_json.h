/* The schema as JSON text: what `--schema` takes, `headrace info --json` gives and manifest.json holds.
 *
 *   {"fields": [{"name": "x", "dtype": "float32", "shape": ["*", 9], "role": "node"}, ...]}
 *
 * shape   [] when left out; "*" (or -1) is the ragged dimension
 * role    "none" when left out
 * stored  the element type in the file; the dtype when left out
 * scale, offset   arrays of numbers, for floats stored as int8: value = stored * scale + offset
 * Unknown keys are refused, so that a misspelt one is not silently without effect. */
#ifndef HR_SCHEMA_JSON_H
#define HR_SCHEMA_JSON_H

#include "buf.h"
#include "json_small.h"
#include "json_write.h"
#include "schema.h"

/* Appends the text, without a line end.  HR_E_NOMEM when the buffer refuses. */
int hr_schema_to_json(const struct hr_schema *s, struct hr_buf *b, struct hr_error *err) HR_MUST_USE;
/* `name` stands for the text in the sentences ("--schema", a file's name).  The result has passed hr_schema_check. */
int hr_schema_from_json(struct hr_str text, const char *name, struct hr_schema *ret, struct hr_error *err) HR_MUST_USE;

/* The same inside a larger document. */
void hr_schema_write(const struct hr_schema *s, struct hr_jw *w);
int hr_schema_read(const struct hr_js *v, struct hr_schema *ret, struct hr_error *err) HR_MUST_USE;

/* One shape: ["*", 9]. */
void hr_shape_write(const struct hr_field *f, struct hr_jw *w);
int hr_shape_read(const struct hr_js *v, struct hr_field *ret, struct hr_error *err) HR_MUST_USE;
/* An array of n >= 1 finite numbers into fresh memory (hr_free). */
int hr_numbers_read(const struct hr_js *v, double **ret, int *ret_n, struct hr_error *err) HR_MUST_USE;
void hr_numbers_write(const double *v, int n, struct hr_jw *w);

#endif
