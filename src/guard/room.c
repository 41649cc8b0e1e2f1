#include "room.h"

#include "cgroup.h"
#include "machine.h"
#include "file.h"
#include "procfs.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_ROOM = 8192 };
#define MIB (UINT64_C(1) << 20)

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

static int beside(const char *limit_file, const char *name)
{
    char path[HR_WORD_MAX + 64];
    const char *slash = strrchr(limit_file, '/');
    if (slash == NULL)
        return -1;
    snprintf(path, sizeof path, "%.*s/%s", (int)(slash - limit_file), limit_file, name);
    return hr_kept_open(path);
}

int hr_room_open(const struct hr_root *root, uint64_t budget, struct hr_room *ret, struct hr_error *err)
{
    struct hr_cgroup group;
    struct hr_memory m;
    hr_cgroup_read(root, &group);
    hr_memory_read(root, &m);
    struct hr_room r = { .meminfo = hr_kept_open("/proc/meminfo"), -1, -1, .budget = budget };
    r.total = m.total.known ? m.total.v : 0;
    r.machine_reserve = HR_MIN(HR_MAX(r.total / 100 * 8, 512 * MIB), r.total / 4);
    if (group.limit.known && group.limit_file.known) {
        snprintf(r.limit_file, sizeof r.limit_file, "%s", group.limit_file.v);
        r.v2 = hr_str_ends(hr_str(r.limit_file), "memory.max");
        r.group_used = beside(r.limit_file, r.v2 ? "memory.current" : "memory.usage_in_bytes");
        r.group_stat = beside(r.limit_file, "memory.stat");
        r.limit = r.group_used >= 0 ? group.limit.v : 0;
        r.group_reserve = HR_MIN(HR_MAX(r.limit / 100 * 5, 48 * MIB), r.limit / 4);
    }
    if (r.meminfo < 0 && r.limit == 0) {
        hr_room_close(&r);
        return hr_fail(err, HR_E_UNSUPPORTED, "neither /proc/meminfo nor a memory cgroup can be read, so nothing can be guarded");
    }
    *ret = r;
    return 0;
}

void hr_room_close(struct hr_room *r)
{
    hr_close(r->meminfo);
    hr_close(r->group_used);
    hr_close(r->group_stat);
    r->meminfo = r->group_used = r->group_stat = -1;
}

/* Bytes charged to the group, without the page cache that the kernel takes back first. */
static bool group_used(const struct hr_room *r, uint64_t *ret)
{
    char text[TEXT_ROOM];
    uint64_t used = 0, a = 0, b = 0;
    int64_t n = r->limit == 0 ? -1 : hr_kept_read(r->group_used, text, sizeof text);
    if (n <= 0)
        return false;
    for (int64_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
        used = used * 10 + (uint64_t)(text[i] - '0');
    n = r->group_stat < 0 ? -1 : hr_kept_read(r->group_stat, text, sizeof text);
    if (n > 0) {
        hr_room_line(text, (size_t)n, r->v2 ? "inactive_file" : "total_inactive_file", &a);
        hr_room_line(text, (size_t)n, r->v2 ? "active_file" : "total_active_file", &b);
    }
    *ret = used > a + b ? used - a - b : 0;
    return true;
}

static void take(struct hr_space *s, uint64_t free, uint64_t reserve, uint64_t hold, bool machine)
{
    int64_t room = (int64_t)free - (int64_t)hold;
    if (room < s->room)
        *s = (struct hr_space) { room, reserve, machine };
}

struct hr_space hr_room_now(const struct hr_room *r, uint64_t tree)
{
    char text[TEXT_ROOM];
    struct hr_space s = { INT64_MAX, 0, false };
    uint64_t v;
    int64_t n = r->meminfo < 0 ? -1 : hr_kept_read(r->meminfo, text, sizeof text);
    if (n > 0 && hr_room_line(text, (size_t)n, "MemAvailable", &v))
        take(&s, v, r->machine_reserve, r->machine_reserve, true);
    if (group_used(r, &v))
        take(&s, r->limit > v ? r->limit - v : 0, r->group_reserve, r->group_reserve, false);
    /* A budget is a wish, not a wall: half of it must be overdrawn by a quarter before a job is ended for it. */
    if (r->budget != 0)
        take(&s, r->budget, r->budget / 2, tree, false);
    if (s.room == INT64_MAX) /* blind at this tick: nothing new starts, nothing is stopped */
        s.room = 0;
    return s;
}

uint64_t hr_room_ceiling(const struct hr_room *r)
{
    uint64_t most = r->total - r->machine_reserve;
    if (r->total == 0 || (r->limit != 0 && r->limit - r->group_reserve < most))
        most = r->limit - r->group_reserve;
    return r->budget != 0 && r->budget < most ? r->budget : most;
}
