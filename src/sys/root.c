#include "root_inside.h"

#include "clock.h"
#include "fault.h"
#include "mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int hr_root_open(const char *dir, struct hr_root **ret, struct hr_error *err)
{
    struct hr_root *root = hr_calloc(1, sizeof *root);
    if (root == NULL)
        return hr_fail_nomem(err, sizeof *root, "the root handle");
    root->live = dir == NULL || strcmp(dir, "/") == 0;
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

/* --- the tape --- */

void hr_root_record(struct hr_root *root, const struct hr_root_tape *tape)
{
    root->tape = tape != NULL ? *tape : (struct hr_root_tape) { NULL, NULL };
}

void hr_root_tell(const struct hr_root *root, enum hr_root_what what, const char *path, struct hr_str text, int failed)
{
    int en = errno;
    while (*path == '/')
        path++;
    if (root->live && root->tape.add != NULL)
        root->tape.add(root->tape.ctx, what, path, text, failed);
    errno = en;
}

void hr_root_tell_failed(const struct hr_root *root, enum hr_root_what what, const char *path)
{
    hr_root_tell(root, what, path, (struct hr_str) { "", 0 }, errno);
}

/* --- files --- */

/* Kernels before 5.6 lack openat2: there a captured root is opened without following its last link. */
int hr_root_fd(const struct hr_root *root, const char *path, int flags)
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

/* What was told of a failure where the root was captured takes precedence over the file that is merely not there. */
static int open_as_captured(const struct hr_root *root, enum hr_root_what what, const char *path, int flags)
{
    int fd = hr_root_fd(root, path, flags), en = errno;
    if (fd < 0 && !root->live && en == ENOENT) {
        while (*path == '/')
            path++;
        int told = hr_root_failed(root, what, path);
        en = told != 0 ? told : en;
    }
    errno = en;
    return fd;
}

static int read_all(int fd, const char *path, struct hr_buf *b, struct hr_error *err)
{
    while (*path == '/')
        path++;
    for (;;) {
        size_t room = HR_MIN(b->ceiling - b->len, (size_t)65536);
        char *to = room == 0 ? NULL : hr_buf_reserve(b, room);
        if (to == NULL)
            return hr_fail(err, HR_E_LIMIT, "'/%s' is larger than expected (%zu bytes)", path, b->ceiling);
        int64_t n = hr_read_some(fd, to, room, path, err);
        if (n < 0)
            return (int)n;
        if (n == 0)
            return 0;
        hr_buf_commit(b, (size_t)n);
    }
}

int hr_root_read(const struct hr_root *root, const char *path, struct hr_buf *b, struct hr_error *err)
{
    size_t before = b->len;
    HR_FD fd = open_as_captured(root, HR_ROOT_READ, path, O_RDONLY | O_NONBLOCK);
    if (fd < 0) {
        int en = errno;
        hr_root_tell_failed(root, HR_ROOT_READ, path);
        return hr_fail_errno(err, en, "'/%s' cannot be opened", path + (*path == '/'));
    }
    int r = read_all(fd, path, b, err);
    if (r < 0)
        hr_root_tell_failed(root, HR_ROOT_READ, path);
    else
        hr_root_tell(root, HR_ROOT_READ, path, (struct hr_str) { b->data + before, b->len - before }, 0);
    return r;
}

static int list_as_captured(const struct hr_root *root, const char *path, struct hr_names *ret, struct hr_error *err)
{
    HR_FD fd = open_as_captured(root, HR_ROOT_LIST, path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return hr_fail_errno(err, errno, "the folder '/%s' cannot be read", path + (*path == '/'));
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return hr_list(link, ret, err);
}

/* One more name; takes it over. */
static int add_name(struct hr_names *n, char *name)
{
    char **more = name == NULL ? NULL : hr_reallocarray(n->name, n->n + 1, sizeof *more);
    if (more == NULL) {
        hr_free(name);
        return HR_E_NOMEM;
    }
    n->name = more;
    n->name[n->n++] = name;
    return 0;
}

/* 1: the names were told in the capture; 0: they were not. */
static int list_told(const struct hr_root *root, const char *path, struct hr_names *ret, struct hr_error *err)
{
    struct hr_buf line = HR_BUF_INIT(16 << 20), one = HR_BUF_INIT(4096);
    int r = hr_root_line(root, "list", path + (*path == '/'), &line);
    struct hr_names names = { NULL, 0 };
    struct hr_str rest = hr_buf_str(&line), field;
    while (r == 1 && line.len != 0 && hr_str_cut(&rest, ' ', &field)) {
        hr_buf_reset(&one);
        if (!hr_field_read(field, &one) || add_name(&names, hr_strdup(one.data)) < 0)
            r = hr_fail_nomem(err, field.n, "the names in a folder");
    }
    hr_buf_fini(&one);
    hr_buf_fini(&line);
    if (r == 1)
        *ret = names;
    else
        hr_names_fini(&names);
    return r;
}

static void tell_names(const struct hr_root *root, const char *path, const struct hr_names *names)
{
    struct hr_buf line = HR_BUF_INIT(16 << 20);
    for (size_t i = 0; i < names->n; i++) {
        if (i != 0)
            hr_buf_addc(&line, ' ');
        hr_field_add(&line, hr_str(names->name[i]));
    }
    hr_root_tell(root, HR_ROOT_LIST, path, hr_buf_str(&line), 0);
    hr_buf_fini(&line);
}

int hr_root_list(const struct hr_root *root, const char *path, struct hr_names *ret, struct hr_error *err)
{
    int r = root->live ? 0 : list_told(root, path, ret, err);
    if (r != 0)
        return HR_MIN(r, 0);
    r = list_as_captured(root, path, ret, err);
    if (r < 0)
        hr_root_tell_failed(root, HR_ROOT_LIST, path);
    else if (root->live && root->tape.add != NULL)
        tell_names(root, path, ret);
    return r;
}

bool hr_root_exists(const struct hr_root *root, const char *path)
{
    struct hr_buf line = HR_BUF_INIT(64);
    int told = root->live ? 0 : hr_root_line(root, "exists", path + (*path == '/'), &line);
    bool yes = told == 1 && hr_str_is(hr_buf_str(&line), "yes");
    hr_buf_fini(&line);
    if (told == 1)
        return yes;
    HR_FD fd = hr_root_fd(root, path, O_PATH);
    hr_root_tell(root, HR_ROOT_EXISTS, path, fd >= 0 ? HR_STR("yes") : HR_STR("no"), 0);
    return fd >= 0;
}
