/* Any bytes as a dataset file: opened, every chunk viewed with and without looking at all offsets, every value touched,
 * then verified.  The footer's checksum is made to fit first, else nothing behind it would be reached. */
#include "graph_check.h"
#include "mem.h"
#include "store.h"
#include "store_repair.h"
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { INPUT_MAX = 1 << 20, SCRATCH_MAX = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(const struct hr_store *s, const struct hr_chunk *chunk)
{
    uint64_t sum = 0;
    for (int f = 0; f < s->schema.n; f++)
        for (uint64_t k = 0; k < chunk->col[f].bytes; k++)
            sum += chunk->col[f].values[k];
    __asm__ volatile("" : : "r"(sum)); /* the reads must not be left out */
}

static void view_all(const struct hr_store *s, uint8_t *scratch, struct hr_column *col)
{
    for (uint32_t c = 0; c < s->chunks; c++) {
        struct hr_chunk chunk = { 0, col };
        uint32_t at = 0;
        if (hr_store_view(s, c, hr_store_block(s, c), scratch, false, &chunk, NULL) == 0)
            touch(s, &chunk);
        if (hr_store_view(s, c, hr_store_block(s, c), scratch, true, &chunk, NULL) == 0 &&
            hr_graph_check(&s->schema, s->layout, &chunk, &at, NULL) < 0 && at >= chunk.n)
            abort();
        if (hr_store_chunk_of(s, s->chunk[c].first) != c)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    static char path[64];
    static uint8_t *copy;
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        copy = malloc(INPUT_MAX);
    }
    if (fd < 0 || copy == NULL)
        abort();
    if (size > INPUT_MAX)
        return 0;
    memcpy(copy, data, size);
    store_repair(copy, size);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, copy, size, 0) != (ssize_t)size)
        abort();
    struct hr_store *s = NULL;
    if (hr_store_open(path, &s, NULL) < 0)
        return 0;
    if (hr_store_scratch(s) <= SCRATCH_MAX) {
        uint8_t *scratch = hr_aligned(64, SCRATCH_MAX);
        struct hr_column *col = hr_calloc((size_t)s->schema.n, sizeof *col);
        struct hr_verify_options o = { .jobs = 1 };
        struct hr_verify_result res;
        view_all(s, scratch, col);
        (void)!hr_verify(path, &o, NULL, NULL, &res, NULL);
        hr_free(scratch);
        hr_free(col);
    }
    hr_store_close(s);
    return 0;
}
