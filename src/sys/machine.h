/* The few facts of the machine that the feed needs to choose a budget and a path.  (The full probes are src/probe.) */
#ifndef HR_MACHINE_H
#define HR_MACHINE_H

#include "known.h"
#include "root.h"

struct hr_memory {
    struct hr_figure total;     /* bytes, MemTotal */
    struct hr_figure available; /* bytes, MemAvailable */
    struct hr_figure limit;     /* bytes, the tightest memory limit of this process's cgroups (v2 or v1) */
    struct hr_figure used;      /* bytes charged to that cgroup now, page cache left out where it can be told apart */
};

void hr_memory_read(const struct hr_root *root, struct hr_memory *ret);
/* What may still be taken: the smaller of `available` and limit - used; unknown when neither is known. */
struct hr_figure hr_memory_free(const struct hr_memory *m);

/* The file system that holds `path`: "ext4", "9p", "tmpfs", ... */
struct hr_fs {
    char type[32];  /* "–" when it cannot be told */
    bool foreign;   /* a Windows drive or a network: 9p, drvfs, virtiofs, nfs, cifs, fuse */
};
/* The type of a file system ("9p", "fuse.sshfs") is one that somebody else serves. */
bool hr_fs_is_foreign(const char *type);
void hr_fs_of(const struct hr_root *root, const char *path, struct hr_fs *ret);
/* One system call: false = `path` of this machine is certainly on no foreign file system; true = ask hr_fs_of. */
bool hr_fs_maybe_foreign(const char *path);

/* Bytes of this process that are anonymous and resident (what a budget counts): RssAnon of /proc/self/status, which costs
 * some 20 µs where smaps_rollup walks every mapping. */
struct hr_figure hr_self_anon(const struct hr_root *root);

#endif
