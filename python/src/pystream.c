/* headrace._core.Stream: samples pushed from any thread, handed out in batches, with back-pressure.
 *
 * S1: the handle is freed only when no thread is inside a call: `users` counts them under the GIL, close marks, and the
 * last one out frees.  S2: waits are cut into slices, so that Ctrl-C and close are seen. */
#include "pybatch.h"
#include "pyoptions.h"
#include "pystream.h"
#include "pyvalue.h"

#include <string.h>

struct stream {
    PyObject_HEAD hr_stream *s;
    PyThread_type_lock lock; /* of next: one consumer at a time */
    int users;
    bool closing;
    struct hrpy_framework *fw;
    struct hrpy_keys keys;
    int n;
    struct hr_field *field;
    PyObject **name;
    unsigned forks;
};

static PyTypeObject *stream_type;
static const uint64_t slice = 50000000; /* ns */

static bool enter(struct stream *self)
{
    if (self->s == NULL || self->closing) {
        hrpy_fail(HR_E_STATE, "this Stream is closed: open a new one");
        return false;
    }
    if (self->forks != hrpy_fork_generation()) {
        hrpy_fail(HR_E_STATE, "a Stream does not survive fork(): open a new one in the child process");
        return false;
    }
    self->users++;
    return true;
}

static void leave(struct stream *self)
{
    if (--self->users > 0 || !self->closing || self->s == NULL)
        return;
    hr_stream *s = self->s;
    self->s = NULL;
    hr_stream_close(s);
}

/* --- push --- */

static int push_values(struct stream *self, const struct hr_stream_value *out, uint64_t timeout, struct hr_error *err)
{
    int rc = hr_stream_push(self->s, out, 0, err); /* room at once: no need to let the GIL go */
    while (rc == HR_E_CANCELLED && !self->closing && timeout > 0) {
        uint64_t part = timeout < slice ? timeout : slice;
        Py_BEGIN_ALLOW_THREADS rc = hr_stream_push(self->s, out, part, err);
        Py_END_ALLOW_THREADS if (timeout != UINT64_MAX) timeout -= part;
        if (PyErr_CheckSignals() < 0)
            return 1;
    }
    return rc;
}

static int timeout_of(PyObject *v, uint64_t *ret)
{
    *ret = UINT64_MAX;
    if (v == NULL || v == Py_None)
        return 0;
    double s = PyFloat_AsDouble(v);
    if (s == -1.0 && PyErr_Occurred())
        return -1;
    *ret = s <= 0 ? 0 : s >= 1e9 ? UINT64_MAX : (uint64_t)(s * 1e9);
    return 0;
}

static int get_values(struct stream *self, PyObject *sample, struct hrpy_value *values, struct hr_stream_value *out)
{
    for (int i = 0; i < self->n; i++) {
        PyObject *v = PyObject_GetItem(sample, self->name[i]);
        if (v == NULL)
            return -1;
        int rc = hrpy_value_get(&self->field[i], v, &values[i], &out[i]);
        Py_DECREF(v); /* its buffer holds it */
        if (rc < 0)
            return -1;
    }
    return 0;
}

static PyObject *stream_push(PyObject *obj, PyObject *args, PyObject *kwargs)
{
    struct stream *self = (struct stream *)obj;
    static char *names[] = { "sample", "timeout", NULL };
    PyObject *sample, *limit = NULL;
    uint64_t timeout;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:push", names, &sample, &limit) ||
        timeout_of(limit, &timeout) < 0)
        return NULL;
    struct hrpy_value *values = PyMem_Calloc((size_t)self->n + 1, sizeof *values);
    struct hr_stream_value *out = PyMem_Calloc((size_t)self->n + 1, sizeof *out);
    struct hr_error err = HR_ERROR_INIT;
    int rc = 1;
    if (values == NULL || out == NULL) {
        PyErr_NoMemory();
    } else if (get_values(self, sample, values, out) == 0 && enter(self)) {
        rc = push_values(self, out, timeout, &err);
        leave(self);
    }
    for (int i = 0; values != NULL && i < self->n; i++)
        hrpy_value_drop(&values[i]);
    PyMem_Free(values);
    PyMem_Free(out);
    if (rc < 0)
        return hrpy_raise(&err);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

/* --- batches --- */

static int next_of(struct stream *self, hr_batch **ret, struct hr_error *err)
{
    int rc = hr_stream_next(self->s, 0, ret, err);
    while (rc == HR_E_CANCELLED && !self->closing) {
        Py_BEGIN_ALLOW_THREADS rc = hr_stream_next(self->s, slice, ret, err);
        Py_END_ALLOW_THREADS if (rc == HR_E_CANCELLED && PyErr_CheckSignals() < 0) return HR_E_CANCELLED;
    }
    return rc;
}

static PyObject *stream_next(PyObject *obj)
{
    struct stream *self = (struct stream *)obj;
    if (!enter(self))
        return NULL;
    struct hr_error err = HR_ERROR_INIT;
    hr_batch *b = NULL;
    hrpy_lock(self->lock);
    int rc = next_of(self, &b, &err);
    PyObject *batch = rc == 1 ? hrpy_batch_new(b, self->fw, &self->keys) : NULL;
    hrpy_unlock(self->lock);
    leave(self);
    if (rc < 0 && !PyErr_Occurred())
        return hrpy_raise(&err);
    return batch;
}

