/* Our own names. */
#include "prom.h"

#include "gpus.h"

#include <stdio.h>
#include <string.h>

static void gauge(struct hr_prom *p, const char *name, const char *help, const struct hr_figure *f, double scale)
{
    if (!f->known)
        return;
    hr_prom_family(p, name, HR_PROM_GAUGE, help);
    hr_prom_sample(p, (double)f->v * scale, NULL);
}

static void real(struct hr_prom *p, const char *name, const char *help, const struct hr_real *f, double scale)
{
    if (!f->known)
        return;
    hr_prom_family(p, name, HR_PROM_GAUGE, help);
    hr_prom_sample(p, f->v * scale, NULL);
}

static void memory(struct hr_prom *p, const struct hr_account *a)
{
    hr_prom_family(p, "headrace_memory_part_bytes", HR_PROM_GAUGE, "Memory by owner; the parts sum to headrace_memory_total_bytes.");
    for (unsigned i = 0; i < HR_PARTS; i++)
        if (a->part[i].why == HR_WHY_KNOWN)
            hr_prom_sample(p, (double)a->part[i].v, LABELS({ "part", hr_part_word((enum hr_part)i)->key }));
    const struct {
        const char *name, *help;
        const struct hr_figure *f;
    } rows[] = {
        { "headrace_memory_total_bytes", "Memory of the machine.", &a->total },
        { "headrace_memory_available_bytes", "What can be had without swapping.", &a->available },
        { "headrace_memory_limit_bytes", "The tightest limit of the cgroups of this process.", &a->limit },
        { "headrace_memory_limit_used_bytes", "What is charged against that limit.", &a->limit_used },
        { "headrace_memory_locked_bytes", "Memory that cannot be swapped out.", &a->locked },
        { "headrace_memory_pinned_bytes", "Memory pinned for devices.", &a->pinned },
        { "headrace_memory_committed_bytes", "What programs were promised.", &a->committed },
        { "headrace_memory_windows_held_bytes", "What Windows sees held by this VM.", &a->windows_held },
        { "headrace_swap_total_bytes", "Swap space.", &a->swap_total },
        { "headrace_swap_used_bytes", "Swap in use.", &a->swap_used },
        { "headrace_swap_in_bytes_per_second", "Read back from swap.", &a->swap_in },
        { "headrace_swap_out_bytes_per_second", "Written to swap.", &a->swap_out },
        { "headrace_major_faults_per_second", "Page faults that waited for storage.", &a->major_faults },
    };
    for (size_t i = 0; i < HR_COUNT(rows); i++)
        gauge(p, rows[i].name, rows[i].help, rows[i].f, 1);
    if (a->oom_kills.known) {
        hr_prom_family(p, "headrace_oom_kills_total", HR_PROM_COUNTER, "Processes killed for want of memory since boot.");
        hr_prom_sample(p, (double)a->oom_kills.v, NULL);
    }
}

