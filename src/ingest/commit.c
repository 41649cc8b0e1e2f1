#include "commit.h"

#include "dedup.h"
#include "file.h"
#include "journal.h"
#include "manifest.h"
#include "mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define LOCK_NAME "lock"
#define RAW_NAME "raw"

static char *with_suffix(const char *name, const char *suffix)
{
    struct hr_buf b = HR_BUF_INIT((size_t)1 << 16);
    if (!hr_buf_printf(&b, "%s%s", name, suffix)) {
        hr_buf_fini(&b);
        return NULL;
    }
    return hr_buf_take(&b);
}

/* A name that headrace gives to files in a dataset or in a work folder, or a temporary one beside it. */
static bool our_name(const char *name)
{
    static const char *const whole[] = { HR_MANIFEST_NAME, HR_STATISTICS_NAME, HR_JOURNAL_NAME, HR_DEDUP_NAME, LOCK_NAME,
                                         RAW_NAME };
    for (size_t i = 0; i < HR_COUNT(whole); i++)
        if (strncmp(name, whole[i], strlen(whole[i])) == 0 && strchr("~.", name[strlen(whole[i])]) != NULL)
            return true;
    return strncmp(name, "part-", 5) == 0 && strstr(name, ".arrow") != NULL;
}

/* Nothing but our files in the folder; otherwise the sentence names the first stranger. */
static int check_ours(const char *dir, struct hr_error *err)
{
    struct hr_names names = { NULL, 0 };
    int e = hr_list(dir, &names, err);
    for (size_t i = 0; e == 0 && i < names.n; i++)
        if (!our_name(names.name[i]))
            e = hr_fail(err, HR_E_EXISTS, "'%s' holds '%s', which is no part of a dataset; nothing in it is touched: choose another name",
                        dir, names.name[i]);
    hr_names_fini(&names);
    return e;
}

static int check_out(const struct hr_work *w, bool force, struct hr_error *err)
{
    enum hr_kind kind = hr_path_kind(w->out);
    if (kind == HR_KIND_NONE)
        return 0;
    if (!force)
        return hr_fail(err, HR_E_EXISTS, "'%s' is there already; --force replaces it", w->out);
    if (w->single && kind == HR_KIND_FILE)
        return 0;
    if (w->single || kind != HR_KIND_DIR)
        return hr_fail(err, HR_E_EXISTS, "'%s' is %s, and the dataset would be %s; remove it, or choose another name", w->out,
                       kind == HR_KIND_DIR ? "a folder" : "a file", w->single ? "one file" : "a folder");
    return check_ours(w->out, err);
}

/* I2: a crash between the two renames of the fallback left NAME.old and no NAME. */
static int put_back(const struct hr_work *w, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *old = with_suffix(w->out, ".old");
    HR_CLEANUP(hr_freep) char *mark = old != NULL ? hr_join(old, HR_MANIFEST_NAME) : NULL;
    if (mark == NULL)
        return hr_fail_nomem(err, strlen(w->out), "a file's name");
    if (w->single || hr_path_kind(w->out) != HR_KIND_NONE || hr_path_kind(mark) != HR_KIND_FILE)
        return 0;
    return hr_rename(old, w->out, false, err);
}

static int lock_work(struct hr_work *w, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *path = hr_join(w->dir, LOCK_NAME);
    bool mine = false;
    int e = path == NULL ? hr_fail_nomem(err, strlen(w->dir), "a file's name")
                         : hr_open(path, O_RDWR | O_CREAT, 0666, &w->lock, err);
    if (e == 0)
        e = hr_lock(w->lock, path, &mine, err);
    if (e == 0 && !mine)
        e = hr_fail(err, HR_E_STATE, "another process is packing '%s' just now", w->out);
    return e;
}

/* "data/" means "data". */
static char *without_slash(const char *out)
{
    size_t n = strlen(out);
    while (n > 1 && out[n - 1] == '/')
        n--;
    char *copy = hr_strdup(out);
    if (copy != NULL)
        copy[n] = 0;
    return copy;
}

