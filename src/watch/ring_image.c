/* One walk over the model for both directions, so that reading and writing cannot disagree.
 *  I1  the walk visits the same number of bytes whatever the model holds.
 *  I2  after a read every string ends, every count is within its array and every enum has a row. */
#include "ring_image.h"

#include "watch_report.h"

#include <string.h>

struct walk {
    uint8_t *p;
    size_t at, n;
    bool put, count; /* count: nothing is touched, only `at` moves */
};

static void raw(struct walk *w, void *v, size_t n)
{
    if (!w->count && w->at + n <= w->n) {
        if (w->put)
            memcpy(w->p + w->at, v, n);
        else
            memcpy(v, w->p + w->at, n);
    }
    w->at += n;
}

static void number(struct walk *w, uint64_t *v, size_t bytes)
{
    uint8_t b[8] = { 0 };
    for (size_t i = 0; i < bytes; i++)
        b[i] = (uint8_t)(*v >> (8 * i));
    raw(w, b, bytes);
    if (w->put || w->count)
        return;
    *v = 0;
    for (size_t i = 0; i < bytes; i++)
        *v |= (uint64_t)b[i] << (8 * i);
}

static void real8(struct walk *w, double *v)
{
    uint64_t u;
    memcpy(&u, v, sizeof u);
    number(w, &u, 8);
    memcpy(v, &u, sizeof u);
}

static void real4(struct walk *w, float *v)
{
    uint32_t u;
    memcpy(&u, v, sizeof u);
    uint64_t wide = u;
    number(w, &wide, 4);
    u = (uint32_t)wide;
    memcpy(v, &u, sizeof u);
    if (*v != *v) /* not a number: unknown */
        *v = -1;
}

/* Behind its end a text is zeros, whatever its array holds there. */
static void text(struct walk *w, char *v, size_t n)
{
    if (w->put) {
        size_t len = strnlen(v, n - 1);
        if (!w->count && w->at + n <= w->n) {
            memcpy(w->p + w->at, v, len);
            memset(w->p + w->at + len, 0, n - len);
        }
        w->at += n;
        return;
    }
    raw(w, v, n);
    v[n - 1] = 0;
}

static void flag(struct walk *w, bool *v)
{
    uint64_t u = *v;
    number(w, &u, 1);
    *v = (u & 1) != 0;
}

#define NUMBER(w, member, bytes)          \
    do {                                  \
        uint64_t u_ = (uint64_t)(member); \
        number((w), &u_, (bytes));        \
        (member) = (__typeof__(member))u_; \
    } while (0)

static void reading(struct walk *w, struct hr_reading *r)
{
    NUMBER(w, r->v, 8);
    NUMBER(w, r->why, 1);
    if ((unsigned)r->why >= HR_WHYS)
        r->why = HR_WHY_UNREAD;
}

static void figure(struct walk *w, struct hr_figure *f)
{
    flag(w, &f->known);
    NUMBER(w, f->v, 8);
    text(w, f->why, sizeof f->why);
}

static void real(struct walk *w, struct hr_real *f)
{
    flag(w, &f->known);
    real8(w, &f->v);
    text(w, f->why, sizeof f->why);
    if (!(f->v >= -1e18 && f->v <= 1e18))
        *f = (struct hr_real) { false, 0, "the recording holds no number" };
}

static void truth(struct walk *w, struct hr_truth *t)
{
    flag(w, &t->known);
    flag(w, &t->v);
    text(w, t->why, sizeof t->why);
}

static void word(struct walk *w, struct hr_word *t)
{
    flag(w, &t->known);
    text(w, t->v, sizeof t->v);
    text(w, t->why, sizeof t->why);
}

static void head(struct walk *w, struct hr_model *m)
{
    NUMBER(w, m->seq, 8);
    NUMBER(w, m->at, 8);
    NUMBER(w, m->wall, 8);
    NUMBER(w, m->span, 8);
    flag(w, &m->captured);
    word(w, &m->host);
    word(w, &m->kernel);
    word(w, &m->machine);
    figure(w, &m->uptime);
}

