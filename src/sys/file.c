#include "file.h"

#include "fault.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int hr_open(const char *path, int flags, unsigned mode, int *ret_fd, struct hr_error *err)
{
    int fd = -1;
    do
        fd = hr_fault_sys() ? -1 : open(path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return hr_fail_errno(err, errno, "'%s' cannot be opened", path);
    *ret_fd = fd;
    return 0;
}

void hr_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

int hr_pread_least(int fd, void *p, size_t n, size_t need, uint64_t off, const char *path, struct hr_error *err)
{
    size_t done = 0;
    while (done < need) {
        ssize_t k = hr_fault_sys() ? -1 : pread(fd, (char *)p + done, n - done, (off_t)(off + done));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return hr_fail_errno(err, errno, "'%s' cannot be read at byte %llu", path, (unsigned long long)(off + done));
        if (k == 0)
            return hr_fail(err, HR_E_FORMAT, "'%s' ends at byte %llu, where %zu bytes more are expected", path,
                           (unsigned long long)(off + done), need - done);
        done += (size_t)k;
    }
    return 0;
}

int hr_pread_all(int fd, void *p, size_t n, uint64_t off, const char *path, struct hr_error *err)
{
    return hr_pread_least(fd, p, n, n, off, path, err);
}

void hr_read_soon(int fd, uint64_t off, uint64_t n)
{
    if (!hr_fault_sys())
        posix_fadvise(fd, (off_t)off, (off_t)n, POSIX_FADV_WILLNEED);
}

void hr_drop_behind(int fd, uint64_t off, uint64_t n)
{
    if (!hr_fault_sys())
        posix_fadvise(fd, (off_t)off, (off_t)n, POSIX_FADV_DONTNEED);
}

int hr_pwrite_all(int fd, const void *p, size_t n, uint64_t off, const char *path, struct hr_error *err)
{
    size_t done = 0;
    while (done < n) {
        ssize_t k = hr_fault_sys() ? -1 : pwrite(fd, (const char *)p + done, n - done, (off_t)(off + done));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return hr_fail_errno(err, errno, "'%s' cannot be written", path);
        done += (size_t)k;
    }
    return 0;
}

int64_t hr_read_some(int fd, void *p, size_t n, const char *path, struct hr_error *err)
{
    for (;;) {
        ssize_t k = hr_fault_sys() ? -1 : read(fd, p, n);
        if (k >= 0)
            return k;
        if (errno != EINTR)
            return hr_fail_errno(err, errno, "'%s' cannot be read", path);
    }
}

int hr_write_all(int fd, const void *p, size_t n, const char *path, struct hr_error *err)
{
    size_t done = 0;
    while (done < n) {
        ssize_t k = hr_fault_sys() ? -1 : write(fd, (const char *)p + done, n - done);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return hr_fail_errno(err, errno, "'%s' cannot be written", path);
        done += (size_t)k;
    }
    return 0;
}

int hr_datasync(int fd, const char *path, struct hr_error *err)
{
    int r;
    do
        r = hr_fault_sys() ? -1 : fdatasync(fd);
    while (r < 0 && errno == EINTR);
    return r < 0 ? hr_fail_errno(err, errno, "'%s' cannot be put on its disk", path) : 0;
}

int hr_fsync(int fd, const char *path, struct hr_error *err)
{
    if (hr_fault_sys() || fsync(fd) != 0)
        return hr_fail_errno(err, errno, "'%s' cannot be made durable (fsync)", path);
    return 0;
}

int hr_truncate(int fd, uint64_t size, const char *path, struct hr_error *err)
{
    if (hr_fault_sys() || ftruncate(fd, (off_t)size) != 0)
        return hr_fail_errno(err, errno, "'%s' cannot be cut to %llu bytes", path, (unsigned long long)size);
    return 0;
}

int hr_lock(int fd, const char *path, bool *ret_mine, struct hr_error *err)
{
    int r;
    do
        r = hr_fault_sys() ? -1 : flock(fd, LOCK_EX | LOCK_NB);
    while (r != 0 && errno == EINTR);
    if (r != 0 && errno != EWOULDBLOCK)
        return hr_fail_errno(err, errno, "'%s' cannot be locked", path);
    *ret_mine = r == 0;
    return 0;
}

int hr_file_stamp(const char *path, uint64_t *ret_size, uint64_t *ret_changed, struct hr_error *err)
{
    struct stat st;
    if (hr_fault_sys() || stat(path, &st) != 0)
        return hr_fail_errno(err, errno, "'%s' cannot be looked at", path);
    *ret_size = (uint64_t)st.st_size;
    *ret_changed = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
    return 0;
}

int hr_file_size(int fd, const char *path, uint64_t *ret_size, struct hr_error *err)
{
    struct stat st;
    if (hr_fault_sys() || fstat(fd, &st) != 0)
        return hr_fail_errno(err, errno, "the size of '%s' cannot be had", path);
    *ret_size = (uint64_t)st.st_size;
    return 0;
}

int hr_slurp(const char *path, struct hr_buf *b, struct hr_error *err)
{
    HR_FD fd = -1;
    int r = hr_open(path, O_RDONLY, 0, &fd, err);
    if (r < 0)
        return r;
    for (;;) {
        size_t room = HR_MIN(b->ceiling - b->len, (size_t)65536);
        if (room == 0)
            return hr_fail(err, HR_E_LIMIT, "'%s' is larger than the %zu bytes that are read of such a file", path, b->ceiling);
        char *to = hr_buf_reserve(b, room);
        if (to == NULL)
            return hr_fail_nomem(err, room, path);
        int64_t n = hr_read_some(fd, to, room, path, err);
        if (n < 0)
            return (int)n;
        if (n == 0)
            return 0;
        hr_buf_commit(b, (size_t)n);
    }
}

int hr_fsync_parent(const char *path, struct hr_error *err)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    HR_CLEANUP(hr_freep) char *dir = hr_malloc(n + 2);
    if (dir == NULL)
        return hr_fail_nomem(err, n + 2, "a folder's name");
    memcpy(dir, path, n);
    strcpy(dir + n, slash == NULL ? "." : n == 0 ? "/" : "");
    HR_FD fd = -1;
    int r = hr_open(dir, O_RDONLY | O_DIRECTORY, 0, &fd, err);
    return r < 0 ? r : hr_fsync(fd, dir, err);
}

