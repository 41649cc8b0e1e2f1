#include "means_model.h"

#include "human.h"

static void figure(struct hr_figure *f, const struct hr_bucket *b)
{
    *f = b->known ? hr_figure_of((uint64_t)(b->avg + 0.5)) : hr_figure_unknown("%s", hr_why_text(HR_WHY_MEANS));
}

static void real(struct hr_real *f, const struct hr_bucket *b)
{
    *f = b->known ? hr_real_of(b->avg) : hr_real_unknown("%s", hr_why_text(HR_WHY_MEANS));
}

static struct hr_reading reading(const struct hr_bucket *b, double scale)
{
    return b->known ? HR_READ(b->avg * scale + 0.5) : HR_UNREAD(HR_WHY_MEANS);
}

static void memory(const struct hr_bucket *b, struct hr_account *a)
{
    static const struct hr_bucket none;
    struct hr_figure *const untold[] = { &a->total, &a->locked, &a->pinned, &a->swap_total, &a->swap_cached, &a->committed, &a->commit_limit, &a->writeback,
                                         &a->huge_anon, &a->limit, &a->limit_used, &a->windows_held, &a->swap_in, &a->swap_out, &a->refaults,
                                         &a->stalls, &a->oom_kills };
    for (size_t i = 0; i < HR_COUNT(untold); i++)
        figure(untold[i], &none);
    for (unsigned p = 0; p < HR_PARTS; p++)
        a->part[p] = HR_UNREAD(HR_WHY_MEANS);
    figure(&a->available, &b[HR_M_MEM_AVAILABLE]);
    figure(&a->swap_used, &b[HR_M_SWAP_USED]);
    figure(&a->major_faults, &b[HR_M_MAJOR_FAULTS]);
    if (!b[HR_M_MEM_USED].known || !b[HR_M_MEM_AVAILABLE].known)
        return;
    static const struct {
        enum hr_part part;
        enum hr_metric metric;
    } kept[] = { { HR_PART_ANON, HR_M_MEM_ANON }, { HR_PART_SHMEM, HR_M_MEM_SHMEM }, { HR_PART_CACHE, HR_M_MEM_CACHE }, { HR_PART_OTHER, HR_M_MEM_KERNEL } };
    a->total = hr_figure_of((uint64_t)(b[HR_M_MEM_USED].avg + b[HR_M_MEM_AVAILABLE].avg + 0.5));
    uint64_t left = a->total.v;
    for (size_t i = 0; i < HR_COUNT(kept); i++) {
        struct hr_reading r = reading(&b[kept[i].metric], 1);
        if (r.why == HR_WHY_KNOWN) {
            r.v = HR_MIN(r.v, left);
            left -= r.v;
        }
        a->part[kept[i].part] = r;
    }
    a->part[HR_PART_FREE] = HR_READ(left);
}

static void flows(const struct hr_bucket *b, struct hr_model *m)
{
    const struct hr_reading none = HR_UNREAD(HR_WHY_MEANS);
    m->disks_known = m->links_known = hr_truth_unknown("%s", hr_why_text(HR_WHY_MEANS));
    if (b[HR_M_DISK_READ].known || b[HR_M_DISK_WRITE].known) {
        struct hr_disk_load *d = &m->disk[m->disk_n++];
        *d = (struct hr_disk_load) { "all disks", false, reading(&b[HR_M_DISK_READ], 1), reading(&b[HR_M_DISK_WRITE], 1), none, none,
                                     reading(&b[HR_M_DISK_WAIT], 1), none, reading(&b[HR_M_DISK_BUSY], 10), none };
        m->disks_known = hr_truth_of(true);
    }
    if (b[HR_M_NET_RX].known || b[HR_M_NET_TX].known) {
        m->link[m->link_n++] = (struct hr_link_load) { "all links", reading(&b[HR_M_NET_RX], 1), reading(&b[HR_M_NET_TX], 1), none };
        m->links_known = hr_truth_of(true);
    }
}

