/* What is mounted where (proc/self/mountinfo), and what kind of place a path is on: the difference between a local file system
 * and a Windows drive is the largest one there is for data on WSL2. */
#ifndef HR_MOUNTS_H
#define HR_MOUNTS_H

#include "arena.h"
#include "known.h"
#include "root.h"

enum hr_place {
    HR_PLACE_NATIVE,  /* ext4, xfs, btrfs, zfs, ...: a block device of this kernel */
    HR_PLACE_WINDOWS, /* a drive of the Windows host: 9p with aname=drvfs, drvfs (WSL1), virtiofs on WSL2 */
    HR_PLACE_OVERLAY, /* a container's layers */
    HR_PLACE_RAM,     /* tmpfs, ramfs: counts as memory */
    HR_PLACE_NETWORK, /* nfs, cifs, ceph, lustre, beegfs ... */
    HR_PLACE_FUSE,    /* a program answers: sshfs, s3fs, rclone ... */
    HR_PLACE_SHARED,  /* 9p or virtiofs that is no Windows drive: a folder of the host of this VM */
    HR_PLACE_KERNEL,  /* proc, sysfs, cgroup2, ...: no place for data */
};
const char *hr_place_name(enum hr_place p); /* "Windows drive" */

struct hr_mount {
    const char *source, *at, *type; /* "/dev/sdc", "/mnt/my data", "ext4": octal escapes undone */
    const char *root;               /* which folder of the file system is shown: "/" */
    const char *options, *super;    /* per mount and per file system, comma separated, as written */
    const char *windows;            /* HR_PLACE_WINDOWS: "C:\" as far as the mount tells it, otherwise NULL */
    enum hr_place place;
    bool read_only;
    unsigned major, minor; /* of the device */
};

struct hr_mounts {
    bool known;
    bool cut; /* there were more than HR_MOUNTS_MAX, or more text than was read */
    char why[HR_WHY_MAX];
    struct hr_mount *mount; /* in the order of the kernel: a later one lies over an earlier one at the same place */
    size_t n;
    struct hr_arena arena;
};
enum { HR_MOUNTS_MAX = 4096 };

/* `wsl` (vm.h): virtiofs is a Windows drive there, elsewhere a folder of the host. */
void hr_mounts_read(const struct hr_root *root, bool wsl, struct hr_mounts *ret);
/* The text of mountinfo alone. */
void hr_mounts_parse(struct hr_str text, bool wsl, struct hr_mounts *ret);
void hr_mounts_fini(struct hr_mounts *m);
/* The mount that holds an absolute path without links; NULL: none does. */
const struct hr_mount *hr_mounts_holding(const struct hr_mounts *m, const char *path);
/* The value of "key=value" in a list parted by commas (or by semicolons, as drvfs does), or whether the word is there. */
bool hr_mount_option(const char *options, const char *key, struct hr_str *ret_value);
/* Where Windows drives are mounted: "/mnt/" (wsl.conf's automount.root), taken from the drives that are there. */
struct hr_word hr_mounts_automount(const struct hr_mounts *m);
/* The path as Windows calls it: "C:\Users\me\data"; unknown where the path is on no Windows drive. */
struct hr_word hr_mounts_windows_path(const struct hr_mounts *m, const char *path);

#endif
