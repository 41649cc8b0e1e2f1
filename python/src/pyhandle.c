/* The lock of a loader's handle, and where its batches go. */
#include "pyhandle.h"

bool hrpy_loader_enter(struct hrpy_loader *self)
{
    if (self->lock == NULL) {
        hrpy_fail(HR_E_STATE, "this Loader was never opened: its __init__ did not run");
        return false;
    }
    if (self->forks == hrpy_fork_generation())
        hrpy_lock(self->lock);
    if (self->l != NULL)
        return true;
    if (self->forks == hrpy_fork_generation())
        hrpy_unlock(self->lock);
    hrpy_fail(HR_E_STATE, "this Loader is closed: open a new one");
    return false;
}

void hrpy_loader_leave(struct hrpy_loader *self)
{
    if (self->forks == hrpy_fork_generation())
        hrpy_unlock(self->lock);
}

PyObject *hrpy_loader_placed(const struct hrpy_loader *self, PyObject *batch)
{
    if (batch == NULL || self->place == NULL)
        return batch;
    PyObject *moved = PyObject_CallFunctionObjArgs(self->place, batch, NULL);
    Py_DECREF(batch);
    return moved;
}
