/* A clean reinstall of a CUDA toolkit for this very system: which version, from which repository, what goes and what stays, step by step with
 * the source of each.  Nothing here is executed. */
#ifndef HR_CUDA_PLAN_H
#define HR_CUDA_PLAN_H

#include "err.h"
#include "facts.h"

enum { HR_PLAN_STEPS_MAX = 12, HR_PLAN_NOTES_MAX = 6, HR_PLAN_OLD_MAX = 24 };

struct hr_plan_step {
    const char *title;
    char command[4][3 * HR_WORD_MAX]; /* "" ends them */
    const char *source;
    bool system_wide; /* changes the machine for everybody */
};

struct hr_cuda_plan {
    bool known;                /* false: not for this system, `why` tells */
    char why[2 * HR_WORD_MAX];
    unsigned want;             /* 1208: a row of kit_tables.h, always */
    char want_why[HR_WORD_MAX];/* "what PyTorch 2.7.0+cu128 here was built with" */
    bool wsl, container;
    char system[HR_WORD_MAX];  /* "Ubuntu 24.04 in WSL 2" */
    char id[32], release[32];      /* of /etc/os-release, of plain letters: "ubuntu", "24.04" */
    char repository[32], arch[16]; /* "wsl-ubuntu", "x86_64" */
    const char *old[HR_PLAN_OLD_MAX]; /* packages that go, of the facts */
    size_t olds, more_old;
    unsigned gxx; /* a host compiler to install beside it; 0: none is needed */
    char torch_index[16]; /* "cu128"; "": there is no wheel of that CUDA in the table */
    struct hr_plan_step step[HR_PLAN_STEPS_MAX];
    size_t steps;
    char note[HR_PLAN_NOTES_MAX][2 * HR_WORD_MAX]; /* what this version cannot do here */
    size_t notes;
};

/* `want` "12.8", or NULL to choose.  HR_E_INVALID: there is no such CUDA, or none that the tables know. */
int hr_cuda_plan_of(struct hr_facts *facts, const char *want, struct hr_cuda_plan *ret, struct hr_error *err) HR_MUST_USE;

/* The plan as a shell script that shows what it will do, asks, and does it; every command is the same as in the plan. */
bool hr_cuda_plan_script(const struct hr_cuda_plan *plan, const char *version, struct hr_buf *out);

/* Packages of a toolkit that the script takes off, and on WSL2 those of a driver: extended regular expressions for grep -E. */
extern const char hr_cuda_old_pattern[], hr_cuda_driver_pattern[], hr_cuda_keep_pattern[];

#endif
