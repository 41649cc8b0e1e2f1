/* What an installed Python package says of itself: the list of its files (RECORD of its .dist-info folder), the names under which it
 * is imported, and the interpreter that a script names.  Bytes in, words out; whatever they hold. */
#ifndef HR_DIST_RECORD_H
#define HR_DIST_RECORD_H

#include "attr.h"
#include "str.h"

enum { HR_RECORD_LINES = 100000, HR_RECORD_PATH = 1024, HR_MODULE_MAX = 128 };

/* Calls `each` with every path of the list, as written, until it returns false; what is malformed or too long is passed over.
 * False: there were more than HR_RECORD_LINES. */
bool hr_record_each(struct hr_str text, bool (*each)(void *ctx, struct hr_str path), void *ctx);
/* A path that stays below the folder it is relative to. */
bool hr_record_inside(struct hr_str path);

/* "torchmcubes_module.cpython-311-x86_64-linux-gnu.so", "x.abi3.so", "x.so" are the extension modules x; libx.so and x.so.1 are none. */
bool hr_module_of_library(struct hr_str file, char out[HR_MODULE_MAX]);
/* It can only be an extension module: the name tells for which Python. */
bool hr_module_for_sure(struct hr_str file);
/* The module that a file of the list is imported as: "a/__init__.py" is a, "b.py" is b, "a/_c.abi3.so" is a._c.  False: a file of another
 * kind, of a deeper package, or of one that only tests. */
bool hr_module_of_record(struct hr_str path, char out[HR_MODULE_MAX]);

/* "#!/usr/bin/env python3" is python3, "#!/opt/venv/bin/python -E" is /opt/venv/bin/python. */
bool hr_shebang(struct hr_str text, char *out, size_t n);
/* "/usr/bin/python3.11", "python" */
bool hr_is_python(struct hr_str program);
/* "pip", "pip3.11" */
bool hr_is_pip(struct hr_str program);

#endif
