/* One value of a pushed sample: from a Python object to rows of a field, without a copy where the object has a buffer. */
#include "pytensor.h"
#include "pyvalue.h"

#include <string.h>

/* What a PEP 3118 format character stores, in the letters of DLPack's codes; -1 for what no field can hold. */
static int code_of(const char *format)
{
    if (format == NULL)
        return DL_UINT;
    if (*format == '<' || *format == '=' || *format == '@')
        format++;
    if (format[0] == '\0' || format[1] != '\0')
        return -1;
    if (format[0] == '?')
        return DL_BOOL;
    if (strchr("bhilqn", format[0]) != NULL)
        return DL_INT;
    if (strchr("BHILQNc", format[0]) != NULL)
        return DL_UINT;
    return strchr("efd", format[0]) != NULL ? DL_FLOAT : -1;
}

static int code_wanted(enum hr_dtype t)
{
    int want = code_of(hrpy_dtype_format(t));
    return t > HR_F64 ? DL_UINT : want;
}

static int check_dtype(const struct hr_field *f, const Py_buffer *b)
{
    size_t size = f->dtype > HR_F64 ? 1 : hr_dtype_size(f->dtype);
    if (code_of(b->format) == code_wanted(f->dtype) && (size_t)b->itemsize == size)
        return 0;
    PyErr_Format(PyExc_TypeError,
                 "field \"%s\" is %s, the value pushed has elements of %zd bytes and format \"%s\": convert it",
                 f->name, hr_dtype_name(f->dtype), b->itemsize, b->format != NULL ? b->format : "B");
    return -1;
}

static int check_shape(const struct hr_field *f, const Py_buffer *b, uint64_t *ret_rows)
{
    bool same = b->ndim == f->ndim;
    *ret_rows = 1;
    for (int d = 0; same && d < f->ndim; d++) {
        if (f->shape[d] == HR_RAGGED)
            *ret_rows = (uint64_t)b->shape[d];
        else
            same = b->shape[d] == f->shape[d];
    }
    if (same)
        return 0;
    PyErr_Format(PyExc_ValueError,
                 "field \"%s\": the value pushed has %d dimensions of other sizes than the field's %d", f->name,
                 b->ndim, f->ndim);
    return -1;
}

static int from_buffer(const struct hr_field *f, PyObject *v, struct hrpy_value *ret, struct hr_stream_value *out)
{
    if (PyObject_GetBuffer(v, &ret->buffer, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0)
        return -1;
    ret->held = true;
    out->data = ret->buffer.buf;
    if (f->dtype > HR_F64) {
        out->rows = (uint64_t)ret->buffer.len;
        return 0;
    }
    return check_dtype(f, &ret->buffer) < 0 ? -1 : check_shape(f, &ret->buffer, &out->rows);
}

#define STORE(type, x)                       \
    do {                                     \
        type t_ = (type)(x);                 \
        memcpy(ret->scalar, &t_, sizeof t_); \
    } while (0)

static int from_int(const struct hr_field *f, long long n, struct hrpy_value *ret)
{
    size_t size = hr_dtype_size(f->dtype);
    bool without_sign = code_wanted(f->dtype) == DL_UINT;
    long long top = size == 8 ? INT64_MAX : (1LL << (8 * size - !without_sign)) - 1;
    long long low = without_sign ? 0 : -top - 1;
    if (n < low || n > top) {
        PyErr_Format(PyExc_OverflowError, "field \"%s\": %lld does not fit %s", f->name, n, hr_dtype_name(f->dtype));
        return -1;
    }
    memcpy(ret->scalar, &n, size); /* little-endian, as every machine that headrace builds for */
    return 0;
}

/* A Python number for a field without dimensions. */
static int from_number(const struct hr_field *f, PyObject *v, struct hrpy_value *ret, struct hr_stream_value *out)
{
    out->data = ret->scalar;
    out->rows = 1;
    if (f->dtype == HR_F32 || f->dtype == HR_F64) {
        double d = PyFloat_AsDouble(v);
        if (d == -1.0 && PyErr_Occurred())
            return -1;
        if (f->dtype == HR_F32)
            STORE(float, d);
        else
            STORE(double, d);
        return 0;
    }
    if (f->dtype == HR_F16) {
        PyErr_Format(PyExc_TypeError, "field \"%s\" is float16: push an array of that dtype", f->name);
        return -1;
    }
    if (f->dtype == HR_BOOL) {
        int yes = PyObject_IsTrue(v);
        ret->scalar[0] = (unsigned char)(yes > 0);
        return yes < 0 ? -1 : 0;
    }
    long long n = PyLong_AsLongLong(v);
    if (n == -1 && PyErr_Occurred())
        return -1;
    return from_int(f, n, ret);
}

int hrpy_value_get(const struct hr_field *f, PyObject *v, struct hrpy_value *ret, struct hr_stream_value *out)
{
    if (PyObject_CheckBuffer(v))
        return from_buffer(f, v, ret, out);
    if (f->dtype == HR_STR && PyUnicode_Check(v)) {
        ret->owned = PyUnicode_AsUTF8String(v);
        return ret->owned != NULL ? from_buffer(f, ret->owned, ret, out) : -1;
    }
    if (f->ndim == 0 && (PyFloat_Check(v) || PyLong_Check(v)))
        return from_number(f, v, ret, out);
    if (PyObject_HasAttrString(v, "numpy")) { /* torch */
        ret->owned = PyObject_CallMethod(v, "numpy", NULL);
        return ret->owned != NULL ? from_buffer(f, ret->owned, ret, out) : -1;
    }
    PyErr_Format(PyExc_TypeError,
                 "field \"%s\": push a numpy array, a torch tensor in main memory or another object with a "
                 "buffer, not %s",
                 f->name, "a list or the like");
    return -1;
}

void hrpy_value_drop(struct hrpy_value *v)
{
    if (v->held)
        PyBuffer_Release(&v->buffer);
    v->held = false;
    Py_CLEAR(v->owned);
}
