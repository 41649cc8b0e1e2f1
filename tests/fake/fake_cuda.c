/* A stand-in for libcuda.so.1.  Environment: FAKE_CUDA = init:N (cuInit gives error N) | hang | crash; FAKE_CUDA_DEVICES (1),
 * FAKE_CUDA_DRIVER (12090). */
#include <signal.h>
#include <stdint.h>
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

/* --- launching: a card of capability FAKE_CUDA_CC (120) that computes what the one kernel of src/gpu/launch.c computes.
 * FAKE_CUDA = launch:N (cuLaunchKernel gives N) | wrong (its result is wrong) --- */

static unsigned cc(void)
{
    const char *v = getenv("FAKE_CUDA_CC");
    return v != NULL ? (unsigned)atoi(v) : 120;
}

static const char *mode(void)
{
    const char *m = getenv("FAKE_CUDA");
    return m != NULL ? m : "";
}

API int cuDeviceGet(int *device, int number);
int cuDeviceGet(int *device, int number)
{
    int n = 0;
    cuDeviceGetCount(&n);
    *device = number;
    return number >= 0 && number < n ? 0 : 101;
}

API int cuDeviceGetAttribute(int *value, int which, int device);
int cuDeviceGetAttribute(int *value, int which, int device)
{
    (void)device;
    *value = (int)(which == 75 ? cc() / 10 : cc() % 10);
    return which == 75 || which == 76 ? 0 : 1;
}

API int cuDevicePrimaryCtxRetain(void **context, int device);
int cuDevicePrimaryCtxRetain(void **context, int device)
{
    static int one;
    (void)device;
    *context = &one;
    return 0;
}

API int cuCtxSetCurrent(void *context);
int cuCtxSetCurrent(void *context)
{
    return context != NULL ? 0 : 201;
}

API int cuDevicePrimaryCtxRelease_v2(int device);
int cuDevicePrimaryCtxRelease_v2(int device)
{
    (void)device;
    return 0;
}

/* SASS of the same major and no newer minor, or PTX no newer than the card: the driver's rule. */
static int fits(const unsigned char *image)
{
    uint16_t head;
    uint64_t size, at;
    memcpy(&head, image + 6, sizeof head);
    memcpy(&size, image + 8, sizeof size);
    for (at = head; at + 64 <= head + size;) {
        uint16_t kind;
        uint32_t entry, of;
        uint64_t code;
        memcpy(&kind, image + at, sizeof kind);
        memcpy(&entry, image + at + 4, sizeof entry);
        memcpy(&code, image + at + 8, sizeof code);
        memcpy(&of, image + at + 28, sizeof of);
        if ((kind == 2 && of / 10 == cc() / 10 && of <= cc()) || (kind == 1 && of <= cc()))
            return 0;
        at += entry + code;
    }
    return 209;
}

API int cuModuleLoadData(void **module, const void *image);
int cuModuleLoadData(void **module, const void *image)
{
    static const unsigned char magic[] = { 0x50, 0xed, 0x55, 0xba };
    *module = malloc(1);
    if (memcmp(image, magic, sizeof magic) == 0)
        return fits(image);
    return strncmp(image, ".version", 8) == 0 && strstr(image, "headrace_mark") != NULL ? 0 : 200;
}

API int cuModuleUnload(void *module);
int cuModuleUnload(void *module)
{
    free(module);
    return 0;
}

API int cuModuleGetFunction(void **function, void *module, const char *name);
int cuModuleGetFunction(void **function, void *module, const char *name)
{
    *function = module;
    return strcmp(name, "headrace_mark") == 0 ? 0 : 500;
}

API int cuMemAlloc_v2(uint64_t *memory, size_t n);
int cuMemAlloc_v2(uint64_t *memory, size_t n)
{
    *memory = (uint64_t)(uintptr_t)calloc(1, n);
    return *memory != 0 ? 0 : 2;
}

API int cuMemFree_v2(uint64_t memory);
int cuMemFree_v2(uint64_t memory)
{
    free((void *)(uintptr_t)memory);
    return 0;
}

API int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t n);
int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t n)
{
    memcpy(to, (const void *)(uintptr_t)from, n);
    return 0;
}

API int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
                       void *stream, void **args, void **extra);
int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
                   void *stream, void **args, void **extra)
{
    uint64_t out;
    uint32_t key;
    if (strncmp(mode(), "launch:", 7) == 0)
        return atoi(mode() + 7);
    if (function == NULL || gx * gy * gz * by * bz != 1 || shared != 0 || stream != NULL || extra != NULL)
        return 1;
    memcpy(&out, args[0], sizeof out);
    memcpy(&key, args[1], sizeof key);
    for (uint32_t i = 0; i < bx; i++)
        ((uint32_t *)(uintptr_t)out)[i] = strcmp(mode(), "wrong") == 0 ? key : i ^ key;
    return 0;
}

API int cuCtxSynchronize(void);
int cuCtxSynchronize(void)
{
    return 0;
}
