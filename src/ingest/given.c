#include "given.h"

#include <fcntl.h>
#include <string.h>

bool hr_given_wants(const char *path, void *arg)
{
    const struct hr_given *g = arg;
    for (int i = 0; i < g->n; i++) {
        if (strcmp(path, g->path[i]) == 0)
            return true;
    }
    for (size_t i = 0; g->end[i] != NULL; i++) {
        if (hr_str_ends(hr_str(path), g->end[i]))
            return true;
    }
    return false;
}

int hr_given_bytes(const struct hr_names *files, uint64_t *ret, struct hr_error *err)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < files->n; i++) {
        HR_FD fd = -1;
        uint64_t size = 0;
        int r = hr_open(files->name[i], O_RDONLY, 0, &fd, err);
        if (r == 0)
            r = hr_file_size(fd, files->name[i], &size, err);
        if (r < 0)
            return r;
        sum += size;
    }
    *ret = sum;
    return 0;
}

int hr_given_files(const struct hr_given *g, struct hr_names *ret, uint64_t *ret_bytes, struct hr_error *err)
{
    struct hr_names names = { NULL, 0 };
    int r = hr_source_files(g->path, g->n, hr_given_wants, (void *)(uintptr_t)g, &names, err);
    if (r == 0)
        r = hr_given_bytes(&names, ret_bytes, err);
    if (r < 0) {
        hr_names_fini(&names);
        return r;
    }
    *ret = names;
    return 0;
}
