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

/* One sentence each, whether the failure is this machine's or was captured with it: what is reported is then the same. */
#define UNREADABLE "'/%s' cannot be read"
#define TOO_LARGE "'/%s' is larger than expected (%zu bytes)"
#define NO_FOLDER "the folder '/%s' cannot be read"

static int open_captured(struct hr_root *root, const char *path, struct hr_error *err)
{
    int r = hr_path_kind(path) == HR_KIND_FILE ? hr_tree_open(path, &root->tree, err)
                                               : hr_open(path, O_PATH | O_DIRECTORY, 0, &root->fd, err);
    return r < 0 ? r : hr_root_answers_open(hr_root_read, root, &root->answers, err);
}

int hr_root_open(const char *path, struct hr_root **ret, struct hr_error *err)
{
    struct hr_root *root = hr_calloc(1, sizeof *root);
    if (root == NULL)
        return hr_fail_nomem(err, sizeof *root, "the root handle");
    root->fd = -1;
    root->trouble = hr_calloc(1, sizeof *root->trouble);
    if (root->trouble == NULL) {
        hr_free(root);
        return hr_fail_nomem(err, sizeof *root->trouble, "the root handle");
    }
    pthread_mutex_init(&root->trouble->lock, NULL);
    root->live = path == NULL || strcmp(path, "/") == 0;
    int r = root->live ? hr_open("/", O_PATH | O_DIRECTORY, 0, &root->fd, err) : open_captured(root, path, err);
    if (r < 0) {
        hr_root_close(root);
        return r;
    }
    *ret = root;
    return 0;
}

void hr_root_close(struct hr_root *root)
{
    if (root == NULL)
        return;
    hr_root_answers_close(root->answers);
    hr_tree_close(root->tree);
    hr_root_guard_close(root->guard);
    hr_close(root->fd);
    pthread_mutex_destroy(&root->trouble->lock);
    hr_free(root->trouble);
    hr_free(root);
}

bool hr_root_is_live(const struct hr_root *root)
{
    return root->live;
}

int hr_root_guard(struct hr_root *root, uint64_t wait, struct hr_error *err)
{
    struct hr_buf mounts = HR_BUF_INIT(4 << 20);
    int r = 0;
    if (root->live && root->guard == NULL) {
        HR_FD fd = hr_root_fd(root, "proc/self/mounts", O_RDONLY);
        int64_t n = fd >= 0;
        while (n > 0) {
            char *to = hr_buf_reserve(&mounts, 65536);
            n = to == NULL ? 0 : hr_read_some(fd, to, 65536, "/proc/self/mounts", NULL);
            hr_buf_commit(&mounts, (size_t)HR_MAX(n, (int64_t)0));
        }
        r = hr_root_guard_open(hr_buf_str(&mounts), wait, NULL, &root->guard, err);
    }
    hr_buf_fini(&mounts);
    return r;
}

/* --- trouble --- */

void hr_root_troubled(const struct hr_root *root, const char *path, int failed)
{
    static const int troubles[] = { EIO, ENOMEM, EMFILE, ENFILE, ESTALE, ETIMEDOUT, ENOTCONN, EHOSTDOWN };
    struct hr_root_trouble *t = root->trouble;
    for (size_t i = 0; i < HR_COUNT(troubles); i++)
        if (failed == troubles[i]) {
            struct hr_error why = HR_ERROR_INIT;
            hr_fail_errno(&why, failed, "/%.100s", path);
            pthread_mutex_lock(&t->lock);
            t->n++;
            snprintf(t->last, sizeof t->last, "%s", why.text);
            pthread_mutex_unlock(&t->lock);
        }
}

