#include "launch.h"

#include "cuda.h"
#include "dl.h"
#include "gpu_child.h"
#include "json_known.h"

#include <stdio.h>
#include <string.h>

#define DEADLINE_NS UINT64_C(30000000000)
enum { TEXT_MOST = 4096, THREADS = 32, KEY = 0x5eed, DEVICES = 8, MAJOR = 75, MINOR = 76 };

/* Runs on every card since 2014: the driver compiles it.  Thread t writes t ^ key. */
static const char kernel[] = ".version 6.0\n"
                             ".target sm_50\n"
                             ".address_size 64\n"
                             ".visible .entry headrace_mark(.param .u64 out, .param .u32 key)\n"
                             "{\n"
                             "    .reg .b32 %r<4>;\n"
                             "    .reg .b64 %a<4>;\n"
                             "    ld.param.u64 %a1, [out];\n"
                             "    ld.param.u32 %r1, [key];\n"
                             "    cvta.to.global.u64 %a2, %a1;\n"
                             "    mov.u32 %r2, %tid.x;\n"
                             "    mul.wide.u32 %a3, %r2, 4;\n"
                             "    add.s64 %a2, %a2, %a3;\n"
                             "    xor.b32 %r3, %r1, %r2;\n"
                             "    st.global.u32 [%a2], %r3;\n"
                             "    ret;\n"
                             "}\n";

static const char *const states[] = { "ran", "no card", "refused", "wrong", "hangs", "crashed", "unheard" };

const char *hr_launch_state_name(enum hr_launch_state s)
{
    return states[s];
}

/* --- in the child --- */

/* The functions of the driver that are used here, as its API reference declares them (a CUdeviceptr is 64 bits wide). */
struct driver {
    int (*init)(unsigned);
    int (*device_count)(int *);
    int (*device_get)(int *, int);
    int (*device_attribute)(int *, int, int);
    int (*context_retain)(void **, int);
    int (*context_use)(void *);
    int (*context_release)(int);
    int (*module_load)(void **, const void *);
    int (*module_unload)(void *);
    int (*module_function)(void **, void *, const char *);
    int (*memory_get)(uint64_t *, size_t);
    int (*memory_read)(void *, uint64_t, size_t);
    int (*memory_free)(uint64_t);
    int (*launch)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **, void **);
    int (*synchronize)(void);
};

static const struct {
    const char *name;
    size_t at;
} symbols[] = {
    { "cuInit", offsetof(struct driver, init) },
    { "cuDeviceGetCount", offsetof(struct driver, device_count) },
    { "cuDeviceGet", offsetof(struct driver, device_get) },
    { "cuDeviceGetAttribute", offsetof(struct driver, device_attribute) },
    { "cuDevicePrimaryCtxRetain", offsetof(struct driver, context_retain) },
    { "cuCtxSetCurrent", offsetof(struct driver, context_use) },
    { "cuDevicePrimaryCtxRelease_v2", offsetof(struct driver, context_release) },
    { "cuModuleLoadData", offsetof(struct driver, module_load) },
    { "cuModuleUnload", offsetof(struct driver, module_unload) },
    { "cuModuleGetFunction", offsetof(struct driver, module_function) },
    { "cuMemAlloc_v2", offsetof(struct driver, memory_get) },
    { "cuMemcpyDtoH_v2", offsetof(struct driver, memory_read) },
    { "cuMemFree_v2", offsetof(struct driver, memory_free) },
    { "cuLaunchKernel", offsetof(struct driver, launch) },
    { "cuCtxSynchronize", offsetof(struct driver, synchronize) },
};

static bool bind(const struct hr_dl *dl, struct driver *d, struct hr_launch *l)
{
    for (size_t i = 0; i < HR_COUNT(symbols); i++) {
        void *p = hr_dl_symbol(dl, symbols[i].name);
        if (p == NULL) {
            l->state = HR_LAUNCH_NO_CARD;
            snprintf(l->say, sizeof l->say, "the driver's library has no %s", symbols[i].name);
            return false;
        }
        memcpy((char *)d + symbols[i].at, &p, sizeof p);
    }
    return true;
}

