/* The library's codes as exception classes: headrace.Error, and one subclass per code that is also the built-in exception
 * a Python user would catch. */
#include "hrpy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct row {
    int code;
    const char *name, *doc;
    PyObject **builtin; /* a second base, or NULL */
};

static const struct row rows[] = {
    { HR_E_NOMEM, "OutOfMemoryError", "Memory could not be had from the system.", &PyExc_MemoryError },
    { HR_E_IO, "IOFailedError", "A read or a write failed.", &PyExc_OSError },
    { HR_E_NOT_FOUND, "NotFoundError", "A file, field or key is not there.", &PyExc_FileNotFoundError },
    { HR_E_EXISTS, "ExistsError", "Something of that name is there already.", &PyExc_FileExistsError },
    { HR_E_INVALID, "InvalidError", "An argument cannot be right.", &PyExc_ValueError },
    { HR_E_FORMAT, "FormatError", "Input is malformed; the sentence names the place.", &PyExc_ValueError },
    { HR_E_CORRUPT, "CorruptError", "Stored data is damaged; the sentence names file, chunk and samples.", NULL },
    { HR_E_LIMIT, "LimitError", "A fixed limit is passed.", NULL },
    { HR_E_BUDGET, "MemoryBudgetError",
      "The memory budget does not suffice, or every batch slot is held by the caller.", &PyExc_MemoryError },
    { HR_E_UNSUPPORTED, "UnsupportedError", "This build or machine cannot do it.", &PyExc_NotImplementedError },
    { HR_E_STATE, "StateError", "Called in the wrong state: after close, after a fork, out of order.",
      &PyExc_RuntimeError },
    { HR_E_CANCELLED, "CancelledError", "Stopped on request, or the time allowed ran out.", NULL },
    { HR_E_BUG, "BugError", "A defect of headrace: please report it.", NULL },
    { HR_E_BAD_SAMPLE, "BadSampleError", "A sample cannot be used; the sentence names file, sample and key.",
      &PyExc_ValueError },
};

static PyObject *bases_of(PyObject *base, const struct row *r)
{
    if (r->builtin == NULL)
        return PyTuple_Pack(1, base);
    return PyTuple_Pack(2, base, *r->builtin);
}

static int add_class(PyObject *m, PyObject *base, const struct row *r)
{
    char full[64];
    snprintf(full, sizeof full, "headrace.%s", r->name);
    int rc = -1;
    PyObject *bases = bases_of(base, r), *cls = NULL;
    PyObject *dict = Py_BuildValue("{s:i,s:s}", "code", r->code, "code_name", hr_code_name(r->code));
    if (bases == NULL || dict == NULL)
        goto out;
    cls = PyErr_NewExceptionWithDoc(full, r->doc, bases, dict);
    if (cls == NULL)
        goto out;
    rc = PyObject_SetAttrString(m, r->name, cls);
out:
    Py_XDECREF(bases);
    Py_XDECREF(dict);
    Py_XDECREF(cls);
    return rc;
}

int hrpy_errors_init(PyObject *m)
{
    PyObject *dict = Py_BuildValue("{s:i,s:s}", "code", 0, "code_name", "UNKNOWN");
    if (dict == NULL)
        return -1;
    PyObject *base =
        PyErr_NewExceptionWithDoc("headrace.Error",
                                  "The base of everything that headrace raises for a reason of its own.\n\n"
                                  "code is the number of include/headrace/error.h (negative), code_name its\n"
                                  "name (\"CORRUPT\"); the text is one sentence that says what happened and\n"
                                  "what to do.",
                                  NULL, dict);
    Py_DECREF(dict);
    if (base == NULL)
        return -1;
    int rc = PyObject_SetAttrString(m, "Error", base);
    for (size_t i = 0; rc == 0 && i < sizeof rows / sizeof rows[0]; i++)
        rc = add_class(m, base, &rows[i]);
    Py_DECREF(base);
    return rc;
}

static const char *class_of(int code)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == code)
            return rows[i].name;
    return "Error";
}

PyObject *hrpy_raise(const struct hr_error *err)
{
    PyObject *m = PyImport_ImportModule("headrace._core");
    if (m == NULL)
        return NULL;
    PyObject *cls = PyObject_GetAttrString(m, class_of(err->code));
    Py_DECREF(m);
    if (cls == NULL)
        return NULL;
    /* A path in the sentence may be any bytes. */
    const char *text = err->text[0] != '\0' ? err->text : hr_code_text(err->code);
    PyObject *s = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "backslashreplace");
    if (s != NULL)
        PyErr_SetObject(cls, s);
    Py_XDECREF(s);
    Py_DECREF(cls);
    return NULL;
}

PyObject *hrpy_fail(int code, const char *fmt, ...)
{
    struct hr_error err = HR_ERROR_INIT;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err.text, sizeof err.text, fmt, ap);
    va_end(ap);
    err.code = code;
    return hrpy_raise(&err);
}
