/* Training runs as one row each.  A job is what hangs below its lead: the topmost launcher or training process on the way up from a
 * rank.  Invariants:
 *  J1  a row is a member of at most one job: that of its nearest ancestor that leads one, else that of the lead it belonged to
 *      before its parent went (kin), else that of its process group.
 *  J2  memory of a job is never a sum of RSS: PSS of all members where all were measured, brought forward by what each has
 *      grown since; otherwise the sum of anonymous memory, which counts what forks share several times and says so. */
#include "watch_inside.h"

#include "mem.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 64, NO_JOB = -1 };

struct hr_making {
    int16_t parent[HR_MODEL_PROCS]; /* row of the parent, -1 */
    int8_t job[HR_MODEL_PROCS];
    uint8_t duty[HR_MODEL_PROCS];
    int lead[HR_MODEL_JOBS];        /* row, -1: the lead has gone and `kin` is its pid */
    int kin[HR_MODEL_JOBS];
    struct hr_job_load was[HR_MODEL_JOBS]; /* before: what is measured rarely is kept */
    unsigned was_n;
};

/* --- who is what --- */

static bool same_command(const struct hr_proc_load *a, const struct hr_proc_load *b)
{
    return a->command[0] != 0 && strcmp(a->command, b->command) == 0;
}

static bool on_gpu(const struct hr_model *m, int pid)
{
    for (unsigned g = 0; g < m->gpus.n; g++)
        for (unsigned i = 0; i < m->gpus.gpu[g].process_n; i++)
            if (m->gpus.gpu[g].process[i].pid == pid && !m->gpus.gpu[g].process[i].graphics)
                return true;
    return false;
}

/* A forked worker has its parent's command line and environment, and the parent's name unless it gave itself one.  Who was given a
 * rank of its own was started for that, with whatever command line. */
static void duties(const struct hr_watch *w, struct hr_making *k)
{
    const struct hr_model *m = w->model;
    uint8_t forks[HR_MODEL_PROCS];
    memset(forks, 0, m->proc_n);
    for (unsigned i = 0; i < m->proc_n; i++) {
        int parent = hr_look_row(w, m->proc[i].parent);
        const struct hr_proc_more *more = &w->procs.more[i];
        k->parent[i] = (int16_t)parent;
        k->duty[i] = more->duty;
        k->job[i] = NO_JOB;
        bool python = (more->flags & HR_FLAG_PYTHON) != 0;
        bool fork = python && parent >= 0 && (w->procs.more[parent].flags & HR_FLAG_PYTHON) != 0 &&
                    same_command(&m->proc[i], &m->proc[parent]) && m->proc[i].rank == m->proc[parent].rank &&
                    more->world == w->procs.more[parent].world && more->duty != HR_DUTY_LAUNCHER;
        if (fork) {
            k->duty[i] = HR_DUTY_WORKER;
            forks[parent] = (uint8_t)HR_MIN(forks[parent] + 1, 255);
        } else if (python && k->duty[i] == HR_DUTY_NONE && on_gpu(m, m->proc[i].pid)) {
            k->duty[i] = HR_DUTY_RANK;
        }
    }
    for (unsigned i = 0; i < m->proc_n; i++) /* who forks two or more workers of itself feeds something */
        if (forks[i] >= 2 && k->duty[i] == HR_DUTY_NONE)
            k->duty[i] = HR_DUTY_RANK;
}

/* --- leads --- */

static int topmost(const struct hr_making *k, int row)
{
    int lead = row;
    for (int depth = 0; row >= 0 && depth < DEPTH_MAX; depth++, row = k->parent[row])
        if (k->duty[row] == HR_DUTY_LAUNCHER || k->duty[row] == HR_DUTY_RANK)
            lead = row;
    return lead;
}

static int job_of_lead(const struct hr_model *m, const struct hr_making *k, int pid)
{
    for (unsigned j = 0; j < m->job_n; j++)
        if (k->kin[j] == pid)
            return (int)j;
    return NO_JOB;
}

/* Ranks that were started one by one (a terminal each, or a script's loop) know each other by the port of their master. */
static int job_of_port(const struct hr_watch *w, const struct hr_making *k, int row)
{
    const struct hr_proc_more *more = &w->procs.more[row];
    for (unsigned j = 0; more->port != 0 && j < w->model->job_n; j++) {
        int lead = k->lead[j];
        if (lead >= 0 && w->procs.more[lead].port == more->port && w->model->proc[lead].uid == w->model->proc[row].uid)
            return (int)j;
    }
    return NO_JOB;
}

