/* A machine that trains, made up: for tests of what is drawn and told of a model. */
#ifndef HR_MODEL_MAKE_H
#define HR_MODEL_MAKE_H

#include "mem.h"
#include "model.h"
#include "series.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define GIB ((uint64_t)1 << 30)
#define MIB ((uint64_t)1 << 20)

static inline void make_memory(struct hr_account *a, uint64_t total, double wave)
{
    uint64_t left = total;
    const double share[HR_PARTS] = { [HR_PART_ANON] = 0.38 + 0.1 * wave, [HR_PART_SHMEM] = 0.06, [HR_PART_CACHE] = 0.27, [HR_PART_DIRTY] = 0.01,
                                     [HR_PART_SLAB_FREE] = 0.02, [HR_PART_SLAB] = 0.01, [HR_PART_PAGE_TABLES] = 0.004,
                                     [HR_PART_STACKS] = 0.001, [HR_PART_VMALLOC] = 0.003, [HR_PART_OTHER] = 0.02 };
    for (unsigned p = 0; p < HR_PARTS; p++) {
        uint64_t v = p == HR_PART_FREE ? left : (uint64_t)(share[p] * (double)total);
        a->part[p] = HR_READ(v);
        left -= p == HR_PART_FREE ? left : v;
    }
    a->total = hr_figure_of(total);
    a->available = hr_figure_of(a->part[HR_PART_FREE].v + a->part[HR_PART_CACHE].v + a->part[HR_PART_SLAB_FREE].v / 2);
    a->swap_total = hr_figure_of(8 * GIB);
    a->swap_used = hr_figure_of(412 * MIB);
    a->limit = hr_figure_unknown("no cgroup sets a limit");
    a->limit_used = hr_figure_unknown("no cgroup sets a limit");
    a->windows_held = hr_figure_unknown("nothing tells it");
    a->locked = hr_figure_of(0);
    a->swap_in = a->swap_out = a->major_faults = hr_figure_of(0);
}

static inline void make_gpu(struct hr_gpu_load *g, unsigned i, double wave)
{
    char text[64];
    g->name = hr_word_of(HR_STR("NVIDIA GeForce RTX 5070 Ti"));
    snprintf(text, sizeof text, "GPU-%08u-1111-2222-3333-444444444444", i);
    g->uuid = hr_word_of(hr_str(text));
    snprintf(text, sizeof text, "00000000:%02u:00.0", i + 1);
    g->bus = hr_word_of(hr_str(text));
    g->memory = hr_figure_of(16 * GIB);
    g->used = hr_figure_of((uint64_t)((0.6 + 0.2 * wave) * 16 * (double)GIB));
    g->free = hr_figure_of(g->memory.v - g->used.v);
    g->busy = hr_figure_of((uint64_t)(62 + 36 * wave));
    g->memory_busy = hr_figure_of((uint64_t)(30 + 20 * wave));
    g->celsius = hr_figure_of(71 + i);
    g->milliwatts = hr_figure_of((uint64_t)(215000 + 80000 * wave));
    g->milliwatts_limit = hr_figure_of(300000);
    g->sm_mhz = hr_figure_of(2610);
    g->sm_mhz_max = hr_figure_of(3090);
    g->memory_mhz = g->memory_mhz_max = hr_figure_of(14001);
    g->throttle = hr_figure_of(i == 0 ? 4 : 0);
    g->pcie_gen = g->pcie_gen_max = hr_figure_of(5);
    g->pcie_width = hr_figure_of(16);
    g->pcie_width_max = hr_figure_of(16);
    g->pcie_received = hr_figure_of((uint64_t)(900 + 300 * wave) * MIB);
    g->pcie_sent = hr_figure_of(40 * MIB);
    g->processes = hr_figure_of(1);
    g->process_n = 1;
    g->process[0] = (struct hr_gpu_process_load) { 4711 + (int)i, false, HR_UNREAD(HR_WHY_WDDM) };
}

