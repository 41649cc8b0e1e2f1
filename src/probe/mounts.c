#include "mounts.h"

#include "mem.h"
#include "parse.h"
#include "root_value.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 4 << 20, ARENA_MAX = 16 << 20 };

static const struct {
    const char *type;
    enum hr_place place;
} types[] = {
    { "drvfs", HR_PLACE_WINDOWS },
    { "overlay", HR_PLACE_OVERLAY },
    { "aufs", HR_PLACE_OVERLAY },
    { "fuse-overlayfs", HR_PLACE_OVERLAY },
    { "fuse.fuse-overlayfs", HR_PLACE_OVERLAY },
    { "tmpfs", HR_PLACE_RAM },
    { "ramfs", HR_PLACE_RAM },
    { "nfs", HR_PLACE_NETWORK },
    { "nfs4", HR_PLACE_NETWORK },
    { "cifs", HR_PLACE_NETWORK },
    { "smb3", HR_PLACE_NETWORK },
    { "smbfs", HR_PLACE_NETWORK },
    { "ceph", HR_PLACE_NETWORK },
    { "lustre", HR_PLACE_NETWORK },
    { "beegfs", HR_PLACE_NETWORK },
    { "gpfs", HR_PLACE_NETWORK },
    { "afs", HR_PLACE_NETWORK },
    { "glusterfs", HR_PLACE_NETWORK },
    { "fuse.glusterfs", HR_PLACE_NETWORK },
    { "wekafs", HR_PLACE_NETWORK },
    { "fuse", HR_PLACE_FUSE },
    { "proc", HR_PLACE_KERNEL },
    { "sysfs", HR_PLACE_KERNEL },
    { "cgroup", HR_PLACE_KERNEL },
    { "cgroup2", HR_PLACE_KERNEL },
    { "devtmpfs", HR_PLACE_KERNEL },
    { "devpts", HR_PLACE_KERNEL },
    { "mqueue", HR_PLACE_KERNEL },
    { "debugfs", HR_PLACE_KERNEL },
    { "tracefs", HR_PLACE_KERNEL },
    { "securityfs", HR_PLACE_KERNEL },
    { "bpf", HR_PLACE_KERNEL },
    { "pstore", HR_PLACE_KERNEL },
    { "efivarfs", HR_PLACE_KERNEL },
    { "configfs", HR_PLACE_KERNEL },
    { "fusectl", HR_PLACE_KERNEL },
    { "binfmt_misc", HR_PLACE_KERNEL },
    { "autofs", HR_PLACE_KERNEL },
    { "hugetlbfs", HR_PLACE_KERNEL },
    { "nsfs", HR_PLACE_KERNEL },
    { "rpc_pipefs", HR_PLACE_KERNEL },
    { "selinuxfs", HR_PLACE_KERNEL },
};

const char *hr_place_name(enum hr_place p)
{
    static const char *const name[] = {
        "local disk",          "Windows drive", "container's overlay",     "memory (tmpfs)",
        "network file system", "FUSE",          "folder of the VM's host", "kernel"
    };
    return name[p];
}

bool hr_mount_option(const char *options, const char *key, struct hr_str *ret_value)
{
    size_t n = strlen(key);
    for (const char *p = options; *p != 0; p += strcspn(p, ",;"), p += *p != 0) {
        size_t word = strcspn(p, ",;");
        if (word < n || strncmp(p, key, n) != 0 || (word > n && p[n] != '='))
            continue;
        if (ret_value != NULL)
            *ret_value = word > n ? (struct hr_str) { p + n + 1, word - n - 1 } : (struct hr_str) { p + n, 0 };
        return true;
    }
    return false;
}