static int new_job(struct hr_watch *w, struct hr_making *k, int row, int kin)
{
    struct hr_model *m = w->model;
    if (m->job_n == HR_MODEL_JOBS) {
        m->job_cut++;
        return NO_JOB;
    }
    unsigned j = m->job_n++;
    k->lead[j] = row;
    k->kin[j] = kin;
    return (int)j;
}

static void leads(struct hr_watch *w, struct hr_making *k)
{
    struct hr_model *m = w->model;
    m->job_n = m->job_cut = 0;
    for (unsigned i = 0; i < m->proc_n; i++) {
        if (k->duty[i] != HR_DUTY_RANK)
            continue;
        int lead = topmost(k, (int)i), j = job_of_lead(m, k, m->proc[lead].pid);
        if (j < 0)
            j = job_of_port(w, k, lead);
        if (j < 0)
            j = new_job(w, k, lead, m->proc[lead].pid);
        if (j >= 0)
            k->job[lead] = (int8_t)j;
    }
}

/* --- members --- */

static int inherited(struct hr_making *k, unsigned row)
{
    int at = (int)row;
    for (int depth = 0; at >= 0 && depth < DEPTH_MAX; depth++, at = k->parent[at])
        if (k->job[at] >= 0)
            return k->job[at];
    return NO_JOB;
}

/* A loader's worker whose parent has gone. */
static int adopted(struct hr_watch *w, struct hr_making *k, unsigned row)
{
    struct hr_model *m = w->model;
    const struct hr_proc_more *more = &w->procs.more[row];
    int j = more->kin == 0 ? NO_JOB : job_of_lead(m, k, more->kin);
    for (unsigned i = 0; j < 0 && i < m->job_n; i++)
        if (k->lead[i] >= 0 && w->procs.more[k->lead[i]].group == more->group)
            j = (int)i;
    for (unsigned i = 0; j < 0 && i < m->proc_n; i++) /* its siblings, which lost the same parent */
        if (i != row && k->job[i] >= 0 && k->duty[i] == HR_DUTY_WORKER && w->procs.more[i].group == more->group &&
            same_command(&m->proc[i], &m->proc[row]))
            j = k->job[i];
    return j >= 0 ? j : new_job(w, k, -1, more->kin != 0 ? more->kin : m->proc[row].pid);
}

static void members(struct hr_watch *w, struct hr_making *k)
{
    struct hr_model *m = w->model;
    for (unsigned i = 0; i < m->proc_n; i++) {
        int j = inherited(k, i);
        bool lost = j < 0 && m->proc[i].parent <= 1 &&
                    ((w->procs.more[i].flags & HR_FLAG_WORKER) != 0 || (w->procs.more[i].kin != 0 && (w->procs.more[i].flags & HR_FLAG_PYTHON) != 0));
        if (lost)
            j = adopted(w, k, i);
        if (lost)
            k->duty[i] = HR_DUTY_WORKER;
        k->job[i] = (int8_t)j;
    }
    for (unsigned i = 0; i < m->proc_n; i++) {
        struct hr_proc_load *p = &m->proc[i];
        p->job = k->job[i];
        p->duty = p->job < 0 ? HR_DUTY_NONE : k->duty[i] == HR_DUTY_NONE ? HR_DUTY_HELPER : k->duty[i];
        if (p->job >= 0) {
            w->procs.more[i].kin = k->kin[p->job];
            w->procs.more[i].flags |= HR_FLAG_HOT;
            w->procs.turn[i].due = 0;
        }
    }
}

/* "torchrun train.py" is train.py. */
static void name_job(struct hr_job_load *j, const struct hr_proc_load *p)
{
    const char *name = strrchr(p->command, ' ');
    name = name == NULL || name[1] == 0 || name[1] == '-' ? p->command : name + 1;
    snprintf(j->name, sizeof j->name, "%.47s", name[0] != 0 ? name : p->comm);
}

/* What is measured rarely, of the same job before its members changed. */
static void remember(struct hr_job_load *to, const struct hr_making *k)
{
    to->cache = to->shmem = HR_UNREAD(HR_WHY_LATER);
    to->pinned = HR_UNREAD(HR_WHY_KERNEL); /* it is counted for the machine only */
    for (unsigned i = 0; i < k->was_n; i++)
        if (k->was[i].lead == to->lead) {
            to->cache = k->was[i].cache;
            to->shmem = k->was[i].shmem;
            to->windows_drive = k->was[i].windows_drive;
            to->mean = k->was[i].mean;
        }
}

