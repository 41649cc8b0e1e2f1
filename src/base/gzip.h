/* Whole gzip files in memory (zlib).  In a build without zlib both calls fail with HR_E_UNSUPPORTED.  (Large files are read piece by
 * piece: ingest/inflate.h.) */
#ifndef HR_GZIP_H
#define HR_GZIP_H

#include "buf.h"
#include "err.h"

bool hr_gzip_available(void);
bool hr_gzip_is(struct hr_str bytes); /* it begins as gzip does */
/* Appends what `packed` unpacks to; several members are taken as one.  The ceiling of `out` is what holds against an archive made to
 * unpack into anything: HR_E_LIMIT.  `path` is for sentences. */
int hr_gunzip(struct hr_str packed, const char *path, struct hr_buf *out, struct hr_error *err) HR_MUST_USE;
/* Appends one member, without name and time: the same bytes give the same file. */
int hr_gzip(struct hr_str plain, struct hr_buf *out, struct hr_error *err) HR_MUST_USE;

#endif
