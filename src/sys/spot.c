#include "spot.h"

#include "fault.h"
#include "file.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MOST = 255 };

static bool trusted(const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid();
}

/* One folder further, by S2; -1 with errno, EPERM where S2 forbids it. */
static int enter(int dir, const char *name)
{
    struct stat link, target;
    int fd = hr_fault_sys() ? -1 : openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 || (errno != ENOTDIR && errno != ELOOP))
        return fd;
    if (hr_fault_sys() || fstatat(dir, name, &link, AT_SYMLINK_NOFOLLOW) != 0)
        return -1;
    if (!S_ISLNK(link.st_mode)) {
        errno = ENOTDIR;
        return -1;
    }
    fd = hr_fault_sys() ? -1 : openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || (!hr_fault_sys() && fstat(fd, &target) == 0 && trusted(&link) && trusted(&target)))
        return fd;
    hr_close(fd);
    errno = EPERM;
    return -1;
}

int hr_spot_open(const char *path, struct hr_spot *ret, struct hr_error *err)
{
    struct hr_spot s = { -1, hr_strdup(path), NULL };
    if (s.path == NULL)
        return hr_fail_nomem(err, strlen(path), "a path");
    s.name = strrchr(s.path, '/');
    if (path[0] != '/' || s.name[1] == 0 || strlen(s.name + 1) > NAME_MOST - 16) {
        hr_free(s.path);
        return hr_fail(err, HR_E_INVALID, "'%s' is no absolute path of a file", path);
    }
    *s.name++ = 0;
    int r = hr_open("/", O_PATH | O_DIRECTORY, 0, &s.dir, err);
    struct hr_str rest = hr_str(s.path), part;
    while (r == 0 && hr_str_cut(&rest, '/', &part)) {
        char name[NAME_MOST + 1];
        if (part.n == 0)
            continue;
        snprintf(name, sizeof name, "%.*s", HR_STR_ARG(part));
        int next = enter(s.dir, name), en = errno;
        hr_close(s.dir);
        s.dir = next;
        if (next < 0 && en == EPERM)
            r = hr_fail(err, HR_E_UNSUPPORTED, "'%s' is not touched: '%s' on the way is a link of another user", path, name);
        else if (next < 0)
            r = hr_fail_errno(err, en, "the folder of '%s' cannot be opened", path);
    }
    s.name[-1] = '/';
    if (r == 0)
        *ret = s;
    else
        hr_close(s.dir), hr_free(s.path);
    return r;
}

void hr_spot_close(struct hr_spot *s)
{
    if (s->path == NULL)
        return;
    hr_close(s->dir);
    hr_free(s->path);
    *s = (struct hr_spot) { -1, NULL, NULL };
}

int hr_spot_read(const struct hr_spot *s, struct hr_buf *b, struct hr_spot_is *ret, struct hr_error *err)
{
    struct stat st;
    HR_FD fd = hr_fault_sys() ? -1 : openat(s->dir, s->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        *ret = (struct hr_spot_is) { false, 0644, geteuid(), getegid() };
        return 0;
    }
    if (fd < 0 && errno == ELOOP)
        return hr_fail(err, HR_E_UNSUPPORTED, "'%s' is a symbolic link and is not touched", s->path);
    if (fd < 0 || hr_fault_sys() || fstat(fd, &st) != 0)
        return hr_fail_errno(err, errno, "'%s' cannot be opened", s->path);
    if (!S_ISREG(st.st_mode) || st.st_nlink > 1)
        return hr_fail(err, HR_E_UNSUPPORTED, "'%s' is not touched: it %s", s->path,
                       S_ISREG(st.st_mode) ? "has other names too (hard links)" : "is no regular file");
    for (;;) {
        size_t room = HR_MIN(b->ceiling - b->len, (size_t)65536);
        char *to = room == 0 ? NULL : hr_buf_reserve(b, room);
        if (to == NULL)
            return hr_fail(err, HR_E_LIMIT, "'%s' is larger than expected (%zu bytes)", s->path, b->ceiling);
        int64_t n = hr_read_some(fd, to, room, s->path, err);
        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        hr_buf_commit(b, (size_t)n);
    }
    *ret = (struct hr_spot_is) { true, st.st_mode & 07777, st.st_uid, st.st_gid };
    return 0;
}

/* The name that is used beside the file; one that a killed run left there is removed. */
static int fresh(const struct hr_spot *s, char tmp[NAME_MOST + 1], int *ret_fd, struct hr_error *err)
{
    enum { TRIES = 2 };
    snprintf(tmp, NAME_MOST + 1, "%s.headrace-tmp", s->name);
    for (int i = 0; i < TRIES; i++) {
        *ret_fd = hr_fault_sys()
                      ? -1
                      : openat(s->dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (*ret_fd >= 0)
            return 0;
        if (errno != EEXIST || hr_fault_sys() || unlinkat(s->dir, tmp, 0) != 0)
            break;
    }
    return hr_fail_errno(err, errno, "a file beside '%s' cannot be written", s->path);
}

static int sync_folder(const struct hr_spot *s, struct hr_error *err)
{
    HR_FD fd = hr_fault_sys() ? -1 : openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? hr_fail_errno(err, errno, "the folder of '%s' cannot be opened", s->path) : hr_fsync(fd, s->path, err);
}

int hr_spot_write(const struct hr_spot *s, struct hr_str text, const struct hr_spot_is *is, struct hr_error *err)
{
    char tmp[NAME_MOST + 1];
    HR_FD fd = -1;
    int r = fresh(s, tmp, &fd, err);
    if (r < 0)
        return r;
    r = hr_write_all(fd, text.p, text.n, s->path, err);
    /* Owners first: a change of owner takes set-id bits away.  A Windows drive without metadata refuses both and has
     * neither. */
    if (r == 0 && (hr_fault_sys() || fchown(fd, is->uid, is->gid) != 0) && errno != EPERM)
        r = hr_fail_errno(err, errno, "the owner of '%s' cannot be kept", s->path);
    if (r == 0 && (hr_fault_sys() || fchmod(fd, is->mode) != 0) && errno != EPERM)
        r = hr_fail_errno(err, errno, "the rights of '%s' cannot be kept", s->path);
    if (r == 0)
        r = hr_fsync(fd, s->path, err);
    if (r == 0 && (hr_fault_sys() || renameat(s->dir, tmp, s->dir, s->name) != 0))
        r = hr_fail_errno(err, errno, "'%s' cannot be replaced", s->path);
    else if (r == 0)
        return sync_folder(s, err);
    if (unlinkat(s->dir, tmp, 0) != 0)
        errno = 0;
    return r;
}

int hr_spot_remove(const struct hr_spot *s, struct hr_error *err)
{
    if (hr_fault_sys() || unlinkat(s->dir, s->name, 0) != 0)
        return hr_fail_errno(err, errno, "'%s' cannot be removed", s->path);
    return sync_folder(s, err);
}