int hr_rename(const char *from, const char *to, bool exchange, struct hr_error *err)
{
    int k = hr_fault_sys() ? -1 : exchange ? renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) : rename(from, to);
    if (k != 0 && exchange && (errno == EINVAL || errno == ENOSYS))
        return hr_fail(err, HR_E_UNSUPPORTED, "this file system cannot swap '%s' and '%s'", from, to);
    if (k != 0)
        return hr_fail_errno(err, errno, "'%s' cannot be renamed to '%s'", from, to);
    return hr_fsync_parent(to, err);
}

int hr_replace(const char *path, const void *p, size_t n, struct hr_error *err)
{
    size_t len = strlen(path) + 32;
    HR_CLEANUP(hr_freep) char *tmp = hr_malloc(len);
    if (tmp == NULL)
        return hr_fail_nomem(err, len, "a file's name");
    snprintf(tmp, len, "%s.tmp-%ld", path, (long)getpid());
    HR_FD fd = -1;
    int r = hr_open(tmp, O_WRONLY | O_CREAT | O_TRUNC, 0666, &fd, NULL);
    if (r < 0) /* told of the file that was asked for: nobody knows the name beside it */
        return hr_fail_errno(err, errno, "'%s' cannot be written", path);
    r = hr_write_all(fd, p, n, path, err);
    if (r == 0)
        r = hr_fsync(fd, path, err);
    if (r == 0)
        r = hr_rename(tmp, path, false, err);
    if (r < 0)
        unlink(tmp);
    return r;
}
