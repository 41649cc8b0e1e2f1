/* Any bytes as a reading of GPUs and of the CUDA driver: what is taken must survive being written and read again. */
#include "cuda.h"
#include "gpus.h"
#include "mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drop(struct hr_gpus *g)
{
    for (size_t i = 0; i < g->n; i++)
        hr_free(g->gpu[i].process);
    hr_free(g->gpu);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hr_gpus a, b;
    struct hr_buf one = HR_BUF_INIT((size_t)16 << 20), two = HR_BUF_INIT((size_t)16 << 20);
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    if (hr_gpus_parse((struct hr_str) { (const char *)data, size }, &a, NULL) == 0 && hr_gpus_write(&a, &one)) {
        if (hr_gpus_parse(hr_buf_str(&one), &b, NULL) != 0 || !hr_gpus_write(&b, &two) || b.n != a.n ||
            b.state != a.state || strcmp(one.data, two.data) != 0)
            abort();
    }
    drop(&a);
    drop(&b);
    struct hr_cuda c, d;
    hr_buf_reset(&one);
    hr_buf_reset(&two);
    if (hr_cuda_parse((struct hr_str) { (const char *)data, size }, &c, NULL) == 0 && hr_cuda_write(&c, &one) &&
        (hr_cuda_parse(hr_buf_str(&one), &d, NULL) != 0 || d.state != c.state || d.devices.v != c.devices.v))
        abort();
    hr_buf_fini(&one);
    hr_buf_fini(&two);
    return 0;
}
