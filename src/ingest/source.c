#include "source.h"

#include "mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* One row per format.  Earlier rows win when two are equally sure. */
const struct hr_source_ops *const hr_sources[] = {
    &hr_source_json,
    &hr_source_npy,
    &hr_source_npz,
    &hr_source_hdf5,
    &hr_source_fcd,
    &hr_source_files_ops,
    NULL,
};

void hr_source_close(struct hr_source *s)
{
    if (s != NULL)
        s->ops->close(s);
}

static void format_names(char *to, size_t n)
{
    size_t at = 0;
    to[0] = 0;
    for (int i = 0; hr_sources[i] != NULL && at < n; i++) {
        int k = snprintf(to + at, n - at, "%s%s", i == 0 ? "" : ", ", hr_sources[i]->name);
        at += k < 0 ? 0 : (size_t)k;
    }
}

/* The format that is surest about one regular file; NULL when none takes it. */
static int pick_for_file(const char *path, const struct hr_source_ops **ret, struct hr_error *err)
{
    enum { HEAD = 4096 };
    char head[HEAD];
    int64_t n = 0;
    if (strcmp(path, "-") != 0) {
        HR_FD fd = -1;
        int r = hr_open(path, O_RDONLY, 0, &fd, err);
        if (r < 0)
            return r;
        n = hr_read_some(fd, head, sizeof head, path, err);
        if (n < 0)
            return (int)n;
    }
    int best = 0;
    *ret = NULL;
    for (int i = 0; hr_sources[i] != NULL; i++) {
        int sure = hr_sources[i]->detect(path, (struct hr_str){ head, (size_t)n });
        if (sure > best) {
            best = sure;
            *ret = hr_sources[i];
        }
    }
    return 0;
}

/* A folder is of the format of its first file that any format other than "files" recognises, looking at 64 of them. */
static int pick_for_folder(const char *path, const struct hr_source_ops **ret, struct hr_error *err)
{
    enum { LOOK = 64 };
    struct hr_names names = { NULL, 0 };
    int r = hr_source_files(&path, 1, NULL, NULL, &names, err);
    *ret = NULL;
    for (size_t i = 0; r == 0 && i < HR_MIN(names.n, (size_t)LOOK); i++) {
        const struct hr_source_ops *one;
        r = pick_for_file(names.name[i], &one, err);
        if (r == 0 && one != NULL && (*ret == NULL || strcmp((*ret)->name, "files") == 0))
            *ret = one;
    }
    hr_names_fini(&names);
    return r;
}

/* Why nothing takes it: most often there is nothing in it. */
static int none_fits(const char *path, enum hr_kind kind, struct hr_error *err)
{
    char formats[256];
    struct hr_names names = { NULL, 0 };
    uint64_t size = 1, changed;
    int r = kind == HR_KIND_DIR ? hr_source_files(&path, 1, NULL, NULL, &names, err) : 0;
    bool empty = kind == HR_KIND_DIR && names.n == 0;
    hr_names_fini(&names);
    if (r < 0)
        return r;
    if (empty)
        return hr_fail(err, HR_E_NOT_FOUND, "there are no files in the folder '%s'", path);
    if (kind == HR_KIND_FILE && strcmp(path, "-") != 0 && hr_file_stamp(path, &size, &changed, NULL) == 0 && size == 0)
        return hr_fail(err, HR_E_FORMAT, "'%s' is an empty file", path);
    format_names(formats, sizeof formats);
    return hr_fail(err, HR_E_UNSUPPORTED, "no format fits '%s'; say which it is with --format (%s)", path, formats);
}

static int pick_auto(const char *const *paths, int n, const struct hr_source_ops **ret, struct hr_error *err)
{
    const struct hr_source_ops *found = NULL;
    int of = 0;
    for (int i = 0; i < n; i++) {
        const struct hr_source_ops *one = NULL;
        enum hr_kind kind = strcmp(paths[i], "-") == 0 ? HR_KIND_FILE : hr_path_kind(paths[i]);
        if (kind == HR_KIND_NONE)
            return hr_fail(err, HR_E_NOT_FOUND, "'%s' is not there", paths[i]);
        int r = kind == HR_KIND_DIR ? pick_for_folder(paths[i], &one, err) : pick_for_file(paths[i], &one, err);
        if (r < 0)
            return r;
        if (one == NULL)
            return none_fits(paths[i], kind, err);
        if (found != NULL && found != one)
            return hr_fail(err, HR_E_INVALID, "'%s' is %s and '%s' is %s; pack one format at a time", paths[of], found->name,
                           paths[i], one->name);
        found = one;
        of = i;
    }
    *ret = found;
    return 0;
}

