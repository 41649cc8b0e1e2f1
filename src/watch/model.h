/* What every face of the watcher draws (terminal, page, metrics, recorder): one moment of the machine, as plain data.
 *
 * A model holds no pointers: it may be copied, kept and read by another thread (under a lock of theirs).  Its arrays have
 * ceilings, and say with `..._cut` or a count of their own what did not fit.  Machine-wide values are hr_figure and hr_real of
 * base/known.h; rows, of which there are thousands, hold hr_reading: a number and the row of hr_why_text() that says why
 * there is none.  Percentages of CPU are of one CPU (a job with 8 busy threads has 800).  Bytes, nanoseconds, and rates per
 * second.  A rate is unknown at the first look. */
#ifndef HR_MODEL_H
#define HR_MODEL_H

#include "known.h"

enum {
    HR_MODEL_CPUS = 512,
    HR_MODEL_DISKS = 32,
    HR_MODEL_LINKS = 32,
    HR_MODEL_SPACES = 16,
    HR_MODEL_GPUS = 64,
    HR_MODEL_GPU_PROCESSES = 32, /* per GPU */
    HR_MODEL_PROCS = 4096,
    HR_MODEL_JOBS = 32,
    HR_MODEL_FILES = 16,
    HR_MODEL_FOREIGN = 16,
    HR_MODEL_NAME = 48,
    HR_MODEL_COMMAND = 96,
};

/* Why a reading of a row is unknown: one table (model_words.c). */
enum hr_why {
    HR_WHY_KNOWN,
    HR_WHY_FIRST,     /* a rate, and this is the first look */
    HR_WHY_CAPTURED,  /* a rate, and a captured machine stands still */
    HR_WHY_FORBIDDEN, /* only root or the owner may look */
    HR_WHY_KERNEL,    /* the kernel has no such file */
    HR_WHY_GONE,      /* it ended while it was looked at */
    HR_WHY_COSTLY,    /* not measured: it would cost more than the watcher may take */
    HR_WHY_LATER,     /* measured rarely, and not yet */
    HR_WHY_IDLE,      /* a time per request, and there was none */
    HR_WHY_WDDM,      /* Windows' driver model hides it */
    HR_WHY_NO_GPU,    /* no GPU is told of */
    HR_WHY_HANGS,     /* the driver does not answer */
    HR_WHY_FOREIGN,   /* Windows or another machine serves it: asking may hang */
    HR_WHY_MEANS,     /* of that time a recording keeps means alone */
    HR_WHY_UNREAD,    /* the file could not be read or is malformed */
    HR_WHYS
};
const char *hr_why_text(enum hr_why why);

struct hr_reading {
    uint64_t v;
    enum hr_why why;
};
#define HR_READ(x) ((struct hr_reading) { (uint64_t)(x), HR_WHY_KNOWN })
#define HR_UNREAD(w) ((struct hr_reading) { 0, (w) })

/* --- memory that adds up --- */
/* Who holds the memory.  Every byte of MemTotal is in exactly one part; HR_PART_OTHER is what the kernel does not attribute
 * (drivers, network buffers, a balloon) and makes the sum exact. */
enum hr_part {
    HR_PART_ANON,        /* programs' own memory */
    HR_PART_SHMEM,       /* tmpfs, /dev/shm, shared memory between programs */
    HR_PART_CACHE,       /* page cache of files, clean: given back on demand */
    HR_PART_DIRTY,       /* page cache that must be written first */
    HR_PART_SLAB_FREE,   /* kernel caches that can be given back */
    HR_PART_SLAB,        /* kernel objects */
    HR_PART_PAGE_TABLES,
    HR_PART_STACKS,      /* kernel stacks */
    HR_PART_VMALLOC,     /* kernel, vmalloc and per-CPU */
    HR_PART_HUGETLB,     /* reserved huge pages, used or not */
    HR_PART_ZSWAP,       /* compressed swap in memory */
    HR_PART_OTHER,       /* the remainder */
    HR_PART_FREE,
    HR_PARTS
};
struct hr_part_word {
    const char *key, *name, *note; /* "slab-reclaimable", "kernel caches", "given back on demand" */
    bool gives;                    /* counts as available */
};
const struct hr_part_word *hr_part_word(enum hr_part p);

/* A group with a limit that the watcher is not in, and that of a process which grows. */
enum { HR_OTHER_GROUPS = 4 };
struct hr_other_group {
    struct hr_figure limit, used;
    int pid; /* of that process */
    char comm[16];
    unsigned turn; /* another number: another group; no two have the same */
};

