/* struct hr_field as a dict, both ways. */
#include "pyoptions.h"

#include <string.h>

static PyObject *shape_of(const struct hr_field *f)
{
    PyObject *shape = PyTuple_New(f->ndim);
    for (int d = 0; shape != NULL && d < f->ndim; d++) {
        PyObject *n = PyLong_FromLongLong(f->shape[d]);
        if (n == NULL || PyTuple_SetItem(shape, d, n) < 0)
            Py_CLEAR(shape);
    }
    return shape;
}

PyObject *hrpy_field_dict(const struct hr_field *f)
{
    PyObject *shape = shape_of(f);
    if (shape == NULL)
        return NULL;
    return Py_BuildValue("{s:s,s:s,s:s,s:s,s:N}", "name", f->name, "dtype", hr_dtype_name(f->dtype), "stored",
                         hr_dtype_name(f->stored), "role", hr_role_name(f->role), "shape", shape);
}

static const char *text_of(PyObject *dict, const char *key, PyObject **keep)
{
    PyObject *s = PyDict_GetItemString(dict, key);
    *keep = s != NULL ? PyUnicode_AsUTF8String(s) : NULL;
    if (s == NULL)
        PyErr_Format(PyExc_ValueError, "a field needs \"%s\"", key);
    return *keep != NULL ? PyBytes_AsString(*keep) : NULL;
}

static int parse_shape(PyObject *dict, struct hr_field *ret)
{
    PyObject *shape = PyDict_GetItemString(dict, "shape");
    if (shape == NULL)
        return 0;
    Py_ssize_t n = PySequence_Size(shape);
    if (n < 0)
        return -1;
    if (n > HR_NDIM_MAX) {
        PyErr_Format(PyExc_ValueError, "field \"%s\" has %zd dimensions: at most %d are possible", ret->name, n,
                     HR_NDIM_MAX);
        return -1;
    }
    ret->ndim = (int)n;
    for (Py_ssize_t d = 0; d < n; d++) {
        PyObject *v = PySequence_GetItem(shape, d);
        if (v == NULL)
            return -1;
        ret->shape[d] = PyLong_AsLongLong(v);
        Py_DECREF(v);
        if (PyErr_Occurred())
            return -1;
    }
    return 0;
}

static int parse_words(PyObject *dict, struct hr_field *ret)
{
    PyObject *keep = NULL;
    const char *s = text_of(dict, "dtype", &keep);
    ret->dtype = s != NULL ? hr_dtype_of(s) : HR_DTYPE_NONE;
    ret->stored = ret->dtype;
    if (s != NULL && ret->dtype == HR_DTYPE_NONE)
        PyErr_Format(PyExc_ValueError, "field \"%s\": there is no dtype \"%s\"", ret->name, s);
    Py_XDECREF(keep);
    if (ret->dtype == HR_DTYPE_NONE)
        return -1;
    s = text_of(dict, "role", &keep);
    int role = s != NULL ? hr_role_of(s) : -1;
    if (s != NULL && role < 0)
        PyErr_Format(PyExc_ValueError, "field \"%s\": there is no role \"%s\"", ret->name, s);
    Py_XDECREF(keep);
    ret->role = (enum hr_role)role;
    return role < 0 ? -1 : 0;
}

int hrpy_field_parse(PyObject *dict, struct hr_field *ret)
{
    memset(ret, 0, sizeof *ret);
    PyObject *keep = NULL;
    const char *name = text_of(dict, "name", &keep);
    if (name == NULL)
        return -1;
    size_t n = strlen(name);
    if (n > 0 && n <= HR_NAME_MAX)
        memcpy(ret->name, name, n + 1);
    else
        PyErr_Format(PyExc_ValueError, "a field's name has 1 to %d bytes", HR_NAME_MAX);
    Py_DECREF(keep);
    if (ret->name[0] == '\0')
        return -1;
    return parse_words(dict, ret) < 0 ? -1 : parse_shape(dict, ret);
}
