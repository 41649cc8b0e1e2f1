/* Where a loader stands, going elsewhere, and any other batch. */
#include "pyloader.h"

#include <string.h>

#define STATE_FIELDS(X) X(format) X(flags) X(dataset) X(seed) X(epoch) X(position) X(window)

PyObject *hrpy_loader_state_dict(PyObject *obj, PyObject *unused)
{
    (void)unused;
    struct hrpy_loader *self = (struct hrpy_loader *)obj;
    if (!hrpy_loader_enter(self))
        return NULL;
    struct hr_state s;
    hr_loader_state(self->l, &s);
    hrpy_loader_leave(self);
    PyObject *d = PyDict_New();
#define PUT(name)                                                              \
    do {                                                                       \
        PyObject *v = d != NULL ? PyLong_FromUnsignedLongLong(s.name) : NULL;  \
        if (d != NULL && (v == NULL || PyDict_SetItemString(d, #name, v) < 0)) \
            Py_CLEAR(d);                                                       \
        Py_XDECREF(v);                                                         \
    } while (0);
    STATE_FIELDS(PUT)
#undef PUT
    return d;
}

static int state_get(PyObject *d, const char *name, uint64_t max, uint64_t *ret)
{
    PyObject *v = PyDict_GetItemString(d, name);
    if (v == NULL) {
        hrpy_fail(HR_E_INVALID, "the state has no \"%s\": give what state_dict() returned", name);
        return -1;
    }
    unsigned long long n = PyLong_AsUnsignedLongLong(v);
    if (n == (unsigned long long)-1 && PyErr_Occurred())
        return -1;
    if (n > max) {
        hrpy_fail(HR_E_INVALID, "the state's \"%s\" is %llu: no state has that", name, n);
        return -1;
    }
    *ret = n;
    return 0;
}

PyObject *hrpy_loader_load_state_dict(PyObject *obj, PyObject *d)
{
    struct hrpy_loader *self = (struct hrpy_loader *)obj;
    if (!PyDict_Check(d)) {
        PyErr_SetString(PyExc_TypeError, "load_state_dict takes the dict that state_dict() returned");
        return NULL;
    }
    struct hr_state s;
    memset(&s, 0, sizeof s);
#define GET(name)                                                                      \
    do {                                                                               \
        uint64_t v;                                                                    \
        if (state_get(d, #name, sizeof s.name == 4 ? UINT32_MAX : UINT64_MAX, &v) < 0) \
            return NULL;                                                               \
        s.name = (__typeof__(s.name))v;                                                \
    } while (0);
    STATE_FIELDS(GET)
#undef GET
    if (!hrpy_loader_enter(self))
        return NULL;
    struct hr_error err = HR_ERROR_INIT;
    int rc = hr_loader_seek(self->l, &s, &err);
    if (rc >= 0)
        self->midway = false;
    hrpy_loader_leave(self);
    if (rc < 0)
        return hrpy_raise(&err);
    Py_RETURN_NONE;
}

PyObject *hrpy_loader_set_epoch(PyObject *obj, PyObject *arg)
{
    struct hrpy_loader *self = (struct hrpy_loader *)obj;
    unsigned long long epoch = PyLong_AsUnsignedLongLong(arg);
    if (epoch == (unsigned long long)-1 && PyErr_Occurred())
        return NULL;
    if (!hrpy_loader_enter(self))
        return NULL;
    struct hr_error err = HR_ERROR_INIT;
    int rc = hr_loader_set_epoch(self->l, epoch, &err);
    if (rc >= 0)
        self->midway = false;
    hrpy_loader_leave(self);
    if (rc < 0)
        return hrpy_raise(&err);
    Py_RETURN_NONE;
}

/* --- any batch, any order --- */

PyObject *hrpy_loader_batch_at(PyObject *obj, PyObject *args, PyObject *kwargs)
{
    struct hrpy_loader *self = (struct hrpy_loader *)obj;
    static char *names[] = { "epoch", "step", "rank", "world", NULL };
    unsigned long long epoch, step;
    int rank = -1, world = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KK|ii:batch_at", names, &epoch, &step, &rank, &world))
        return NULL;
    if (!hrpy_loader_enter(self))
        return NULL;
    struct hr_error err = HR_ERROR_INIT;
    hr_batch *b = NULL;
    int rc;
    Py_BEGIN_ALLOW_THREADS rc = hr_loader_batch_at(self->l, epoch, step, rank, world, &b, &err);
    Py_END_ALLOW_THREADS PyObject *batch = rc >= 0 ? hrpy_batch_new(b, self->fw, &self->keys) : NULL;
    hrpy_loader_leave(self);
    if (rc < 0)
        return hrpy_raise(&err);
    return hrpy_loader_placed(self, batch);
}

PyObject *hrpy_loader_order_at(PyObject *obj, PyObject *args, PyObject *kwargs)
{
    struct hrpy_loader *self = (struct hrpy_loader *)obj;
    static char *names[] = { "epoch", "step", "rank", "world", NULL };
    unsigned long long epoch, step;
    int rank = -1, world = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KK|ii:order", names, &epoch, &step, &rank, &world))
        return NULL;
    if (!hrpy_loader_enter(self))
        return NULL;
    struct hr_error err = HR_ERROR_INIT;
    uint64_t few[256], *sample = few;
    size_t n = 0, room = sizeof few / sizeof few[0];
    int rc = hr_loader_order_at(self->l, epoch, step, rank, world, sample, room, &n, &err);
    if (rc >= 0 && n > room) {
        room = n;
        sample = PyMem_Malloc(room * sizeof *sample);
        if (sample != NULL)
            rc = hr_loader_order_at(self->l, epoch, step, rank, world, sample, room, &n, &err);
    }
    hrpy_loader_leave(self);
    PyObject *r = NULL;
    if (rc < 0)
        hrpy_raise(&err);
    else if (sample == NULL)
        PyErr_NoMemory();
    else
        r = PyBytes_FromStringAndSize((const char *)sample, (Py_ssize_t)(n * sizeof *sample));
    if (sample != few)
        PyMem_Free(sample);
    return r;
}
