#include "machine.h"

#include "fault.h"
#include "mem.h"
#include "parse.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

/* "Key:   123 kB" in a text of such lines. */
static struct hr_figure kib_line(struct hr_str text, const char *key, const char *file)
{
    struct hr_str line, name;
    while (hr_str_cut(&text, '\n', &line)) {
        uint64_t v;
        if (!hr_str_cut(&line, ':', &name) || !hr_str_is(name, key))
            continue;
        line = hr_str_trim(line);
        if (hr_str_ends(line, " kB"))
            line.n -= 3;
        if (hr_parse_u64(hr_str_trim(line), &v, NULL) < 0 || v > UINT64_MAX / 1024)
            break;
        return hr_figure_of(v * 1024);
    }
    return hr_figure_unknown("no %s in %s", key, file);
}

static struct hr_figure read_number(const struct hr_root *root, const char *path)
{
    struct hr_buf b = HR_BUF_INIT(256);
    struct hr_figure f = hr_figure_unknown("no %.70s", path);
    uint64_t v;
    if (hr_root_read(root, path, &b, NULL) == 0) {
        if (hr_str_is(hr_str_trim(hr_buf_str(&b)), "max"))
            f = hr_figure_unknown("no limit is set");
        else if (hr_parse_u64(hr_str_trim(hr_buf_str(&b)), &v, NULL) == 0)
            f = hr_figure_of(v);
    }
    hr_buf_fini(&b);
    return f;
}

/* A counter of memory.stat, 0 when it is not there. */
static uint64_t stat_line(const struct hr_root *root, const char *dir, const char *key)
{
    char path[PATH_MAX];
    struct hr_buf b = HR_BUF_INIT(65536);
    uint64_t v = 0;
    snprintf(path, sizeof path, "%s/memory.stat", dir);
    if (hr_root_read(root, path, &b, NULL) == 0) {
        struct hr_str text = hr_buf_str(&b), line, name;
        while (hr_str_cut(&text, '\n', &line))
            if (hr_str_cut(&line, ' ', &name) && hr_str_is(name, key) && hr_parse_u64(hr_str_trim(line), &v, NULL) == 0)
                break;
    }
    hr_buf_fini(&b);
    return v;
}

/* Walks from the process's cgroup up to the hierarchy's root and keeps the tightest limit. */
static void tightest(const struct hr_root *root, const char *mount, struct hr_str group, bool v2, struct hr_memory *m)
{
    char dir[PATH_MAX], path[PATH_MAX];
    for (;;) {
        int n = snprintf(dir, sizeof dir, "%s%.*s", mount, HR_STR_ARG(group));
        if (n < 0 || (size_t)n + 32 > sizeof dir)
            return;
        snprintf(path, sizeof path, "%.4000s/%s", dir, v2 ? "memory.max" : "memory.limit_in_bytes");
        struct hr_figure limit = read_number(root, path);
        /* v1 writes "no limit" as the largest page-aligned number */
        if (limit.known && limit.v < (UINT64_C(1) << 60) && (!m->limit.known || limit.v < m->limit.v)) {
            snprintf(path, sizeof path, "%.4000s/%s", dir, v2 ? "memory.current" : "memory.usage_in_bytes");
            struct hr_figure used = read_number(root, path);
            uint64_t cache = stat_line(root, dir, v2 ? "inactive_file" : "total_inactive_file") +
                             stat_line(root, dir, v2 ? "active_file" : "total_active_file");
            m->limit = limit;
            m->used = used.known ? hr_figure_of(used.v > cache ? used.v - cache : 0) : used;
        }
        if (group.n <= 1)
            return;
        while (group.n > 0 && group.p[group.n - 1] != '/')
            group.n--;
        group.n -= group.n > 1;
    }
}

static void read_cgroups(const struct hr_root *root, struct hr_memory *m)
{
    struct hr_buf b = HR_BUF_INIT(65536);
    m->limit = hr_figure_unknown("no memory cgroup");
    m->used = m->limit;
    if (hr_root_read(root, "proc/self/cgroup", &b, NULL) == 0) {
        struct hr_str text = hr_buf_str(&b), line;
        m->limit = hr_figure_unknown("no limit is set");
        m->used = m->limit;
        while (hr_str_cut(&text, '\n', &line)) {
            struct hr_str id, controllers, one;
            if (!hr_str_cut(&line, ':', &id) || !hr_str_cut(&line, ':', &controllers) || line.p == NULL)
                continue;
            if (controllers.n == 0) {
                tightest(root, "sys/fs/cgroup", line, true, m);
                tightest(root, "sys/fs/cgroup/unified", line, true, m);
            }
            while (hr_str_cut(&controllers, ',', &one))
                if (hr_str_is(one, "memory"))
                    tightest(root, "sys/fs/cgroup/memory", line, false, m);
        }
    }
    hr_buf_fini(&b);
}

