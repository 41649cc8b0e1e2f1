/* What a build is told through its environment, so that it builds for the cards that are here and leaves the memory to the gate.
 * A variable that the user has set stays as it is. */
#ifndef HR_BUILD_ENV_H
#define HR_BUILD_ENV_H

#include "gpus.h"
#include "known.h"
#include "root.h"
#include "toolkits.h"

enum { HR_BUILD_SETS_MAX = 32, HR_BUILD_PATH_MAX = 4096, HR_BUILD_MENDS_MAX = 4 };

struct hr_build_set {
    char name[48];
    char value[2 * HR_WORD_MAX];
    char why[HR_WORD_MAX];
    bool kept;  /* the user's own: `value` is that */
    bool unset; /* taken out of the environment */
};

struct hr_build_env {
    struct hr_build_set set[HR_BUILD_SETS_MAX];
    size_t n;
    unsigned jobs; /* 0: not known, and set nowhere */
    const char *asked; /* the cards as the user named them on the command line; NULL: not at all */
    char path[HR_BUILD_PATH_MAX]; /* another PATH; "": the one that is */
    char say[3][HR_WORD_MAX]; /* notes: no card, a card that is left out, jobs that are not set; "" */
    /* The toolkit that the build would use cannot build for any card here. */
    bool refused;
    char refuse_why[2 * HR_WORD_MAX];
    char refuse_toolkit[2][HR_WORD_MAX]; /* its folder, and the same as the PATH names it; "" */
    char mend[HR_BUILD_MENDS_MAX][2 * HR_WORD_MAX];
    size_t mends;
};

struct hr_build_ask {
    unsigned jobs;    /* 0: choose */
    bool gate;        /* jobs are cheap then: the gate is the brake */
    struct hr_figure cpus, ceiling; /* bytes for the build */
    const char *arch; /* "8.6;12.0+PTX": for these cards, whatever is here and in the environment; NULL: for those that are here */
};
/* Reads GPUs, toolkits and the environment through the root. */
int hr_build_env_read(const struct hr_root *root, const struct hr_build_ask *ask, struct hr_build_env *ret,
                      struct hr_error *err) HR_MUST_USE;
/* For what it builds: the value of TORCH_CUDA_ARCH_LIST, else of CUDAARCHS or CMAKE_CUDA_ARCHITECTURES, else the cards that the user
 * named; NULL: neither. */
const char *hr_build_env_arches(const struct hr_build_env *e);
/* One more setting, unless it is there; what the user has set is kept. */
void hr_build_env_set(const struct hr_root *root, struct hr_build_env *e, const char *name, const char *value, const char *why);
/* The part about architectures and toolkits. */
void hr_build_env_arch(const struct hr_root *root, const struct hr_gpus *gpus, const struct hr_toolkits *kits,
                       struct hr_build_env *ret);
/* The environment `now` with these settings in it: a block of pointers to be freed with hr_free, strings and all. */
const char **hr_build_env_merge(const struct hr_build_env *e, const char *const *now) HR_MUST_USE;

#endif
