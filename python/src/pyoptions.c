/* struct hr_loader_options from a dict of plain Python values: one table row per option. */
#include "pyoptions.h"

#include <string.h>

enum kind { K_U64, K_INT, K_BOOL, K_DOUBLE, K_TAIL, K_JOIN };

struct row {
    const char *name;
    enum kind kind;
    size_t at;
};

#define ROW(name, kind)                                       \
    {                                                         \
#name, kind, offsetof(struct hr_loader_options, name) \
    }

static const struct row rows[] = {
    ROW(batch_size, K_U64),    ROW(max_nodes, K_U64),
    ROW(max_edges, K_U64),     ROW(auto_batch, K_BOOL),
    ROW(tail, K_TAIL),         ROW(join, K_JOIN),
    ROW(edge_rows, K_BOOL),    ROW(shuffle, K_BOOL),
    ROW(seed, K_U64),          ROW(shuffle_quality, K_DOUBLE),
    ROW(window_chunks, K_U64), ROW(rank, K_INT),
    ROW(world, K_INT),         ROW(budget, K_U64),
    ROW(warn, K_U64),          ROW(act, K_U64),
    ROW(cache_ttl_ns, K_U64),  ROW(threads, K_INT),
    ROW(builders, K_INT),      ROW(prefetch, K_INT),
    ROW(slots, K_INT),         ROW(pin, K_BOOL),
    ROW(guard, K_BOOL),        ROW(verify, K_INT),
};

struct word {
    const char *text;
    int value;
};

static const struct word tails[] = {
    { "keep", HR_TAIL_KEEP }, { "drop", HR_TAIL_DROP }, { "pad", HR_TAIL_PAD }, { 0 }
};
static const struct word joins[] = {
    { "auto", HR_JOIN_AUTO }, { "graph", HR_JOIN_GRAPH }, { "stack", HR_JOIN_STACK }, { "pad", HR_JOIN_PAD }, { 0 }
};

static int word_of(PyObject *v, const char *option, const struct word *words, int *ret)
{
    for (const struct word *w = words; w->text != NULL; w++) {
        if (PyUnicode_Check(v) && PyUnicode_CompareWithASCIIString(v, w->text) == 0) {
            *ret = w->value;
            return 0;
        }
    }
    PyErr_Format(PyExc_ValueError, "%s=%R is not one of its words: \"%s\", \"%s\", \"%s\"%s", option, v, words[0].text,
                 words[1].text, words[2].text, words == joins ? ", \"pad\"" : "");
    return -1;
}

static int set_u64(PyObject *v, uint64_t *to)
{
    unsigned long long n = PyLong_AsUnsignedLongLong(v);
    if (n == (unsigned long long)-1 && PyErr_Occurred())
        return -1;
    *to = n;
    return 0;
}

static int set_int(PyObject *v, int *to)
{
    long n = PyLong_AsLong(v);
    if (n == -1 && PyErr_Occurred())
        return -1;
    if (n < INT32_MIN || n > INT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "the number does not fit 32 bits");
        return -1;
    }
    *to = (int)n;
    return 0;
}

static int set_one(struct hr_loader_options *o, const struct row *r, PyObject *v)
{
    void *to = (char *)o + r->at;
    int n = 0;
    switch (r->kind) {
    case K_U64:
        return set_u64(v, to);
    case K_INT:
        return set_int(v, to);
    case K_BOOL:
        n = PyObject_IsTrue(v);
        *(bool *)to = n > 0;
        return n < 0 ? -1 : 0;
    case K_DOUBLE:
        *(double *)to = PyFloat_AsDouble(v);
        return PyErr_Occurred() ? -1 : 0;
    case K_TAIL:
        if (word_of(v, r->name, tails, &n) == 0)
            o->tail = (enum hr_tail)n;
        return PyErr_Occurred() ? -1 : 0;
    case K_JOIN:
        if (word_of(v, r->name, joins, &n) == 0)
            o->join = (enum hr_join)n;
        return PyErr_Occurred() ? -1 : 0;
    }
    return -1;
}

/* Puts the option's name before the sentence of a conversion that failed. */
static void name_the_option(const char *name)
{
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    PyErr_Format(type, "%s: %S", name, value);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(trace);
}

/* Bytes of a str that live as long as `keep`. */
static const char *keep_text(PyObject *keep, PyObject *s)
{
    PyObject *b = PyUnicode_AsUTF8String(s);
    if (b == NULL)
        return NULL;
    int rc = PyList_Append(keep, b);
    Py_DECREF(b);
    return rc == 0 ? PyBytes_AsString(b) : NULL;
}

static int parse_fields(PyObject *v, struct hrpy_options *ret)
{
    Py_ssize_t n = PySequence_Size(v);
    if (n < 0)
        return -1;
    ret->fields = PyMem_Calloc((size_t)n + 1, sizeof *ret->fields);
    if (ret->fields == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *s = PySequence_GetItem(v, i);
        if (s == NULL)
            return -1;
        ret->fields[i] = keep_text(ret->keep, s);
        Py_DECREF(s);
        if (ret->fields[i] == NULL)
            return -1;
    }
    ret->o.fields = ret->fields;
    return 0;
}

