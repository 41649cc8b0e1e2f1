#include "cuda.h"

#include "arena.h"
#include "dl.h"
#include "gpu_child.h"
#include "json_known.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 65536 };
#define DEADLINE_NS UINT64_C(20000000000)

/* Source: the CUDA driver API reference (CUresult); what each means in practice: the issues named beside it. */
static const struct {
    int code;
    const char *why, *advice;
} errors[] = {
    { 2, "out of memory", "end what holds VRAM: nvidia-smi shows it" },
    { 3, "the driver was not started, or the process was forked after it was", NULL },
    { 34, "the library is a link stub of a toolkit, not a driver",
      "take the toolkit's folder stubs out of LD_LIBRARY_PATH" },
    { 100, "no CUDA device is found",
      "look at CUDA_VISIBLE_DEVICES; on WSL2 update the driver in Windows and remove any Linux driver inside" },
    { 101, "a device number names none", "look at CUDA_VISIBLE_DEVICES" },
    { 200, "the GPU code is no valid image: it is damaged, or of another machine", NULL },
    { 209, "no kernel image is available for execution on the device: the code was built for other cards",
      "build for the card: headrace build --arch" },
    { 218, "the driver cannot compile the PTX", "update the driver, or build for the card itself" },
    { 222, "PTX is newer than the driver", "update the driver, or build for the card itself" },
    { 802, "the system is not ready: on machines with NVSwitch the fabric manager must run",
      "sudo systemctl start nvidia-fabricmanager" },
    { 803, "the driver's library and its kernel module are of different versions", "restart the machine" },
    { 804, "forward compatibility was tried on a card that does not have it",
      "remove the package cuda-compat, or take its folder out of LD_LIBRARY_PATH" },
    { 999, "the driver failed inside and does not say why",
      "on WSL2 look whether /dev/dxg is there and run wsl --shutdown in Windows; elsewhere read the kernel's log" },
};

const char *hr_cuda_why(int code)
{
    for (size_t i = 0; i < HR_COUNT(errors); i++)
        if (errors[i].code == code)
            return errors[i].why;
    return "a code that is not known here";
}

const char *hr_cuda_advice(int code)
{
    for (size_t i = 0; i < HR_COUNT(errors); i++)
        if (errors[i].code == code)
            return errors[i].advice;
    return NULL;
}

/* --- the text --- */

static const char *const states[] = { "read", "no library", "no symbol", "refused", "hangs", "crashed", "unreadable" };

bool hr_cuda_write(const struct hr_cuda *c, struct hr_buf *text)
{
    struct hr_jw w = HR_JW_INIT(text, 1);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "state", states[c->state]);
    hr_jw_ki64(&w, "error", c->error);
    hr_jw_kstr(&w, "say", c->say);
    hr_jw_kword(&w, "library", &c->library);
    hr_jw_kfigure(&w, "driver", &c->driver);
    hr_jw_kfigure(&w, "devices", &c->devices);
    hr_jw_end(&w);
    hr_buf_addc(text, '\n');
    return hr_jw_done(&w) && !text->failed;
}

static void nothing(struct hr_cuda *c, enum hr_cuda_state state, const char *say)
{
    memset(c, 0, sizeof *c);
    c->state = state;
    snprintf(c->say, sizeof c->say, "%s", say);
    c->library = hr_word_unknown("the driver was not asked");
    c->driver = c->devices = hr_figure_unknown("the driver was not asked");
}

int hr_cuda_parse(struct hr_str text, struct hr_cuda *ret, struct hr_error *err)
{
    struct hr_arena a = HR_ARENA_INIT(4 << 20);
    struct hr_error why = HR_ERROR_INIT;
    const struct hr_js *top = NULL;
    nothing(ret, HR_CUDA_UNREADABLE, "the reading of the CUDA driver does not say what it is");
    int r = text.n > TEXT_MAX
                ? hr_fail(&why, HR_E_LIMIT, "the reading of the CUDA driver is longer than %d bytes", TEXT_MAX)
                : hr_js_parse(text, "the reading of the CUDA driver", &a, &top, &why);
    if (r == 0) {
        struct hr_word state = hr_js_kword(top, "state"), say = hr_js_kword(top, "say");
        struct hr_figure error = hr_js_kfigure(top, "error");
        for (size_t i = 0; i < HR_COUNT(states); i++)
            if (state.known && strcmp(state.v, states[i]) == 0) {
                ret->state = (enum hr_cuda_state)i;
                snprintf(ret->say, sizeof ret->say, "%s", say.known ? say.v : "");
            }
        ret->error = error.known && error.v < 100000 ? (int)error.v : 0;
        ret->library = hr_js_kword(top, "library");
        ret->driver = hr_js_kfigure(top, "driver");
        ret->devices = hr_js_kfigure(top, "devices");
    } else if (r == HR_E_NOMEM) {
        hr_fail(err, r, "%s", why.text);
    } else {
        snprintf(ret->say, sizeof ret->say, "%s", why.text);
        r = 0;
    }
    hr_arena_fini(&a);
    return r;
}

/* --- asking --- */

struct question {
    struct hr_cuda_places places;
    uint64_t deadline;
};

