/* The answer "nvml" as a text and back.  One table per struct tells the members; writer and reader walk the same. */
#include "gpus.h"

#include "json_known.h"
#include "json_small.h"
#include "mem.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_MAX = 32 << 20, TEXT_MAX = 4 << 20 };
enum member_kind { FIGURE, TRUTH, WORD };
struct member {
    const char *key;
    size_t offset;
    enum member_kind kind;
};

#define GPU(m, kind)                         \
    {                                        \
#m, offsetof(struct hr_gpu, m), kind \
    }
static const struct member gpu_members[] = {
    GPU(name, WORD),
    GPU(uuid, WORD),
    GPU(bus, WORD),
    GPU(cc, FIGURE),
    GPU(memory, FIGURE),
    GPU(used, FIGURE),
    GPU(free, FIGURE),
    GPU(busy, FIGURE),
    GPU(memory_busy, FIGURE),
    GPU(celsius, FIGURE),
    GPU(milliwatts, FIGURE),
    GPU(milliwatts_limit, FIGURE),
    GPU(sm_mhz, FIGURE),
    GPU(sm_mhz_max, FIGURE),
    GPU(memory_mhz, FIGURE),
    GPU(memory_mhz_max, FIGURE),
    GPU(throttle, FIGURE),
    GPU(pcie_gen, FIGURE),
    GPU(pcie_gen_max, FIGURE),
    GPU(pcie_width, FIGURE),
    GPU(pcie_width_max, FIGURE),
    GPU(ecc, TRUTH),
    GPU(persistence, TRUTH),
    GPU(mig, TRUTH),
    GPU(ecc_uncorrected, FIGURE),
    GPU(ecc_corrected, FIGURE),
    GPU(compute_mode, FIGURE),
    GPU(driver_model, FIGURE),
    GPU(processes, FIGURE),
};

#define ALL(m, kind)                          \
    {                                         \
#m, offsetof(struct hr_gpus, m), kind \
    }
static const struct member all_members[] = {
    ALL(library, WORD), ALL(driver, WORD), ALL(nvml, WORD), ALL(cuda, FIGURE), ALL(count, FIGURE),
};

static const char *const states[] = { "read", "no library", "no symbol", "refused", "hangs", "crashed", "unreadable" };

/* --- writing --- */

static void write_members(const void *p, const struct member *m, size_t n, struct hr_jw *w)
{
    for (size_t i = 0; i < n; i++) {
        const void *at = (const char *)p + m[i].offset;
        if (m[i].kind == FIGURE)
            hr_jw_kfigure(w, m[i].key, at);
        else if (m[i].kind == TRUTH)
            hr_jw_ktruth(w, m[i].key, at);
        else
            hr_jw_kword(w, m[i].key, at);
    }
}

void hr_gpu_write(const struct hr_gpu *gpu, struct hr_jw *w)
{
    write_members(gpu, gpu_members, HR_COUNT(gpu_members), w);
    hr_jw_key(w, "process");
    hr_jw_array(w);
    for (size_t i = 0; i < gpu->process_n; i++) {
        hr_jw_object_flat(w);
        hr_jw_ku64(w, "pid", gpu->process[i].pid);
        hr_jw_kbool(w, "graphics", gpu->process[i].graphics);
        hr_jw_kfigure(w, "vram", &gpu->process[i].vram);
        hr_jw_end(w);
    }
    hr_jw_end(w);
}

bool hr_gpus_write(const struct hr_gpus *g, struct hr_buf *text)
{
    struct hr_jw w = HR_JW_INIT(text, 1);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "state", states[g->state]);
    hr_jw_ki64(&w, "error", g->error);
    hr_jw_kstr(&w, "say", g->say);
    write_members(g, all_members, HR_COUNT(all_members), &w);
    hr_jw_key(&w, "gpu");
    hr_jw_array(&w);
    for (size_t i = 0; i < g->n; i++) {
        hr_jw_object(&w);
        hr_gpu_write(&g->gpu[i], &w);
        hr_jw_end(&w);
    }
    hr_jw_end(&w);
    hr_jw_end(&w);
    hr_buf_addc(text, '\n');
    return hr_jw_done(&w) && !text->failed;
}

/* --- reading: what is not there, or of another kind, is unknown --- */