static inline struct hr_proc_load *make_proc(struct hr_model *m, int pid, int parent, int job, enum hr_duty duty, const char *comm,
                                             const char *command, double cpu, uint64_t memory)
{
    struct hr_proc_load *p = &m->proc[m->proc_n++];
    memset(p, 0, sizeof *p);
    p->pid = pid;
    p->parent = parent;
    p->job = (int8_t)job;
    p->duty = (uint8_t)duty;
    p->rank = -1;
    p->state = cpu > 20 ? 'R' : 'S';
    p->cpu = (float)cpu;
    p->born = 100000;
    p->uid = 1000;
    p->threads = 4;
    snprintf(p->comm, sizeof p->comm, "%s", comm);
    snprintf(p->command, sizeof p->command, "%s", command);
    p->resident = HR_READ(memory);
    p->own = HR_READ(memory * 9 / 10);
    p->pss = HR_UNREAD(HR_WHY_LATER);
    p->swap = HR_READ(0);
    p->read = p->written = HR_UNREAD(HR_WHY_KERNEL);
    return p;
}

static inline void make_procs(struct hr_model *m, double wave)
{
    m->proc_n = 0;
    make_proc(m, 1, 0, -1, HR_DUTY_NONE, "systemd", "/sbin/init", 0, 12 * MIB);
    make_proc(m, 812, 1, -1, HR_DUTY_NONE, "dockerd", "/usr/bin/dockerd", 0.4, 88 * MIB);
    make_proc(m, 2210, 1, -1, HR_DUTY_NONE, "code-server", "node /opt/code-server/out/node/entry.js", 3.1, 412 * MIB);
    make_proc(m, 4700, 2210, 0, HR_DUTY_LAUNCHER, "torchrun", "torchrun --nproc-per-node 2 train.py", 0.1, 61 * MIB);
    for (int r = 0; r < 2; r++) {
        make_proc(m, 4711 + r, 4700, 0, HR_DUTY_RANK, "python", "python train.py", 96 + 3 * wave, 3 * GIB)->rank = (int8_t)r;
        for (int w = 0; w < 4; w++) {
            struct hr_proc_load *p = make_proc(m, 4730 + r * 10 + w, 4711 + r, 0, HR_DUTY_WORKER, "pt_data_worker", "python train.py", 41 + 9 * w * wave, 700 * MIB);
            p->state = w == 3 ? 'D' : 'R';
        }
    }
    make_proc(m, 5100, 2210, -1, HR_DUTY_NONE, "\xe6\x97\xa5\xe6\x9c\xac", "name in another script", 0.2, 9 * MIB);
    make_proc(m, 5200, 1, -1, HR_DUTY_NONE, "evil\033[31m", "echo \033]0;title\007", 0, 2 * MIB);
    for (int i = 0; i < 60; i++)
        make_proc(m, 6000 + i, 1, -1, HR_DUTY_NONE, "kworker", "", 0, 0);
    m->job_n = 1;
    m->job[0] = (struct hr_job_load) { .name = "train.py", .user = "mi", .lead = 4700, .age = UINT64_C(8040000000000), .procs = 11, .ranks = 2, .workers = 8,
                                       .running = 9, .lead_state = 'R', .cpu = (float)(540 + 40 * wave), .memory = HR_READ(9 * GIB), .memory_how = HR_JOB_PSS,
                                       .swap = HR_READ(0), .read = HR_UNREAD(HR_WHY_KERNEL), .written = HR_UNREAD(HR_WHY_KERNEL), .gpus = 3,
                                       .vram = HR_READ(20 * GIB), .vram_estimated = true };
    m->procs_known = hr_truth_of(true);
    m->zombies = 1;
}