static bool good(struct hr_launch *l, int code, const char *call)
{
    if (code == 0)
        return true;
    l->state = HR_LAUNCH_REFUSED;
    l->error = code;
    snprintf(l->call, sizeof l->call, "%s", call);
    snprintf(l->say, sizeof l->say, "%s fails: %s (error %d)", call, hr_cuda_why(code), code);
    return false;
}

/* One that loads is enough: a library may hold code for other cards beside. */
static bool load_images(const struct driver *d, const struct hr_launch_images *images, struct hr_launch *l)
{
    int first = 0;
    l->loaded = 0;
    for (size_t i = 0; i < images->n && l->loaded == 0; i++) {
        void *module = NULL;
        int code = d->module_load(&module, images->image[i].p);
        if (code == 0) {
            l->loaded++;
            code = d->module_unload(module);
            if (code != 0)
                return good(l, code, "cuModuleUnload");
        } else if (first == 0) {
            first = code;
        }
    }
    return l->loaded != 0 || images->n == 0 || good(l, first, "cuModuleLoadData");
}

static bool run_kernel(const struct driver *d, struct hr_launch *l)
{
    uint32_t out[THREADS] = { 0 }, key = KEY;
    uint64_t memory = 0;
    void *module = NULL, *function = NULL, *args[] = { &memory, &key };
    if (!good(l, d->module_load(&module, kernel), "cuModuleLoadData") ||
        !good(l, d->module_function(&function, module, "headrace_mark"), "cuModuleGetFunction") ||
        !good(l, d->memory_get(&memory, sizeof out), "cuMemAlloc") ||
        !good(l, d->launch(function, 1, 1, 1, THREADS, 1, 1, 0, NULL, args, NULL), "cuLaunchKernel") ||
        !good(l, d->synchronize(), "cuCtxSynchronize") ||
        !good(l, d->memory_read(out, memory, sizeof out), "cuMemcpyDtoH") || !good(l, d->memory_free(memory), "cuMemFree") ||
        !good(l, d->module_unload(module), "cuModuleUnload"))
        return false;
    for (unsigned i = 0; i < THREADS; i++)
        if (out[i] != (i ^ key)) {
            l->state = HR_LAUNCH_WRONG;
            snprintf(l->say, sizeof l->say, "a kernel ran on card %u and its result is wrong", l->devices - 1);
            return false;
        }
    return true;
}

static bool on_device(const struct driver *d, int number, const struct hr_launch_images *images, struct hr_launch *l)
{
    int device = 0, major = 0, minor = 0;
    void *context = NULL;
    l->devices = (unsigned)number + 1;
    if (!good(l, d->device_get(&device, number), "cuDeviceGet"))
        return false;
    l->cc = d->device_attribute(&major, MAJOR, device) == 0 && d->device_attribute(&minor, MINOR, device) == 0 && major > 0 &&
                    major < 99 && minor >= 0 && minor < 10 ?
                (unsigned)(major * 10 + minor) :
                0;
    if (!good(l, d->context_retain(&context, device), "cuDevicePrimaryCtxRetain") ||
        !good(l, d->context_use(context), "cuCtxSetCurrent"))
        return false;
    return load_images(d, images, l) && run_kernel(d, l) && good(l, d->context_release(device), "cuDevicePrimaryCtxRelease");
}

struct question {
    struct hr_cuda_places places;
    const struct hr_launch_images *images;
};

