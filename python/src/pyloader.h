/* The handle under headrace.Loader, for the files that give it methods: pyloader.c (life and loops), pyplace.c (where it stands
 * and any other place), pyfacts.c (what it knows and measured). */
#ifndef HRPY_LOADER_H
#define HRPY_LOADER_H

#include "hrpy.h"

struct hrpy_loader {
    PyObject_HEAD hr_loader *l; /* NULL before __init__ and after close */
    PyThread_type_lock lock;
    struct hrpy_framework *fw;
    struct hrpy_keys keys;
    PyObject *place;          /* called with every Batch, or NULL: moves it to a device */
    unsigned long long turn;  /* number of the newest iterator: older ones are refused */
    unsigned long long epoch; /* of the batch handed out last */
    bool midway;              /* an iterator has handed out batches of an epoch and has not seen its end */
    unsigned forks;           /* hrpy_fork_generation at the start */
    double cost;              /* decaying maximum of what one next takes, seconds */
    double waits;             /* decaying count of calls that took as long as a read does */
};

/* Takes the lock; false with an exception when the loader is closed.  A forked child takes no lock, which another thread of
 * the parent may have held: there the library itself refuses every call. */
bool hrpy_loader_enter(struct hrpy_loader *self);
void hrpy_loader_leave(struct hrpy_loader *self);
/* The batch, moved to the loader's device when it has one.  Takes the reference; NULL is handed through. */
PyObject *hrpy_loader_placed(const struct hrpy_loader *self, PyObject *batch);

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
