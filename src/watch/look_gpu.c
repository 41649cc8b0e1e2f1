/* The GPUs, as the asker's child last told them. */
#include "watch_inside.h"

#include "clock.h"

#include <stdio.h>
#include <string.h>

#define FIRST_WAIT (2 * HR_SECOND)

int hr_look_gpu_open(struct hr_watch *w, struct hr_error *err)
{
    if (w->options.no_gpus)
        return 0;
    if (!w->sight.live)
        return hr_gpus_read(w->sight.root, 0, &w->gpu.captured, err);
    return hr_gpu_asker_open(w->sight.root, &w->gpu.asker, err);
}

void hr_look_gpu_close(struct hr_watch *w)
{
    hr_gpu_asker_close(w->gpu.asker);
    hr_gpus_free(w->gpu.captured);
}

static void processes(const struct hr_gpu *g, struct hr_gpu_load *to)
{
    uint64_t sum = 0;
    bool all = g->process_n <= HR_MODEL_GPU_PROCESSES && g->processes.known;
    to->processes = g->processes;
    to->process_n = 0;
    for (size_t i = 0; i < g->process_n && to->process_n < HR_MODEL_GPU_PROCESSES; i++) {
        const struct hr_gpu_process *p = &g->process[i];
        all &= p->vram.known;
        sum += p->vram.known ? p->vram.v : 0;
        to->process[to->process_n++] = (struct hr_gpu_process_load) {
            (int)p->pid, p->graphics, p->vram.known ? HR_READ(p->vram.v) : HR_UNREAD(HR_WHY_WDDM)
        };
    }
    if (all && g->used.known)
        hr_set(&to->unowned, g->used.v > sum ? g->used.v - sum : 0);
    else
        hr_unset(&to->unowned, "the driver does not tell what each process holds");
}

static void one(const struct hr_gpu *g, struct hr_gpu_load *to)
{
    to->name = g->name;
    to->uuid = g->uuid;
    to->bus = g->bus;
    static const struct {
        size_t from, to;
    } same[] = {
#define SAME(m) { offsetof(struct hr_gpu, m), offsetof(struct hr_gpu_load, m) }
        SAME(memory), SAME(used), SAME(free), SAME(busy), SAME(memory_busy), SAME(celsius), SAME(milliwatts),
        SAME(milliwatts_limit), SAME(sm_mhz), SAME(sm_mhz_max), SAME(memory_mhz), SAME(memory_mhz_max), SAME(throttle),
        SAME(pcie_gen), SAME(pcie_gen_max), SAME(pcie_width), SAME(pcie_width_max),
#undef SAME
    };
    for (size_t i = 0; i < HR_COUNT(same); i++)
        memcpy((char *)to + same[i].to, (const char *)g + same[i].from, sizeof(struct hr_figure));
    if (to->busy.known && to->busy.v > 100)
        hr_unset(&to->busy, "the driver tells more than 100 %");
    processes(g, to);
}

static void all(struct hr_watch *w, const struct hr_gpus *g)
{
    struct hr_gpus_load *l = &w->model->gpus;
    l->n = (unsigned)HR_MIN(g->n, (size_t)HR_MODEL_GPUS);
    l->cut = g->count.known && g->count.v > l->n ? (unsigned)(g->count.v - l->n) : 0;
    l->driver = g->driver;
    for (unsigned i = 0; i < l->n; i++)
        one(&g->gpu[i], &l->gpu[i]);
    l->known = g->state == HR_GPUS_READ ? hr_truth_of(true) : hr_truth_unknown("%.90s", g->say);
    snprintf(l->say, sizeof l->say, "%.250s", g->state == HR_GPUS_READ ? "" : g->say);
}

static void pcie(struct hr_watch *w, const struct hr_gpu_told *t)
{
    struct hr_look_gpu *l = &w->gpu;
    uint64_t span = l->counted_at == 0 ? 0 : t->at - l->counted_at;
    for (unsigned i = 0; i < w->model->gpus.n; i++) {
        struct hr_gpu_load *g = &w->model->gpus.gpu[i];
        const struct hr_figure *s = &t->pcie_sent[i], *r = &t->pcie_received[i];
        hr_rate_figure(&g->pcie_sent, &l->sent[i], s->known, s->v, span, s->why, false);
        hr_rate_figure(&g->pcie_received, &l->received[i], r->known, r->v, span, r->why, false);
    }
    l->counted_at = t->at;
}

static void captured(struct hr_watch *w)
{
    if (w->model->seq != 1)
        return;
    all(w, w->gpu.captured);
    for (unsigned i = 0; i < w->model->gpus.n; i++) {
        struct hr_gpu_load *g = &w->model->gpus.gpu[i];
        hr_unset(&g->pcie_sent, hr_why_text(HR_WHY_CAPTURED));
        hr_unset(&g->pcie_received, hr_why_text(HR_WHY_CAPTURED));
    }
}

void hr_look_gpu(struct hr_watch *w)
{
    struct hr_gpus_load *l = &w->model->gpus;
    if (w->options.no_gpus) {
        l->known = hr_truth_unknown("not asked");
        return;
    }
    if (w->gpu.captured != NULL) {
        captured(w);
        return;
    }
    uint64_t now = hr_now();
    /* The first report waits a moment: NVML takes some 100 ms to start. */
    struct hr_gpu_told t = w->rare.closely ? hr_gpu_asker_wait(w->gpu.asker, now + FIRST_WAIT) : hr_gpu_asker_look(w->gpu.asker, now);
    w->sight.calls += 2;
    w->child_cpu = t.cpu;
    if (t.gpus == NULL) {
        l->n = 0;
        snprintf(l->say, sizeof l->say, "%s", t.say[0] != 0 ? t.say : "the driver has not answered yet");
        l->known = hr_truth_unknown("%.90s", l->say);
        return;
    }
    if (t.fresh) {
        all(w, t.gpus);
        pcie(w, &t);
    }
    l->age = now > t.at ? now - t.at : 0;
    l->stale = t.gpus->state == HR_GPUS_READ && (t.late || t.say[0] != 0 || l->age > 5 * HR_SECOND);
    if (t.say[0] != 0)
        snprintf(l->say, sizeof l->say, "%s", t.say);
    else if (!l->stale && l->known.known)
        l->say[0] = 0;
}
