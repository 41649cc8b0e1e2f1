/* The head of a .npy file. */
#include "npy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hr_npy v;
    struct hr_error err = HR_ERROR_INIT;
    size_t need = hr_npy_need(data, size);
    if (hr_npy_parse(data, size, "fuzz", &v, &err) < 0)
        return 0;
    uint64_t n = v.item;
    for (int i = 0; i < v.ndim; i++)
        n *= v.shape[i];
    if (need > size || v.data != need || v.ndim > HR_NPY_NDIM_MAX || n != v.bytes || v.dtype == HR_DTYPE_NONE)
        abort();
    return 0;
}
