/* What the HDF5 source and the HDF5 exporter share.  libhdf5 as distributions build it is not thread-safe, so every call
 * of it stands between hr_h5_lock and hr_h5_unlock; one lock serves the process. */
#ifndef HR_H5_H
#define HR_H5_H

#if HAVE_HDF5

#include "headrace/types.h"

#include <hdf5.h>

/* Also keeps libhdf5 from printing its own error stack. */
void hr_h5_lock(void);
void hr_h5_unlock(void);
/* The type of elements in memory; to be closed with H5Tclose.  Negative for STR and BYTES. */
hid_t hr_h5_type(enum hr_dtype t);

#endif
#endif
