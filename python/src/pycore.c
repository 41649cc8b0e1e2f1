/* The module headrace._core: the types of the feed. */
#include "pyloader.h"
#include "pystream.h"

static int add_texts(PyObject *m)
{
    PyObject *version = PyUnicode_FromString(hr_version()), *info = PyUnicode_FromString(hr_build_info());
    int rc = -1;
    if (version != NULL && info != NULL)
        rc = PyObject_SetAttrString(m, "version", version) < 0 || PyObject_SetAttrString(m, "build_info", info) < 0 ? -1
                                                                                                                    : 0;
    Py_XDECREF(version);
    Py_XDECREF(info);
    return rc;
}

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "headrace._core",
    .m_doc = "The C side of headrace; use the package headrace.",
    .m_size = -1,
};

PyMODINIT_FUNC PyInit__core(void);

PyMODINIT_FUNC PyInit__core(void)
{
    PyObject *m = PyModule_Create(&definition);
    if (m == NULL)
        return NULL;
    if (hrpy_errors_init(m) == 0 && hrpy_tensor_init(m) == 0 && hrpy_batch_init(m) == 0 && hrpy_loader_init(m) == 0 &&
        hrpy_stream_init(m) == 0 && add_texts(m) == 0 && hrpy_fork_init() == 0)
        return m;
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_ImportError, "headrace._core could not be set up");
    Py_DECREF(m);
    return NULL;
}
