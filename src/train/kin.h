/* The processes of a job, followed from tick to tick at the cost of the job, not of the machine: of all other processes only the
 * numbers are read, and only when somebody has forked.
 *
 * I1: a record stays with one process: its memory is read through a descriptor that knows it, not by its number.
 * I2: a process that was in the tree stays in it, also when its parent has gone (this program is the subreaper). */
#ifndef HR_KIN_H
#define HR_KIN_H

#include "footprint.h"
#include "procfs.h"

enum { HR_KIN_MAX = 512, HR_KIN_SEEN_MAX = 16384 };

struct hr_kin {
    int pid, parent;
    int statm; /* I1 */
    uint64_t born;
    char comm[HR_COMM_MAX];
    struct hr_part part;
};

struct hr_kin_tree {
    int root; /* the command's process */
    int self; /* to whom orphans come */
    int loadavg; /* kept open */
    uint64_t forks; /* what it said last */
    struct hr_kin *kin[HR_KIN_MAX]; /* no order; the records themselves do not move */
    struct hr_kin room[HR_KIN_MAX];
    bool used[HR_KIN_MAX];
    size_t n;
    int seen[HR_KIN_SEEN_MAX], listed[HR_KIN_SEEN_MAX]; /* numbers at the last look and at this one, rising */
    size_t seen_n, listed_n;
    uint64_t whole_at; /* when every process was looked at anew last */
    uint64_t again_at; /* when those in it were */
    uint64_t rest_until; /* the next look for new ones */
    uint64_t lost;     /* processes that found no room */
    unsigned most[HR_KIN_KINDS]; /* at once */
    bool changed;      /* who is in it, since it was last set to false */
};

int hr_kin_open(struct hr_kin_tree *t, int root, int self);
void hr_kin_close(struct hr_kin_tree *t);
/* Looks for new processes, where somebody has forked. */
void hr_kin_scan(struct hr_kin_tree *t, struct hr_footprint *f, uint64_t now);
/* Reads the memory of each, and lets go those that have ended. */
void hr_kin_sample(struct hr_kin_tree *t, struct hr_footprint *f);
/* Reads the faults of those that share pages (F3). */
void hr_kin_faults(struct hr_kin_tree *t);
/* Their parts, for hr_footprint_now. */
size_t hr_kin_parts(const struct hr_kin_tree *t, const struct hr_part *ret[HR_KIN_MAX]);
struct hr_kin *hr_kin_find(struct hr_kin_tree *t, int pid);
/* Those that are a program of their own and no forked copy: whom a wish is sent to.  Main first. */
size_t hr_kin_programs(const struct hr_kin_tree *t, int pids[HR_KIN_MAX]);

#endif
