/* The order of the questions matters: what is asked first may be the cause of what is asked later (a machine that swaps has
 * busy disks; a hot GPU has a low clock).  The bars are set so that a wrong verdict is rarer than "cannot tell". */
#include "why_slow.h"

#include "gpus.h"
#include "human.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
enum { LEAST_LOOKS = 4 };
/* Percent, unless named otherwise. */
static const double GPU_WORKS = 80, GPU_STARVES = 70, GPU_STILL = 2, THROTTLED = 30, STALLED_MEMORY = 10, STALLED_IO = 20,
                    DISK_FULL = 80, IOWAIT = 10, WORKER_FULL = 75, MAIN_FULL = 85, WORKERS_WAIT = 0.3, WORKERS_WANT = 0.6, CLOCK_FREE = 0.9;
static const double SWAPPING = 1 << 20; /* bytes per second */

const struct hr_slow_word *hr_slow_word(enum hr_slow_kind k)
{
    static const struct hr_slow_word words[HR_SLOW_KINDS] = {
        [HR_SLOW_CANNOT] = { "cannot-tell", "cannot tell", "" },
        [HR_SLOW_COMPUTE] = { "compute", "compute-bound: the processor works, nothing holds it up",
                              "a faster step: mixed precision, torch.compile, a larger batch, or a faster card" },
        [HR_SLOW_POWER] = { "power", "held back by the power limit of the GPU", "raise the limit if the card allows it (nvidia-smi -pl), or accept it: it is how the card is meant to run" },
        [HR_SLOW_HEAT] = { "heat", "held back by the GPU's temperature", "better cooling: dust, fans, room; or a lower power limit, which often costs less than throttling" },
        [HR_SLOW_MEMORY] = { "memory", "held up by memory that is short: the machine swaps or reclaims", "fewer workers or a smaller prefetch; see who holds memory with headrace top" },
        [HR_SLOW_DISK] = { "disk", "starved by data: loaders wait for the disk", "read fewer and larger pieces: pack the dataset once (headrace pack), or keep it in memory or on a faster disk" },
        [HR_SLOW_WINDOWS] = { "windows-drive", "starved by data: loaders wait for a drive of Windows", "copy the dataset into the Linux file system (for example below your home folder): it is many times faster there" },
        [HR_SLOW_CPU] = { "cpu", "starved by data: the loaders are at the end of their CPUs", "more workers where CPUs are left, else less work per sample: decode once and pack (headrace pack)" },
        [HR_SLOW_MAIN] = { "main-process", "starved by data: the training process prepares it itself, on one CPU", "move loading into workers (num_workers), or pack the dataset (headrace pack)" },
        [HR_SLOW_WAIT] = { "waiting", "starved by data: loaders wait, but for neither CPU nor local disk", "look at where the data comes from: network, a remote store, a lock between workers" },
        [HR_SLOW_STOPPED] = { "stopped", "stopped: members of the job do not run at all", "continue them: kill -CONT, or fg in their shell" },
    };
    return &words[(unsigned)k < HR_SLOW_KINDS ? k : HR_SLOW_CANNOT];
}

struct reading { /* means over the window; negative: unknown */
    double gpu, throttled, power, limit;
    double clock;               /* of the fastest GPU: share of its highest clock; 0: unknown */
    double cpu, iowait, stall_memory, stall_io, swap, disk, wait, rx;
    double worker_cpu, blocked, wanting; /* of one worker: CPU; share of workers that wait for storage, that run or would */
    uint64_t bits;              /* why the clocks are low */
    unsigned gpus;
};

struct court {
    const struct hr_model *m;
    const struct hr_series *s;
    const struct hr_job_load *j;
    struct reading r;
    struct hr_slow *v;
};

static void HR_PRINTF(2, 3) tell(struct court *c, const char *fmt, ...)
{
    va_list ap;
    if (c->v->evidence_n == HR_SLOW_EVIDENCE)
        return;
    va_start(ap, fmt);
    vsnprintf(c->v->evidence[c->v->evidence_n++], sizeof c->v->evidence[0], fmt, ap);
    va_end(ap);
}

static double mean(const struct court *c, enum hr_metric m, unsigned gpu)
{
    double known = 0, v = hr_series_mean(c->s, m, gpu, c->v->over, &known);
    return known > 0.3 ? v : -1;
}

