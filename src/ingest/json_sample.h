/* One JSON object into the columns of a block.
 *
 * A reader is made for a schema and then immutable: any number of threads may use it, each with its own scratch.  Keys may
 * come in any order (the schema's is the fastest).  Nested objects are flattened with dots: "globals.mean_speed" is the key
 * "mean_speed" of the object "globals", or a key spelt with the dot.  A key that is missing, unknown or there twice makes the
 * sample bad, and is named. */
#ifndef HR_JSON_SAMPLE_H
#define HR_JSON_SAMPLE_H

#include "block.h"
#include "json_text.h"

struct hr_json_reader;

/* `other_keys`: keys that the schema does not name are passed over. */
int hr_json_reader_create(const struct hr_schema *schema, bool other_keys, struct hr_json_reader **ret,
                          struct hr_error *err) HR_MUST_USE;
void hr_json_reader_destroy(struct hr_json_reader *r); /* accepts NULL */

struct hr_json_scratch {
    struct hr_buf word; /* a string with escapes */
    struct hr_buf path; /* the key of an error */
};
#define HR_JSON_SCRATCH_INIT ((struct hr_json_scratch){ HR_BUF_INIT((size_t)1 << 30), HR_BUF_INIT(4096) })
void hr_json_scratch_fini(struct hr_json_scratch *s);

/* Reads the object at p (the opening brace, or what stands in its place).  `number` is the sample's; the byte at p is at
 * `offset` in the file.
 * 1 = the sample is in the block, *ret_end is the byte behind it; 0 = it is recorded as bad, *ret_end is NULL when where it
 * ends is not known either; negative = memory is short. */
int hr_json_sample(const struct hr_json_reader *r, struct hr_json_scratch *s, const char *p, uint64_t number,
                   uint64_t offset, struct hr_block *b, const char **ret_end, struct hr_error *err) HR_MUST_USE;

#endif
