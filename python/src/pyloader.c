/* headrace._core.Loader: a loader's handle, and the iterator that hands out batches.  headrace.Loader (Python) stands on
 * it and makes friendly arguments plain. */
#include "pyloader.h"
#include "pyoptions.h"

#include <time.h>

struct iter {
    PyObject_HEAD struct hrpy_loader *of;
    unsigned long long turn;
    bool done;
};

static PyTypeObject *loader_type, *iter_type;

/* --- the way of a batch --- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A small hot batch takes a few microseconds: letting the GIL go for it would hand the interpreter to any other busy thread
 * for a whole switch interval (5 ms).  So it is let go where the last calls were long, or where one in some hundred has
 * waited for a read.  (A call is long now and then on any busy machine: that alone must not change the way.) */
static int next_of(struct hrpy_loader *self, hr_batch **ret, struct hr_error *err)
{
    const double long_call = 100e-6, read = 500e-6;
    double t0 = now(), took;
    int rc;
    if (self->cost > long_call || self->waits > 2) {
        Py_BEGIN_ALLOW_THREADS t0 = now();
        rc = hr_loader_next(self->l, ret, err);
        took = now() - t0; /* without the wait for the GIL */
        Py_END_ALLOW_THREADS
    } else {
        rc = hr_loader_next(self->l, ret, err);
        took = now() - t0;
    }
    self->cost = took > self->cost * 0.5 ? took : self->cost * 0.5;
    self->waits = self->waits * 0.998 + (took > read ? 1 : 0);
    return rc;
}

/* JAX lets go of a tensor only when the work queued on it is done.  So where every slot is held, its loop waits a while
 * before that is an error. */
static int next_with_patience(struct hrpy_loader *self, hr_batch **ret, struct hr_error *err)
{
    int rc = next_of(self, ret, err);
    if (rc != HR_E_BUDGET || self->fw->patience <= 0)
        return rc;
    for (double until = now() + self->fw->patience; rc == HR_E_BUDGET && now() < until;) {
        Py_BEGIN_ALLOW_THREADS nanosleep(&(struct timespec) { .tv_nsec = 20000 }, NULL);
        Py_END_ALLOW_THREADS if (PyErr_CheckSignals() < 0) return rc;
        rc = hr_loader_next(self->l, ret, err);
    }
    return rc;
}

static PyObject *iter_next(PyObject *obj)
{
    struct iter *it = (struct iter *)obj;
    struct hrpy_loader *self = it->of;
    if (it->done)
        return NULL;
    if (!hrpy_loader_enter(self))
        return NULL;
    if (it->done) { /* seen by another thread while this one waited: the next call would begin the next epoch */
        hrpy_loader_leave(self);
        return NULL;
    }
    if (it->turn != self->turn) {
        hrpy_loader_leave(self);
        return hrpy_fail(HR_E_STATE,
                         "a newer loop over this Loader has begun: nested or parallel loops need a Loader each");
    }
    struct hr_error err = HR_ERROR_INIT;
    hr_batch *b = NULL;
    int rc = next_with_patience(self, &b, &err);
    if (rc == 1) {
        self->midway = true;
        self->epoch = b->epoch;
    } else if (rc == 0) {
        self->midway = false;
        it->done = true;
    }
    PyObject *batch = rc == 1 ? hrpy_batch_new(b, self->fw, &self->keys) : NULL;
    hrpy_loader_leave(self);
    if (rc < 0)
        return PyErr_Occurred() ? NULL : hrpy_raise(&err);
    return hrpy_loader_placed(self, batch);
}

static void iter_dealloc(PyObject *obj)
{
    PyTypeObject *type = Py_TYPE(obj);
    PyObject_GC_UnTrack(obj);
    Py_CLEAR(((struct iter *)obj)->of);
    PyObject_GC_Del(obj);
    Py_DECREF(type);
}

static int iter_traverse(PyObject *obj, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(obj));
    Py_VISIT(((struct iter *)obj)->of);
    return 0;
}

/* A new loop.  One that was broken off is not continued: its epoch counts as used, as with every other loader, and the
 * next one begins.  After load_state_dict the loop begins where the state says. */