uint64_t hr_root_troubles(const struct hr_root *root, char last[HR_TROUBLE_MAX])
{
    struct hr_root_trouble *t = root->trouble;
    pthread_mutex_lock(&t->lock);
    uint64_t n = t->n;
    if (last != NULL)
        memcpy(last, t->last, sizeof t->last);
    pthread_mutex_unlock(&t->lock);
    return n;
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
    if (failed > 0)
        hr_root_troubled(root, path, failed);
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
    if (root->guard != NULL && !hr_root_guard_lets(root->guard, path)) {
        errno = ETIMEDOUT;
        return -1;
    }
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

/* 1: the contents were told as a line; 0: look at the files; negative: told that it failed, or out of memory. */
static int read_told(const struct hr_root *root, const char *path, struct hr_buf *b, struct hr_error *err)
{
    struct hr_str line;
    int en = hr_root_failed(root, HR_ROOT_READ, path);
    if (en == EFBIG)
        return hr_fail(err, HR_E_LIMIT, TOO_LARGE, path, b->ceiling);
    if (en != 0)
        return hr_fail_errno(err, en, UNREADABLE, path);
    int r = hr_root_line(root, HR_ROOT_READ, path, &line);
    if (r < 0 || (r == 1 && !hr_field_read(line, b)))
        return hr_fail_nomem(err, b->ceiling, path);
    return r;
}

static int read_node(const struct hr_root *root, const char *path, struct hr_buf *b, struct hr_error *err)
{
    const struct hr_tree_node *node;
    int en = hr_fault_sys() ? EIO : hr_tree_find(root->tree, path, true, &node);
    if (en == 0 && node->folder)
        en = EISDIR;
    if (en != 0)
        return hr_fail_errno(err, en, UNREADABLE, path);
    if (node->data.n >= b->ceiling - b->len)
        return hr_fail(err, HR_E_LIMIT, TOO_LARGE, path, b->ceiling);
    return hr_buf_add(b, node->data.p, node->data.n) ? 0 : hr_fail_nomem(err, node->data.n, path);
}

/* errno tells why when the result is HR_E_IO or HR_E_NOT_FOUND. */
static int read_file(const struct hr_root *root, const char *path, struct hr_buf *b, struct hr_error *err)
{
    HR_FD fd = hr_root_fd(root, path, O_RDONLY | O_NONBLOCK);
    int64_t n = fd;
    while (n >= 0) {
        size_t room = HR_MIN(b->ceiling - b->len, (size_t)65536);
        char *to = room == 0 ? NULL : hr_buf_reserve(b, room);
        if (to == NULL)
            return room != 0 ? hr_fail_nomem(err, room, path) : hr_fail(err, HR_E_LIMIT, TOO_LARGE, path, b->ceiling);
        n = hr_read_some(fd, to, room, path, NULL);
        if (n == 0)
            return 0;
        if (n > 0)
            hr_buf_commit(b, (size_t)n);
    }
    return hr_fail_errno(err, errno, UNREADABLE, path);
}

/* A failed read leaves the buffer as it was. */
static void shorten(struct hr_buf *b, size_t n)
{
    b->len = n;
    if (b->cap != 0)
        b->data[n] = 0;
}

int hr_root_read(const struct hr_root *root, const char *path, struct hr_buf *b, struct hr_error *err)
{
    size_t before = b->len;
    while (*path == '/')
        path++;
    int r = read_told(root, path, b, err);
    if (r == 0)
        r = root->tree != NULL ? read_node(root, path, b, err) : read_file(root, path, b, err);
    if (r >= 0) {
        hr_root_tell(root, HR_ROOT_READ, path, (struct hr_str) { b->data + before, b->len - before }, 0);
        return 0;
    }
    if (r != HR_E_NOMEM)
        hr_root_tell(root, HR_ROOT_READ, path, HR_STR(""), r == HR_E_LIMIT ? EFBIG : errno);
    shorten(b, before);
    return r;
}

static int list_files(const struct hr_root *root, const char *path, size_t most, struct hr_names *ret,
                      struct hr_error *err)
{
    const struct hr_tree_node *node;
    int en = 0, r = HR_E_IO;
    bool cut;
    if (root->tree != NULL) {
        en = hr_fault_sys() ? EIO : hr_tree_find(root->tree, path, true, &node);
        if (en == 0 && node->folder)
            return hr_tree_list(node, ret, err);
        return hr_fail_errno(err, en != 0 ? en : ENOTDIR, NO_FOLDER, path);
    }
    HR_FD fd = hr_root_fd(root, path, O_RDONLY | O_DIRECTORY);
    if (fd >= 0) {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        r = hr_list_some(link, most, ret, &cut, err);
    }
    return r == 0 || r == HR_E_NOMEM ? r : hr_fail_errno(err, errno, NO_FOLDER, path);
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

/* 1: the names were told in the capture; 0: nothing was; negative: told that it failed, or out of memory. */
static int list_told(const struct hr_root *root, const char *path, struct hr_names *ret, struct hr_error *err)
{
    struct hr_str line, field;
    int en = hr_root_failed(root, HR_ROOT_LIST, path);
    if (en != 0) {
        hr_root_troubled(root, path, en);
        return hr_fail_errno(err, en, NO_FOLDER, path);
    }
    int r = hr_root_line(root, HR_ROOT_LIST, path, &line);
    struct hr_buf one = HR_BUF_INIT(4096);
    struct hr_names names = { NULL, 0 };
    while (r == 1 && line.n != 0 && hr_str_cut(&line, ' ', &field)) {
        hr_buf_reset(&one);
        if (!hr_field_read(field, &one) || add_name(&names, hr_strdup(one.data)) < 0)
            r = HR_E_NOMEM;
    }
    hr_buf_fini(&one);
    if (r == 1)
        *ret = names;
    else
        hr_names_fini(&names);
    return r < 0 ? hr_fail_nomem(err, 4096, "the names in a folder") : r;
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

/* One name more than is wanted is asked for and told, so that a replay knows as well whether there were more. */
int hr_root_list_some(const struct hr_root *root, const char *path, size_t most, struct hr_names *ret, bool *ret_cut,
                      struct hr_error *err)
{
    while (*path == '/')
        path++;
    int r = list_told(root, path, ret, err);
    if (r < 0)
        return r;
    if (r == 0) {
        r = list_files(root, path, most < SIZE_MAX ? most + 1 : most, ret, err);
        if (r < 0 && r != HR_E_NOMEM)
            hr_root_tell_failed(root, HR_ROOT_LIST, path);
        if (r < 0)
            return r;
        if (root->live && root->tape.add != NULL)
            tell_names(root, path, ret);
    }
    *ret_cut = ret->n > most;
    while (ret->n > most)
        hr_free(ret->name[--ret->n]);
    return 0;
}

int hr_root_list(const struct hr_root *root, const char *path, struct hr_names *ret, struct hr_error *err)
{
    bool cut;
    return hr_root_list_some(root, path, SIZE_MAX, ret, &cut, err);
}

/* An answer that is neither is told as a failure: a replay is in the same trouble then. */
bool hr_root_exists(const struct hr_root *root, const char *path)
{
    struct hr_str line;
    const struct hr_tree_node *node;
    while (*path == '/')
        path++;
    int en = hr_root_failed(root, HR_ROOT_EXISTS, path);
    if (en == 0 && hr_root_line(root, HR_ROOT_EXISTS, path, &line) == 1)
        return hr_str_is(line, "yes");
    if (en == 0 && root->tree != NULL) {
        en = hr_fault_sys() ? EIO : hr_tree_find(root->tree, path, true, &node);
    } else if (en == 0) {
        HR_FD fd = hr_root_fd(root, path, O_PATH);
        en = fd >= 0 ? 0 : errno;
    }
    if (en == EIO || en == ENOMEM || en == EMFILE || en == ENFILE || en == ESTALE || en == ETIMEDOUT)
        hr_root_tell(root, HR_ROOT_EXISTS, path, HR_STR(""), en);
    else
        hr_root_tell(root, HR_ROOT_EXISTS, path, en == 0 ? HR_STR("yes") : HR_STR("no"), 0);
    return en == 0;
}
