/* The module headrace._core: types of the feed, and what they share. */
#include "hrpy.h"

#include <pthread.h>
#include <string.h>

static unsigned forks;

static void count_fork(void)
{
    forks++;
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

static int add_texts(PyObject *m)
{
    PyObject *version = PyUnicode_FromString(hr_version()), *info = PyUnicode_FromString(hr_build_info());
    int rc = -1;
    if (version != NULL && info != NULL)
        rc = PyObject_SetAttrString(m, "version", version) < 0 || PyObject_SetAttrString(m, "build_info", info) < 0 ? -1
                                                                                                                    : 0;
    Py_XDECREF(version);
    Py_XDECREF(info);
    return rc;
}

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "headrace._core",
    .m_doc = "The C side of headrace; use the package headrace.",
    .m_size = -1,
};

PyMODINIT_FUNC PyInit__core(void);

PyMODINIT_FUNC PyInit__core(void)
{
    PyObject *m = PyModule_Create(&definition);
    if (m == NULL)
        return NULL;
    if (hrpy_errors_init(m) == 0 && hrpy_tensor_init(m) == 0 && hrpy_batch_init(m) == 0 && hrpy_loader_init(m) == 0 &&
        hrpy_stream_init(m) == 0 && add_texts(m) == 0 && pthread_atfork(NULL, NULL, count_fork) == 0)
        return m;
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_ImportError, "headrace._core could not be set up");
    Py_DECREF(m);
    return NULL;
}