/* --- life --- */

static PyObject *stream_end(PyObject *obj, PyObject *unused)
{
    (void)unused;
    struct stream *self = (struct stream *)obj;
    if (!enter(self))
        return NULL;
    hr_stream_end(self->s);
    leave(self);
    Py_RETURN_NONE;
}

static PyObject *stream_close(PyObject *obj, PyObject *unused)
{
    (void)unused;
    struct stream *self = (struct stream *)obj;
    if (self->s == NULL || self->closing)
        Py_RETURN_NONE;
    if (!enter(self))
        return NULL;
    hr_stream_end(self->s);
    self->closing = true;
    leave(self);
    Py_RETURN_NONE;
}

static int parse_fields(struct stream *self, PyObject *list)
{
    Py_ssize_t n = PyList_Size(list);
    if (n < 0 || n > HR_FIELDS_MAX) {
        if (n > 0)
            PyErr_Format(PyExc_ValueError, "a stream has at most %d fields", HR_FIELDS_MAX);
        return -1;
    }
    self->field = PyMem_Calloc((size_t)n + 1, sizeof *self->field);
    self->name = PyMem_Calloc((size_t)n + 1, sizeof *self->name);
    if (self->field == NULL || self->name == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        if (hrpy_field_parse(PyList_GetItem(list, i), &self->field[i]) < 0)
            return -1;
        self->name[i] = PyUnicode_InternFromString(self->field[i].name);
        if (self->name[i] == NULL)
            return -1;
        self->n++;
    }
    return 0;
}

static int open_stream(struct stream *self, unsigned long long capacity, PyObject *options)
{
    struct hrpy_options o;
    if (hrpy_options_parse(options, &o) < 0)
        return -1;
    struct hr_error err = HR_ERROR_INIT;
    int rc = hr_stream_open(self->field, self->n, capacity, &o.o, &self->s, &err);
    hrpy_options_fini(&o);
    if (rc >= 0)
        return 0;
    self->s = NULL;
    hrpy_raise(&err);
    return -1;
}

static int stream_init(PyObject *obj, PyObject *args, PyObject *kwargs)
{
    struct stream *self = (struct stream *)obj;
    static char *names[] = { "fields", "capacity", "options", "framework", NULL };
    PyObject *fields, *options;
    unsigned long long capacity;
    const char *framework;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!KO!s:Stream", names, &PyList_Type, &fields, &capacity,
                                     &PyDict_Type, &options, &framework))
        return -1;
    if (self->lock != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "a Stream is opened once: make a new one");
        return -1;
    }
    self->fw = hrpy_framework_get(framework);
    if (self->fw == NULL)
        return -1;
    self->lock = PyThread_allocate_lock();
    if (self->lock == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    self->forks = hrpy_fork_generation();
    return parse_fields(self, fields) < 0 ? -1 : open_stream(self, capacity, options);
}

static void stream_dealloc(PyObject *obj)
{
    struct stream *self = (struct stream *)obj;
    PyTypeObject *type = Py_TYPE(obj);
    if (self->forks == hrpy_fork_generation())
        hr_stream_close(self->s);
    hrpy_keys_clear(&self->keys);
    for (int i = 0; i < self->n; i++)
        Py_CLEAR(self->name[i]);
    PyMem_Free(self->name);
    PyMem_Free(self->field);
    if (self->lock != NULL)
        PyThread_free_lock(self->lock);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(obj);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    { "push", (PyCFunction)(void (*)(void))stream_push, METH_VARARGS | METH_KEYWORDS,
      "push($self, /, sample, timeout=None)\n--\n\nOne sample: a mapping of field names to arrays in the field's dtype "
      "and shape, which\n"
      "are copied.  Waits while `capacity` samples wait: at most `timeout` seconds, for ever with None; then raises\n"
      "CancelledError.  Any number of threads may push." },
    { "end", stream_end, METH_NOARGS,
      "end($self, /)\n--\n\nNo more pushes: the loop over the stream gets what is left and stops." },
    { "close", stream_close, METH_NOARGS,
      "close($self, /)\n--\n\nEnds waits on both sides and gives the memory back." },
    { NULL, NULL, 0, NULL },
};

static PyType_Slot slots[] = {
    { Py_tp_init, stream_init },
    { Py_tp_dealloc, stream_dealloc },
    { Py_tp_iter, PyObject_SelfIter },
    { Py_tp_iternext, stream_next },
    { Py_tp_methods, methods },
    { Py_tp_doc, (void *)(uintptr_t) "The handle under headrace.Stream." },
    { 0, NULL },
};

static PyType_Spec spec = {
    .name = "headrace._core.Stream",
    .basicsize = sizeof(struct stream),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = slots,
};

int hrpy_stream_init(PyObject *m)
{
    stream_type = hrpy_type_new(m, &spec, NULL);
    return stream_type != NULL ? 0 : -1;
}
