/* headrace.Batch: a dict of tensors. */
#ifndef HRPY_BATCH_H
#define HRPY_BATCH_H

#include "pytensor.h"

extern PyTypeObject *hrpy_batch_type;
int hrpy_batch_init(PyObject *m);

/* The names of the tensors of one loader as Python strings: made once, then compared by pointer. */
struct hrpy_keys {
    int n;
    const char **name;
    PyObject **key;
};
void hrpy_keys_clear(struct hrpy_keys *k);
/* A Batch over b; takes b over, also on failure. */
PyObject *hrpy_batch_new(hr_batch *b, struct hrpy_framework *fw, struct hrpy_keys *keys);

#endif
