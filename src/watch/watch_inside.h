/* What the files of the sampler share; for them alone.  Each look_*.c fills its part of the model. */
#ifndef HR_WATCH_INSIDE_H
#define HR_WATCH_INSIDE_H

#include "gpu_asker.h"
#include "sight.h"
#include "watch.h"

#define HR_SECOND UINT64_C(1000000000)

struct hr_look_memory {
    struct hr_kept_file meminfo, vmstat;
    uint64_t page;
    struct hr_count swap_in, swap_out, major, refault, stall;
};

struct hr_group_paths {
    char used[HR_WORD_MAX], stat[HR_WORD_MAX];
    bool v2;
};
struct hr_look_group {
    struct hr_kept_file used, stat;
    struct hr_group_paths paths;
    uint64_t seen_at; /* when somebody in it was last seen to grow */
};

struct hr_look_cpu {
    struct hr_kept_file stat, loadavg, pressure[3], uptime;
    uint64_t all[10];                   /* the times of all CPUs, at the last look */
    bool have;
    uint64_t each_busy[HR_MODEL_CPUS], each_all[HR_MODEL_CPUS];
    unsigned each_n;
    struct hr_count switches, forks, stall_some[3], stall_full[3];
    uint64_t forks_seen;                /* tasks started since boot, and those there are; 0: not told */
    uint64_t tasks_seen;
};

struct hr_look_disk {
    char name[32];
    bool whole, seen;
    struct hr_count reads, read_sectors, read_ms, writes, write_sectors, write_ms, busy_ms, queue_ms;
};
struct hr_look_link {
    char name[32];
    bool seen;
    struct hr_count received, sent, bad;
};
struct hr_look_io {
    struct hr_kept_file diskstats, netdev;
    struct hr_look_disk disk[HR_MODEL_DISKS];
    unsigned disk_n;
    struct hr_look_link link[HR_MODEL_LINKS];
    unsigned link_n;
    uint64_t spaces_at, spaces_again_at;
    char foreign[HR_MODEL_FOREIGN][96]; /* where Windows' drives and networks are mounted */
    bool windows[HR_MODEL_FOREIGN];
    unsigned foreign_n;
};

struct hr_look_gpu {
    struct hr_gpu_asker *asker;
    struct hr_gpus *captured;
    struct hr_count sent[HR_MODEL_GPUS], received[HR_MODEL_GPUS];
    uint64_t counted_at; /* when the PCIe counters were taken */
    uint64_t baseline[HR_MODEL_GPUS]; /* VRAM used while no job ran */
    bool base_known[HR_MODEL_GPUS];
};

/* Beside each row of model->proc, at the same index. */
struct hr_proc_more {
    uint64_t ticks;             /* CPU time in the kernel's ticks, at `at` */
    uint64_t at;                /* when stat was read */
    uint64_t wait;              /* between two readings, while it is not hot */
    uint64_t grew_at;           /* when it was last seen to grow; 0: never */
    uint64_t io_at, pss_at;
    uint64_t resident_was;      /* when it was last asked who grows */
    uint64_t pss_own, locked;   /* `own` when PSS was measured; mlock'ed then */
    uint64_t pss_wait;          /* until PSS is measured again although nothing seems to have changed */
    struct hr_count faults, read, written;
    uint64_t seq;               /* the tick in which stat was read */
    uint64_t stack;             /* where its stack begins: another place after every exec; 0: not told */
    int group;                  /* process group */
    int kin;                    /* the lead of its job, remembered after its parent has gone; 0: none */
    int world, port;            /* WORLD_SIZE, MASTER_PORT; 0: not told */
    uint16_t flags;             /* HR_FLAG_* */
    uint8_t duty;               /* what it looks like by itself: hr_duty */
};
enum {
    HR_FLAG_SEEN_TWICE = 1,
    HR_FLAG_NAMED = 2,   /* command, owner and duty are read */
    HR_FLAG_HOT = 4,     /* read every tick */
    HR_FLAG_PYTHON = 8,
    HR_FLAG_MAPPED = 16, /* its mapped libraries are known */
    HR_FLAG_WORKER = 32, /* told so by its own name */
    HR_FLAG_WINDOWS = 64,/* it works on a drive of Windows */
    HR_FLAG_EARLY = 128, /* named when it was seen for the first time, and once more when it is seen again */
};

