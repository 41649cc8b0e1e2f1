/* A source of containers of arrays: what NPY, NPZ and HDF5 have in common.  A format gives three functions that open a
 * container, and a row of struct hr_source_ops that is mostly made of the functions here. */
#ifndef HR_ARRAY_SOURCE_H
#define HR_ARRAY_SOURCE_H

#include "arrays.h"
#include "source.h"

struct hr_container {
    const char *path;       /* the source's file[] entry */
    struct hr_array *array; /* owned: hr_free; the arrays of the columns, or of the one record */
    int n;
    uint64_t records;       /* samples, where each is a group of arrays of its own; 0 otherwise */
    uint64_t bytes;         /* of the file or files */
    void *impl;
};

struct hr_array_source;

struct hr_container_ops {
    /* File number `file`.  Without `reading` the arrays' names and shapes suffice, and nothing is unpacked. */
    int (*open)(struct hr_array_source *s, uint32_t file, bool reading, struct hr_container *ret, struct hr_error *err);
    /* The arrays of record i, into a fresh list (hr_array_list_free); NULL where containers never have `records`. */
    int (*record)(struct hr_container *c, uint64_t i, struct hr_array **ret, int *ret_n, struct hr_error *err);
    void (*free_record)(struct hr_array *a, int n);
    void (*close)(struct hr_container *c); /* accepts a half-opened one */
};

struct hr_array_source {
    struct hr_source head;
    const struct hr_container_ops *cops;
    struct hr_source_options o;
    struct hr_names names; /* owns head.file */
    void *arg;             /* the format's own */
    void (*free_arg)(void *arg);
    bool records; /* every container is one sample, or made of records */
    const struct hr_schema *schema;
    uint32_t file;
    uint64_t pos, total; /* next sample of the opened container, and how many it has */
    struct hr_opened *cur;
};

/* Takes `names` (one per container) and `arg` over, also on failure; free_arg may be NULL.  `bytes` of all files. */
int hr_array_source_open(const struct hr_source_ops *ops, const struct hr_container_ops *cops, struct hr_names *names,
                         uint64_t bytes, void *arg, void (*free_arg)(void *), const struct hr_source_options *o,
                         struct hr_source **ret, struct hr_error *err) HR_MUST_USE;

/* The rest of a format's struct hr_source_ops, behind its name, help, detect and open. */
#define HR_ARRAY_SOURCE_OPS                                                                                            \
    .schema = hr_array_source_schema, .bind = hr_array_source_bind, .next = hr_array_source_next,                      \
    .parse = hr_array_source_parse, .drop = hr_array_source_drop, .close = hr_array_source_close
int hr_array_source_schema(struct hr_source *s, struct hr_schema *ret, struct hr_error *err);
int hr_array_source_bind(struct hr_source *s, const struct hr_schema *schema, struct hr_error *err);
int hr_array_source_next(struct hr_source *s, struct hr_unit *ret, struct hr_error *err);
int hr_array_source_parse(struct hr_source *s, const struct hr_unit *u, struct hr_block *b, struct hr_error *err);
void hr_array_source_drop(struct hr_source *s, struct hr_unit *u);
void hr_array_source_close(struct hr_source *s);

/* The head of the .npy that begins at `off` and may reach to off + size; its data must fit. `data` is from `off`. */
int hr_npy_read(int fd, uint64_t off, uint64_t size, const char *where, struct hr_npy *ret, struct hr_error *err) HR_MUST_USE;
/* Adds an array from a .npy head to a list that grows; `name` may end in ".npy".  HR_E_LIMIT: the name is too long, or there
 * are more than HR_FIELDS_MAX * 2. */
int hr_array_list_npy(struct hr_array **list, int *n, const char *name, const char *path, const struct hr_npy *head,
                      struct hr_error *err) HR_MUST_USE;
/* Room for one more. */
int hr_array_list_add(struct hr_array **list, int *n, const char *name, size_t name_len, const char *path,
                      struct hr_array **ret, struct hr_error *err) HR_MUST_USE;

#endif
