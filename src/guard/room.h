/* How much memory may still be taken, read many times a second: the smallest of what the machine has, what each cgroup on the way up
 * lets, and the user's budget, each less a reserve.  Files are opened once; nothing is allocated after that.
 *
 * R1: swap is no room.  MemAvailable leaves it out, and a group's swap allowance is not added: on WSL2 it is a file on the Windows
 *     disk, and a compiler that works in it does not get on (docs/decisions/0011).  It only tells a wall from a slope.
 * R2: page cache is room: the kernel takes it back before anything else.
 * R3: a group that may take nearly all the memory (WSL's own for users: all but 32 MiB) stands for the machine, with its reserve.
 * R4: limits are not older than a second.  `systemctl set-property`, `docker update` and Hyper-V move them while a build runs: every
 *     group on the way up is held open, with a limit or without, and read again together with MemTotal; reserves follow.  A limit
 *     that is none, or all of the machine, is no wall, nor is a group that is gone.  A limit that cannot be read stays what it was.
 *     Swap that is taken away makes walls; swap that comes counts only where its traffic has been watched from the beginning (R1). */
#ifndef HR_ROOM_H
#define HR_ROOM_H

#include "admit.h"
#include "memgroup.h"
#include "root.h"
#include "strain.h"

enum { HR_ROOM_GROUPS_MAX = 16 };
struct hr_room {
    int meminfo, vmstat; /* -1: not there */
    struct hr_memgroup_machine machine;
    bool swap_first; /* there was any */
    uint64_t budget; /* 0: none */
    size_t n;        /* from the build's own upwards; where there are too many, those with a limit */
    struct hr_memgroup group[HR_ROOM_GROUPS_MAX];
    uint64_t limits_at; /* when they have been read last */
    struct hr_strain strain;
    uint64_t kills_first; /* vmstat */
    bool counts_kills;    /* it tells them */
    /* for what others take */
    uint64_t at, leaves, reserve, foreign;
    int64_t room;
};

/* Opens what there is of this machine.  HR_E_UNSUPPORTED: neither figure can be had. */
int hr_room_open(const struct hr_root *root, uint64_t budget, struct hr_room *ret, struct hr_error *err) HR_MUST_USE;
/* The same of a machine laid out as a folder at `at`, which is also the root. */
int hr_room_open_at(const struct hr_root *root, const char *at, uint64_t budget, struct hr_room *ret,
                    struct hr_error *err) HR_MUST_USE;
void hr_room_close(struct hr_room *r);
/* `leaves`, `others`: bytes that the build's leaves and its other processes hold now. */
struct hr_space hr_room_now(struct hr_room *r, uint64_t leaves, uint64_t others, uint64_t now);
/* The most that a build can be given here: of all three less their reserves, were nothing else running.  As of the last look (R4). */
uint64_t hr_room_ceiling(const struct hr_room *r);
/* Processes that the kernel has shot for memory since it was opened, in these groups, or where there is none, on the machine. */
uint64_t hr_room_kills(const struct hr_room *r);
/* Is it sure that the kernel has shot nothing for memory since then, in any group of the machine?  False also where it does not count. */
bool hr_room_no_kill(const struct hr_room *r);

#endif
