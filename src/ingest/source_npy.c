/* NumPy arrays: the .npy files of one folder are the columns of one dataset (arrays.h has the convention). */
#include "array_source.h"

#include "given.h"
#include "mem.h"
#include "num.h"
#include "schema_json.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* The files, sorted by folder; container i has first[i] .. first[i + 1] - 1. */
struct members {
    struct hr_names files;
    size_t *first;
};

static int detect(const char *path, struct hr_str head)
{
    return hr_str_starts(head, "\x93NUMPY") ? 100 : head.n == 0 && hr_str_ends(hr_str(path), ".npy") ? 10 : 0;
}

static void free_members(void *arg)
{
    struct members *m = arg;
    if (m == NULL)
        return;
    hr_names_fini(&m->files);
    hr_free(m->first);
    hr_free(m);
}

static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path);
}

static int by_folder(const void *pa, const void *pb)
{
    const char *a = *(char *const *)pa, *b = *(char *const *)pb;
    size_t na = folder_length(a), nb = folder_length(b);
    int c = memcmp(a, b, HR_MIN(na, nb));
    if (c == 0 && na != nb)
        return na < nb ? -1 : 1;
    return c != 0 ? c : strcmp(a, b);
}

/* One name per folder; a folder of one file goes by the file's name. */
static int group(struct members *m, struct hr_names *ret, struct hr_error *err)
{
    struct hr_names names = { hr_calloc(m->files.n + 1, sizeof *names.name), 0 };
    m->first = hr_calloc(m->files.n + 1, sizeof *m->first);
    bool ok = names.name != NULL && m->first != NULL;
    for (size_t i = 0; ok && i < m->files.n; i++) {
        const char *path = m->files.name[i];
        size_t n = folder_length(path);
        m->first[names.n + 1] = i + 1;
        if (i + 1 < m->files.n && folder_length(m->files.name[i + 1]) == n && memcmp(path, m->files.name[i + 1], n) == 0)
            continue;
        bool alone = m->first[names.n] == i;
        names.name[names.n] = hr_strdup(alone ? path : n == 0 ? "." : path);
        ok = names.name[names.n] != NULL;
        if (ok && !alone && n != 0)
            names.name[names.n][n] = 0;
        names.n += ok;
    }
    if (!ok) {
        hr_names_fini(&names);
        return hr_fail_nomem(err, m->files.n * sizeof *names.name, "the list of source files");
    }
    *ret = names;
    return 0;
}

/* --- one folder --- */

enum { NOTES_MAX = 16 << 20 };

struct npy_files {
    size_t n;
    int fd[];
};

static void close_container(struct hr_container *c)
{
    struct npy_files *f = c->impl;
    for (size_t i = 0; f != NULL && i < f->n; i++)
        hr_close(f->fd[i]);
    hr_free(f);
    c->impl = NULL;
}

static int open_member(struct hr_container *c, const char *path, int *ret_fd, struct hr_error *err)
{
    uint64_t size;
    struct hr_npy head;
    int r = hr_open(path, O_RDONLY, 0, ret_fd, err);
    if (r == 0)
        r = hr_file_size(*ret_fd, path, &size, err);
    if (r == 0)
        r = hr_npy_read(*ret_fd, 0, size, path, &head, err);
    if (r < 0)
        return r;
    r = hr_array_list_npy(&c->array, &c->n, hr_base_name(path), path, &head, err);
    if (r == 0) {
        c->array[c->n - 1].fd = *ret_fd;
        c->bytes += size;
    }
    return r;
}

/* What our own exporter wrote beside the arrays: roles, and which bytes are text. */
static int read_notes(struct hr_container *c, const char *member, struct hr_error *err)
{
    size_t n = folder_length(member);
    HR_CLEANUP(hr_freep) char *folder = hr_strdup(n == 0 ? "." : member);
    if (folder != NULL && n != 0)
        folder[n] = 0;
    HR_CLEANUP(hr_freep) char *path = folder == NULL ? NULL : hr_join(folder, HR_NOTES_NAME);
    if (path == NULL)
        return hr_fail_nomem(err, n, "a file's name");
    if (hr_path_kind(path) != HR_KIND_FILE)
        return 0;
    struct hr_buf text = HR_BUF_INIT(NOTES_MAX);
    struct hr_schema schema;
    int r = hr_slurp(path, &text, err);
    if (r == 0)
        r = hr_schema_from_json(hr_buf_str(&text), path, &schema, err);
    hr_buf_fini(&text);
    if (r < 0)
        return r;
    for (int i = 0; i < c->n; i++) {
        int f = hr_schema_find(&schema, c->array[i].name);
        if (f >= 0) {
            c->array[i].role = schema.field[f].role;
            c->array[i].as = schema.field[f].dtype;
        }
    }
    hr_schema_fini(&schema);
    return 0;
}

static int open_container(struct hr_array_source *s, uint32_t file, bool reading, struct hr_container *ret,
                          struct hr_error *err)
{
    (void)reading;
    const struct members *m = s->arg;
    size_t n = m->first[file + 1] - m->first[file];
    struct npy_files *f = hr_malloc(sizeof *f + n * sizeof f->fd[0]);
    if (f == NULL)
        return hr_fail_nomem(err, sizeof *f + n * sizeof f->fd[0], "the arrays of a folder");
    f->n = n;
    for (size_t i = 0; i < n; i++)
        f->fd[i] = -1;
    ret->impl = f;
    int r = 0;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = open_member(ret, m->files.name[m->first[file] + i], &f->fd[i], err);
    return r < 0 ? r : read_notes(ret, m->files.name[m->first[file]], err);
}

static const struct hr_container_ops container_ops = { open_container, NULL, NULL, close_container };

static int open_npy(const char *const *paths, int n, const struct hr_source_options *o, struct hr_source **ret,
                    struct hr_error *err)
{
    struct members *m = hr_calloc(1, sizeof *m);
    if (m == NULL)
        return hr_fail_nomem(err, sizeof *m, "a source");
    struct hr_names names = { NULL, 0 };
    uint64_t bytes = 0;
    static const char *const ends[] = { ".npy", NULL };
    int r = hr_given_files(&(struct hr_given){ paths, n, ends }, &m->files, &bytes, err);
    if (r == 0) {
        qsort(m->files.name, m->files.n, sizeof *m->files.name, by_folder);
        r = group(m, &names, err);
    }
    if (r < 0) {
        hr_names_fini(&names);
        free_members(m);
        return r;
    }
    return hr_array_source_open(&hr_source_npy, &container_ops, &names, bytes, m, free_members, o, ret, err);
}

const struct hr_source_ops hr_source_npy = {
    .name = "npy",
    .help = "NumPy arrays: the .npy files of a folder, ragged ones with NAME_offsets.npy",
    .detect = detect,
    .open = open_npy,
    HR_ARRAY_SOURCE_OPS,
};
