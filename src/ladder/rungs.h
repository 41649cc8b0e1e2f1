/* A guarded command with its ladder (ladder.h): run, and when memory was not enough, run again in a smaller way, until it is
 * finished or nothing is left to try.  One time limit holds over all of it. */
#ifndef HR_RUNGS_H
#define HR_RUNGS_H

#include "build_env.h"
#include "ladder.h"
#include "projects.h"

struct hr_rung_done {
    struct hr_rung rung;
    struct hr_guard_report report;
    char clue[160];   /* the line of its output that tells of memory; "" */
    uint64_t began;   /* ns since the first one began */
    char folder[512]; /* where its output and timeline are */
};

struct hr_rungs {
    struct hr_rung_done done[HR_RUNGS_MAX];
    size_t n;
    char why[200];    /* why the ladder ended without success; "" */
    uint64_t wall_ns; /* of all */
    struct hr_course course; /* of all that was finished */
};

struct hr_rungs_ask {
    struct hr_guard_options guard;    /* of the first rung; envp is made from `env` */
    const struct hr_build_env *env;
    const char *const *environment;   /* as it is before that */
    const struct hr_project *project; /* NULL: none of the table */
    const char *const *cpu;           /* the user's own CPU-only variant, as in projects.h; NULL: the project's */
    unsigned retries;
    /* Told before each further rung, and after each rung. */
    void (*next)(void *ctx, const struct hr_rung *rung);
    void (*after)(void *ctx, const struct hr_rungs *r);
    void *ctx;
};
/* Fails only before the first has been started. */
int hr_rungs_run(const struct hr_root *root, const struct hr_rungs_ask *ask, struct hr_rungs *ret, struct hr_error *err) HR_MUST_USE;
void hr_rungs_fini(struct hr_rungs *r);

/* The environment of a rung: `e` with its changes. */
void hr_rung_env(const struct hr_build_env *e, const struct hr_rung *rung, const struct hr_project *project,
                 const char *const *cpu, const char *path, struct hr_build_env *ret);

#endif
