/* The directory of a ZIP archive: the input is the whole file. */
#include "mem.h"
#include "zip.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hr_zip_end end;
    size_t tail = size < HR_ZIP_TAIL_MAX ? size : HR_ZIP_TAIL_MAX;
    if (hr_zip_end(data + size - tail, tail, size, "fuzz", &end, NULL) < 0)
        return 0;
    if (end.zip64 != 0 && hr_zip_end64(data + end.zip64, size, "fuzz", &end, NULL) < 0)
        return 0;
    if (end.offset + end.bytes > size || end.members > 512)
        return 0;
    struct hr_zip_member *m = hr_calloc(end.members + 1, sizeof *m);
    if (m != NULL && hr_zip_members(data + end.offset, &end, "fuzz", m, end.members, NULL) == 0) {
        for (uint64_t i = 0; i < end.members; i++) {
            uint64_t at;
            if (m[i].header + 30 > size)
                abort();
            if (hr_zip_data(data + m[i].header, &m[i], &end, "fuzz", &at, NULL) == 0 && at + m[i].packed > size)
                abort();
        }
    }
    hr_free(m);
    return 0;
}
