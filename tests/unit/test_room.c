/* What may still be taken, on machines laid out as folders: cgroups v1 and v2, WSL's own for users, swap, and what strain is told by. */
#include "unit.h"

#include "machine.h"
#include "room.h"
#include "root_make.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

/* --- a machine, as its files tell it --- */

#define UNTOLD UINT64_MAX   /* its file has no such line */
#define NO_LIMIT UINT64_MAX /* of a group */

static size_t line(char *to, size_t room, const char *key, uint64_t bytes)
{
    return bytes == UNTOLD ? 0 : (size_t)snprintf(to, room, "%s: %llu kB\n", key, (unsigned long long)bytes / 1024);
}

static void meminfo(uint64_t total, uint64_t available, uint64_t swap)
{
    char text[256] = "MemFree: 1 kB\n";
    size_t n = strlen(text);
    n += line(text + n, sizeof text - n, "MemTotal", total);
    n += line(text + n, sizeof text - n, "MemAvailable", available);
    n += line(text + n, sizeof text - n, "SwapTotal", swap);
    n += line(text + n, sizeof text - n, "SwapFree", swap);
    put_bytes("proc/meminfo", text, n);
}

/* A new one. */
static void machine(uint64_t total, uint64_t available, uint64_t swap)
{
    fresh();
    meminfo(total, available, swap);
}

static void pressure(const char *path, uint64_t some, uint64_t full)
{
    char text[200];
    snprintf(text, sizeof text, "some avg10=0.00 avg60=0.00 avg300=0.00 total=%llu\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=%llu\n",
             (unsigned long long)some, (unsigned long long)full);
    put(path, text);
}

/* --- its groups: `dir` below the folder that all are in --- */

static void group_says(const char *dir, const char *file, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "sys/fs/cgroup/%s/%s", dir, file);
    put(path, text);
}

static void group_has(const char *dir, const char *file, uint64_t bytes)
{
    char text[32];
    snprintf(text, sizeof text, "%llu\n", (unsigned long long)bytes);
    group_says(dir, file, bytes == NO_LIMIT ? "max\n" : text);
}

static void group_v2(const char *dir, uint64_t max, uint64_t current, uint64_t cache)
{
    char text[128];
    group_has(dir, "memory.max", max);
    group_has(dir, "memory.current", current);
    snprintf(text, sizeof text, "anon 1\nfile 5\ninactive_file %llu\nactive_file %llu\n", (unsigned long long)cache / 2,
             (unsigned long long)(cache - cache / 2));
    group_says(dir, "memory.stat", text);
}

static void limit_v1(const char *dir, const char *file, uint64_t limit)
{
    group_has(dir, file, limit == NO_LIMIT ? UINT64_C(9223372036854771712) : limit); /* as a kernel of 4 KiB pages says that there is none */
}

static void group_v1(const char *dir, uint64_t limit, uint64_t usage)
{
    limit_v1(dir, "memory.limit_in_bytes", limit);
    group_has(dir, "memory.usage_in_bytes", usage);
}

/* --- what is made of it --- */

static struct hr_room room_of(uint64_t budget)
{
    struct hr_room r;
    struct hr_root *root = opened();
    assert_int_equal(hr_room_open_at(root, root_dir, budget, &r, NULL), 0);
    hr_root_close(root);
    return r;
}

static struct hr_space space_of(uint64_t budget, uint64_t tree)
{
    struct hr_room r = room_of(budget);
    struct hr_space s = hr_room_now(&r, tree / 2, tree - tree / 2, SECOND);
    hr_room_close(&r);
    return s;
}

