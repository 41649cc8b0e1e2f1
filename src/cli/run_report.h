/* What `headrace run` says before and after. */
#ifndef HR_RUN_REPORT_H
#define HR_RUN_REPORT_H

#include "batch_sweep.h"
#include "cli.h"
#include "train.h"

/* Before the command: the marks, and what happens there. */
void hr_run_announce(struct hr_cli *cli, const struct hr_train_options *o, uint64_t free);
/* The last word, on standard error: standard output is the command's. */
void hr_run_say(struct hr_cli *cli, const struct hr_train_report *r, const char *command, const char *folder);
void hr_run_json(struct hr_jw *w, const struct hr_train_report *r, const char *command, const char *folder);
/* For --dry-run: the marks, what is done at them, and the values that would be tried (n of them, may be 0). */
void hr_run_plan_json(struct hr_jw *w, const struct hr_train_options *o, uint64_t free, const char *const *value, size_t n);
/* The exit status: the command's own, 128 and the signal, 126 or 127 when it could not be started; 124 for one that was ended here and
 * says 0. */
int hr_run_status(const struct hr_train_report *r);

/* One value of --batch-sweep. */
struct hr_sweep_row {
    const char *value;
    enum hr_sweep_why why;
    const char *words; /* of its output, HR_SWEEP_SAYS */
    char note[96];
    int status;
    uint64_t wall_ns, ram;
    struct hr_figure vram; /* the fullest card */
    bool whole;            /* it is that of the whole card */
};
/* The last row that fits, as the user wrote them; -1: none. */
int hr_sweep_best(const struct hr_sweep_row *row, size_t n);
void hr_sweep_say(struct hr_cli *cli, const struct hr_sweep_row *row, size_t n, const char *folder);
void hr_sweep_json(struct hr_jw *w, const struct hr_sweep_row *row, size_t n, const char *folder);

#endif