int hr_slow_job(const struct hr_model *m, const char *name)
{
    int best = -1;
    char *end;
    long pid = name == NULL ? 0 : strtol(name, &end, 10);
    for (unsigned i = 0; name != NULL && i < m->job_n; i++)
        if (strcmp(m->job[i].name, name) == 0 || (*end == 0 && m->job[i].lead == pid))
            return (int)i;
    for (unsigned i = 0; name == NULL && i < m->job_n; i++) {
        const struct hr_job_load *a = &m->job[i], *b = best < 0 ? NULL : &m->job[best];
        int more = b == NULL ? 1 : __builtin_popcountll(a->gpus) - __builtin_popcountll(b->gpus);
        if (more > 0 || (more == 0 && a->mean.cpu > b->mean.cpu))
            best = (int)i;
    }
    return best;
}

/* The GPUs that the job is seen on; all, where the driver does not tell who is on which. */
static void read_gpus(struct court *c)
{
    struct reading *r = &c->r;
    double sum = 0, throttled = 0, power = 0, limit = 0;
    unsigned n = 0, with_power = 0;
    for (unsigned g = 0; g < HR_MIN(c->m->gpus.n, (unsigned)HR_SERIES_GPUS); g++) {
        const struct hr_gpu_load *u = &c->m->gpus.gpu[g];
        double busy = mean(c, HR_M_GPU_BUSY, g), watts = mean(c, HR_M_GPU_POWER, g), slow = mean(c, HR_M_GPU_THROTTLED, g);
        if (busy < 0 || (c->j->gpus != 0 && (c->j->gpus >> g & 1) == 0))
            continue;
        n++;
        sum += busy;
        throttled += slow > 0 ? slow : 0;
        r->bits |= u->throttle.known ? u->throttle.v : 0;
        double mhz = mean(c, HR_M_GPU_MHZ, g);
        if (mhz > 0 && u->sm_mhz_max.known && u->sm_mhz_max.v != 0)
            r->clock = HR_MAX(r->clock, mhz / (double)u->sm_mhz_max.v);
        if (watts >= 0 && u->milliwatts_limit.known && u->milliwatts_limit.v != 0) {
            power += watts;
            limit += (double)u->milliwatts_limit.v;
            with_power++;
        }
        tell(c, "GPU %u is busy %.0f %% of the time%s", g, busy, c->m->gpus.stale ? " (its last figures are old)" : "");
    }
    r->gpus = n;
    r->gpu = n == 0 ? -1 : sum / n;
    r->throttled = n == 0 ? -1 : throttled / n;
    r->power = with_power == 0 ? -1 : power;
    r->limit = with_power == 0 ? -1 : limit;
}

static void read_all(struct court *c)
{
    struct reading *r = &c->r;
    read_gpus(c);
    r->cpu = mean(c, HR_M_CPU, 0);
    r->iowait = mean(c, HR_M_IOWAIT, 0);
    r->stall_memory = mean(c, HR_M_STALL_MEMORY, 0);
    r->stall_io = mean(c, HR_M_STALL_IO, 0);
    r->swap = mean(c, HR_M_SWAP_IO, 0);
    r->disk = mean(c, HR_M_DISK_BUSY, 0);
    r->wait = mean(c, HR_M_DISK_WAIT, 0);
    r->rx = mean(c, HR_M_NET_RX, 0);
    unsigned workers = c->j->workers;
    r->worker_cpu = workers == 0 ? -1 : (double)c->j->mean.workers_cpu / workers;
    r->wanting = workers == 0 ? 0 : (double)c->j->mean.workers_running / workers;
    r->blocked = workers == 0 ? (double)c->j->mean.lead_blocked : (double)c->j->mean.workers_blocked / workers;
}

/* --- the questions, each true when it is the cause --- */

static bool memory(struct court *c)
{
    const struct reading *r = &c->r;
    bool swaps = r->swap >= SWAPPING, stalls = r->stall_memory >= STALLED_MEMORY;
    if (!swaps && !stalls)
        return false;
    if (swaps)
        tell(c, "%s/s go to and from swap", hr_human_bytes((uint64_t)r->swap).text);
    if (r->stall_memory >= 0)
        tell(c, "tasks wait for memory %.0f %% of the time", r->stall_memory);
    if (c->m->memory.available.known)
        tell(c, "%s of memory are available", hr_human_bytes(c->m->memory.available.v).text);
    return true;
}

enum { POWER_BITS = 0x4 | 0x80, HEAT_BITS = 0x20 | 0x40 };

