/* J1: a folder is written as <time>.tmp and renamed when it is durable; it is removed as <time>.gone, renamed first.  So a folder
 * with neither ending is always whole. */
#include "mend_journal.h"

#include "file.h"
#include "mem.h"
#include "parse.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 2 << 20, ENTRIES_MAX = 256, PATH_MOST = 8192 };

static int path_of(struct hr_buf *b, struct hr_error *err)
{
    return b->failed ? hr_fail_nomem(err, PATH_MOST, "a path") : 0;
}

int hr_journal_lock(const char *state, int *ret_fd, struct hr_error *err)
{
    struct hr_buf path = HR_BUF_INIT(PATH_MOST);
    struct hr_names names = { NULL, 0 };
    bool mine = false;
    HR_FD fd = -1;
    hr_buf_printf(&path, "%s/undo", state);
    int r = path_of(&path, err);
    if (r == 0)
        r = hr_mkdir(path.data, true, err);
    if (r == 0)
        r = hr_open(path.data, O_RDONLY | O_DIRECTORY, 0, &fd, err);
    if (r == 0)
        r = hr_lock(fd, path.data, &mine, err);
    if (r == 0 && !mine)
        r = hr_fail(err, HR_E_STATE, "another headrace is mending right now ('%s' is locked)", path.data);
    if (r == 0)
        r = hr_list(path.data, &names, err);
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        hr_buf_reset(&path);
        hr_buf_printf(&path, "%s/undo/%s", state, names.name[i]);
        if (hr_str_ends(hr_str(names.name[i]), ".tmp") || hr_str_ends(hr_str(names.name[i]), ".gone"))
            r = hr_remove_tree(path.data, err);
    }
    hr_names_fini(&names);
    hr_buf_fini(&path);
    if (r == 0) {
        *ret_fd = fd;
        fd = -1;
    }
    return r;
}

/* --- writing --- */

/* A new file of this user alone, durable. */
static int put(const char *dir, const char *name, struct hr_str text, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *path = hr_join(dir, name);
    HR_FD fd = -1;
    if (path == NULL)
        return hr_fail_nomem(err, strlen(dir), "a path");
    int r = hr_open(path, O_WRONLY | O_CREAT | O_EXCL, 0600, &fd, err);
    if (r == 0)
        r = hr_write_all(fd, text.p, text.n, path, err);
    if (r == 0)
        r = hr_fsync(fd, path, err);
    return r < 0 ? r : hr_fsync_parent(path, err);
}

static int put_step(const char *dir, size_t i, const struct hr_mend_step *s, struct hr_buf *journal, struct hr_error *err)
{
    char name[40];
    snprintf(name, sizeof name, "%zu.before", i);
    int r = put(dir, name, hr_buf_str(&s->before), err);
    snprintf(name, sizeof name, "%zu.after", i);
    if (r == 0)
        r = put(dir, name, s->after, err);
    /* A path ends with its line, so the bytes of a line end in it would not survive: no such file is mended. */
    if (r == 0 && strchr(s->path, '\n') != NULL)
        r = hr_fail(err, HR_E_UNSUPPORTED, "'%s' is not touched: its name has a line end", s->path);
    hr_buf_printf(journal, "%s %o %u %u %s\n", s->was.exists ? "file" : "none", s->was.mode, s->was.uid, s->was.gid, s->path);
    return r;
}

int hr_journal_write(const char *state, const struct hr_mend_plan *p, uint64_t now, struct hr_buf *dir,
                     struct hr_error *err)
{
    struct hr_buf journal = HR_BUF_INIT(TEXT_MAX), tmp = HR_BUF_INIT(PATH_MOST);
    hr_buf_printf(dir, "%s/undo/%020" PRIu64, state, now);
    hr_buf_printf(&tmp, "%s.tmp", dir->data);
    int r = path_of(dir, err);
    if (r == 0)
        r = path_of(&tmp, err);
    if (r == 0)
        r = hr_mkdir(tmp.data, false, err);
    for (size_t i = 0; r == 0 && i < p->n; i++)
        r = put_step(tmp.data, i, &p->step[i], &journal, err);
    if (r == 0 && (journal.failed || p->n > ENTRIES_MAX))
        r = hr_fail(err, HR_E_LIMIT, "more than %d files to mend at once", (int)ENTRIES_MAX);
    if (r == 0)
        r = put(tmp.data, "journal", hr_buf_str(&journal), err);
    if (r == 0)
        r = hr_rename(tmp.data, dir->data, false, err);
    if (r < 0 && !tmp.failed) { /* a way back from what was never done would stand in the way of the one before it */
        if (hr_remove_tree(dir->data, NULL) < 0 || hr_remove_tree(tmp.data, NULL) < 0)
            hr_fail_prefix(err, r, "'%s' could not be removed", dir->data);
    }
    hr_buf_fini(&journal);
    hr_buf_fini(&tmp);
    return r;
}

/* --- reading --- */