/* The little that is gone through for all rows in every tick: four to a cache line. */
struct hr_proc_turn {
    int pid;
    uint32_t listed; /* the listing of /proc that showed it last, 0: it has gone */
    uint64_t due;    /* when it is read again; 0: in every tick */
};

/* What the rows say together, so that it can be held against what the kernel says of the machine. */
struct hr_proc_sum {
    int64_t own;   /* bytes; rows whose own memory is not read count for nothing */
    int64_t cpu;   /* thousandths of a percent of one CPU */
    int64_t moved; /* bytes of storage per second */
};

/* What the machine shows beyond that sum; see proc_alarm.c. */
enum hr_gauge_kind { HR_GAUGE_MEMORY, HR_GAUGE_CPU, HR_GAUGE_DISKS, HR_GAUGES };
struct hr_gauge {
    double base;     /* what is known to be nobody's */
    bool have, half; /* base is set; half: the first of two sweeps has been made */
    unsigned over;   /* ticks in which it was too much */
    int64_t credit;  /* CPU time that it may spend on sweeps, ns */
};

enum { HR_HASH = HR_MODEL_PROCS * 2 };

struct hr_look_procs {
    struct hr_proc_more *more;      /* HR_MODEL_PROCS */
    struct hr_proc_turn *turn;      /* HR_MODEL_PROCS */
    uint16_t *hash;                 /* HR_HASH: row + 1 by pid; 0: empty */
    int *kernel;                    /* HR_HASH: pids of kernel threads, looked at again every few listings */
    unsigned kernel_n;
    struct hr_proc_sum sum;
    struct hr_gauge gauge[HR_GAUGES];
    uint32_t listing;               /* how many there were */
    uint64_t listed_at;
    uint64_t list_cost, read_cost, sweep_cost; /* CPU time of one, ns */
    uint64_t forks, tasks;          /* the kernel's counts before the last listing */
    unsigned cursor;                /* whose turn it is where more are due than a tick takes */
    uint64_t tick_ns, page;
    bool changed;                   /* rows came, went or were named: jobs are made anew */
    bool gone;                      /* some rows have listed 0 */
    bool unnamed;                   /* some rows are not named */
    bool states_moved;              /* some row's state is another */
    bool ask_io;                    /* whose reads and writes these are is asked of every process that is read */
};

enum { HR_RARE_FILES = 64 };
struct hr_rare_file {
    uint64_t dev, ino;
    struct hr_file_load load;
};
struct hr_look_rare {
    /* the budget */
    bool closely;               /* a single report: what is asked for now is worth more than a thousandth of a CPU */
    int64_t credit;             /* CPU that rare looks may take, ns */
    uint64_t spent;             /* that they took in this tick */
    /* turns */
    uint64_t files_at, files_wait; /* the last look at files and segments, and how long until the next where nothing moves */
    bool stirred;               /* something of it moved since that look */
    uint64_t cache_was, shmem_was;
    unsigned jobs_was;
    uint64_t pss_ns, pss_bytes; /* what measuring PSS cost so far */
    /* files */
    int cachestat;              /* 0, or the -errno that it failed with everywhere */
    struct hr_rare_file file[HR_RARE_FILES];
    unsigned file_n;
    int pid;                    /* whose descriptors are gone through */
    /* who holds a segment, by a hash of its name */
    int shm_pid[HR_MODEL_FILES * 4];
    uint32_t shm_name[HR_MODEL_FILES * 4];
    unsigned shm_n;
};

struct hr_watch {
    struct hr_sight sight;
    struct hr_watch_options options;
    struct hr_model *model;
    struct hr_series *series;
    struct hr_look_memory memory;
    struct hr_look_group own_group, other_group[HR_OTHER_GROUPS];
    uint64_t groups_at; /* when they were looked up last */
    unsigned group_turns;
    struct hr_look_cpu cpu;
    struct hr_look_io io;
    struct hr_look_gpu gpu;
    struct hr_look_procs procs;
    struct hr_look_rare rare;
    struct hr_making *jobs;
    uint64_t own_cpu, own_at, child_cpu;
    struct hr_kept_file own_statm;
};

