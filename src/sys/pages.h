/* Which files a process has open, and how much of a file lies in the page cache (cachestat(2), Linux 6.5). */
#ifndef HR_PAGES_H
#define HR_PAGES_H

#include "attr.h"

enum { HR_PATH_SHOWN = 512 };

/* Calls `each` with the descriptors of a process, at most `most`, and where each leads, until it returns false.  Touches none of
 * the files.  0, or -errno (-EACCES: another user's). */
int hr_proc_descriptors(int proc_folder, int pid, size_t most, bool (*each)(void *ctx, int number, const char *path), void *ctx);
/* The current folder of a process; -errno: it cannot be told. */
int hr_proc_folder_of(int proc_folder, int pid, char path[HR_PATH_SHOWN]);

/* It sees the same mounts as this process, so that a path means the same file to both.  Not known is false. */
bool hr_proc_same_mounts(int proc_folder, int pid);

struct hr_file_id {
    uint64_t dev, ino, size;
};
/* Opens what descriptor `number` of the process leads to, if it is a regular file of at least `least` bytes: a descriptor, or
 * -errno (-EINVAL: it is none).  May wait for a file system that hangs: ask for the path first. */
int hr_proc_open_descriptor(int proc_folder, int pid, int number, uint64_t least, struct hr_file_id *ret);
/* The same for a path. */
int hr_open_regular(const char *path, uint64_t least, struct hr_file_id *ret);

struct hr_cached {
    uint64_t cached, dirty, writeback, evicted, evicted_lately; /* pages */
};
/* -ENOSYS: a kernel before 6.5; -EPERM: newer kernels tell it to the owner of the file only. */
int hr_cachestat(int fd, struct hr_cached *ret);

#endif