static void memory(struct walk *w, struct hr_account *a)
{
    figure(w, &a->total);
    for (unsigned p = 0; p < HR_PARTS; p++)
        reading(w, &a->part[p]);
    NUMBER(w, a->overlap, 8);
    struct hr_figure *const f[] = { &a->available, &a->locked, &a->pinned, &a->swap_total, &a->swap_used, &a->swap_cached, &a->committed,
                                    &a->commit_limit, &a->writeback, &a->huge_anon, &a->limit, &a->limit_used, &a->windows_held, &a->swap_in,
                                    &a->swap_out, &a->major_faults, &a->refaults, &a->stalls, &a->oom_kills };
    for (size_t i = 0; i < HR_COUNT(f); i++)
        figure(w, f[i]);
}

static void cpu(struct walk *w, struct hr_model *m)
{
    struct hr_cpu_load *c = &m->cpu;
    struct hr_real *const r[] = { &c->busy, &c->user, &c->system, &c->iowait, &c->steal, &c->load1, &c->load5, &c->load15 };
    struct hr_figure *const f[] = { &c->running, &c->blocked, &c->switches, &c->forks, &c->allowed };
    struct hr_stall *const s[] = { &m->stall_cpu, &m->stall_memory, &m->stall_io };
    for (size_t i = 0; i < HR_COUNT(r); i++)
        real(w, r[i]);
    NUMBER(w, c->n, 4);
    c->n = HR_MIN(c->n, (unsigned)(w->put ? HR_MODEL_CPUS : HR_IMAGE_CPUS));
    for (unsigned i = 0; i < HR_IMAGE_CPUS; i++) {
        uint64_t tenths = i < c->n && c->each[i] >= 0 ? 1 + (uint64_t)(HR_MIN(c->each[i], 1000.0f) * 10 + 0.5f) : 0;
        number(w, &tenths, 2);
        if (!w->put && !w->count)
            c->each[i] = tenths == 0 ? -1.0f : (float)(tenths - 1) / 10;
    }
    for (size_t i = 0; i < HR_COUNT(f); i++)
        figure(w, f[i]);
    for (size_t i = 0; i < HR_COUNT(s); i++) {
        real(w, &s[i]->some);
        real(w, &s[i]->full);
        real(w, &s[i]->some10);
        real(w, &s[i]->full10);
    }
}

/* How many rows there are, and how many were left out before and are now. */
static unsigned rows(struct walk *w, unsigned *n, unsigned most, unsigned *cut)
{
    unsigned kept = HR_MIN(*n, most);
    uint64_t left = (cut != NULL ? *cut : 0) + (uint64_t)(*n - kept), count = kept;
    number(w, &count, 2);
    number(w, &left, 4);
    if (w->put)
        return kept;
    if (w->count)
        return 0;
    *n = (unsigned)HR_MIN(count, (uint64_t)most);
    if (cut != NULL)
        *cut = (unsigned)left;
    return *n;
}

/* A row behind the last is zeros in an image, and stays zeros in a model. */
#define ROW(w, T, array, i, n)                             \
    static const T empty_;                                 \
    T scratch_ = empty_, *row = &scratch_;                 \
    if ((i) < (n))                                         \
        row = &(array)[i]

static void disk(struct walk *w, struct hr_model *m, unsigned i, unsigned n)
{
    ROW(w, struct hr_disk_load, m->disk, i, n);
    text(w, row->name, sizeof row->name);
    flag(w, &row->stacked);
    struct hr_reading *const r[] = { &row->read, &row->written, &row->reads, &row->writes, &row->read_ns, &row->write_ns, &row->busy, &row->queue };
    for (size_t k = 0; k < HR_COUNT(r); k++)
        reading(w, r[k]);
}

