/* A Python program that nothing else gives away trains when it has the libraries for it in its memory.  Looked at once, when it has grown
 * to what these take. */
#include "rare_inside.h"

#include "clock.h"

#include <string.h>

#define LIBRARIES_FROM (100 * HR_RARE_MIB)

static bool has_them(struct hr_watch *w, int pid)
{
    static const char *const signs[] = { "/libcuda.so", "/libtorch_cuda", "/libtorch_cpu", "/xla_extension", "/libtensorflow", "/libcudart" };
    struct hr_str maps = hr_rare_maps(w, pid);
    for (size_t i = 0; i < HR_COUNT(signs); i++)
        if (memmem(maps.p, maps.n, signs[i], strlen(signs[i])) != NULL)
            return true;
    return false;
}

static bool asks(const struct hr_watch *w, unsigned row)
{
    const struct hr_proc_load *p = &w->model->proc[row];
    const struct hr_proc_more *more = &w->procs.more[row];
    return (more->flags & (HR_FLAG_PYTHON | HR_FLAG_MAPPED | HR_FLAG_WORKER)) == HR_FLAG_PYTHON && more->duty == HR_DUTY_NONE && p->job < 0 &&
           p->resident.v >= LIBRARIES_FROM;
}

void hr_rare_libraries(struct hr_watch *w)
{
    for (unsigned i = 0; i < w->model->proc_n && hr_rare_left(w) != 0; i++) {
        struct hr_proc_more *more = &w->procs.more[i];
        if (!asks(w, i))
            continue;
        uint64_t begun = hr_cpu_thread();
        more->flags |= HR_FLAG_MAPPED;
        if (has_them(w, w->model->proc[i].pid)) {
            more->duty = HR_DUTY_RANK;
            w->procs.changed = true;
        }
        hr_rare_spend(w, hr_cpu_thread() - begun);
    }
}