static void processors(struct hr_prom *p, const struct hr_model *m)
{
    const struct hr_cpu_load *c = &m->cpu;
    const struct {
        const char *mode;
        const struct hr_real *f;
    } modes[] = { { "busy", &c->busy }, { "user", &c->user }, { "system", &c->system }, { "iowait", &c->iowait }, { "steal", &c->steal } };
    hr_prom_family(p, "headrace_cpu_ratio", HR_PROM_GAUGE, "Share of all CPUs' time since the last look, by mode.");
    for (size_t i = 0; i < HR_COUNT(modes); i++)
        if (modes[i].f->known)
            hr_prom_sample(p, modes[i].f->v / 100, LABELS({ "mode", modes[i].mode }));
    hr_prom_family(p, "headrace_cpu_each_busy_ratio", HR_PROM_GAUGE, "Share of one CPU's time in which it worked.");
    for (unsigned i = 0; i < HR_MIN(c->n, (unsigned)HR_MODEL_CPUS); i++) {
        char cpu[16];
        snprintf(cpu, sizeof cpu, "%u", i);
        if (c->each[i] >= 0)
            hr_prom_sample(p, (double)c->each[i] / 100, LABELS({ "cpu", cpu }));
    }
    real(p, "headrace_load1", "Load average over a minute.", &c->load1, 1);
    real(p, "headrace_load5", "Load average over five minutes.", &c->load5, 1);
    real(p, "headrace_load15", "Load average over a quarter of an hour.", &c->load15, 1);
    gauge(p, "headrace_tasks_running", "Tasks that run or could.", &c->running, 1);
    gauge(p, "headrace_tasks_blocked", "Tasks that wait for storage.", &c->blocked, 1);
    const struct {
        const char *resource;
        const struct hr_stall *s;
    } stalls[] = { { "cpu", &m->stall_cpu }, { "memory", &m->stall_memory }, { "io", &m->stall_io } };
    hr_prom_family(p, "headrace_pressure_ratio", HR_PROM_GAUGE, "Share of the time in which some or all tasks waited for a resource (PSI).");
    for (size_t i = 0; i < HR_COUNT(stalls); i++) {
        if (stalls[i].s->some.known)
            hr_prom_sample(p, stalls[i].s->some.v / 100, LABELS({ "resource", stalls[i].resource }, { "kind", "some" }));
        if (stalls[i].s->full.known)
            hr_prom_sample(p, stalls[i].s->full.v / 100, LABELS({ "resource", stalls[i].resource }, { "kind", "full" }));
    }
}

/* One family over an array of rows: a member of each, when it is known. */
#define ROWS(name_, help_, n_, row_, member_, scale_, ...)                                 \
    do {                                                                                   \
        hr_prom_family(p, name_, HR_PROM_GAUGE, help_);                                    \
        for (unsigned i = 0; i < (n_); i++)                                                \
            if ((row_)[i].member_.why == HR_WHY_KNOWN)                                     \
                hr_prom_sample(p, (double)(row_)[i].member_.v * (scale_), LABELS(__VA_ARGS__)); \
    } while (0)

static void flows(struct hr_prom *p, const struct hr_model *m)
{
#define DISK(key_, say_, member, scale) ROWS("headrace_disk_" key_, say_, m->disk_n, m->disk, member, scale, { "device", m->disk[i].name })
    DISK("read_bytes_per_second", "Read from the disk.", read, 1);
    DISK("written_bytes_per_second", "Written to the disk.", written, 1);
    DISK("reads_per_second", "Requests to read.", reads, 1);
    DISK("writes_per_second", "Requests to write.", writes, 1);
    DISK("read_time_seconds", "Mean time of a request to read.", read_ns, 1e-9);
    DISK("write_time_seconds", "Mean time of a request to write.", write_ns, 1e-9);
    DISK("busy_ratio", "Share of the time in which a request was under way.", busy, 1e-3);
    DISK("queue_length", "Mean number of requests under way.", queue, 1e-3);
#undef DISK
#define LINK(key_, say_, member) ROWS("headrace_network_" key_, say_, m->link_n, m->link, member, 1, { "device", m->link[i].name })
    LINK("received_bytes_per_second", "Received over the network.", received);
    LINK("sent_bytes_per_second", "Sent over the network.", sent);
    LINK("bad_per_second", "Errors and drops, both ways.", bad);
#undef LINK
}

/* A place that is mounted twice is told once: the same labels twice would spoil the whole scrape. */
static void spaces(struct hr_prom *p, const struct hr_model *m)
{
    for (unsigned k = 0; k < 2; k++) {
        hr_prom_family(p, k == 0 ? "headrace_filesystem_size_bytes" : "headrace_filesystem_available_bytes", HR_PROM_GAUGE,
                       k == 0 ? "Size of the file system." : "What of it users can still take.");
        for (unsigned i = 0; i < m->space_n; i++) {
            struct hr_reading r = k == 0 ? m->space[i].total : m->space[i].available;
            bool twice = false;
            for (unsigned j = 0; j < i; j++)
                twice |= strcmp(m->space[j].at, m->space[i].at) == 0;
            if (!twice && r.why == HR_WHY_KNOWN)
                hr_prom_sample(p, (double)r.v, LABELS({ "mountpoint", m->space[i].at }, { "fstype", m->space[i].type }));
        }
    }
}

