/* Turning a view into a tensor of the user's framework, by the shortest way that the framework offers.
 *
 * A framework is looked at only when the user asked for it by name or has imported it already. */
#include "pytensor.h"

#include <string.h>

static PyObject *make_dlpack(struct hrpy_framework *fw, struct hrpy_view *v)
{
    (void)fw;
    return hrpy_tensor_new(v);
}

/* Torch with the exchange table: one C call, no capsule. */
static PyObject *make_exchange(struct hrpy_framework *fw, struct hrpy_view *v)
{
    void *out = NULL;
    hrpy_block_retain(v->block);
    if (fw->exchange->to_object(&v->dl, &out) == 0)
        return out;
    hrpy_block_release(v->block);
    return NULL;
}

/* Older torch: its function that takes a capsule. */
static PyObject *make_capsule(struct hrpy_framework *fw, struct hrpy_view *v)
{
    PyObject *c = hrpy_capsule(v, false);
    if (c == NULL)
        return NULL;
    PyObject *t = PyObject_CallFunctionObjArgs(fw->call, c, NULL);
    Py_DECREF(c);
    return t;
}

static PyObject *shape_tuple(const struct hrpy_view *v)
{
    PyObject *shape = PyTuple_New(v->dl.t.ndim);
    for (int d = 0; shape != NULL && d < v->dl.t.ndim; d++) {
        PyObject *n = PyLong_FromLongLong(v->shape[d]);
        if (n == NULL || PyTuple_SetItem(shape, d, n) < 0)
            Py_CLEAR(shape);
    }
    return shape;
}

/* numpy.ndarray(shape, dtype, buffer): a third of what numpy.asarray takes to read a buffer's description. */
static PyObject *make_numpy(struct hrpy_framework *fw, struct hrpy_view *v)
{
    PyObject *t = hrpy_tensor_new(v), *shape = shape_tuple(v), *a = NULL;
    int dtype = v->dtype > HR_F64 ? HR_U8 : (int)v->dtype;
    if (t != NULL && shape != NULL)
        a = PyObject_CallFunctionObjArgs(fw->call, shape, fw->dtype[dtype], t, NULL);
    Py_XDECREF(shape);
    Py_XDECREF(t);
    return a;
}

/* jax.dlpack.from_dlpack(object).  Without jax_enable_x64, JAX makes int32 copies of int64 tensors by itself. */
static PyObject *make_object(struct hrpy_framework *fw, struct hrpy_view *v)
{
    PyObject *t = hrpy_tensor_new(v);
    if (t == NULL)
        return NULL;
    PyObject *a = PyObject_CallFunctionObjArgs(fw->call, t, NULL);
    Py_DECREF(t);
    return a;
}

static struct hrpy_framework torch_fw = { .name = "torch" };
static struct hrpy_framework numpy_fw = { .name = "numpy" };
static struct hrpy_framework jax_fw = { .name = "jax", .patience = 5 };
static struct hrpy_framework dlpack_fw = { .name = "dlpack", .make = make_dlpack };

static PyObject *attr_of(const char *module, const char *first, const char *second)
{
    PyObject *m = PyImport_ImportModule(module);
    PyObject *a = m != NULL ? PyObject_GetAttrString(m, first) : NULL;
    Py_XDECREF(m);
    if (a == NULL || second == NULL)
        return a;
    PyObject *b = PyObject_GetAttrString(a, second);
    Py_DECREF(a);
    return b;
}

/* The exchange table of torch.Tensor, or NULL without an exception: then the capsule is used. */
static const struct dl_exchange *find_exchange(void)
{
    PyObject *capsule = attr_of("torch", "Tensor", "__dlpack_c_exchange_api__");
    const struct dl_exchange *x = NULL;
    if (capsule != NULL && PyCapsule_IsValid(capsule, "dlpack_exchange_api"))
        x = PyCapsule_GetPointer(capsule, "dlpack_exchange_api");
    Py_XDECREF(capsule); /* the table lives as long as the process, by that standard */
    PyErr_Clear();
    return x != NULL && x->header.version.major == 1 && x->to_object != NULL ? x : NULL;
}

static int ready_torch(struct hrpy_framework *fw)
{
    PyObject *torch = PyImport_ImportModule("torch");
    if (torch == NULL)
        return -1;
    Py_DECREF(torch);
    fw->exchange = find_exchange();
    if (fw->exchange != NULL) {
        fw->make = make_exchange;
        return 0;
    }
    fw->call = attr_of("torch._C", "_from_dlpack", NULL);
    if (fw->call == NULL) {
        PyErr_Clear();
        fw->call = attr_of("torch.utils.dlpack", "from_dlpack", NULL);
    }
    if (fw->call == NULL)
        return -1;
    fw->make = make_capsule;
    return 0;
}

static int ready_numpy(struct hrpy_framework *fw)
{
    fw->call = attr_of("numpy", "ndarray", NULL);
    PyObject *dtype = attr_of("numpy", "dtype", NULL);
    if (fw->call == NULL || dtype == NULL) {
        Py_XDECREF(dtype);
        return -1;
    }
    for (int t = HR_BOOL; t <= HR_F64; t++) {
        Py_XDECREF(fw->dtype[t]);
        fw->dtype[t] = PyObject_CallFunction(dtype, "s", hr_dtype_name((enum hr_dtype)t));
        if (fw->dtype[t] == NULL)
            break;
    }
    Py_DECREF(dtype);
    if (PyErr_Occurred())
        return -1;
    fw->make = make_numpy;
    return 0;
}

static int ready_jax(struct hrpy_framework *fw)
{
    fw->call = attr_of("jax.dlpack", "from_dlpack", NULL);
    if (fw->call == NULL)
        return -1;
    fw->make = make_object;
    return 0;
}

/* What the user has imported; "dlpack" when it is none of them. */
static const char *framework_in_use(void)
{
    static const char *const known[] = { "torch", "jax", "numpy" };
    PyObject *modules = PyImport_GetModuleDict();
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (PyDict_GetItemString(modules, known[i]) != NULL)
            return known[i];
    return "dlpack";
}

struct hrpy_framework *hrpy_framework_get(const char *name)
{
    static const struct {
        struct hrpy_framework *fw;
        int (*ready)(struct hrpy_framework *fw);
    } all[] = { { &torch_fw, ready_torch }, { &numpy_fw, ready_numpy }, { &jax_fw, ready_jax }, { &dlpack_fw, NULL } };
    if (strcmp(name, "auto") == 0)
        name = framework_in_use();
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct hrpy_framework *fw = all[i].fw;
        if (strcmp(name, fw->name) != 0)
            continue;
        if (fw->make == NULL && all[i].ready(fw) < 0)
            return NULL;
        return fw;
    }
    hrpy_fail(HR_E_INVALID,
              "framework=\"%.40s\" is not known: use \"auto\", \"torch\", \"numpy\", \"jax\" or \"dlpack\"", name);
    return NULL;
}
