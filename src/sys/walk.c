#include "walk.h"

#include "buf.h"
#include "clock.h"
#include "fault.h"
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_MOST = 16384 };

struct state {
    const struct hr_walk *w;
    struct hr_buf path;
    uint64_t names;
    bool cut, enough;
};

static uint64_t touched_of(const struct stat *st)
{
    return (uint64_t)st->st_ctim.tv_sec * 1000000000u + (uint64_t)st->st_ctim.tv_nsec;
}

bool hr_touched(const char *path, uint64_t *ret_touched)
{
    struct stat st;
    if (hr_fault_sys() || stat(path, &st) != 0)
        return false;
    *ret_touched = touched_of(&st);
    return true;
}

static bool spent(struct state *s)
{
    const struct hr_walk *w = s->w;
    if (s->names >= w->names || (w->deadline != 0 && (s->names & 255) == 0 && hr_now() >= w->deadline))
        s->cut = true;
    return s->cut || s->enough;
}

static int folder(struct state *s, int at, const char *name, unsigned depth, struct hr_error *err);

static int one(struct state *s, int dir, const struct dirent *e, unsigned depth, struct hr_error *err)
{
    const struct hr_walk *w = s->w;
    struct stat st;
    size_t before = s->path.len;
    unsigned char type = e->d_type;
    int r = 0;
    bool plain = type == DT_REG;
    if (type == DT_UNKNOWN || (plain && w->want(w->ctx, e->d_name))) {
        if (hr_fault_sys() || fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            return 0; /* it went in between */
        type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) && w->want(w->ctx, e->d_name) ? DT_REG : DT_LNK;
    } else if (plain) {
        return 0;
    }
    if (type != DT_DIR && type != DT_REG)
        return 0;
    if (!hr_buf_addc(&s->path, '/') || !hr_buf_adds(&s->path, e->d_name))
        return hr_fail_nomem(err, PATH_MOST, "a path");
    if (type == DT_REG) {
        struct hr_walk_file f = { s->path.data, e->d_name, (uint64_t)st.st_size, touched_of(&st), (st.st_mode & 0111) != 0 };
        s->enough = !w->file(w->ctx, &f);
    } else if (depth >= w->depth) {
        s->cut = true;
    } else if (w->enter(w->ctx, s->path.data, e->d_name)) {
        bool cut = s->cut;
        r = folder(s, dir, e->d_name, depth + 1, err);
        if (r < 0 && r != HR_E_NOMEM) { /* forbidden, or gone */
            s->cut = cut;
            r = 0;
        }
    }
    s->path.len = before;
    s->path.data[before] = 0;
    return r;
}

static int folder(struct state *s, int at, const char *name, unsigned depth, struct hr_error *err)
{
    int fd = hr_fault_sys() ? -1 : openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth != 0 ? O_NOFOLLOW : 0));
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        int en = errno;
        hr_close(fd);
        return hr_fail_errno(err, en, "the folder '%s' cannot be read", s->path.data);
    }
    int r = 0;
    for (struct dirent *e; r == 0 && !spent(s) && (e = readdir(d)) != NULL; s->names++)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            r = one(s, fd, e, depth, err);
    closedir(d);
    return r;
}

int hr_walk(const char *path, const struct hr_walk *w, bool *ret_cut, struct hr_error *err)
{
    struct state s = { .w = w, .path = HR_BUF_INIT(PATH_MOST) };
    int r = hr_buf_adds(&s.path, path) ? folder(&s, AT_FDCWD, path, 0, err) : hr_fail_nomem(err, strlen(path), "a path");
    hr_buf_fini(&s.path);
    if (r == 0)
        *ret_cut = s.cut;
    return r;
}
