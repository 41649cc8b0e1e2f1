/* Shared libraries that may or may not be there, opened at run time. */
#ifndef HR_DL_H
#define HR_DL_H

#include "buf.h"
#include "err.h"

struct hr_dl {
    void *handle;
};

/* HR_E_NOT_FOUND with the linker's reason when it cannot be loaded. */
int hr_dl_open(const char *name, struct hr_dl *ret, struct hr_error *err) HR_MUST_USE;
/* The symbol's address, or NULL. */
void *hr_dl_symbol(const struct hr_dl *dl, const char *name);
/* Appends the path of the file that was loaded; false: the linker does not tell it. */
bool hr_dl_path(const struct hr_dl *dl, struct hr_buf *path);
void hr_dl_close(struct hr_dl *dl); /* accepts an unopened one */

#endif
