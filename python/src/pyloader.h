/* headrace._core.Loader: its type (pyloader.c: life and loops), and the methods that pyloader.c puts into its table: where it
 * stands and any other place (pyplace.c), what it knows and measured (pyfacts.c). */
#ifndef HRPY_LOADER_H
#define HRPY_LOADER_H

#include "pyhandle.h"

int hrpy_loader_init(PyObject *m);

/* Methods: their manual is the table in pyloader.c. */
PyObject *hrpy_loader_state_dict(PyObject *obj, PyObject *unused);
PyObject *hrpy_loader_load_state_dict(PyObject *obj, PyObject *d);
PyObject *hrpy_loader_set_epoch(PyObject *obj, PyObject *arg);
PyObject *hrpy_loader_batch_at(PyObject *obj, PyObject *args, PyObject *kwargs);
PyObject *hrpy_loader_order_at(PyObject *obj, PyObject *args, PyObject *kwargs);
PyObject *hrpy_loader_report(PyObject *obj, PyObject *json);
PyObject *hrpy_loader_memory_curve(PyObject *obj, PyObject *args);
PyObject *hrpy_loader_fields(PyObject *obj, PyObject *unused);
PyObject *hrpy_loader_statistics(PyObject *obj, PyObject *unused);
PyObject *hrpy_loader_get_steps(PyObject *obj, void *unused);
PyObject *hrpy_loader_get_samples(PyObject *obj, void *unused);
Py_ssize_t hrpy_loader_len(PyObject *obj);

#endif
