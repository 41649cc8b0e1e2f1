/* The cgroups whose limits memory may run into: the watcher's own, and those of processes outside of it that grow.
 *
 *  G1  Limits move while they are watched (docker update, systemctl set-property), and processes change their groups: it is looked up again
 *      every AGAIN.  What cannot be read then stays what it was.
 *  G2  HR_OTHER_GROUPS others are followed, however many there are: those of the GROWERS that grew most since the last time, as far as
 *      they are in one with a limit.  Each stays until it is gone, or for KEEPS nobody in it is among them, so that the past of two is not
 *      mixed, and that a build in one container hides no leak in another. */
#include "cgroup.h"
#include "watch_inside.h"

#include <stdio.h>
#include <string.h>

#define AGAIN (10 * HR_SECOND)
#define KEEPS (30 * HR_SECOND)
#define GREW (UINT64_C(1) << 20) /* bytes in that time: less is no growth */
enum { GROWERS = 16 }; /* an estimate, not measured: so many that the compilers of a build do not hide a slow leak */

/* The files that tell what is used of the limit; "": there is none, or its path is too long. */
static void paths_of(const struct hr_cgroup *g, struct hr_group_paths *ret)
{
    const char *file = g->limit.known && g->limit_file.known ? g->limit_file.v + (g->limit_file.v[0] == '/') : "";
    const char *slash = strrchr(file, '/');
    *ret = (struct hr_group_paths) { .v2 = slash != NULL && strcmp(slash + 1, "memory.max") == 0 };
    if (slash == NULL || slash - file > HR_WORD_MAX - 40 || (!ret->v2 && strcmp(slash + 1, "memory.limit_in_bytes") != 0))
        return;
    snprintf(ret->used, sizeof ret->used, "%.*s/%s", (int)(slash - file), file, ret->v2 ? "memory.current" : "memory.usage_in_bytes");
    snprintf(ret->stat, sizeof ret->stat, "%.*s/memory.stat", (int)(slash - file), file);
}

static bool same(const struct hr_look_group *l, const struct hr_group_paths *p)
{
    return strcmp(l->paths.used, p->used) == 0;
}

static void follow(struct hr_look_group *l, const struct hr_group_paths *p)
{
    hr_kept_file_close(&l->used);
    hr_kept_file_close(&l->stat);
    l->paths = *p;
    l->used.path = l->paths.used;
    l->stat.path = l->paths.stat;
}

/* False: the group is gone. */
static bool used_of(struct hr_watch *w, struct hr_look_group *l, struct hr_figure *ret)
{
    if (l->paths.used[0] == 0)
        return true;
    struct hr_str text = hr_sight_read(&w->sight, &l->used);
    const char *p = text.p, *end = text.p == NULL ? NULL : text.p + text.n;
    if (text.p == NULL || text.n == 0 || (unsigned)(*p - '0') >= 10)
        return false;
    uint64_t used = hr_digits(&p, end), v[2] = { 0, 0 };
    bool f[2];
    static const char *const v2_keys[2] = { "inactive_file", "active_file" };
    static const char *const v1_keys[2] = { "total_inactive_file", "total_active_file" };
    hr_keyed(hr_sight_read(&w->sight, &l->stat), l->paths.v2 ? v2_keys : v1_keys, 2, v, f);
    hr_set(ret, used - HR_MIN(v[0] + v[1], used));
    return true;
}

static void find_own(struct hr_watch *w)
{
    struct hr_look_group *l = &w->own_group;
    struct hr_account *a = &w->model->memory;
    struct hr_group_paths paths;
    struct hr_cgroup g;
    hr_cgroup_read(w->sight.root, 0, &g);
    if (!g.path.known && a->limit.known) /* G1 */
        return;
    paths_of(&g, &paths);
    bool moved = !same(l, &paths) || paths.used[0] == 0;
    follow(l, &paths);
    a->limit = g.limit;
    if (moved)
        a->limit_used = g.used;
}