struct hr_account {
    struct hr_figure total;
    struct hr_reading part[HR_PARTS];
    uint64_t overlap; /* bytes that the kernel's own figures count twice: the parts sum to total + overlap (nearly always 0) */
    struct hr_figure available; /* MemAvailable */
    struct hr_figure locked;    /* mlock: cannot be swapped; inside of anon and shmem */
    struct hr_figure pinned;    /* pinned for devices (DMA); inside of the other parts */
    struct hr_figure swap_total, swap_used, swap_cached;
    struct hr_figure committed, commit_limit;
    struct hr_figure writeback, huge_anon; /* inside of the parts */
    /* The cgroup of this process, when it has a limit: what counts before the machine's own end is reached. */
    struct hr_figure limit, limit_used;
    struct hr_other_group other[HR_OTHER_GROUPS]; /* not recorded; those whose limit is unknown are none */
    /* What Windows sees held by this VM; unknown outside WSL2, and inside as long as nothing tells it. */
    struct hr_figure windows_held;
    /* rates per second */
    struct hr_figure swap_in, swap_out; /* bytes */
    struct hr_figure major_faults, refaults, stalls; /* refaults: pages of files read again soon after they were dropped */
    struct hr_figure oom_kills;                      /* since boot */
};

/* --- the machine's other subjects --- */
struct hr_cpu_load {
    struct hr_real busy, user, system, iowait, steal; /* percent of all CPUs together */
    unsigned n;                                       /* CPUs that follow; more than HR_MODEL_CPUS are summed only */
    float each[HR_MODEL_CPUS];                        /* busy, percent of one CPU; negative: unknown */
    struct hr_real load1, load5, load15;
    struct hr_figure running, blocked;  /* tasks */
    struct hr_figure switches, forks;   /* per second */
    struct hr_figure allowed;           /* CPUs that the user's programs may use */
};

struct hr_stall { /* PSI: percent of the time since the last look */
    struct hr_real some, full, some10, full10;
};

struct hr_disk_load {
    char name[32];
    bool stacked; /* made of other disks (dm, md): not added to them in sums */
    struct hr_reading read, written;        /* bytes per second */
    struct hr_reading reads, writes;        /* requests per second */
    struct hr_reading read_ns, write_ns;    /* mean time of a request */
    struct hr_reading busy;                 /* thousandths of the time in which a request was under way */
    struct hr_reading queue;                /* thousandths: mean number of requests under way */
};

struct hr_link_load {
    char name[32];
    struct hr_reading received, sent; /* bytes per second */
    struct hr_reading bad;            /* errors and drops, both ways, per second */
};

struct hr_space_load {
    char at[HR_WORD_MAX], type[16];
    struct hr_reading total, available; /* bytes */
    bool ram;                           /* tmpfs: what is in it is memory */
};

struct hr_gpu_process_load {
    int pid;
    bool graphics;
    struct hr_reading vram;
};
struct hr_gpu_load {
    struct hr_word name, uuid, bus;
    struct hr_figure memory, used, free;      /* VRAM, bytes */
    struct hr_figure busy, memory_busy;       /* percent */
    struct hr_figure celsius, milliwatts, milliwatts_limit;
    struct hr_figure sm_mhz, sm_mhz_max, memory_mhz, memory_mhz_max;
    struct hr_figure throttle;                /* bits: hr_gpu_throttle_text of gpu/gpus.h */
    struct hr_figure pcie_gen, pcie_gen_max, pcie_width, pcie_width_max;
    struct hr_figure pcie_sent, pcie_received; /* bytes per second */
    struct hr_figure processes;
    struct hr_gpu_process_load process[HR_MODEL_GPU_PROCESSES];
    unsigned process_n;
    struct hr_figure unowned; /* VRAM that no process listed holds: the driver, the desktop, other containers */
};
struct hr_gpus_load {
    struct hr_truth known;   /* false or unknown: `why` is one sentence */
    char say[256];           /* "the driver has not answered for 4 s", or empty */
    bool stale;              /* the figures are of an older look, `age` ns ago */
    uint64_t age;
    struct hr_word driver;
    unsigned n, cut;
    struct hr_gpu_load gpu[HR_MODEL_GPUS];
};

/* --- processes and jobs --- */
enum hr_duty {
    HR_DUTY_NONE,
    HR_DUTY_LAUNCHER, /* torchrun, accelerate, mpirun, srun, a shell around it */
    HR_DUTY_RANK,     /* the training process itself */
    HR_DUTY_WORKER,   /* a loader's worker process */
    HR_DUTY_COMPILER, /* torch's compile workers, nvcc, ninja, cc1plus below a job */
    HR_DUTY_HELPER,   /* anything else below a job: resource trackers, wandb */
    HR_DUTIES
};
const char *hr_duty_name(enum hr_duty r);

struct hr_proc_load {
    int pid, parent;
    uint64_t born;              /* clock ticks since boot: with the pid it names one process for good */
    uint32_t uid, threads;
    char state;                 /* of /proc/PID/stat: R S D T Z */
    uint8_t duty;               /* hr_duty */
    int8_t job;                 /* index into `job`, -1: none */
    int8_t rank;                /* LOCAL_RANK, -1: not told */
    char comm[16];
    char command[HR_MODEL_COMMAND]; /* script and launcher, no secrets; "" while not read */
    float cpu;                  /* percent of one CPU; negative: unknown */
    struct hr_reading resident; /* bytes */
    struct hr_reading own;      /* bytes no file backs and no other process is known to share: an estimate of what ends with it */
    struct hr_reading pss;      /* proportional share of what is no file's; measured rarely */
    struct hr_reading swap;
    struct hr_reading read, written; /* bytes per second of storage */
    struct hr_reading faults;   /* major faults per second */
};