/* The kernel writes blank, tab, line end and backslash as three octal digits. */
static const char *unescape(struct hr_arena *a, struct hr_str s)
{
    char *to = hr_arena_alloc(a, s.n + 1);
    size_t o = 0;
    for (size_t i = 0; to != NULL && i < s.n; i++) {
        const char *p = s.p + i;
        if (*p == '\\' && i + 3 < s.n && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' &&
            p[3] <= '7') {
            char c = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            to[o++] = c == 0 ? '?' : c;
            i += 3;
        } else {
            to[o++] = *p == 0 ? '?' : *p;
        }
    }
    return to;
}

static enum hr_place place_of(const struct hr_mount *m, bool wsl)
{
    struct hr_str name;
    if (strcmp(m->type, "9p") == 0)
        return hr_mount_option(m->super, "aname", &name) && hr_str_is(name, "drvfs") ? HR_PLACE_WINDOWS
               : strcmp(m->source, "drvfs") == 0 || strcmp(m->source, "drvfsa") == 0 ? HR_PLACE_WINDOWS
                                                                                     : HR_PLACE_SHARED;
    if (strcmp(m->type, "virtiofs") == 0)
        return wsl ? HR_PLACE_WINDOWS : HR_PLACE_SHARED;
    for (size_t i = 0; i < HR_COUNT(types); i++)
        if (strcmp(m->type, types[i].type) == 0)
            return types[i].place;
    if (strncmp(m->type, "fuse.", 5) == 0)
        return HR_PLACE_FUSE;
    return HR_PLACE_NATIVE;
}

/* "C:\" from the options of 9p (path=C:\ or aname=drvfs;path=C:\), from the source of 9p and drvfs ("C:\", "C:"). */
static const char *windows_of(struct hr_arena *a, const struct hr_mount *m)
{
    struct hr_str path = { NULL, 0 };
    if (!hr_mount_option(m->super, "path", &path) || path.n < 2)
        path = hr_str(m->source);
    bool drive = path.n >= 2 && path.p[1] == ':' &&
                 ((path.p[0] >= 'A' && path.p[0] <= 'Z') || (path.p[0] >= 'a' && path.p[0] <= 'z'));
    if (!drive && !hr_str_starts(path, "\\\\"))
        return NULL;
    char *w = hr_arena_alloc(a, path.n + 2);
    if (w != NULL) {
        memcpy(w, path.p, path.n);
        if (path.n == 2)
            w[2] = '\\';
    }
    return w;
}

/* 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 * The fields before the single "-" vary in number; a line that lacks one of the rest is left out. */
static bool parse_line(struct hr_arena *a, struct hr_str line, bool wsl, struct hr_mount *m)
{
    struct hr_str f[6], one, type, source, super;
    uint64_t major, minor;
    for (size_t i = 0; i < 6; i++)
        if (!hr_str_cut(&line, ' ', &f[i]) || f[i].n == 0)
            return false;
    do
        if (!hr_str_cut(&line, ' ', &one))
            return false;
    while (!hr_str_is(one, "-"));
    if (!hr_str_cut(&line, ' ', &type) || !hr_str_cut(&line, ' ', &source))
        return false;
    super = line.p != NULL ? line : HR_STR("");
    if (!hr_str_cut(&f[2], ':', &one) || hr_parse_u64(one, &major, NULL) < 0 || hr_parse_u64(f[2], &minor, NULL) < 0 ||
        major > UINT32_MAX || minor > UINT32_MAX)
        return false;
    *m = (struct hr_mount) { unescape(a, source),
                             unescape(a, f[4]),
                             unescape(a, type),
                             unescape(a, f[3]),
                             unescape(a, f[5]),
                             unescape(a, super),
                             NULL,
                             HR_PLACE_NATIVE,
                             false,
                             (unsigned)major,
                             (unsigned)minor };
    if (m->source == NULL || m->at == NULL || m->type == NULL || m->root == NULL || m->options == NULL ||
        m->super == NULL || m->at[0] != '/')
        return false;
    m->place = place_of(m, wsl);
    m->windows = m->place == HR_PLACE_WINDOWS ? windows_of(a, m) : NULL;
    m->read_only = hr_mount_option(m->options, "ro", NULL) || hr_mount_option(m->super, "ro", NULL);
    return true;
}

