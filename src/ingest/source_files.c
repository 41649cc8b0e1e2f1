/* A folder of files: each file is a sample, its bytes a BYTES field, its label the folder that it lies in.
 *
 *   data   bytes   the file
 *   label  int64   number of its folder among all folders with files, in bytewise order of their paths; told by notice
 *   path   string  as found, relative to the folder given
 *
 * The label is left out when all files lie in one folder. */
#include "source.h"

#include "given.h"
#include "mem.h"
#include "utf8.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATA, LABEL, PATH, KINDS };
static const char *const field_name[KINDS] = { "data", "label", "path" };

struct files {
    struct hr_source head;
    struct hr_source_options o;
    struct hr_names names;   /* owns head.file */
    size_t *shown;           /* where in each name the relative part begins */
    uint32_t *label;         /* per file */
    uint32_t labels;
    const struct hr_schema *schema;
    int kind[HR_FIELDS_MAX]; /* what each field of the schema is */
    uint32_t next;
};

/* Files of kinds that are usually read as bytes; everything else only when the format is asked for by name. */
static int detect(const char *path, struct hr_str head)
{
    static const char *const ends[] = { ".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".wav", ".flac",
                                        ".mp3", ".ogg",  ".mp4", ".txt",  ".bin", ".pt",  ".pkl" };
    (void)head;
    for (size_t i = 0; i < HR_COUNT(ends); i++) {
        if (hr_str_ends(hr_str(path), ends[i]))
            return 5;
    }
    return 0;
}

static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path);
}

static int by_folder(const void *pa, const void *pb)
{
    const struct hr_str *a = pa, *b = pb;
    int c = memcmp(a->p, b->p, HR_MIN(a->n, b->n));
    return c != 0 ? c : (a->n > b->n) - (a->n < b->n);
}

/* Numbers the folders in bytewise order. */
static int make_labels(struct files *s, struct hr_error *err)
{
    size_t n = s->names.n;
    struct hr_str *folder = hr_calloc(n + 1, sizeof *folder);
    s->label = hr_calloc(n + 1, sizeof *s->label);
    if (folder == NULL || s->label == NULL) {
        hr_free(folder);
        return hr_fail_nomem(err, n * sizeof *folder, "labels");
    }
    for (size_t i = 0; i < n; i++)
        folder[i] = (struct hr_str){ s->names.name[i], folder_length(s->names.name[i]) };
    qsort(folder, n, sizeof *folder, by_folder);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || !hr_str_eq(folder[kept - 1], folder[i]))
            folder[kept++] = folder[i];
    }
    for (size_t i = 0; i < n; i++) {
        struct hr_str key = { s->names.name[i], folder_length(s->names.name[i]) };
        struct hr_str *found = bsearch(&key, folder, kept, sizeof *folder, by_folder);
        s->label[i] = (uint32_t)(found - folder);
    }
    s->labels = (uint32_t)kept;
    for (size_t i = 0; kept > 1 && i < kept && s->o.notice != NULL; i++) {
        char text[512];
        snprintf(text, sizeof text, "label %zu = %.*s", i, HR_STR_ARG(folder[i]));
        s->o.notice(text, s->o.arg);
    }
    hr_free(folder);
    return 0;
}

static void close_files(struct hr_source *head)
{
    struct files *s = (struct files *)head;
    hr_names_fini(&s->names);
    hr_free(s->shown);
    hr_free(s->label);
    hr_free(s);
}

/* Paths are shown relative to the folder that the user gave. */
static int make_shown(struct files *s, const char *const *paths, int n, struct hr_error *err)
{
    s->shown = hr_calloc(s->names.n + 1, sizeof *s->shown);
    if (s->shown == NULL)
        return hr_fail_nomem(err, s->names.n * sizeof *s->shown, "the names of source files");
    for (size_t i = 0; i < s->names.n; i++) {
        const char *name = s->names.name[i];
        for (int k = 0; k < n; k++) {
            size_t length = strlen(paths[k]);
            if (strncmp(name, paths[k], length) == 0 && (name[length] == '/' || (length != 0 && paths[k][length - 1] == '/')))
                s->shown[i] = length + (name[length] == '/');
        }
    }
    return 0;
}

static int open_files(const char *const *paths, int n, const struct hr_source_options *o, struct hr_source **ret,
                      struct hr_error *err)
{
    struct files *s = hr_calloc(1, sizeof *s);
    if (s == NULL)
        return hr_fail_nomem(err, sizeof *s, "a source");
    s->head.ops = &hr_source_files_ops;
    s->o = *o;
    int r = hr_source_files(paths, n, NULL, NULL, &s->names, err);
    if (r == 0)
        r = hr_given_bytes(&s->names, &s->head.bytes, err);
    if (r == 0 && (s->names.n == 0 || s->names.n > INT32_MAX))
        r = hr_fail(err, HR_E_NOT_FOUND, "there are no files in '%s', or too many", paths[0]);
    if (r == 0)
        r = make_labels(s, err);
    if (r == 0)
        r = make_shown(s, paths, n, err);
    if (r < 0) {
        close_files(&s->head);
        return r;
    }
    s->head.file = s->names.name;
    s->head.files = (uint32_t)s->names.n;
    *ret = &s->head;
    return 0;
}

