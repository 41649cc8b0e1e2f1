/* The module headrace._pack: packing.  Apart from _core, so that only packing loads the libraries of the source formats. */
#include "hrpy.h"

#include <string.h>

struct call {
    PyObject *progress, *notice; /* NULL when not asked for */
    bool failed;                 /* a callback raised; its exception is kept in the three below */
    PyObject *type, *value, *trace;
};

/* Callbacks come from the thread that called hr_pack, which has let the GIL go. */
static void keep_exception(struct call *c)
{
    if (!c->failed)
        PyErr_Fetch(&c->type, &c->value, &c->trace);
    PyErr_Clear();
    c->failed = true;
}

static bool on_progress(const struct hr_pack_progress *p, void *arg)
{
    struct call *c = arg;
    PyGILState_STATE g = PyGILState_Ensure();
    if (PyErr_CheckSignals() < 0)
        keep_exception(c);
    if (!c->failed && c->progress != NULL) {
        PyObject *r = PyObject_CallFunction(c->progress, "KKKKd", (unsigned long long)p->bytes_done,
                                            (unsigned long long)p->bytes_total, (unsigned long long)p->samples,
                                            (unsigned long long)p->bad, p->seconds);
        if (r == NULL)
            keep_exception(c);
        Py_XDECREF(r);
    }
    bool stop = c->failed;
    PyGILState_Release(g);
    return stop;
}

static void on_notice(const char *sentence, void *arg)
{
    struct call *c = arg;
    if (c->notice == NULL)
        return;
    PyGILState_STATE g = PyGILState_Ensure();
    PyObject *s = PyUnicode_DecodeUTF8(sentence, (Py_ssize_t)strlen(sentence), "backslashreplace");
    PyObject *r = s != NULL ? PyObject_CallFunctionObjArgs(c->notice, s, NULL) : NULL;
    if (r == NULL)
        keep_exception(c);
    Py_XDECREF(r);
    Py_XDECREF(s);
    PyGILState_Release(g);
}

/* Terminated byte strings of a list of paths; `keep` owns them. */
static const char **paths_of(PyObject *list, PyObject *keep, Py_ssize_t *ret_n)
{
    Py_ssize_t n = PyList_Size(list);
    if (n < 0)
        return NULL;
    const char **paths = PyMem_Calloc((size_t)n + 1, sizeof *paths);
    if (paths == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *b = NULL;
        if (!PyUnicode_FSConverter(PyList_GetItem(list, i), &b) || PyList_Append(keep, b) < 0) {
            Py_XDECREF(b);
            PyMem_Free(paths);
            return NULL;
        }
        paths[i] = PyBytes_AsString(b);
        Py_DECREF(b);
    }
    *ret_n = n;
    return paths;
}

static PyObject *finish(struct call *c, int rc, const struct hr_pack_result *r, const struct hr_error *err)
{
    if (c->failed) {
        PyErr_Restore(c->type, c->value, c->trace);
        return NULL;
    }
    if (rc < 0)
        return hrpy_raise(err);
    return Py_BuildValue("{s:K,s:K,s:K,s:K,s:K,s:d}", "samples", (unsigned long long)r->samples, "bad",
                         (unsigned long long)r->bad, "duplicates", (unsigned long long)r->duplicates, "bytes_in",
                         (unsigned long long)r->bytes_in, "bytes_out", (unsigned long long)r->bytes_out, "seconds",
                         r->seconds);
}

static PyObject *none_or(PyObject *o)
{
    return o == Py_None ? NULL : o;
}

static PyObject *pack(PyObject *self, PyObject *args, PyObject *kwargs)
{
    (void)self;
    static char *names[] = { "sources",     "out",           "format", "schema", "compress", "quantize", "shard_by",
                             "reject_file", "bad",           "narrow", "dedup",  "float64",  "resume",   "force",
                             "chunk_bytes", "chunk_samples", "memory", "jobs",   "progress", "notice",   NULL };
    struct hr_pack_options o;
    hr_pack_options_init(&o);
    PyObject *sources, *out = NULL, *progress = Py_None, *notice = Py_None;
    int bad = 0, narrow = 0, dedup = 0, float64 = 0, resume = 0, force = 0;
    unsigned long long chunk_bytes = o.chunk_bytes, chunk_samples = 0, memory = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O&|$zzzzzzipppppKKKiOO:pack", names, &PyList_Type, &sources,
                                     PyUnicode_FSConverter, &out, &o.format, &o.schema, &o.compress, &o.quantize,
                                     &o.shard_by, &o.reject_file, &bad, &narrow, &dedup, &float64, &resume, &force,
                                     &chunk_bytes, &chunk_samples, &memory, &o.jobs, &progress, &notice))
        return NULL;
    o.bad = (enum hr_bad)bad;
    o.narrow = narrow != 0;
    o.dedup = dedup != 0;
    o.float64 = float64 != 0;
    o.resume = resume != 0;
    o.force = force != 0;
    o.chunk_bytes = chunk_bytes;
    o.chunk_samples = chunk_samples;
    o.memory = memory;
    struct call c = { .progress = none_or(progress), .notice = none_or(notice) };
    o.progress = on_progress;
    o.notice = on_notice;
    o.arg = &c;
    PyObject *keep = PyList_New(0), *r = NULL;
    Py_ssize_t n = 0;
    const char **paths = keep != NULL ? paths_of(sources, keep, &n) : NULL;
    if (paths != NULL) {
        struct hr_error err = HR_ERROR_INIT;
        struct hr_pack_result result = { 0 };
        int rc;
        Py_BEGIN_ALLOW_THREADS rc = hr_pack(paths, (int)n, PyBytes_AsString(out), &o, &result, &err);
        Py_END_ALLOW_THREADS r = finish(&c, rc, &result, &err);
    }
    PyMem_Free(paths);
    Py_XDECREF(keep);
    Py_DECREF(out);
    return r;
}

static PyMethodDef functions[] = {
    { "pack", (PyCFunction)(void (*)(void))pack, METH_VARARGS | METH_KEYWORDS, "See headrace.pack." },
    { NULL, NULL, 0, NULL },
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "headrace._pack", .m_doc = "Packing; use headrace.pack.",
    .m_size = -1,          .m_methods = functions,
};

PyMODINIT_FUNC PyInit__pack(void);

PyMODINIT_FUNC PyInit__pack(void)
{
    return PyModule_Create(&definition);
}