uint64_t hr_watch_now(const struct hr_watch *w);
int hr_look_memory_open(struct hr_watch *w);
void hr_look_memory(struct hr_watch *w);
void hr_look_memory_close(struct hr_watch *w);
/* look_group.c: limits of cgroups; after the processes, since it is asked who of them grows. */
void hr_look_group_open(struct hr_watch *w);
void hr_look_group(struct hr_watch *w);
void hr_look_group_close(struct hr_watch *w);
void hr_look_cpu(struct hr_watch *w);
void hr_look_cpu_close(struct hr_watch *w);
void hr_look_io(struct hr_watch *w);
void hr_look_spaces(struct hr_watch *w);
/* A path on a file system that somebody else serves; *ret_windows: Windows. */
bool hr_look_foreign(const struct hr_watch *w, const char *path, bool *ret_windows);
void hr_look_io_close(struct hr_watch *w);
int hr_look_gpu_open(struct hr_watch *w, struct hr_error *err) HR_MUST_USE;
void hr_look_gpu(struct hr_watch *w);
void hr_look_gpu_close(struct hr_watch *w);
int hr_look_procs_open(struct hr_watch *w, struct hr_error *err) HR_MUST_USE;
void hr_look_procs(struct hr_watch *w);
void hr_look_procs_close(struct hr_watch *w);

/* proc_rows.c: which processes have a row */
/* The row of a pid, -1: none. */
int hr_look_row(const struct hr_watch *w, int pid);
struct hr_stat_line;
/* A new row; there is room for one. */
unsigned hr_row_add(struct hr_watch *w, const struct hr_stat_line *s);
/* The row's pid is another process now. */
void hr_row_anew(struct hr_watch *w, unsigned row, const struct hr_stat_line *s);
/* Takes the row's part out of the sum (-1), or puts it in again (1). */
void hr_row_count(struct hr_watch *w, unsigned row, int sign);
/* Takes the rows out whose turn has listed 0. */
void hr_rows_drop(struct hr_watch *w);
bool hr_kernel_thread(const struct hr_look_procs *l, int pid);
void hr_kernel_thread_add(struct hr_look_procs *l, int pid);
void hr_kernel_threads_forget(struct hr_look_procs *l);

/* proc_read.c: one process */
/* The fields of /proc/PID/stat that are kept; false: it is no such line. */
struct hr_stat_line {
    int pid, parent, group;
    char state, comm[16];
    uint64_t ticks, major, threads, born, pages, stack;
    bool kernel;
};
bool hr_stat_line(const char *text, size_t n, struct hr_stat_line *ret);
/* False: it is gone. */
bool hr_stat_read(struct hr_watch *w, int pid, struct hr_stat_line *ret);
/* The row as this line says; true: something moved since the one before. */
bool hr_row_apply(struct hr_watch *w, unsigned row, const struct hr_stat_line *s);

/* proc_alarm.c: reasons to read all rows at once */
/* After the rows whose turn it was: the gauge that asks for a sweep and may, HR_GAUGES: none. */
enum hr_gauge_kind hr_proc_alarm(struct hr_watch *w);
/* Those that are new have been read for `of`, which took `cost`: true when that explains it. */
bool hr_proc_explained(struct hr_watch *w, enum hr_gauge_kind of, uint64_t cost);
/* All rows have been read, for `of` (HR_GAUGES: for another reason), which took `cost`. */
void hr_proc_swept(struct hr_watch *w, enum hr_gauge_kind of, uint64_t cost);
/* Reads once what names a process: command line, owner, the few variables of its environment that tell ranks. */
void hr_name_process(struct hr_watch *w, unsigned row);
/* Makes the jobs from the rows when these have changed; their sums are made every tick, after the rare looks. */
int hr_look_jobs_open(struct hr_watch *w, struct hr_error *err) HR_MUST_USE;
void hr_look_jobs(struct hr_watch *w);
void hr_sum_jobs(struct hr_watch *w);
void hr_look_jobs_close(struct hr_watch *w);
/* What costs milliseconds: PSS, the page cache by file, the segments of /dev/shm.  In turns, under a budget (rare_inside.h). */
void hr_look_rare(struct hr_watch *w);

/* The text of meminfo and vmstat alone, for tests and fuzzers. */
void hr_account_of(struct hr_str meminfo, struct hr_str vmstat, uint64_t page, struct hr_account *ret);

#endif
