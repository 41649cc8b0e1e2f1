/* One HDF5 file, as the HDF5 source reads it back. */
#include "export.h"

#include "file.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "h5.h"

#if HAVE_HDF5

struct h5out {
    hid_t file;
    int n;
    struct dataset {
        hid_t data, offsets, type; /* -1 */
        uint64_t rows, samples;    /* written so far */
    } *set;
};

static int failed(const struct hr_export *e, const char *name, struct hr_error *err)
{
    return hr_fail(err, HR_E_IO, "'%s': the dataset '%s' cannot be written; is the disk full?", e->path, name);
}

static int put_attribute(hid_t o, const char *name, const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), at = -1;
    int r = -1;
    if (type >= 0 && space >= 0 && H5Tset_size(type, strlen(text) + 1) >= 0)
        at = H5Acreate2(o, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (at >= 0 && H5Awrite(at, type, text) >= 0)
        r = 0;
    if (at >= 0)
        H5Aclose(at);
    H5Sclose(space);
    H5Tclose(type);
    return r;
}

static hid_t create(hid_t file, const char *name, hid_t type, int ndim, const hsize_t *shape)
{
    hid_t space = H5Screate_simple(ndim, shape, NULL);
    hid_t d = space < 0 ? -1 : H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (space >= 0)
        H5Sclose(space);
    return d;
}

static hid_t text_type(void)
{
    hid_t t = H5Tcopy(H5T_C_S1);
    if (t >= 0 && (H5Tset_size(t, H5T_VARIABLE) < 0 || H5Tset_cset(t, H5T_CSET_UTF8) < 0)) {
        H5Tclose(t);
        return -1;
    }
    return t;
}

static int open_field(struct hr_export *e, int f, struct dataset *s, struct hr_error *err)
{
    struct h5out *h = e->impl;
    const struct hr_field *field = &e->schema->field[f];
    hsize_t shape[HR_NDIM_MAX + 1], count = e->samples + 1;
    int ndim = 0;
    if (e->layout[f].lists == 0 || field->dtype == HR_STR)
        shape[ndim++] = e->samples;
    else if (field->dtype == HR_BYTES)
        shape[ndim++] = e->rows[f];
    for (int i = 0; i < field->ndim; i++)
        shape[ndim++] = field->shape[i] == HR_RAGGED ? e->rows[f] : (hsize_t)field->shape[i];
    s->type = field->dtype == HR_STR ? text_type() : hr_h5_type(field->dtype == HR_BYTES ? HR_U8 : field->dtype);
    s->data = s->type < 0 ? -1 : create(h->file, field->name, s->type, ndim, shape);
    if (s->data < 0)
        return failed(e, field->name, err);
    if ((field->role != HR_ROLE_NONE && put_attribute(s->data, "headrace.role", hr_role_name(field->role)) < 0) ||
        put_attribute(s->data, "headrace.dtype", hr_dtype_name(field->dtype)) < 0)
        return failed(e, field->name, err);
    if (e->layout[f].lists == 0 || field->dtype == HR_STR)
        return 0;
    char name[HR_NAME_MAX + 16];
    snprintf(name, sizeof name, "%s_offsets", field->name);
    s->offsets = create(h->file, name, H5T_NATIVE_INT64, 1, &count);
    return s->offsets < 0 ? failed(e, name, err) : 0;
}

