#include "memgroup.h"

#include "cgroup.h"
#include "file.h"
#include "held.h"
#include "procfs.h"

#define MIB (UINT64_C(1) << 20)
#define CACHE_FRESH UINT64_C(250000000) /* ns for which memory.stat is believed, where the group is not nearly full */

static uint64_t kills_of(int fd)
{
    uint64_t v;
    return hr_held_value(fd, "oom_kill", &v) ? v : 0;
}

/* What cannot be read at this moment is taken to be what it was. */
static void limit_of(int fd, uint64_t *limit)
{
    uint64_t v;
    if (hr_held_value(fd, NULL, &v))
        *limit = v < HR_CGROUP_NO_LIMIT ? v : UINT64_MAX;
}

bool hr_memgroup_again(struct hr_memgroup *g, const struct hr_memgroup_machine *m)
{
    struct hr_memgroup was = *g;
    uint64_t used;
    limit_of(g->max_fd, &g->max);
    limit_of(g->high_fd, &g->high);
    limit_of(g->swap_fd, &g->swap);
    g->limit = HR_MIN(g->max, g->high);
    g->wall = g->limit < (m->total != 0 ? m->total : UINT64_MAX) && hr_held_value(g->used_fd, NULL, &used);
    g->ever |= g->wall;
    g->machine = m->total != 0 && g->limit >= m->total / 10 * 9;
    g->reserve = g->machine ? m->reserve : HR_MIN(HR_MAX(g->limit / 100 * 5, 48 * MIB), g->limit / 4);
    /* v1 counts memory and swap together, v2 swap alone. */
    g->slope = m->swap && (g->high < g->max || g->swap > (g->v2 ? 0 : g->max));
    return g->wall != was.wall || (g->wall && (g->limit != was.limit || g->reserve != was.reserve || g->slope != was.slope));
}

bool hr_memgroup_open(const char *at, const char *dir, bool v2, const struct hr_memgroup_machine *m, struct hr_memgroup *ret)
{
    struct hr_memgroup g = { .v2 = v2, .max = UINT64_MAX, .high = UINT64_MAX, .swap = UINT64_MAX };
    g.max_fd = hr_held_open(at, dir, v2 ? "memory.max" : "memory.limit_in_bytes");
    g.used_fd = hr_held_open(at, dir, v2 ? "memory.current" : "memory.usage_in_bytes");
    if (g.max_fd < 0 || g.used_fd < 0) {
        hr_close(g.max_fd);
        hr_close(g.used_fd);
        return false;
    }
    g.high_fd = v2 ? hr_held_open(at, dir, "memory.high") : -1;
    g.swap_fd = hr_held_open(at, dir, v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes");
    g.stat_fd = hr_held_open(at, dir, "memory.stat");
    g.kills_fd = hr_held_open(at, dir, v2 ? "memory.events" : "memory.oom_control");
    g.kills_first = kills_of(g.kills_fd);
    hr_memgroup_again(&g, m);
    *ret = g;
    return true;
}

void hr_memgroup_close(struct hr_memgroup *g)
{
    hr_close(g->max_fd);
    hr_close(g->high_fd);
    hr_close(g->swap_fd);
    hr_close(g->used_fd);
    hr_close(g->stat_fd);
    hr_close(g->kills_fd);
}

/* Page cache of the group (R2).  Counting it costs the kernel more than all else here: a group that is far from full is not asked at
 * each look. */
static uint64_t cache_of(struct hr_memgroup *g, uint64_t used, uint64_t now)
{
    char text[HR_HELD_TEXT];
    uint64_t a = 0, b = 0, free = g->limit > used ? g->limit - used : 0;
    if (g->read_at != 0 && free > 4 * g->reserve && now - g->read_at < CACHE_FRESH)
        return g->cache;
    int64_t n = g->stat_fd < 0 ? -1 : hr_kept_read(g->stat_fd, text, sizeof text);
    if (n > 0) {
        hr_held_line(text, (size_t)n, g->v2 ? "inactive_file" : "total_inactive_file", &a);
        hr_held_line(text, (size_t)n, g->v2 ? "active_file" : "total_active_file", &b);
        g->read_at = now;
        g->cache = a + b;
    }
    return g->cache;
}

bool hr_memgroup_free(struct hr_memgroup *g, uint64_t now, uint64_t *ret)
{
    uint64_t used;
    if (!hr_held_value(g->used_fd, NULL, &used))
        return false;
    uint64_t cache = cache_of(g, used, now), taken = used > cache ? used - cache : 0;
    *ret = g->limit > taken ? g->limit - taken : 0;
    return true;
}

uint64_t hr_memgroup_kills(const struct hr_memgroup *g)
{
    return kills_of(g->kills_fd) - g->kills_first;
}