static void link_row(struct walk *w, struct hr_model *m, unsigned i, unsigned n)
{
    ROW(w, struct hr_link_load, m->link, i, n);
    text(w, row->name, sizeof row->name);
    reading(w, &row->received);
    reading(w, &row->sent);
    reading(w, &row->bad);
}

static void space(struct walk *w, struct hr_model *m, unsigned i, unsigned n)
{
    ROW(w, struct hr_space_load, m->space, i, n);
    text(w, row->at, sizeof row->at);
    text(w, row->type, sizeof row->type);
    reading(w, &row->total);
    reading(w, &row->available);
    flag(w, &row->ram);
}

static void gpu(struct walk *w, struct hr_model *m, unsigned i, unsigned n)
{
    ROW(w, struct hr_gpu_load, m->gpus.gpu, i, n);
    word(w, &row->name);
    word(w, &row->uuid);
    word(w, &row->bus);
    struct hr_figure *const f[] = { &row->memory, &row->used, &row->free, &row->busy, &row->memory_busy, &row->celsius, &row->milliwatts,
                                    &row->milliwatts_limit, &row->sm_mhz, &row->sm_mhz_max, &row->memory_mhz, &row->memory_mhz_max,
                                    &row->throttle, &row->pcie_gen, &row->pcie_gen_max, &row->pcie_width, &row->pcie_width_max,
                                    &row->pcie_sent, &row->pcie_received, &row->processes, &row->unowned };
    for (size_t k = 0; k < HR_COUNT(f); k++)
        figure(w, f[k]);
    unsigned kept = rows(w, &row->process_n, HR_IMAGE_GPU_PROCESSES, NULL);
    static const struct hr_gpu_process_load none;
    for (unsigned k = 0; k < HR_IMAGE_GPU_PROCESSES; k++) {
        struct hr_gpu_process_load p = none, *at = k < kept ? &row->process[k] : &p;
        NUMBER(w, at->pid, 4);
        flag(w, &at->graphics);
        reading(w, &at->vram);
    }
}

static void job(struct walk *w, struct hr_model *m, unsigned i, unsigned n)
{
    ROW(w, struct hr_job_load, m->job, i, n);
    text(w, row->name, sizeof row->name);
    text(w, row->user, sizeof row->user);
    NUMBER(w, row->lead, 4);
    NUMBER(w, row->born, 8);
    NUMBER(w, row->age, 8);
    unsigned *const u[] = { &row->procs, &row->ranks, &row->workers, &row->compilers, &row->orphans, &row->running, &row->blocked,
                            &row->stopped, &row->zombies, &row->workers_running, &row->workers_blocked, &row->mean.n };
    for (size_t k = 0; k < HR_COUNT(u); k++)
        NUMBER(w, *u[k], 4);
    NUMBER(w, row->lead_state, 1);
    NUMBER(w, row->memory_how, 1);
    if ((unsigned)row->memory_how > HR_JOB_ESTIMATE)
        row->memory_how = HR_JOB_ESTIMATE;
    float *const f[] = { &row->cpu, &row->workers_cpu, &row->lead_cpu, &row->mean.cpu, &row->mean.lead_cpu, &row->mean.workers_cpu,
                         &row->mean.workers_blocked, &row->mean.workers_running, &row->mean.lead_blocked };
    for (size_t k = 0; k < HR_COUNT(f); k++)
        real4(w, f[k]);
    struct hr_reading *const r[] = { &row->world, &row->memory, &row->anon, &row->shmem, &row->cache, &row->swap, &row->locked,
                                     &row->pinned, &row->read, &row->written, &row->faults, &row->vram };
    for (size_t k = 0; k < HR_COUNT(r); k++)
        reading(w, r[k]);
    NUMBER(w, row->gpus, 8);
    flag(w, &row->vram_estimated);
    flag(w, &row->windows_drive);
}