void hr_memory_read(const struct hr_root *root, struct hr_memory *ret)
{
    struct hr_buf b = HR_BUF_INIT(65536);
    if (hr_root_read(root, "proc/meminfo", &b, NULL) == 0) {
        ret->total = kib_line(hr_buf_str(&b), "MemTotal", "/proc/meminfo");
        ret->available = kib_line(hr_buf_str(&b), "MemAvailable", "/proc/meminfo");
    } else {
        ret->total = ret->available = hr_figure_unknown("/proc/meminfo cannot be read");
    }
    hr_buf_fini(&b);
    read_cgroups(root, ret);
}

struct hr_figure hr_memory_free(const struct hr_memory *m)
{
    struct hr_figure f = m->available;
    if (m->limit.known && m->used.known) {
        uint64_t room = m->limit.v > m->used.v ? m->limit.v - m->used.v : 0;
        if (!f.known || room < f.v)
            f = hr_figure_of(room);
    }
    return f;
}

/* True when mount point `at` holds `path`: a prefix that ends at a slash. */
static bool holds(struct hr_str at, const char *path)
{
    if (at.n == 1 && at.p[0] == '/')
        return true;
    return strncmp(path, at.p, at.n) == 0 && (path[at.n] == '/' || path[at.n] == 0);
}

void hr_fs_of(const struct hr_root *root, const char *path, struct hr_fs *ret)
{
    static const char *const foreign[] = { "9p", "drvfs", "virtiofs", "nfs", "nfs4", "cifs", "smb3", "fuse", "fuseblk" };
    strcpy(ret->type, "–");
    ret->foreign = false;
    char full[PATH_MAX];
    if (hr_root_is_live(root)) {
        if (realpath(path, full) == NULL)
            return;
    } else {
        snprintf(full, sizeof full, "%s", path);
    }
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    size_t best = 0;
    if (hr_root_read(root, "proc/self/mounts", &b, NULL) == 0) {
        struct hr_str text = hr_buf_str(&b), line, dev, at, type;
        while (hr_str_cut(&text, '\n', &line)) {
            if (!hr_str_cut(&line, ' ', &dev) || !hr_str_cut(&line, ' ', &at) || !hr_str_cut(&line, ' ', &type))
                continue;
            if (at.n >= best && holds(at, full)) {
                best = at.n;
                snprintf(ret->type, sizeof ret->type, "%.*s", HR_STR_ARG(type));
            }
        }
    }
    hr_buf_fini(&b);
    for (size_t i = 0; i < HR_COUNT(foreign); i++)
        ret->foreign |= strcmp(ret->type, foreign[i]) == 0 || strncmp(ret->type, "fuse.", 5) == 0;
}

bool hr_fs_maybe_foreign(const char *path)
{
    /* From statfs(2): 9p (also drvfs on WSL2), NFS, CIFS, SMB2, FUSE (also virtiofs), WSL1's drvfs. */
    static const uint32_t magic[] = { 0x01021997, 0x6969, 0xFF534D42, 0xFE534D42, 0x65735546, 0x53464846 };
    struct statfs fs;
    if (hr_fault_sys() || statfs(path, &fs) != 0)
        return true;
    for (size_t i = 0; i < HR_COUNT(magic); i++)
        if ((uint32_t)fs.f_type == magic[i])
            return true;
    return false;
}

struct hr_figure hr_self_anon(const struct hr_root *root)
{
    struct hr_buf b = HR_BUF_INIT(65536);
    struct hr_figure f = hr_figure_unknown("/proc/self/status cannot be read");
    if (hr_root_read(root, "proc/self/status", &b, NULL) == 0)
        f = kib_line(hr_buf_str(&b), "RssAnon", "/proc/self/status");
    if (!f.known) { /* kernels before 4.5 */
        hr_buf_reset(&b);
        if (hr_root_read(root, "proc/self/smaps_rollup", &b, NULL) == 0)
            f = kib_line(hr_buf_str(&b), "Anonymous", "/proc/self/smaps_rollup");
    }
    hr_buf_fini(&b);
    return f;
}