static PyObject *loader_iter(PyObject *obj)
{
    struct hrpy_loader *self = (struct hrpy_loader *)obj;
    if (!hrpy_loader_enter(self))
        return NULL;
    struct hr_error err = HR_ERROR_INIT;
    int rc = self->midway ? hr_loader_set_epoch(self->l, self->epoch + 1, &err) : 0;
    self->midway = false;
    unsigned long long turn = ++self->turn;
    hrpy_loader_leave(self);
    if (rc < 0)
        return hrpy_raise(&err);
    struct iter *it = PyObject_GC_New(struct iter, iter_type);
    if (it == NULL)
        return NULL;
    Py_INCREF(obj);
    it->of = self;
    it->turn = turn;
    it->done = false;
    PyObject_GC_Track(it);
    return (PyObject *)it;
}

/* --- life --- */

static int open_loader(struct hrpy_loader *self, const char *path, PyObject *options)
{
    struct hrpy_options o;
    if (hrpy_options_parse(options, &o) < 0)
        return -1;
    struct hr_error err = HR_ERROR_INIT;
    hr_loader *l = NULL;
    int rc;
    Py_BEGIN_ALLOW_THREADS rc = hr_loader_open(path, &o.o, &l, &err);
    Py_END_ALLOW_THREADS hrpy_options_fini(&o);
    if (rc < 0) {
        hrpy_raise(&err);
        return -1;
    }
    self->l = l;
    return 0;
}

static int loader_init(PyObject *obj, PyObject *args, PyObject *kwargs)
{
    struct hrpy_loader *self = (struct hrpy_loader *)obj;
    static char *names[] = { "path", "options", "framework", "place", NULL };
    PyObject *path, *options, *place = Py_None;
    const char *framework = "auto";
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&O!|sO:Loader", names, PyUnicode_FSConverter, &path, &PyDict_Type,
                                     &options, &framework, &place))
        return -1;
    int rc = -1;
    if (self->lock != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "a Loader is opened once: make a new one");
        goto out;
    }
    self->fw = hrpy_framework_get(framework);
    if (self->fw == NULL)
        goto out;
    self->lock = PyThread_allocate_lock();
    if (self->lock == NULL) {
        PyErr_NoMemory();
        goto out;
    }
    self->forks = hrpy_fork_generation();
    self->cost = 1.0; /* the first call reads: without the GIL */
    if (place != Py_None) {
        Py_INCREF(place);
        self->place = place;
    }
    rc = open_loader(self, PyBytes_AsString(path), options);
out:
    Py_DECREF(path);
    return rc;
}

static PyObject *loader_close(PyObject *obj, PyObject *unused)
{
    (void)unused;
    struct hrpy_loader *self = (struct hrpy_loader *)obj;
    if (self->l == NULL)
        Py_RETURN_NONE;
    if (!hrpy_loader_enter(self))
        return NULL;
    hr_loader *l = self->l;
    self->l = NULL;
    hrpy_keys_clear(&self->keys);
    Py_BEGIN_ALLOW_THREADS hr_loader_close(l);
    Py_END_ALLOW_THREADS hrpy_loader_leave(self);
    Py_RETURN_NONE;
}

static void loader_dealloc(PyObject *obj)
{
    struct hrpy_loader *self = (struct hrpy_loader *)obj;
    PyTypeObject *type = Py_TYPE(obj);
    PyObject_GC_UnTrack(obj);
    hr_loader_close(self->l);
    hrpy_keys_clear(&self->keys);
    if (self->lock != NULL)
        PyThread_free_lock(self->lock);
    Py_CLEAR(self->place);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(obj);
    Py_DECREF(type);
}

static int loader_traverse(PyObject *obj, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(obj));
    Py_VISIT(((struct hrpy_loader *)obj)->place);
    return 0;
}

static int loader_clear(PyObject *obj)
{
    Py_CLEAR(((struct hrpy_loader *)obj)->place);
    return 0;
}

static PyObject *get_framework(PyObject *obj, void *unused)
{
    (void)unused;
    struct hrpy_loader *self = (struct hrpy_loader *)obj;
    return PyUnicode_FromString(self->fw != NULL ? self->fw->name : "");
}

