#include "gpu_child.h"

#include "clock.h"

#include <stdio.h>

enum hr_gpu_heard hr_gpu_child(int (*fn)(void *ctx, struct hr_buf *out), void *ctx, uint64_t deadline_ns,
                               const char *whom, struct hr_buf *text, char say[256])
{
    struct hr_ran ran = { HR_END_EXIT, 0 };
    struct hr_error why = HR_ERROR_INIT;
    size_t before = text->len;
    int r = hr_run_call(fn, ctx, hr_now() + deadline_ns, text, &ran, &why);
    if (r == 0 && ran.end == HR_END_EXIT && ran.number == 0 && text->len != before)
        return HR_GPU_HEARD;
    text->len = before;
    if (text->cap != 0)
        text->data[before] = 0;
    if (r < 0) {
        snprintf(say, 256, "%s", why.text);
    } else if (ran.end == HR_END_TIMEOUT) {
        snprintf(say, 256, "%s did not answer within %.1f s: the driver hangs", whom, (double)deadline_ns * 1e-9);
        return HR_GPU_HANGS;
    } else if (ran.end == HR_END_SIGNAL) {
        snprintf(say, 256, "%s ended its process with signal %d", whom, ran.number);
        return HR_GPU_CRASHED;
    } else {
        snprintf(say, 256, "the process that asks %s ended without an answer", whom);
    }
    return HR_GPU_NOTHING;
}
