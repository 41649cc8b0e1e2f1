#include "room.h"

#include "cgroup.h"
#include "file.h"
#include "held.h"
#include "machine.h"
#include "procfs.h"

#include <stdio.h>

#define MIB (UINT64_C(1) << 20)
#define MS UINT64_C(1000000)
#define LIMITS_FRESH (1000 * MS) /* R4 */

/* The machine's total and its reserve.  True: they are other ones. */
static bool take_machine(struct hr_memgroup_machine *m, const char *meminfo, size_t n, bool swap_counts)
{
    struct hr_memgroup_machine was = *m;
    uint64_t v;
    if (hr_held_line(meminfo, n, "MemTotal", &v) && v != 0)
        m->total = v;
    if (hr_held_line(meminfo, n, "SwapTotal", &v))
        m->swap = v != 0 && swap_counts;
    m->reserve = HR_MIN(HR_MAX(m->total / 100 * 8, 512 * MIB), m->total / 4);
    return m->total != was.total || m->swap != was.swap;
}

struct opening {
    const char *at;
    struct hr_room *r;
    char pressure[HR_CGROUP_DIR_MAX]; /* the group whose memory.pressure counts: the lowest wall of v2, or the lowest of all */
    bool of_wall;
};

/* One that has no limit makes place for one that has. */
static struct hr_memgroup *place(struct hr_room *r, bool wall)
{
    if (r->n < HR_COUNT(r->group))
        return &r->group[r->n++];
    for (size_t i = r->n; wall && i-- > 0;)
        if (!r->group[i].wall) {
            hr_memgroup_close(&r->group[i]);
            return &r->group[i];
        }
    return NULL;
}

static void open_group(void *ctx, const char *dir, bool v2)
{
    struct opening *o = ctx;
    struct hr_memgroup g;
    if (!hr_memgroup_open(o->at, dir, v2, &o->r->machine, &g))
        return;
    struct hr_memgroup *to = place(o->r, g.wall);
    if (to == NULL) {
        hr_memgroup_close(&g);
        return;
    }
    *to = g;
    if (v2 && !o->of_wall && (g.wall || o->pressure[0] == 0)) {
        snprintf(o->pressure, sizeof o->pressure, "%s", dir);
        o->of_wall = g.wall;
    }
}

static bool any_wall(const struct hr_room *r, bool v2_alone)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->group[i].wall && (r->group[i].v2 || !v2_alone))
            return true;
    return false;
}

int hr_room_open_at(const struct hr_root *root, const char *at, uint64_t budget, struct hr_room *ret, struct hr_error *err)
{
    struct hr_room r = { .meminfo = hr_held_open(at, "/proc", "meminfo"), .vmstat = hr_held_open(at, "/proc", "vmstat"),
                         .budget = budget, .strain = { .machine = -1, .group = -1, .vmstat = -1 } };
    struct opening o = { .at = at, .r = &r };
    char text[HR_HELD_TEXT];
    int64_t n = r.meminfo < 0 ? -1 : hr_kept_read(r.meminfo, text, sizeof text);
    take_machine(&r.machine, text, (size_t)HR_MAX(n, (int64_t)0), true);
    r.swap_first = r.machine.swap;
    hr_cgroup_each(root, open_group, &o);
    if (r.meminfo < 0 && !any_wall(&r, false)) {
        hr_room_close(&r);
        return hr_fail(err, HR_E_UNSUPPORTED, "neither /proc/meminfo nor a memory cgroup can be read, so nothing can be guarded");
    }
    hr_strain_open(at, o.pressure[0] == 0 ? NULL : o.pressure, r.swap_first, &r.strain);
    r.strain.group_counts = any_wall(&r, true);
    r.counts_kills = hr_held_value(r.vmstat, "oom_kill", &r.kills_first);
    *ret = r;
    return 0;
}

int hr_room_open(const struct hr_root *root, uint64_t budget, struct hr_room *ret, struct hr_error *err)
{
    return hr_room_open_at(root, "", budget, ret, err);
}

void hr_room_close(struct hr_room *r)
{
    hr_close(r->meminfo);
    hr_close(r->vmstat);
    r->meminfo = r->vmstat = -1;
    for (size_t i = 0; i < r->n; i++)
        hr_memgroup_close(&r->group[i]);
    r->n = 0;
    hr_strain_close(&r->strain);
}

