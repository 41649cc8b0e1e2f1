/* What NVML and, with --cuda, the CUDA driver tell of this machine, as the texts that a captured root holds. */
#include "cuda.h"
#include "gpus.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct hr_error err = HR_ERROR_INIT;
    struct hr_buf text = HR_BUF_INIT((size_t)16 << 20);
    struct hr_root *root = NULL;
    struct hr_gpus *g = NULL;
    struct hr_cuda c;
    bool cuda = argc > 1 && strcmp(argv[1], "--cuda") == 0;
    int r = hr_root_open(NULL, &root, &err);
    if (r == 0)
        r = cuda ? hr_cuda_read(root, 0, &c, &err) : hr_gpus_read(root, 0, &g, &err);
    bool good = r == 0 && (cuda ? hr_cuda_write(&c, &text) : hr_gpus_write(g, &text));
    if (good)
        fwrite(text.data, 1, text.len, stdout);
    else
        fprintf(stderr, "gpu_reading: %s\n", err.text);
    hr_buf_fini(&text);
    hr_gpus_free(g);
    hr_root_close(root);
    return !good;
}
