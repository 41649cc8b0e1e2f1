/* The past of some values, in three resolutions: every second for an hour, every 10 s for a day, every minute for 30 days.
 * The coarse ones keep the least, the mean and the greatest of their time, so that a spike of one tick never vanishes.
 * All memory is taken at birth and is a constant; pages that hold no value yet cost nothing.  Values are kept in 16 bits
 * (10 of mantissa: within 0.05 %), non-negative; what is unknown is a gap, never 0. */
#ifndef HR_SERIES_H
#define HR_SERIES_H

#include "err.h"
#include "model.h"

/* Which values have a past.  Those of HR_SERIES_PER_GPU exist once for every one of the first HR_SERIES_GPUS GPUs. */
enum hr_metric {
    HR_M_CPU,           /* percent of all CPUs */
    HR_M_IOWAIT,
    HR_M_LOAD1,
    HR_M_MEM_USED,      /* bytes: total less available */
    HR_M_MEM_AVAILABLE,
    HR_M_MEM_ANON,
    HR_M_MEM_SHMEM,
    HR_M_MEM_CACHE,     /* clean and dirty */
    HR_M_MEM_KERNEL,    /* slab, page tables, stacks, vmalloc and the remainder */
    HR_M_SWAP_USED,
    HR_M_SWAP_IO,       /* bytes per second, both ways */
    HR_M_MAJOR_FAULTS,
    HR_M_STALL_CPU,     /* percent, some */
    HR_M_STALL_MEMORY,
    HR_M_STALL_IO,
    HR_M_DISK_READ,     /* bytes per second, all disks */
    HR_M_DISK_WRITE,
    HR_M_DISK_BUSY,     /* percent, the busiest disk */
    HR_M_DISK_WAIT,     /* nanoseconds per request, the slowest disk */
    HR_M_NET_RX,
    HR_M_NET_TX,
    HR_M_JOB_CPU,       /* all jobs together: percent of one CPU */
    HR_M_JOB_MEM,
    HR_M_JOB_WORKERS_BLOCKED, /* loader workers that wait for storage */
    HR_M_OWN_CPU,
    HR_M_MACHINE_END,
    HR_M_GPU_BUSY = HR_M_MACHINE_END, /* percent */
    HR_M_GPU_VRAM,      /* bytes used */
    HR_M_GPU_POWER,     /* milliwatts */
    HR_M_GPU_CELSIUS,
    HR_M_GPU_MHZ,
    HR_M_GPU_THROTTLED, /* percent of the ticks in which something but idleness slowed the clocks */
    HR_METRICS
};
enum { HR_SERIES_GPUS = 8, HR_SERIES_PER_GPU = HR_METRICS - HR_M_MACHINE_END };

/* All of these values in one row: the metrics of the machine, then HR_SERIES_PER_GPU of each GPU.  Recordings number them so too. */
enum { HR_SERIES_SLOTS = HR_M_MACHINE_END + HR_SERIES_GPUS * HR_SERIES_PER_GPU };
struct hr_slot {
    enum hr_metric metric;
    unsigned gpu; /* 0 for those of the machine */
};
struct hr_slot hr_slot(unsigned slot);

enum hr_metric_unit { HR_UNIT_PERCENT, HR_UNIT_BYTES, HR_UNIT_BYTES_S, HR_UNIT_COUNT, HR_UNIT_COUNT_S, HR_UNIT_NS, HR_UNIT_MILLIWATTS,
               HR_UNIT_CELSIUS, HR_UNIT_MHZ };
const char *hr_metric_unit_name(enum hr_metric_unit u); /* "bytes/s" */
struct hr_metric_word {
    const char *key, *name; /* "memory-used", "memory used" */
    enum hr_metric_unit unit;
};
const struct hr_metric_word *hr_metric_word(enum hr_metric m);

enum hr_tier { HR_TIER_SECOND, HR_TIER_TEN, HR_TIER_MINUTE, HR_TIERS };
uint64_t hr_tier_step(enum hr_tier t); /* ns */
size_t hr_tier_room(enum hr_tier t);   /* buckets: 3600, 8640, 43200 */

struct hr_bucket {
    bool known;
    double min, avg, max;
};

#define HR_SERIES_HOLD (UINT64_C(15) * 1000000000)

struct hr_series;
int hr_series_open(struct hr_series **ret, struct hr_error *err) HR_MUST_USE;
void hr_series_close(struct hr_series *s); /* accepts NULL */
/* Takes the values of one tick.  They stand for the time since the tick before as far as that is at most HR_SERIES_HOLD: beyond it is a
 * gap.  A tick that is not later than the one before is ignored. */
void hr_series_take(struct hr_series *s, const struct hr_model *m);
/* The bucket `back` steps before the newest one of its tier (0: the newest, which may still be filling).  `gpu` is looked at
 * for the metrics of GPUs only. */
struct hr_bucket hr_series_at(const struct hr_series *s, enum hr_metric m, unsigned gpu, enum hr_tier t, size_t back);
/* Buckets of that tier that hold anything, from the newest on. */
size_t hr_series_length(const struct hr_series *s, enum hr_tier t);
/* The wall time (ns since 1970) at which the bucket `back` begins. */
uint64_t hr_series_time(const struct hr_series *s, enum hr_tier t, size_t back);
/* For a plot of `width` columns over the last `ns`, from the finest tier that reaches so far: column 0 is the oldest, each the
 * least, mean and greatest of the buckets under it, a gap where nothing is known.  Columns begin at multiples of their
 * width in absolute time, so that a plot that moves does not shimmer; the time of a column is returned. */
uint64_t hr_series_plot(const struct hr_series *s, enum hr_metric m, unsigned gpu, uint64_t ns, struct hr_bucket *ret,
                    size_t width);
/* `n` columns of `step` ns (a whole number of seconds), the last of them number `last`: it holds the time from last * step on, on the
 * clock of `at`.  Each comes from the coarsest tier that tells it apart, or from a coarser one where that reaches no longer so far back. */
void hr_series_columns(const struct hr_series *s, enum hr_metric m, unsigned gpu, uint64_t step, uint64_t last, struct hr_bucket *ret,
                       size_t n);

/* For a past that is read from a recording: a series that has taken nothing and began at `begun` (0: not known) is put at `now`, and then
 * told buckets of any time before, in any order.   Buckets told twice are joined. */
void hr_series_anchor(struct hr_series *s, uint64_t begun, uint64_t now);
void hr_series_put(struct hr_series *s, enum hr_tier t, unsigned slot, uint64_t at, struct hr_bucket b);

/* Mean over the last `ns`, and how much of that time is known (0..1). */
double hr_series_mean(const struct hr_series *s, enum hr_metric m, unsigned gpu, uint64_t ns, double *ret_known);

/* A value of this tick; false: unknown. */
bool hr_metric_of(const struct hr_model *m, enum hr_metric metric, unsigned gpu, double *ret);
bool hr_slot_value(const struct hr_model *m, unsigned slot, double *ret);

#endif
