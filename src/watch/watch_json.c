#include "watch_report.h"

#include "gpus.h"
#include "json_known.h"

static void reading(struct hr_jw *w, const char *key, struct hr_reading r, double scale)
{
    if (r.why != HR_WHY_KNOWN)
        hr_jw_kunknown(w, key, hr_why_text(r.why));
    else if (scale == 1)
        hr_jw_ku64(w, key, r.v);
    else
        hr_jw_kf64(w, key, (double)r.v / scale);
}

static void share(struct hr_jw *w, const char *key, float percent)
{
    if (percent < 0)
        hr_jw_knull(w, key);
    else
        hr_jw_kf64(w, key, (double)(int64_t)((double)percent * 10 + 0.5) / 10);
}

static void memory(const struct hr_account *a, struct hr_jw *w)
{
    hr_jw_key(w, "memory");
    hr_jw_object(w);
    hr_jw_kfigure(w, "total", &a->total);
    hr_jw_kfigure(w, "available", &a->available);
    hr_jw_key(w, "parts");
    hr_jw_object(w);
    for (unsigned p = 0; p < HR_PARTS; p++)
        reading(w, hr_part_word((enum hr_part)p)->key, a->part[p], 1);
    hr_jw_end(w);
    hr_jw_ku64(w, "overlap", a->overlap);
    static const struct {
        const char *key;
        size_t at;
    } figures[] = {
#define F(m) { #m, offsetof(struct hr_account, m) }
        F(locked), F(pinned), F(swap_total), F(swap_used), F(swap_cached), F(committed), F(commit_limit), F(writeback), F(huge_anon),
        F(limit), F(limit_used), F(windows_held), F(swap_in), F(swap_out), F(major_faults), F(refaults), F(stalls), F(oom_kills),
#undef F
    };
    for (size_t i = 0; i < HR_COUNT(figures); i++) {
        const void *at = (const char *)a + figures[i].at;
        hr_jw_kfigure(w, figures[i].key, at);
    }
    hr_jw_end(w);
}

static void cpu(const struct hr_cpu_load *c, struct hr_jw *w)
{
    hr_jw_key(w, "cpu");
    hr_jw_object(w);
    hr_jw_kreal(w, "busy", &c->busy);
    hr_jw_kreal(w, "user", &c->user);
    hr_jw_kreal(w, "system", &c->system);
    hr_jw_kreal(w, "iowait", &c->iowait);
    hr_jw_kreal(w, "steal", &c->steal);
    hr_jw_ku64(w, "cpus", c->n);
    hr_jw_kfigure(w, "allowed", &c->allowed);
    hr_jw_key(w, "each");
    hr_jw_array_flat(w);
    for (unsigned i = 0; i < HR_MIN(c->n, (unsigned)HR_MODEL_CPUS); i++) {
        if (c->each[i] < 0)
            hr_jw_null(w);
        else
            hr_jw_f64(w, (double)(int64_t)((double)c->each[i] * 10 + 0.5) / 10);
    }
    hr_jw_end(w);
    hr_jw_kreal(w, "load1", &c->load1);
    hr_jw_kreal(w, "load5", &c->load5);
    hr_jw_kreal(w, "load15", &c->load15);
    hr_jw_kfigure(w, "running", &c->running);
    hr_jw_kfigure(w, "blocked", &c->blocked);
    hr_jw_kfigure(w, "switches", &c->switches);
    hr_jw_kfigure(w, "forks", &c->forks);
    hr_jw_end(w);
}

static void stalls(const struct hr_model *m, struct hr_jw *w)
{
    static const char *const names[] = { "cpu", "memory", "io" };
    const struct hr_stall *s[] = { &m->stall_cpu, &m->stall_memory, &m->stall_io };
    hr_jw_key(w, "stalls");
    hr_jw_object(w);
    for (size_t i = 0; i < 3; i++) {
        hr_jw_key(w, names[i]);
        hr_jw_object(w);
        hr_jw_kreal(w, "some", &s[i]->some);
        hr_jw_kreal(w, "full", &s[i]->full);
        hr_jw_kreal(w, "some10", &s[i]->some10);
        hr_jw_kreal(w, "full10", &s[i]->full10);
        hr_jw_end(w);
    }
    hr_jw_end(w);
}

