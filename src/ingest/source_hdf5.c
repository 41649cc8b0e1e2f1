/* HDF5 files: datasets of the root group as columns (arrays.h has the convention), or, where the root holds groups instead,
 * one group per sample with its datasets as fields, in natural order of their names (2 before 10).  A root with nothing
 * but one group is entered.  Links that lead elsewhere are not followed.  Reading goes by hyperslabs, never whole
 * datasets. */
#include "array_source.h"

#include "given.h"
#include "mem.h"
#include "num.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "h5.h"

static int detect(const char *path, struct hr_str head)
{
    bool named = hr_str_ends(hr_str(path), ".h5") || hr_str_ends(hr_str(path), ".hdf5") || hr_str_ends(hr_str(path), ".hdf");
    return hr_str_starts(head, "\x89HDF\r\n\x1a\n") ? 100 : head.n == 0 && named ? 10 : 0;
}

#if HAVE_HDF5

enum { GROUPS_DEEP = 8, CACHE_MAX = 64 << 20, SCAN = 4096 };
#define RECORDS_MAX (UINT64_C(1) << 26)

struct h5 {
    hid_t file, group; /* the group whose members are the columns or the records; -1 */
    struct hr_names record;
};

struct link {
    enum { LINK_OTHER, LINK_DATASET, LINK_GROUP, LINK_BROKEN } kind;
    char name[256];
};

/* Opens what the i-th link (by name) leads to; closed by the caller when it is >= 0. */
static hid_t open_link(hid_t group, hsize_t i, struct link *l)
{
    H5L_info_t info;
    l->kind = LINK_OTHER;
    ssize_t n = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, l->name, sizeof l->name, H5P_DEFAULT);
    if (n <= 0 || (size_t)n >= sizeof l->name || H5Lget_info(group, l->name, &info, H5P_DEFAULT) < 0 ||
        info.type != H5L_TYPE_HARD)
        return -1;
    hid_t o = H5Oopen(group, l->name, H5P_DEFAULT);
    H5I_type_t t = o < 0 ? H5I_BADID : H5Iget_type(o);
    l->kind = o < 0 ? LINK_BROKEN : t == H5I_DATASET ? LINK_DATASET : t == H5I_GROUP ? LINK_GROUP : LINK_OTHER;
    return o;
}

static uint64_t link_count(hid_t group)
{
    H5G_info_t info;
    return H5Gget_info(group, &info) < 0 ? 0 : info.nlinks;
}

/* --- reading a dataset --- */

static int read_text(const struct hr_array *a, hid_t type, hid_t mem, hid_t file, uint64_t n, uint8_t *to, struct hr_error *err)
{
    char **word = hr_calloc(n + 1, sizeof *word);
    if (word == NULL)
        return hr_fail_nomem(err, n * sizeof *word, "text of an HDF5 file");
    int r = 0;
    if (H5Dread((hid_t)a->handle, type, mem, file, H5P_DEFAULT, word) < 0) {
        r = hr_fail(err, HR_E_IO, "'%s': the dataset '%s' cannot be read", a->path, a->name);
    } else {
        for (uint64_t i = 0; i < n; i++) {
            size_t length = word[i] == NULL ? 0 : strlen(word[i]);
            memset(to + i * a->item, 0, a->item);
            memcpy(to + i * a->item, word[i] == NULL ? "" : word[i], HR_MIN(length, (size_t)a->item));
        }
        H5Dvlen_reclaim(type, mem, H5P_DEFAULT, word);
    }
    hr_free(word);
    return r;
}

/* The file's text type, or the memory type of numbers. */
static hid_t memory_type(const struct hr_array *a)
{
    return a->kind == HR_NPY_NUMBER ? hr_h5_type(a->dtype) : H5Dget_type((hid_t)a->handle);
}

