#include "facts.h"

#include "mem.h"
#include "told_paths.h"

#include <string.h>

/* A reading that is made once.  `torn`: something could not be looked at meanwhile, so that what is missing in it may well be
 * there. */
struct once {
    bool done, torn;
    uint64_t before;
    char why[HR_TROUBLE_MAX];
};

struct room {
    char *path; /* NULL: the row is free */
    struct once once;
    struct hr_space space;
};

struct hr_facts {
    const struct hr_root *root;
    const char *const *path;
    size_t paths;
    struct hr_told_paths told; /* on a captured root for which none was named */
    /* what was read, and whether it was */
    struct {
        struct once gpus, cpu, memory, vm, mounts, container, limits, disks, net, log, procs, wslinfo, windows, cuda, dpkg, python, toolkits, target, survey, wsl_file[2];
    } have;
    uint64_t leaned;                           /* how often a torn reading was asked for */
    uint64_t watched_leaned, watched_troubles; /* when the check began */
    char why[HR_TROUBLE_MAX];
    struct hr_cpu cpu;
    struct hr_ram memory;
    struct hr_vm vm;
    struct hr_mounts mounts;
    struct hr_gpus *gpus; /* NULL: memory was short */
    struct hr_container container;
    struct hr_limits limits;
    struct hr_disks disks;
    struct hr_net net;
    struct hr_kernel_log log;
    struct hr_procs procs;
    struct hr_wslinfo wslinfo;
    struct hr_windows windows;
    struct hr_cuda cuda;
    struct hr_wsl_read wsl_file[2]; /* by enum hr_wsl_file */
    struct hr_dpkg dpkg;
    struct hr_python python;
    struct hr_toolkits toolkits;
    struct room room[24];
    /* what the data checks look at */
    struct hr_target target;
    struct hr_buf real;
    struct hr_survey survey;
};

int hr_facts_open(const struct hr_root *root, const char *const *path, size_t n, struct hr_facts **ret,
                  struct hr_error *err)
{
    struct hr_facts *f = hr_calloc(1, sizeof *f);
    if (f == NULL)
        return hr_fail_nomem(err, sizeof *f, "the facts of the machine");
    int r = hr_told_paths(root, path, n, &f->told, err);
    if (r < 0) {
        hr_free(f);
        return r;
    }
    f->root = root;
    f->path = f->told.n != 0 ? f->told.path : path;
    f->paths = f->told.n != 0 ? f->told.n : n;
    f->real = HR_BUF_INIT(65536);
    hr_facts_look_at(f, NULL);
    *ret = f;
    return 0;
}

