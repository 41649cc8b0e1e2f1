/* What a loader knows of its dataset, and what it measured. */
#include "pyloader.h"
#include "pyoptions.h"

PyObject *hrpy_loader_report(PyObject *obj, PyObject *arg)
{
    struct hrpy_loader *self = (struct hrpy_loader *)obj;
    int json = PyObject_IsTrue(arg);
    if (json < 0 || !hrpy_loader_enter(self))
        return NULL;
    PyObject *r = NULL;
    int room = 4096;
    for (char *buf = NULL;;) {
        char *more = PyMem_Realloc(buf, (size_t)room);
        if (more == NULL) {
            PyMem_Free(buf);
            PyErr_NoMemory();
            break;
        }
        buf = more;
        int n = hr_loader_report(self->l, json != 0, buf, (size_t)room);
        if (n < 0 || n < room) {
            if (n < 0)
                hrpy_fail(n, "the report could not be written");
            else
                r = PyUnicode_DecodeUTF8(buf, n, "replace");
            PyMem_Free(buf);
            break;
        }
        room = n + 256; /* it may have grown by a digit until the next call */
    }
    hrpy_loader_leave(self);
    return r;
}

PyObject *hrpy_loader_memory_curve(PyObject *obj, PyObject *args)
{
    struct hrpy_loader *self = (struct hrpy_loader *)obj;
    PyObject *path;
    if (!PyArg_ParseTuple(args, "O&:memory_curve", PyUnicode_FSConverter, &path))
        return NULL;
    if (!hrpy_loader_enter(self)) {
        Py_DECREF(path);
        return NULL;
    }
    struct hr_error err = HR_ERROR_INIT;
    int rc = hr_loader_write_curve(self->l, PyBytes_AsString(path), &err);
    hrpy_loader_leave(self);
    Py_DECREF(path);
    if (rc < 0)
        return hrpy_raise(&err);
    Py_RETURN_NONE;
}

PyObject *hrpy_loader_fields(PyObject *obj, PyObject *unused)
{
    (void)unused;
    struct hrpy_loader *self = (struct hrpy_loader *)obj;
    if (!hrpy_loader_enter(self))
        return NULL;
    PyObject *list = PyList_New(0);
    int n = hr_loader_fields(self->l);
    for (int i = 0; list != NULL && i < n; i++) {
        PyObject *d = hrpy_field_dict(hr_loader_field(self->l, i));
        if (d == NULL || PyList_Append(list, d) < 0)
            Py_CLEAR(list);
        Py_XDECREF(d);
    }
    hrpy_loader_leave(self);
    return list;
}

PyObject *hrpy_loader_statistics(PyObject *obj, PyObject *unused)
{
    (void)unused;
    struct hrpy_loader *self = (struct hrpy_loader *)obj;
    if (!hrpy_loader_enter(self))
        return NULL;
    const char *text = hr_loader_statistics(self->l);
    PyObject *r = text != NULL ? PyUnicode_FromString(text) : NULL;
    hrpy_loader_leave(self);
    if (text == NULL)
        Py_RETURN_NONE;
    return r;
}

static PyObject *count_of(PyObject *obj, uint64_t (*count)(const hr_loader *))
{
    struct hrpy_loader *self = (struct hrpy_loader *)obj;
    if (!hrpy_loader_enter(self))
        return NULL;
    uint64_t n = count(self->l);
    hrpy_loader_leave(self);
    return PyLong_FromUnsignedLongLong(n);
}

PyObject *hrpy_loader_get_steps(PyObject *obj, void *unused)
{
    (void)unused;
    return count_of(obj, hr_loader_steps);
}

PyObject *hrpy_loader_get_samples(PyObject *obj, void *unused)
{
    (void)unused;
    return count_of(obj, hr_loader_samples);
}

Py_ssize_t hrpy_loader_len(PyObject *obj)
{
    PyObject *n = hrpy_loader_get_steps(obj, NULL);
    Py_ssize_t r = n != NULL ? PyLong_AsSsize_t(n) : -1;
    Py_XDECREF(n);
    return r;
}
