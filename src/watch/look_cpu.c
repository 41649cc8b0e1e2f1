/* /proc/stat, the load and the pressure (PSI). */
#include "watch_inside.h"

#include <stdlib.h>
#include <string.h>

enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, TIMES };

static void unknown_times(struct hr_cpu_load *c, const char *why)
{
    struct hr_real *all[] = { &c->busy, &c->user, &c->system, &c->iowait, &c->steal };
    for (size_t i = 0; i < HR_COUNT(all); i++)
        hr_unset_real(all[i], why);
}

static uint64_t times(struct hr_str line, uint64_t t[TIMES])
{
    const char *p = line.p, *end = line.p + line.n;
    uint64_t sum = 0;
    while (p < end && *p != ' ')
        p++;
    for (unsigned i = 0; i < TIMES; i++)
        sum += t[i] = hr_number(&p, end);
    return sum;
}

/* A counter of iowait may go back by a tick: such a look has 0 there. */
static double share(uint64_t now, uint64_t last, uint64_t all)
{
    return now > last && all != 0 ? HR_MIN((double)(now - last) * 100 / (double)all, 100.0) : 0;
}

static void all_cpus(struct hr_watch *w, struct hr_str line)
{
    struct hr_look_cpu *l = &w->cpu;
    struct hr_cpu_load *c = &w->model->cpu;
    uint64_t t[TIMES], was = 0, is = times(line, t);
    for (unsigned i = 0; i < TIMES; i++)
        was += l->all[i];
    if (!l->have || is < was) {
        unknown_times(c, hr_why_text(w->model->captured ? HR_WHY_CAPTURED : HR_WHY_FIRST));
    } else if (is > was) {
        uint64_t d = is - was;
        double idle = share(t[IDLE], l->all[IDLE], d), wait = share(t[IOWAIT], l->all[IOWAIT], d);
        hr_set_real(&c->busy, HR_MAX(100 - idle - wait, 0.0));
        hr_set_real(&c->user, share(t[USER] + t[NICE], l->all[USER] + l->all[NICE], d));
        hr_set_real(&c->system, share(t[SYSTEM] + t[IRQ] + t[SOFTIRQ], l->all[SYSTEM] + l->all[IRQ] + l->all[SOFTIRQ], d));
        hr_set_real(&c->iowait, wait);
        hr_set_real(&c->steal, share(t[STEAL], l->all[STEAL], d));
    } else {
        return; /* two looks within one tick of the clock: the last figures stand */
    }
    memcpy(l->all, t, sizeof t);
    l->have = true;
}

static void one_cpu(struct hr_watch *w, struct hr_str line)
{
    struct hr_look_cpu *l = &w->cpu;
    struct hr_cpu_load *c = &w->model->cpu;
    uint64_t t[TIMES], all = times(line, t), busy = all - t[IDLE] - t[IOWAIT];
    unsigned i = c->n++;
    if (i >= HR_MODEL_CPUS)
        return;
    if (all > l->each_all[i] && i < l->each_n)
        c->each[i] = (float)(busy > l->each_busy[i] ? (double)(busy - l->each_busy[i]) * 100 / (double)(all - l->each_all[i]) : 0);
    else if (i >= l->each_n)
        c->each[i] = -1;
    l->each_all[i] = all;
    l->each_busy[i] = busy;
}

static void stat_lines(struct hr_watch *w, struct hr_str text)
{
    static const char *const keys[] = { "ctxt", "processes", "procs_running", "procs_blocked" };
    struct hr_look_cpu *l = &w->cpu;
    struct hr_cpu_load *c = &w->model->cpu;
    struct hr_str line, rest = text;
    uint64_t v[4] = { 0 };
    bool f[4], stands = w->model->captured;
    bool told = false;
    c->n = 0;
    while (hr_line(&rest, &line) && line.n > 4 && memcmp(line.p, "cpu", 3) == 0) {
        if (line.p[3] == ' ') {
            all_cpus(w, line);
            told = true;
        } else {
            one_cpu(w, line);
        }
        text = rest;
    }
    if (!told)
        unknown_times(c, "/proc/stat has no line for all CPUs");
    l->each_n = HR_MIN(c->n, (unsigned)HR_MODEL_CPUS);
    hr_keyed(text, keys, 4, v, f);
    hr_rate_figure(&c->switches, &l->switches, f[0], v[0], w->model->span, "/proc/stat does not tell it", stands);
    hr_rate_figure(&c->forks, &l->forks, f[1], v[1], w->model->span, "/proc/stat does not tell it", stands);
    l->forks_seen = v[1];
    for (unsigned i = 2; i < 4; i++) {
        struct hr_figure *to = i == 2 ? &c->running : &c->blocked;
        if (f[i])
            hr_set(to, v[i]);
        else
            hr_unset(to, "/proc/stat does not tell it");
    }
}

/* "0.52" without the locale. */
static bool decimal(const char **p, const char *end, double *ret)
{
    hr_blanks(p, end);
    if (*p == end || (unsigned)(**p - '0') >= 10)
        return false;
    double v = (double)hr_digits(p, end), unit = 1;
    if (*p < end && **p == '.')
        for (++*p; *p < end && (unsigned)(**p - '0') < 10; ++*p)
            v += (**p - '0') * (unit /= 10);
    *ret = v;
    return true;
}

