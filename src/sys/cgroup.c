#include "cgroup.h"

#include "parse.h"
#include "root_value.h"

#include <limits.h>
#include <stdio.h>

enum { TEXT_MAX = 65536, DEPTH_MAX = 64 };

/* A counter of memory.stat, 0 when it is not there. */
static uint64_t counter(struct hr_str text, const char *key)
{
    struct hr_figure f = hr_text_figure(text, ' ', key, "memory.stat");
    return f.known ? f.v : 0;
}

static uint64_t page_cache(const struct hr_root *root, const char *dir, bool v2)
{
    char path[PATH_MAX];
    struct hr_buf b = HR_BUF_INIT(TEXT_MAX);
    uint64_t v = 0;
    snprintf(path, sizeof path, "%.4000s/memory.stat", dir);
    if (hr_root_read(root, path, &b, NULL) == 0) {
        struct hr_str text = hr_buf_str(&b);
        v = counter(text, v2 ? "inactive_file" : "total_inactive_file") +
            counter(text, v2 ? "active_file" : "total_active_file");
    }
    hr_buf_fini(&b);
    return v;
}

static void look_at_memory(const struct hr_root *root, const char *dir, bool v2, struct hr_cgroup *c)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.4000s/%s", dir, v2 ? "memory.max" : "memory.limit_in_bytes");
    struct hr_figure limit = hr_root_figure(root, path);
    if (limit.known && limit.v < HR_CGROUP_NO_LIMIT && (!c->limit.known || limit.v < c->limit.v)) {
        c->limit = limit;
        c->limit_file = hr_word_unknown("no limit is set");
        char shown[HR_WORD_MAX];
        int n = snprintf(shown, sizeof shown, "/%.150s", path);
        c->limit_file = hr_word_of((struct hr_str) { shown, HR_MIN((size_t)HR_MAX(n, 0), sizeof shown - 1) });
        snprintf(path, sizeof path, "%.4000s/%s", dir, v2 ? "memory.current" : "memory.usage_in_bytes");
        struct hr_figure used = hr_root_figure(root, path);
        uint64_t cache = page_cache(root, dir, v2);
        c->used = used.known ? hr_figure_of(used.v > cache ? used.v - cache : 0) : used;
    }
    if (!v2)
        return;
    snprintf(path, sizeof path, "%.4000s/memory.high", dir);
    struct hr_figure high = hr_root_figure(root, path);
    if (high.known && (!c->high.known || high.v < c->high.v))
        c->high = high;
}

/* The folder of a group and of each group above it, as far as the hierarchy's root. */
struct climb {
    const char *mount;
    struct hr_str group;
    int depth;
    bool over;
    char dir[PATH_MAX];
};

static bool climb(struct climb *c)
{
    if (c->over || c->depth++ > DEPTH_MAX)
        return false;
    int n = snprintf(c->dir, sizeof c->dir, "%s%.*s", c->mount, HR_STR_ARG(c->group));
    if (n < 0 || (size_t)n + 32 > sizeof c->dir)
        return false;
    if (c->dir[n - 1] == '/')
        c->dir[n - 1] = 0;
    c->over = c->group.n <= 1;
    while (c->group.n > 0 && c->group.p[c->group.n - 1] != '/')
        c->group.n--;
    c->group.n -= c->group.n > 1;
    return true;
}

bool hr_cgroup_named(struct hr_str text, const char *controller, struct hr_str *ret)
{
    struct hr_str line, id, controllers, one;
    while (hr_str_cut(&text, '\n', &line)) {
        if (!hr_str_cut(&line, ':', &id) || !hr_str_cut(&line, ':', &controllers) || line.p == NULL)
            continue;
        *ret = line;
        if (controller == NULL && controllers.n == 0)
            return true;
        while (controller != NULL && hr_str_cut(&controllers, ',', &one))
            if (hr_str_is(one, controller))
                return true;
    }
    return false;
}