static void ask(const struct question *q, struct hr_launch *l)
{
    struct hr_dl dl = { NULL };
    struct driver d;
    struct hr_word library;
    int n = 0;
    if (!hr_cuda_load(&q->places, &dl, &library, l->say)) {
        l->state = HR_LAUNCH_NO_CARD;
        return;
    }
    if (!bind(&dl, &d, l))
        return;
    int code = d.init(0);
    if (code == 0)
        code = d.device_count(&n);
    if (code != 0 || n <= 0) {
        l->state = code == 0 || code == 100 ? HR_LAUNCH_NO_CARD : HR_LAUNCH_REFUSED;
        l->error = code;
        snprintf(l->call, sizeof l->call, "cuInit");
        snprintf(l->say, sizeof l->say, "%s", code == 0 ? "the driver sees no card" : hr_cuda_why(code));
        return;
    }
    for (int i = 0; i < HR_MIN(n, (int)DEVICES); i++)
        if (!on_device(&d, i, q->images, l))
            return;
    l->state = HR_LAUNCH_RAN;
    snprintf(l->say, sizeof l->say, "a kernel ran on %s", l->devices == 1 ? "the card" : "every card");
}

static int in_child(void *ctx, struct hr_buf *out)
{
    struct hr_launch l = { .state = HR_LAUNCH_RAN };
    ask(ctx, &l);
    struct hr_jw w = HR_JW_INIT(out, 0);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "state", states[l.state]);
    hr_jw_ki64(&w, "error", l.error);
    hr_jw_kstr(&w, "call", l.call);
    hr_jw_ku64(&w, "devices", l.devices);
    hr_jw_ku64(&w, "cc", l.cc);
    hr_jw_ku64(&w, "loaded", l.loaded);
    hr_jw_kstr(&w, "say", l.say);
    hr_jw_end(&w);
    return hr_jw_done(&w) ? 0 : 1;
}

/* --- in the parent --- */

static unsigned small(const struct hr_js *top, const char *key)
{
    struct hr_figure f = hr_js_kfigure(top, key);
    return f.known && f.v < 100000 ? (unsigned)f.v : 0;
}

bool hr_launch_parse(struct hr_str text, struct hr_launch *ret)
{
    struct hr_arena a = HR_ARENA_INIT(1 << 20);
    const struct hr_js *top = NULL;
    bool ok = false;
    if (text.n <= TEXT_MOST && hr_js_parse(text, "the answer about a launch", &a, &top, NULL) == 0) {
        struct hr_word state = hr_js_kword(top, "state"), call = hr_js_kword(top, "call"), say = hr_js_kword(top, "say");
        for (size_t i = 0; i < HR_COUNT(states) && !ok; i++)
            if (state.known && strcmp(state.v, states[i]) == 0) {
                *ret = (struct hr_launch) { .state = (enum hr_launch_state)i,
                                            .error = (int)small(top, "error"),
                                            .devices = small(top, "devices"),
                                            .cc = small(top, "cc"),
                                            .loaded = small(top, "loaded") };
                snprintf(ret->call, sizeof ret->call, "%.31s", call.known ? call.v : "");
                snprintf(ret->say, sizeof ret->say, "%s", say.known ? say.v : "");
                ok = true;
            }
    }
    hr_arena_fini(&a);
    return ok;
}

void hr_launch_try(const struct hr_root *root, const struct hr_launch_images *images, uint64_t deadline_ns, struct hr_launch *ret)
{
    static const enum hr_launch_state said[] = {
        [HR_GPU_HANGS] = HR_LAUNCH_HANGS, [HR_GPU_CRASHED] = HR_LAUNCH_CRASHED, [HR_GPU_NOTHING] = HR_LAUNCH_UNHEARD
    };
    struct hr_buf text = HR_BUF_INIT(TEXT_MOST);
    struct question q = { .images = images };
    char say[256] = "";
    hr_cuda_places(root, &q.places);
    enum hr_gpu_heard heard =
        hr_gpu_child(in_child, &q, deadline_ns != 0 ? deadline_ns : DEADLINE_NS, "the CUDA driver", &text, say);
    if (heard != HR_GPU_HEARD || !hr_launch_parse(hr_buf_str(&text), ret)) {
        *ret = (struct hr_launch) { .state = heard == HR_GPU_HEARD ? HR_LAUNCH_UNHEARD : said[heard] };
        snprintf(ret->say, sizeof ret->say, "%s", heard == HR_GPU_HEARD ? "the answer about the launch is malformed" : say);
    }
    hr_buf_fini(&text);
}
