/* The cgroups that hold this process, or another: what they let it take.  v1, v2 and both at once; limits of every group on the way up
 * count, the tightest one wins. */
#ifndef HR_CGROUP_H
#define HR_CGROUP_H

#include "known.h"
#include "root.h"

struct hr_cgroup {
    struct hr_truth v2;  /* the unified hierarchy has a group for this process */
    struct hr_word path; /* the group of this process, "/user.slice/…": of v2, otherwise of v1's memory controller */
    struct hr_figure limit; /* bytes: the tightest memory limit */
    struct hr_figure used;  /* bytes charged to the group that has it, page cache left out where it can be told apart */
    struct hr_word limit_file; /* "/sys/fs/cgroup/user/memory.max": where that limit stands */
    struct hr_figure high;     /* bytes: the lowest memory.high (v2): above it the kernel slows the group down */
};

/* Of the process `pid`; 0: this one. */
void hr_cgroup_read(const struct hr_root *root, int pid, struct hr_cgroup *ret);

/* v1 writes "no limit" as the largest page-aligned number: from here on it is none. */
#define HR_CGROUP_NO_LIMIT (UINT64_C(1) << 60)
enum { HR_CGROUP_DIR_MAX = 512 };
/* The folder ("/sys/fs/cgroup/user.slice") of each group on the way up that may count memory, from the process's own. */
void hr_cgroup_each(const struct hr_root *root, void (*each)(void *ctx, const char *dir, bool v2), void *ctx);
/* The tightest CPU quota, in CPUs: "50000 100000" is 0.5.  Unknown where none is set. */
struct hr_real hr_cgroup_cpus(const struct hr_root *root);
/* Parsers of the texts alone.  The group that a line of /proc/self/cgroup names: of v2 (`controller` NULL), or of one of v1's
 * controllers. */
bool hr_cgroup_named(struct hr_str text, const char *controller, struct hr_str *ret);
/* "50000 100000" of cpu.max; false: no quota, or no such text. */
bool hr_cgroup_quota(struct hr_str text, double *ret_cpus);

#endif
