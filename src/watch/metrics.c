/* One value of the model for every metric that has a past. */
#include "series.h"

#include "gpus.h"

static bool figure(const struct hr_figure *f, double *ret)
{
    *ret = (double)f->v;
    return f->known;
}

static bool real(const struct hr_real *f, double *ret)
{
    *ret = f->v;
    return f->known;
}

static bool part(const struct hr_account *a, enum hr_part p, double *ret)
{
    *ret = (double)a->part[p].v;
    return a->part[p].why == HR_WHY_KNOWN;
}

static bool memory(const struct hr_account *a, enum hr_metric metric, double *ret)
{
    double v = 0, sum = 0;
    bool any = false;
    if (metric == HR_M_MEM_AVAILABLE)
        return figure(&a->available, ret);
    if (metric == HR_M_MEM_USED) {
        *ret = (double)(a->total.v - HR_MIN(a->available.v, a->total.v));
        return a->total.known && a->available.known;
    }
    if (metric == HR_M_MEM_ANON)
        return part(a, HR_PART_ANON, ret);
    if (metric == HR_M_MEM_SHMEM)
        return part(a, HR_PART_SHMEM, ret);
    if (metric == HR_M_MEM_CACHE) {
        any = part(a, HR_PART_CACHE, &v);
        *ret = v + (part(a, HR_PART_DIRTY, &sum) ? sum : 0);
        return any;
    }
    for (unsigned p = HR_PART_SLAB_FREE; p <= HR_PART_OTHER; p++)
        if (part(a, (enum hr_part)p, &v)) {
            sum += v;
            any = true;
        }
    *ret = sum;
    return any;
}

static bool add(struct hr_reading r, double *sum)
{
    *sum += r.why == HR_WHY_KNOWN ? (double)r.v : 0;
    return r.why == HR_WHY_KNOWN;
}

/* The disk below a stacked one is counted already. */
static bool disks(const struct hr_model *m, enum hr_metric metric, double *ret)
{
    double v = 0, most = 0;
    bool any = false;
    for (unsigned i = 0; i < m->disk_n; i++) {
        const struct hr_disk_load *d = &m->disk[i];
        if (d->stacked)
            continue;
        if (metric == HR_M_DISK_READ) {
            any |= add(d->read, &v);
        } else if (metric == HR_M_DISK_WRITE) {
            any |= add(d->written, &v);
        } else if (metric == HR_M_DISK_BUSY) {
            any |= d->busy.why == HR_WHY_KNOWN;
            most = HR_MAX(most, (double)d->busy.v / 10);
        } else {
            const struct hr_reading *wait[] = { &d->read_ns, &d->write_ns };
            for (size_t k = 0; k < 2; k++) {
                any |= wait[k]->why == HR_WHY_KNOWN;
                most = HR_MAX(most, wait[k]->why == HR_WHY_KNOWN ? (double)wait[k]->v : 0);
            }
        }
    }
    *ret = metric == HR_M_DISK_READ || metric == HR_M_DISK_WRITE ? v : most;
    return any;
}

static bool links(const struct hr_model *m, bool received, double *ret)
{
    bool any = false;
    *ret = 0;
    for (unsigned i = 0; i < m->link_n; i++)
        any |= add(received ? m->link[i].received : m->link[i].sent, ret);
    return any;
}

static bool jobs(const struct hr_model *m, enum hr_metric metric, double *ret)
{
    double v = 0;
    bool any = false;
    for (unsigned i = 0; i < m->job_n; i++) {
        const struct hr_job_load *j = &m->job[i];
        if (metric == HR_M_JOB_MEM) {
            any |= add(j->memory, &v);
        } else if (metric == HR_M_JOB_CPU) {
            any |= j->cpu >= 0;
            v += j->cpu >= 0 ? (double)j->cpu : 0;
        } else {
            any = true;
            v += j->workers_blocked;
        }
    }
    *ret = v;
    return any;
}

static bool gpu_value(const struct hr_model *m, enum hr_metric metric, unsigned gpu, double *ret)
{
    if (gpu >= m->gpus.n || m->gpus.stale)
        return false;
    const struct hr_gpu_load *g = &m->gpus.gpu[gpu];
    switch (metric) {
    case HR_M_GPU_BUSY:
        return figure(&g->busy, ret);
    case HR_M_GPU_VRAM:
        return figure(&g->used, ret);
    case HR_M_GPU_POWER:
        return figure(&g->milliwatts, ret);
    case HR_M_GPU_CELSIUS:
        return figure(&g->celsius, ret);
    case HR_M_GPU_MHZ:
        return figure(&g->sm_mhz, ret);
    default: {
        char text[HR_WORD_MAX];
        *ret = g->throttle.known && hr_gpu_throttle_text(g->throttle.v, true, text) ? 100 : 0;
        return g->throttle.known;
    }
    }
}

static bool machine_value(const struct hr_model *m, enum hr_metric metric, double *ret)
{
    switch (metric) {
    case HR_M_CPU:
        return real(&m->cpu.busy, ret);
    case HR_M_IOWAIT:
        return real(&m->cpu.iowait, ret);
    case HR_M_LOAD1:
        return real(&m->cpu.load1, ret);
    case HR_M_SWAP_USED:
        return figure(&m->memory.swap_used, ret);
    case HR_M_SWAP_IO:
        *ret = (double)(m->memory.swap_in.v + m->memory.swap_out.v);
        return m->memory.swap_in.known && m->memory.swap_out.known;
    case HR_M_MAJOR_FAULTS:
        return figure(&m->memory.major_faults, ret);
    case HR_M_STALL_CPU:
        return real(&m->stall_cpu.some, ret);
    case HR_M_STALL_MEMORY:
        return real(&m->stall_memory.some, ret);
    case HR_M_STALL_IO:
        return real(&m->stall_io.some, ret);
    default:
        return real(&m->own_cpu, ret);
    }
}

bool hr_metric_of(const struct hr_model *m, enum hr_metric metric, unsigned gpu, double *ret)
{
    if (metric >= HR_M_MACHINE_END)
        return gpu_value(m, metric, gpu, ret);
    if (metric >= HR_M_MEM_USED && metric <= HR_M_MEM_KERNEL)
        return memory(&m->memory, metric, ret);
    if (metric >= HR_M_DISK_READ && metric <= HR_M_DISK_WAIT)
        return disks(m, metric, ret);
    if (metric == HR_M_NET_RX || metric == HR_M_NET_TX)
        return links(m, metric == HR_M_NET_RX, ret);
    if (metric >= HR_M_JOB_CPU && metric <= HR_M_JOB_WORKERS_BLOCKED)
        return jobs(m, metric, ret);
    return machine_value(m, metric, ret);
}

struct hr_slot hr_slot(unsigned slot)
{
    if (slot < HR_M_MACHINE_END)
        return (struct hr_slot) { (enum hr_metric)slot, 0 };
    unsigned i = slot - HR_M_MACHINE_END;
    return (struct hr_slot) { (enum hr_metric)(HR_M_MACHINE_END + i % HR_SERIES_PER_GPU), i / HR_SERIES_PER_GPU };
}

bool hr_slot_value(const struct hr_model *m, unsigned slot, double *ret)
{
    struct hr_slot s = hr_slot(slot);
    return hr_metric_of(m, s.metric, s.gpu, ret);
}