static void take(struct hr_space *s, uint64_t free, uint64_t reserve, uint64_t hold, bool machine, bool wall)
{
    int64_t room = (int64_t)free - (int64_t)hold;
    if (room >= s->room)
        return;
    s->room = room;
    s->reserve = reserve;
    s->machine = machine;
    s->wall = wall;
}

/* What those take that are no leaves, and others, more and more of; a short look says little, so it is smoothed. */
static void take_foreign(struct hr_room *r, struct hr_space *s, uint64_t leaves, uint64_t now)
{
    if (s->budget || s->reserve != r->reserve) { /* a budget counts the tree alone; and of another limit the last look says nothing */
        r->foreign = 0;
    } else if (r->at != 0 && now - r->at >= MS) {
        int64_t lost = r->room - s->room, ours = (int64_t)leaves - (int64_t)r->leaves;
        int64_t theirs = HR_MAX(lost - HR_MAX(ours, (int64_t)0), (int64_t)0);
        uint64_t rate = (uint64_t)theirs / ((now - r->at) / MS) * 1000;
        r->foreign = r->foreign / 4 * 3 + rate / 4;
    }
    r->at = now;
    r->room = s->room;
    r->reserve = s->reserve;
    r->leaves = leaves;
    s->foreign = r->foreign;
}

/* R4.  After a limit has moved, the room of the look before says nothing of what others take. */
static void limits_again(struct hr_room *r, const char *meminfo, size_t n, uint64_t now)
{
    if (now - r->limits_at < LIMITS_FRESH)
        return;
    r->limits_at = now;
    bool moved = take_machine(&r->machine, meminfo, n, r->swap_first);
    for (size_t i = 0; i < r->n; i++)
        moved |= hr_memgroup_again(&r->group[i], &r->machine);
    if (!moved)
        return;
    r->strain.group_counts = any_wall(r, true);
    r->at = 0;
}

struct hr_space hr_room_now(struct hr_room *r, uint64_t leaves, uint64_t others, uint64_t now)
{
    struct hr_space s = { .room = INT64_MAX };
    char text[HR_HELD_TEXT];
    int64_t got = r->meminfo < 0 ? -1 : hr_kept_read(r->meminfo, text, sizeof text);
    size_t n = (size_t)HR_MAX(got, (int64_t)0);
    uint64_t v, reserve;
    limits_again(r, text, n, now);
    reserve = r->machine.reserve;
    if (hr_held_line(text, n, "MemAvailable", &v)) {
        take(&s, v, reserve, reserve, true, !r->machine.swap);
        s.available = v;
        s.near |= v < 2 * reserve;
    }
    for (size_t i = 0; i < r->n; i++) {
        struct hr_memgroup *g = &r->group[i];
        if (!g->wall || !hr_memgroup_free(g, now, &v))
            continue;
        take(&s, v, g->reserve, g->reserve, g->machine, !g->slope);
        s.near |= v < 2 * g->reserve;
    }
    /* A budget is a wish, not a wall: half of it must be overdrawn by a quarter before a job is ended for it. */
    int64_t wall = s.room;
    if (r->budget != 0)
        take(&s, r->budget, r->budget / 2, leaves + others, false, false);
    s.budget = s.room < wall;
    if (s.room == INT64_MAX) /* blind at this tick: nothing new starts, nothing is stopped */
        s.room = 0;
    take_foreign(r, &s, leaves, now);
    hr_strain_now(&r->strain, now, &s);
    return s;
}

uint64_t hr_room_ceiling(const struct hr_room *r)
{
    uint64_t most = r->machine.total == 0 ? UINT64_MAX : r->machine.total - r->machine.reserve;
    for (size_t i = 0; i < r->n; i++)
        if (r->group[i].wall)
            most = HR_MIN(most, r->group[i].limit - r->group[i].reserve);
    return r->budget != 0 && r->budget < most ? r->budget : most;
}

uint64_t hr_room_kills(const struct hr_room *r)
{
    uint64_t most = 0, v;
    bool ever = false;
    for (size_t i = 0; i < r->n; i++)
        if (r->group[i].ever) {
            most = HR_MAX(most, hr_memgroup_kills(&r->group[i]));
            ever = true;
        }
    return ever || !hr_held_value(r->vmstat, "oom_kill", &v) ? most : v - r->kills_first;
}

/* Groups of v1 do not count what is shot in those below them; the machine counts all. */
bool hr_room_no_kill(const struct hr_room *r)
{
    uint64_t v;
    return r->counts_kills && hr_held_value(r->vmstat, "oom_kill", &v) && v == r->kills_first;
}
