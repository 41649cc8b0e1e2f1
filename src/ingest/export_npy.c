/* A folder of .npy files, as the NPY source reads it back. */
#include "export.h"

#include "file.h"
#include "mem.h"
#include "npy.h"
#include "schema_json.h"
#include "source.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { SCHEMA_MAX = 16 << 20 };

struct array {
    int fd, offsets_fd;          /* offsets_fd is -1 for fixed fields */
    uint64_t data, offsets_data; /* where the elements begin */
    uint64_t rows, samples;      /* written so far */
};

struct npy {
    int n;
    struct array *array; /* per field */
};

/* Opens FOLDER/NAME[suffix].npy and writes its head. */
static int open_array(const struct hr_export *e, const char *name, const char *suffix, enum hr_dtype t, int ndim,
                      const uint64_t *shape, int *ret_fd, uint64_t *ret_data, struct hr_error *err)
{
    char file[HR_NAME_MAX + 32];
    snprintf(file, sizeof file, "%s%s.npy", name, suffix);
    if (strchr(name, '/') != NULL)
        return hr_fail(err, HR_E_UNSUPPORTED, "the field '%s' cannot be the name of a file; export to hdf5 or jsonl", name);
    HR_CLEANUP(hr_freep) char *path = hr_join(e->path, file);
    struct hr_buf head = HR_BUF_INIT(HR_NPY_HEAD_MAX);
    int r = path == NULL ? hr_fail_nomem(err, sizeof file, "a file's name") : hr_npy_write(&head, t, ndim, shape, err);
    if (r == 0)
        r = hr_open(path, O_WRONLY | O_CREAT | O_EXCL, 0666, ret_fd, err);
    if (r == 0)
        r = hr_pwrite_all(*ret_fd, head.data, head.len, 0, path, err);
    *ret_data = head.len;
    hr_buf_fini(&head);
    return r;
}

static int open_field(struct hr_export *e, int f, struct array *a, struct hr_error *err)
{
    const struct hr_field *field = &e->schema->field[f];
    uint32_t lists = e->layout[f].lists;
    uint64_t shape[HR_NPY_NDIM_MAX], none = 0;
    bool text = field->dtype == HR_STR || field->dtype == HR_BYTES;
    int ndim = 0;
    if (lists == 0)
        shape[ndim++] = e->samples;
    for (int i = 0; i < field->ndim; i++)
        shape[ndim++] = field->shape[i] == HR_RAGGED ? e->rows[f] : (uint64_t)field->shape[i];
    if (text)
        shape[ndim++] = e->rows[f];
    int r = open_array(e, field->name, "", text ? HR_U8 : field->dtype, ndim, shape, &a->fd, &a->data, err);
    if (r < 0 || lists == 0)
        return r;
    uint64_t count = e->samples + 1;
    r = open_array(e, field->name, "_offsets", HR_I64, 1, &count, &a->offsets_fd, &a->offsets_data, err);
    return r < 0 ? r : hr_pwrite_all(a->offsets_fd, &none, sizeof none, a->offsets_data, field->name, err);
}

static int write_schema(struct hr_export *e, struct hr_error *err)
{
    struct hr_buf b = HR_BUF_INIT(SCHEMA_MAX);
    HR_CLEANUP(hr_freep) char *path = hr_join(e->path, HR_NOTES_NAME);
    int r = path == NULL ? hr_fail_nomem(err, strlen(e->path), "a file's name") : hr_schema_to_json(e->schema, &b, err);
    hr_buf_addc(&b, '\n');
    if (r == 0)
        r = hr_replace(path, b.data, b.len, err);
    e->bytes += b.len;
    hr_buf_fini(&b);
    return r;
}

static int begin(struct hr_export *e, struct hr_error *err)
{
    struct npy *n = hr_calloc(1, sizeof *n);
    if (n == NULL)
        return hr_fail_nomem(err, sizeof *n, "exporting");
    e->impl = n;
    n->array = hr_calloc((size_t)e->schema->n + 1, sizeof *n->array);
    if (n->array == NULL)
        return hr_fail_nomem(err, (size_t)e->schema->n * sizeof *n->array, "exporting");
    n->n = e->schema->n;
    for (int f = 0; f < n->n; f++)
        n->array[f].fd = n->array[f].offsets_fd = -1;
    int r = hr_mkdir(e->path, false, err);
    for (int f = 0; r == 0 && f < n->n; f++)
        r = open_field(e, f, &n->array[f], err);
    return r < 0 ? r : write_schema(e, err);
}