static int slurp(const char *dir, const char *name, struct hr_buf *b, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *path = hr_join(dir, name);
    return path == NULL ? hr_fail_nomem(err, strlen(dir), "a path") : hr_slurp(path, b, err);
}

static bool octal(struct hr_str s, unsigned *ret)
{
    unsigned v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '7' || v > 07777)
            return false;
        v = v * 8 + (unsigned)(s.p[i] - '0');
    }
    *ret = v;
    return s.n != 0 && v <= 07777;
}

/* "file 644 1000 1000 /path" */
static int parse_line(struct hr_str line, struct hr_journal_entry *e, struct hr_error *err)
{
    struct hr_str kind, mode, uid, gid;
    uint64_t u, g;
    if (!hr_str_cut(&line, ' ', &kind) || !hr_str_cut(&line, ' ', &mode) || !hr_str_cut(&line, ' ', &uid) ||
        !hr_str_cut(&line, ' ', &gid) || line.p == NULL || line.n == 0 || line.p[0] != '/' ||
        (!hr_str_is(kind, "file") && !hr_str_is(kind, "none")) || !octal(mode, &e->was.mode) ||
        hr_parse_u64(uid, &u, NULL) < 0 || hr_parse_u64(gid, &g, NULL) < 0 || u > UINT32_MAX || g > UINT32_MAX)
        return hr_fail(err, HR_E_FORMAT, "the journal of the way back is damaged");
    e->was.exists = hr_str_is(kind, "file");
    e->was.uid = (unsigned)u;
    e->was.gid = (unsigned)g;
    e->path = hr_malloc(line.n + 1);
    if (e->path == NULL)
        return hr_fail_nomem(err, line.n, "a path");
    memcpy(e->path, line.p, line.n);
    e->path[line.n] = 0;
    return 0;
}

static int read_entry(const char *dir, struct hr_str line, struct hr_journal *j, struct hr_error *err)
{
    char name[40];
    struct hr_journal_entry *more = j->n == ENTRIES_MAX ? NULL : hr_reallocarray(j->entry, j->n + 1, sizeof *more);
    if (more == NULL)
        return hr_fail_nomem(err, sizeof *more, "the journal of the way back");
    j->entry = more;
    struct hr_journal_entry *e = &more[j->n];
    *e = (struct hr_journal_entry) { NULL, { false, 0, 0, 0 }, HR_BUF_INIT(TEXT_MAX), HR_BUF_INIT(TEXT_MAX) };
    snprintf(name, sizeof name, "%zu.before", j->n);
    int r = slurp(dir, name, &e->before, err);
    snprintf(name, sizeof name, "%zu.after", j->n);
    if (r == 0)
        r = slurp(dir, name, &e->after, err);
    j->n++;
    return r < 0 ? r : parse_line(line, e, err);
}

static int read_folder(const char *dir, struct hr_journal *j, struct hr_error *err)
{
    struct hr_buf text = HR_BUF_INIT(TEXT_MAX);
    int r = slurp(dir, "journal", &text, err);
    struct hr_str rest = hr_buf_str(&text), line;
    while (r == 0 && rest.n != 0 && hr_str_cut(&rest, '\n', &line))
        r = read_entry(dir, line, j, err);
    hr_buf_fini(&text);
    return r;
}

int hr_journal_read_last(const char *state, struct hr_journal *ret, struct hr_error *err)
{
    struct hr_journal j = { NULL, NULL, 0 };
    struct hr_names names = { NULL, 0 };
    struct hr_buf path = HR_BUF_INIT(PATH_MOST);
    hr_buf_printf(&path, "%s/undo", state);
    int r = path_of(&path, err);
    if (r == 0)
        r = hr_list(path.data, &names, err);
    size_t last = names.n;
    while (last > 0 && strchr(names.name[last - 1], '.') != NULL)
        last--;
    if (r == 0 && last > 0) {
        j.dir = hr_join(path.data, names.name[last - 1]);
        r = j.dir == NULL ? hr_fail_nomem(err, path.len, "a path") : read_folder(j.dir, &j, err);
    }
    hr_names_fini(&names);
    hr_buf_fini(&path);
    if (r < 0)
        hr_journal_fini(&j);
    else
        *ret = j;
    return r;
}

void hr_journal_fini(struct hr_journal *j)
{
    for (size_t i = 0; i < j->n; i++) {
        hr_free(j->entry[i].path);
        hr_buf_fini(&j->entry[i].before);
        hr_buf_fini(&j->entry[i].after);
    }
    hr_free(j->entry);
    hr_free(j->dir);
    *j = (struct hr_journal) { NULL, NULL, 0 };
}

int hr_journal_remove(const char *dir, struct hr_error *err)
{
    struct hr_buf gone = HR_BUF_INIT(PATH_MOST);
    hr_buf_printf(&gone, "%s.gone", dir);
    int r = path_of(&gone, err);
    if (r == 0)
        r = hr_rename(dir, gone.data, false, err);
    if (r == 0)
        r = hr_remove_tree(gone.data, err);
    hr_buf_fini(&gone);
    return r;
}