/* A job's row that an image does not hold is no job. */
static int8_t bounded(int8_t j, unsigned jobs)
{
    return j >= 0 && (unsigned)j < jobs ? j : (int8_t)-1;
}

static void file(struct walk *w, struct hr_model *m, unsigned i, unsigned n)
{
    ROW(w, struct hr_file_load, m->file, i, n);
    text(w, row->path, sizeof row->path);
    NUMBER(w, row->size, 8);
    NUMBER(w, row->cached, 8);
    NUMBER(w, row->dirty, 8);
    NUMBER(w, row->pid, 4);
    NUMBER(w, row->job, 1);
    if (!w->put)
        row->job = bounded(row->job, m->job_n);
}

static void segment(struct walk *w, struct hr_model *m, unsigned i, unsigned n)
{
    ROW(w, struct hr_segment, m->segment, i, n);
    text(w, row->name, sizeof row->name);
    NUMBER(w, row->bytes, 8);
    NUMBER(w, row->pid, 4);
    NUMBER(w, row->job, 1);
    if (!w->put)
        row->job = bounded(row->job, m->job_n);
}

static void proc(struct walk *w, struct hr_proc_load *p)
{
    NUMBER(w, p->pid, 4);
    NUMBER(w, p->parent, 4);
    NUMBER(w, p->born, 8);
    NUMBER(w, p->uid, 4);
    NUMBER(w, p->threads, 4);
    NUMBER(w, p->state, 1);
    NUMBER(w, p->duty, 1);
    NUMBER(w, p->job, 1);
    NUMBER(w, p->rank, 1);
    text(w, p->comm, sizeof p->comm);
    text(w, p->command, sizeof p->command);
    real4(w, &p->cpu);
    struct hr_reading *const r[] = { &p->resident, &p->own, &p->pss, &p->swap, &p->read, &p->written, &p->faults };
    for (size_t k = 0; k < HR_COUNT(r); k++)
        reading(w, r[k]);
    if (p->duty >= HR_DUTIES)
        p->duty = HR_DUTY_NONE;
}

static void gpus(struct walk *w, struct hr_gpus_load *g, struct hr_model *m)
{
    truth(w, &g->known);
    text(w, g->say, sizeof g->say);
    flag(w, &g->stale);
    NUMBER(w, g->age, 8);
    word(w, &g->driver);
    unsigned n = rows(w, &g->n, HR_IMAGE_GPUS, &g->cut);
    for (unsigned i = 0; i < HR_IMAGE_GPUS; i++)
        gpu(w, m, i, n);
}

static void whole(struct walk *w, struct hr_model *m, struct hr_proc_load *procs)
{
    unsigned n;
    head(w, m);
    memory(w, &m->memory);
    cpu(w, m);
    truth(w, &m->disks_known);
    truth(w, &m->links_known);
    n = rows(w, &m->disk_n, HR_IMAGE_DISKS, &m->disk_cut);
    for (unsigned i = 0; i < HR_IMAGE_DISKS; i++)
        disk(w, m, i, n);
    n = rows(w, &m->link_n, HR_IMAGE_LINKS, &m->link_cut);
    for (unsigned i = 0; i < HR_IMAGE_LINKS; i++)
        link_row(w, m, i, n);
    n = rows(w, &m->space_n, HR_IMAGE_SPACES, &m->space_cut);
    for (unsigned i = 0; i < HR_IMAGE_SPACES; i++)
        space(w, m, i, n);
    gpus(w, &m->gpus, m);
    truth(w, &m->procs_known);
    NUMBER(w, m->zombies, 8);
    NUMBER(w, m->stopped, 8);
    NUMBER(w, m->kernel_threads, 8);
    n = rows(w, &m->job_n, HR_IMAGE_JOBS, &m->job_cut);
    for (unsigned i = 0; i < HR_IMAGE_JOBS; i++)
        job(w, m, i, n);
    truth(w, &m->files_known);
    n = rows(w, &m->file_n, HR_IMAGE_FILES, NULL);
    for (unsigned i = 0; i < HR_IMAGE_FILES; i++)
        file(w, m, i, n);
    truth(w, &m->segments_known);
    n = rows(w, &m->segment_n, HR_IMAGE_SEGMENTS, &m->segment_cut);
    for (unsigned i = 0; i < HR_IMAGE_SEGMENTS; i++)
        segment(w, m, i, n);
    NUMBER(w, m->segment_cut_bytes, 8);
    real(w, &m->own_cpu);
    figure(w, &m->own_resident);
    NUMBER(w, m->own_calls, 8);
    n = rows(w, &m->proc_n, HR_IMAGE_PROCS, &m->proc_cut);
    (void)n;
    for (unsigned i = 0; i < HR_IMAGE_PROCS; i++)
        proc(w, &procs[i]);
}

