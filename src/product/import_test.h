/* Does what was built import?  Asked of the interpreter that installed it, in a process of its own with a deadline: a module that crashes
 * or hangs does so there. */
#ifndef HR_IMPORT_TEST_H
#define HR_IMPORT_TEST_H

#include "dist_record.h"
#include "err.h"
#include "known.h"

enum hr_import_state {
    HR_IMPORT_UNTRIED,
    HR_IMPORT_WORKS,
    HR_IMPORT_FAILS,
    HR_IMPORT_CRASHES,
    HR_IMPORT_HANGS,
    HR_IMPORT_NONE, /* it is no module: a plain library, or a name that was only guessed */
};
const char *hr_import_state_name(enum hr_import_state s);

struct hr_import {
    char module[HR_MODULE_MAX];
    char file[1024];   /* an extension module that is loaded from this file; "": by its name */
    bool guessed;      /* the name may be none */
    const char *ask;   /* an expression of Python (cuda_signs.h); NULL: none */
    enum hr_import_state state;
    char say[256];     /* the exception, the signal */
    uint64_t ns;
    struct hr_truth yes; /* what the expression gave */
};

/* `before` is put before the interpreter's own folders; NULL: nothing.  It runs in `cwd`, which should hold no modules.  Each run of the
 * interpreter has `deadline_ns`, and after that time and a half no further one is begun.  Fails only when no process can be started at all. */
int hr_import_try(const char *python, const char *before, const char *cwd, uint64_t deadline_ns, struct hr_import *list, size_t n,
                  struct hr_error *err) HR_MUST_USE;
/* What one run wrote about the modules first..n; returns the one that it was at when it ended, n when it came to the end. */
size_t hr_import_heard(struct hr_str text, struct hr_import *list, size_t first, size_t n);

#endif
