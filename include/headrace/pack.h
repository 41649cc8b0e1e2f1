/* Packing: raw samples into a dataset, once.  hr_pack is what `headrace pack` and the Python Loader on raw files call. */
#ifndef HEADRACE_PACK_H
#define HEADRACE_PACK_H

#include "headrace/error.h"
#include "headrace/types.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum hr_bad { HR_BAD_STOP, HR_BAD_SKIP, HR_BAD_REJECT };

struct hr_pack_progress {
    uint64_t bytes_done, bytes_total; /* of the sources; total 0 = not known (stdin) */
    uint64_t samples, bad;
    double seconds;
};

struct hr_pack_options {
    size_t size; /* sizeof of the caller's */
    const char *format;      /* "auto", "json", "jsonl", "npy", "npz", "hdf5", "files", "fcd" */
    const char *schema;      /* JSON text of a schema (docs/format.md), or NULL: inferred */
    const char *compress;    /* "none", "lz4", "zstd" */
    const char *quantize;    /* NULL, "float16", "int8" */
    const char *shard_by;    /* NULL, a field's name, or "time" */
    const char *reject_file; /* for HR_BAD_REJECT: JSON Lines of {file, sample, offset, key, why} */
    enum hr_bad bad;
    bool narrow, dedup, float64, resume, force;
    uint64_t chunk_bytes;    /* target size of a chunk; 256 KiB */
    uint64_t chunk_samples;  /* 0 = from chunk_bytes */
    uint64_t memory;         /* bytes that packing may hold; 0 = chosen */
    int jobs;                /* 0 = all CPUs */
    /* Called about five times a second from the calling thread; return true to stop (HR_E_CANCELLED, resumable). */
    bool (*progress)(const struct hr_pack_progress *p, void *arg);
    void (*notice)(const char *sentence, void *arg); /* the inferred schema, promotions, bad samples */
    void *arg;
    bool other_keys;         /* JSON: pass over keys that the given schema does not name, instead of calling the sample bad */
};

struct hr_pack_result {
    uint64_t samples, bad, duplicates, bytes_in, bytes_out;
    double seconds;
};

void hr_pack_options_init(struct hr_pack_options *o);
/* `sources`: files, folders, or "-" for stdin. `out`: a name ending in .arrow gives one file, any other a folder. */
int hr_pack(const char *const *sources, int n, const char *out, const struct hr_pack_options *o,
            struct hr_pack_result *ret, struct hr_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
