/* headrace.Batch: a dict of tensors that is also read by attribute, and knows which batch it is. */
#include "pybatch.h"

PyTypeObject *hrpy_batch_type;

/* What follows the dict.  Its place is the size of a dict, which the limited API tells at run time only. */
struct extra {
    struct hrpy_block *block; /* NULL in a batch made by Batch._make */
    struct hrpy_framework *fw;
    PyObject *sample; /* made from block when it is first asked for */
    unsigned long long epoch, step, position;
    unsigned samples;
};

static Py_ssize_t extra_at;
static destructor dict_dealloc;
static newfunc dict_new;
static traverseproc dict_traverse;
static inquiry dict_clear;
static PyObject *empty_args;
static PyObject
    *reserved; /* frozenset: names that are always methods: batch.keys is the method, batch["keys"] the tensor */

static struct extra *extra_of(PyObject *self)
{
    return (struct extra *)(void *)((char *)self + extra_at);
}

void hrpy_keys_clear(struct hrpy_keys *k)
{
    for (int i = 0; i < k->n; i++)
        Py_CLEAR(k->key[i]);
    PyMem_Free(k->key);
    PyMem_Free(k->name);
    *k = (struct hrpy_keys) { 0 };
}

static int keys_fill(struct hrpy_keys *k, const hr_batch *b)
{
    hrpy_keys_clear(k);
    k->name = PyMem_Calloc((size_t)b->tensors + 1, sizeof *k->name);
    k->key = PyMem_Calloc((size_t)b->tensors + 1, sizeof *k->key);
    if (k->name == NULL || k->key == NULL) {
        hrpy_keys_clear(k);
        PyErr_NoMemory();
        return -1;
    }
    for (; k->n < b->tensors; k->n++) {
        k->name[k->n] = b->tensor[k->n].name;
        k->key[k->n] = PyUnicode_InternFromString(b->tensor[k->n].name);
        if (k->key[k->n] == NULL)
            return -1;
    }
    return 0;
}

static bool keys_hold(const struct hrpy_keys *k, const hr_batch *b)
{
    if (k->n != b->tensors)
        return false;
    for (int i = 0; i < k->n; i++)
        if (k->name[i] != b->tensor[i].name)
            return false;
    return true;
}

static int fill(PyObject *self, struct hrpy_block *block, struct hrpy_framework *fw, const struct hrpy_keys *keys)
{
    for (int i = 0; i < block->n; i++) {
        PyObject *t = fw->make(fw, &block->view[i]);
        if (t == NULL)
            return -1;
        int rc = PyDict_SetItem(self, keys->key[i], t);
        Py_DECREF(t);
        if (rc < 0)
            return -1;
    }
    return 0;
}

PyObject *hrpy_batch_new(hr_batch *b, struct hrpy_framework *fw, struct hrpy_keys *keys)
{
    if (!keys_hold(keys, b) && keys_fill(keys, b) < 0) {
        hr_batch_release(b);
        return NULL;
    }
    struct hrpy_block *block = hrpy_block_new(b);
    if (block == NULL)
        return NULL;
    PyObject *self = dict_new(hrpy_batch_type, empty_args, NULL);
    if (self == NULL) {
        hrpy_block_release(block);
        return NULL;
    }
    *extra_of(self) = (struct extra) {
        .block = block, .fw = fw, .epoch = b->epoch, .step = b->step, .position = b->position, .samples = b->samples
    };
    if (fill(self, block, fw, keys) < 0)
        Py_CLEAR(self);
    return self;
}

static void batch_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    struct extra *x = extra_of(self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(x->sample);
    struct hrpy_block *block = x->block;
    x->block = NULL;
    hrpy_block_release(block);
    dict_dealloc(self); /* empties the dict and frees the memory */
    Py_DECREF(type);
}

static int batch_traverse(PyObject *self, visitproc visit, void *arg)
{
#if PY_VERSION_HEX >= 0x03090000
    Py_VISIT(Py_TYPE(self));
#endif
    Py_VISIT(extra_of(self)->sample);
    return dict_traverse(self, visit, arg);
}

static int batch_clear(PyObject *self)
{
    Py_CLEAR(extra_of(self)->sample);
    return dict_clear(self);
}

/* --- attributes --- */

static PyObject *batch_getattro(PyObject *self, PyObject *name)
{
    PyObject *v = PyDict_GetItemWithError(self, name);
    if (v != NULL) {
        int r = PySet_Contains(reserved, name);
        if (r == 0) {
            Py_INCREF(v);
            return v;
        }
        if (r < 0)
            return NULL;
    } else if (PyErr_Occurred()) {
        return NULL;
    }
    return PyObject_GenericGetAttr(self, name);
}

/* What the batch itself knows; a field of the same name goes before it. */
static const char *const facts[] = { "epoch", "step", "position", "num_graphs", "sample" };

static bool is_fact(PyObject *self, PyObject *name)
{
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        if (PyUnicode_CompareWithASCIIString(name, facts[i]) == 0)
            return PyDict_Contains(self, name) == 0;
    return false;
}

