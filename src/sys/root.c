#include "root.h"

#include "fault.h"
#include "mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct hr_root {
    int fd;
    bool live;
    char name[256]; /* for sentences */
};

int hr_root_open(const char *dir, struct hr_root **ret, struct hr_error *err)
{
    struct hr_root *root = hr_calloc(1, sizeof *root);
    if (root == NULL)
        return hr_fail_nomem(err, sizeof *root, "the root handle");
    root->live = dir == NULL || strcmp(dir, "/") == 0;
    snprintf(root->name, sizeof root->name, "%s", root->live ? "" : dir);
    int r = hr_open(root->live ? "/" : dir, O_PATH | O_DIRECTORY, 0, &root->fd, err);
    if (r < 0) {
        hr_free(root);
        return r;
    }
    *ret = root;
    return 0;
}

void hr_root_close(struct hr_root *root)
{
    if (root == NULL)
        return;
    hr_close(root->fd);
    hr_free(root);
}

bool hr_root_is_live(const struct hr_root *root)
{
    return root->live;
}

/* Kernels before 5.6 lack openat2: there a captured root is opened without following its last link. */
static int open_in(const struct hr_root *root, const char *path, int flags)
{
    while (*path == '/')
        path++;
    if (*path == 0)
        path = ".";
    if (hr_fault_sys())
        return -1;
    if (root->live)
        return openat(root->fd, path, flags | O_CLOEXEC);
    struct open_how how = { .flags = (unsigned)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT };
    int fd = (int)syscall(SYS_openat2, root->fd, path, &how, sizeof how);
    if (fd < 0 && errno == ENOSYS)
        fd = openat(root->fd, path, flags | O_CLOEXEC | O_NOFOLLOW);
    return fd;
}

int hr_root_read(const struct hr_root *root, const char *path, struct hr_buf *b, struct hr_error *err)
{
    HR_FD fd = open_in(root, path, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return hr_fail_errno(err, errno, "'%s/%s' cannot be opened", root->name, path);
    for (;;) {
        size_t room = HR_MIN(b->ceiling - b->len, (size_t)65536);
        char *to = room == 0 ? NULL : hr_buf_reserve(b, room);
        if (to == NULL)
            return hr_fail(err, HR_E_LIMIT, "'%s/%s' is larger than expected (%zu bytes)", root->name, path, b->ceiling);
        int64_t n = hr_read_some(fd, to, room, path, err);
        if (n < 0)
            return (int)n;
        if (n == 0)
            return 0;
        hr_buf_commit(b, (size_t)n);
    }
}

int hr_root_list(const struct hr_root *root, const char *path, struct hr_names *ret, struct hr_error *err)
{
    HR_FD fd = open_in(root, path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return hr_fail_errno(err, errno, "the folder '%s/%s' cannot be read", root->name, path);
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return hr_list(link, ret, err);
}

bool hr_root_exists(const struct hr_root *root, const char *path)
{
    HR_FD fd = open_in(root, path, O_PATH);
    return fd >= 0;
}