static int read_locked(const struct hr_array *a, uint64_t lead, uint64_t first, uint64_t rows, void *to, struct hr_error *err)
{
    hsize_t start[HR_NPY_NDIM_MAX] = { 0 }, count[HR_NPY_NDIM_MAX], n = 1;
    for (int i = 0; i < a->ndim; i++)
        count[i] = a->shape[i];
    int axis = lead == HR_ARRAY_ROWS ? 0 : 1;
    if (axis == 1) {
        start[0] = lead;
        count[0] = 1;
    }
    if (a->ndim > 0) {
        start[axis] = first;
        count[axis] = rows;
    }
    for (int i = 0; i < a->ndim; i++)
        n *= count[i];
    if (n == 0)
        return 0;
    hid_t type = memory_type(a), file = H5Dget_space((hid_t)a->handle), mem = H5Screate_simple(1, &n, NULL);
    int r = 0;
    if (type < 0 || file < 0 || mem < 0 ||
        (a->ndim > 0 && H5Sselect_hyperslab(file, H5S_SELECT_SET, start, NULL, count, NULL) < 0))
        r = hr_fail(err, HR_E_IO, "'%s': the dataset '%s' cannot be read", a->path, a->name);
    else if (a->kind != HR_NPY_NUMBER && H5Tis_variable_str(type) > 0)
        r = read_text(a, type, mem, file, n, to, err);
    else if (H5Dread((hid_t)a->handle, type, mem, file, H5P_DEFAULT, to) < 0)
        r = hr_fail(err, HR_E_IO, "'%s': the dataset '%s' cannot be read; it may be damaged, or packed by a filter that is "
                    "not installed", a->path, a->name);
    H5Tclose(type);
    H5Sclose(file);
    H5Sclose(mem);
    return r;
}

static int read_dataset(const struct hr_array *a, uint64_t lead, uint64_t first, uint64_t rows, void *to, struct hr_error *err)
{
    hr_h5_lock();
    int r = read_locked(a, lead, first, rows, to, err);
    hr_h5_unlock();
    return r;
}

/* --- what a dataset is --- */

static enum hr_dtype number_type(hid_t type)
{
    size_t size = H5Tget_size(type);
    switch (H5Tget_class(type)) {
    case H5T_INTEGER: {
        bool minus = H5Tget_sign(type) == H5T_SGN_2;
        return size == 1 ? (minus ? HR_I8 : HR_U8) : size == 2 ? (minus ? HR_I16 : HR_U16)
             : size == 4 ? (minus ? HR_I32 : HR_U32) : size == 8 ? (minus ? HR_I64 : HR_U64) : HR_DTYPE_NONE;
    }
    case H5T_FLOAT:
        return size == 2 ? HR_F16 : size == 4 ? HR_F32 : size == 8 ? HR_F64 : HR_DTYPE_NONE;
    case H5T_ENUM:
        return size == 1 && H5Tget_nmembers(type) == 2 && H5Tget_member_index(type, "TRUE") >= 0 ? HR_BOOL : HR_DTYPE_NONE;
    default:
        return HR_DTYPE_NONE;
    }
}

/* The longest of variable-length texts, found by reading them piece by piece. */
static int longest_text(struct hr_array *a, hid_t type, struct hr_error *err)
{
    uint64_t n = a->ndim == 0 ? 1 : a->shape[0], longest = 1;
    char **word = hr_calloc(SCAN, sizeof *word);
    if (word == NULL)
        return hr_fail_nomem(err, SCAN * sizeof *word, "text of an HDF5 file");
    int r = 0;
    for (hsize_t at = 0; r == 0 && at < n; at += SCAN) {
        hsize_t count = HR_MIN(n - at, (hsize_t)SCAN);
        hid_t file = H5Dget_space((hid_t)a->handle), mem = H5Screate_simple(1, &count, NULL);
        if ((a->ndim > 0 && H5Sselect_hyperslab(file, H5S_SELECT_SET, &at, NULL, &count, NULL) < 0) ||
            H5Dread((hid_t)a->handle, type, mem, file, H5P_DEFAULT, word) < 0) {
            r = hr_fail(err, HR_E_IO, "'%s': the dataset '%s' cannot be read", a->path, a->name);
        } else {
            for (hsize_t i = 0; i < count; i++)
                longest = HR_MAX(longest, word[i] == NULL ? 0 : (uint64_t)strlen(word[i]));
            H5Dvlen_reclaim(type, mem, H5P_DEFAULT, word);
        }
        H5Sclose(file);
        H5Sclose(mem);
    }
    hr_free(word);
    a->item = longest;
    return r;
}

