#include "machine.h"

#include "cgroup.h"
#include "fault.h"
#include "root_value.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

void hr_memory_read(const struct hr_root *root, struct hr_memory *ret)
{
    struct hr_buf b = HR_BUF_INIT(65536);
    if (hr_root_read(root, "proc/meminfo", &b, NULL) == 0) {
        ret->total = hr_text_figure(hr_buf_str(&b), ':', "MemTotal", "/proc/meminfo");
        ret->available = hr_text_figure(hr_buf_str(&b), ':', "MemAvailable", "/proc/meminfo");
    } else {
        ret->total = ret->available = hr_figure_unknown("/proc/meminfo cannot be read");
    }
    hr_buf_fini(&b);
    struct hr_cgroup group;
    hr_cgroup_read(root, 0, &group);
    ret->limit = group.limit;
    ret->used = group.used;
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

bool hr_fs_is_foreign(const char *type)
{
    static const char *const foreign[] = {
        "9p", "drvfs", "virtiofs", "nfs", "nfs4", "cifs", "smb3", "fuse", "fuseblk"
    };
    bool yes = strncmp(type, "fuse.", 5) == 0;
    for (size_t i = 0; i < HR_COUNT(foreign); i++)
        yes |= strcmp(type, foreign[i]) == 0;
    return yes;
}

void hr_fs_of(const struct hr_root *root, const char *path, struct hr_fs *ret)
{
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
    ret->foreign = hr_fs_is_foreign(ret->type);
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
        f = hr_text_figure(hr_buf_str(&b), ':', "RssAnon", "/proc/self/status");
    if (!f.known) { /* kernels before 4.5 */
        hr_buf_reset(&b);
        if (hr_root_read(root, "proc/self/smaps_rollup", &b, NULL) == 0)
            f = hr_text_figure(hr_buf_str(&b), ':', "Anonymous", "/proc/self/smaps_rollup");
    }
    hr_buf_fini(&b);
    return f;
}
