/* One run of a command under `headrace run`: its log folder, its outputs, its report. */
#ifndef HR_RUN_JOB_H
#define HR_RUN_JOB_H

#include "cli.h"
#include "root.h"
#include "train.h"

struct hr_run_job {
    struct hr_cli *cli;
    const struct hr_root *root;
    struct hr_train_options o; /* all but folder, outputs and say */
    bool keep_output;          /* output.log: what the command prints goes through a process of ours */
    const char *report_path;   /* a further copy of the report; NULL: none */
};

/* Runs it, and leaves its report in `folder`, which is there. */
int hr_run_job(struct hr_run_job *j, const char *folder, struct hr_train_report *ret, struct hr_error *err) HR_MUST_USE;

#endif
