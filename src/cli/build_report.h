/* What `headrace build` says before and after. */
#ifndef HR_BUILD_REPORT_H
#define HR_BUILD_REPORT_H

#include "build_env.h"
#include "cli.h"
#include "missing.h"
#include "outlook.h"
#include "rungs.h"
#include "verify_report.h"

/* All that a report tells of. */
struct hr_build_told {
    const struct hr_build_env *env;
    const struct hr_outlook *outlook;
    const struct hr_rungs *rungs; /* at least one try, except in a plan */
    const char *folder;
    const char *command; /* its first word; NULL: there is none */
    uint64_t timeout_ns;          /* over all tries; 0: none */
    struct hr_proof proof;        /* of what was built */
    char compare[256];            /* the forecast beside what was measured; "" */
    char missing[HR_MISSING_MAX]; /* what the command needs and its folder has not; "" */
};

/* The last try. */
static inline const struct hr_guard_report *hr_build_last(const struct hr_build_told *t)
{
    return &t->rungs->done[t->rungs->n - 1].report;
}
/* What was built is the variant without CUDA. */
bool hr_build_cpu_only(const struct hr_build_told *t);

/* For --print-env and --dry-run: on standard output.  `o` NULL: without a command there is no forecast. */
int hr_build_print_env(struct hr_cli *cli, const struct hr_build_env *e, const struct hr_outlook *o, struct hr_error *err);
/* Members of an object: the environment with its reasons; the forecast, and what became of it (`compare`, may be NULL). */
void hr_build_env_json(struct hr_jw *w, const struct hr_build_env *e);
void hr_build_outlook_json(struct hr_jw *w, const struct hr_outlook *o, const char *compare);
/* The first line: how the last try ended, and what the tries together mean. */
void hr_build_verdict(struct hr_buf *b, const struct hr_build_told *t);
/* The last word, on standard error: standard output is the command's. */
void hr_build_say(struct hr_cli *cli, const struct hr_build_told *t);
void hr_build_json(struct hr_jw *w, const struct hr_build_told *t);
void hr_build_plan_json(struct hr_jw *w, const struct hr_build_told *t); /* before it starts */
void hr_build_try_json(struct hr_jw *w, const struct hr_build_told *t);  /* of the last try alone */
/* Why there is no peak where it is 0. */
extern const char *const hr_build_unseen;
/* The command succeeded, and what it built is not what was expected. */
enum { HR_BUILD_UNMET = 123 };
/* The exit status: the command's own, 128 and the signal, 126 or 127 when it could not be started, 124 when it was ended. */
int hr_build_status(const struct hr_guard_report *r);

#endif
