/* All that is known of a build before its command starts. */
#ifndef HR_BUILD_PLAN_H
#define HR_BUILD_PLAN_H

#include "build_env.h"
#include "cli.h"
#include "outlook.h"

#define HR_BUILD_TIME_LIMIT "30m"

struct hr_build_wish {
    const char *const *argv; /* NULL: none, then there is no forecast */
    uint64_t memory;         /* bytes; 0: what is free */
    unsigned jobs;           /* 0: not chosen */
    bool gate;               /* one is to be tried */
    const char *arch;        /* as --arch; NULL: the cards that are here */
    const char *timeout;     /* as --timeout */
};

struct hr_build_plan {
    struct hr_build_env env;
    struct hr_outlook outlook;
    struct hr_buf history, past; /* paths */
    unsigned cpus;
    uint64_t timeout_ns; /* 0: none */
};

/* Whatever it returns, hr_build_plan_fini is due. */
int hr_build_plan_make(struct hr_cli *cli, const struct hr_root *root, const struct hr_build_wish *wish, struct hr_build_plan *p,
                       struct hr_error *err) HR_MUST_USE;
void hr_build_plan_fini(struct hr_build_plan *p);

#endif
