/* Whether and how this build gets a pool of job tokens (jobserver.h), and how large it is at every moment.
 *
 * There is no address that all tools take (makeflags.h), and a wrong one ends the build: make 4.3 stops at a fifo, nvcc at descriptors
 * that somebody has closed. So the pool is given only where every make that can be met takes its address. */
#ifndef HR_TOKENS_H
#define HR_TOKENS_H

#include "admit.h"
#include "jobserver.h"
#include "makeflags.h"

enum hr_tokens_wish { HR_TOKENS_AUTO, HR_TOKENS_ON, HR_TOKENS_OFF };
struct hr_tokens_ask {
    enum hr_tokens_wish wish;
    bool held; /* jobs are held already, by a gate or the guard around this one: AUTO leaves it out */
    const char *const *argv, *const *envp;
    const char *folder;
    unsigned jobs;
    int64_t room; /* bytes that are free now: the pool is filled before the command starts, since ninja looks only when a job ends */
};

struct hr_tokens {
    struct hr_jobserver server;
    enum hr_pool_address address; /* NONE: no pool; `why` */
    const char **envp;            /* for the command; NULL: as it was */
    int handed;                   /* a descriptor that the command inherits; -1 */
    unsigned jobs, most, held;
    uint64_t looked, grown, counted;
    char why[160];
};
/* Which address suits, for a make of this version (0: there is none)?  NONE with the reason. */
enum hr_pool_address hr_tokens_address(const char *const *argv, struct hr_str makeflags, unsigned make, char *why, size_t n);

void hr_tokens_start(struct hr_tokens *t, const struct hr_tokens_ask *ask);
/* The command has been started: nothing else inherits the descriptor. */
void hr_tokens_handed(struct hr_tokens *t);
/* One look, at most ten times a second: the pool follows what is left beside these jobs.  `top`: the build is below it. */
void hr_tokens_look(struct hr_tokens *t, int top, const struct hr_job *job, size_t n, int64_t room, uint64_t now);
void hr_tokens_stop(struct hr_tokens *t);

#endif
