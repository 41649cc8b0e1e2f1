#include "api.h"

#include "gpus.h"
#include "watch_report.h"
#include "why_slow.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Five digits: the series keep three and a half. */
static void brief(struct hr_jw *w, bool known, double v)
{
    char text[32];
    if (!known || !isfinite(v)) {
        hr_jw_null(w);
        return;
    }
    if (v >= 100000 || v == floor(v))
        snprintf(text, sizeof text, "%.0f", v);
    else
        snprintf(text, sizeof text, "%.5g", v);
    hr_jw_raw(w, hr_str(text));
}

static void kbrief(struct hr_jw *w, const char *key, bool known, double v)
{
    hr_jw_key(w, key);
    brief(w, known, v);
}

static void kreading(struct hr_jw *w, const char *key, struct hr_reading r)
{
    kbrief(w, key, r.why == HR_WHY_KNOWN, (double)r.v);
}

static void values(struct hr_jw *w, const struct hr_model *m, unsigned gpu, enum hr_metric from, enum hr_metric to)
{
    for (unsigned k = from; k < (unsigned)to; k++) {
        double v = 0;
        bool known = hr_metric_of(m, (enum hr_metric)k, gpu, &v);
        kbrief(w, hr_metric_word((enum hr_metric)k)->key, known, v);
    }
}