void hr_cgroup_read(const struct hr_root *root, int pid, struct hr_cgroup *ret)
{
    static const char *const mount[] = { "sys/fs/cgroup", "sys/fs/cgroup/unified", "sys/fs/cgroup/memory" };
    struct hr_buf b = HR_BUF_INIT(TEXT_MAX);
    char why[HR_WHY_MAX], path[32] = "proc/self/cgroup";
    struct hr_figure none = hr_figure_unknown("no limit is set");
    *ret = (struct hr_cgroup) { .limit = none, .used = none, .high = none };
    ret->limit_file = hr_word_unknown("no limit is set");
    if (pid != 0)
        snprintf(path, sizeof path, "proc/%d/cgroup", pid);
    if (!hr_root_text(root, path, &b, why)) {
        ret->limit = ret->used = ret->high = hr_figure_unknown("%s", why);
        ret->path = ret->limit_file = hr_word_unknown("%s", why);
        ret->v2 = hr_truth_unknown("%s", why);
        hr_buf_fini(&b);
        return;
    }
    struct hr_str v1, v2;
    bool has_v1 = hr_cgroup_named(hr_buf_str(&b), "memory", &v1), has_v2 = hr_cgroup_named(hr_buf_str(&b), NULL, &v2);
    ret->v2 = hr_truth_of(has_v2);
    ret->path = has_v2 ? hr_word_clean(v2) : has_v1 ? hr_word_clean(v1) : hr_word_unknown("no memory cgroup");
    for (size_t i = 0; i < HR_COUNT(mount); i++) {
        bool two = i < 2;
        struct climb c = { mount[i], two ? v2 : v1, 0, two ? !has_v2 : !has_v1, "" };
        if (i == 1 && !has_v1) /* the folder "unified" is there only where v1 is */
            continue;
        while (climb(&c))
            look_at_memory(root, c.dir, two, ret);
    }
    if (!has_v1 && !has_v2)
        ret->limit = ret->used = ret->high = hr_figure_unknown("no memory cgroup");
    hr_buf_fini(&b);
}

void hr_cgroup_each(const struct hr_root *root, void (*each)(void *ctx, const char *dir, bool v2), void *ctx)
{
    static const char *const mount[] = { "sys/fs/cgroup", "sys/fs/cgroup/unified", "sys/fs/cgroup/memory" };
    struct hr_buf b = HR_BUF_INIT(TEXT_MAX);
    struct hr_str v1 = { NULL, 0 }, v2 = { NULL, 0 };
    char dir[HR_CGROUP_DIR_MAX];
    if (hr_root_read(root, "proc/self/cgroup", &b, NULL) == 0) {
        bool has_v1 = hr_cgroup_named(hr_buf_str(&b), "memory", &v1), has_v2 = hr_cgroup_named(hr_buf_str(&b), NULL, &v2);
        for (size_t i = 0; i < HR_COUNT(mount); i++) {
            bool two = i < 2, skip = i == 1 && !has_v1;
            struct climb c = { mount[i], two ? v2 : v1, 0, skip || (two ? !has_v2 : !has_v1), "" };
            while (climb(&c)) {
                int n = snprintf(dir, sizeof dir, "/%s", c.dir);
                if (n > 0 && (size_t)n < sizeof dir)
                    each(ctx, dir, two);
            }
        }
    }
    hr_buf_fini(&b);
}

/* "50000 100000" or "max 100000" */
bool hr_cgroup_quota(struct hr_str text, double *ret_cpus)
{
    struct hr_str rest = hr_str_trim(text), first;
    uint64_t quota, period;
    if (!hr_str_cut(&rest, ' ', &first) || hr_parse_u64(first, &quota, NULL) < 0 ||
        hr_parse_u64(hr_str_trim(rest), &period, NULL) < 0 || period == 0)
        return false;
    *ret_cpus = (double)quota / (double)period;
    return true;
}

static void quota_v2(const struct hr_root *root, const char *dir, struct hr_real *r)
{
    char path[PATH_MAX];
    double cpus;
    struct hr_buf b = HR_BUF_INIT(256);
    snprintf(path, sizeof path, "%.4000s/cpu.max", dir);
    if (hr_root_read(root, path, &b, NULL) == 0 && hr_cgroup_quota(hr_buf_str(&b), &cpus) && (!r->known || cpus < r->v))
        *r = hr_real_of(cpus);
    hr_buf_fini(&b);
}

static void quota_v1(const struct hr_root *root, const char *dir, struct hr_real *r)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.4000s/cpu.cfs_quota_us", dir);
    struct hr_figure quota = hr_root_figure(root, path); /* -1, no limit, is no number here */
    if (!quota.known)
        return;
    snprintf(path, sizeof path, "%.4000s/cpu.cfs_period_us", dir);
    struct hr_figure period = hr_root_figure(root, path);
    if (period.known && period.v != 0 && (!r->known || (double)quota.v / (double)period.v < r->v))
        *r = hr_real_of((double)quota.v / (double)period.v);
}

struct hr_real hr_cgroup_cpus(const struct hr_root *root)
{
    struct hr_buf b = HR_BUF_INIT(TEXT_MAX);
    struct hr_real r = hr_real_unknown("no quota is set");
    struct hr_str group;
    if (hr_root_text(root, "proc/self/cgroup", &b, r.why)) {
        if (hr_cgroup_named(hr_buf_str(&b), NULL, &group)) {
            struct climb c = { "sys/fs/cgroup", group, 0, false, "" };
            while (climb(&c))
                quota_v2(root, c.dir, &r);
        }
        if (hr_cgroup_named(hr_buf_str(&b), "cpu", &group)) {
            struct climb c = { "sys/fs/cgroup/cpu", group, 0, false, "" };
            while (climb(&c))
                quota_v1(root, c.dir, &r);
        }
    }
    hr_buf_fini(&b);
    return r;
}
