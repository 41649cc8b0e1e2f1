#include "pages.h"

#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_cachestat
#define SYS_cachestat 451 /* the same on every architecture of ours */
#endif

enum { LIST_ROOM = 8192 };

struct entry { /* struct linux_dirent64 */
    uint64_t ino;
    int64_t off;
    uint16_t len;
    uint8_t type;
    char name[];
};

static bool one(int folder, const char *name, bool (*each)(void *ctx, int number, const char *path), void *ctx)
{
    char path[HR_PATH_SHOWN], *end;
    long number = strtol(name, &end, 10);
    if (end == name || *end != 0)
        return true;
    ssize_t n = readlinkat(folder, name, path, sizeof path - 1);
    if (n <= 0 || (size_t)n == sizeof path - 1)
        return true;
    path[n] = 0;
    return each(ctx, (int)number, path);
}

int hr_proc_descriptors(int proc_folder, int pid, size_t most, bool (*each)(void *ctx, int number, const char *path), void *ctx)
{
    _Alignas(8) char room[LIST_ROOM];
    char at[32];
    snprintf(at, sizeof at, "%d/fd", pid);
    int fd = hr_fault_sys() ? -1 : openat(proc_folder, at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    bool on = true;
    long n;
    while (on && (n = syscall(SYS_getdents64, fd, room, sizeof room)) > 0) {
        for (long k = 0; on && k < n;) {
            const struct entry *e = (const struct entry *)(const void *)(room + k);
            on = most-- != 0 && one(fd, e->name, each, ctx);
            k += e->len;
        }
    }
    close(fd);
    return 0;
}

int hr_proc_folder_of(int proc_folder, int pid, char path[HR_PATH_SHOWN])
{
    char at[32];
    snprintf(at, sizeof at, "%d/cwd", pid);
    ssize_t n = hr_fault_sys() ? -1 : readlinkat(proc_folder, at, path, HR_PATH_SHOWN - 1);
    if (n <= 0)
        return n == 0 ? -ENOENT : -errno;
    path[n] = 0;
    return 0;
}

bool hr_proc_same_mounts(int proc_folder, int pid)
{
    char at[32], mine[64], its[64];
    snprintf(at, sizeof at, "%d/ns/mnt", pid);
    ssize_t n = hr_fault_sys() ? -1 : readlinkat(proc_folder, "self/ns/mnt", mine, sizeof mine);
    ssize_t m = n < 0 ? -1 : readlinkat(proc_folder, at, its, sizeof its);
    return n > 0 && m == n && memcmp(mine, its, (size_t)n) == 0;
}

static int regular(int folder, const char *path, uint64_t least, struct hr_file_id *ret)
{
    struct stat st;
    if (hr_fault_sys() || fstatat(folder, path, &st, 0) != 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size < least)
        return -EINVAL;
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    *ret = (struct hr_file_id) { (uint64_t)st.st_dev, (uint64_t)st.st_ino, (uint64_t)st.st_size };
    return fd;
}

int hr_proc_open_descriptor(int proc_folder, int pid, int number, uint64_t least, struct hr_file_id *ret)
{
    char at[48];
    snprintf(at, sizeof at, "%d/fd/%d", pid, number);
    return regular(proc_folder, at, least, ret);
}

int hr_open_regular(const char *path, uint64_t least, struct hr_file_id *ret)
{
    return regular(AT_FDCWD, path, least, ret);
}

int hr_cachestat(int fd, struct hr_cached *ret)
{
    struct {
        uint64_t off, len;
    } range = { 0, 0 }; /* to the end */
    struct hr_cached c = { 0 };
    if (hr_fault_sys() || syscall(SYS_cachestat, fd, &range, &c, 0) != 0)
        return -errno;
    *ret = c;
    return 0;
}
