/* What the files of the Python module share.
 *
 * The module stands on the public headers of libheadrace alone, and on CPython's limited API (abi3 from 3.11 on), so one
 * binary serves every later Python.  Two extension modules are built: _core (the feed) and _pack (packing), so that
 * `import headrace` loads none of the libraries that only packing needs.
 *
 * Locks: everything of the module itself is guarded by the GIL, with two exceptions.  hrpy_block is reference-counted with
 * an atomic, because a framework may drop its last tensor on any thread without the GIL (P1).  A loader or stream handle is
 * used by one thread at a time under its own lock, because the GIL is let go while the library works (P2). */
#ifndef HRPY_H
#define HRPY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "dlpack_abi.h"
#include "headrace/headrace.h"

#include <stdatomic.h>
#include <stdbool.h>

/* --- errors (pyerror.c) --- */
/* Raises the class that stands for err->code with the sentence of err.  Returns NULL. */
PyObject *hrpy_raise(const struct hr_error *err);
/* Raises the class of `code` with a sentence of the module's own. */
PyObject *hrpy_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Creates headrace.Error and its subclasses in module m.  _core only. */
int hrpy_errors_init(PyObject *m);

/* --- batches in memory (pyblock.c) --- */
enum { HRPY_DIMS = HR_NDIM_MAX + 1 };

struct hrpy_block;

/* One tensor of a block, in the shapes that other frameworks read. */
struct hrpy_view {
    struct dl_managed_versioned dl; /* first: a view is found again from it */
    struct dl_managed old;          /* filled by hrpy_view_old */
    struct hrpy_block *block;
    int64_t shape[HRPY_DIMS], strides[HRPY_DIMS];
    enum hr_dtype dtype;
};

/* One hr_batch as Python sees it.  Every tensor object, capsule and Batch holds one reference; the last one gives the
 * memory back to the loader (P1). */
struct hrpy_block {
    atomic_int refs;
    int n; /* tensors; view[n] is the sample numbers, int64 [samples] */
    hr_batch *batch;
    struct hrpy_view view[];
};

/* Takes over the batch's reference; starts with one reference of its own.  NULL: MemoryError is set, the batch released. */
struct hrpy_block *hrpy_block_new(hr_batch *batch);
void hrpy_block_retain(struct hrpy_block *b);
void hrpy_block_release(struct hrpy_block *b); /* from any thread, without the GIL; accepts NULL */
struct dl_managed *hrpy_view_old(struct hrpy_view *v);

/* --- tensors for a framework (pytensor.c, pyframework.c) --- */
extern PyTypeObject *hrpy_tensor_type;
int hrpy_tensor_init(PyObject *m);
/* A headrace.Tensor over the view: adds one reference to its block. */
PyObject *hrpy_tensor_new(struct hrpy_view *v);
/* A capsule over the view, of either kind: adds one reference to its block. */
PyObject *hrpy_capsule(struct hrpy_view *v, bool versioned);
const char *hrpy_dtype_format(enum hr_dtype t); /* PEP 3118: "f" */

struct hrpy_framework {
    const char *name;
    /* A tensor of this framework over the view: adds one reference to its block when it succeeds. */
    PyObject *(*make)(struct hrpy_framework *fw, struct hrpy_view *v);
    const struct dl_exchange *exchange;
    PyObject *call;              /* the framework's own constructor */
    PyObject *dtype[HR_F64 + 1]; /* of numpy */
    double patience; /* seconds to wait for slots: a framework that works asynchronously drops tensors late */
};
/* "auto", "torch", "numpy", "jax", "dlpack" -> one of the static frameworks, made ready; NULL with an exception set. */
struct hrpy_framework *hrpy_framework_get(const char *name);

/* --- Batch (pybatch.c) --- */
extern PyTypeObject *hrpy_batch_type;
int hrpy_batch_init(PyObject *m);

/* The names of the tensors of one loader as Python strings: made once, then compared by pointer. */
struct hrpy_keys {
    int n;
    const char **name;
    PyObject **key;
};
void hrpy_keys_clear(struct hrpy_keys *k);
/* A Batch over b; takes b over, also on failure. */
PyObject *hrpy_batch_new(hr_batch *b, struct hrpy_framework *fw, struct hrpy_keys *keys);

/* --- options and fields (pyoptions.c, pyfield.c) --- */
struct hrpy_options {
    struct hr_loader_options o;
    struct hr_transform *transforms;
    const char **fields;
    double *weights;
    PyObject *keep; /* a list that owns every string pointed to above */
};
/* From a dict of plain values (headrace/_options.py has made them plain). */
int hrpy_options_parse(PyObject *dict, struct hrpy_options *ret);
void hrpy_options_fini(struct hrpy_options *o);

PyObject *hrpy_field_dict(const struct hr_field *f);
/* From a dict as hrpy_field_dict makes it. */
int hrpy_field_parse(PyObject *dict, struct hr_field *ret);

/* --- the types with a handle --- */
int hrpy_loader_init(PyObject *m);
int hrpy_stream_init(PyObject *m);

/* The lock of a handle (P2): taken without waiting where possible, else with the GIL let go. */
void hrpy_lock(PyThread_type_lock lock);
void hrpy_unlock(PyThread_type_lock lock);
/* True in a process forked after the module was loaded, with respect to a handle made at generation `made`. */
unsigned hrpy_fork_generation(void);

PyTypeObject *hrpy_type_new(PyObject *m, PyType_Spec *spec, PyObject *bases);

#endif
