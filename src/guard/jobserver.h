/* A pool of job tokens for the build tools (GNU make's protocol), beside the gate or where there is none: as many bytes in a fifo
 * as jobs may run beyond each tool's first.  It grows and shrinks while the build runs.
 *
 * J1: the fifo stays open for reading and writing here for the whole build; otherwise a client reads its end.
 * J2: a token that is out cannot be called back.  A pool that shall be smaller is in debt, and takes back what comes home.
 * J3: tokens die with a client that is killed.  What is missing beyond all that the living can hold, for two seconds, is made anew.  Between
 *     two looks a second counts at most: while a machine stands still (a laptop that sleeps) nobody gives anything back.
 * J4: what is there beyond what was ever put in is not ours (somebody has written who had not read): it is taken out.
 * J5: the pool may be empty; each client has one job that needs no token, so something always runs. */
#ifndef HR_JOBSERVER_H
#define HR_JOBSERVER_H

#include "err.h"

/* --- the arithmetic --- */
struct hr_pool {
    unsigned made;   /* tokens that exist: in the fifo or with a client */
    unsigned wanted;
    uint64_t missing_since; /* ns; 0: nothing is missing */
    uint64_t stepped;       /* ns; 0: never */
    uint64_t lost, foreign; /* made anew; taken out: over the whole build */
};
/* What to do now that `there` tokens are in the fifo and living clients can hold at most `held`: > 0: write so many; < 0: read as many
 * as there are, at most so many. */
int hr_pool_step(struct hr_pool *p, unsigned there, unsigned held, uint64_t now);
/* How many of them were really written or read. */
void hr_pool_done(struct hr_pool *p, int step, unsigned really);
/* Tokens for `jobs` jobs at most where each takes `each` bytes and `running` of them run already: none when there is no room. */
unsigned hr_pool_size(int64_t room, uint64_t each, unsigned running, unsigned jobs);

/* --- the clients --- */
/* One process of the build as the census sees it. */
struct hr_pool_process {
    int pid, parent;
    const char *comm;
};
/* Tokens that these can hold: a build tool or nvcc one less than its children, a rustc up to `jobs`. */
unsigned hr_pool_holders(const struct hr_pool_process *p, size_t n, unsigned jobs);

/* --- the fifo --- */
struct hr_jobserver {
    int fd; /* -1: there is none */
    char path[512];
    struct hr_pool pool;
};
int hr_jobserver_open(const char *folder, struct hr_jobserver *ret, struct hr_error *err) HR_MUST_USE;
/* One look: `wanted` tokens shall be there.  Never waits, allocates nothing. */
void hr_jobserver_step(struct hr_jobserver *j, unsigned wanted, unsigned held, uint64_t now);
/* After the last of the tree: a client that opens it by its path later would wait for ever. */
void hr_jobserver_close(struct hr_jobserver *j);

#endif