/* "0.52 0.41 0.30 3/1118 4711": how many tasks there are stands behind the stroke. */
static uint64_t tasks(struct hr_str text)
{
    const char *p = text.p == NULL ? NULL : memchr(text.p, '/', text.n);
    if (p == NULL)
        return 0;
    p++;
    return hr_digits(&p, text.p + text.n);
}

static void load(struct hr_watch *w)
{
    struct hr_cpu_load *c = &w->model->cpu;
    struct hr_real *to[] = { &c->load1, &c->load5, &c->load15 };
    struct hr_str text = hr_sight_read(&w->sight, &w->cpu.loadavg);
    const char *p = text.p, *end = text.p == NULL ? NULL : text.p + text.n;
    double v;
    for (size_t i = 0; i < 3; i++) {
        if (text.p != NULL && decimal(&p, end, &v))
            hr_set_real(to[i], v);
        else
            hr_unset_real(to[i], "/proc/loadavg cannot be read");
    }
    w->cpu.tasks_seen = tasks(text);
    text = hr_sight_read(&w->sight, &w->cpu.uptime);
    p = text.p;
    if (text.p != NULL && decimal(&p, text.p + text.n, &v) && v < 9e9)
        hr_set(&w->model->uptime, (uint64_t)(v * 1e9));
    else
        hr_unset(&w->model->uptime, "/proc/uptime cannot be read");
}

static void pressure_line(struct hr_watch *w, struct hr_str line, struct hr_real *since, struct hr_real *ten, struct hr_count *c)
{
    const char *p = memchr(line.p, '=', line.n), *end = line.p + line.n;
    double v;
    uint64_t d;
    if (p == NULL)
        return;
    p++;
    if (decimal(&p, end, &v) && v <= 100)
        hr_set_real(ten, v);
    const char *total = NULL;
    for (p = end; p > line.p; p--)
        if (p[-1] == '=') {
            total = p;
            break;
        }
    if (total == NULL)
        return;
    if (hr_delta(c, hr_digits(&total, end), &d) && w->model->span != 0)
        hr_set_real(since, HR_MIN((double)d * 1e5 / (double)w->model->span, 100.0)); /* µs of ns, in percent */
    else
        hr_unset_real(since, hr_why_text(w->model->captured ? HR_WHY_CAPTURED : HR_WHY_FIRST));
}

static void pressure(struct hr_watch *w, unsigned i, struct hr_stall *s)
{
    static const char none[] = "no PSI: the kernel lacks it, or it was started without psi=1";
    struct hr_str text = hr_sight_read(&w->sight, &w->cpu.pressure[i]), line;
    struct hr_real *all[] = { &s->some, &s->full, &s->some10, &s->full10 };
    if (text.p == NULL || text.n == 0) {
        for (size_t k = 0; k < 4; k++)
            hr_unset_real(all[k], none);
        return;
    }
    for (size_t k = 0; k < 4; k++)
        if (!all[k]->known)
            hr_unset_real(all[k], k % 2 == 1 ? "this kernel does not tell it for the CPU" : "/proc/pressure does not tell it");
    while (hr_line(&text, &line)) {
        bool full = line.n > 4 && memcmp(line.p, "full", 4) == 0;
        pressure_line(w, line, full ? &s->full : &s->some, full ? &s->full10 : &s->some10,
                      full ? &w->cpu.stall_full[i] : &w->cpu.stall_some[i]);
    }
}

void hr_look_cpu(struct hr_watch *w)
{
    struct hr_look_cpu *l = &w->cpu;
    struct hr_cpu_load *c = &w->model->cpu;
    if (l->stat.path == NULL) {
        static const char *const stalls[3] = { "proc/pressure/cpu", "proc/pressure/memory", "proc/pressure/io" };
        l->stat.path = "proc/stat";
        l->loadavg.path = "proc/loadavg";
        l->uptime.path = "proc/uptime";
        for (unsigned i = 0; i < 3; i++)
            l->pressure[i].path = stalls[i];
    }
    struct hr_str text = hr_sight_read(&w->sight, &l->stat);
    if (text.p == NULL) {
        const char *why = "/proc/stat cannot be read";
        struct hr_figure *all[] = { &c->running, &c->blocked, &c->switches, &c->forks };
        unknown_times(c, why);
        l->forks_seen = 0;
        for (size_t i = 0; i < HR_COUNT(all); i++)
            hr_unset(all[i], why);
    } else {
        stat_lines(w, text);
    }
    load(w);
    pressure(w, 0, &w->model->stall_cpu);
    pressure(w, 1, &w->model->stall_memory);
    pressure(w, 2, &w->model->stall_io);
}

void hr_look_cpu_close(struct hr_watch *w)
{
    hr_kept_file_close(&w->cpu.stat);
    hr_kept_file_close(&w->cpu.loadavg);
    hr_kept_file_close(&w->cpu.uptime);
    for (unsigned i = 0; i < 3; i++)
        hr_kept_file_close(&w->cpu.pressure[i]);
}
