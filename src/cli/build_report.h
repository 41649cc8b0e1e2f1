/* What `headrace build` says before and after. */
#ifndef HR_BUILD_REPORT_H
#define HR_BUILD_REPORT_H

#include "build_env.h"
#include "cli.h"
#include "guard.h"
#include "verify_report.h"

/* For --print-env and --dry-run: on standard output. */
int hr_build_print_env(struct hr_cli *cli, const struct hr_build_env *e, struct hr_error *err);
/* The last word, on standard error: standard output is the command's. */
void hr_build_say(struct hr_cli *cli, const struct hr_guard_report *r, const struct hr_build_env *e,
                  const struct hr_proof *p, const char *folder);
void hr_build_json(struct hr_jw *w, const struct hr_guard_report *r, const struct hr_build_env *e,
                   const struct hr_proof *p, const char *folder);
/* The command succeeded, and what it built is not what was expected. */
enum { HR_BUILD_UNMET = 123 };
/* The exit status: the command's own, 128 and the signal, 126 or 127 when it could not be started, 124 when it was ended. */
int hr_build_status(const struct hr_guard_report *r);

#endif
