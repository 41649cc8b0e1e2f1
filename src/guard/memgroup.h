/* One memory cgroup on the way up from the build: what it lets, what it holds, whom the kernel has shot in it.  Its files are opened
 * once, whether it has a limit or not, since a limit may be set, moved and taken away while a build runs (room.h, R4). */
#ifndef HR_MEMGROUP_H
#define HR_MEMGROUP_H

#include "attr.h"

/* What of the machine a group's limit is measured by. */
struct hr_memgroup_machine {
    uint64_t total, reserve; /* bytes; total 0: not known */
    bool swap;               /* there is any */
};
struct hr_memgroup {
    int max_fd, high_fd, swap_fd, used_fd, stat_fd, kills_fd; /* -1: not there */
    bool v2;
    bool wall;    /* its limit is less than the machine, and it is there */
    bool ever;    /* it has been a wall */
    bool machine; /* R3 */
    bool slope;   /* what passes the limit goes to swap, or is only slowed down (memory.high) */
    uint64_t max, high, swap; /* as read last; UINT64_MAX: none */
    uint64_t limit, reserve;  /* of a wall */
    uint64_t cache, read_at;  /* bytes of page cache at the last look at memory.stat */
    uint64_t kills_first;
};

/* The group in the folder `dir` of a machine laid out at `at`.  False: no limit can be set there, nothing is open. */
bool hr_memgroup_open(const char *at, const char *dir, bool v2, const struct hr_memgroup_machine *m, struct hr_memgroup *ret);
void hr_memgroup_close(struct hr_memgroup *g);
/* Reads its limits anew.  True: it is another wall than before, or none any more. */
bool hr_memgroup_again(struct hr_memgroup *g, const struct hr_memgroup_machine *m);
/* What may still be taken below the limit of a wall, page cache counted as free.  False: what it holds cannot be read. */
bool hr_memgroup_free(struct hr_memgroup *g, uint64_t now, uint64_t *ret);
/* Processes of it that the kernel has shot for memory since it was opened. */
uint64_t hr_memgroup_kills(const struct hr_memgroup *g);

#endif