/* `to` may be none. */
static void change_other(struct hr_watch *w, unsigned i, const struct hr_group_paths *to)
{
    struct hr_other_group *o = &w->model->memory.other[i];
    follow(&w->other_group[i], to);
    o->turn = ++w->group_turns;
    if (to->used[0] == 0)
        o->limit = o->used = hr_figure_unknown("no process that grows is in another group with a limit");
}

struct grower {
    unsigned row;
    uint64_t grew;
};

/* Those that grew most since the last time, the most first. */
static size_t growers(struct hr_watch *w, struct grower ret[GROWERS])
{
    size_t n = 0;
    for (unsigned i = 0; i < w->model->proc_n; i++) {
        uint64_t is = w->model->proc[i].resident.v, *was = &w->procs.more[i].resident_was;
        struct grower g = { i, *was != 0 && is > *was ? is - *was : 0 };
        size_t at = n;
        *was = is;
        while (at > 0 && ret[at - 1].grew < g.grew)
            at--;
        if (g.grew < GREW || at == GROWERS)
            continue;
        n += n < GROWERS;
        memmove(&ret[at + 1], &ret[at], (n - 1 - at) * sizeof *ret);
        ret[at] = g;
    }
    return n;
}

/* The one that follows these files; where they are "", one that follows none.  HR_OTHER_GROUPS: there is none. */
static unsigned other_of(const struct hr_watch *w, const struct hr_group_paths *p)
{
    unsigned i = 0;
    while (i < HR_OTHER_GROUPS && !same(&w->other_group[i], p))
        i++;
    return i;
}

/* A process that grows, in its group; of several in one the first, who grew most, gives it the name. */
static void see_other(struct hr_watch *w, const struct hr_proc_load *p)
{
    struct hr_group_paths paths, none = { .used = "" };
    struct hr_cgroup g;
    hr_cgroup_read(w->sight.root, p->pid, &g);
    paths_of(&g, &paths);
    if (paths.used[0] == 0 || same(&w->own_group, &paths))
        return;
    unsigned i = other_of(w, &paths);
    bool followed = i < HR_OTHER_GROUPS;
    if (!followed && (i = other_of(w, &none)) == HR_OTHER_GROUPS)
        return;
    struct hr_other_group *o = &w->model->memory.other[i];
    if (!followed) {
        change_other(w, i, &paths);
        o->used = g.used;
    } else if (w->other_group[i].seen_at == w->model->at) {
        return;
    }
    w->other_group[i].seen_at = w->model->at;
    o->limit = g.limit;
    o->pid = p->pid;
    memcpy(o->comm, p->comm, sizeof o->comm);
}

/* G2 */
static void find_others(struct hr_watch *w)
{
    struct grower grower[GROWERS];
    struct hr_group_paths none = { .used = "" };
    size_t n = growers(w, grower);
    for (size_t i = 0; i < n; i++)
        see_other(w, &w->model->proc[grower[i].row]);
    for (unsigned i = 0; i < HR_OTHER_GROUPS; i++)
        if (w->other_group[i].paths.used[0] != 0 && w->model->at - w->other_group[i].seen_at >= KEEPS)
            change_other(w, i, &none);
}

void hr_look_group_open(struct hr_watch *w)
{
    find_own(w); /* before the first tick: marks are parts of it */
    w->groups_at = hr_watch_now(w);
}

void hr_look_group(struct hr_watch *w)
{
    struct hr_account *a = &w->model->memory;
    if (w->model->at - w->groups_at >= AGAIN) {
        w->groups_at = w->model->at;
        find_own(w);
        if (w->sight.live)
            find_others(w);
    }
    if (a->limit.known)
        used_of(w, &w->own_group, &a->limit_used);
    for (unsigned i = 0; i < HR_OTHER_GROUPS; i++)
        if (!used_of(w, &w->other_group[i], &a->other[i].used))
            change_other(w, i, &(struct hr_group_paths) { .used = "" });
}

void hr_look_group_close(struct hr_watch *w)
{
    struct hr_group_paths none = { .used = "" };
    follow(&w->own_group, &none);
    for (unsigned i = 0; i < HR_OTHER_GROUPS; i++)
        follow(&w->other_group[i], &none);
}