void hr_facts_close(struct hr_facts *f)
{
    if (f == NULL)
        return;
    if (f->have.mounts.done)
        hr_mounts_fini(&f->mounts);
    for (size_t i = 0; i < HR_COUNT(f->wsl_file); i++)
        if (f->have.wsl_file[i].done)
            hr_wsl_file_fini(&f->wsl_file[i]);
    for (size_t i = 0; i < HR_COUNT(f->room); i++)
        hr_free(f->room[i].path);
    hr_gpus_free(f->gpus);
    hr_toolkits_fini(&f->toolkits);
    hr_python_fini(&f->python);
    hr_buf_fini(&f->real);
    hr_told_paths_fini(&f->told);
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

/* F1: whoever asks for a torn reading leans on it, the readings made from it too: so each is as torn as what it was made of. */
static void lean(struct hr_facts *f, const struct once *o)
{
    if (!o->torn)
        return;
    f->leaned++;
    memcpy(f->why, o->why, sizeof f->why);
}

static uint64_t marks(const struct hr_facts *f, char last[HR_TROUBLE_MAX])
{
    return hr_root_troubles(f->root, last) + f->leaned;
}

static bool begin(struct hr_facts *f, struct once *o)
{
    if (o->done) {
        lean(f, o);
        return false;
    }
    o->done = true;
    o->before = marks(f, NULL);
    return true;
}

static void end(struct hr_facts *f, struct once *o)
{
    o->torn = marks(f, o->why) != o->before;
    if (o->torn)
        lean(f, o);
}

#define ONCE(f, reading) for (struct once *o_ = &(f)->have.reading; begin(f, o_); end(f, o_))

void hr_facts_watch(struct hr_facts *f)
{
    f->watched_leaned = f->leaned;
    f->watched_troubles = hr_root_troubles(f->root, NULL);
}

const char *hr_facts_torn(struct hr_facts *f)
{
    char last[HR_TROUBLE_MAX];
    bool troubled = hr_root_troubles(f->root, last) != f->watched_troubles;
    if (troubled)
        memcpy(f->why, last, sizeof f->why);
    return troubled || f->leaned != f->watched_leaned ? f->why : NULL;
}

const struct hr_cpu *hr_facts_cpu(struct hr_facts *f)
{
    ONCE (f, cpu)
        hr_cpu_read(f->root, &f->cpu);
    return &f->cpu;
}

const struct hr_ram *hr_facts_memory(struct hr_facts *f)
{
    ONCE (f, memory)
        hr_ram_read(f->root, &f->memory);
    return &f->memory;
}

const struct hr_vm *hr_facts_vm(struct hr_facts *f)
{
    ONCE (f, vm)
        hr_vm_read(f->root, &hr_facts_cpu(f)->hypervisor, &f->vm);
    return &f->vm;
}

const struct hr_mounts *hr_facts_mounts(struct hr_facts *f)
{
    ONCE (f, mounts)
        hr_mounts_read(f->root, hr_vm_is_wsl(hr_facts_vm(f)), &f->mounts);
    return &f->mounts;
}

void hr_facts_space(struct hr_facts *f, const char *path, struct hr_space *ret)
{
    struct room *r = f->room, *end_of = r + HR_COUNT(f->room);
    while (r < end_of && r->path != NULL && strcmp(r->path, path) != 0)
        r++;
    if (r == end_of || (r->path == NULL && (r->path = hr_strdup(path)) == NULL)) { /* one too many is read each time */
        hr_space_read(f->root, path, ret);
        return;
    }
    if (begin(f, &r->once)) {
        hr_space_read(f->root, path, &r->space);
        end(f, &r->once);
    }
    *ret = r->space;
}

const struct hr_gpus *hr_facts_gpus(struct hr_facts *f)
{
    static const struct hr_gpus nothing = { .state = HR_GPUS_UNREADABLE,
                                            .say = "memory was short when the GPUs were read" };
    ONCE (f, gpus)
        if (hr_gpus_read(f->root, 0, &f->gpus, NULL) < 0)
        f->gpus = NULL;
    return f->gpus != NULL ? f->gpus : &nothing;
}

const struct hr_container *hr_facts_container(struct hr_facts *f)
{
    ONCE (f, container)
        hr_container_read(f->root, hr_facts_vm(f), hr_facts_mounts(f), &f->container);
    return &f->container;
}

const struct hr_limits *hr_facts_limits(struct hr_facts *f)
{
    ONCE (f, limits)
        hr_limits_read(f->root, &f->limits);
    return &f->limits;
}

const struct hr_disks *hr_facts_disks(struct hr_facts *f)
{
    ONCE (f, disks) {
        enum hr_vm_kind kind = hr_facts_vm(f)->kind;
        hr_disks_read(f->root, kind != HR_VM_NONE && kind != HR_VM_UNKNOWN, &f->disks);
    }
    return &f->disks;
}

const struct hr_net *hr_facts_net(struct hr_facts *f)
{
    ONCE (f, net)
        hr_net_read(f->root, &f->net);
    return &f->net;
}

const struct hr_kernel_log *hr_facts_kernel_log(struct hr_facts *f)
{
    ONCE (f, log)
        hr_kernel_log_read(f->root, &f->log);
    return &f->log;
}

const struct hr_procs *hr_facts_procs(struct hr_facts *f)
{
    ONCE (f, procs)
        hr_procs_read(f->root, &f->procs);
    return &f->procs;
}

const struct hr_wslinfo *hr_facts_wslinfo(struct hr_facts *f)
{
    ONCE (f, wslinfo)
        hr_wslinfo_read(f->root, hr_facts_vm(f), &f->wslinfo);
    return &f->wslinfo;
}

const struct hr_wsl_read *hr_facts_wsl_file(struct hr_facts *f, enum hr_wsl_file file)
{
    ONCE (f, wsl_file[file])
        hr_wsl_file_read(f->root, file, hr_facts_vm(f), hr_facts_wslinfo(f), &f->wsl_file[file]);
    return &f->wsl_file[file];
}

const struct hr_windows *hr_facts_windows(struct hr_facts *f)
{
    ONCE (f, windows)
        hr_windows_read(f->root, hr_facts_vm(f), hr_facts_mounts(f), &f->windows);
    return &f->windows;
}

const struct hr_cuda *hr_facts_cuda(struct hr_facts *f)
{
    ONCE (f, cuda)
        if (hr_cuda_read(f->root, 0, &f->cuda, NULL) < 0)
        f->cuda = (struct hr_cuda) { .state = HR_CUDA_UNREADABLE, .say = "memory was short when the CUDA driver was asked" };
    return &f->cuda;
}

const struct hr_dpkg *hr_facts_dpkg(struct hr_facts *f)
{
    ONCE (f, dpkg)
        hr_dpkg_read(f->root, &f->dpkg);
    return &f->dpkg;
}

const struct hr_python *hr_facts_python(struct hr_facts *f)
{
    ONCE (f, python)
        hr_python_read(f->root, &f->python);
    return &f->python;
}

const struct hr_toolkits *hr_facts_toolkits(struct hr_facts *f)
{
    ONCE (f, toolkits)
        hr_toolkits_read(f->root, hr_facts_python(f), hr_facts_dpkg(f), &f->toolkits);
    return &f->toolkits;
}

void hr_facts_look_at(struct hr_facts *f, const char *path)
{
    f->target = (struct hr_target) { .path = path != NULL ? path : ".", .named = path != NULL };
    f->have.target = f->have.survey = (struct once) { .done = false };
}

static void find_target(struct hr_facts *f, struct hr_target *t)
{
    struct hr_error err = HR_ERROR_INIT;
    hr_buf_reset(&f->real);
    int r = hr_root_real(f->root, t->path, &f->real, &err);
    if (r == 0) {
        t->real = f->real.data;
        t->mount = hr_mounts_holding(hr_facts_mounts(f), t->real);
        t->there = hr_truth_of(hr_root_exists(f->root, t->real));
    } else {
        t->there = r == HR_E_NOT_FOUND ? hr_truth_of(false) : hr_truth_unknown("%.90s", err.text);
    }
}

const struct hr_target *hr_facts_target(struct hr_facts *f)
{
    ONCE (f, target)
        find_target(f, &f->target);
    return &f->target;
}

const struct hr_survey *hr_facts_survey(struct hr_facts *f)
{
    ONCE (f, survey) {
        const struct hr_target *t = hr_facts_target(f);
        enum hr_place place = t->mount != NULL ? t->mount->place : HR_PLACE_NETWORK;
        bool foreign = place != HR_PLACE_NATIVE && place != HR_PLACE_RAM && place != HR_PLACE_OVERLAY;
        if (t->real != NULL && t->there.known && t->there.v)
            hr_survey_read(f->root, t->real, foreign, &f->survey);
        else
            f->survey = (struct hr_survey) { .there = t->there };
    }
    return &f->survey;
}
