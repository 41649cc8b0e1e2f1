/* What both processes see is `struct shared`, the child's between an asking and its news (helper.h); the asker copies it
 * out, so that a child that dies while it writes spoils nothing that is shown. */
#include "gpu_asker.h"

#include "clock.h"
#include "helper.h"
#include "mapping.h"
#include "mem.h"
#include "nvml.h"

#include <stdio.h>
#include <string.h>

enum { PROCESSES_TOLD = 32 };
#define SECOND UINT64_C(1000000000)
#define REST_FIRST (5 * SECOND)
#define REST_MOST (300 * SECOND)
#define REST_NO_LIBRARY (30 * SECOND) /* what is not installed is not there a moment later: twice this is the first rest */

struct view { /* without pointers that matter: `gpu` and `process` are set on each side */
    struct hr_gpus gpus;
    uint64_t cpu;
    struct hr_gpu gpu[HR_GPUS_MAX];
    struct hr_gpu_process process[HR_GPUS_MAX][PROCESSES_TOLD];
    struct hr_figure sent[HR_GPUS_MAX], received[HR_GPUS_MAX];
};

struct hr_gpu_asker {
    struct hr_helper child;
    struct hr_mapping shared;
    struct view *mine; /* the last answer */
    bool have, asked;
    uint64_t asked_at, told_at;
    uint64_t rest, again_at; /* after a failure: how long, until when */
    char trouble[256];
    /* of the child */
    const char *place[HR_NVML_PLACES];
    struct hr_buf override;
    struct hr_truth wsl, dxg;
    struct hr_nvml nvml;
    struct hr_gpus *own;
};

/* --- in the child --- */

static bool answer(void *ctx)
{
    struct hr_gpu_asker *a = ctx;
    struct view *v = a->shared.p;
    int r = 0;
    if (a->own == NULL) {
        a->own = hr_calloc(1, sizeof *a->own);
        r = a->own == NULL ? -1 : hr_nvml_open(a->place, &a->nvml, a->own, NULL);
    } else {
        r = hr_nvml_again(&a->nvml, a->own, NULL);
    }
    if (r < 0)
        return false;
    v->gpus = *a->own;
    for (size_t i = 0; i < a->own->n; i++) {
        struct hr_gpu *g = &v->gpu[i];
        *g = a->own->gpu[i];
        g->process_n = g->process == NULL ? 0 : HR_MIN(g->process_n, (size_t)PROCESSES_TOLD);
        if (g->process_n != 0)
            memcpy(v->process[i], g->process, g->process_n * sizeof v->process[i][0]);
        hr_nvml_pcie(&a->nvml, (unsigned)i, &v->sent[i], &v->received[i]);
    }
    v->cpu = hr_cpu_process();
    return a->own->state == HR_GPUS_READ;
}

/* --- in the asker --- */

int hr_gpu_asker_open(const struct hr_root *root, struct hr_gpu_asker **ret, struct hr_error *err)
{
    struct hr_gpu_asker *a = hr_calloc(1, sizeof *a);
    if (a == NULL)
        return hr_fail_nomem(err, sizeof *a, "the GPUs");
    a->child.socket = -1;
    a->override = HR_BUF_INIT(4096);
    a->mine = hr_calloc(1, sizeof *a->mine);
    int r = a->mine == NULL ? hr_fail_nomem(err, sizeof *a->mine, "the GPUs") : hr_map_shared(sizeof *a->mine, &a->shared, err);
    if (r < 0) {
        hr_gpu_asker_close(a);
        return r;
    }
    a->wsl = hr_gpus_wsl(root);
    a->dxg = hr_truth_of(hr_root_exists(root, "dev/dxg"));
    hr_root_env(root, "HEADRACE_NVML", &a->override);
    hr_nvml_places((a->wsl.known && a->wsl.v) || a->dxg.v, a->override.data, a->place);
    *ret = a;
    return 0;
}

void hr_gpu_asker_close(struct hr_gpu_asker *a)
{
    if (a == NULL)
        return;
    hr_helper_end(&a->child);
    hr_unmap(&a->shared);
    hr_buf_fini(&a->override);
    hr_free(a->mine);
    hr_free(a);
}

static void fail(struct hr_gpu_asker *a, uint64_t now)
{
    hr_helper_end(&a->child);
    a->asked = false;
    a->rest = a->rest == 0 ? REST_FIRST : HR_MIN(a->rest * 2, REST_MOST);
    a->again_at = now + a->rest;
}