static int batch_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    int r = PySet_Contains(reserved, name);
    if (r < 0)
        return -1;
    if (r > 0 || is_fact(self, name))
        return PyObject_GenericSetAttr(self, name, value); /* refuses: a method, or a fact that can only be read */
    if (value != NULL)
        return PyDict_SetItem(self, name, value);
    if (PyDict_DelItem(self, name) == 0)
        return 0;
    if (PyErr_ExceptionMatches(PyExc_KeyError))
        PyErr_SetObject(PyExc_AttributeError, name);
    return -1;
}

static PyObject *get_sample(PyObject *self, void *unused)
{
    (void)unused;
    struct extra *x = extra_of(self);
    if (x->sample == NULL && x->block != NULL)
        x->sample = x->fw->make(x->fw, &x->block->view[x->block->n]);
    if (x->sample == NULL) {
        if (PyErr_Occurred())
            return NULL;
        Py_RETURN_NONE;
    }
    Py_INCREF(x->sample);
    return x->sample;
}

static PyObject *get_num_graphs(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLong(extra_of(self)->samples);
}

static PyObject *get_number(PyObject *self, void *which)
{
    const struct extra *x = extra_of(self);
    const unsigned long long v[] = { x->epoch, x->step, x->position };
    return PyLong_FromUnsignedLongLong(v[(intptr_t)which]);
}

static PyObject *get_info(PyObject *self, void *unused)
{
    (void)unused;
    const struct extra *x = extra_of(self);
    return Py_BuildValue("{s:K,s:K,s:K,s:I}", facts[0], x->epoch, facts[1], x->step, facts[2], x->position, facts[3],
                         x->samples);
}

static PyObject *get_framework(PyObject *self, void *unused)
{
    (void)unused;
    struct extra *x = extra_of(self);
    return PyUnicode_FromString(x->fw != NULL ? x->fw->name : "");
}

/* --- methods --- */

/* The rarely used methods are Python, in headrace/_batch.py, which is loaded by the first call. */
static PyObject *in_python(const char *name, PyObject *self, PyObject *args, PyObject *kwargs)
{
    PyObject *m = PyImport_ImportModule("headrace._batch");
    PyObject *f = m != NULL ? PyObject_GetAttrString(m, name) : NULL;
    PyObject *first = f != NULL ? PyTuple_Pack(1, self) : NULL;
    PyObject *all = NULL, *r = NULL;
    if (first != NULL)
        all = args != NULL ? PySequence_Concat(first, args) : PySequence_Tuple(first);
    if (all != NULL)
        r = PyObject_Call(f, all, kwargs);
    Py_XDECREF(all);
    Py_XDECREF(first);
    Py_XDECREF(f);
    Py_XDECREF(m);
    return r;
}