static void gpus(const struct hr_bucket *all, struct hr_gpus_load *g)
{
    static const struct hr_bucket none;
    for (unsigned i = 0; i < HR_SERIES_GPUS; i++) {
        const struct hr_bucket *b = all + HR_M_MACHINE_END + i * HR_SERIES_PER_GPU;
        bool any = false;
        for (unsigned k = 0; k < HR_SERIES_PER_GPU; k++)
            any |= b[k].known;
        if (any)
            g->n = i + 1;
    }
    for (unsigned i = 0; i < g->n; i++) {
        const struct hr_bucket *b = all + HR_M_MACHINE_END + i * HR_SERIES_PER_GPU;
        struct hr_gpu_load *to = &g->gpu[i];
        struct hr_figure *const untold[] = { &to->memory, &to->free, &to->memory_busy, &to->milliwatts_limit, &to->sm_mhz_max, &to->memory_mhz,
                                             &to->memory_mhz_max, &to->throttle, &to->pcie_gen, &to->pcie_gen_max, &to->pcie_width,
                                             &to->pcie_width_max, &to->pcie_sent, &to->pcie_received, &to->processes, &to->unowned };
        for (size_t k = 0; k < HR_COUNT(untold); k++)
            figure(untold[k], &none);
        to->name = to->uuid = to->bus = hr_word_unknown("%s", hr_why_text(HR_WHY_MEANS));
        figure(&to->busy, &b[HR_M_GPU_BUSY - HR_M_MACHINE_END]);
        figure(&to->used, &b[HR_M_GPU_VRAM - HR_M_MACHINE_END]);
        figure(&to->milliwatts, &b[HR_M_GPU_POWER - HR_M_MACHINE_END]);
        figure(&to->celsius, &b[HR_M_GPU_CELSIUS - HR_M_MACHINE_END]);
        figure(&to->sm_mhz, &b[HR_M_GPU_MHZ - HR_M_MACHINE_END]);
    }
    g->known = g->n != 0 ? hr_truth_of(true) : hr_truth_unknown("%s", hr_why_text(HR_WHY_MEANS));
    g->driver = hr_word_unknown("%s", hr_why_text(HR_WHY_MEANS));
}

void hr_means_model(const struct hr_bucket b[HR_RING_SLOTS], uint64_t wall, unsigned seconds, struct hr_model *m)
{
    static const struct hr_bucket none;
    hr_image_blank(m);
    m->seq = wall;
    m->at = m->wall = wall;
    m->span = seconds * UINT64_C(1000000000);
    m->means = seconds;
    m->host = m->kernel = m->machine = hr_word_unknown("%s", hr_why_text(HR_WHY_MEANS));
    figure(&m->uptime, &none);
    memory(b, &m->memory);
    struct hr_real *const untold[] = { &m->cpu.user, &m->cpu.system, &m->cpu.steal, &m->cpu.load5, &m->cpu.load15, &m->stall_cpu.full, &m->stall_cpu.some10,
                                       &m->stall_cpu.full10, &m->stall_memory.full, &m->stall_memory.some10, &m->stall_memory.full10, &m->stall_io.full,
                                       &m->stall_io.some10, &m->stall_io.full10 };
    struct hr_figure *const counts[] = { &m->cpu.running, &m->cpu.blocked, &m->cpu.switches, &m->cpu.forks, &m->cpu.allowed, &m->own_resident };
    for (size_t i = 0; i < HR_COUNT(untold); i++)
        real(untold[i], &none);
    for (size_t i = 0; i < HR_COUNT(counts); i++)
        figure(counts[i], &none);
    real(&m->cpu.busy, &b[HR_M_CPU]);
    real(&m->cpu.iowait, &b[HR_M_IOWAIT]);
    real(&m->cpu.load1, &b[HR_M_LOAD1]);
    real(&m->stall_cpu.some, &b[HR_M_STALL_CPU]);
    real(&m->stall_memory.some, &b[HR_M_STALL_MEMORY]);
    real(&m->stall_io.some, &b[HR_M_STALL_IO]);
    real(&m->own_cpu, &b[HR_M_OWN_CPU]);
    flows(b, m);
    gpus(b, &m->gpus);
    m->procs_known = b[HR_M_JOB_MEM].known ? hr_truth_unknown("of that time only means of %u s are kept; all jobs together held %s", seconds,
                                                              hr_human_bytes((uint64_t)b[HR_M_JOB_MEM].avg).text)
                                           : hr_truth_unknown("of that time only means of %u s are kept: no processes, no jobs", seconds);
    m->files_known = m->segments_known = hr_truth_unknown("%s", hr_why_text(HR_WHY_MEANS));
}
