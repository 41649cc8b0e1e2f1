/* What the root handle tells beside the contents of files: stat, links, free space, the environment, other programs.  Each
 * asks this machine and tells the tape, or reads the line that a tape left. */
#include "root_inside.h"

#include "clock.h"
#include "env.h"
#include "fault.h"
#include "mem.h"
#include "parse.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1 << 20, FIELDS_MAX = 6 };

static const char *bare(const char *path)
{
    while (*path == '/')
        path++;
    return path;
}

enum told { TOLD_NOTHING, TOLD };

/* The captured answer in fields: TOLD, TOLD_NOTHING, or negative with *ret_failed the errno it failed with there (0: the line itself is
 * not in order, or memory is short). */
static int told(const struct hr_root *root, enum hr_root_what what, const char *path, struct hr_str *field, size_t fields,
                int *ret_failed, struct hr_error *err)
{
    struct hr_str rest;
    *ret_failed = hr_root_failed(root, what, path);
    if (*ret_failed != 0)
        return HR_E_IO;
    int r = hr_root_line(root, what, path, &rest);
    if (r < 0)
        return hr_fail_nomem(err, strlen(path), "a captured answer");
    for (size_t i = 0; r == 1 && i < fields; i++)
        if (!hr_str_cut(&rest, ' ', &field[i]))
            return hr_fail(err, HR_E_FORMAT, "headrace/%s of the captured root has too few fields for '/%s'",
                           hr_root_what_name(what), path);
    return r == 1 ? TOLD : TOLD_NOTHING;
}

static uint64_t number(struct hr_str s, int base)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        int d = s.p[i] >= '0' && s.p[i] <= '9'   ? s.p[i] - '0'
                : s.p[i] >= 'a' && s.p[i] <= 'f' ? s.p[i] - 'a' + 10
                                                 : base;
        if (d >= base)
            break;
        v = v * (unsigned)base + (unsigned)d;
    }
    return v;
}

/* --- stat --- */

