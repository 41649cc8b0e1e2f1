/* A sample as one line of JSON, as the JSON source reads it back: {"x": [[...], ...], "edge_index": [[...], [...]], ...}.
 *
 * Floats are written with the fewest digits that read back to the same value; NaN and infinities, which JSON does not
 * have, become null.  STR is a string; BYTES, which JSON has not either, a string in base64 (RFC 4648). */
#ifndef HR_SAMPLE_JSON_H
#define HR_SAMPLE_JSON_H

#include "buf.h"
#include "schema.h"

/* Appends the line with its end; columns must hold the dtypes themselves (decode.h).  False when the buffer refused. */
bool hr_sample_json(const struct hr_schema *s, const struct hr_layout *layout, const struct hr_chunk *c, uint32_t i,
                    struct hr_buf *to);

#endif