static void io(const struct hr_model *m, struct hr_jw *w)
{
    hr_jw_ktruth(w, "disks_known", &m->disks_known);
    hr_jw_key(w, "disks");
    hr_jw_array(w);
    for (unsigned i = 0; i < m->disk_n; i++) {
        const struct hr_disk_load *d = &m->disk[i];
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "name", d->name);
        reading(w, "read", d->read, 1);
        reading(w, "written", d->written, 1);
        reading(w, "reads", d->reads, 1);
        reading(w, "writes", d->writes, 1);
        reading(w, "read_ns", d->read_ns, 1);
        reading(w, "write_ns", d->write_ns, 1);
        reading(w, "busy", d->busy, 10);
        reading(w, "queue", d->queue, 1000);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_ktruth(w, "links_known", &m->links_known);
    hr_jw_key(w, "links");
    hr_jw_array(w);
    for (unsigned i = 0; i < m->link_n; i++) {
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "name", m->link[i].name);
        reading(w, "received", m->link[i].received, 1);
        reading(w, "sent", m->link[i].sent, 1);
        reading(w, "bad", m->link[i].bad, 1);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_key(w, "spaces");
    hr_jw_array(w);
    for (unsigned i = 0; i < m->space_n; i++) {
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "at", m->space[i].at);
        hr_jw_kstr(w, "type", m->space[i].type);
        reading(w, "total", m->space[i].total, 1);
        reading(w, "available", m->space[i].available, 1);
        hr_jw_end(w);
    }
    hr_jw_end(w);
}