static void take(struct hr_gpu_asker *a, uint64_t now)
{
    const struct view *v = a->shared.p;
    size_t n = HR_MIN(v->gpus.n, (size_t)HR_GPUS_MAX);
    a->mine->gpus = v->gpus;
    a->mine->cpu = v->cpu;
    a->mine->gpus.n = n;
    a->mine->gpus.gpu = a->mine->gpu;
    a->mine->gpus.wsl = a->wsl;
    a->mine->gpus.dxg = a->dxg;
    for (size_t i = 0; i < n; i++) {
        struct hr_gpu *g = &a->mine->gpu[i];
        *g = v->gpu[i];
        g->process = a->mine->process[i];
        g->process_n = HR_MIN(g->process_n, (size_t)PROCESSES_TOLD);
        memcpy(g->process, v->process[i], g->process_n * sizeof *g->process);
        a->mine->sent[i] = v->sent[i];
        a->mine->received[i] = v->received[i];
    }
    a->have = true;
    a->told_at = now;
    a->trouble[0] = 0;
    a->asked = false;
    if (v->gpus.state != HR_GPUS_READ) { /* no library, no driver: the child has ended itself */
        snprintf(a->trouble, sizeof a->trouble, "%.250s", v->gpus.say);
        if (v->gpus.state == HR_GPUS_NO_LIBRARY)
            a->rest = HR_MAX(a->rest, REST_NO_LIBRARY);
        fail(a, now);
    } else {
        a->rest = 0;
    }
}

static void gone(struct hr_gpu_asker *a, uint64_t now)
{
    int sig = 0;
    for (uint64_t until = hr_now() + 20000000; !hr_helper_reap(&a->child, &sig) && hr_now() < until;)
        hr_sleep(500000);
    if (sig != 0)
        snprintf(a->trouble, sizeof a->trouble, "NVML ended its process with signal %d", sig);
    else
        snprintf(a->trouble, sizeof a->trouble, "the process that asks NVML ended without an answer");
    fail(a, now);
}

static void start(struct hr_gpu_asker *a, uint64_t now)
{
    struct hr_error why = HR_ERROR_INIT;
    a->again_at = 0;
    if (hr_helper_start(answer, a, &a->child, &why) == 0)
        return;
    snprintf(a->trouble, sizeof a->trouble, "%.250s", why.text);
    fail(a, now);
}

static bool news(struct hr_gpu_asker *a, uint64_t now)
{
    if (!a->asked)
        return false;
    enum hr_helper_said said = hr_helper_news(&a->child);
    if (said == HR_HELPER_DONE)
        take(a, now);
    else if (said == HR_HELPER_GONE)
        gone(a, now);
    return said == HR_HELPER_DONE;
}

static void ask(struct hr_gpu_asker *a, uint64_t now)
{
    if (a->asked || now < a->again_at)
        return;
    if (a->child.socket < 0)
        start(a, now);
    if (a->child.socket >= 0 && hr_helper_ask(&a->child)) {
        a->asked = true;
        a->asked_at = now;
    } else if (a->child.socket >= 0) {
        gone(a, now);
    }
}

static struct hr_gpu_told told(struct hr_gpu_asker *a, bool fresh, uint64_t now)
{
    struct hr_gpu_told t = { .fresh = fresh, .at = a->told_at };
    t.gpus = a->have ? &a->mine->gpus : NULL;
    t.pcie_sent = a->mine->sent;
    t.pcie_received = a->mine->received;
    t.cpu = a->mine->cpu;
    t.late = a->asked && now - a->asked_at > SECOND;
    if (t.late)
        snprintf(t.say, sizeof t.say, "the driver has not answered for %.0f s", (double)(now - a->asked_at) * 1e-9);
    else
        memcpy(t.say, a->trouble, sizeof t.say);
    return t;
}

struct hr_gpu_told hr_gpu_asker_look(struct hr_gpu_asker *a, uint64_t now)
{
    bool fresh = news(a, now);
    if (a->asked && now - a->asked_at > HR_GPU_ASKER_PATIENCE) {
        snprintf(a->trouble, sizeof a->trouble, "the driver did not answer within %.0f s: it hangs", (double)HR_GPU_ASKER_PATIENCE * 1e-9);
        fail(a, now);
    }
    ask(a, now);
    return told(a, fresh, now);
}

struct hr_gpu_told hr_gpu_asker_wait(struct hr_gpu_asker *a, uint64_t deadline)
{
    bool fresh = news(a, hr_now());
    ask(a, hr_now());
    while (a->asked && hr_now() < deadline && !(fresh |= news(a, hr_now())))
        hr_sleep(2000000);
    return told(a, fresh, hr_now());
}
