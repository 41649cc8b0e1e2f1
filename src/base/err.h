/* Building the one sentence of an error (headrace/error.h has the contract). */
#ifndef HR_ERR_H
#define HR_ERR_H

#include "attr.h"
#include "headrace/error.h"

/* Sets *err (may be NULL) and returns `code`, so that a caller writes `return hr_fail(err, HR_E_IO, ...)`. */
int hr_fail(struct hr_error *err, int code, const char *fmt, ...) HR_PRINTF(3, 4);

/* As hr_fail, with ": " and the text of errno value `en` appended; returns HR_E_NOMEM for ENOMEM, HR_E_NOT_FOUND
 * for ENOENT, HR_E_EXISTS for EEXIST, else HR_E_IO. */
int hr_fail_errno(struct hr_error *err, int en, const char *fmt, ...) HR_PRINTF(3, 4);

/* Out of memory while getting `bytes` for `what`. */
int hr_fail_nomem(struct hr_error *err, size_t bytes, const char *what);

/* Puts "<prefix>: " before the sentence already in *err (which may be NULL). Keeps the code and returns it. */
int hr_fail_prefix(struct hr_error *err, int code, const char *fmt, ...) HR_PRINTF(3, 4);

#endif
