/* The Windows host of a WSL machine, asked through Windows' own programs: slow (a second or more) and only where interop works.
 * For --deep. */
#ifndef HR_WINDOWS_H
#define HR_WINDOWS_H

#include "known.h"
#include "mounts.h"
#include "root.h"
#include "version.h"
#include "vm.h"

struct hr_windows {
    struct hr_word version;     /* "10.0.26200.6899" */
    struct hr_version numbers;  /* of it */
    struct hr_word profile;     /* "C:\Users\me" */
    struct hr_figure memory;    /* bytes of the host */
    struct hr_figure available; /* bytes that are free there now */
    struct hr_figure cpus;      /* logical processors of the host */
};

void hr_windows_read(const struct hr_root *root, const struct hr_vm *vm, const struct hr_mounts *mounts,
                     struct hr_windows *ret);

#endif
