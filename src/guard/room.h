/* How much memory may still be taken, read many times a second: the smallest of what the machine has, what the tightest cgroup
 * lets, and the user's budget, each less a reserve.  Files are opened once; nothing is allocated after that. */
#ifndef HR_ROOM_H
#define HR_ROOM_H

#include "admit.h"
#include "known.h"
#include "root.h"

struct hr_room {
    int meminfo, group_used, group_stat; /* -1: not there */
    bool v2;
    uint64_t total;             /* bytes of the machine; 0: not known */
    uint64_t limit;             /* of the cgroup; 0: none */
    uint64_t machine_reserve, group_reserve;
    uint64_t budget; /* 0: none */
    char limit_file[HR_WORD_MAX];
};

/* Opens what there is of this machine.  HR_E_UNSUPPORTED: neither figure can be had. */
int hr_room_open(const struct hr_root *root, uint64_t budget, struct hr_room *ret, struct hr_error *err) HR_MUST_USE;
void hr_room_close(struct hr_room *r);
/* `tree`: bytes that the build holds now, for the budget. */
struct hr_space hr_room_now(const struct hr_room *r, uint64_t tree);
/* The most that a build can be given here: of all three less their reserves, were nothing else running. */
uint64_t hr_room_ceiling(const struct hr_room *r);
/* A line of meminfo, memory.stat or the like in a text: "MemAvailable:   123 kB", "inactive_file 4096".  False: not there. */
bool hr_room_line(const char *text, size_t n, const char *key, uint64_t *ret);

#endif