enum hr_job_memory {
    HR_JOB_PSS,      /* of all members, measured */
    HR_JOB_ESTIMATE, /* anonymous memory of each, shared memory counted once: an upper bound where workers were forked */
};

struct hr_file_load {
    char path[HR_WORD_MAX];
    uint64_t size, cached, dirty; /* bytes */
    int8_t job;                   /* that has it open, -1: none */
    int pid;                      /* that has it open */
};

/* Of a job over the last looks (about 20 weigh), since one look at a state says little. */
struct hr_job_means {
    unsigned n;             /* looks that are in it, 0: none */
    float cpu, lead_cpu;    /* percent of one CPU; lead: the first rank */
    float workers_cpu;      /* all loader workers together */
    float workers_blocked;  /* workers that wait for storage */
    float workers_running;  /* that run, or would if a CPU were free */
    float lead_blocked;     /* 0..1 */
};

struct hr_job_load {
    char name[HR_MODEL_NAME]; /* "train.py" */
    char user[24];
    int lead;                 /* pid of the launcher, or of the first rank */
    uint64_t born;
    uint64_t age;             /* ns */
    unsigned procs, ranks, workers, compilers, orphans; /* orphans: members whose parent has gone */
    unsigned running, blocked, stopped, zombies;        /* states of members */
    unsigned workers_running, workers_blocked;
    char lead_state;          /* of the first rank */
    struct hr_reading world;  /* WORLD_SIZE */
    float cpu, workers_cpu;   /* percent of one CPU; negative: unknown */
    struct hr_reading memory; /* bytes: what it holds of the machine, without page cache */
    enum hr_job_memory memory_how;
    struct hr_reading anon, shmem, cache, swap, locked, pinned; /* cache: of the files that it has open */
    struct hr_reading read, written, faults;
    uint64_t gpus;            /* bit i: GPU i */
    struct hr_reading vram;
    bool vram_estimated;      /* it alone uses the GPU: what is used beyond the baseline is taken for its own */
    struct hr_job_means mean;
    float lead_cpu;           /* percent of one CPU; negative: unknown */
    bool windows_drive;       /* a member has files open, or works, on a drive of Windows */
};

struct hr_segment { /* of /dev/shm */
    char name[HR_MODEL_NAME];
    uint64_t bytes;
    int pid;     /* that has it open or mapped, 0: nobody that can be seen */
    int8_t job;
};

/* --- the whole --- */
struct hr_model {
    uint64_t seq;        /* of the tick */
    uint64_t at, wall;   /* monotonic and since 1970, ns */
    uint64_t span;       /* ns since the tick before, which rates are over; 0: first */
    bool captured;
    unsigned means;      /* 0: a look; else the figures are means over so many seconds, and what no mean is kept of is unknown */
    struct hr_word host, kernel, machine; /* machine: "WSL 2" */
    struct hr_figure uptime;              /* ns */
    struct hr_account memory;
    struct hr_cpu_load cpu;
    struct hr_stall stall_cpu, stall_memory, stall_io;
    struct hr_truth disks_known, links_known;
    struct hr_disk_load disk[HR_MODEL_DISKS];
    unsigned disk_n, disk_cut;
    struct hr_link_load link[HR_MODEL_LINKS];
    unsigned link_n, link_cut;
    struct hr_space_load space[HR_MODEL_SPACES];
    unsigned space_n, space_cut;
    struct hr_gpus_load gpus;
    struct hr_truth procs_known;
    unsigned proc_n, proc_cut;
    uint64_t zombies, stopped, kernel_threads;
    struct hr_job_load job[HR_MODEL_JOBS];
    unsigned job_n, job_cut;
    struct hr_truth files_known;           /* whether page cache can be told by file */
    struct hr_file_load file[HR_MODEL_FILES]; /* the largest in the page cache of those that are open */
    unsigned file_n;
    struct hr_truth segments_known;
    struct hr_segment segment[HR_MODEL_FILES];
    unsigned segment_n, segment_cut;
    uint64_t segment_cut_bytes;
    /* what the watcher itself takes */
    struct hr_real own_cpu;      /* percent of one CPU, the child that asks the driver included */
    struct hr_figure own_resident;
    uint64_t own_calls;          /* system calls of the last tick */
    struct hr_proc_load proc[HR_MODEL_PROCS]; /* last, so that a copy may stop behind proc_n rows */
};
/* Bytes of a model that are in use: sizeof less the empty rows at its end. */
size_t hr_model_bytes(const struct hr_model *m);

#endif
