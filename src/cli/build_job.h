/* A guarded build from its forecast to its report. */
#ifndef HR_BUILD_JOB_H
#define HR_BUILD_JOB_H

#include "build_plan.h"
#include "build_verify.h"
#include "guard.h"

struct hr_build_job {
    struct hr_guard_options guard; /* as asked; time limit, folder and history are the plan's */
    const char *const *cpu;        /* the user's CPU-only variant (rungs.h); NULL: the project's */
    unsigned retries;
    bool verify;
    enum hr_expect expect;
};
/* Runs it, reports, and leaves the command's status in cli->status. */
int hr_build_job_run(struct hr_cli *cli, const struct hr_root *root, const struct hr_build_job *job, const struct hr_build_plan *p,
                     struct hr_error *err) HR_MUST_USE;

#endif