static void gpu(const struct hr_gpu_load *g, struct hr_jw *w)
{
    static const struct {
        const char *key;
        size_t at;
    } figures[] = {
#define F(m) { #m, offsetof(struct hr_gpu_load, m) }
        F(memory), F(used), F(free), F(busy), F(memory_busy), F(celsius), F(milliwatts), F(milliwatts_limit), F(sm_mhz), F(sm_mhz_max),
        F(memory_mhz), F(memory_mhz_max), F(throttle), F(pcie_gen), F(pcie_gen_max), F(pcie_width), F(pcie_width_max), F(pcie_sent),
        F(pcie_received), F(unowned),
#undef F
    };
    char slow[HR_WORD_MAX] = "";
    hr_jw_object(w);
    hr_jw_kword(w, "name", &g->name);
    hr_jw_kword(w, "uuid", &g->uuid);
    hr_jw_kword(w, "bus", &g->bus);
    for (size_t i = 0; i < HR_COUNT(figures); i++) {
        const void *at = (const char *)g + figures[i].at;
        hr_jw_kfigure(w, figures[i].key, at);
    }
    if (g->throttle.known && hr_gpu_throttle_text(g->throttle.v, true, slow))
        hr_jw_kstr(w, "slowed_by", slow);
    hr_jw_key(w, "processes");
    hr_jw_array(w);
    for (unsigned i = 0; i < g->process_n; i++) {
        hr_jw_object_flat(w);
        hr_jw_ki64(w, "pid", g->process[i].pid);
        hr_jw_kbool(w, "graphics", g->process[i].graphics);
        reading(w, "vram", g->process[i].vram, 1);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_end(w);
}

static void gpus(const struct hr_gpus_load *l, struct hr_jw *w)
{
    hr_jw_ktruth(w, "gpus_known", &l->known);
    hr_jw_kstr(w, "gpus_say", l->say[0] != 0 ? l->say : NULL);
    hr_jw_kbool(w, "gpus_stale", l->stale);
    hr_jw_ku64(w, "gpus_age_ns", l->age);
    hr_jw_key(w, "gpus");
    hr_jw_array(w);
    for (unsigned i = 0; i < l->n; i++)
        gpu(&l->gpu[i], w);
    hr_jw_end(w);
}

static void job(const struct hr_job_load *j, struct hr_jw *w)
{
    hr_jw_object(w);
    hr_jw_kstr(w, "name", j->name);
    hr_jw_ki64(w, "lead", j->lead);
    hr_jw_ku64(w, "age_ns", j->age);
    hr_jw_ku64(w, "processes", j->procs);
    hr_jw_ku64(w, "ranks", j->ranks);
    hr_jw_ku64(w, "workers", j->workers);
    hr_jw_ku64(w, "compilers", j->compilers);
    hr_jw_ku64(w, "orphans", j->orphans);
    hr_jw_ku64(w, "running", j->running);
    hr_jw_ku64(w, "blocked", j->blocked);
    hr_jw_ku64(w, "stopped", j->stopped);
    hr_jw_ku64(w, "zombies", j->zombies);
    reading(w, "world", j->world, 1);
    share(w, "cpu", j->cpu);
    share(w, "workers_cpu", j->workers_cpu);
    reading(w, "memory", j->memory, 1);
    hr_jw_kstr(w, "memory_how", j->memory_how == HR_JOB_PSS ? "pss" : "estimate");
    reading(w, "anonymous", j->anon, 1);
    reading(w, "shmem", j->shmem, 1);
    reading(w, "cache", j->cache, 1);
    reading(w, "swap", j->swap, 1);
    reading(w, "locked", j->locked, 1);
    reading(w, "read", j->read, 1);
    reading(w, "written", j->written, 1);
    reading(w, "major_faults", j->faults, 1);
    hr_jw_key(w, "gpus");
    hr_jw_array_flat(w);
    for (unsigned i = 0; i < 64; i++)
        if ((j->gpus >> i & 1) != 0)
            hr_jw_u64(w, i);
    hr_jw_end(w);
    reading(w, "vram", j->vram, 1);
    hr_jw_kbool(w, "vram_estimated", j->vram_estimated);
    hr_jw_kbool(w, "windows_drive", j->windows_drive);
    hr_jw_end(w);
}

static void process(const struct hr_proc_load *p, struct hr_jw *w)
{
    char state[2] = { p->state, 0 };
    hr_jw_object_flat(w);
    hr_jw_ki64(w, "pid", p->pid);
    hr_jw_ki64(w, "parent", p->parent);
    hr_jw_kstr(w, "name", p->comm);
    hr_jw_kstr(w, "command", p->command[0] != 0 ? p->command : NULL);
    hr_jw_kstr(w, "state", state);
    hr_jw_ku64(w, "uid", p->uid);
    hr_jw_ku64(w, "threads", p->threads);
    if (p->job >= 0)
        hr_jw_ki64(w, "job", p->job);
    if (p->duty != HR_DUTY_NONE)
        hr_jw_kstr(w, "duty", hr_duty_name((enum hr_duty)p->duty));
    if (p->rank >= 0)
        hr_jw_ki64(w, "rank", p->rank);
    share(w, "cpu", p->cpu);
    reading(w, "resident", p->resident, 1);
    reading(w, "own", p->own, 1);
    reading(w, "pss", p->pss, 1);
    reading(w, "swap", p->swap, 1);
    reading(w, "read", p->read, 1);
    reading(w, "written", p->written, 1);
    reading(w, "major_faults", p->faults, 1);
    hr_jw_end(w);
}

static void files(const struct hr_model *m, struct hr_jw *w)
{
    hr_jw_ktruth(w, "files_known", &m->files_known);
    hr_jw_key(w, "files");
    hr_jw_array(w);
    for (unsigned i = 0; i < m->file_n; i++) {
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "path", m->file[i].path);
        hr_jw_ku64(w, "size", m->file[i].size);
        hr_jw_ku64(w, "cached", m->file[i].cached);
        hr_jw_ku64(w, "dirty", m->file[i].dirty);
        hr_jw_ki64(w, "pid", m->file[i].pid);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_ktruth(w, "segments_known", &m->segments_known);
    hr_jw_key(w, "segments");
    hr_jw_array(w);
    for (unsigned i = 0; i < m->segment_n; i++) {
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "name", m->segment[i].name);
        hr_jw_ku64(w, "bytes", m->segment[i].bytes);
        hr_jw_ki64(w, "pid", m->segment[i].pid);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_ku64(w, "segments_more", m->segment_cut);
    hr_jw_ku64(w, "segments_more_bytes", m->segment_cut_bytes);
}

void hr_watch_json(const struct hr_model *m, const struct hr_episodes *e, struct hr_jw *w)
{
    hr_jw_object(w);
    hr_jw_kstr(w, "schema", "headrace-top/1");
    hr_jw_ku64(w, "seq", m->seq);
    hr_jw_ku64(w, "time_ns", m->wall);
    hr_jw_ku64(w, "span_ns", m->span);
    if (m->means != 0)
        hr_jw_ku64(w, "means_of_seconds", m->means);
    hr_jw_kbool(w, "captured", m->captured);
    hr_jw_kword(w, "host", &m->host);
    hr_jw_kword(w, "kernel", &m->kernel);
    hr_jw_kword(w, "machine", &m->machine);
    hr_jw_kfigure(w, "uptime_ns", &m->uptime);
    memory(&m->memory, w);
    cpu(&m->cpu, w);
    stalls(m, w);
    io(m, w);
    gpus(&m->gpus, w);
    hr_jw_key(w, "jobs");
    hr_jw_array(w);
    for (unsigned i = 0; i < m->job_n; i++)
        job(&m->job[i], w);
    hr_jw_end(w);
    hr_jw_ktruth(w, "processes_known", &m->procs_known);
    hr_jw_key(w, "processes");
    hr_jw_array(w);
    for (unsigned i = 0; i < m->proc_n; i++)
        process(&m->proc[i], w);
    hr_jw_end(w);
    hr_jw_ku64(w, "processes_more", m->proc_cut);
    hr_jw_ku64(w, "zombies", m->zombies);
    hr_jw_ku64(w, "stopped", m->stopped);
    hr_jw_ku64(w, "kernel_threads", m->kernel_threads);
    files(m, w);
    if (e != NULL)
        hr_episodes_json(e, m, w);
    hr_jw_key(w, "own");
    hr_jw_object(w);
    hr_jw_kreal(w, "cpu", &m->own_cpu);
    hr_jw_kfigure(w, "resident", &m->own_resident);
    hr_jw_ku64(w, "calls", m->own_calls);
    hr_jw_end(w);
    hr_jw_end(w);
}
