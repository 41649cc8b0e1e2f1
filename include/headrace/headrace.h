/* libheadrace: everything public.  Each header is its own manual. */
#ifndef HEADRACE_HEADRACE_H
#define HEADRACE_HEADRACE_H

#include "headrace/error.h"
#include "headrace/feed.h"
#include "headrace/pack.h"
#include "headrace/types.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

const char *hr_version(void);      /* "0.1.0" */
const char *hr_build_info(void);   /* "xxhash lz4 zstd zlib hdf5 expat; off: ..." Static storage. */

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
