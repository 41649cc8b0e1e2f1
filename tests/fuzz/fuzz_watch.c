/* Any bytes as the files of /proc that the watcher reads, twice, so that rates are made of them too. */
#include "kernel_tail.h"
#include "mem.h"
#include "watch_inside.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok)
{
    if (!ok)
        abort();
}

static struct hr_str same(void *ctx, const char *path)
{
    (void)path;
    return *(const struct hr_str *)ctx;
}

static void percent(const struct hr_real *r)
{
    want(r->known ? r->v >= 0 && r->v <= 100.0001 : r->why[0] != 0);
}

static void check(const struct hr_model *m)
{
    const struct hr_account *a = &m->memory;
    uint64_t sum = 0;
    percent(&m->cpu.busy);
    percent(&m->cpu.iowait);
    percent(&m->stall_io.some);
    want(m->disk_n <= HR_MODEL_DISKS && m->link_n <= HR_MODEL_LINKS);
    for (unsigned i = 0; i < m->disk_n; i++)
        want(m->disk[i].busy.why != HR_WHY_KNOWN || m->disk[i].busy.v <= 1000);
    for (unsigned p = 0; p < HR_PARTS; p++)
        sum += a->part[p].why == HR_WHY_KNOWN ? a->part[p].v : 0;
    want(!a->total.known || sum == a->total.v + a->overlap);
    want(a->total.known || a->total.why[0] != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hr_watch *w;
    static struct hr_root *root;
    struct hr_str text = { (const char *)data, size };
    struct hr_stat_line line;
    if (size > 1 << 16)
        return 0;
    if (w == NULL) {
        struct hr_watch_options o = { .no_gpus = true, .no_processes = true };
        want(hr_root_open(NULL, &root, NULL) == 0 && hr_watch_open(root, &o, &w, NULL) == 0);
        w->sight.given = same;
    }
    w->sight.ctx = &text;
    w->model->memory.limit = hr_figure_unknown("not here");
    hr_stat_line(text.p, text.n, &line);
    char told[HR_TAIL_LINE];
    want(!hr_kernel_tail_line(text.p, text.n, told) || (told[0] == '[' && strlen(told) < sizeof told));
    for (int i = 0; i < 2; i++) {
        w->model->span = i == 0 ? 0 : HR_SECOND;
        hr_look_cpu(w);
        hr_look_memory(w);
        hr_look_io(w);
        check(w->model);
        text.n -= text.n / 3; /* counters that go back, lines that end early */
    }
    return 0;
}
