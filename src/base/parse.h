/* Numbers, sizes and durations as people write them.  Each takes the whole view or fails; on failure *ret_v is
 * untouched and the sentence says what was expected. */
#ifndef HR_PARSE_H
#define HR_PARSE_H

#include "err.h"
#include "str.h"

int hr_parse_u64(struct hr_str s, uint64_t *ret_v, struct hr_error *err) HR_MUST_USE;
int hr_parse_i64(struct hr_str s, int64_t *ret_v, struct hr_error *err) HR_MUST_USE;
int hr_parse_f64(struct hr_str s, double *ret_v, struct hr_error *err) HR_MUST_USE;
int hr_parse_bool(struct hr_str s, bool *ret_v, struct hr_error *err) HR_MUST_USE;
/* "4096", "512K", "1.5GiB", "2 MB": K M G T are powers of 1024, with or without "i" and "B", any case. */
int hr_parse_size(struct hr_str s, uint64_t *ret_bytes, struct hr_error *err) HR_MUST_USE;
/* "250ms", "10s", "5m", "2h", "1d"; a bare number is seconds. */
int hr_parse_duration(struct hr_str s, uint64_t *ret_ns, struct hr_error *err) HR_MUST_USE;

#endif