/* An attribute's short text into `to`; "" when there is none. */
static void text_attribute(hid_t o, const char *name, char *to, size_t n)
{
    memset(to, 0, n);
    if (H5Aexists(o, name) <= 0)
        return;
    hid_t at = H5Aopen(o, name, H5P_DEFAULT), type = at < 0 ? -1 : H5Aget_type(at);
    if (type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 && H5Tget_size(type) < n)
        H5Aread(at, type, to);
    to[n - 1] = 0;
    if (type >= 0)
        H5Tclose(type);
    if (at >= 0)
        H5Aclose(at);
}

static int fill_array(struct hr_array *a, bool reading, struct hr_error *err)
{
    hid_t d = (hid_t)a->handle, space = H5Dget_space(d), type = H5Dget_type(d);
    hsize_t dims[H5S_MAX_RANK] = { 0 };
    int r = 0, ndim = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    if (type < 0 || ndim < 0 || ndim > HR_NPY_NDIM_MAX || H5Sget_simple_extent_dims(space, dims, NULL) < 0 ||
        H5Sget_simple_extent_type(space) == H5S_NULL) {
        r = hr_fail(err, HR_E_UNSUPPORTED, "'%s': the dataset '%s' has no shape of at most 5 dimensions", a->path, a->name);
    } else {
        uint64_t bytes = 1;
        a->ndim = ndim;
        for (int i = 0; i < ndim; i++) {
            a->shape[i] = dims[i];
            if (hr_ckd_mul(&bytes, bytes, HR_MAX(a->shape[i], UINT64_C(1))) || bytes > INT64_MAX / 8)
                r = hr_fail(err, HR_E_FORMAT, "'%s': the dataset '%s' is impossibly large", a->path, a->name);
        }
        bool text = H5Tget_class(type) == H5T_STRING;
        a->kind = text ? HR_NPY_BYTES : HR_NPY_NUMBER;
        a->dtype = text ? HR_STR : number_type(type);
        a->item = text ? H5Tget_size(type) : hr_dtype_size(a->dtype);
        if (r == 0 && text && H5Tis_variable_str(type) > 0)
            r = reading && ndim <= 1 ? longest_text(a, type, err) : 0;
    }
    char word[32];
    text_attribute(d, "headrace.role", word, sizeof word);
    a->role = hr_role_of(word) > 0 ? (enum hr_role)hr_role_of(word) : HR_ROLE_NONE;
    text_attribute(d, "headrace.dtype", word, sizeof word);
    a->as = hr_dtype_of(word);
    a->read = read_dataset;
    H5Tclose(type);
    H5Sclose(space);
    return r;
}

/* A chunk cache that holds one band of chunks, so that consecutive units do not unpack the same chunk again. */
static hid_t open_dataset(hid_t group, const char *name)
{
    hid_t d = H5Dopen2(group, name, H5P_DEFAULT), plist = d < 0 ? -1 : H5Dget_create_plist(d);
    if (plist < 0)
        return d;
    hsize_t chunk[H5S_MAX_RANK], dims[H5S_MAX_RANK] = { 0 };
    int ndim = H5Pget_layout(plist) == H5D_CHUNKED ? H5Pget_chunk(plist, H5S_MAX_RANK, chunk) : 0;
    H5Pclose(plist);
    if (ndim <= 0)
        return d;
    hid_t space = H5Dget_space(d), type = H5Dget_type(d);
    H5Sget_simple_extent_dims(space, dims, NULL);
    double band = (double)H5Tget_size(type);
    for (int i = 0; i < ndim; i++)
        band *= i == 0 ? (double)chunk[0] : (double)HR_MAX(dims[i], chunk[i]);
    H5Sclose(space);
    H5Tclose(type);
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    size_t bytes = (size_t)HR_MIN(HR_MAX(2 * band, 1 << 20), (double)CACHE_MAX);
    if (access >= 0 && bytes > 1 << 20 && H5Pset_chunk_cache(access, 4099, bytes, 1.0) >= 0) {
        H5Dclose(d);
        d = H5Dopen2(group, name, access);
    }
    if (access >= 0)
        H5Pclose(access);
    return d;
}

