#include "facts.h"

#include "mem.h"

struct hr_facts {
    const struct hr_root *root;
    const char *const *path;
    size_t paths;
};

int hr_facts_open(const struct hr_root *root, const char *const *path, size_t n, struct hr_facts **ret,
                  struct hr_error *err)
{
    struct hr_facts *f = hr_calloc(1, sizeof *f);
    if (f == NULL)
        return hr_fail_nomem(err, sizeof *f, "the facts of the machine");
    f->root = root;
    f->path = path;
    f->paths = n;
    *ret = f;
    return 0;
}

void hr_facts_close(struct hr_facts *f)
{
    hr_free(f);
}

const struct hr_root *hr_facts_root(const struct hr_facts *f)
{
    return f->root;
}

size_t hr_facts_paths(const struct hr_facts *f, const char *const **ret_path)
{
    *ret_path = f->path;
    return f->paths;
}
