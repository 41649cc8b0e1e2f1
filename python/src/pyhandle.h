/* The handle under headrace.Loader, for the files that give it methods. */
#ifndef HRPY_HANDLE_H
#define HRPY_HANDLE_H

#include "pybatch.h"

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

#endif
