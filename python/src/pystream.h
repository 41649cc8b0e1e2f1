/* headrace._core.Stream. */
#ifndef HRPY_STREAM_H
#define HRPY_STREAM_H

#include "hrpy.h"

int hrpy_stream_init(PyObject *m);

#endif
