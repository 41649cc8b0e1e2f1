/* Any bytes as a library with GPU code: never read outside of them, never run long. */
#include "fatbin.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int at(void *ctx, uint64_t from, void *p, size_t n, struct hr_error *err)
{
    (void)err;
    memcpy(p, (const uint8_t *)ctx + from, n);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hr_bytes_at from = { at, (void *)(uintptr_t)data, size };
    struct hr_fatbin f;
    if (hr_fatbin_read(&from, 512, &f, NULL) == 0 && (f.images.n > HR_IMAGES_MAX || (f.images.n != 0 && f.blocks == 0)))
        abort();
    return 0;
}
