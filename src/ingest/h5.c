#include "h5.h"

#if HAVE_HDF5

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void hr_h5_lock(void)
{
    pthread_mutex_lock(&lock);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

void hr_h5_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

/* IEEE half precision is no predefined type: sign 1, exponent 5 (bias 15), mantissa 10, as h5py writes it. */
static hid_t half_type(void)
{
    hid_t t = H5Tcopy(H5T_NATIVE_FLOAT);
    if (t >= 0 && (H5Tset_fields(t, 15, 10, 5, 0, 10) < 0 || H5Tset_size(t, 2) < 0 || H5Tset_ebias(t, 15) < 0)) {
        H5Tclose(t);
        return -1;
    }
    return t;
}

/* h5py's bool: an enumeration over int8. */
static hid_t bool_type(void)
{
    int8_t no = 0, yes = 1;
    hid_t t = H5Tenum_create(H5T_NATIVE_INT8);
    if (t >= 0 && (H5Tenum_insert(t, "FALSE", &no) < 0 || H5Tenum_insert(t, "TRUE", &yes) < 0)) {
        H5Tclose(t);
        return -1;
    }
    return t;
}

hid_t hr_h5_type(enum hr_dtype t)
{
    switch (t) {
    case HR_BOOL:
        return bool_type();
    case HR_I8:
        return H5Tcopy(H5T_NATIVE_INT8);
    case HR_U8:
        return H5Tcopy(H5T_NATIVE_UINT8);
    case HR_I16:
        return H5Tcopy(H5T_NATIVE_INT16);
    case HR_U16:
        return H5Tcopy(H5T_NATIVE_UINT16);
    case HR_I32:
        return H5Tcopy(H5T_NATIVE_INT32);
    case HR_U32:
        return H5Tcopy(H5T_NATIVE_UINT32);
    case HR_I64:
        return H5Tcopy(H5T_NATIVE_INT64);
    case HR_U64:
        return H5Tcopy(H5T_NATIVE_UINT64);
    case HR_F16:
        return half_type();
    case HR_F32:
        return H5Tcopy(H5T_NATIVE_FLOAT);
    case HR_F64:
        return H5Tcopy(H5T_NATIVE_DOUBLE);
    default:
        return -1;
    }
}

#endif
