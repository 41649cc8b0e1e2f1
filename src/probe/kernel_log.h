/* The kernel's log, decoded: which of its lines mean something for training, which are noise, and whom the kernel killed. */
#ifndef HR_KERNEL_LOG_H
#define HR_KERNEL_LOG_H

#include "known.h"
#include "root.h"

enum hr_log_kind {
    HR_LOG_OOM,          /* the kernel killed a process for memory */
    HR_LOG_OOM_CGROUP,   /* the same, because of a cgroup's limit */
    HR_LOG_ALLOC_FAIL,   /* page allocation failure */
    HR_LOG_DXG_RESIDENT, /* dxgkio_make_resident … -12: no room in VRAM */
    HR_LOG_DXG_SPAN,     /* field-spanning write in dxgvmbus.c: kernels 6.18.26 to 6.18.35 */
    HR_LOG_DXG_OOPS,     /* hmgrtable_free_handle, dxgdevice_destroy in a trace */
    HR_LOG_DXG_NOISE,    /* dxgk ioctls that fail at every start */
    HR_LOG_DXG_FAILED,   /* another dxgk ioctl that failed */
    HR_LOG_XID,          /* NVRM: Xid: the NVIDIA driver tells of a GPU error */
    HR_LOG_NV_MISMATCH,  /* NVRM: API mismatch: kernel module and libraries differ */
    HR_LOG_FS_ERROR,     /* EXT4-fs error */
    HR_LOG_FS_READ_ONLY, /* remounted read-only */
    HR_LOG_IO_ERROR,
    HR_LOG_HARDWARE,  /* machine check, ECC */
    HR_LOG_THROTTLED, /* CPU clock throttled by heat */
    HR_LOG_HUNG,      /* a task blocked for more than 120 s */
    HR_LOG_LOCKUP,    /* soft or hard lockup, RCU stall */
    HR_LOG_CLOCK,     /* clocksource unstable */
    HR_LOG_PANIC,     /* BUG, Oops, general protection fault in the kernel */
    HR_LOG_WSL_END,   /* WSL: the init of a distribution has gone, so all of it is ended */
    HR_LOG_KINDS
};

struct hr_log_hit {
    uint64_t count;
    uint64_t last;  /* ns since boot of the last one; 0: the line has no time */
    char line[200]; /* the last one, without its level and time */
};

enum { HR_VICTIMS_MAX = 8 };
struct hr_victim {
    uint64_t pid, at; /* ns since boot */
    uint64_t anon;    /* bytes; 0: not told */
    bool cgroup;
    char name[32];
};

struct hr_kernel_log {
    struct hr_truth known;
    uint64_t lines;
    bool from_boot; /* the first line is of the first second: nothing has been overwritten */
    struct hr_log_hit hit[HR_LOG_KINDS];
    struct hr_victim victim[HR_VICTIMS_MAX]; /* the last ones, oldest first */
    size_t victims;
};

void hr_kernel_log_read(const struct hr_root *root, struct hr_kernel_log *ret);
void hr_kernel_log_parse(struct hr_str text, struct hr_kernel_log *ret);
/* Only the lines between two moments (ns since boot) that carry a time, of `also` and then of the kernel's log; what is in both counts
 * once as a victim.  `root` NULL: of `also` alone. */
void hr_kernel_log_read_between(const struct hr_root *root, struct hr_str also, uint64_t from, uint64_t to, struct hr_kernel_log *ret);
/* What a line means, its level and time left out; false: nothing of the above. */
bool hr_kernel_log_kind(const char *line, enum hr_log_kind *ret);

#endif