void hr_cuda_places(const struct hr_root *root, struct hr_cuda_places *ret)
{
    struct hr_buf own = HR_BUF_INIT(sizeof ret->own);
    bool told = hr_root_env(root, "HEADRACE_CUDA", &own);
    snprintf(ret->own, sizeof ret->own, "%s", told ? own.data : "");
    hr_buf_fini(&own);
}

bool hr_cuda_load(const struct hr_cuda_places *places, struct hr_dl *dl, struct hr_word *ret_library, char say[256])
{
    static const char *const usual[] = { "libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1", "/run/opengl-driver/lib/libcuda.so.1",
                                         "/usr/local/nvidia/lib64/libcuda.so.1" };
    struct hr_error first = HR_ERROR_INIT, err;
    size_t n = places->own[0] != 0 ? 1 : HR_COUNT(usual);
    for (size_t i = 0; i < n; i++) {
        const char *place = places->own[0] != 0 ? places->own : usual[i];
        if (hr_dl_open(place, dl, i == 0 ? &first : &err) == 0) {
            struct hr_buf path = HR_BUF_INIT(HR_WORD_MAX);
            *ret_library = hr_word_of(hr_dl_path(dl, &path) ? hr_buf_str(&path) : hr_str(place));
            hr_buf_fini(&path);
            return true;
        }
    }
    snprintf(say, 256, "%.255s", first.text);
    return false;
}

static bool load(const struct question *q, struct hr_dl *dl, struct hr_cuda *c)
{
    char say[256] = "";
    if (hr_cuda_load(&q->places, dl, &c->library, say))
        return true;
    nothing(c, HR_CUDA_NO_LIBRARY, say);
    return false;
}

static struct hr_figure asked(const struct hr_dl *dl, const char *name, int *ret_v)
{
    int (*fn)(int *) = (int (*)(int *))(uintptr_t)hr_dl_symbol(dl, name);
    int v = 0, code = fn == NULL ? 0 : fn(&v);
    *ret_v = v;
    if (fn == NULL)
        return hr_figure_unknown("the driver has no %s", name);
    if (code != 0 || v < 0)
        return hr_figure_unknown("%s (CUDA %d)", hr_cuda_why(code), code);
    return hr_figure_of((uint64_t)v);
}

static int in_child(void *ctx, struct hr_buf *out)
{
    const struct question *q = ctx;
    struct hr_dl dl = { NULL };
    struct hr_cuda c;
    int v;
    nothing(&c, HR_CUDA_READ, "");
    if (load(q, &dl, &c)) {
        int (*init)(unsigned) = (int (*)(unsigned))(uintptr_t)hr_dl_symbol(&dl, "cuInit");
        c.error = init == NULL ? 0 : init(0);
        c.driver = asked(&dl, "cuDriverGetVersion", &v);
        if (c.driver.known)
            c.driver = hr_figure_of((uint64_t)v / 1000 * 100 + (uint64_t)v % 1000 / 10);
        if (init == NULL) {
            c.state = HR_CUDA_NO_SYMBOL;
            snprintf(c.say, sizeof c.say, "'%s' has no cuInit: it is no CUDA driver", c.library.v);
        } else if (c.error != 0) {
            c.state = HR_CUDA_REFUSED;
            snprintf(c.say, sizeof c.say, "the CUDA driver does not start: %s (error %d)", hr_cuda_why(c.error),
                     c.error);
        } else {
            c.devices = asked(&dl, "cuDeviceGetCount", &v);
        }
    }
    return hr_cuda_write(&c, out) ? 0 : 1; /* the library stays open: closing a driver has crashed before */
}

static int ask(void *ctx, struct hr_buf *text, struct hr_error *err)
{
    static const enum hr_cuda_state said[] = {
        [HR_GPU_HANGS] = HR_CUDA_HANGS, [HR_GPU_CRASHED] = HR_CUDA_CRASHED, [HR_GPU_NOTHING] = HR_CUDA_UNREADABLE
    };
    const struct question *q = ctx;
    char say[256];
    enum hr_gpu_heard heard = hr_gpu_child(in_child, ctx, q->deadline, "the CUDA driver", text, say);
    if (heard == HR_GPU_HEARD)
        return 0;
    struct hr_cuda c;
    nothing(&c, said[heard], say);
    return hr_cuda_write(&c, text) ? 0 : hr_fail_nomem(err, 1024, "the CUDA driver's answer");
}

int hr_cuda_read(const struct hr_root *root, uint64_t deadline_ns, struct hr_cuda *ret, struct hr_error *err)
{
    struct hr_buf text = HR_BUF_INIT(TEXT_MAX);
    struct hr_error why = HR_ERROR_INIT;
    struct question q = { .deadline = deadline_ns != 0 ? deadline_ns : DEADLINE_NS };
    hr_cuda_places(root, &q.places);
    int r = hr_root_answer(root, "cuda", ask, &q, &text, &why);
    if (r == 0)
        r = hr_cuda_parse(hr_buf_str(&text), ret, err);
    else if (r != HR_E_NOMEM) {
        nothing(ret, HR_CUDA_UNREADABLE, "the CUDA driver was not started when this machine was captured");
        r = 0;
    } else {
        hr_fail(err, r, "%s", why.text);
    }
    hr_buf_fini(&text);
    return r;
}
