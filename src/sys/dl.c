#include "dl.h"

#include "fault.h"

#include <dlfcn.h>
#include <link.h>

int hr_dl_open(const char *name, struct hr_dl *ret, struct hr_error *err)
{
    void *h = hr_fault_sys() ? NULL : dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (h == NULL) {
        const char *why = dlerror();
        return hr_fail(err, HR_E_NOT_FOUND, "the library '%s' cannot be loaded: %s", name, why != NULL ? why : "no reason given");
    }
    ret->handle = h;
    return 0;
}

void *hr_dl_symbol(const struct hr_dl *dl, const char *name)
{
    return dl->handle != NULL ? dlsym(dl->handle, name) : NULL;
}

bool hr_dl_path(const struct hr_dl *dl, struct hr_buf *path)
{
    struct link_map *map = NULL;
    if (dl->handle == NULL || dlinfo(dl->handle, RTLD_DI_LINKMAP, &map) != 0 || map == NULL || map->l_name[0] == 0)
        return false;
    return hr_buf_adds(path, map->l_name);
}

void hr_dl_close(struct hr_dl *dl)
{
    if (dl->handle != NULL)
        dlclose(dl->handle);
    dl->handle = NULL;
}
