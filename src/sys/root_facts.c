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

/* The captured answer in fields; a negative result tells why there is none.  The fields point into `line`. */
static int told(const struct hr_root *root, enum hr_root_what what, const char *path, struct hr_buf *line,
                struct hr_str *field, size_t fields, struct hr_error *err)
{
    int r = hr_root_line(root, hr_root_what_name(what), bare(path), line);
    if (r < 0)
        return hr_fail_nomem(err, line->ceiling, "a captured answer");
    if (r == 0) {
        int en = hr_root_failed(root, what, bare(path));
        return hr_fail_errno(err, en != 0 ? en : ENOENT, "'/%s' cannot be looked at", bare(path));
    }
    struct hr_str rest = hr_buf_str(line);
    for (size_t i = 0; i < fields; i++)
        if (!hr_str_cut(&rest, ' ', &field[i]))
            return hr_fail(err, HR_E_FORMAT, "headrace/%s of the captured root has too few fields for '/%s'",
                           hr_root_what_name(what), bare(path));
    return 0;
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

static int stat_told(const struct hr_root *root, enum hr_root_what what, const char *path, struct hr_root_stat *ret,
                     struct hr_error *err)
{
    struct hr_buf line = HR_BUF_INIT(LINE_MAX_BYTES);
    struct hr_str f[FIELDS_MAX];
    int r = told(root, what, path, &line, f, 6, err);
    if (r == 0) {
        char kind = f[0].n == 1 ? f[0].p[0] : 'o';
        *ret = (struct hr_root_stat) { kind == 'f'   ? HR_KIND_FILE
                                       : kind == 'd' ? HR_KIND_DIR
                                                     : HR_KIND_OTHER,
                                       kind == 'l',
                                       number(f[1], 10),
                                       number(f[5], 10),
                                       (unsigned)number(f[2], 8),
                                       (unsigned)number(f[3], 10),
                                       (unsigned)number(f[4], 10) };
    }
    hr_buf_fini(&line);
    return r;
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

int hr_root_stat(const struct hr_root *root, const char *path, bool follow, struct hr_root_stat *ret,
                 struct hr_error *err)
{
    enum hr_root_what what = follow ? HR_ROOT_STAT : HR_ROOT_LSTAT;
    struct stat st;
    if (!root->live && (stat_told(root, what, path, ret, NULL) == 0 || hr_root_failed(root, what, bare(path)) != 0))
        return stat_told(root, what, path, ret, err);
    HR_FD fd = hr_root_fd(root, path, O_PATH | (follow ? 0 : O_NOFOLLOW));
    if (fd < 0 || hr_fault_sys() || fstat(fd, &st) != 0) {
        int en = errno;
        hr_root_tell_failed(root, what, path);
        return hr_fail_errno(err, en, "'/%s' cannot be looked at", bare(path));
    }
    stat_from(&st, ret);
    tell_stat(root, what, path, ret);
    return 0;
}

/* --- links --- */

static int field_told(const struct hr_root *root, enum hr_root_what what, const char *path, struct hr_buf *to,
                      struct hr_error *err)
{
    struct hr_buf line = HR_BUF_INIT(LINE_MAX_BYTES);
    struct hr_str f;
    int r = told(root, what, path, &line, &f, 1, err);
    if (r == 0 && !hr_field_read(f, to))
        r = hr_fail_nomem(err, f.n, "a captured answer");
    hr_buf_fini(&line);
    return r;
}

static void tell_field(const struct hr_root *root, enum hr_root_what what, const char *path, struct hr_str value)
{
    struct hr_buf line = HR_BUF_INIT(LINE_MAX_BYTES);
    if (root->live && root->tape.add != NULL && hr_field_add(&line, value))
        hr_root_tell(root, what, path, hr_buf_str(&line), 0);
    hr_buf_fini(&line);
}

int hr_root_readlink(const struct hr_root *root, const char *path, struct hr_buf *target, struct hr_error *err)
{
    char to[PATH_MAX];
    if (!root->live && field_told(root, HR_ROOT_LINK, path, target, NULL) == 0)
        return 0;
    HR_FD fd = hr_root_fd(root, path, O_PATH | O_NOFOLLOW);
    ssize_t n = fd < 0 || hr_fault_sys() ? -1 : readlinkat(fd, "", to, sizeof to);
    if (n < 0) {
        int en = errno;
        hr_root_tell_failed(root, HR_ROOT_LINK, path);
        return hr_fail_errno(err, en, "the link '/%s' cannot be read", bare(path));
    }
    tell_field(root, HR_ROOT_LINK, path, (struct hr_str) { to, (size_t)n });
    return hr_buf_add(target, to, (size_t)n) ? 0 : hr_fail_nomem(err, (size_t)n, "a link's target");
}

int hr_root_real(const struct hr_root *root, const char *path, struct hr_buf *real, struct hr_error *err)
{
    char full[PATH_MAX];
    if (!root->live) {
        int r = field_told(root, HR_ROOT_REAL, path, real, err);
        if (r == 0 || hr_root_failed(root, HR_ROOT_REAL, bare(path)) != 0)
            return r;
        return hr_buf_adds(real, path) ? 0 : hr_fail_nomem(err, strlen(path), "a path");
    }
    if (hr_fault_sys() || realpath(path, full) == NULL) {
        int en = errno;
        hr_root_tell_failed(root, HR_ROOT_REAL, path);
        return hr_fail_errno(err, en, "'%s' cannot be found", path);
    }
    tell_field(root, HR_ROOT_REAL, path, hr_str(full));
    return hr_buf_adds(real, full) ? 0 : hr_fail_nomem(err, strlen(full), "a path");
}

/* --- free space --- */

static int statfs_told(const struct hr_root *root, const char *path, struct hr_root_fs *ret, struct hr_error *err)
{
    struct hr_buf line = HR_BUF_INIT(LINE_MAX_BYTES);
    struct hr_str f[FIELDS_MAX];
    int r = told(root, HR_ROOT_STATFS, path, &line, f, 6, err);
    if (r == 0)
        *ret = (struct hr_root_fs) { number(f[0], 16), number(f[1], 10), number(f[2], 10),
                                     number(f[3], 10), number(f[4], 10), number(f[5], 10) };
    hr_buf_fini(&line);
    return r;
}

int hr_root_statfs(const struct hr_root *root, const char *path, struct hr_root_fs *ret, struct hr_error *err)
{
    if (!root->live)
        return statfs_told(root, path, ret, err);
    struct statfs fs;
    HR_FD fd = hr_root_fd(root, path, O_PATH);
    if (fd < 0 || hr_fault_sys() || fstatfs(fd, &fs) != 0) {
        int en = errno;
        hr_root_tell_failed(root, HR_ROOT_STATFS, path);
        return hr_fail_errno(err, en, "the free space at '/%s' cannot be had", bare(path));
    }
    uint64_t unit = (uint64_t)fs.f_frsize != 0 ? (uint64_t)fs.f_frsize : (uint64_t)fs.f_bsize;
    *ret = (struct hr_root_fs) { (uint32_t)fs.f_type, fs.f_blocks * unit, fs.f_bfree * unit,
                                 fs.f_bavail * unit,  fs.f_files,         fs.f_ffree };
    char line[200];
    int n = snprintf(line, sizeof line, "%" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
                     ret->type, ret->total, ret->free, ret->available, ret->files, ret->files_free);
    hr_root_tell(root, HR_ROOT_STATFS, path, (struct hr_str) { line, (size_t)n }, 0);
    return 0;
}

/* --- what is no file --- */

bool hr_root_env(const struct hr_root *root, const char *name, struct hr_buf *value)
{
    if (!root->live)
        return field_told(root, HR_ROOT_ENV, name, value, NULL) == 0;
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
    struct hr_buf line = HR_BUF_INIT(LINE_MAX_BYTES);
    struct hr_str f[3];
    int r = told(root, HR_ROOT_RUN, key, &line, f, 3, NULL);
    *ret = (struct hr_ran) { HR_END_REFUSED, ENOENT };
    if (r == 0) {
        for (size_t i = 0; i < HR_COUNT(ends); i++)
            if (hr_str_is(f[0], ends[i]))
                *ret = (struct hr_ran) { (enum hr_end)i, (int)number(f[1], 10) };
        if (!hr_field_read(f[2], out))
            r = hr_fail_nomem(err, f[2].n, "a captured answer");
    }
    hr_buf_fini(&line);
    return r == HR_E_NOMEM ? r : 0;
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
    if (r == 0 && root->live)
        tell_run(root, key.data, ret, (struct hr_str) { out->data + before, out->len - before });
    hr_buf_fini(&key);
    return r;
}

int hr_root_answer(const struct hr_root *root, const char *name,
                   int (*ask)(void *ctx, struct hr_buf *text, struct hr_error *err), void *ctx, struct hr_buf *text,
                   struct hr_error *err)
{
    char path[128];
    size_t before = text->len;
    snprintf(path, sizeof path, "headrace/answer/%s", name);
    if (!root->live) {
        int r = hr_root_read(root, path, text, err);
        if (r < 0)
            return hr_fail(err, r, "the captured root does not tell it (it has no %s)", path);
        return 0;
    }
    int r = ask(ctx, text, err);
    if (r == 0)
        hr_root_tell(root, HR_ROOT_ANSWER, name, (struct hr_str) { text->data + before, text->len - before }, 0);
    return r;
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
