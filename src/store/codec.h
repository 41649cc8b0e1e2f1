/* Compression of one buffer, as Arrow's BodyCompression (method BUFFER) asks: LZ4 frames or ZSTD frames.
 * A coder keeps the library's state, which is dear to make; one thread at a time. */
#ifndef HR_CODEC_H
#define HR_CODEC_H

#include "store.h"

const char *hr_codec_name(enum hr_codec c);               /* "none", "lz4", "zstd" */
int hr_codec_of(const char *name);                        /* -1 when it is no name of one */
bool hr_codec_available(enum hr_codec c);                 /* in this build */

struct hr_coder;
/* `level` 0 = the codec's default; it has no meaning for decoding.  HR_E_UNSUPPORTED when the build lacks the codec,
 * HR_E_INVALID for a level that it does not have. */
int hr_coder_create(enum hr_codec c, int level, struct hr_coder **ret, struct hr_error *err) HR_MUST_USE;
void hr_coder_destroy(struct hr_coder *k); /* accepts NULL */

/* The most bytes that n bytes can become. */
size_t hr_coder_bound(const struct hr_coder *k, size_t n);
/* *ret_n <= room bytes at `to`. */
int hr_coder_encode(struct hr_coder *k, const void *p, size_t n, void *to, size_t room, size_t *ret_n, struct hr_error *err) HR_MUST_USE;
/* Exactly `want` bytes at `to`, from exactly the n bytes at p, or HR_E_CORRUPT; trusts no byte. */
int hr_coder_decode(struct hr_coder *k, const void *p, size_t n, void *to, size_t want, struct hr_error *err) HR_MUST_USE;

/* Coders lent to the threads that view chunks of one store.  All functions are thread-safe. */
struct hr_coder_pool;
int hr_coder_pool_create(enum hr_codec c, struct hr_coder_pool **ret, struct hr_error *err) HR_MUST_USE;
void hr_coder_pool_destroy(struct hr_coder_pool *p); /* accepts NULL; every coder must be back */
int hr_coder_borrow(struct hr_coder_pool *p, struct hr_coder **ret, struct hr_error *err) HR_MUST_USE;
void hr_coder_return(struct hr_coder_pool *p, struct hr_coder *k);

#endif
