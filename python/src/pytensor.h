/* Tensors over the views of a block: headrace.Tensor (pytensor.c), and those of a framework (pyframework.c). */
#ifndef HRPY_TENSOR_H
#define HRPY_TENSOR_H

#include "pyblock.h"

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

#endif