static inline void make_rest(struct hr_model *m, double wave)
{
    m->cpu.busy = hr_real_of(48 + 30 * wave);
    m->cpu.user = hr_real_of(40 + 28 * wave);
    m->cpu.system = hr_real_of(6);
    m->cpu.iowait = hr_real_of(2 + 2 * wave);
    m->cpu.steal = hr_real_of(0);
    m->cpu.n = 16;
    for (unsigned i = 0; i < m->cpu.n; i++)
        m->cpu.each[i] = (float)(50 + 50 * sin(i * 1.7 + wave * 3));
    m->cpu.load1 = hr_real_of(9.31);
    m->cpu.load5 = hr_real_of(8.77);
    m->cpu.load15 = hr_real_of(6.02);
    m->cpu.running = hr_figure_of(9);
    m->cpu.blocked = hr_figure_of(2);
    m->cpu.allowed = hr_figure_of(16);
    m->stall_memory.some = m->stall_memory.full = hr_real_unknown("no PSI: this kernel has it off; psi=1 on its command line turns it on");
    m->stall_cpu = m->stall_io = m->stall_memory;
    m->disks_known = m->links_known = hr_truth_of(true);
    m->disk_n = 1;
    snprintf(m->disk[0].name, sizeof m->disk[0].name, "sdc");
    m->disk[0].read = HR_READ((uint64_t)(220 + 180 * wave) * MIB);
    m->disk[0].written = HR_READ(6 * MIB);
    m->disk[0].reads = m->disk[0].writes = HR_READ(900);
    m->disk[0].read_ns = HR_READ(410000);
    m->disk[0].write_ns = HR_READ(1200000);
    m->disk[0].busy = HR_READ((uint64_t)(400 + 300 * wave));
    m->disk[0].queue = HR_READ(1500);
    m->link_n = 1;
    snprintf(m->link[0].name, sizeof m->link[0].name, "eth0");
    m->link[0].received = HR_READ((uint64_t)(3 + 2 * wave) * MIB);
    m->link[0].sent = HR_READ(200 << 10);
    m->link[0].bad = HR_READ(0);
    m->space_n = 2;
    const char *const at[] = { "/", "/dev/shm" };
    for (unsigned i = 0; i < 2; i++) {
        snprintf(m->space[i].at, sizeof m->space[i].at, "%s", at[i]);
        snprintf(m->space[i].type, sizeof m->space[i].type, "%s", i == 0 ? "ext4" : "tmpfs");
        m->space[i].total = HR_READ(i == 0 ? 1006 * GIB : 8 * GIB);
        m->space[i].available = HR_READ(i == 0 ? 388 * GIB : 6 * GIB);
        m->space[i].ram = i == 1;
    }
}

/* The machine at second `t`; `gpus` of them. */
static inline void make_model(struct hr_model *m, unsigned t, unsigned gpus)
{
    double wave = sin(t / 17.0) * 0.7 + sin(t / 3.1) * 0.3;
    m->seq = t;
    m->at = UINT64_C(1000000000) * (t + 500000);
    m->wall = UINT64_C(1790000000000000000) + m->at;
    m->span = t == 0 ? 0 : UINT64_C(1000000000);
    m->host = hr_word_of(HR_STR("desk"));
    m->kernel = hr_word_of(HR_STR("6.6.87.2-microsoft-standard-WSL2"));
    m->machine = hr_word_of(HR_STR("WSL 2"));
    m->uptime = hr_figure_of(m->at);
    make_memory(&m->memory, 32 * GIB - 700 * MIB, wave);
    make_rest(m, wave);
    m->gpus.known = gpus > 0 ? hr_truth_of(true) : hr_truth_unknown("no libnvidia-ml.so.1 can be loaded: no NVIDIA driver is here");
    m->gpus.driver = hr_word_of(HR_STR("576.88"));
    m->gpus.n = gpus;
    for (unsigned i = 0; i < gpus; i++)
        make_gpu(&m->gpus.gpu[i], i, sin(t / 9.0 + i));
    make_procs(m, wave);
    m->own_cpu = hr_real_of(0.1);
    m->own_resident = hr_figure_of(5 * MIB);
}

#endif
