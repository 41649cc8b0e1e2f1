#include "facts.h"

#include "mem.h"

struct hr_facts {
    const struct hr_root *root;
    const char *const *path;
    size_t paths;
    /* what was read, and whether it was */
    struct {
        bool cpu, memory, vm, mounts, gpus;
    } have;
    struct hr_cpu cpu;
    struct hr_ram memory;
    struct hr_vm vm;
    struct hr_mounts mounts;
    struct hr_gpus *gpus; /* NULL: memory was short */
    const char *at; /* what the data checks look at; NULL: nothing was named */
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
    if (f == NULL)
        return;
    if (f->have.mounts)
        hr_mounts_fini(&f->mounts);
    hr_gpus_free(f->gpus);
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

/* True the first time. */
static bool first(bool *have)
{
    bool yes = !*have;
    *have = true;
    return yes;
}

const struct hr_cpu *hr_facts_cpu(struct hr_facts *f)
{
    if (first(&f->have.cpu))
        hr_cpu_read(f->root, &f->cpu);
    return &f->cpu;
}

const struct hr_ram *hr_facts_memory(struct hr_facts *f)
{
    if (first(&f->have.memory))
        hr_ram_read(f->root, &f->memory);
    return &f->memory;
}

const struct hr_vm *hr_facts_vm(struct hr_facts *f)
{
    if (first(&f->have.vm))
        hr_vm_read(f->root, &hr_facts_cpu(f)->hypervisor, &f->vm);
    return &f->vm;
}

const struct hr_mounts *hr_facts_mounts(struct hr_facts *f)
{
    if (first(&f->have.mounts))
        hr_mounts_read(f->root, hr_vm_is_wsl(hr_facts_vm(f)), &f->mounts);
    return &f->mounts;
}

const struct hr_gpus *hr_facts_gpus(struct hr_facts *f)
{
    static const struct hr_gpus nothing = { .state = HR_GPUS_UNREADABLE, .say = "memory was short when the GPUs were read" };
    if (first(&f->have.gpus) && hr_gpus_read(f->root, 0, &f->gpus, NULL) < 0)
        f->gpus = NULL;
    return f->gpus != NULL ? f->gpus : &nothing;
}

void hr_facts_look_at(struct hr_facts *f, const char *path)
{
    f->at = path;
}

const char *hr_facts_path(const struct hr_facts *f, bool *ret_named)
{
    *ret_named = f->at != NULL;
    return f->at != NULL ? f->at : ".";
}