int hr_source_pick(const char *name, const char *const *paths, int n, const struct hr_source_ops **ret,
                   struct hr_error *err)
{
    if (n <= 0)
        return hr_fail(err, HR_E_INVALID, "there is nothing to pack: name files, folders, or - for standard input");
    if (name == NULL || strcmp(name, "auto") == 0)
        return pick_auto(paths, n, ret, err);
    if (strcmp(name, "jsonl") == 0)
        name = "json";
    for (int i = 0; hr_sources[i] != NULL; i++) {
        if (strcmp(hr_sources[i]->name, name) == 0) {
            *ret = hr_sources[i];
            return 0;
        }
    }
    char names[256];
    format_names(names, sizeof names);
    return hr_fail(err, HR_E_UNSUPPORTED, "'%s' is no format that can be packed here; there are auto, %s", name, names);
}

/* --- collecting files --- */

struct collect {
    struct hr_names *to;
    size_t cap;
    bool (*want)(const char *path, void *arg);
    void *arg;
    struct hr_error *err;
};

enum { FOLDERS_DEEP = 64 }; /* a link that leads back up ends here */

static int collect_file(struct collect *c, const char *path)
{
    if (c->want != NULL && !c->want(path, c->arg))
        return 0;
    if (c->to->n == c->cap) {
        size_t cap = HR_MAX((size_t)64, c->cap * 2);
        char **p = hr_reallocarray(c->to->name, cap, sizeof *p);
        if (p == NULL)
            return hr_fail_nomem(c->err, cap * sizeof *p, "the list of source files");
        c->to->name = p;
        c->cap = cap;
    }
    char *copy = hr_strdup(path);
    if (copy == NULL)
        return hr_fail_nomem(c->err, strlen(path), "the name of a source file");
    c->to->name[c->to->n++] = copy;
    return 0;
}

static int collect_folder(struct collect *c, const char *path, int depth)
{
    struct hr_names names = { NULL, 0 };
    if (depth > FOLDERS_DEEP)
        return hr_fail(c->err, HR_E_LIMIT, "'%s' lies %d folders deep; does a link lead back up?", path, depth);
    int r = hr_list(path, &names, c->err);
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        if (names.name[i][0] == '.' || strcmp(names.name[i], HR_NOTES_NAME) == 0)
            continue;
        char *full = hr_join(path, names.name[i]);
        if (full == NULL) {
            r = hr_fail_nomem(c->err, strlen(path), "the name of a source file");
            break;
        }
        enum hr_kind kind = hr_path_kind(full);
        if (kind == HR_KIND_DIR)
            r = collect_folder(c, full, depth + 1);
        else if (kind == HR_KIND_FILE)
            r = collect_file(c, full);
        hr_free(full);
    }
    hr_names_fini(&names);
    return r;
}

int hr_source_files(const char *const *paths, int n, bool (*want)(const char *path, void *arg), void *arg,
                    struct hr_names *ret, struct hr_error *err)
{
    struct hr_names names = { NULL, 0 };
    struct collect c = { .to = &names, .want = want, .arg = arg, .err = err };
    int r = 0;
    for (int i = 0; r == 0 && i < n; i++) {
        enum hr_kind kind = strcmp(paths[i], "-") == 0 ? HR_KIND_FILE : hr_path_kind(paths[i]);
        if (kind == HR_KIND_NONE)
            r = hr_fail(err, HR_E_NOT_FOUND, "'%s' is not there", paths[i]);
        else if (kind == HR_KIND_DIR)
            r = collect_folder(&c, paths[i], 0);
        else
            r = collect_file(&c, paths[i]);
    }
    if (r < 0) {
        hr_names_fini(&names);
        return r;
    }
    *ret = names;
    return 0;
}
