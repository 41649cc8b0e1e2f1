/* The GPUs again and again, without ever waiting for a driver: a child keeps NVML open and is asked; what it said last is
 * there with its age.  A child that hangs is killed after HR_GPU_ASKER_PATIENCE and started again later, at growing
 * intervals; one that cannot be killed is left behind. */
#ifndef HR_GPU_ASKER_H
#define HR_GPU_ASKER_H

#include "gpus.h"

#define HR_GPU_ASKER_PATIENCE UINT64_C(10000000000)

struct hr_gpu_told {
    const struct hr_gpus *gpus; /* NULL: nothing was ever said */
    const struct hr_figure *pcie_sent, *pcie_received; /* counters, one per GPU */
    bool fresh;       /* newer than at the call before */
    uint64_t at;      /* when it was taken */
    bool late;        /* the child has not answered the last question within 1 s */
    char say[256];    /* what is wrong; "" while all is well */
    uint64_t cpu;     /* CPU time of the child, ns */
};

struct hr_gpu_asker;
/* For a live root.  Starts the child; a machine without NVML is told by the first answer. */
int hr_gpu_asker_open(const struct hr_root *root, struct hr_gpu_asker **ret, struct hr_error *err) HR_MUST_USE;
void hr_gpu_asker_close(struct hr_gpu_asker *a); /* accepts NULL */
/* Takes what has come, and asks again unless a question is open. */
struct hr_gpu_told hr_gpu_asker_look(struct hr_gpu_asker *a, uint64_t now);
/* The same, but waits until the question is answered, at most until `deadline`. */
struct hr_gpu_told hr_gpu_asker_wait(struct hr_gpu_asker *a, uint64_t deadline);

#endif
