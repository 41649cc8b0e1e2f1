/* What has changed between two images of the same size (ring_image.h), in few bytes. */
#ifndef HR_IMAGE_DIFF_H
#define HR_IMAGE_DIFF_H

#include "buf.h"

/* The difference of two images of n bytes: pairs of LEB128 numbers, bytes that are equal and bytes that follow as the XOR of both,
 * until n is reached.  `base` NULL: all zeros.  False: `out` could not take it. */
bool hr_image_pack(const uint8_t *image, const uint8_t *base, size_t n, struct hr_buf *out);
/* The other way; *to becomes base with the difference in it (`to` may not be `base`).  False: the bytes are no such difference. */
bool hr_image_unpack(const uint8_t *p, size_t len, const uint8_t *base, size_t n, uint8_t *to);

#endif
