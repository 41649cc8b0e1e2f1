/* WSL's two configuration files as the checks see them: found, read as WSL reads them, and linted, once. */
#ifndef HR_WSL_FILES_H
#define HR_WSL_FILES_H

#include "known.h"
#include "lint.h"
#include "root.h"
#include "vm.h"
#include "wslinfo.h"

struct hr_wsl_read {
    struct hr_truth there; /* the file is there; unknown: which one is this user's, or what it holds, cannot be told */
    char name[400];        /* "C:\Users\me\.wslconfig", "/etc/wsl.conf" */
    char path[404];        /* the same from here: "/mnt/c/Users/me/.wslconfig" */
    struct hr_wsl_host host;
    /* where `there` is true: */
    struct hr_buf bytes;
    struct hr_wsl_conf conf;
    struct hr_wsl_report report;
};

void hr_wsl_file_read(const struct hr_root *root, enum hr_wsl_file file, const struct hr_vm *vm,
                      const struct hr_wslinfo *info, struct hr_wsl_read *ret);
void hr_wsl_file_fini(struct hr_wsl_read *r);
/* The line of a setting, whatever becomes of it ("wsl2.autoMemoryReclaim"); NULL: the file has none. */
const struct hr_wsl_entry *hr_wsl_file_line(const struct hr_wsl_read *r, const char *name);

#endif