static enum hr_slow_kind throttled(struct court *c)
{
    const struct reading *r = &c->r;
    char text[HR_WORD_MAX] = "";
    if (r->throttled < THROTTLED || r->gpu < 50)
        return HR_SLOW_CANNOT;
    hr_gpu_throttle_text(r->bits, true, text);
    tell(c, "something slowed the clocks in %.0f %% of the looks: %s", r->throttled, text[0] != 0 ? text : "not now");
    if (r->power >= 0)
        tell(c, "it takes %.0f W of %.0f W", r->power / 1000, r->limit / 1000);
    if ((r->bits & HEAT_BITS) != 0)
        return HR_SLOW_HEAT;
    /* A card that works hard always stands at its limit; it is held back only when its clock suffers. */
    return (r->bits & POWER_BITS) != 0 && r->clock < CLOCK_FREE ? HR_SLOW_POWER : HR_SLOW_CANNOT;
}

static void workers(struct court *c)
{
    const struct hr_job_load *j = c->j;
    if (j->workers != 0)
        tell(c, "%u loader workers: %.1f wait for storage, each uses %.0f %% of a CPU", j->workers, (double)j->mean.workers_blocked, c->r.worker_cpu);
    else
        tell(c, "no loader workers; the training process uses %.0f %% of a CPU, and waits for storage %.0f %% of the time", (double)j->mean.lead_cpu,
             (double)j->mean.lead_blocked * 100);
}

static bool disk(struct court *c)
{
    const struct reading *r = &c->r;
    bool machine = r->disk >= DISK_FULL || r->iowait >= IOWAIT || r->stall_io >= STALLED_IO;
    if (r->blocked < WORKERS_WAIT && !(machine && r->blocked >= WORKERS_WAIT / 3))
        return false;
    workers(c);
    if (r->disk >= 0)
        tell(c, "the busiest disk is busy %.0f %% of the time, %s a request", r->disk, r->wait > 0 ? hr_human_duration((uint64_t)r->wait).text : "–");
    if (r->stall_io >= 0)
        tell(c, "tasks wait for storage %.0f %% of the time", r->stall_io);
    return true;
}

static enum hr_slow_kind cpus(struct court *c)
{
    const struct reading *r = &c->r;
    const struct hr_job_load *j = c->j;
    if (j->workers != 0 && (r->worker_cpu >= WORKER_FULL || r->wanting >= WORKERS_WANT)) {
        workers(c);
        tell(c, "%.0f %% of the workers run, or would if a CPU were free", r->wanting * 100);
        if (r->cpu >= 0)
            tell(c, "the machine's CPUs are %.0f %% busy", r->cpu);
        return HR_SLOW_CPU;
    }
    if ((double)j->mean.lead_cpu >= MAIN_FULL && (j->workers == 0 || r->worker_cpu < 25)) {
        tell(c, "the training process uses %.0f %% of a CPU, its %u workers %.0f %% each", (double)j->mean.lead_cpu, j->workers, HR_MAX(r->worker_cpu, 0.0));
        return HR_SLOW_MAIN;
    }
    return HR_SLOW_CANNOT;
}

static void cannot(struct court *c, const char *because)
{
    c->v->kind = HR_SLOW_CANNOT;
    snprintf(c->v->because, sizeof c->v->because, "%s", because);
}

/* Why a GPU has nothing to do. */
static void starved(struct court *c)
{
    struct hr_slow *v = c->v;
    if (disk(c)) {
        v->kind = c->j->windows_drive ? HR_SLOW_WINDOWS : HR_SLOW_DISK;
        return;
    }
    v->kind = cpus(c);
    if (v->kind != HR_SLOW_CANNOT)
        return;
    workers(c);
    if (c->r.rx >= 0)
        tell(c, "%s/s come from the network", hr_human_bytes((uint64_t)c->r.rx).text);
    if (c->r.gpu >= 50)
        cannot(c, "the GPU is idle a good part of the time, but disks, CPUs and memory have room: it may be the program itself (small kernels, "
                  "synchronisation, Python between steps)");
    else if (c->j->windows_drive)
        v->kind = HR_SLOW_WINDOWS;
    else if (c->r.gpu > GPU_STILL && c->j->workers != 0)
        v->kind = HR_SLOW_WAIT;
    else
        cannot(c, "the GPU, the CPUs and the disks are all idle: the job waits for something outside (the network, another rank, a lock), or is not training now");
}

static void without_gpu(struct court *c)
{
    const struct hr_model *m = c->m;
    double allowed = m->cpu.allowed.known ? (double)m->cpu.allowed.v : 1;
    if (disk(c)) {
        c->v->kind = c->j->windows_drive ? HR_SLOW_WINDOWS : HR_SLOW_DISK;
        return;
    }
    workers(c);
    tell(c, "no figures of a GPU: %s", m->gpus.say[0] != 0 ? m->gpus.say : m->gpus.n != 0 ? "the driver does not tell the load" : "there is none");
    if ((double)c->j->mean.cpu >= allowed * 85) {
        tell(c, "the job uses %.0f %% of a CPU, of %.0f CPUs", (double)c->j->mean.cpu, allowed);
        c->v->kind = HR_SLOW_COMPUTE;
    } else {
        cannot(c, "the load of the GPU is not known here, and neither disks nor CPUs are at their end");
    }
}

