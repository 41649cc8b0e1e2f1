/* headrace.Tensor: one array of a batch for consumers of DLPack and of the buffer protocol, with no framework loaded. */
#include "pytensor.h"

#include <stdio.h>
#include <string.h>

PyTypeObject *hrpy_tensor_type;

struct tensor {
    PyObject_HEAD struct hrpy_view *v;               /* holds one reference to v->block */
    Py_ssize_t shape[HRPY_DIMS], strides[HRPY_DIMS]; /* strides in bytes */
};

const char *hrpy_dtype_format(enum hr_dtype t)
{
    static const char *const format[] = {
        [HR_BOOL] = "?", [HR_I8] = "b",  [HR_U8] = "B",  [HR_I16] = "h", [HR_U16] = "H", [HR_I32] = "i",
        [HR_U32] = "I",  [HR_I64] = "q", [HR_U64] = "Q", [HR_F16] = "e", [HR_F32] = "f", [HR_F64] = "d",
    };
    if (t <= HR_DTYPE_NONE || t > HR_F64)
        return "B";
    return format[t];
}

static size_t item_size(const struct hrpy_view *v)
{
    return v->dl.t.dtype.bits / 8u;
}

PyObject *hrpy_tensor_new(struct hrpy_view *v)
{
    struct tensor *t = PyObject_New(struct tensor, hrpy_tensor_type);
    if (t == NULL)
        return NULL;
    t->v = v;
    hrpy_block_retain(v->block);
    for (int d = 0; d < v->dl.t.ndim; d++) {
        t->shape[d] = (Py_ssize_t)v->shape[d];
        t->strides[d] = (Py_ssize_t)(v->strides[d] * (int64_t)item_size(v));
    }
    return (PyObject *)t;
}

static void tensor_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    hrpy_block_release(((struct tensor *)self)->v->block);
    PyObject_Free(self);
    Py_DECREF(type);
}

static Py_ssize_t tensor_count(const struct tensor *t)
{
    Py_ssize_t n = 1;
    for (int d = 0; d < t->v->dl.t.ndim; d++)
        n *= t->shape[d];
    return n;
}

static int tensor_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
    struct tensor *t = (struct tensor *)self;
    memset(view, 0, sizeof *view);
    Py_INCREF(self);
    view->obj = self;
    view->buf = t->v->dl.t.data;
    view->itemsize = (Py_ssize_t)item_size(t->v);
    view->len = tensor_count(t) * view->itemsize;
    view->ndim = t->v->dl.t.ndim;
    if (flags & PyBUF_FORMAT)
        view->format = (char *)(uintptr_t)hrpy_dtype_format(t->v->dtype);
    if (flags & PyBUF_ND)
        view->shape = t->shape;
    if ((flags & PyBUF_STRIDES) == PyBUF_STRIDES)
        view->strides = t->strides;
    return 0;
}

/* --- DLPack --- */

static void capsule_drop(PyObject *capsule)
{
    /* A consumer renames the capsule; one that still has its name was never taken. */
    if (PyCapsule_IsValid(capsule, "dltensor_versioned")) {
        struct dl_managed_versioned *m = PyCapsule_GetPointer(capsule, "dltensor_versioned");
        m->deleter(m);
    } else if (PyCapsule_IsValid(capsule, "dltensor")) {
        struct dl_managed *m = PyCapsule_GetPointer(capsule, "dltensor");
        m->deleter(m);
    }
}

PyObject *hrpy_capsule(struct hrpy_view *v, bool versioned)
{
    void *p = versioned ? (void *)&v->dl : (void *)hrpy_view_old(v);
    hrpy_block_retain(v->block);
    PyObject *c = PyCapsule_New(p, versioned ? "dltensor_versioned" : "dltensor", capsule_drop);
    if (c == NULL)
        hrpy_block_release(v->block);
    return c;
}

PyDoc_STRVAR(dlpack_doc, "__dlpack__($self, /, *, stream=None, max_version=None, dl_device=None, copy=None)\n--\n\n"
                         "A DLPack capsule over this memory, without a copy.  copy=True is refused.");

static PyObject *tensor_dlpack(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = { "stream", "max_version", "dl_device", "copy", NULL };
    PyObject *stream = NULL, *version = NULL, *device = NULL, *copy = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$OOOO:__dlpack__", names, &stream, &version, &device, &copy))
        return NULL;
    if (copy == Py_True) {
        PyErr_SetString(PyExc_BufferError,
                        "headrace.Tensor hands its memory out and never copies it: ask the consumer to"
                        " copy");
        return NULL;
    }
    if (device != NULL && device != Py_None) {
        int type = 0, id = 0;
        if (!PyTuple_Check(device) || !PyArg_ParseTuple(device, "ii", &type, &id))
            return NULL;
        if (type != DL_CPU) {
            PyErr_SetString(PyExc_BufferError, "the tensor lies in main memory; move it with the consumer's own means");
            return NULL;
        }
    }
    long major = 0;
    if (version != NULL && PyTuple_Check(version) && PyTuple_Size(version) > 0) {
        major = PyLong_AsLong(PyTuple_GetItem(version, 0));
        if (major == -1 && PyErr_Occurred())
            return NULL;
    }
    return hrpy_capsule(((struct tensor *)self)->v, major >= 1);
}

