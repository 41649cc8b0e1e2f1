/* The projects that people build most, as data: what one of their heavy jobs takes, which variables their build reads, whether
 * they can be built without CUDA.  Every row names where it comes from; what is not known is NULL or 0 and is said so. */
#ifndef HR_PROJECTS_H
#define HR_PROJECTS_H

#include "attr.h"

/* How a project writes a list of architectures. */
enum hr_archs {
    HR_ARCHS_TORCH, /* "8.6;12.0" in TORCH_CUDA_ARCH_LIST, which is set for everybody */
    HR_ARCHS_CMAKE, /* "86;120" in a variable of its own */
    HR_ARCHS_COMMA, /* "86,120" */
    HR_ARCHS_ONE,   /* "8.6": it takes only one */
    HR_ARCHS_FLASH, /* "80;120": only the first of each generation is known to it */
    HR_ARCHS_CUPY,  /* "arch=compute_86,code=sm_86;..." */
};

enum { HR_PROJECT_WORDS = 4, HR_PROJECT_SETS = 5 };
struct hr_project {
    const char *name;
    const char *words[HR_PROJECT_WORDS]; /* as a command or a folder names it: lower case, '-' for '_' and '.' */
    uint64_t low, high;                  /* bytes that one heavy job takes; 0: not known */
    const char *memory_source;
    uint64_t long_ns;                    /* how long a build is known to take; 0: not known */
    const char *time, *time_source;      /* the same in words: "5 hours with 4 jobs" */
    const char *jobs;                    /* the variable that limits its jobs; NULL: there is none */
    bool digits;                         /* it reads that as a number and stops at anything else */
    const char *threads;                 /* the variable for nvcc's own threads; NULL: none */
    enum hr_archs form;
    const char *archs;                   /* the variable that names architectures; NULL: what TORCH_CUDA_ARCH_LIST or CMake say */
    bool no_isolation;                   /* pip needs --no-build-isolation: its build imports torch without declaring it */
    /* "NAME=VALUE" sets, "NAME" unsets, "-nvcc" takes nvcc off the PATH; the first NULL ends it. */
    const char *cpu[HR_PROJECT_SETS];    /* the CPU-only variant; cpu[0] NULL: it has none that the environment can choose */
    const char *cpu_lacks;               /* what that product cannot do */
    const char *lean[HR_PROJECT_SETS];   /* debug information and link-time optimisation off */
    const char *source;
};

const struct hr_project *hr_projects(size_t *ret_n);
/* Told from a command's words ("flash-attn==2.8.3", "git+https://github.com/…/torchmcubes.git") or else the folder where it runs; NULL:
 * none of these. */
const struct hr_project *hr_project_of(const char *const *argv, const char *cwd);

#endif
