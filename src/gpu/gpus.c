#include "gpus.h"

#include "arch.h"
#include "gpu_child.h"
#include "mem.h"
#include "nvml.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 4 << 20 };
#define DEADLINE_NS UINT64_C(2000000000)

void hr_gpus_free(struct hr_gpus *g)
{
    if (g == NULL)
        return;
    for (size_t i = 0; i < g->n; i++)
        hr_free(g->gpu[i].process);
    hr_free(g->gpu);
    hr_free(g);
}

unsigned hr_gpu_cc(const struct hr_gpu *gpu)
{
    if (gpu->cc.known)
        return (unsigned)gpu->cc.v;
    return gpu->name.known ? hr_card_cc(gpu->name.v, NULL) : 0;
}

unsigned hr_gpus_cc(const struct hr_gpus *g, bool newest)
{
    unsigned best = 0;
    for (size_t i = 0; i < g->n; i++) {
        unsigned cc = hr_gpu_cc(&g->gpu[i]);
        if (cc != 0 && (best == 0 || (newest ? cc > best : cc < best)))
            best = cc;
    }
    return best;
}

/* --- asking --- */

struct question {
    const char *place[HR_NVML_PLACES];
    uint64_t deadline;
};

static int in_child(void *ctx, struct hr_buf *out)
{
    const struct question *q = ctx;
    struct hr_gpus *g = hr_calloc(1, sizeof *g);
    if (g == NULL || hr_nvml_read(q->place, g, NULL) < 0 || !hr_gpus_write(g, out))
        return 1;
    return 0;
}

/* What the child could not say itself. */
static int say_instead(enum hr_gpus_state state, const char *say, struct hr_buf *text, struct hr_error *err)
{
    struct hr_gpus *g = hr_calloc(1, sizeof *g);
    if (g == NULL)
        return hr_fail_nomem(err, sizeof *g, "the GPUs");
    g->state = state;
    snprintf(g->say, sizeof g->say, "%s", say);
    g->library = g->driver = g->nvml = hr_word_unknown("NVML did not answer");
    g->cuda = g->count = hr_figure_unknown("NVML did not answer");
    int r = hr_gpus_write(g, text) ? 0 : hr_fail_nomem(err, 4096, "the GPUs");
    hr_gpus_free(g);
    return r;
}

static int ask(void *ctx, struct hr_buf *text, struct hr_error *err)
{
    static const enum hr_gpus_state states[] = {
        [HR_GPU_HANGS] = HR_GPUS_HANGS, [HR_GPU_CRASHED] = HR_GPUS_CRASHED, [HR_GPU_NOTHING] = HR_GPUS_UNREADABLE
    };
    const struct question *q = ctx;
    char say[256];
    enum hr_gpu_heard heard = hr_gpu_child(in_child, ctx, q->deadline, "NVML", text, say);
    return heard == HR_GPU_HEARD ? 0 : say_instead(states[heard], say, text, err);
}

/* --- the whole --- */

struct hr_truth hr_gpus_wsl(const struct hr_root *root)
{
    struct hr_buf b = HR_BUF_INIT(512);
    struct hr_error err = HR_ERROR_INIT;
    int r = hr_root_read(root, "proc/sys/kernel/osrelease", &b, &err);
    struct hr_truth wsl = r < 0 ? hr_truth_unknown("%s", err.text)
                                : hr_truth_of(strstr(b.data, "microsoft") != NULL || strstr(b.data, "WSL2") != NULL);
    hr_buf_fini(&b);
    return wsl;
}

int hr_gpus_read(const struct hr_root *root, uint64_t deadline_ns, struct hr_gpus **ret, struct hr_error *err)
{
    struct question q = { { NULL }, deadline_ns != 0 ? deadline_ns : DEADLINE_NS };
    struct hr_buf text = HR_BUF_INIT(TEXT_MAX), override = HR_BUF_INIT(4096);
    struct hr_error why = HR_ERROR_INIT;
    struct hr_gpus *g = hr_calloc(1, sizeof *g);
    if (g == NULL)
        return hr_fail_nomem(err, sizeof *g, "the GPUs");
    struct hr_truth wsl = hr_gpus_wsl(root), dxg = hr_truth_of(hr_root_exists(root, "dev/dxg"));
    hr_root_env(root, "HEADRACE_NVML", &override);
    hr_nvml_places((wsl.known && wsl.v) || dxg.v, override.data, q.place);
    int r = hr_root_answer(root, "nvml", ask, &q, &text, &why);
    if (r < 0 && r != HR_E_NOMEM) { /* a captured machine on which NVML was not asked: there, or it had none */
        bool device =
            dxg.v || hr_root_exists(root, "dev/nvidiactl") || hr_root_exists(root, "proc/driver/nvidia/version");
        text.len = 0;
        r = say_instead(device ? HR_GPUS_UNREADABLE : HR_GPUS_NO_LIBRARY,
                        "NVML was not asked when this machine was captured", &text, &why);
    }
    if (r == 0)
        r = hr_gpus_parse(hr_buf_str(&text), g, &why);
    g->wsl = wsl;
    g->dxg = dxg;
    hr_buf_fini(&override);
    hr_buf_fini(&text);
    if (r < 0) {
        hr_gpus_free(g);
        return hr_fail(err, r, "%s", why.text);
    }
    *ret = g;
    return 0;
}
