/* What types with a handle share: a name in the module, a lock, and the number of forks since. */
#include "hrpy.h"

#include <pthread.h>
#include <string.h>

static unsigned forks;

static void count_fork(void)
{
    forks++;
}

int hrpy_fork_init(void)
{
    return pthread_atfork(NULL, NULL, count_fork);
}

unsigned hrpy_fork_generation(void)
{
    return forks;
}

void hrpy_lock(PyThread_type_lock lock)
{
    if (PyThread_acquire_lock(lock, NOWAIT_LOCK))
        return;
    Py_BEGIN_ALLOW_THREADS PyThread_acquire_lock(lock, WAIT_LOCK);
    Py_END_ALLOW_THREADS
}

void hrpy_unlock(PyThread_type_lock lock)
{
    PyThread_release_lock(lock);
}

PyTypeObject *hrpy_type_new(PyObject *m, PyType_Spec *spec, PyObject *bases)
{
    PyObject *type = PyType_FromSpecWithBases(spec, bases);
    if (type == NULL)
        return NULL;
    const char *dot = strrchr(spec->name, '.');
    if (PyObject_SetAttrString(m, dot != NULL ? dot + 1 : spec->name, type) < 0)
        Py_CLEAR(type);
    return (PyTypeObject *)type; /* one reference stays here: the types live as long as the process */
}