size_t hr_image_size(void)
{
    static size_t size; /* every thread finds the same */
    size_t known = __atomic_load_n(&size, __ATOMIC_RELAXED);
    if (known == 0) {
        static struct hr_model none;
        static struct hr_proc_load procs[HR_IMAGE_PROCS];
        struct walk w = { .count = true, .put = true };
        whole(&w, &none, procs);
        known = w.at;
        __atomic_store_n(&size, known, __ATOMIC_RELAXED);
    }
    return known;
}

/* Those that matter most; who had a row keeps it, the others take what is free. */
static void arrange(const struct hr_model *m, struct hr_image_rows *r)
{
    unsigned top[HR_IMAGE_PROCS], n = hr_watch_top_rows(m, top, HR_IMAGE_PROCS);
    bool placed[HR_IMAGE_PROCS] = { false };
    for (unsigned s = 0; s < HR_IMAGE_PROCS; s++) {
        bool kept = false;
        for (unsigned i = 0; i < n && !kept; i++)
            if (!placed[i] && m->proc[top[i]].pid == r->row[s].pid && m->proc[top[i]].born == r->row[s].born) {
                r->row[s] = m->proc[top[i]];
                placed[i] = kept = true;
            }
        if (!kept)
            memset(&r->row[s], 0, sizeof r->row[s]);
    }
    for (unsigned i = 0, s = 0; i < n; i++) {
        while (!placed[i] && r->row[s].pid != 0)
            s++;
        if (!placed[i])
            r->row[s] = m->proc[top[i]];
    }
    for (unsigned s = 0; s < HR_IMAGE_PROCS; s++)
        r->row[s].job = bounded(r->row[s].job, HR_IMAGE_JOBS);
}

void hr_image_write(const struct hr_model *m, struct hr_image_rows *r, uint8_t *to)
{
    struct walk w = { .p = to, .n = hr_image_size(), .put = true };
    arrange(m, r);
    whole(&w, (struct hr_model *)(uintptr_t)m, r->row); /* a walk that puts changes nothing */
}

void hr_image_blank(struct hr_model *m)
{
    memset(m, 0, offsetof(struct hr_model, gpus) + offsetof(struct hr_gpus_load, gpu) + HR_IMAGE_GPUS * sizeof m->gpus.gpu[0]);
    memset(&m->procs_known, 0, offsetof(struct hr_model, proc) - offsetof(struct hr_model, procs_known));
}

bool hr_image_read(const uint8_t *from, size_t n, struct hr_model *m)
{
    struct hr_proc_load procs[HR_IMAGE_PROCS];
    struct walk w = { .p = (uint8_t *)(uintptr_t)from, .n = n };
    if (n != hr_image_size())
        return false;
    hr_image_blank(m);
    memset(procs, 0, sizeof procs);
    whole(&w, m, procs);
    m->proc_n = 0;
    for (unsigned i = 0; i < HR_IMAGE_PROCS; i++)
        if (procs[i].pid != 0) {
            procs[i].job = bounded(procs[i].job, m->job_n);
            m->proc[m->proc_n++] = procs[i];
        }
    return true;
}
