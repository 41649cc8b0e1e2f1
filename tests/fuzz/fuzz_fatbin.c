/* Any bytes as a library with GPU code: never read outside of them, never run long. */
#include "elf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
    const uint8_t *p;
    size_t n;
};

static int at(void *ctx, uint64_t from, void *p, size_t n, struct hr_error *err)
{
    const struct bytes *b = ctx;
    (void)err;
    if (from > b->n || n > b->n - from)
        abort();
    memcpy(p, b->p + from, n);
    return 0;
}

static void count(void *ctx, const struct hr_fatbin_block *b)
{
    ++*(uint64_t *)ctx;
    if (b->size < 16 || b->images.n > HR_IMAGES_MAX)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = { data, size };
    struct hr_bytes_at from = { at, &b, size };
    struct hr_fatbin f;
    struct hr_elf e;
    uint64_t blocks = 0;
    if (hr_elf_read(&from, &e, NULL) < 0 || (e.state == HR_ELF_CUT) != (e.why[0] != 0))
        abort();
    if (hr_fatbin_each(&from, 512, count, &blocks, &f, NULL) == 0 && blocks != f.blocks)
        abort();
    if (hr_fatbin_read(&from, 512, &f, NULL) == 0 && (f.images.n > HR_IMAGES_MAX || (f.images.n != 0 && f.blocks == 0)))
        abort();
    return 0;
}