static int put(struct hr_export *e, int fd, const void *p, uint64_t n, uint64_t at, struct hr_error *err)
{
    e->bytes += n;
    return n == 0 ? 0 : hr_pwrite_all(fd, p, n, at, e->path, err);
}

/* A field of [k, -1]: list j of every sample goes to row j of the array. */
static int put_lists(struct hr_export *e, int f, struct array *a, const struct hr_chunk *c, struct hr_error *err)
{
    uint32_t lists = e->layout[f].lists;
    uint64_t row = e->layout[f].row * e->layout[f].elem;
    const int32_t *off = c->col[f].offsets;
    uint64_t total = (uint64_t)(off[(size_t)c->n * lists] - off[0]) / lists;
    HR_CLEANUP(hr_freep) uint8_t *line = hr_malloc(total * row + 1);
    if (line == NULL)
        return hr_fail_nomem(err, total * row, "exporting");
    int r = 0;
    for (uint32_t j = 0; r == 0 && j < lists; j++) {
        uint64_t at = 0;
        for (uint32_t i = 0; i < c->n; i++) {
            const int32_t *o = off + (size_t)i * lists + j;
            uint64_t n = (uint64_t)(o[1] - o[0]);
            if (at + n > total)
                return hr_fail(err, HR_E_CORRUPT, "the lists of '%s' differ in length within a sample", e->schema->field[f].name);
            memcpy(line + at * row, c->col[f].values + (uint64_t)o[0] * row, n * row);
            at += n;
        }
        r = put(e, a->fd, line, at * row, a->data + (j * e->rows[f] + a->rows) * row, err);
    }
    return r;
}

static int put_offsets(struct hr_export *e, int f, struct array *a, const struct hr_chunk *c, struct hr_error *err)
{
    uint32_t lists = e->layout[f].lists;
    HR_CLEANUP(hr_freep) int64_t *to = hr_malloc((size_t)c->n * sizeof *to + 1);
    if (to == NULL)
        return hr_fail_nomem(err, (size_t)c->n * sizeof *to, "exporting");
    for (uint32_t i = 0; i < c->n; i++) {
        const int32_t *o = c->col[f].offsets + (size_t)i * lists;
        a->rows += (uint64_t)(o[1] - o[0]);
        to[i] = (int64_t)a->rows;
    }
    return put(e, a->offsets_fd, to, (uint64_t)c->n * sizeof *to, a->offsets_data + (a->samples + 1) * sizeof *to, err);
}

static int chunk(struct hr_export *e, const struct hr_chunk *c, struct hr_error *err)
{
    struct npy *n = e->impl;
    int r = 0;
    for (int f = 0; r == 0 && f < n->n; f++) {
        struct array *a = &n->array[f];
        uint64_t row = e->layout[f].row * e->layout[f].elem;
        if (e->layout[f].lists == 0) {
            r = put(e, a->fd, c->col[f].values, c->n * row, a->data + a->samples * row, err);
        } else {
            const int32_t *off = c->col[f].offsets;
            if (e->layout[f].lists > 1)
                r = put_lists(e, f, a, c, err);
            else
                r = put(e, a->fd, c->col[f].values + (uint64_t)off[0] * row, (uint64_t)(off[c->n] - off[0]) * row,
                        a->data + a->rows * row, err);
            if (r == 0)
                r = put_offsets(e, f, a, c, err);
        }
        a->samples += c->n;
    }
    return r;
}

static int finish(struct hr_export *e, struct hr_error *err)
{
    struct npy *n = e->impl;
    int r = 0;
    for (int f = 0; r == 0 && f < n->n; f++) {
        r = hr_fsync(n->array[f].fd, e->path, err);
        if (r == 0 && n->array[f].offsets_fd >= 0)
            r = hr_fsync(n->array[f].offsets_fd, e->path, err);
    }
    return r;
}

static void end(struct hr_export *e)
{
    struct npy *n = e->impl;
    if (n == NULL)
        return;
    for (int f = 0; f < n->n; f++) {
        hr_close(n->array[f].fd);
        hr_close(n->array[f].offsets_fd);
    }
    hr_free(n->array);
    hr_free(n);
}

const struct hr_export_ops hr_export_npy = { "npy", "a folder of NumPy arrays, ragged ones with offsets", begin, chunk, finish, end };
