/* The binary interface of DLPack (versions 0.x and 1.x), as far as headrace uses it: how arrays change hands between
 * frameworks without a copy.  Declared here so that no other project's header is needed to build.  Layouts are fixed by
 * that standard (dmlc.github.io/dlpack): never reorder. */
#ifndef HRPY_DLPACK_ABI_H
#define HRPY_DLPACK_ABI_H

#include <stdint.h>

enum { DL_CPU = 1 };
enum { DL_INT = 0, DL_UINT = 1, DL_FLOAT = 2, DL_BOOL = 6 };

struct dl_device {
    int32_t type, id;
};

struct dl_dtype {
    uint8_t code, bits;
    uint16_t lanes;
};

struct dl_tensor {
    void *data;
    struct dl_device device;
    int32_t ndim;
    struct dl_dtype dtype;
    int64_t *shape, *strides; /* strides in elements */
    uint64_t byte_offset;
};

/* Before version 1.0: capsules named "dltensor". */
struct dl_managed {
    struct dl_tensor t;
    void *owner;
    void (*deleter)(struct dl_managed *self);
};

struct dl_version {
    uint32_t major, minor;
};

/* Since version 1.0: capsules named "dltensor_versioned". */
struct dl_managed_versioned {
    struct dl_version version;
    void *owner;
    void (*deleter)(struct dl_managed_versioned *self);
    uint64_t flags;
    struct dl_tensor t;
};

/* The table that a framework offers as type(tensor).__dlpack_c_exchange_api__ (a capsule "dlpack_exchange_api"): the same
 * exchange without capsules and method calls.  Only `to_object` is called here; it steals the tensor. */
struct dl_exchange {
    struct {
        struct dl_version version;
        void *previous;
    } header;
    void *allocate;
    void *from_object;
    int (*to_object)(struct dl_managed_versioned *tensor, void **ret_object);
    void *borrow;
    void *stream;
};

#endif
