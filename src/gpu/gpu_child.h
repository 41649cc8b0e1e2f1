/* A driver's library, asked in a child with a deadline: what it does there stays there. */
#ifndef HR_GPU_CHILD_H
#define HR_GPU_CHILD_H

#include "buf.h"
#include "process.h"

enum hr_gpu_heard {
    HR_GPU_HEARD, /* `text` has what the child wrote */
    HR_GPU_HANGS, /* the deadline passed */
    HR_GPU_CRASHED,
    HR_GPU_NOTHING, /* it could not be started, or ended without an answer */
};

/* `fn` as for hr_run_call; 0 is success.  Otherwise `text` is as before and `say` tells why in one sentence; `whom`: "NVML". */
enum hr_gpu_heard hr_gpu_child(int (*fn)(void *ctx, struct hr_buf *out), void *ctx, uint64_t deadline_ns,
                               const char *whom, struct hr_buf *text, char say[256]);

#endif