/* Every dataset of the group becomes an array; other elements are told about and passed over. */
static int list_datasets(hid_t group, const char *path, bool reading, const struct hr_source_options *o,
                         struct hr_array **ret, int *ret_n, struct hr_error *err)
{
    uint64_t links = link_count(group);
    int r = 0;
    for (uint64_t i = 0; r == 0 && i < links; i++) {
        struct link l;
        hid_t object = open_link(group, i, &l);
        if (object >= 0)
            H5Oclose(object);
        if (l.kind == LINK_BROKEN)
            return hr_fail(err, HR_E_FORMAT, "'%s': '%s' cannot be opened; it is damaged, or was written by a newer HDF5 than the "
                           "one that headrace was built with", path, l.name);
        if (l.kind != LINK_DATASET)
            continue;
        struct hr_array *a;
        r = hr_array_list_add(ret, ret_n, l.name, strlen(l.name), path, &a, err);
        if (r < 0)
            break;
        a->handle = open_dataset(group, l.name);
        r = a->handle < 0 ? hr_fail(err, HR_E_IO, "'%s': the dataset '%s' cannot be opened", path, l.name)
                          : fill_array(a, reading, err);
        if (r == 0 && a->dtype == HR_DTYPE_NONE) {
            char text[512];
            snprintf(text, sizeof text, "'%s': the dataset '%s' holds neither numbers nor text, and is left out", path, l.name);
            if (!reading && o != NULL && o->notice != NULL)
                o->notice(text, o->arg);
            H5Dclose((hid_t)a->handle);
            (*ret_n)--;
        }
    }
    return r;
}

static void free_record(struct hr_array *a, int n)
{
    hr_h5_lock();
    for (int i = 0; i < n; i++)
        if (a[i].handle >= 0)
            H5Dclose((hid_t)a[i].handle);
    hr_h5_unlock();
    hr_free(a);
}

/* --- the container --- */

static int by_nature(const void *a, const void *b)
{
    return strverscmp(*(char *const *)a, *(char *const *)b);
}

static int list_groups(struct h5 *h, const char *path, struct hr_error *err)
{
    uint64_t links = link_count(h->group);
    if (links > RECORDS_MAX)
        return hr_fail(err, HR_E_LIMIT, "'%s' has more than %llu groups", path, (unsigned long long)RECORDS_MAX);
    h->record.name = hr_calloc(links + 1, sizeof *h->record.name);
    if (h->record.name == NULL)
        return hr_fail_nomem(err, links * sizeof *h->record.name, "the groups of an HDF5 file");
    for (uint64_t i = 0; i < links; i++) {
        struct link l;
        hid_t o = open_link(h->group, i, &l);
        if (o >= 0)
            H5Oclose(o);
        if (l.kind != LINK_GROUP)
            continue;
        h->record.name[h->record.n] = hr_strdup(l.name);
        if (h->record.name[h->record.n] == NULL)
            return hr_fail_nomem(err, strlen(l.name), "the groups of an HDF5 file");
        h->record.n++;
    }
    qsort(h->record.name, h->record.n, sizeof *h->record.name, by_nature);
    return 0;
}

/* Goes down while a group holds nothing but one group. Returns the number of datasets where it ends. */
static uint64_t descend(struct h5 *h)
{
    for (int depth = 0;; depth++) {
        uint64_t links = link_count(h->group), datasets = 0, groups = 0;
        char only[256] = "";
        for (uint64_t i = 0; i < links && datasets == 0 && groups < 2; i++) {
            struct link l;
            hid_t o = open_link(h->group, i, &l);
            if (o >= 0)
                H5Oclose(o);
            datasets += l.kind == LINK_DATASET || l.kind == LINK_BROKEN; /* which is then told of */
            groups += l.kind == LINK_GROUP;
            if (l.kind == LINK_GROUP)
                memcpy(only, l.name, sizeof only);
        }
        if (datasets != 0 || groups != 1 || depth == GROUPS_DEEP)
            return datasets;
        hid_t below = H5Gopen2(h->group, only, H5P_DEFAULT);
        if (below < 0)
            return 0;
        H5Gclose(h->group);
        h->group = below;
    }
}

