#include "localise.h"

#include "clock.h"
#include "env.h"
#include "file.h"
#include "human.h"
#include "machine.h"
#include "mem.h"
#include "parse.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 20, NAME = 48 };

int hr_localise_folder(char **ret, struct hr_error *err)
{
    const char *own = hr_env("HEADRACE_CACHE"), *xdg = hr_env("XDG_CACHE_HOME"), *home = hr_env("HOME");
    char *to = own != NULL && *own != 0   ? hr_strdup(own)
               : xdg != NULL && *xdg != 0 ? hr_join(xdg, "headrace")
               : home != NULL             ? hr_join(home, ".cache/headrace")
                                          : NULL;
    if (to == NULL && own == NULL && xdg == NULL && home == NULL)
        return hr_fail(err, HR_E_NOT_FOUND, "none of HEADRACE_CACHE, XDG_CACHE_HOME and HOME is set");
    if (to == NULL)
        return hr_fail_nomem(err, 256, "a path");
    *ret = to;
    return 0;
}

static int copy_file(const char *from, const char *to, struct hr_error *err)
{
    HR_FD in = -1;
    HR_FD out = -1;
    HR_CLEANUP(hr_freep) char *piece = hr_malloc(PIECE);
    if (piece == NULL)
        return hr_fail_nomem(err, PIECE, "copying a file");
    int r = hr_open(from, O_RDONLY, 0, &in, err);
    if (r == 0)
        r = hr_open(to, O_WRONLY | O_CREAT | O_EXCL, 0644, &out, err);
    int64_t n = 1;
    while (r == 0 && n > 0) {
        n = hr_read_some(in, piece, PIECE, from, err);
        r = n < 0 ? (int)n : n > 0 ? hr_write_all(out, piece, (size_t)n, to, err) : hr_fsync(out, to, err);
    }
    return r;
}

/* One file, or the files of a folder, into the folder `to`. */
static int copy_all(const char *path, const char *to, struct hr_error *err)
{
    struct hr_names names = { 0 };
    if (hr_path_kind(path) != HR_KIND_DIR) {
        HR_CLEANUP(hr_freep) char *file = hr_join(to, "data.arrow");
        return file == NULL ? hr_fail_nomem(err, 256, "a path") : copy_file(path, file, err);
    }
    int r = hr_list(path, &names, err);
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        HR_CLEANUP(hr_freep) char *from = hr_join(path, names.name[i]);
        HR_CLEANUP(hr_freep) char *file = hr_join(to, names.name[i]);
        if (from == NULL || file == NULL)
            r = hr_fail_nomem(err, 256, "a path");
        else if (hr_path_kind(from) == HR_KIND_FILE)
            r = copy_file(from, file, err);
    }
    hr_names_fini(&names);
    return r;
}

static uint64_t folder_bytes(const char *dir)
{
    struct hr_names names = { 0 };
    uint64_t sum = 0, size;
    if (hr_list(dir, &names, NULL) < 0)
        return 0;
    for (size_t i = 0; i < names.n; i++) {
        HR_CLEANUP(hr_freep) char *file = hr_join(dir, names.name[i]);
        HR_FD fd = -1;
        if (file != NULL && hr_open(file, O_RDONLY, 0, &fd, NULL) == 0 && hr_file_size(fd, file, &size, NULL) == 0)
            sum += size;
    }
    hr_names_fini(&names);
    return sum;
}

/* Removes other copies until `bytes` more stay within the limit. */
static int make_room(const char *folder, uint64_t bytes, uint64_t limit, struct hr_error *err)
{
    struct hr_names names = { 0 };
    uint64_t sum = 0;
    int r = hr_list(folder, &names, err);
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        HR_CLEANUP(hr_freep) char *dir = hr_join(folder, names.name[i]);
        if (dir == NULL)
            r = hr_fail_nomem(err, 256, "a path");
        else if (strncmp(names.name[i], "copy-", 5) == 0)
            sum += folder_bytes(dir);
    }
    for (size_t i = 0; r == 0 && i < names.n && sum + bytes > limit; i++) {
        HR_CLEANUP(hr_freep) char *dir = hr_join(folder, names.name[i]);
        if (dir == NULL || strncmp(names.name[i], "copy-", 5) != 0)
            continue;
        uint64_t gone = folder_bytes(dir);
        r = hr_remove_tree(dir, err);
        sum -= gone;
    }
    hr_names_fini(&names);
    return r;
}

