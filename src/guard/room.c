#include "room.h"

#include "cgroup.h"
#include "file.h"
#include "machine.h"
#include "procfs.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_ROOM = 16384 };
#define MIB (UINT64_C(1) << 20)
#define MS UINT64_C(1000000)
#define CACHE_FRESH (250 * MS) /* so long memory.stat is believed, where the group is not nearly full */

bool hr_room_line(const char *text, size_t n, const char *key, uint64_t *ret)
{
    size_t k = strlen(key);
    const char *end = text + n;
    for (const char *p = text; p != NULL && (size_t)(end - p) > k;) {
        if (memcmp(p, key, k) == 0 && (p[k] == ' ' || p[k] == ':')) {
            uint64_t v = 0;
            for (p += k; p < end && (*p == ' ' || *p == ':'); p++)
                ;
            if (p == end || *p < '0' || *p > '9')
                return false;
            for (; p < end && *p >= '0' && *p <= '9'; p++)
                v = v * 10 + (uint64_t)(*p - '0');
            *ret = end - p >= 3 && memcmp(p, " kB", 3) == 0 ? v * 1024 : v;
            return true;
        }
        p = memchr(p, '\n', (size_t)(end - p));
        p = p == NULL ? NULL : p + 1;
    }
    return false;
}

static int beside(const char *at, const char *dir, const char *name)
{
    char path[1024];
    int n = snprintf(path, sizeof path, "%s%s/%s", at, dir, name);
    int fd = n > 0 && (size_t)n < sizeof path ? hr_kept_open(path) : -1;
    return HR_MAX(fd, -1);
}

/* The value of `key` in a file held open; a file that is one number where key is NULL.  False: it is not there. */
static bool value(int fd, const char *key, uint64_t *ret)
{
    char text[TEXT_ROOM];
    uint64_t v = 0;
    int64_t n = fd < 0 ? -1 : hr_kept_read(fd, text, sizeof text);
    if (n <= 0)
        return false;
    if (key != NULL)
        return hr_room_line(text, (size_t)n, key, ret);
    for (int64_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
        v = v * 10 + (uint64_t)(text[i] - '0');
    *ret = v;
    return true;
}

static uint64_t kills_of(int fd)
{
    uint64_t v;
    return value(fd, "oom_kill", &v) ? v : 0;
}

static bool open_group(const char *at, const struct hr_cgroup_wall *w, struct hr_room *r)
{
    struct hr_room_group g = { .v2 = w->v2, .limit = w->limit, .swap = w->swap && r->swap };
    if (r->total != 0 && g.limit >= r->total)
        return false;
    g.machine = r->total != 0 && g.limit >= r->total / 10 * 9; /* R3 */
    g.reserve = g.machine ? r->machine_reserve : HR_MIN(HR_MAX(g.limit / 100 * 5, 48 * MIB), g.limit / 4);
    g.used = beside(at, w->dir, w->v2 ? "memory.current" : "memory.usage_in_bytes");
    if (g.used < 0)
        return false;
    g.stat = beside(at, w->dir, "memory.stat");
    g.kills = beside(at, w->dir, w->v2 ? "memory.events" : "memory.oom_control");
    g.kills_first = kills_of(g.kills);
    r->group[r->n++] = g;
    return true;
}

int hr_room_open_at(const struct hr_root *root, const char *at, uint64_t budget, struct hr_room *ret, struct hr_error *err)
{
    struct hr_cgroup_wall walls[HR_ROOM_GROUPS_MAX];
    struct hr_room r = { .meminfo = beside(at, "/proc", "meminfo"), .vmstat = beside(at, "/proc", "vmstat"), .budget = budget };
    const char *pressure = NULL;
    uint64_t v;
    r.total = value(r.meminfo, "MemTotal", &v) ? v : 0;
    r.swap = value(r.meminfo, "SwapTotal", &v) && v != 0;
    r.machine_reserve = HR_MIN(HR_MAX(r.total / 100 * 8, 512 * MIB), r.total / 4);
    size_t n = hr_cgroup_walls(root, walls, HR_COUNT(walls));
    for (size_t i = 0; i < n; i++)
        if (open_group(at, &walls[i], &r) && walls[i].v2 && pressure == NULL)
            pressure = walls[i].dir;
    if (r.meminfo < 0 && r.n == 0) {
        hr_close(r.vmstat);
        return hr_fail(err, HR_E_UNSUPPORTED, "neither /proc/meminfo nor a memory cgroup can be read, so nothing can be guarded");
    }
    hr_strain_open(at, pressure, r.swap, &r.strain);
    r.counts_kills = value(r.vmstat, "oom_kill", &r.kills_first);
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
    for (size_t i = 0; i < r->n; i++) {
        hr_close(r->group[i].used);
        hr_close(r->group[i].stat);
        hr_close(r->group[i].kills);
    }
    r->n = 0;
    hr_strain_close(&r->strain);
}

/* Page cache of the group (R2).  Counting it costs the kernel more than all else here: a group that is far from full is not asked at
 * each look. */
static uint64_t cache_of(struct hr_room_group *g, uint64_t used, uint64_t now)
{
    char text[TEXT_ROOM];
    uint64_t a = 0, b = 0, free = g->limit > used ? g->limit - used : 0;
    if (g->read_at != 0 && free > 4 * g->reserve && now - g->read_at < CACHE_FRESH)
        return g->cache;
    int64_t n = g->stat < 0 ? -1 : hr_kept_read(g->stat, text, sizeof text);
    if (n > 0) {
        hr_room_line(text, (size_t)n, g->v2 ? "inactive_file" : "total_inactive_file", &a);
        hr_room_line(text, (size_t)n, g->v2 ? "active_file" : "total_active_file", &b);
        g->read_at = now;
        g->cache = a + b;
    }
    return g->cache;
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

struct hr_space hr_room_now(struct hr_room *r, uint64_t leaves, uint64_t others, uint64_t now)
{
    struct hr_space s = { .room = INT64_MAX };
    uint64_t v;
    if (value(r->meminfo, "MemAvailable", &v)) {
        take(&s, v, r->machine_reserve, r->machine_reserve, true, !r->swap);
        s.available = v;
        s.near |= v < 2 * r->machine_reserve;
    }
    for (size_t i = 0; i < r->n; i++) {
        struct hr_room_group *g = &r->group[i];
        if (!value(g->used, NULL, &v))
            continue;
        uint64_t cache = cache_of(g, v, now), taken = v > cache ? v - cache : 0, free = g->limit > taken ? g->limit - taken : 0;
        take(&s, free, g->reserve, g->reserve, g->machine, !g->swap);
        s.near |= free < 2 * g->reserve;
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
    uint64_t most = r->total == 0 ? UINT64_MAX : r->total - r->machine_reserve;
    for (size_t i = 0; i < r->n; i++)
        most = HR_MIN(most, r->group[i].limit - r->group[i].reserve);
    return r->budget != 0 && r->budget < most ? r->budget : most;
}

uint64_t hr_room_kills(const struct hr_room *r)
{
    uint64_t most = 0;
    for (size_t i = 0; i < r->n; i++)
        most = HR_MAX(most, kills_of(r->group[i].kills) - r->group[i].kills_first);
    return r->n != 0 ? most : kills_of(r->vmstat) - r->kills_first;
}

/* Groups of v1 do not count what is shot in those below them; the machine counts all. */
bool hr_room_no_kill(const struct hr_room *r)
{
    uint64_t v;
    return r->counts_kills && value(r->vmstat, "oom_kill", &v) && v == r->kills_first;
}
