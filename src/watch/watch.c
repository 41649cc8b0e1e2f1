#include "watch_inside.h"

#include "clock.h"
#include "cpu.h"
#include "give_back.h"
#include "mem.h"
#include "root_value.h"
#include "vm.h"

#include <stdio.h>
#include <string.h>

uint64_t hr_watch_now(const struct hr_watch *w)
{
    return w->options.now != NULL ? w->options.now(w->options.ctx) : hr_now();
}

static void identity(struct hr_watch *w)
{
    struct hr_model *m = w->model;
    struct hr_cpu *cpu = hr_calloc(1, sizeof *cpu);
    struct hr_vm *vm = hr_calloc(1, sizeof *vm);
    m->machine = m->kernel = hr_word_unknown("memory ran out");
    m->cpu.allowed = hr_figure_unknown("memory ran out");
    if (cpu != NULL && vm != NULL) {
        hr_cpu_read(w->sight.root, cpu);
        hr_vm_read(w->sight.root, &cpu->hypervisor, vm);
        m->machine = vm->kind == HR_VM_UNKNOWN ? hr_word_unknown("%.90s", vm->why) : hr_word_of(hr_str(hr_vm_name(vm->kind)));
        m->kernel = vm->release;
        m->cpu.allowed = cpu->allowed.known ? cpu->allowed : cpu->online;
        if (cpu->quota.known && m->cpu.allowed.known && cpu->quota.v < (double)m->cpu.allowed.v)
            hr_set(&m->cpu.allowed, (uint64_t)(cpu->quota.v + 0.999));
    }
    m->host = hr_root_word(w->sight.root, "proc/sys/kernel/hostname");
    bool wsl = vm != NULL && hr_vm_is_wsl(vm);
    hr_unset(&m->memory.windows_held, wsl ? "Windows does not tell it inside: see vmmemWSL in its task manager" : "this is not WSL");
    hr_free(cpu);
    hr_free(vm);
}

int hr_watch_open(const struct hr_root *root, const struct hr_watch_options *options, struct hr_watch **ret,
                  struct hr_error *err)
{
    struct hr_watch *w = hr_calloc(1, sizeof *w);
    if (w == NULL)
        return hr_fail_nomem(err, sizeof *w, "the watcher");
    w->sight.proc = -1;
    if (options != NULL)
        w->options = *options;
    if (w->options.period == 0)
        w->options.period = HR_SECOND;
    w->model = hr_calloc(1, sizeof *w->model);
    int r = w->model == NULL ? hr_fail_nomem(err, sizeof *w->model, "the watcher") : hr_series_open(&w->series, err);
    if (r == 0)
        r = hr_sight_open(root, &w->sight, err);
    if (r == 0) {
        w->model->captured = !w->sight.live;
        identity(w);
        hr_look_memory_open(w);
        hr_look_group_open(w);
        r = hr_look_gpu_open(w, err);
    }
    if (r == 0)
        r = hr_look_procs_open(w, err);
    if (r == 0)
        r = hr_look_jobs_open(w, err);
    if (r < 0) {
        hr_watch_close(w);
        return r;
    }
    *ret = w;
    return 0;
}

void hr_watch_close(struct hr_watch *w)
{
    if (w == NULL)
        return;
    hr_look_memory_close(w);
    hr_look_group_close(w);
    hr_look_cpu_close(w);
    hr_look_io_close(w);
    hr_look_gpu_close(w);
    hr_look_procs_close(w);
    hr_look_jobs_close(w);
    hr_kept_file_close(&w->own_statm);
    hr_sight_close(&w->sight);
    hr_series_close(w->series);
    hr_free(w->model);
    hr_free(w);
}

/* What the watcher itself takes: its process and the child that asks the driver. */
static void own(struct hr_watch *w)
{
    struct hr_model *m = w->model;
    uint64_t cpu = hr_cpu_process() + w->child_cpu, at = hr_now();
    if (w->own_at != 0 && cpu >= w->own_cpu && at - w->own_at > HR_SECOND / 100)
        hr_set_real(&m->own_cpu, (double)(cpu - w->own_cpu) * 100 / (double)(at - w->own_at));
    else if (w->own_at == 0)
        hr_unset_real(&m->own_cpu, hr_why_text(HR_WHY_FIRST));
    w->own_cpu = cpu;
    w->own_at = at;
    w->own_statm.path = "proc/self/statm";
    struct hr_str text = w->sight.live ? hr_sight_read(&w->sight, &w->own_statm) : (struct hr_str) { NULL, 0 };
    const char *p = text.p, *end = text.p == NULL ? NULL : text.p + text.n;
    if (text.p == NULL) {
        hr_unset(&m->own_resident, "not looked at");
    } else {
        hr_number(&p, end);
        hr_set(&m->own_resident, hr_number(&p, end) * w->memory.page);
    }
    m->own_calls = w->sight.calls;
    w->sight.calls = 0;
}

void hr_watch_tick(struct hr_watch *w)
{
    struct hr_model *m = w->model;
    uint64_t at = hr_watch_now(w);
    m->span = m->seq == 0 || m->captured || at <= m->at ? 0 : at - m->at;
    m->at = at;
    m->wall = w->sight.live ? hr_wall() : hr_root_now(w->sight.root);
    m->seq++;
    hr_look_cpu(w);
    hr_look_memory(w);
    hr_look_io(w);
    hr_look_spaces(w);
    hr_look_gpu(w);
    hr_look_procs(w);
    hr_look_group(w);
    hr_look_jobs(w);
    hr_look_rare(w);
    hr_sum_jobs(w);
    own(w);
    /* By now every path was gone once: what loading touched and these do not is not needed again. */
    if (w->sight.live && m->seq == 3)
        hr_give_back_code();
    w->rare.closely = false;
    hr_series_take(w->series, m);
}

void hr_watch_look_closely(struct hr_watch *w)
{
    w->rare.closely = true;
}

const struct hr_model *hr_watch_model(const struct hr_watch *w)
{
    return w->model;
}

const struct hr_series *hr_watch_series(const struct hr_watch *w)
{
    return w->series;
}