static void the_machine_alone(void **state)
{
    (void)state;
    machine(16 * GIB, 6 * GIB, 0);
    struct hr_space s = space_of(0, 0);
    uint64_t reserve = 16 * GIB / 100 * 8;
    assert_int_equal(s.room, (int64_t)(6 * GIB - reserve));
    assert_true(s.machine && s.wall && !s.near);
    assert_int_equal(s.available, 6 * GIB);
    /* R1: swap does not make room, it takes the wall away. */
    machine(16 * GIB, 2 * GIB, 8 * GIB);
    s = space_of(0, 0);
    assert_int_equal(s.room, (int64_t)(2 * GIB - reserve));
    assert_true(s.machine && !s.wall && s.near);
    /* A budget counts the build's own memory. */
    s = space_of(GIB, 900 * MIB);
    assert_int_equal(s.room, 124 * (int64_t)MIB);
    assert_true(!s.machine && !s.wall);
    assert_int_equal(s.reserve, GIB / 2);
    /* Nothing at all: no guard. */
    fresh();
    struct hr_root *root = opened();
    struct hr_room r;
    struct hr_error err = HR_ERROR_INIT;
    assert_int_equal(hr_room_open_at(root, root_dir, 0, &r, &err), HR_E_UNSUPPORTED);
    hr_root_close(root);
}

static void the_tightest_of_all_groups_counts(void **state)
{
    (void)state;
    machine(32 * GIB, 30 * GIB, 4 * GIB);
    put("proc/self/cgroup", "0::/outer/job\n");
    group_v2("outer/job", 4 * GIB, GIB, 0);        /* 3 GiB are left in it */
    group_v2("outer", 8 * GIB, 7 * GIB, 512 * MIB); /* and 1.5 in the one around it, which has the higher limit */
    group_has("outer", "memory.swap.max", 0);
    group_says("outer", "memory.events", "low 0\nhigh 0\nmax 9\noom 2\noom_kill 3\noom_group_kill 0\n");
    struct hr_room r = room_of(0);
    assert_int_equal(r.n, 2);
    struct hr_space s = hr_room_now(&r, 0, 0, SECOND);
    uint64_t reserve = 8 * GIB / 100 * 5;
    assert_int_equal(s.room, (int64_t)(GIB + 512 * MIB - reserve));
    assert_true(!s.machine && s.wall && !s.near);
    assert_int_equal(hr_room_ceiling(&r), 4 * GIB - 4 * GIB / 100 * 5);
    assert_int_equal(hr_room_kills(&r), 0);
    group_says("outer", "memory.events", "oom 3\noom_kill 5\n");
    assert_int_equal(hr_room_kills(&r), 2);
    hr_room_close(&r);
    /* memory.high slows down and does not shoot: no wall. */
    group_has("outer", "memory.high", 6 * GIB);
    s = space_of(0, 0);
    assert_true(s.room < 0 && !s.wall);
    /* The page cache near a limit is counted anew each time. */
    machine(32 * GIB, 30 * GIB, 0);
    put("proc/self/cgroup", "0::/job\n");
    group_v2("job", GIB, GIB - 10 * MIB, 800 * MIB);
    r = room_of(0);
    s = hr_room_now(&r, 0, 0, SECOND);
    assert_true(s.room > 700 * (int64_t)MIB && s.wall);
    group_v2("job", GIB, GIB - 10 * MIB, 20 * MIB);
    s = hr_room_now(&r, 0, 0, SECOND + MS);
    assert_true(s.room < 0 && s.near);
    hr_room_close(&r);
}