static PyObject *get_closed(PyObject *obj, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((struct hrpy_loader *)obj)->l == NULL);
}

#define KEYWORDS(f) (PyCFunction)(void (*)(void)) f, METH_VARARGS | METH_KEYWORDS

static PyMethodDef methods[] = {
    { "close", loader_close, METH_NOARGS,
      "close($self, /)\n--\n\nStops the helpers and gives the memory back.  Batches still held stay valid." },
    { "state_dict", hrpy_loader_state_dict, METH_NOARGS,
      "state_dict($self, /)\n--\n\nWhere the loader stands, as a dict of seven ints (48 bytes of payload): good for "
      "any number of\n"
      "ranks, and for JSON, pickle and torch.save." },
    { "load_state_dict", hrpy_loader_load_state_dict, METH_O,
      "load_state_dict($self, state, /)\n--\n\nThe next loop continues there, exactly, in constant time.\n\n"
      "Raises InvalidError for a state of another dataset or format." },
    { "set_epoch", hrpy_loader_set_epoch, METH_O,
      "set_epoch($self, epoch, /)\n--\n\nThe next loop is that epoch, from its beginning." },
    { "batch_at", KEYWORDS(hrpy_loader_batch_at),
      "batch_at($self, /, epoch, step, rank=-1, world=0)\n--\n\nAny batch, computed directly; the loader's own "
      "position is not moved.\n"
      "rank -1 and world 0 are the loader's own." },
    { "_order_at", KEYWORDS(hrpy_loader_order_at), "The sample numbers of a batch as the bytes of uint64." },
    { "_report", hrpy_loader_report, METH_O, "The report as text, or as JSON text." },
    { "memory_curve", hrpy_loader_memory_curve, METH_VARARGS,
      "memory_curve($self, path, /)\n--\n\nWrites the recorded memory curve as lines "
      "\"seconds,ledger_bytes,anon_bytes\" with a header." },
    { "_statistics", hrpy_loader_statistics, METH_NOARGS, "The statistics as JSON text, or None." },
    { "_fields", hrpy_loader_fields, METH_NOARGS, "The fields as dicts." },
    { NULL, NULL, 0, NULL },
};

static PyGetSetDef getset[] = {
    { "steps_per_epoch", hrpy_loader_get_steps, NULL, "Batches of this rank in an epoch.", NULL },
    { "samples", hrpy_loader_get_samples, NULL, "Samples of the dataset.", NULL },
    { "framework", get_framework, NULL, "Whose tensors the batches hold: \"torch\", \"numpy\", \"jax\", \"dlpack\".",
      NULL },
    { "closed", get_closed, NULL, "True after close().", NULL },
    { NULL, NULL, NULL, NULL, NULL },
};

static PyType_Slot slots[] = {
    { Py_tp_init, loader_init },
    { Py_tp_dealloc, loader_dealloc },
    { Py_tp_traverse, loader_traverse },
    { Py_tp_clear, loader_clear },
    { Py_tp_iter, loader_iter },
    { Py_tp_methods, methods },
    { Py_tp_getset, getset },
    { Py_sq_length, hrpy_loader_len },
    { Py_tp_doc, (void *)(uintptr_t) "The handle under headrace.Loader." },
    { 0, NULL },
};

static PyType_Spec spec = {
    .name = "headrace._core.Loader",
    .basicsize = sizeof(struct hrpy_loader),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

static PyType_Slot iter_slots[] = {
    { Py_tp_dealloc, iter_dealloc },
    { Py_tp_traverse, iter_traverse },
    { Py_tp_iter, PyObject_SelfIter },
    { Py_tp_iternext, iter_next },
    { 0, NULL },
};

static PyType_Spec iter_spec = {
    .name = "headrace._core.LoaderIterator",
    .basicsize = sizeof(struct iter),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = iter_slots,
};

int hrpy_loader_init(PyObject *m)
{
    loader_type = hrpy_type_new(m, &spec, NULL);
    iter_type = hrpy_type_new(m, &iter_spec, NULL);
    return loader_type != NULL && iter_type != NULL ? 0 : -1;
}
