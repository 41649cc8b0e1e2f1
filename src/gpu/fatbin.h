/* The GPU code inside a library, read without loading it: the ELF section .nv_fatbin is a row of blocks, each with entries that
 * name an architecture and whether they are SASS or PTX.
 * Layout (what nvcc 13.0 writes, also seen in PyTorch's wheels):
 *   block   u32 0xBA55ED50, u16 version, u16 bytes of this header, u64 bytes of the entries that follow
 *   entry   u16 kind (1 PTX, 2 SASS), u16, u32 bytes of this header, u64 bytes of code, ..., u32 architecture at byte 28 */
#ifndef HR_FATBIN_H
#define HR_FATBIN_H

#include "arch.h"
#include "err.h"

/* Where bytes come from: fills p[0..n) from offset `at`; negative when they cannot be had. */
struct hr_bytes_at {
    int (*read)(void *ctx, uint64_t at, void *p, size_t n, struct hr_error *err);
    void *ctx;
    uint64_t size;
};

struct hr_fatbin {
    struct hr_images images;
    uint64_t blocks; /* read, at most `most` */
    bool all;        /* the whole section was read */
};

/* 0 and blocks 0: an ELF file without GPU code.  HR_E_FORMAT: no 64-bit little-endian ELF file, or its tables lead outside.  At most
 * `most` blocks are read, and nothing of the code itself. */
int hr_fatbin_read(const struct hr_bytes_at *from, uint64_t most, struct hr_fatbin *ret,
                   struct hr_error *err) HR_MUST_USE;

/* One block: the code of one source file, for each architecture that it was built for. */
struct hr_fatbin_block {
    uint64_t at, size; /* in the file, its header included: what cuModuleLoadData takes */
    struct hr_images images;
    bool links; /* it is a part that is linked again on the host before it can be loaded (nvcc -rdc=true) */
};
/* The same, and every block is told. */
int hr_fatbin_each(const struct hr_bytes_at *from, uint64_t most, void (*each)(void *ctx, const struct hr_fatbin_block *b),
                   void *ctx, struct hr_fatbin *ret, struct hr_error *err) HR_MUST_USE;

#endif