static void gpus(struct hr_prom *p, const struct hr_model *m)
{
    const struct hr_gpus_load *l = &m->gpus;
    if (l->n == 0)
        return;
    hr_prom_family(p, "headrace_gpu_info", HR_PROM_GAUGE, "What the card is; always 1.");
    for (unsigned i = 0; i < l->n; i++) {
        char index[16];
        snprintf(index, sizeof index, "%u", i);
        hr_prom_sample(p, 1, LABELS({ "uuid", l->gpu[i].uuid.v }, { "gpu", index }, { "name", l->gpu[i].name.v }, { "pci_bus_id", l->gpu[i].bus.v },
                                    { "driver_version", l->driver.v }));
    }
    hr_prom_cards(p, m, HR_PROM_OWN);
    size_t reasons;
    const struct hr_throttle *t = hr_throttle_table(&reasons);
    hr_prom_family(p, "headrace_gpu_slowed", HR_PROM_GAUGE, "1 while this reason slows the card's clocks.");
    for (unsigned i = 0; i < l->n; i++)
        for (size_t k = 0; k < reasons && l->gpu[i].throttle.known; k++)
            hr_prom_sample(p, (l->gpu[i].throttle.v & t[k].bit) != 0, LABELS({ "uuid", l->gpu[i].uuid.v }, { "reason", t[k].say }));
}

static void jobs(struct hr_prom *p, const struct hr_model *m)
{
    char lead[HR_MODEL_JOBS][16];
    for (unsigned i = 0; i < m->job_n; i++)
        snprintf(lead[i], sizeof lead[i], "%d", m->job[i].lead);
#define JOB(key_, say_, member) ROWS("headrace_job_" key_, say_, m->job_n, m->job, member, 1, { "job", m->job[i].name }, { "lead", lead[i] })
    JOB("memory_bytes", "Memory that the job holds, shared pages once.", memory);
    JOB("swap_bytes", "What of it is swapped out.", swap);
    JOB("cache_bytes", "Page cache of the files that it has open.", cache);
    JOB("vram_bytes", "VRAM that it holds.", vram);
    JOB("read_bytes_per_second", "Read from storage.", read);
    JOB("written_bytes_per_second", "Written to storage.", written);
#undef JOB
    hr_prom_family(p, "headrace_job_cpu_ratio", HR_PROM_GAUGE, "CPUs that the job keeps busy.");
    for (unsigned i = 0; i < m->job_n; i++)
        if (m->job[i].cpu >= 0)
            hr_prom_sample(p, (double)m->job[i].cpu / 100, LABELS({ "job", m->job[i].name }, { "lead", lead[i] }));
    hr_prom_family(p, "headrace_job_processes", HR_PROM_GAUGE, "Processes of the job, by what they do.");
    for (unsigned i = 0; i < m->job_n; i++) {
        const struct {
            const char *duty;
            unsigned n;
        } duties[] = { { "rank", m->job[i].ranks }, { "worker", m->job[i].workers }, { "compiler", m->job[i].compilers }, { "orphan", m->job[i].orphans } };
        for (size_t k = 0; k < HR_COUNT(duties); k++)
            hr_prom_sample(p, duties[k].n, LABELS({ "job", m->job[i].name }, { "lead", lead[i] }, { "duty", duties[k].duty }));
    }
}

