/* One value of a sample pushed into a stream. */
#ifndef HRPY_VALUE_H
#define HRPY_VALUE_H

#include "hrpy.h"

/* Zero-initialised, then valid from get to drop. */
struct hrpy_value {
    Py_buffer buffer;
    bool held;       /* buffer is */
    PyObject *owned; /* an object made for the conversion */
    unsigned char scalar[8];
};

/* Points `out` at the object's bytes as rows of field f.  -1 with an exception that names the field; drop it then too. */
int hrpy_value_get(const struct hr_field *f, PyObject *v, struct hrpy_value *ret, struct hr_stream_value *out);
void hrpy_value_drop(struct hrpy_value *v);

#endif
