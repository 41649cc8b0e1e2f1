/* Plain Python values as the library's options (pyoptions.c) and fields (pyfield.c), and back. */
#ifndef HRPY_OPTIONS_H
#define HRPY_OPTIONS_H

#include "hrpy.h"

struct hrpy_options {
    struct hr_loader_options o;
    struct hr_transform *transforms;
    const char **fields;
    double *weights;
    PyObject *keep; /* a list that owns every string pointed to above */
};
/* From a dict of plain values (headrace/_options.py has made them plain). */
int hrpy_options_parse(PyObject *dict, struct hrpy_options *ret);
void hrpy_options_fini(struct hrpy_options *o);

PyObject *hrpy_field_dict(const struct hr_field *f);
/* From a dict as hrpy_field_dict makes it. */
int hrpy_field_parse(PyObject *dict, struct hr_field *ret);

#endif