int hr_work_open(const char *out, bool force, struct hr_work *ret, struct hr_error *err)
{
    struct hr_work w = { .lock = -1 };
    w.out = without_slash(out);
    w.dir = w.out != NULL ? with_suffix(w.out, ".partial") : NULL;
    w.raw = w.dir != NULL ? hr_join(w.dir, RAW_NAME) : NULL;
    w.single = hr_str_ends(hr_str(out), ".arrow");
    int e = w.raw == NULL ? hr_fail_nomem(err, strlen(out), "a file's name") : put_back(&w, err);
    if (e == 0)
        e = check_out(&w, force, err);
    enum hr_kind kind = e == 0 ? hr_path_kind(w.dir) : HR_KIND_NONE;
    if (e == 0 && kind == HR_KIND_DIR)
        e = check_ours(w.dir, err);
    else if (e == 0 && kind != HR_KIND_NONE)
        e = hr_fail(err, HR_E_EXISTS, "'%s' is in the way: it is where the dataset would be built", w.dir);
    else if (e == 0)
        e = hr_mkdir(w.dir, true, err);
    if (e == 0)
        e = lock_work(&w, err);
    if (e < 0) {
        hr_work_close(&w);
        return e;
    }
    *ret = w;
    return 0;
}

void hr_work_close(struct hr_work *w)
{
    hr_close(w->lock);
    hr_free(w->out);
    hr_free(w->dir);
    hr_free(w->raw);
    *w = (struct hr_work){ .lock = -1 };
}

/* Removes what is in the work folder, except the names that `keep` is true of. */
static int remove_but(const struct hr_work *w, bool (*keep)(const char *name), struct hr_error *err)
{
    struct hr_names names = { NULL, 0 };
    int e = hr_list(w->dir, &names, err);
    for (size_t i = 0; e == 0 && i < names.n; i++) {
        if (keep(names.name[i]))
            continue;
        char *path = hr_join(w->dir, names.name[i]);
        if (path == NULL)
            e = hr_fail_nomem(err, strlen(w->dir), "a file's name");
        else
            e = hr_path_kind(path) == HR_KIND_DIR ? hr_remove_tree(path, err) : hr_unlink(path, err);
        hr_free(path);
    }
    hr_names_fini(&names);
    return e;
}

static bool is_lock(const char *name)
{
    return strcmp(name, LOCK_NAME) == 0;
}

int hr_work_clear(struct hr_work *w, struct hr_error *err)
{
    return remove_but(w, is_lock, err);
}

static bool in_dataset(const char *name)
{
    return strcmp(name, HR_MANIFEST_NAME) == 0 || strcmp(name, HR_STATISTICS_NAME) == 0 ||
           (strncmp(name, "part-", 5) == 0 && hr_str_ends(hr_str(name), ".arrow"));
}

/* What only a work folder has goes before the rename: the dataset shall hold nothing else. */
static int strip(const struct hr_work *w, struct hr_error *err)
{
    return remove_but(w, in_dataset, err);
}

static int swap_folders(const struct hr_work *w, struct hr_error *err)
{
    if (hr_path_kind(w->out) == HR_KIND_NONE)
        return hr_rename(w->dir, w->out, false, err);
    int e = hr_rename(w->dir, w->out, true, err);
    if (e == 0)
        return hr_remove_tree(w->dir, err);
    if (e != HR_E_UNSUPPORTED)
        return e;
    HR_CLEANUP(hr_freep) char *old = with_suffix(w->out, ".old");
    if (old == NULL)
        return hr_fail_nomem(err, strlen(w->out), "a file's name");
    e = hr_rename(w->out, old, false, err);
    if (e == 0)
        e = hr_rename(w->dir, w->out, false, err);
    return e == 0 ? hr_remove_tree(old, err) : e;
}

int hr_work_commit(struct hr_work *w, const char *file, struct hr_error *err)
{
    int e;
    if (file == NULL) {
        e = strip(w, err);
        return e == 0 ? swap_folders(w, err) : e;
    }
    e = hr_rename(file, w->out, false, err);
    return e == 0 ? hr_remove_tree(w->dir, err) : e;
}