static void groups_of_v1(void **state)
{
    (void)state;
    machine(32 * GIB, 30 * GIB, 0);
    put("proc/self/cgroup", "4:memory:/box/job\n0::/\n");
    group_v1("memory/box/job", NO_LIMIT, GIB);
    group_v1("memory/box", 2 * GIB, GIB);
    group_says("memory/box", "memory.stat", "cache 5\ninactive_file 7\ntotal_inactive_file 104857600\ntotal_active_file 104857600\n");
    group_says("memory/box", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
    struct hr_room r = room_of(0);
    assert_int_equal(r.n, 2); /* the one without a limit may get one */
    assert_true(!r.group[0].wall && r.group[1].wall);
    struct hr_space s = hr_room_now(&r, 0, 0, SECOND);
    assert_int_equal(s.room, (int64_t)(GIB + 200 * MIB - 2 * GIB / 100 * 5));
    assert_true(s.wall && !s.machine);
    group_says("memory/box", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n");
    assert_int_equal(hr_room_kills(&r), 3);
    assert_false(hr_room_no_kill(&r)); /* the machine does not count them */
    hr_room_close(&r);
}

static void that_nothing_was_shot_is_known_of_the_whole_machine_alone(void **state)
{
    (void)state;
    machine(32 * GIB, 30 * GIB, 0);
    put("proc/vmstat", "nr_free_pages 7\noom_kill 3\npswpin 0\n");
    struct hr_room r = room_of(0);
    assert_true(hr_room_no_kill(&r));
    assert_int_equal(hr_room_kills(&r), 0);
    put("proc/vmstat", "nr_free_pages 7\noom_kill 5\npswpin 0\n");
    assert_false(hr_room_no_kill(&r));
    assert_int_equal(hr_room_kills(&r), 2);
    put("proc/vmstat", "nr_free_pages 7\n");
    assert_false(hr_room_no_kill(&r));
    hr_room_close(&r);
}

/* Newer WSL: all users' processes in one group of all memory but 32 MiB (microsoft/WSL#40519). */
static void the_group_of_wsl_stands_for_the_machine(void **state)
{
    (void)state;
    machine(16 * GIB, 15 * GIB, 4 * GIB);
    put("proc/self/cgroup", "0::/wsl-user/distro-7/non-systemd\n");
    group_v2("wsl-user", 16 * GIB - 32 * MIB, 15 * GIB, GIB);
    group_has("wsl-user/distro-7/non-systemd", "memory.max", NO_LIMIT);
    pressure("sys/fs/cgroup/wsl-user/memory.pressure", 1000, 500);
    put("proc/vmstat", "pswpout 10\noom_kill 4\n");
    struct hr_room r = room_of(0);
    assert_int_equal(r.n, 1);
    struct hr_space s = hr_room_now(&r, 0, 0, SECOND);
    assert_int_equal(s.reserve, 16 * GIB / 100 * 8);
    assert_int_equal(s.room, (int64_t)(2 * GIB - 32 * MIB) - (int64_t)s.reserve);
    assert_true(s.machine && !s.wall && s.near);
    assert_string_equal(hr_strain_source(&r.strain), "counts of reclaim; this kernel gives no pressure stall information");
    pressure("sys/fs/cgroup/wsl-user/memory.pressure", 501000, 500);
    s = hr_room_now(&r, 0, 0, 2 * SECOND); /* half of a second of the group's own pressure */
    assert_in_range(s.some, 490, 510);
    hr_room_close(&r);
}

static void strain_is_the_share_of_the_last_second(void **state)
{
    (void)state;
    machine(16 * GIB, 8 * GIB, GIB);
    put("proc/vmstat", "allocstall_normal 5\npswpout 1000\n");
    pressure("proc/pressure/memory", 1000, 10);
    struct hr_room r = room_of(0);
    assert_string_equal(hr_strain_source(&r.strain), "pressure stall information");
    struct hr_space s = hr_room_now(&r, 0, 0, SECOND);
    assert_int_equal(s.some, 0); /* what was before does not count */
    uint64_t us = 1000, pages = 1000, t = SECOND;
    for (int i = 0; i < 100; i++) { /* a fifth of the time; 100 MiB a second go to swap */
        char text[64];
        us += 10000;
        pages += 1280;
        t += 50 * MS;
        pressure("proc/pressure/memory", us, 10 + us / 10);
        snprintf(text, sizeof text, "pswpout %llu\n", (unsigned long long)pages);
        put("proc/vmstat", text);
        s = hr_room_now(&r, 0, 0, t);
    }
    assert_in_range(s.some, 195, 201);
    assert_in_range(s.full, 18, 21);
    assert_in_range(s.swapping, 3 * SECOND, 5 * SECOND);
    assert_in_range(hr_strain_swapped(&r.strain), 499 * MIB, 501 * MIB);
    assert_true(hr_level(NULL, 0, &s) == HR_LEVEL_GREEN); /* half of the memory is free */
    for (int i = 0; i < 100; i++)
        s = hr_room_now(&r, 0, 0, t += 50 * MS);
    assert_int_equal(s.some, 1);
    assert_int_equal(s.swapping, 0);
    hr_room_close(&r);
}

static void without_pressure_reclaim_is_counted(void **state)
{
    (void)state;
    struct hr_strain_rates r = { 0 };
    struct hr_strain_counts c = { 0, 0, 7, 9, 0 };
    hr_strain_feed(&r, &c, false, SECOND);
    for (uint64_t t = SECOND; t < 6 * SECOND; t += 100 * MS) {
        c.stalls += 10; /* a hundred direct reclaims a second */
        hr_strain_feed(&r, &c, false, t + 100 * MS);
    }
    assert_true(r.some > 190 && r.some < 201 && r.full < 1);
    /* A counter that runs backwards (a hot-plugged CPU's counts are dropped) is no strain. */
    struct hr_strain_counts less = { 0, 0, 0, 0, 0 };
    double was = r.some;
    hr_strain_feed(&r, &less, false, 7 * SECOND);
    assert_true(r.some < was);
    /* A file of nonsense is as good as none. */
    machine(16 * GIB, 8 * GIB, 0);
    put("proc/pressure/memory", "");
    put("proc/vmstat", "\377\376 allocstall_normal\nallocstall_normal x\n");
    struct hr_room room = room_of(0);
    struct hr_space s = hr_room_now(&room, 0, 0, SECOND);
    s = hr_room_now(&room, 0, 0, 2 * SECOND);
    assert_int_equal(s.some + s.full, 0);
    hr_room_close(&room);
}

static void others_that_take_memory_are_seen(void **state)
{
    (void)state;
    machine(16 * GIB, 8 * GIB, 0);
    struct hr_room r = room_of(0);
    hr_room_now(&r, 0, 0, SECOND);
    meminfo(16 * GIB, 8 * GIB - 100 * MIB, UNTOLD); /* 100 MiB in 100 ms, of which 60 are the build's */
    struct hr_space s = hr_room_now(&r, 60 * MIB, 0, SECOND + 100 * MS);
    assert_in_range(s.foreign, 95 * MIB, 105 * MIB); /* a quarter of 400 a second: one look says little */
    hr_room_close(&r);
}

static uint64_t reserve_of(uint64_t limit)
{
    return HR_MIN(HR_MAX(limit / 100 * 5, 48 * MIB), limit / 4);
}

static void a_limit_may_come_move_and_go(void **state)
{
    (void)state;
    machine(32 * GIB, 30 * GIB, 0);
    put("proc/self/cgroup", "0::/outer/job\n");
    group_v2("outer/job", NO_LIMIT, GIB, 0);
    group_has("outer/job", "memory.high", NO_LIMIT);
    group_v2("outer", 16 * GIB, 2 * GIB, 0);
    group_says("outer/job", "memory.events", "oom 0\noom_kill 1\n");
    struct hr_room r = room_of(0);
    uint64_t t = 10 * SECOND;
    struct hr_space s = hr_room_now(&r, 0, 0, t);
    assert_int_equal(s.room, (int64_t)(14 * GIB - reserve_of(16 * GIB)));
    assert_int_equal(hr_room_ceiling(&r), 16 * GIB - reserve_of(16 * GIB));
    /* R4: seen within a second, and not at each look. */
    group_has("outer/job", "memory.max", 3 * GIB);
    s = hr_room_now(&r, 0, 0, t += SECOND - MS);
    assert_int_equal(s.reserve, reserve_of(16 * GIB));
    s = hr_room_now(&r, 0, 0, t += MS);
    assert_int_equal(s.room, (int64_t)(2 * GIB - reserve_of(3 * GIB)));
    assert_int_equal(s.reserve, reserve_of(3 * GIB));
    assert_true(s.wall && !s.machine);
    assert_int_equal(hr_room_ceiling(&r), 3 * GIB - reserve_of(3 * GIB));
    assert_int_equal(s.foreign, 0);
    /* Its kills count from the opening on, also when the limit has gone again. */
    group_says("outer/job", "memory.events", "oom 1\noom_kill 3\n");
    assert_int_equal(hr_room_kills(&r), 2);
    /* A limit of slowing down. */
    group_has("outer/job", "memory.high", 2 * GIB);
    s = hr_room_now(&r, 0, 0, t += SECOND);
    assert_int_equal(s.room, (int64_t)(GIB - reserve_of(2 * GIB)));
    group_has("outer/job", "memory.high", NO_LIMIT);
    group_has("outer/job", "memory.max", NO_LIMIT);
    s = hr_room_now(&r, 0, 0, t += SECOND);
    assert_int_equal(s.room, (int64_t)(14 * GIB - reserve_of(16 * GIB)));
    assert_int_equal(hr_room_kills(&r), 2);
    /* More than the machine has: no wall, and none is left. */
    group_has("outer", "memory.max", 40 * GIB);
    s = hr_room_now(&r, 0, 0, t += SECOND);
    assert_true(s.machine);
    assert_int_equal(s.room, (int64_t)(30 * GIB - 32 * GIB / 100 * 8));
    assert_int_equal(hr_room_ceiling(&r), 32 * GIB - 32 * GIB / 100 * 8);
    hr_room_close(&r);
}

static void a_limit_of_v1_moves_too(void **state)
{
    (void)state;
    machine(32 * GIB, 30 * GIB, 8 * GIB);
    put("proc/self/cgroup", "4:memory:/job\n");
    group_v1("memory", NO_LIMIT, 2 * GIB);
    group_v1("memory/job", NO_LIMIT, GIB);
    limit_v1("memory/job", "memory.memsw.limit_in_bytes", NO_LIMIT);
    struct hr_room r = room_of(0);
    struct hr_space s = hr_room_now(&r, 0, 0, SECOND);
    assert_true(s.machine && !s.wall);
    limit_v1("memory/job", "memory.limit_in_bytes", 4 * GIB);
    s = hr_room_now(&r, 0, 0, 2 * SECOND); /* what passes it goes to swap */
    assert_true(!s.machine && !s.wall);
    limit_v1("memory/job", "memory.memsw.limit_in_bytes", 4 * GIB);
    s = hr_room_now(&r, 0, 0, 3 * SECOND);
    assert_true(!s.machine && s.wall);
    assert_int_equal(s.room, (int64_t)(3 * GIB - reserve_of(4 * GIB)));
    limit_v1("memory/job", "memory.limit_in_bytes", NO_LIMIT);
    s = hr_room_now(&r, 0, 0, 4 * SECOND);
    assert_true(s.machine);
    hr_room_close(&r);
}

/* Hyper-V's dynamic memory. */
static void the_machine_may_shrink_and_grow(void **state)
{
    (void)state;
    machine(16 * GIB, 12 * GIB, 0);
    put("proc/self/cgroup", "0::/job\n");
    group_v2("job", 8 * GIB, GIB, 0);
    struct hr_room r = room_of(0);
    struct hr_space s = hr_room_now(&r, 0, 0, SECOND);
    assert_true(!s.machine);
    meminfo(8 * GIB, 4 * GIB, 0);
    s = hr_room_now(&r, 0, 0, 2 * SECOND); /* the group may take all of it now: no wall */
    assert_true(s.machine);
    assert_int_equal(s.room, (int64_t)(4 * GIB - 8 * GIB / 100 * 8));
    assert_int_equal(hr_room_ceiling(&r), 8 * GIB - 8 * GIB / 100 * 8);
    meminfo(8 * GIB + 512 * MIB, 8 * GIB + 500 * MIB, UNTOLD); /* R3: all but half a GiB */
    s = hr_room_now(&r, 0, 0, 3 * SECOND);
    assert_true(s.machine);
    assert_int_equal(s.reserve, (8 * GIB + 512 * MIB) / 100 * 8);
    assert_int_equal(s.room, (int64_t)(7 * GIB) - (int64_t)s.reserve);
    meminfo(UNTOLD, 8 * GIB + 500 * MIB, UNTOLD); /* it does not say: what it was */
    s = hr_room_now(&r, 0, 0, 4 * SECOND);
    assert_int_equal(s.reserve, (8 * GIB + 512 * MIB) / 100 * 8);
    meminfo(32 * GIB, 28 * GIB, UNTOLD);
    s = hr_room_now(&r, 0, 0, 5 * SECOND);
    assert_true(!s.machine);
    assert_int_equal(s.room, (int64_t)(7 * GIB - reserve_of(8 * GIB)));
    hr_room_close(&r);
}

static void swap_that_goes_leaves_a_wall(void **state)
{
    (void)state;
    machine(16 * GIB, 8 * GIB, 4 * GIB);
    struct hr_room r = room_of(0);
    assert_false(hr_room_now(&r, 0, 0, SECOND).wall);
    meminfo(16 * GIB, 8 * GIB, 0);
    assert_true(hr_room_now(&r, 0, 0, 2 * SECOND).wall);
    meminfo(16 * GIB, 8 * GIB, 4096);
    assert_false(hr_room_now(&r, 0, 0, 3 * SECOND).wall);
    hr_room_close(&r);
    /* Nobody has watched from the beginning what goes there. */
    machine(16 * GIB, 8 * GIB, 0);
    r = room_of(0);
    meminfo(16 * GIB, 8 * GIB, 4 * GIB);
    assert_true(hr_room_now(&r, 0, 0, SECOND).wall);
    hr_room_close(&r);
}

static void a_group_that_is_gone_is_no_wall(void **state)
{
    (void)state;
    machine(16 * GIB, 8 * GIB, 0);
    put("proc/self/cgroup", "0::/job\n");
    group_v2("job", 2 * GIB, GIB, 0);
    struct hr_room r = room_of(0);
    int64_t was = hr_room_now(&r, 0, 0, SECOND).room;
    assert_int_equal(was, (int64_t)(GIB - reserve_of(2 * GIB)));
    group_says("job", "memory.max", ""); /* its limit alone cannot be read: what it was */
    assert_int_equal(hr_room_now(&r, 0, 0, 2 * SECOND).room, was);
    group_says("job", "memory.current", "");
    struct hr_space s = hr_room_now(&r, 0, 0, 3 * SECOND);
    assert_true(s.machine);
    assert_int_equal(s.room, (int64_t)(8 * GIB - 16 * GIB / 100 * 8));
    assert_int_equal(hr_room_ceiling(&r), 16 * GIB - 16 * GIB / 100 * 8);
    group_has("job", "memory.current", GIB);
    assert_int_equal(hr_room_now(&r, 0, 0, 4 * SECOND).room, was);
    hr_room_close(&r);
}

static void of_too_many_groups_those_with_a_limit_are_held(void **state)
{
    (void)state;
    char path[256] = "a", line[300];
    machine(16 * GIB, 15 * GIB, 0);
    group_v2("a", 4 * GIB, GIB, 0);
    for (int i = 0; i < HR_ROOM_GROUPS_MAX + 3; i++) {
        strcat(path, "/b");
        group_v2(path, NO_LIMIT, GIB, 0);
    }
    snprintf(line, sizeof line, "0::/%s\n", path);
    put("proc/self/cgroup", line);
    struct hr_room r = room_of(0);
    assert_int_equal(r.n, HR_ROOM_GROUPS_MAX);
    assert_int_equal(hr_room_now(&r, 0, 0, SECOND).room, (int64_t)(3 * GIB - reserve_of(4 * GIB)));
    group_v2(path, 2 * GIB, GIB, 0); /* the build's own */
    assert_int_equal(hr_room_now(&r, 0, 0, 2 * SECOND).room, (int64_t)(GIB - reserve_of(2 * GIB)));
    hr_room_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_machine_alone),
        cmocka_unit_test(the_tightest_of_all_groups_counts),
        cmocka_unit_test(groups_of_v1),
        cmocka_unit_test(that_nothing_was_shot_is_known_of_the_whole_machine_alone),
        cmocka_unit_test(the_group_of_wsl_stands_for_the_machine),
        cmocka_unit_test(strain_is_the_share_of_the_last_second),
        cmocka_unit_test(without_pressure_reclaim_is_counted),
        cmocka_unit_test(others_that_take_memory_are_seen),
        cmocka_unit_test(a_limit_may_come_move_and_go),
        cmocka_unit_test(a_limit_of_v1_moves_too),
        cmocka_unit_test(the_machine_may_shrink_and_grow),
        cmocka_unit_test(swap_that_goes_leaves_a_wall),
        cmocka_unit_test(a_group_that_is_gone_is_no_wall),
        cmocka_unit_test(of_too_many_groups_those_with_a_limit_are_held),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