static void gpus(struct hr_jw *w, const struct hr_gpus_load *l, const struct hr_model *m)
{
    hr_jw_key(w, "gpus");
    hr_jw_array(w);
    for (unsigned i = 0; i < l->n; i++) {
        const struct hr_gpu_load *g = &l->gpu[i];
        char text[HR_WORD_MAX];
        hr_jw_object(w);
        hr_jw_kstr(w, "name", g->name.known ? g->name.v : NULL);
        values(w, m, i, HR_M_MACHINE_END, HR_METRICS);
        kbrief(w, "memory", g->memory.known, (double)g->memory.v);
        kbrief(w, "power-limit", g->milliwatts_limit.known, (double)g->milliwatts_limit.v);
        kbrief(w, "mhz-max", g->sm_mhz_max.known, (double)g->sm_mhz_max.v);
        hr_jw_kstr(w, "slowed", g->throttle.known && hr_gpu_throttle_text(g->throttle.v, true, text) ? text : NULL);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    if (l->n == 0 || l->say[0] != 0) /* none, or their figures are old */
        hr_jw_kstr(w, "gpus_say", l->say[0] != 0 ? l->say : l->known.why);
}

static void account(struct hr_jw *w, const struct hr_account *a)
{
    hr_jw_key(w, "memory");
    hr_jw_object(w);
    kbrief(w, "total", a->total.known, (double)a->total.v);
    kbrief(w, "available", a->available.known, (double)a->available.v);
    kbrief(w, "limit", a->limit.known, (double)a->limit.v);
    kbrief(w, "limit_used", a->limit_used.known, (double)a->limit_used.v);
    kbrief(w, "swap_total", a->swap_total.known, (double)a->swap_total.v);
    kbrief(w, "swap_used", a->swap_used.known, (double)a->swap_used.v);
    hr_jw_key(w, "parts");
    hr_jw_object(w);
    for (unsigned p = 0; p < HR_PARTS; p++)
        kreading(w, hr_part_word((enum hr_part)p)->key, a->part[p]);
    hr_jw_end(w);
    hr_jw_end(w);
}

static void job(struct hr_jw *w, const struct hr_job_load *j)
{
    hr_jw_object(w);
    hr_jw_kstr(w, "name", j->name);
    hr_jw_ki64(w, "lead", j->lead);
    hr_jw_kstr(w, "user", j->user);
    kbrief(w, "age_s", true, floor((double)j->age / 1e9));
    hr_jw_ku64(w, "processes", j->procs);
    hr_jw_ku64(w, "ranks", j->ranks);
    hr_jw_ku64(w, "workers", j->workers);
    hr_jw_ku64(w, "workers_blocked", j->workers_blocked);
    hr_jw_ku64(w, "compilers", j->compilers);
    hr_jw_ku64(w, "orphans", j->orphans);
    hr_jw_ku64(w, "zombies", j->zombies);
    kbrief(w, "cpu", j->cpu >= 0, (double)j->cpu);
    kreading(w, "memory", j->memory);
    hr_jw_kstr(w, "memory_how", j->memory_how == HR_JOB_PSS ? "pss" : "estimate");
    kreading(w, "swap", j->swap);
    kreading(w, "cache", j->cache);
    kreading(w, "vram", j->vram);
    hr_jw_kbool(w, "vram_estimated", j->vram_estimated);
    kreading(w, "read", j->read);
    kreading(w, "written", j->written);
    hr_jw_key(w, "gpus");
    hr_jw_array_flat(w);
    for (unsigned g = 0; g < 64; g++)
        if ((j->gpus >> g & 1) != 0)
            hr_jw_u64(w, g);
    hr_jw_end(w);
    hr_jw_end(w);
}

static void jobs(struct hr_jw *w, const struct hr_model *m)
{
    hr_jw_key(w, "jobs");
    hr_jw_array(w);
    for (unsigned i = 0; i < m->job_n; i++)
        job(w, &m->job[i]);
    hr_jw_end(w);
}

static void alerts(struct hr_jw *w, const struct hr_top_alert *alert, size_t n)
{
    hr_jw_key(w, "alerts");
    hr_jw_array(w);
    for (size_t i = 0; i < n; i++) {
        hr_jw_object(w);
        hr_jw_kstr(w, "key", alert[i].key);
        hr_jw_kstr(w, "level", hr_episode_level_name((enum hr_episode_level)alert[i].level));
        hr_jw_ku64(w, "since", alert[i].since / 1000000);
        hr_jw_kstr(w, "text", alert[i].text);
        hr_jw_end(w);
    }
    hr_jw_end(w);
}

/* Those that a reader looks for: by load and by memory. */
static void processes(struct hr_jw *w, const struct hr_model *m, bool commands)
{
    unsigned rows[12], n = hr_watch_top_rows(m, rows, HR_COUNT(rows));
    hr_jw_key(w, "processes");
    hr_jw_array(w);
    for (unsigned i = 0; i < n; i++) {
        const struct hr_proc_load *p = &m->proc[rows[i]];
        struct hr_reading memory = p->pss.why == HR_WHY_KNOWN ? p->pss : p->own.why == HR_WHY_KNOWN ? p->own : p->resident;
        char state[2] = { p->state, 0 };
        hr_jw_object(w);
        hr_jw_ki64(w, "pid", p->pid);
        hr_jw_kstr(w, "name", p->comm);
        if (commands)
            hr_jw_kstr(w, "command", p->command);
        hr_jw_kstr(w, "state", state);
        kbrief(w, "cpu", p->cpu >= 0, (double)p->cpu);
        kreading(w, "memory", memory);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_ku64(w, "process_count", m->proc_n + m->proc_cut);
    hr_jw_ku64(w, "zombies", m->zombies);
}

/* What holds the busiest job up, seen from outside. */
static void verdict(struct hr_jw *w, const struct hr_api_tick *t)
{
    int job = t->m->job_n > 0 && t->s != NULL ? hr_slow_job(t->m, NULL) : -1;
    if (job < 0) {
        hr_jw_knull(w, "why_slow");
        return;
    }
    struct hr_slow v;
    hr_why_slow(t->m, t->s, job, UINT64_C(60000000000), &v);
    hr_jw_key(w, "why_slow");
    hr_jw_object(w);
    hr_jw_kstr(w, "job", v.job);
    hr_jw_kstr(w, "kind", hr_slow_word(v.kind)->key);
    hr_jw_kstr(w, "title", hr_slow_word(v.kind)->title);
    hr_jw_kstr(w, "advice", hr_slow_word(v.kind)->advice);
    hr_jw_kstr(w, "because", v.because);
    hr_jw_end(w);
}

void hr_api_tick(struct hr_jw *w, const struct hr_api_tick *t)
{
    const struct hr_model *m = t->m;
    hr_jw_object(w);
    hr_jw_kstr(w, "schema", "headrace-tick/1");
    hr_jw_ku64(w, "seq", m->seq);
    hr_jw_ku64(w, "t", m->wall / 1000000);
    hr_jw_kstr(w, "host", m->host.known ? m->host.v : NULL);
    hr_jw_kstr(w, "machine", m->machine.known ? m->machine.v : NULL);
    kbrief(w, "uptime_s", m->uptime.known, floor((double)m->uptime.v / 1e9));
    hr_jw_ku64(w, "cpus", m->cpu.n);
    kbrief(w, "own_resident", m->own_resident.known, (double)m->own_resident.v);
    hr_jw_kstr(w, "stall_say", m->stall_memory.some.known || m->span == 0 ? NULL : m->stall_memory.some.why);
    hr_jw_key(w, "v");
    hr_jw_object(w);
    values(w, m, 0, HR_M_CPU, HR_M_MACHINE_END);
    hr_jw_end(w);
    account(w, &m->memory);
    gpus(w, &m->gpus, m);
    jobs(w, m);
    verdict(w, t);
    processes(w, m, t->commands);
    alerts(w, t->alert, t->alerts);
    if (t->alarm != NULL) {
        hr_marks_json(t->alarm->episodes, m, w);
        hr_alarm_act_json(t->alarm, w);
    }
    hr_jw_end(w);
}

void hr_api_jobs(struct hr_jw *w, const struct hr_model *m)
{
    hr_jw_object(w);
    hr_jw_kstr(w, "schema", "headrace-jobs/1");
    hr_jw_ku64(w, "t", m->wall / 1000000);
    jobs(w, m);
    hr_jw_end(w);
}

void hr_api_alerts(struct hr_jw *w, const struct hr_alarm *a, const struct hr_model *m)
{
    hr_jw_object(w);
    hr_jw_kstr(w, "schema", "headrace-alerts/1");
    hr_jw_ku64(w, "t", m->wall / 1000000);
    hr_alarm_json(a, m, w);
    hr_jw_end(w);
}

/* --- the past --- */
/* A bucket per column; where a column is one look its least and greatest are the mean, and are not told. */
static void one(struct hr_jw *w, const struct hr_api_history *h, enum hr_metric metric, unsigned gpu, uint64_t *ret_step)
{
    static __thread struct hr_bucket b[HR_API_COLUMNS];
    *ret_step = hr_series_plot(h->s, metric, gpu, h->span, b, h->width);
    bool flat = true;
    for (size_t i = 0; i < h->width; i++)
        flat = flat && (!b[i].known || (b[i].min == b[i].max));
    hr_jw_key(w, hr_metric_word(metric)->key);
    hr_jw_object(w);
    hr_jw_kstr(w, "unit", hr_metric_unit_name(hr_metric_word(metric)->unit));
    hr_jw_kstr(w, "name", hr_metric_word(metric)->name);
    for (unsigned k = 0; k < (flat ? 1u : 3u); k++) {
        hr_jw_key(w, k == 0 ? "avg" : k == 1 ? "min" : "max");
        hr_jw_array_flat(w);
        for (size_t i = 0; i < h->width; i++)
            brief(w, b[i].known, k == 0 ? b[i].avg : k == 1 ? b[i].min : b[i].max);
        hr_jw_end(w);
    }
    hr_jw_end(w);
}

static bool wanted(const struct hr_api_history *h, unsigned metric)
{
    return h->only == NULL || strcmp(h->only, hr_metric_word((enum hr_metric)metric)->key) == 0;
}

bool hr_api_history(struct hr_jw *w, const struct hr_api_history *h)
{
    uint64_t step = 0;
    bool any = false;
    hr_jw_object(w);
    hr_jw_kstr(w, "schema", "headrace-history/1");
    hr_jw_ku64(w, "columns", h->width);
    hr_jw_key(w, "metrics");
    hr_jw_object(w);
    for (unsigned k = 0; k < HR_M_MACHINE_END; k++)
        if (wanted(h, k)) {
            any = true;
            one(w, h, (enum hr_metric)k, 0, &step);
        }
    hr_jw_end(w);
    hr_jw_key(w, "gpus");
    hr_jw_array(w);
    for (unsigned g = 0; g < HR_MIN(h->m->gpus.n, (unsigned)HR_SERIES_GPUS); g++) {
        hr_jw_object(w);
        for (unsigned k = HR_M_MACHINE_END; k < HR_METRICS; k++)
            if (wanted(h, k))
                one(w, h, (enum hr_metric)k, g, &step);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    for (unsigned k = HR_M_MACHINE_END; k < HR_METRICS; k++)
        any = any || wanted(h, k);
    /* The last column holds the newest look; columns begin at multiples of the step of the monotonic clock. */
    uint64_t into = step > 0 ? h->m->at % step : 0;
    hr_jw_ku64(w, "step_ms", step / 1000000);
    hr_jw_ku64(w, "last_ms", h->m->wall > into ? (h->m->wall - into) / 1000000 : 0);
    hr_jw_end(w);
    return any;
}