static void describe(struct hr_watch *w, const struct hr_making *k)
{
    struct hr_model *m = w->model;
    for (unsigned i = 0; i < m->file_n; i++) {
        int row = hr_look_row(w, m->file[i].pid);
        m->file[i].job = row < 0 ? -1 : m->proc[row].job;
    }
    for (unsigned i = 0; i < m->segment_n; i++) {
        int row = hr_look_row(w, m->segment[i].pid);
        m->segment[i].job = row < 0 ? -1 : m->proc[row].job;
    }
    for (unsigned j = 0; j < m->job_n; j++) {
        struct hr_job_load *to = &m->job[j];
        memset(to, 0, sizeof *to);
        to->lead = k->kin[j];
        to->world = HR_UNREAD(HR_WHY_UNREAD);
        remember(to, k);
        for (unsigned i = 0; i < m->proc_n; i++)
            if (m->proc[i].job == (int)j && (to->name[0] == 0 || (int)i == k->lead[j])) {
                name_job(to, &m->proc[i]);
                to->born = m->proc[i].born;
                snprintf(to->user, sizeof to->user, "%u", m->proc[i].uid);
            }
    }
}

static void make(struct hr_watch *w)
{
    struct hr_making *k = w->jobs;
    k->was_n = w->model->job_n;
    memcpy(k->was, w->model->job, k->was_n * sizeof k->was[0]);
    duties(w, k);
    leads(w, k);
    members(w, k);
    describe(w, k);
}

/* --- sums, every tick --- */

static void plus(struct hr_reading *to, struct hr_reading r)
{
    if (r.why != HR_WHY_KNOWN && to->why == HR_WHY_KNOWN)
        to->why = r.why;
    to->v += r.v;
}

/* Sums of what members can tell; unknown members make only a sum unknown that has nothing else. */
static void plus_known(struct hr_reading *to, struct hr_reading r)
{
    if (r.why == HR_WHY_KNOWN) {
        to->v = to->why == HR_WHY_KNOWN ? to->v + r.v : r.v;
        to->why = HR_WHY_KNOWN;
    } else if (to->why != HR_WHY_KNOWN) {
        to->why = r.why;
    }
}

static void count(struct hr_job_load *j, const struct hr_proc_load *p)
{
    bool worker = p->duty == HR_DUTY_WORKER, runs = p->state == 'R', waits = p->state == 'D';
    j->procs++;
    j->ranks += p->duty == HR_DUTY_RANK;
    j->workers += worker;
    j->compilers += p->duty == HR_DUTY_COMPILER;
    j->orphans += p->parent <= 1 && worker;
    j->running += runs;
    j->blocked += waits;
    j->stopped += p->state == 'T' || p->state == 't';
    j->zombies += p->state == 'Z';
    j->workers_running += worker && runs;
    j->workers_blocked += worker && waits;
    if (p->cpu >= 0) {
        j->cpu = (j->cpu < 0 ? 0 : j->cpu) + p->cpu;
        if (worker)
            j->workers_cpu = (j->workers_cpu < 0 ? 0 : j->workers_cpu) + p->cpu;
    }
    if (p->duty == HR_DUTY_RANK && j->lead_state == 0) {
        j->lead_state = p->state;
        j->lead_cpu = p->cpu;
    }
}

static void sum_memory(const struct hr_watch *w, struct hr_job_load *j, const struct hr_proc_load *p, unsigned row, bool *all_pss,
                       uint64_t *pss)
{
    const struct hr_proc_more *more = &w->procs.more[row];
    if (p->state == 'Z')
        return;
    plus(&j->anon, p->own);
    plus_known(&j->swap, p->swap);
    if (p->pss.why != HR_WHY_KNOWN) {
        *all_pss = false;
        return;
    }
    plus_known(&j->locked, HR_READ(more->locked));
    uint64_t grown = p->own.why == HR_WHY_KNOWN && p->own.v > more->pss_own ? p->own.v - more->pss_own : 0;
    uint64_t shrunk = p->own.why == HR_WHY_KNOWN && p->own.v < more->pss_own ? more->pss_own - p->own.v : 0;
    *pss += p->pss.v + grown > shrunk ? p->pss.v + grown - shrunk : 0;
}

static void sum_gpus(struct hr_watch *w, struct hr_job_load *j, unsigned index)
{
    struct hr_model *m = w->model;
    j->gpus = 0;
    j->vram = HR_UNREAD(m->gpus.n == 0 ? HR_WHY_NO_GPU : HR_WHY_WDDM);
    for (unsigned g = 0; g < m->gpus.n; g++)
        for (unsigned i = 0; i < m->gpus.gpu[g].process_n; i++) {
            const struct hr_gpu_process_load *gp = &m->gpus.gpu[g].process[i];
            int row = hr_look_row(w, gp->pid);
            if (row < 0 || m->proc[row].job != (int)index)
                continue;
            j->gpus |= UINT64_C(1) << g;
            plus_known(&j->vram, gp->vram);
        }
}