static int open_locked(struct hr_array_source *s, bool reading, struct hr_container *c, struct hr_error *err)
{
    struct h5 *h = c->impl;
    h->file = H5Fopen(c->path, H5F_ACC_RDONLY, H5P_DEFAULT);
    h->group = h->file < 0 ? -1 : H5Gopen2(h->file, "/", H5P_DEFAULT);
    if (h->group < 0)
        return hr_fail(err, HR_E_FORMAT, "'%s' cannot be opened as HDF5: it is damaged, cut off, or being written", c->path);
    if (descend(h) != 0) {
        int r = list_datasets(h->group, c->path, reading, &s->o, &c->array, &c->n, err);
        return r == 0 && c->n == 0 ? hr_fail(err, HR_E_FORMAT, "'%s' holds no datasets of numbers", c->path) : r;
    }
    int r = list_groups(h, c->path, err);
    c->records = h->record.n;
    return r == 0 && c->records == 0 ? hr_fail(err, HR_E_FORMAT, "'%s' holds no datasets", c->path) : r;
}

static int open_container(struct hr_array_source *s, uint32_t file, bool reading, struct hr_container *ret,
                          struct hr_error *err)
{
    (void)file;
    HR_FD fd = -1; /* our own look first: it names what is wrong with the path */
    int r = hr_open(ret->path, O_RDONLY, 0, &fd, err);
    if (r == 0)
        r = hr_file_size(fd, ret->path, &ret->bytes, err);
    struct h5 *h = hr_calloc(1, sizeof *h);
    if (r == 0 && h == NULL)
        r = hr_fail_nomem(err, sizeof *h, "an HDF5 file");
    if (r < 0) {
        hr_free(h);
        return r;
    }
    h->file = h->group = -1;
    ret->impl = h;
    hr_h5_lock();
    r = open_locked(s, reading, ret, err);
    hr_h5_unlock();
    return r;
}

static void close_container(struct hr_container *c)
{
    struct h5 *h = c->impl;
    if (h == NULL)
        return;
    hr_h5_lock();
    for (int i = 0; i < c->n; i++)
        if (c->array[i].handle >= 0)
            H5Dclose((hid_t)c->array[i].handle);
    if (h->group >= 0)
        H5Gclose(h->group);
    if (h->file >= 0)
        H5Fclose(h->file);
    hr_h5_unlock();
    hr_names_fini(&h->record);
    hr_free(h);
    c->impl = NULL;
}

static int open_record(struct hr_container *c, uint64_t i, struct hr_array **ret, int *ret_n, struct hr_error *err)
{
    struct h5 *h = c->impl;
    struct hr_array *a = NULL;
    int n = 0;
    hr_h5_lock();
    hid_t group = H5Gopen2(h->group, h->record.name[i], H5P_DEFAULT);
    int r = group < 0 ? hr_fail(err, HR_E_FORMAT, "'%s': the group '%s' cannot be opened", c->path, h->record.name[i])
                      : list_datasets(group, c->path, true, NULL, &a, &n, err);
    if (group >= 0)
        H5Gclose(group);
    hr_h5_unlock();
    if (r < 0) {
        free_record(a, n);
        return r;
    }
    *ret = a;
    *ret_n = n;
    return 0;
}

static const struct hr_container_ops container_ops = { open_container, open_record, free_record, close_container };

static int open_hdf5(const char *const *paths, int n, const struct hr_source_options *o, struct hr_source **ret,
                     struct hr_error *err)
{
    struct hr_names names = { NULL, 0 };
    uint64_t bytes = 0;
    static const char *const ends[] = { ".h5", ".hdf5", ".hdf", NULL };
    int r = hr_given_files(&(struct hr_given){ paths, n, ends }, &names, &bytes, err);
    if (r < 0)
        return r;
    return hr_array_source_open(&hr_source_hdf5, &container_ops, &names, bytes, NULL, NULL, o, ret, err);
}

#else

static int open_hdf5(const char *const *paths, int n, const struct hr_source_options *o, struct hr_source **ret,
                     struct hr_error *err)
{
    (void)n, (void)o, (void)ret;
    return hr_fail(err, HR_E_UNSUPPORTED, "'%s' is HDF5, and this headrace was built without libhdf5", paths[0]);
}

#endif

const struct hr_source_ops hr_source_hdf5 = {
    .name = "hdf5",
    .help = "HDF5 (.h5): datasets with offsets, or one group per sample",
    .detect = detect,
    .open = open_hdf5,
    HR_ARRAY_SOURCE_OPS,
};
