/* The machine as the checks see it: every probe read once, when a check first asks for it.
 *
 * A probe's accessor is `const struct hr_<subject> *hr_facts_<subject>(struct hr_facts *)`, never NULL: what could not be read
 * is unknown inside, with its reason. */
#ifndef HR_FACTS_H
#define HR_FACTS_H

#include "container.h"
#include "cpu.h"
#include "cuda.h"
#include "disks.h"
#include "dpkg.h"
#include "err.h"
#include "gpus.h"
#include "kernel_log.h"
#include "memory.h"
#include "mounts.h"
#include "net.h"
#include "procs.h"
#include "rlimits.h"
#include "python_envs.h"
#include "root.h"
#include "toolkits.h"
#include "survey.h"
#include "vm.h"
#include "windows.h"
#include "wsl_files.h"
#include "wslinfo.h"

struct hr_facts;

/* The root stays the caller's.  `path`: the data, checkpoints or projects that the user named; n may be 0: then, on a captured root,
 * those that were named where it was captured. */
int hr_facts_open(const struct hr_root *root, const char *const *path, size_t n, struct hr_facts **ret,
                  struct hr_error *err) HR_MUST_USE;
void hr_facts_close(struct hr_facts *facts); /* accepts NULL */

const struct hr_root *hr_facts_root(const struct hr_facts *facts);
size_t hr_facts_paths(const struct hr_facts *facts, const char *const **ret_path);

const struct hr_cpu *hr_facts_cpu(struct hr_facts *facts);
const struct hr_ram *hr_facts_memory(struct hr_facts *facts);
const struct hr_vm *hr_facts_vm(struct hr_facts *facts);
const struct hr_mounts *hr_facts_mounts(struct hr_facts *facts);
const struct hr_gpus *hr_facts_gpus(struct hr_facts *facts);
const struct hr_container *hr_facts_container(struct hr_facts *facts);
const struct hr_limits *hr_facts_limits(struct hr_facts *facts);
const struct hr_disks *hr_facts_disks(struct hr_facts *facts);
const struct hr_net *hr_facts_net(struct hr_facts *facts);
const struct hr_kernel_log *hr_facts_kernel_log(struct hr_facts *facts);
const struct hr_procs *hr_facts_procs(struct hr_facts *facts);
const struct hr_wslinfo *hr_facts_wslinfo(struct hr_facts *facts);
const struct hr_wsl_read *hr_facts_wsl_file(struct hr_facts *facts, enum hr_wsl_file file);
const struct hr_windows *hr_facts_windows(struct hr_facts *facts); /* takes seconds: for deep checks */
const struct hr_cuda *hr_facts_cuda(struct hr_facts *facts); /* starts the driver, seconds: for deep checks */
const struct hr_dpkg *hr_facts_dpkg(struct hr_facts *facts);
const struct hr_python *hr_facts_python(struct hr_facts *facts);
const struct hr_toolkits *hr_facts_toolkits(struct hr_facts *facts);
/* The room where `path` lies; as it was when it was first asked for, so that all that is said of it agrees. */
void hr_facts_space(struct hr_facts *facts, const char *path, struct hr_space *ret);

/* Whether all that was asked for since hr_facts_watch could be looked at, now or when it was first read: NULL, or what could
 * not, "/proc/stat: Input/output error". */
void hr_facts_watch(struct hr_facts *facts);
const char *hr_facts_torn(struct hr_facts *facts);

/* What the checks of the data group look at: the doctor sets it before each. */
void hr_facts_look_at(struct hr_facts *facts, const char *path); /* NULL: the user named nothing; the current folder */
struct hr_target {
    const char *path; /* as the user wrote it; "." when nothing was named */
    bool named;
    const char *real;             /* absolute, without links; NULL: not known */
    const struct hr_mount *mount; /* that holds it; NULL: not known */
    struct hr_truth there;
};
const struct hr_target *hr_facts_target(struct hr_facts *facts);
const struct hr_survey *hr_facts_survey(struct hr_facts *facts); /* of the target */

#endif