#define IN_PYTHON(name)                                                             \
    static PyObject *batch_##name(PyObject *self, PyObject *args, PyObject *kwargs) \
    {                                                                               \
        return in_python(#name, self, args, kwargs);                                \
    }
IN_PYTHON(to)
IN_PYTHON(pin_memory)
IN_PYTHON(clone)
IN_PYTHON(numpy)
IN_PYTHON(pyg)
IN_PYTHON(__reduce_ex__)
IN_PYTHON(__copy__)

static PyObject *batch_repr(PyObject *self)
{
    return in_python("text", self, NULL, NULL);
}

PyDoc_STRVAR(make_doc, "_make(tensors, epoch, step, position, num_graphs, sample)\n--\n\n"
                       "A Batch over tensors that live elsewhere: what to(), clone() and unpickling give.");

static PyObject *batch_make(PyObject *cls, PyObject *args)
{
    PyObject *dict, *sample;
    struct extra x = { 0 };
    if (!PyArg_ParseTuple(args, "O!KKKIO:_make", &PyDict_Type, &dict, &x.epoch, &x.step, &x.position, &x.samples,
                          &sample))
        return NULL;
    PyObject *self = dict_new((PyTypeObject *)cls, empty_args, NULL);
    if (self == NULL)
        return NULL;
    *extra_of(self) = x;
    Py_INCREF(sample);
    extra_of(self)->sample = sample;
    if (PyDict_Update(self, dict) < 0)
        Py_CLEAR(self);
    return self;
}

#define KEYWORDS(name) (PyCFunction)(void (*)(void)) batch_##name, METH_VARARGS | METH_KEYWORDS

static PyMethodDef methods[] = {
    { "to", KEYWORDS(to),
      "to($self, /, *args, non_blocking=False, **kwargs)\n--\n\nA Batch with every tensor on `device` (torch) or cast "
      "as torch.Tensor.to does.\n"
      "With non_blocking the source stays reserved until the copy is done, so its memory is not filled again too "
      "early." },
    { "pin_memory", KEYWORDS(pin_memory),
      "pin_memory($self, /, device=None)\n--\n\nA Batch in page-locked memory; itself where it is already "
      "(Loader(pin=True))." },
    { "clone", KEYWORDS(clone),
      "clone($self, /)\n--\n\nA Batch with its own copies: keep these, not the batches themselves, for longer than a "
      "few steps." },
    { "numpy", KEYWORDS(numpy), "numpy($self, /)\n--\n\nA dict of numpy arrays over the same memory." },
    { "pyg", KEYWORDS(pyg),
      "pyg($self, /)\n--\n\nA torch_geometric.data.Batch over the same tensors (needs torch_geometric)." },
    { "__reduce_ex__", KEYWORDS(__reduce_ex__), "For pickle: tensors and numbers, without the loader." },
    { "__copy__", KEYWORDS(__copy__), "A Batch with the same tensors." },
    { "_make", batch_make, METH_VARARGS | METH_CLASS, make_doc },
    { NULL, NULL, 0, NULL },
};

static PyGetSetDef getset[] = {
    { "sample", get_sample, NULL, "int64 [num_graphs]: the dataset's number of each sample, in batch order.", NULL },
    { "num_graphs", get_num_graphs, NULL, "Samples in this batch.", NULL },
    { "epoch", get_number, NULL, "The epoch, from 0.", (void *)0 },
    { "step", get_number, NULL, "This rank's step in the epoch, from 0.", (void *)1 },
    { "position", get_number, NULL, "Place of the first sample in the epoch's global order.", (void *)2 },
    { "info", get_info, NULL, "epoch, step, position and num_graphs as a dict, whatever the fields are called.", NULL },
    { "framework", get_framework, NULL,
      "\"torch\", \"numpy\", \"jax\", \"dlpack\", or \"\" for a batch made elsewhere.", NULL },
    { NULL, NULL, NULL, NULL, NULL },
};

PyDoc_STRVAR(
    batch_doc,
    "A batch of joined samples: a dict of tensors whose entries are attributes too (batch[\"x\"] is batch.x).\n\n"
    "For graphs: node and edge fields are concatenated, [sum of rows, ...]; edge_index is int64 [2, E] with the\n"
    "node offsets added ([E, 2] with edge_rows); graph and label fields are stacked, [num_graphs, ...]; \"batch\" is\n"
    "int64 [N], the graph of each node; \"ptr\" is int64 [num_graphs + 1], where each graph's nodes begin.\n"
    "Where a field is called as one of epoch, step, position, num_graphs or sample, the attribute is the field.\n\n"
    "The tensors lie in the loader's memory, without a copy, and may be written to.  It is used again when the batch\n"
    "and every tensor of it are gone: clone what you keep.");

static PyType_Slot slots[] = {
    { Py_tp_dealloc, batch_dealloc },
    { Py_tp_traverse, batch_traverse },
    { Py_tp_clear, batch_clear },
    { Py_tp_getattro, batch_getattro },
    { Py_tp_setattro, batch_setattro },
    { Py_tp_repr, batch_repr },
    { Py_tp_methods, methods },
    { Py_tp_getset, getset },
    { Py_tp_doc, (void *)(uintptr_t)batch_doc },
    { 0, NULL },
};

static int reserve_names(void)
{
    PyObject *names = PyObject_Dir((PyObject *)hrpy_batch_type);
    if (names == NULL)
        return -1;
    PyObject *set = PySet_New(names);
    Py_DECREF(names);
    for (size_t i = 0; set != NULL && i < sizeof facts / sizeof facts[0]; i++) {
        PyObject *s = PyUnicode_FromString(facts[i]);
        if (s == NULL || PySet_Discard(set, s) < 0)
            Py_CLEAR(set);
        Py_XDECREF(s);
    }
    if (set == NULL)
        return -1;
    reserved = PyFrozenSet_New(set);
    Py_DECREF(set);
    return reserved != NULL ? 0 : -1;
}

int hrpy_batch_init(PyObject *m)
{
    PyObject *size = PyObject_GetAttrString((PyObject *)&PyDict_Type, "__basicsize__");
    if (size == NULL)
        return -1;
    extra_at = PyLong_AsSsize_t(size);
    Py_DECREF(size);
    extra_at = (extra_at + 15) & ~(Py_ssize_t)15;
    dict_dealloc = (destructor)PyType_GetSlot(&PyDict_Type, Py_tp_dealloc);
    dict_new = (newfunc)PyType_GetSlot(&PyDict_Type, Py_tp_new);
    dict_traverse = (traverseproc)PyType_GetSlot(&PyDict_Type, Py_tp_traverse);
    dict_clear = (inquiry)PyType_GetSlot(&PyDict_Type, Py_tp_clear);
    PyType_Spec spec = {
        .name = "headrace.Batch",
        .basicsize = (int)(extra_at + (Py_ssize_t)sizeof(struct extra)),
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
        .slots = slots,
    };
    empty_args = PyTuple_New(0);
    PyObject *bases = PyTuple_Pack(1, (PyObject *)&PyDict_Type);
    if (empty_args == NULL || bases == NULL)
        return -1;
    hrpy_batch_type = hrpy_type_new(m, &spec, bases);
    Py_DECREF(bases);
    return hrpy_batch_type != NULL ? reserve_names() : -1;
}