static int begin_locked(struct hr_export *e, struct hr_error *err)
{
    struct h5out *h = e->impl;
    errno = 0;
    h->file = H5Fcreate(e->path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (h->file < 0) /* the library says only that it failed; the system has said why */
        return errno != 0 ? hr_fail_errno(err, errno, "'%s' cannot be written as HDF5", e->path) :
                            hr_fail(err, HR_E_IO, "'%s' cannot be written as HDF5", e->path);
    int r = 0;
    for (int f = 0; r == 0 && f < h->n; f++)
        r = open_field(e, f, &h->set[f], err);
    return r;
}

static int begin(struct hr_export *e, struct hr_error *err)
{
    struct h5out *h = hr_calloc(1, sizeof *h);
    if (h == NULL)
        return hr_fail_nomem(err, sizeof *h, "exporting");
    e->impl = h;
    h->file = -1;
    h->set = hr_calloc((size_t)e->schema->n + 1, sizeof *h->set);
    if (h->set == NULL)
        return hr_fail_nomem(err, (size_t)e->schema->n * sizeof *h->set, "exporting");
    h->n = e->schema->n;
    for (int f = 0; f < h->n; f++)
        h->set[f].data = h->set[f].offsets = h->set[f].type = -1;
    HR_FD fd = -1; /* our own look first: it names what is wrong with the path */
    int r = hr_open(e->path, O_WRONLY | O_CREAT | O_TRUNC, 0666, &fd, err);
    if (r < 0)
        return r;
    hr_h5_lock();
    r = begin_locked(e, err);
    hr_h5_unlock();
    return r;
}

/* Rows first .. first + n - 1 along `axis` (of row `lead` when axis is 1). */
static int put(struct hr_export *e, hid_t set, hid_t type, int axis, uint64_t lead, uint64_t first, uint64_t n, const void *p)
{
    hsize_t start[HR_NDIM_MAX + 1] = { 0 }, count[HR_NDIM_MAX + 1], total = 1;
    hid_t file = H5Dget_space(set);
    int ndim = file < 0 ? -1 : H5Sget_simple_extent_dims(file, count, NULL), r = -1;
    if (ndim > 0 && n != 0) {
        if (axis == 1) {
            start[0] = lead;
            count[0] = 1;
        }
        start[axis] = first;
        count[axis] = n;
        for (int i = 0; i < ndim; i++)
            total *= count[i];
        hid_t mem = H5Screate_simple(1, &total, NULL);
        if (H5Sselect_hyperslab(file, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
            H5Dwrite(set, type, mem, file, H5P_DEFAULT, p) >= 0)
            r = 0;
        H5Sclose(mem);
        e->bytes += total * H5Tget_size(type);
    }
    if (file >= 0)
        H5Sclose(file);
    return n == 0 ? 0 : r;
}

/* STR: terminated copies. */
static int put_text(struct hr_export *e, int f, struct dataset *s, const struct hr_chunk *c, struct hr_error *err)
{
    const int32_t *off = c->col[f].offsets;
    const char *name = e->schema->field[f].name, *values = (const char *)c->col[f].values;
    HR_CLEANUP(hr_freep) char *copy = hr_malloc((size_t)(off[c->n] - off[0]) + c->n + 1);
    HR_CLEANUP(hr_freep) char **word = hr_calloc((size_t)c->n + 1, sizeof *word);
    if (copy == NULL || word == NULL)
        return hr_fail_nomem(err, (size_t)(off[c->n] - off[0]), "exporting");
    for (size_t i = 0, at = 0; i < c->n; i++) {
        size_t n = (size_t)(off[i + 1] - off[i]);
        if (memchr(values + off[i], 0, n) != NULL)
            return hr_fail(err, HR_E_UNSUPPORTED, "a text of '%s' has a zero in it, which HDF5 text cannot hold; export to npy",
                           name);
        word[i] = copy + at;
        memcpy(word[i], values + off[i], n);
        word[i][n] = 0;
        at += n + 1;
    }
    return put(e, s->data, s->type, 0, 0, s->samples, c->n, word) < 0 ? failed(e, name, err) : 0;
}

/* One list of every sample after the other; `line` has room for all of them. */
static uint64_t collect(const struct hr_column *col, uint64_t row, uint32_t lists, uint32_t j, uint32_t n, uint8_t *line, uint64_t room)
{
    uint64_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        const int32_t *o = col->offsets + (size_t)i * lists + j;
        uint64_t rows = (uint64_t)(o[1] - o[0]);
        if (at + rows > room)
            return UINT64_MAX;
        memcpy(line + at * row, col->values + (uint64_t)o[0] * row, rows * row);
        at += rows;
    }
    return at;
}

static int put_ragged(struct hr_export *e, int f, struct dataset *s, const struct hr_chunk *c, struct hr_error *err)
{
    uint32_t lists = e->layout[f].lists;
    uint64_t row = e->layout[f].row * e->layout[f].elem;
    const int32_t *off = c->col[f].offsets;
    const char *name = e->schema->field[f].name;
    uint64_t total = (uint64_t)(off[(size_t)c->n * lists] - off[0]) / lists;
    HR_CLEANUP(hr_freep) uint8_t *line = hr_malloc(total * row + 1);
    HR_CLEANUP(hr_freep) int64_t *end = hr_malloc((size_t)c->n * sizeof *end + 1);
    if (line == NULL || end == NULL)
        return hr_fail_nomem(err, total * row, "exporting");
    for (uint32_t j = 0; j < lists; j++) {
        uint64_t rows = collect(&c->col[f], row, lists, j, c->n, line, total);
        if (rows != total)
            return hr_fail(err, HR_E_CORRUPT, "the lists of '%s' differ in length within a sample", name);
        if (put(e, s->data, s->type, lists > 1, j, s->rows, rows, line) < 0)
            return failed(e, name, err);
    }
    for (uint32_t i = 0; i < c->n; i++) {
        const int32_t *o = off + (size_t)i * lists;
        s->rows += (uint64_t)(o[1] - o[0]);
        end[i] = (int64_t)s->rows;
    }
    return put(e, s->offsets, H5T_NATIVE_INT64, 0, 0, s->samples + 1, c->n, end) < 0 ? failed(e, name, err) : 0;
}

static int chunk(struct hr_export *e, const struct hr_chunk *c, struct hr_error *err)
{
    struct h5out *h = e->impl;
    int r = 0;
    hr_h5_lock();
    for (int f = 0; r == 0 && f < h->n; f++) {
        struct dataset *s = &h->set[f];
        if (e->schema->field[f].dtype == HR_STR)
            r = put_text(e, f, s, c, err);
        else if (e->layout[f].lists != 0)
            r = put_ragged(e, f, s, c, err);
        else if (put(e, s->data, s->type, 0, 0, s->samples, c->n, c->col[f].values) < 0)
            r = failed(e, e->schema->field[f].name, err);
        s->samples += c->n;
    }
    hr_h5_unlock();
    return r;
}

static int finish(struct hr_export *e, struct hr_error *err)
{
    struct h5out *h = e->impl;
    int64_t none = 0;
    int r = 0;
    hr_h5_lock();
    for (int f = 0; r == 0 && f < h->n; f++) {
        if (h->set[f].offsets >= 0 && put(e, h->set[f].offsets, H5T_NATIVE_INT64, 0, 0, 0, 1, &none) < 0)
            r = failed(e, e->schema->field[f].name, err);
    }
    if (r == 0 && H5Fflush(h->file, H5F_SCOPE_GLOBAL) < 0)
        r = failed(e, "/", err);
    hr_h5_unlock();
    HR_FD fd = -1;
    if (r == 0)
        r = hr_open(e->path, O_RDONLY, 0, &fd, err);
    return r < 0 ? r : hr_fsync(fd, e->path, err);
}

static void end(struct hr_export *e)
{
    struct h5out *h = e->impl;
    if (h == NULL)
        return;
    hr_h5_lock();
    for (int f = 0; f < h->n; f++) {
        if (h->set[f].data >= 0)
            H5Dclose(h->set[f].data);
        if (h->set[f].offsets >= 0)
            H5Dclose(h->set[f].offsets);
        if (h->set[f].type >= 0)
            H5Tclose(h->set[f].type);
    }
    if (h->file >= 0)
        H5Fclose(h->file);
    hr_h5_unlock();
    hr_free(h->set);
    hr_free(h);
}

#else

static int begin(struct hr_export *e, struct hr_error *err)
{
    return hr_fail(err, HR_E_UNSUPPORTED, "'%s' cannot be written: this headrace was built without libhdf5", e->path);
}

static int chunk(struct hr_export *e, const struct hr_chunk *c, struct hr_error *err)
{
    (void)e, (void)c;
    return hr_fail(err, HR_E_BUG, "writing HDF5 without libhdf5");
}

static int finish(struct hr_export *e, struct hr_error *err)
{
    return chunk(e, NULL, err);
}

static void end(struct hr_export *e)
{
    (void)e;
}

#endif

const struct hr_export_ops hr_export_hdf5 = { "hdf5", "one HDF5 file, ragged fields with offsets", begin, chunk, finish, end };