/* Under Windows' driver model no process's VRAM is told.  What a GPU holds beyond what it held while no job ran is then the only
 * job's own: an estimate, and labelled so. */
static void estimate_vram(struct hr_watch *w)
{
    struct hr_model *m = w->model;
    struct hr_job_load *j = &m->job[0];
    uint64_t sum = 0;
    bool any = false;
    for (unsigned g = 0; g < m->gpus.n && !m->gpus.stale; g++) {
        const struct hr_figure *used = &m->gpus.gpu[g].used;
        if (m->job_n == 0 && used->known) {
            w->gpu.baseline[g] = used->v;
            w->gpu.base_known[g] = true;
        }
        bool on = m->job_n == 1 && (j->gpus == 0 || (j->gpus >> g & 1) != 0);
        if (on && used->known && w->gpu.base_known[g]) {
            sum += used->v > w->gpu.baseline[g] ? used->v - w->gpu.baseline[g] : 0;
            any = true;
        }
    }
    for (unsigned i = 0; i < m->job_n; i++)
        m->job[i].vram_estimated = false;
    if (m->job_n == 1 && any && j->vram.why == HR_WHY_WDDM) {
        j->vram = HR_READ(sum);
        j->vram_estimated = true;
    }
}

static void toward(float *mean, double v, unsigned n)
{
    *mean += (float)((v - (double)*mean) / n);
}

static void means(struct hr_job_load *j)
{
    enum { WEIGHTS = 20 };
    struct hr_job_means *m = &j->mean;
    if (j->cpu < 0)
        return;
    m->n = HR_MIN(m->n + 1, (unsigned)WEIGHTS);
    toward(&m->cpu, (double)j->cpu, m->n);
    toward(&m->lead_cpu, j->lead_cpu < 0 ? 0 : (double)j->lead_cpu, m->n);
    toward(&m->workers_cpu, j->workers_cpu < 0 ? 0 : (double)j->workers_cpu, m->n);
    toward(&m->workers_blocked, j->workers_blocked, m->n);
    toward(&m->workers_running, j->workers_running, m->n);
    toward(&m->lead_blocked, j->lead_state == 'D', m->n);
}

static void sums(struct hr_watch *w)
{
    struct hr_model *m = w->model;
    for (unsigned n = 0; n < m->job_n; n++) {
        struct hr_job_load *j = &m->job[n];
        bool all_pss = true;
        uint64_t pss = 0;
        j->procs = j->ranks = j->workers = j->compilers = j->orphans = 0;
        j->running = j->blocked = j->stopped = j->zombies = j->workers_running = j->workers_blocked = 0;
        j->lead_state = 0;
        j->cpu = j->workers_cpu = j->lead_cpu = -1;
        j->anon = HR_READ(0);
        j->locked = HR_UNREAD(HR_WHY_LATER);
        j->swap = j->read = j->written = HR_UNREAD(HR_WHY_FIRST);
        j->faults = HR_UNREAD(HR_WHY_FIRST);
        for (unsigned i = 0; i < m->proc_n; i++) {
            const struct hr_proc_load *p = &m->proc[i];
            if (p->job != (int)n)
                continue;
            count(j, p);
            sum_memory(w, j, p, i, &all_pss, &pss);
            plus_known(&j->read, p->read);
            plus_known(&j->written, p->written);
            plus_known(&j->faults, p->faults);
            if (w->procs.more[i].world > 0)
                j->world = HR_READ(w->procs.more[i].world);
        }
        uint64_t born_ns = j->born * w->procs.tick_ns;
        j->age = m->uptime.known && m->uptime.v > born_ns ? m->uptime.v - born_ns : 0;
        j->memory_how = all_pss && j->procs != 0 ? HR_JOB_PSS : HR_JOB_ESTIMATE;
        j->memory = all_pss && j->procs != 0 ? HR_READ(pss) : j->anon;
        sum_gpus(w, j, n);
        if (m->seq > 1)
            means(j);
    }
}

int hr_look_jobs_open(struct hr_watch *w, struct hr_error *err)
{
    w->jobs = hr_calloc(1, sizeof *w->jobs);
    return w->jobs == NULL ? hr_fail_nomem(err, sizeof *w->jobs, "the jobs") : 0;
}

void hr_look_jobs_close(struct hr_watch *w)
{
    hr_free(w->jobs);
}

void hr_look_jobs(struct hr_watch *w)
{
    if (w->options.no_processes)
        return;
    if (w->procs.changed)
        make(w);
    w->procs.changed = false;
}

void hr_sum_jobs(struct hr_watch *w)
{
    if (w->options.no_processes)
        return;
    sums(w);
    estimate_vram(w);
}