/* The path to open inside a finished copy. */
static char *inside(const char *path, const char *copy)
{
    return hr_path_kind(path) == HR_KIND_DIR ? hr_strdup(copy) : hr_join(copy, "data.arrow");
}

static int make_copy(const char *path, const char *copy, const char *partial, struct hr_error *err)
{
    int r = hr_mkdir(partial, true, err);
    if (r == 0)
        r = copy_all(path, partial, err);
    if (r == 0)
        r = hr_rename(partial, copy, false, err);
    if (r < 0 && hr_remove_tree(partial, NULL) < 0)
        return r;
    return r < 0 && hr_path_kind(copy) == HR_KIND_DIR ? 0 : r; /* another process was faster */
}

int hr_localise(const char *path, const struct hr_store *s, const char *folder, uint64_t limit, char **ret, struct hr_error *err)
{
    char name[NAME], partial_name[NAME + 24];
    if (s->bytes > limit)
        return hr_fail(err, HR_E_LIMIT, "its %s are more than the %s that local copies may take (HEADRACE_CACHE_LIMIT)",
                       hr_human_bytes(s->bytes).text, hr_human_bytes(limit).text);
    snprintf(name, sizeof name, "copy-%016llx", (unsigned long long)s->id);
    snprintf(partial_name, sizeof partial_name, "%s.partial-%ld", name, (long)getpid());
    HR_CLEANUP(hr_freep) char *copy = hr_join(folder, name);
    HR_CLEANUP(hr_freep) char *partial = hr_join(folder, partial_name);
    if (copy == NULL || partial == NULL)
        return hr_fail_nomem(err, 256, "a path");
    int r = 0;
    if (hr_path_kind(copy) != HR_KIND_DIR) {
        r = hr_mkdir(folder, true, err);
        if (r == 0)
            r = make_room(folder, s->bytes, limit, err);
        if (r == 0)
            r = make_copy(path, copy, partial, err);
    }
    if (r < 0)
        return r;
    char *to = inside(path, copy);
    if (to == NULL)
        return hr_fail_nomem(err, 256, "a path");
    *ret = to;
    return 0;
}

static int localise_here(const char *path, struct hr_store **s, char **ret_local, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *folder = NULL;
    uint64_t limit = (uint64_t)HR_LOCALISE_LIMIT_GIB << 30;
    struct hr_store *local;
    const char *given = hr_env("HEADRACE_CACHE_LIMIT");
    int r = given != NULL ? hr_parse_size(hr_str(given), &limit, err) : 0;
    if (r == 0)
        r = hr_localise_folder(&folder, err);
    if (r == 0)
        r = hr_localise(path, *s, folder, limit, ret_local, err);
    if (r == 0)
        r = hr_store_open(*ret_local, &local, err);
    if (r < 0)
        return r;
    if (local->id != (*s)->id) {
        hr_store_close(local);
        return hr_fail(err, HR_E_CORRUPT, "the copy '%s' is another dataset; remove it", *ret_local);
    }
    hr_store_close(*s);
    *s = local;
    return 0;
}

void hr_localise_store(const char *path, struct hr_store **s, char *say, size_t n)
{
    struct hr_root *root;
    struct hr_fs fs;
    struct hr_error err = HR_ERROR_INIT;
    HR_CLEANUP(hr_freep) char *local = NULL;
    if (!hr_fs_maybe_foreign(path) || hr_root_open(NULL, &root, NULL) < 0)
        return;
    hr_fs_of(root, path, &fs);
    hr_root_close(root);
    if (!fs.foreign)
        return;
    uint64_t t = hr_now();
    if (localise_here(path, s, &local, &err) == 0)
        snprintf(say, n, "the dataset lies on a foreign file system (%s): it was copied to '%s' in %s and is read from there", fs.type, local,
                 hr_human_duration(hr_now() - t).text);
    else
        snprintf(say, n, "the dataset lies on a foreign file system (%s) and is read from there, slowly: %s", fs.type, err.text);
}