static void read_members(const struct hr_js *o, const struct member *m, size_t n, void *p)
{
    for (size_t i = 0; i < n; i++) {
        void *at = (char *)p + m[i].offset;
        if (m[i].kind == FIGURE)
            *(struct hr_figure *)at = hr_js_kfigure(o, m[i].key);
        else if (m[i].kind == TRUTH)
            *(struct hr_truth *)at = hr_js_ktruth(o, m[i].key);
        else
            *(struct hr_word *)at = hr_js_kword(o, m[i].key);
    }
}

static int read_processes(const struct hr_js *list, struct hr_gpu *gpu, struct hr_error *err)
{
    if (list == NULL || list->type != HR_JS_ARRAY || list->n == 0)
        return 0;
    gpu->process = hr_calloc(HR_MIN(list->n, (uint32_t)HR_GPU_PROCESSES_MAX), sizeof *gpu->process);
    if (gpu->process == NULL)
        return hr_fail_nomem(err, list->n * sizeof *gpu->process, "the processes on a GPU");
    for (const struct hr_js *p = list->child; p != NULL && gpu->process_n < HR_GPU_PROCESSES_MAX; p = p->next) {
        struct hr_figure pid = hr_js_kfigure(p, "pid");
        const struct hr_js *graphics = hr_js_get(p, "graphics");
        if (!pid.known || pid.v > UINT32_MAX)
            continue;
        gpu->process[gpu->process_n++] =
            (struct hr_gpu_process) { (uint32_t)pid.v, graphics != NULL && graphics->type == HR_JS_TRUE,
                                      hr_js_kfigure(p, "vram") };
    }
    return 0;
}

static int read_gpus(const struct hr_js *list, struct hr_gpus *g, struct hr_error *err)
{
    if (list == NULL || list->type != HR_JS_ARRAY || list->n == 0)
        return 0;
    size_t room = HR_MIN(list->n, (uint32_t)HR_GPUS_MAX);
    g->gpu = hr_calloc(room, sizeof *g->gpu);
    if (g->gpu == NULL)
        return hr_fail_nomem(err, room * sizeof *g->gpu, "the GPUs");
    int r = 0;
    for (const struct hr_js *o = list->child; o != NULL && g->n < room && r == 0; o = o->next) {
        read_members(o, gpu_members, HR_COUNT(gpu_members), &g->gpu[g->n]);
        r = read_processes(hr_js_get(o, "process"), &g->gpu[g->n], err);
        g->n++;
    }
    return r;
}

static void read_state(const struct hr_js *top, struct hr_gpus *g)
{
    const struct hr_js *state = hr_js_get(top, "state"), *say = hr_js_get(top, "say"), *error = hr_js_get(top, "error");
    int64_t code = 0;
    g->state = HR_GPUS_UNREADABLE;
    for (size_t i = 0; i < HR_COUNT(states); i++)
        if (state != NULL && state->type == HR_JS_STRING && hr_str_is(state->text, states[i]))
            g->state = (enum hr_gpus_state)i;
    if (error != NULL && error->type == HR_JS_NUMBER && hr_js_i64(error, &code, NULL) == 0)
        g->error = (int)HR_MAX(HR_MIN(code, (int64_t)99999), (int64_t)-1);
    snprintf(g->say, sizeof g->say, "%s",
             say != NULL && say->type == HR_JS_STRING ? say->text.p
             : g->state == HR_GPUS_READ               ? ""
                                                      : "the reading of the GPUs does not say what it is");
}

int hr_gpus_parse(struct hr_str text, struct hr_gpus *g, struct hr_error *err)
{
    struct hr_arena a = HR_ARENA_INIT(ARENA_MAX);
    const struct hr_js *top = NULL;
    struct hr_error why = HR_ERROR_INIT;
    int r = text.n > TEXT_MAX ? hr_fail(&why, HR_E_LIMIT, "the reading of the GPUs is longer than %d bytes", TEXT_MAX)
                              : hr_js_parse(text, "the reading of the GPUs", &a, &top, &why);
    if (r == 0) {
        read_state(top, g);
        read_members(top, all_members, HR_COUNT(all_members), g);
        r = read_gpus(hr_js_get(top, "gpu"), g, err);
    } else if (r != HR_E_NOMEM) {
        g->state = HR_GPUS_UNREADABLE;
        snprintf(g->say, sizeof g->say, "%s", why.text);
        read_members(NULL, all_members, HR_COUNT(all_members), g);
        r = 0;
    } else {
        hr_fail(err, r, "%s", why.text);
    }
    hr_arena_fini(&a);
    return r;
}