static int schema(struct hr_source *head, struct hr_schema *ret, struct hr_error *err)
{
    const struct files *s = (const struct files *)head;
    struct hr_schema made = { 0, hr_calloc(KINDS, sizeof *made.field) };
    if (made.field == NULL)
        return hr_fail_nomem(err, KINDS * sizeof *made.field, "the schema");
    for (int k = 0; k < KINDS; k++) {
        if (k == LABEL && s->labels < 2)
            continue;
        struct hr_field *f = &made.field[made.n++];
        memcpy(f->name, field_name[k], strlen(field_name[k]) + 1);
        f->dtype = f->stored = k == DATA ? HR_BYTES : k == LABEL ? HR_I64 : HR_STR;
        f->role = k == LABEL ? HR_ROLE_LABEL : HR_ROLE_NONE;
    }
    *ret = made;
    return 0;
}

static int bind(struct hr_source *head, const struct hr_schema *want, struct hr_error *err)
{
    struct files *s = (struct files *)head;
    for (int f = 0; f < want->n; f++) {
        const struct hr_field *field = &want->field[f];
        int k = 0;
        while (k < KINDS && strcmp(field_name[k], field->name) != 0)
            k++;
        bool fits = k == LABEL ? field->ndim == 0 && field->stored == HR_I64
                               : k == KINDS || field->stored == HR_BYTES || field->stored == HR_STR;
        if (k == KINDS || !fits)
            return hr_fail(err, HR_E_FORMAT, "files have data (bytes), label (int64) and path (string), and no such '%s' (%s)",
                           field->name, hr_dtype_name(field->dtype));
        s->kind[f] = k;
    }
    s->schema = want;
    s->next = 0;
    return 0;
}

static int next(struct hr_source *head, struct hr_unit *ret, struct hr_error *err)
{
    struct files *s = (struct files *)head;
    if (s->next == s->head.files)
        return 0;
    HR_FD fd = -1;
    uint64_t size = 0;
    const char *path = s->head.file[s->next];
    int r = hr_open(path, O_RDONLY, 0, &fd, err);
    if (r == 0)
        r = hr_file_size(fd, path, &size, err);
    if (r < 0)
        return r;
    if (size > s->o.memory)
        return hr_fail(err, HR_E_LIMIT, "'%s' has %" PRIu64 " bytes, more than packing may hold; give more with --memory", path, size);
    *ret = (struct hr_unit){ .file = s->next++, .end = 1, .bytes = size, .cost = 2 * size + 4096 };
    return 1;
}

/* 1, or 0 when the sample is recorded as bad. */
static int put_data(const char *path, struct hr_block *b, int f, uint64_t expected, struct hr_error *err)
{
    HR_FD fd = -1;
    uint64_t size = 0;
    int r = hr_open(path, O_RDONLY, 0, &fd, err);
    if (r == 0)
        r = hr_file_size(fd, path, &size, err);
    if (r < 0)
        return r;
    if (size > expected)
        return hr_block_bad(b, field_name[DATA], HR_OFFSET_NONE, err, "grew while it was being packed");
    void *room = hr_block_room(b, f, (size_t)size);
    if (room == NULL)
        return 1; /* hr_block_end tells */
    r = size == 0 ? 0 : hr_pread_all(fd, room, (size_t)size, 0, path, err);
    if (r < 0)
        return r;
    hr_block_commit(b, f, (size_t)size);
    hr_block_list(b, f);
    return 1;
}

static int put_path(const char *shown, struct hr_block *b, int f, struct hr_error *err)
{
    struct hr_str rest = hr_str(shown);
    bool ok = true;
    while (ok && rest.n != 0)
        hr_utf8_next(&rest, &ok);
    if (!ok && b->schema->field[f].stored == HR_STR)
        return hr_block_bad(b, field_name[PATH], HR_OFFSET_NONE, err, "is a name that is no UTF-8");
    hr_block_add(b, f, shown, strlen(shown));
    hr_block_list(b, f);
    return 1;
}

static int parse(struct hr_source *head, const struct hr_unit *u, struct hr_block *b, struct hr_error *err)
{
    struct files *s = (struct files *)head;
    const char *path = s->head.file[u->file];
    hr_block_begin(b, 0, 0);
    int r = 1;
    for (int f = 0; r == 1 && f < s->schema->n; f++) {
        if (s->kind[f] == DATA) {
            r = put_data(path, b, f, u->bytes, err);
        } else if (s->kind[f] == PATH) {
            r = put_path(path + s->shown[u->file], b, f, err);
        } else {
            int64_t label = s->label[u->file];
            hr_block_add(b, f, &label, sizeof label);
        }
    }
    if (r == 1)
        r = hr_block_end(b, err);
    return r < 0 ? r : 0;
}

const struct hr_source_ops hr_source_files_ops = {
    .name = "files",
    .help = "a folder of files: bytes, with the folder's name as label",
    .detect = detect,
    .open = open_files,
    .schema = schema,
    .bind = bind,
    .next = next,
    .parse = parse,
    .close = close_files,
};