static int parse_weights(PyObject *v, struct hrpy_options *ret)
{
    Py_ssize_t n = PySequence_Size(v);
    if (n < 0)
        return -1;
    ret->weights = PyMem_Calloc((size_t)n + 1, sizeof *ret->weights);
    if (ret->weights == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *w = PySequence_GetItem(v, i);
        if (w == NULL)
            return -1;
        ret->weights[i] = PyFloat_AsDouble(w);
        Py_DECREF(w);
        if (PyErr_Occurred())
            return -1;
    }
    /* The library takes a bare pointer to `world` of them. */
    if (ret->o.world != n) {
        PyErr_Format(PyExc_ValueError, "weights has %zd entries: give world=%zd with it, one weight per rank", n, n);
        return -1;
    }
    ret->o.weights = ret->weights;
    return 0;
}

static int kind_of(const char *text)
{
    static const char *const names[] = {
#define T_TEXT(name, text, help) text,
        HR_TRANSFORMS(T_TEXT)
#undef T_TEXT
    };
    for (int i = 0; i < HR_T_COUNT; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    return -1;
}

/* (kind, field, column, a, b, a_from_statistics) */
static int parse_transform(PyObject *v, struct hrpy_options *ret, struct hr_transform *t)
{
    const char *kind;
    PyObject *field;
    int statistics = 0;
    if (!PyTuple_Check(v) || !PyArg_ParseTuple(v, "sOiddp", &kind, &field, &t->column, &t->a, &t->b, &statistics)) {
        PyErr_SetString(PyExc_TypeError,
                        "transforms takes a list of headrace.minmax(...), headrace.edge_dropout(...) and "
                        "their like");
        return -1;
    }
    int k = kind_of(kind);
    if (k < 0) {
        PyErr_Format(PyExc_ValueError, "there is no transform \"%s\"", kind);
        return -1;
    }
    t->kind = (enum hr_transform_kind)k;
    t->a_from_statistics = statistics != 0;
    if (field != Py_None && (t->field = keep_text(ret->keep, field)) == NULL)
        return -1;
    return 0;
}

static int parse_transforms(PyObject *v, struct hrpy_options *ret)
{
    Py_ssize_t n = PySequence_Size(v);
    if (n < 0 || n > 1000) {
        if (n > 0)
            PyErr_SetString(PyExc_ValueError, "transforms: more than 1000 of them");
        return -1;
    }
    ret->transforms = PyMem_Calloc((size_t)n + 1, sizeof *ret->transforms);
    if (ret->transforms == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *t = PySequence_GetItem(v, i);
        int rc = t != NULL ? parse_transform(t, ret, &ret->transforms[i]) : -1;
        Py_XDECREF(t);
        if (rc < 0)
            return -1;
    }
    ret->o.transforms = ret->transforms;
    ret->o.transforms_n = (int)n;
    return 0;
}

/* Names that are brought along from other loaders, or from `headrace feed`, and what is there instead. */
static const struct {
    const char *name, *instead;
} elsewhere[] = {
    { "memory", "the bytes that it may hold are budget=" },
    { "num_workers", "it needs no worker processes, and has threads= of its own" },
    { "persistent_workers", "it needs no worker processes" },
    { "prefetch_factor", "batches that are built ahead are prefetch=" },
    { "collate_fn", "fields are joined by their role, or as join= says" },
    { "sampler", "the order is shuffle=, seed= and window_chunks=, and the shares of ranks are found" },
    { "batch_sampler", "the order is shuffle=, seed= and window_chunks=, and the shares of ranks are found" },
    { "transform", "it takes transforms=, a list" },
    { "window", "chunks that are mixed at a time are window_chunks=" },
};

static void no_such_option(PyObject *name)
{
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
        if (PyUnicode_CompareWithASCIIString(name, elsewhere[i].name) == 0) {
            PyErr_Format(PyExc_TypeError, "there is no option %R: %s", name, elsewhere[i].instead);
            return;
        }
    PyErr_Format(PyExc_TypeError, "there is no option %R; help(headrace.Loader) lists them", name);
}

static int parse_row(PyObject *name, PyObject *v, struct hrpy_options *ret)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (PyUnicode_CompareWithASCIIString(name, rows[i].name) != 0)
            continue;
        if (set_one(&ret->o, &rows[i], v) == 0)
            return 0;
        if (rows[i].kind != K_TAIL && rows[i].kind != K_JOIN)
            name_the_option(rows[i].name);
        return -1;
    }
    no_such_option(name);
    return -1;
}

static int parse_all(PyObject *dict, struct hrpy_options *ret)
{
    PyObject *name, *v, *weights = NULL;
    Py_ssize_t at = 0;
    while (PyDict_Next(dict, &at, &name, &v)) {
        int rc;
        if (PyUnicode_CompareWithASCIIString(name, "transforms") == 0) {
            rc = parse_transforms(v, ret);
        } else if (PyUnicode_CompareWithASCIIString(name, "fields") == 0) {
            rc = parse_fields(v, ret);
        } else if (PyUnicode_CompareWithASCIIString(name, "weights") == 0) {
            weights = v; /* after `world` */
            rc = 0;
        } else {
            rc = parse_row(name, v, ret);
        }
        if (rc < 0)
            return -1;
    }
    return weights != NULL ? parse_weights(weights, ret) : 0;
}

int hrpy_options_parse(PyObject *dict, struct hrpy_options *ret)
{
    *ret = (struct hrpy_options) { 0 };
    hr_loader_options_init(&ret->o);
    ret->keep = PyList_New(0);
    if (ret->keep != NULL && parse_all(dict, ret) == 0)
        return 0;
    hrpy_options_fini(ret);
    return -1;
}

void hrpy_options_fini(struct hrpy_options *o)
{
    PyMem_Free(o->transforms);
    PyMem_Free((void *)o->fields);
    PyMem_Free(o->weights);
    Py_XDECREF(o->keep);
    *o = (struct hrpy_options) { 0 };
}
