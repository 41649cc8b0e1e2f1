/* A stand-in for libcuda.so.1.  Environment: FAKE_CUDA = init:N (cuInit gives error N) | hang | crash; FAKE_CUDA_DEVICES (1),
 * FAKE_CUDA_DRIVER (12090). */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define API __attribute__((visibility("default")))

API int cuInit(unsigned flags);
int cuInit(unsigned flags)
{
    const char *mode = getenv("FAKE_CUDA");
    if (flags != 0)
        return 1;
    if (mode != NULL && strcmp(mode, "hang") == 0)
        for (;;)
            pause();
    if (mode != NULL && strcmp(mode, "crash") == 0)
        raise(SIGKILL);
    return mode != NULL && strncmp(mode, "init:", 5) == 0 ? atoi(mode + 5) : 0;
}

API int cuDriverGetVersion(int *version);
int cuDriverGetVersion(int *version)
{
    const char *v = getenv("FAKE_CUDA_DRIVER");
    *version = v != NULL ? atoi(v) : 12090;
    return 0;
}

API int cuDeviceGetCount(int *count);
int cuDeviceGetCount(int *count)
{
    const char *v = getenv("FAKE_CUDA_DEVICES");
    *count = v != NULL ? atoi(v) : 1;
    return 0;
}