void hr_prom_own(struct hr_prom *p, const struct hr_model *m, const char *version)
{
    hr_prom_family(p, "headrace_build_info", HR_PROM_GAUGE, "The version that tells this; always 1.");
    hr_prom_sample(p, 1, LABELS({ "version", version }));
    hr_prom_family(p, "headrace_last_look_timestamp_seconds", HR_PROM_GAUGE, "When the machine was last looked at.");
    hr_prom_sample(p, (double)m->wall * 1e-9, NULL);
    real(p, "headrace_own_cpu_ratio", "What the watcher itself takes of one CPU.", &m->own_cpu, 0.01);
    gauge(p, "headrace_own_resident_bytes", "What the watcher itself takes of the memory.", &m->own_resident, 1);
    gauge(p, "headrace_uptime_seconds", "Since the machine was started.", &m->uptime, 1e-9);
    memory(p, &m->memory);
    processors(p, m);
    flows(p, m);
    spaces(p, m);
    gpus(p, m);
    jobs(p, m);
    if (m->procs_known.known) {
        hr_prom_family(p, "headrace_processes", HR_PROM_GAUGE, "Processes by state.");
        hr_prom_sample(p, m->proc_n + m->proc_cut, LABELS({ "state", "all" }));
        hr_prom_sample(p, (double)m->zombies, LABELS({ "state", "zombie" }));
        hr_prom_sample(p, (double)m->stopped, LABELS({ "state", "stopped" }));
    }
}

void hr_prom_alerts(struct hr_prom *p, const struct hr_top_alert *alert, size_t n)
{
    hr_prom_family(p, "headrace_alert", HR_PROM_GAUGE, "1 for every alert that is on.");
    for (size_t i = 0; i < n; i++)
        hr_prom_sample(p, 1, LABELS({ "alert", alert[i].key }, { "level", hr_episode_level_name((enum hr_episode_level)alert[i].level) }));
}

void hr_prom_marks(struct hr_prom *p, const struct hr_alarm *a, const struct hr_model *m)
{
    const struct hr_memory_marks *marks = hr_episodes_marks(a->episodes);
    struct hr_marked of = hr_marked(&m->memory);
    const struct hr_episode *e[HR_MEMORY_MARKS] = { hr_episodes_find(a->episodes, HR_EPISODE_WARN_MARK), hr_episodes_find(a->episodes, HR_EPISODE_ACT_MARK) };
    if (!hr_memory_marks_any(marks))
        return;
    if (of.used.known) {
        hr_prom_family(p, "headrace_marked_memory_bytes", HR_PROM_GAUGE, "The memory in use that the marks are of.");
        hr_prom_sample(p, (double)of.used.v, LABELS({ "of", of.group ? "cgroup" : "machine" }));
    }
    static const struct {
        const char *name, *help;
        enum hr_prom_type type;
    } rows[] = {
        { "headrace_memory_mark_bytes", "Where the mark is.", HR_PROM_GAUGE },
        { "headrace_memory_mark_over", "1 while the memory in use is over the mark.", HR_PROM_GAUGE },
        { "headrace_memory_mark_crossed_total", "How often it has been crossed.", HR_PROM_COUNTER },
    };
    for (size_t k = 0; k < HR_COUNT(rows); k++) {
        hr_prom_family(p, rows[k].name, rows[k].type, rows[k].help);
        for (int i = 0; i < HR_MEMORY_MARKS; i++)
            if (marks->at[i] != 0)
                hr_prom_sample(p, k == 0 ? (double)marks->at[i] : k == 1 ? (double)e[i]->on : (double)e[i]->times,
                               LABELS({ "mark", hr_mark_name((enum hr_mark_id)i) }));
    }
    if (a->act != NULL) {
        struct hr_hook_done d;
        hr_hook_done(a->act, &d);
        hr_prom_family(p, "headrace_memory_act_done_total", HR_PROM_COUNTER, "How often what act does has been done.");
        hr_prom_sample(p, (double)d.times, NULL);
    }
}