void hr_mounts_parse(struct hr_str text, bool wsl, struct hr_mounts *ret)
{
    struct hr_str line;
    size_t cap = 0;
    *ret = (struct hr_mounts) { .known = true, .arena = HR_ARENA_INIT(ARENA_MAX) };
    while (hr_str_cut(&text, '\n', &line)) {
        struct hr_mount m;
        if (line.n == 0)
            continue;
        if (ret->n == HR_MOUNTS_MAX) {
            ret->cut = true;
            return;
        }
        if (!parse_line(&ret->arena, line, wsl, &m))
            continue;
        if (ret->n == cap) {
            struct hr_mount *more = hr_reallocarray(ret->mount, cap = cap * 2 + 32, sizeof *more);
            if (more == NULL) {
                ret->cut = true;
                return;
            }
            ret->mount = more;
        }
        ret->mount[ret->n++] = m;
    }
}

void hr_mounts_read(const struct hr_root *root, bool wsl, struct hr_mounts *ret)
{
    struct hr_buf b = HR_BUF_INIT(TEXT_MAX);
    char why[HR_WHY_MAX];
    if (hr_root_text(root, "proc/self/mountinfo", &b, why)) {
        hr_mounts_parse(hr_buf_str(&b), wsl, ret);
    } else {
        *ret = (struct hr_mounts) { .arena = HR_ARENA_INIT(0) };
        memcpy(ret->why, why, sizeof why);
    }
    hr_buf_fini(&b);
}

void hr_mounts_fini(struct hr_mounts *m)
{
    hr_free(m->mount);
    hr_arena_fini(&m->arena);
    *m = (struct hr_mounts) { .arena = HR_ARENA_INIT(0) };
}

static bool holds(const char *at, const char *path, size_t n)
{
    if (n == 1)
        return path[0] == '/';
    return strncmp(path, at, n) == 0 && (path[n] == '/' || path[n] == 0);
}

const struct hr_mount *hr_mounts_holding(const struct hr_mounts *m, const char *path)
{
    const struct hr_mount *best = NULL;
    size_t most = 0;
    for (size_t i = 0; i < m->n; i++) {
        size_t n = strlen(m->mount[i].at);
        if (n >= most && holds(m->mount[i].at, path, n)) {
            most = n;
            best = &m->mount[i];
        }
    }
    return best;
}

struct hr_word hr_mounts_automount(const struct hr_mounts *m)
{
    if (!m->known)
        return hr_word_unknown("%s", m->why);
    for (size_t i = 0; i < m->n; i++) {
        const char *last = strrchr(m->mount[i].at, '/');
        if (m->mount[i].place == HR_PLACE_WINDOWS && strlen(last) == 2) /* "/mnt/c" */
            return hr_word_of((struct hr_str) { m->mount[i].at, (size_t)(last - m->mount[i].at) + 1 });
    }
    return hr_word_unknown("no Windows drive is mounted");
}

struct hr_word hr_mounts_windows_path(const struct hr_mounts *m, const char *path)
{
    const struct hr_mount *on = hr_mounts_holding(m, path);
    if (on == NULL || on->place != HR_PLACE_WINDOWS)
        return hr_word_unknown("it is on no Windows drive");
    if (on->windows == NULL)
        return hr_word_unknown("the mount does not tell its drive");
    struct hr_word w = { true, "", "" };
    const char *rest = path + (on->at[1] == 0 ? 0 : strlen(on->at));
    rest += *rest == '/';
    int n = snprintf(w.v, sizeof w.v, "%s%s%s", on->windows,
                     on->windows[strlen(on->windows) - 1] == '\\' || *rest == 0 ? "" : "\\", rest);
    if (n < 0 || (size_t)n >= sizeof w.v)
        return hr_word_unknown("the path is too long to be shown");
    for (char *p = w.v; *p != 0; p++)
        *p = (char)(*p == '/' ? '\\' : *p);
    return w;
}
