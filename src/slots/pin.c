#include "pin.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* From the CUDA driver API's documentation: cuMemHostRegister flag PORTABLE = pinned for all contexts. */
enum { CU_OK = 0, CU_HOST_PORTABLE = 1 };

static void off(struct hr_pinner *p, const char *fmt, ...) HR_PRINTF(2, 3);
static void off(struct hr_pinner *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->reason, sizeof p->reason, fmt, ap);
    va_end(ap);
    p->on = false;
}

static bool symbol(struct hr_pinner *p, const char *name, void *to)
{
    void *s = hr_dl_symbol(&p->dl, name);
    memcpy(to, &s, sizeof s);
    if (s == NULL)
        off(p, "the CUDA driver has no %s", name);
    return s != NULL;
}

static void load(struct hr_pinner *p)
{
    int (*init)(unsigned), (*context_retain)(void **, int);
    struct hr_error err = HR_ERROR_INIT;
    if (hr_dl_open("libcuda.so.1", &p->dl, &err) < 0) {
        off(p, "no CUDA driver here (libcuda.so.1 cannot be loaded)");
        return;
    }
    if (!symbol(p, "cuInit", &init) || !symbol(p, "cuDevicePrimaryCtxRetain", &context_retain) ||
        !symbol(p, "cuDevicePrimaryCtxRelease_v2", &p->context_release) || !symbol(p, "cuCtxPushCurrent_v2", &p->push) ||
        !symbol(p, "cuCtxPopCurrent_v2", &p->pop) || !symbol(p, "cuMemHostRegister_v2", &p->host_register) ||
        !symbol(p, "cuMemHostUnregister", &p->host_unregister))
        return;
    int r = init(0);
    if (r == CU_OK)
        r = context_retain(&p->context, p->device);
    if (r != CU_OK) {
        off(p, "the CUDA driver cannot be used (its error %d)", r);
        return;
    }
    p->on = true;
}

void hr_pinner_init(struct hr_pinner *p, bool wanted)
{
    memset(p, 0, sizeof *p);
    pthread_mutex_init(&p->lock, NULL);
    if (wanted)
        load(p);
}

void hr_pinner_fini(struct hr_pinner *p)
{
    if (p->context != NULL)
        p->context_release(p->device);
    p->context = NULL;
    p->on = false;
    hr_dl_close(&p->dl);
    pthread_mutex_destroy(&p->lock);
}

bool hr_pin(struct hr_pinner *p, void *at, size_t n)
{
    void *old;
    pthread_mutex_lock(&p->lock);
    bool done = p->on;
    if (done) {
        int r = p->push(p->context);
        if (r == CU_OK) {
            r = p->host_register(at, n, CU_HOST_PORTABLE);
            p->pop(&old);
        }
        done = r == CU_OK;
        if (done)
            p->bytes += n;
        else
            off(p, "%zu bytes could not be pinned after %llu (the CUDA driver's error %d)", n, (unsigned long long)p->bytes, r);
    }
    pthread_mutex_unlock(&p->lock);
    return done;
}

void hr_unpin(struct hr_pinner *p, void *at, size_t n)
{
    void *old;
    pthread_mutex_lock(&p->lock);
    if (p->push(p->context) == CU_OK) {
        p->host_unregister(at);
        p->pop(&old);
    }
    p->bytes -= n;
    pthread_mutex_unlock(&p->lock);
}