static void stat_from(const struct stat *st, struct hr_root_stat *ret)
{
    ret->kind = S_ISREG(st->st_mode) ? HR_KIND_FILE : S_ISDIR(st->st_mode) ? HR_KIND_DIR : HR_KIND_OTHER;
    ret->link = S_ISLNK(st->st_mode);
    ret->size = (uint64_t)st->st_size;
    ret->changed = (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec;
    ret->mode = st->st_mode & 07777;
    ret->uid = st->st_uid;
    ret->gid = st->st_gid;
}

static void stat_line(const struct hr_str f[6], struct hr_root_stat *ret)
{
    char kind = f[0].n == 1 ? f[0].p[0] : 'o';
    *ret = (struct hr_root_stat) { .kind = kind == 'f' ? HR_KIND_FILE : kind == 'd' ? HR_KIND_DIR : HR_KIND_OTHER,
                                   .link = kind == 'l',
                                   .size = number(f[1], 10),
                                   .changed = number(f[5], 10),
                                   .mode = (unsigned)number(f[2], 8),
                                   .uid = (unsigned)number(f[3], 10),
                                   .gid = (unsigned)number(f[4], 10) };
}

static void stat_node(const struct hr_tree_node *n, struct hr_root_stat *ret)
{
    *ret = (struct hr_root_stat) { .kind = n->link ? HR_KIND_OTHER : n->folder ? HR_KIND_DIR : HR_KIND_FILE,
                                   .link = n->link,
                                   .size = n->link ? n->target.n : n->data.n,
                                   .changed = n->changed * 1000000000u,
                                   .mode = n->mode,
                                   .uid = n->uid,
                                   .gid = n->gid };
}

static void tell_stat(const struct hr_root *root, enum hr_root_what what, const char *path,
                      const struct hr_root_stat *s)
{
    char line[160];
    int n = snprintf(line, sizeof line, "%c %" PRIu64 " %o %u %u %" PRIu64,
                     s->link                   ? 'l'
                     : s->kind == HR_KIND_FILE ? 'f'
                     : s->kind == HR_KIND_DIR  ? 'd'
                                               : 'o',
                     s->size, s->mode, s->uid, s->gid, s->changed);
    hr_root_tell(root, what, path, (struct hr_str) { line, (size_t)n }, 0);
}

/* 0, or an errno. */
static int look_at(const struct hr_root *root, const char *path, bool follow, struct hr_root_stat *ret)
{
    const struct hr_tree_node *node;
    struct stat st;
    if (root->tree != NULL) {
        int en = hr_fault_sys() ? EIO : hr_tree_find(root->tree, path, follow, &node);
        if (en == 0)
            stat_node(node, ret);
        return en;
    }
    HR_FD fd = hr_root_fd(root, path, O_PATH | (follow ? 0 : O_NOFOLLOW));
    if (fd < 0 || hr_fault_sys() || fstat(fd, &st) != 0)
        return errno;
    stat_from(&st, ret);
    return 0;
}

int hr_root_stat(const struct hr_root *root, const char *path, bool follow, struct hr_root_stat *ret,
                 struct hr_error *err)
{
    enum hr_root_what what = follow ? HR_ROOT_STAT : HR_ROOT_LSTAT;
    struct hr_str f[FIELDS_MAX];
    int en;
    path = bare(path);
    int r = told(root, what, path, f, 6, &en, err);
    if (r == TOLD)
        stat_line(f, ret);
    if (r == TOLD_NOTHING)
        en = look_at(root, path, follow, ret);
    if (en != 0) {
        hr_root_tell(root, what, path, HR_STR(""), en);
        return hr_fail_errno(err, en, "'/%s' cannot be looked at", path);
    }
    if (r >= 0)
        tell_stat(root, what, path, ret);
    return HR_MIN(r, 0);
}

/* --- links --- */

/* As told(), for answers of one field, which is appended to `to`. */
static int field_told(const struct hr_root *root, enum hr_root_what what, const char *path, struct hr_buf *to,
                      int *ret_failed, struct hr_error *err)
{
    struct hr_str f;
    int r = told(root, what, path, &f, 1, ret_failed, err);
    if (r == TOLD && !hr_field_read(f, to))
        r = hr_fail_nomem(err, f.n, "a captured answer");
    return r;
}

static void tell_field(const struct hr_root *root, enum hr_root_what what, const char *path, struct hr_str value)
{
    struct hr_buf line = HR_BUF_INIT(LINE_MAX_BYTES);
    if (root->live && root->tape.add != NULL && hr_field_add(&line, value))
        hr_root_tell(root, what, path, hr_buf_str(&line), 0);
    hr_buf_fini(&line);
}

/* 0, or an errno. */
static int link_of(const struct hr_root *root, const char *path, char to[PATH_MAX], size_t *ret_n)
{
    const struct hr_tree_node *node;
    if (root->tree != NULL) {
        int en = hr_fault_sys() ? EIO : hr_tree_find(root->tree, path, false, &node);
        if (en != 0 || !node->link)
            return en != 0 ? en : EINVAL;
        *ret_n = HR_MIN(node->target.n, (size_t)PATH_MAX);
        memcpy(to, node->target.p, *ret_n);
        return 0;
    }
    HR_FD fd = hr_root_fd(root, path, O_PATH | O_NOFOLLOW);
    ssize_t n = fd < 0 || hr_fault_sys() ? -1 : readlinkat(fd, "", to, PATH_MAX);
    if (n < 0)
        return fd >= 0 && errno == ENOENT ? EINVAL : errno; /* an empty path of what is no link */
    *ret_n = (size_t)n;
    return 0;
}

int hr_root_readlink(const struct hr_root *root, const char *path, struct hr_buf *target, struct hr_error *err)
{
    char to[PATH_MAX];
    size_t n = 0;
    int en;
    path = bare(path);
    int r = field_told(root, HR_ROOT_LINK, path, target, &en, err);
    if (r == TOLD_NOTHING)
        en = link_of(root, path, to, &n);
    if (en != 0) {
        hr_root_tell(root, HR_ROOT_LINK, path, HR_STR(""), en);
        return hr_fail_errno(err, en, "the link '/%s' cannot be read", path);
    }
    if (r != TOLD_NOTHING)
        return HR_MIN(r, 0);
    tell_field(root, HR_ROOT_LINK, path, (struct hr_str) { to, n });
    return hr_buf_add(target, to, n) ? 0 : hr_fail_nomem(err, n, "a link's target");
}

/* 0, or an errno. */
static int real_live(const struct hr_root *root, const char *path, char full[PATH_MAX])
{
    char here[PATH_MAX], from[2 * PATH_MAX];
    if (root->guard != NULL) {
        snprintf(from, sizeof from, "%s/%s", path[0] != '/' && getcwd(here, sizeof here) != NULL ? here : "", path);
        if (!hr_root_guard_lets(root->guard, from))
            return ETIMEDOUT;
    }
    return hr_fault_sys() || realpath(path, full) == NULL ? errno : 0;
}

int hr_root_real(const struct hr_root *root, const char *path, struct hr_buf *real, struct hr_error *err)
{
    char full[PATH_MAX];
    int en;
    int r = field_told(root, HR_ROOT_REAL, bare(path), real, &en, err);
    if (r == TOLD_NOTHING && root->live)
        en = real_live(root, path, full);
    if (en != 0) {
        hr_root_tell(root, HR_ROOT_REAL, path, HR_STR(""), en);
        return hr_fail_errno(err, en, "'%s' cannot be found", path);
    }
    if (r != TOLD_NOTHING)
        return HR_MIN(r, 0);
    if (root->live)
        tell_field(root, HR_ROOT_REAL, path, hr_str(full));
    return hr_buf_adds(real, root->live ? full : path) ? 0 : hr_fail_nomem(err, strlen(path), "a path");
}

/* --- free space --- */

static int statfs_live(const struct hr_root *root, const char *path, struct hr_root_fs *ret)
{
    struct statfs fs;
    HR_FD fd = hr_root_fd(root, path, O_PATH);
    if (fd < 0 || hr_fault_sys() || fstatfs(fd, &fs) != 0)
        return errno;
    uint64_t unit = (uint64_t)fs.f_frsize != 0 ? (uint64_t)fs.f_frsize : (uint64_t)fs.f_bsize;
    *ret = (struct hr_root_fs) { (uint32_t)fs.f_type, fs.f_blocks * unit, fs.f_bfree * unit,
                                 fs.f_bavail * unit,  fs.f_files,         fs.f_ffree };
    char line[200];
    int n = snprintf(line, sizeof line, "%" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
                     ret->type, ret->total, ret->free, ret->available, ret->files, ret->files_free);
    hr_root_tell(root, HR_ROOT_STATFS, path, (struct hr_str) { line, (size_t)n }, 0);
    return 0;
}

int hr_root_statfs(const struct hr_root *root, const char *path, struct hr_root_fs *ret, struct hr_error *err)
{
    struct hr_str f[FIELDS_MAX];
    int en;
    path = bare(path);
    int r = told(root, HR_ROOT_STATFS, path, f, 6, &en, err);
    if (r == TOLD)
        *ret = (struct hr_root_fs) { number(f[0], 16), number(f[1], 10), number(f[2], 10),
                                     number(f[3], 10), number(f[4], 10), number(f[5], 10) };
    if (r == TOLD_NOTHING)
        en = root->live ? statfs_live(root, path, ret) : ENOENT;
    if (en != 0) {
        hr_root_tell(root, HR_ROOT_STATFS, path, HR_STR(""), en);
        return hr_fail_errno(err, en, "the free space at '/%s' cannot be had", path);
    }
    return HR_MIN(r, 0);
}

/* --- what is no file --- */

bool hr_root_env(const struct hr_root *root, const char *name, struct hr_buf *value)
{
    int en;
    if (!root->live)
        return field_told(root, HR_ROOT_ENV, name, value, &en, NULL) == TOLD;
    const char *v = hr_env(name);
    if (v == NULL) {
        hr_root_tell(root, HR_ROOT_ENV, name, (struct hr_str) { "", 0 }, ENOENT);
        return false;
    }
    tell_field(root, HR_ROOT_ENV, name, hr_str(v));
    return hr_buf_adds(value, v);
}

static const char *const ends[] = { "exit", "signal", "timeout", "refused" };

static int run_told(const struct hr_root *root, const char *key, struct hr_buf *out, struct hr_ran *ret,
                    struct hr_error *err)
{
    struct hr_str f[3];
    int en;
    *ret = (struct hr_ran) { HR_END_REFUSED, ENOENT };
    int r = told(root, HR_ROOT_RUN, key, f, 3, &en, err);
    if (en != 0 || r == TOLD_NOTHING) { /* what is not told of does not start */
        ret->number = en != 0 ? en : ENOENT;
        return 0;
    }
    if (r < 0)
        return r;
    for (size_t i = 0; i < HR_COUNT(ends); i++)
        if (hr_str_is(f[0], ends[i]))
            *ret = (struct hr_ran) { (enum hr_end)i, (int)number(f[1], 10) };
    struct hr_buf text = HR_BUF_INIT(LINE_MAX_BYTES); /* what is above the ceiling was dropped there, too */
    bool ok = hr_field_read(f[2], &text) && hr_buf_add(out, text.data, HR_MIN(text.len, out->ceiling - out->len));
    hr_buf_fini(&text);
    return ok ? 0 : hr_fail_nomem(err, f[2].n, "a captured answer");
}

static void tell_run(const struct hr_root *root, const char *key, const struct hr_ran *ran, struct hr_str out)
{
    struct hr_buf line = HR_BUF_INIT(LINE_MAX_BYTES);
    hr_buf_printf(&line, "%s %d ", ends[ran->end], ran->number);
    if (root->tape.add != NULL && hr_field_add(&line, out))
        hr_root_tell(root, HR_ROOT_RUN, key, hr_buf_str(&line), 0);
    hr_buf_fini(&line);
}

int hr_root_run(const struct hr_root *root, const char *const argv[], const char *cwd, uint64_t deadline,
                struct hr_buf *out, struct hr_ran *ret, struct hr_error *err)
{
    struct hr_buf key = HR_BUF_INIT(65536);
    size_t before = out->len;
    for (size_t i = 0; argv[i] != NULL; i++)
        hr_buf_printf(&key, "%s%s", i != 0 ? " " : "", argv[i]);
    int r = root->live ? hr_run(argv, cwd, deadline, out, ret, err) : run_told(root, bare(key.data), out, ret, err);
    if (r < 0)
        hr_root_troubled(root, key.data, r == HR_E_NOMEM ? ENOMEM : EIO);
    if (r == 0 && root->live)
        tell_run(root, key.data, ret, (struct hr_str) { out->data + before, out->len - before });
    hr_buf_fini(&key);
    return r;
}

static int answer_told(const struct hr_root *root, const char *name, const char *path, struct hr_buf *text,
                       struct hr_error *err)
{
    struct hr_buf why = HR_BUF_INIT(4096);
    int r = hr_root_failed_why(root, name, &why);
    if (r < 0) {
        hr_fail(err, r, "%s", why.data);
    } else {
        r = hr_root_read(root, path, text, err);
        if (r == HR_E_NOT_FOUND)
            hr_fail(err, r, "the captured root does not tell it (it has no %s)", path);
    }
    hr_buf_fini(&why);
    return r;
}

/* The text of a failed answer is its sentence, as a field; `failed` is the negative code. */
static void tell_no_answer(const struct hr_root *root, const char *name, int code, const char *sentence)
{
    struct hr_buf field = HR_BUF_INIT(4096);
    if (hr_field_add(&field, hr_str(sentence)))
        hr_root_tell(root, HR_ROOT_ANSWER, name, hr_buf_str(&field), code);
    hr_buf_fini(&field);
}

int hr_root_answer(const struct hr_root *root, const char *name,
                   int (*ask)(void *ctx, struct hr_buf *text, struct hr_error *err), void *ctx, struct hr_buf *text,
                   struct hr_error *err)
{
    char path[128];
    size_t before = text->len;
    snprintf(path, sizeof path, "headrace/answer/%s", name);
    if (!root->live)
        return answer_told(root, name, path, text, err);
    struct hr_error own = HR_ERROR_INIT;
    int r = ask(ctx, text, &own);
    if (r == 0)
        hr_root_tell(root, HR_ROOT_ANSWER, name, (struct hr_str) { text->data + before, text->len - before }, 0);
    else if (r != HR_E_NOMEM)
        tell_no_answer(root, name, r, own.text);
    return r < 0 ? hr_fail(err, r, "%s", own.text) : r;
}

static int ask_now(void *ctx, struct hr_buf *text, struct hr_error *err)
{
    (void)ctx;
    return hr_buf_printf(text, "%" PRIu64 "\n", hr_wall()) ? 0 : hr_fail_nomem(err, 32, "the time");
}

uint64_t hr_root_now(const struct hr_root *root)
{
    struct hr_buf text = HR_BUF_INIT(64);
    uint64_t v = 0;
    if (hr_root_answer(root, "now", ask_now, NULL, &text, NULL) < 0 ||
        hr_parse_u64(hr_str_trim(hr_buf_str(&text)), &v, NULL) < 0)
        v = hr_wall();
    hr_buf_fini(&text);
    return v;
}

static int ask_machine(void *ctx, struct hr_buf *text, struct hr_error *err)
{
    struct utsname u;
    (void)ctx;
    if (hr_fault_sys() || uname(&u) != 0)
        return hr_fail_errno(err, errno, "uname fails");
    return hr_buf_printf(text, "%s\n", u.machine) ? 0 : hr_fail_nomem(err, sizeof u.machine, "the machine's name");
}

int hr_root_machine(const struct hr_root *root, struct hr_buf *name, struct hr_error *err)
{
    int r = hr_root_answer(root, "machine", ask_machine, NULL, name, err);
    while (r == 0 && name->len != 0 && name->data[name->len - 1] == '\n')
        name->data[--name->len] = 0;
    return r;
}

enum { SYSLOG_READ_ALL = 3, SYSLOG_SIZE = 10 };

static int ask_kernel_log(void *ctx, struct hr_buf *text, struct hr_error *err)
{
    (void)ctx;
    int size = hr_fault_sys() ? -1 : klogctl(SYSLOG_SIZE, NULL, 0);
    if (size < 0)
        return hr_fail_errno(err, errno, "the kernel's log cannot be read");
    char *to = hr_buf_reserve(text, (size_t)size);
    if (to == NULL)
        return hr_fail_nomem(err, (size_t)size, "the kernel's log");
    int n = hr_fault_sys() ? -1 : klogctl(SYSLOG_READ_ALL, to, size);
    if (n < 0)
        return hr_fail_errno(err, errno, "the kernel's log cannot be read");
    hr_buf_commit(text, (size_t)n);
    return 0;
}

int hr_root_kernel_log(const struct hr_root *root, struct hr_buf *text, struct hr_error *err)
{
    return hr_root_answer(root, "kernel-log", ask_kernel_log, NULL, text, err);
}