void hr_why_slow(const struct hr_model *m, const struct hr_series *s, int job, uint64_t window, struct hr_slow *ret)
{
    struct court c = { .m = m, .s = s, .v = ret };
    memset(ret, 0, sizeof *ret);
    size_t have = hr_series_length(s, HR_TIER_SECOND);
    ret->over = HR_MIN(window, (uint64_t)have * SECOND);
    if (job < 0 || (unsigned)job >= m->job_n) {
        cannot(&c, !m->procs_known.known ? "the processes of this machine cannot be seen" : "no training job is seen on this machine");
        return;
    }
    c.j = &m->job[job];
    snprintf(ret->job, sizeof ret->job, "%s", c.j->name);
    ret->lead = c.j->lead;
    ret->over = c.j->age != 0 ? HR_MIN(ret->over, HR_MAX(c.j->age, SECOND)) : ret->over;
    if (m->captured || c.j->mean.n < LEAST_LOOKS) {
        cannot(&c, m->captured ? "a captured machine stands still" : "it was looked at for too short a time");
        return;
    }
    if (c.j->stopped != 0 && c.j->running + c.j->blocked == 0) {
        tell(&c, "%u of its %u processes are stopped", c.j->stopped, c.j->procs);
        ret->kind = HR_SLOW_STOPPED;
        return;
    }
    read_all(&c);
    enum hr_slow_kind clocks = HR_SLOW_CANNOT;
    if (memory(&c))
        ret->kind = HR_SLOW_MEMORY;
    else if (c.r.gpu < 0)
        without_gpu(&c);
    else if ((clocks = throttled(&c)) != HR_SLOW_CANNOT)
        ret->kind = clocks;
    else if (c.r.gpu >= GPU_WORKS)
        ret->kind = HR_SLOW_COMPUTE;
    else if (c.r.gpu < GPU_STARVES)
        starved(&c);
    else
        ret->kind = HR_SLOW_COMPUTE;
    if (ret->kind == HR_SLOW_COMPUTE && c.r.power >= 0 && c.r.power < c.r.limit * 0.35)
        tell(&c, "but it takes only %.0f W of %.0f W: kernels run, though small ones or such as wait for memory", c.r.power / 1000, c.r.limit / 1000);
}

/* --- showing --- */

void hr_slow_text(const struct hr_slow *v, bool color, struct hr_buf *out)
{
    const struct hr_slow_word *word = hr_slow_word(v->kind);
    if (v->job[0] != 0)
        hr_buf_printf(out, "%s (%d): ", v->job, v->lead);
    hr_buf_printf(out, color ? "\x1b[1m%s\x1b[0m" : "%s", word->title);
    if (v->kind == HR_SLOW_CANNOT)
        hr_buf_printf(out, ", because %s", v->because);
    hr_buf_addc(out, '\n');
    for (unsigned i = 0; i < v->evidence_n; i++)
        hr_buf_printf(out, "  seen  %s\n", v->evidence[i]);
    if (word->advice[0] != 0)
        hr_buf_printf(out, "  do    %s\n", word->advice);
    if (v->evidence_n != 0)
        hr_buf_printf(out, "  (means of the last %s)\n", hr_human_duration(v->over).text);
}

void hr_slow_json(const struct hr_slow *v, struct hr_jw *w)
{
    const struct hr_slow_word *word = hr_slow_word(v->kind);
    hr_jw_object(w);
    hr_jw_kstr(w, "schema", "headrace-why/1");
    hr_jw_kstr(w, "verdict", word->key);
    hr_jw_kstr(w, "title", word->title);
    hr_jw_kstr(w, "job", v->job[0] != 0 ? v->job : NULL);
    hr_jw_ki64(w, "lead", v->lead);
    hr_jw_kstr(w, "because", v->because[0] != 0 ? v->because : NULL);
    hr_jw_key(w, "evidence");
    hr_jw_array(w);
    for (unsigned i = 0; i < v->evidence_n; i++)
        hr_jw_str(w, v->evidence[i]);
    hr_jw_end(w);
    hr_jw_kstr(w, "advice", word->advice[0] != 0 ? word->advice : NULL);
    hr_jw_ku64(w, "over_ns", v->over);
    hr_jw_end(w);
}
