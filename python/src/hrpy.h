/* What every file of the Python module may use: errors, types, and the locks of handles.  Beside it each file has its own header
 * where another needs it, and they form a tree: pyblock, pytensor, pybatch, pyhandle, pyloader; pyoptions; pyvalue, pystream.
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

#include "headrace/headrace.h"

#include <stdbool.h>

/* --- errors (pyerror.c) --- */
/* Raises the class that stands for err->code with the sentence of err.  Returns NULL. */
PyObject *hrpy_raise(const struct hr_error *err);
/* Raises the class of `code` with a sentence of the module's own. */
PyObject *hrpy_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Creates headrace.Error and its subclasses in module m.  _core only. */
int hrpy_errors_init(PyObject *m);

/* --- types and handles (pytype.c) --- */
PyTypeObject *hrpy_type_new(PyObject *m, PyType_Spec *spec, PyObject *bases);

/* The lock of a handle (P2): taken without waiting where possible, else with the GIL let go. */
void hrpy_lock(PyThread_type_lock lock);
void hrpy_unlock(PyThread_type_lock lock);
/* Counts the forks from now on; 0, or the error of pthread_atfork.  _core only. */
int hrpy_fork_init(void);
/* A handle made at another generation belongs to the process that this one was forked from. */
unsigned hrpy_fork_generation(void);

#endif