static PyObject *tensor_dlpack_device(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    return Py_BuildValue("(ii)", DL_CPU, 0);
}

/* --- what it is --- */

static PyObject *get_shape(PyObject *self, void *unused)
{
    (void)unused;
    struct tensor *t = (struct tensor *)self;
    int n = t->v->dl.t.ndim;
    PyObject *shape = PyTuple_New(n);
    for (int d = 0; shape != NULL && d < n; d++) {
        PyObject *i = PyLong_FromSsize_t(t->shape[d]);
        if (i == NULL || PyTuple_SetItem(shape, d, i) < 0)
            Py_CLEAR(shape);
    }
    return shape;
}

static PyObject *get_dtype(PyObject *self, void *unused)
{
    (void)unused;
    const struct hrpy_view *v = ((struct tensor *)self)->v;
    bool text = v->dtype == HR_STR || v->dtype == HR_BYTES;
    return PyUnicode_FromString(hr_dtype_name(text ? HR_U8 : v->dtype));
}

static PyObject *get_ndim(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(((struct tensor *)self)->v->dl.t.ndim);
}

static PyObject *get_nbytes(PyObject *self, void *unused)
{
    (void)unused;
    struct tensor *t = (struct tensor *)self;
    return PyLong_FromSsize_t(tensor_count(t) * (Py_ssize_t)item_size(t->v));
}

static Py_ssize_t tensor_len(PyObject *self)
{
    struct tensor *t = (struct tensor *)self;
    if (t->v->dl.t.ndim > 0)
        return t->shape[0];
    PyErr_SetString(PyExc_TypeError, "a headrace.Tensor without dimensions has no length");
    return -1;
}

static PyObject *tensor_repr(PyObject *self)
{
    PyObject *shape = get_shape(self, NULL), *dtype = get_dtype(self, NULL), *r = NULL;
    if (shape != NULL && dtype != NULL)
        r = PyUnicode_FromFormat("headrace.Tensor(shape=%S, dtype=%S)", shape, dtype);
    Py_XDECREF(shape);
    Py_XDECREF(dtype);
    return r;
}

static PyMethodDef methods[] = {
    { "__dlpack__", (PyCFunction)(void (*)(void))tensor_dlpack, METH_VARARGS | METH_KEYWORDS, dlpack_doc },
    { "__dlpack_device__", tensor_dlpack_device, METH_NOARGS,
      "__dlpack_device__($self, /)\n--\n\n(1, 0): main memory." },
    { NULL, NULL, 0, NULL },
};

static PyGetSetDef getset[] = {
    { "shape", get_shape, NULL, "Sizes of the dimensions, a tuple of int.", NULL },
    { "dtype", get_dtype, NULL, "Name of the element type: \"float32\".", NULL },
    { "ndim", get_ndim, NULL, "Number of dimensions.", NULL },
    { "nbytes", get_nbytes, NULL, "Size in bytes.", NULL },
    { NULL, NULL, NULL, NULL, NULL },
};

PyDoc_STRVAR(
    tensor_doc,
    "One array of a batch: C order, 64-byte aligned, in main memory.\n\n"
    "Supports the buffer protocol (memoryview, numpy.asarray) and DLPack (torch.from_dlpack,\n"
    "numpy.from_dlpack, jax.dlpack.from_dlpack), without a copy.  The memory goes back to the loader when the\n"
    "last object that looks at it dies.");

static PyType_Slot slots[] = {
    { Py_tp_dealloc, tensor_dealloc },
    { Py_tp_repr, tensor_repr },
    { Py_tp_methods, methods },
    { Py_tp_getset, getset },
    { Py_tp_doc, (void *)(uintptr_t)tensor_doc },
    { Py_sq_length, tensor_len },
    { Py_bf_getbuffer, tensor_getbuffer },
    { 0, NULL },
};

static PyType_Spec spec = {
    .name = "headrace.Tensor",
    .basicsize = sizeof(struct tensor),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

int hrpy_tensor_init(PyObject *m)
{
    hrpy_tensor_type = hrpy_type_new(m, &spec, NULL);
    return hrpy_tensor_type != NULL ? 0 : -1;
}
