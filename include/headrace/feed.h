/* The feed: batches from a packed dataset, in a fixed amount of memory.
 *
 *   struct hr_error err = HR_ERROR_INIT;
 *   struct hr_loader_options o;
 *   hr_loader_options_init(&o);
 *   o.batch_size = 16;
 *   hr_loader *l;
 *   if (hr_loader_open("traffic", &o, &l, &err) < 0) ...
 *   hr_batch *b;
 *   while (hr_loader_next(l, &b, &err) == 1) {
 *       ... b->tensor[0].data ...
 *       hr_batch_release(b);
 *   }
 *   hr_loader_close(l);
 *
 * Order: position -> sample is a pure function of (dataset, seed, epoch, window), computed and never stored.  Rank r of w
 * takes its share of the one global order: step s of rank r is global batch s*w + r (with equal weights), so the batches
 * are bit-identical for every number of ranks, threads and after every resume.
 *
 * Thread-safety: hr_loader_next, _seek, _set_epoch and _close are for one thread at a time; hr_batch_release,
 * hr_batch_retain and hr_loader_report may be called from any thread.  A loader does not survive fork(): the child's
 * calls fail with HR_E_STATE and say so; open a new one there. */
#ifndef HEADRACE_FEED_H
#define HEADRACE_FEED_H

#include "headrace/error.h"
#include "headrace/types.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct hr_loader hr_loader;

/* One dense array of a batch.  C order, no strides. */
struct hr_tensor {
    const char *name; /* of the field, or "batch", "ptr", "<field>_ptr", "<field>_len"; lives as long as the loader */
    void *data;       /* 64-byte aligned; valid until the batch's last reference is released */
    enum hr_dtype dtype;
    int ndim;
    int64_t shape[HR_NDIM_MAX + 1];
};

/* A batch of joined samples.  References are counted: it starts with one, and its memory is used again for a later batch
 * when the last is released. */
typedef struct hr_batch {
    uint64_t epoch;
    uint64_t step;     /* of this rank, from 0 */
    uint64_t position; /* of its first sample in the epoch's global order */
    uint32_t samples;
    int tensors;
    const struct hr_tensor *tensor;
    const uint64_t *sample; /* the dataset's number of each sample, in batch order */
} hr_batch;

enum hr_tail {
    HR_TAIL_KEEP, /* the last batch may be short, ranks may differ by one batch */
    HR_TAIL_DROP, /* only whole steps: every rank gets the same number of full batches */
    HR_TAIL_PAD,  /* whole steps, filled up from the beginning of the same epoch's order */
};

enum hr_join {
    HR_JOIN_AUTO,  /* GRAPH when the dataset has an edge_index field, else STACK */
    HR_JOIN_GRAPH, /* rows concatenated; edge_index gets node offsets; adds "batch" and "ptr" (int64) */
    HR_JOIN_STACK, /* fixed fields stacked; ragged fields concatenated, with "<field>_ptr" int64 [B+1] */
    HR_JOIN_PAD,   /* ragged fields padded to the longest of the batch, with "<field>_len" int64 [B] */
};

/* What is done to values while they are copied into the batch.  `field` names a float field; `column` is an index in its
 * last dimension, or -1 for all of them.  Random ones draw from a counter-based generator keyed by (seed, epoch, sample,
 * index in the list): the same numbers whatever the thread. */
#define HR_TRANSFORMS(X)                                                                                             \
    X(MINMAX,        "minmax",        "v = (v - a) / (b - a)")                                                       \
    X(ZSCORE,        "zscore",        "v = (v - a) / b")                                                             \
    X(CLAMP,         "clamp",         "v = min(max(v, a), b)")                                                       \
    X(SINCOS,        "sincos",        "v = sin(2 pi v / a), and cos(2 pi v / a) as one more column at the end")      \
    X(SHIFT,         "shift",         "v += u, one u uniform in [a, b) per sample (time shift)")                     \
    X(NOISE,         "noise",         "v += a * n, n normal, per value (speed noise, feature noise)")                \
    X(JITTER,        "jitter",        "v += u, u uniform in [a, b) per value (position jitter)")                     \
    X(MASK,          "mask",          "each value becomes b with probability a (node feature mask)")                 \
    X(EDGE_DROP,     "edge_drop",     "each edge is left out with probability a; field is ignored")                  \
    X(NODE_DROP,     "node_drop",     "each node and its edges are left out with probability a; field is ignored")

enum hr_transform_kind {
#define HR_T_ENUM(name, text, help) HR_T_##name,
    HR_TRANSFORMS(HR_T_ENUM)
#undef HR_T_ENUM
    HR_T_COUNT
};

struct hr_transform {
    enum hr_transform_kind kind;
    const char *field; /* copied by hr_loader_open */
    int column;
    double a, b;
    bool a_from_statistics; /* take a and b from the dataset's statistics: min/max for MINMAX and CLAMP, mean/std for ZSCORE */
};

struct hr_loader_options {
    size_t size; /* sizeof(struct hr_loader_options) of the caller: newer fields keep their defaults */

    uint64_t batch_size; /* samples per rank and step; 16 */
    uint64_t max_nodes;  /* 0 = no limit: otherwise a batch ends before the sum of nodes passes it */
    uint64_t max_edges;
    bool auto_batch;     /* batch_size 16, 8 or 4 by the memory that is free at the start (> 4, > 2 GiB, else) */
    enum hr_tail tail;
    enum hr_join join;
    bool edge_rows;      /* edge_index as [E, 2] instead of [2, E] */
    const char *const *fields; /* NULL-terminated list of the fields wanted; NULL = all */

    bool shuffle;           /* true */
    uint64_t seed;
    double shuffle_quality; /* largest variance ratio wanted (1 = a full permutation); 1.10 */
    uint64_t window_chunks; /* 0 = chosen: all when the dataset fits the budget, else the smallest window that meets
                               shuffle_quality, or the largest that fits (and the report says so) */

    int rank, world;        /* -1, 0 = from torchrun, Slurm or Open MPI's environment, else 0 of 1 */
    const double *weights;  /* world of them: shares of each step for unequal GPUs; NULL = equal.  rank r gets
                               round(batch_size * world * w_r / sum) samples per step by largest remainder */

    uint64_t budget;        /* bytes that the loader may hold; 0 = a quarter of what is free (cgroup, MemAvailable) */
    uint64_t warn, act;     /* marks of the whole process's memory, bytes: warn is reported, beyond act prefetch and window
                               shrink; 0 = none */
    uint64_t cache_ttl_ns;  /* a chunk unused for so long is dropped; 0 = never */
    int threads;            /* helpers that read, verify and decompress; -1 = chosen, 0 = none: the caller does all */
    int builders;           /* helpers that build batches ahead; -1 = chosen (0 for small batches) */
    int prefetch;           /* batches built ahead by the builders; 2 */
    int slots;              /* batches that may be alive at once, held ones included; 0 = chosen from the budget */
    bool pin;               /* page-locked slots where CUDA is present; falls back with a reason in the report */
    bool guard;             /* fill released batches with 0xDB bytes (float NaN), to find users who hold on too long */
    int verify;             /* 1 = checksum on first touch of a chunk, 0 = never; 1 */

    const struct hr_transform *transforms;
    int transforms_n;
};

void hr_loader_options_init(struct hr_loader_options *o);

int hr_loader_open(const char *path, const struct hr_loader_options *o, hr_loader **ret, struct hr_error *err);
void hr_loader_close(hr_loader *l); /* accepts NULL; batches still held stay valid until they are released */

/* 1 = *ret is the next batch of this rank; 0 = the epoch is over, and the next call begins the following epoch.
 * Fails with HR_E_BUDGET when every slot is held by the caller. */
int hr_loader_next(hr_loader *l, hr_batch **ret, struct hr_error *err);
void hr_batch_retain(hr_batch *b);
void hr_batch_release(hr_batch *b); /* accepts NULL */

/* Any batch, computed directly; the loader's own position is not moved.  World 0 = the loader's own rank and world. */
int hr_loader_batch_at(hr_loader *l, uint64_t epoch, uint64_t step, int rank, int world, hr_batch **ret, struct hr_error *err);
/* The same, only the sample numbers: up to n into `sample`; *ret_n tells how many the batch has. */
int hr_loader_order_at(hr_loader *l, uint64_t epoch, uint64_t step, int rank, int world, uint64_t *sample, size_t n,
                       size_t *ret_n, struct hr_error *err);

/* Where the loader stands: small, flat, and good for any number of ranks.  hr_loader_seek takes it back in O(1). */
struct hr_state {
    uint32_t format;   /* 1 */
    uint32_t flags;    /* shuffle, kind of order */
    uint64_t dataset;  /* the store's fingerprint */
    uint64_t seed, epoch;
    uint64_t position; /* global, of the next step's first sample */
    uint64_t window;   /* chunks */
};                     /* 48 bytes */
void hr_loader_state(const hr_loader *l, struct hr_state *ret);
int hr_loader_seek(hr_loader *l, const struct hr_state *s, struct hr_error *err);
int hr_loader_set_epoch(hr_loader *l, uint64_t epoch, struct hr_error *err);
/* Steps of this rank per epoch (the epoch's current one when batches are cut by nodes and edges). */
uint64_t hr_loader_steps(const hr_loader *l);
uint64_t hr_loader_samples(const hr_loader *l); /* of the dataset */
int hr_loader_fields(const hr_loader *l);
const struct hr_field *hr_loader_field(const hr_loader *l, int i);
/* The dataset's statistics as JSON text, or NULL when it carries none.  Lives as long as the loader. */
const char *hr_loader_statistics(const hr_loader *l);

/* Where the time and the memory went since the start: JSON, or text for people.  Written into buf (terminated, cut at n);
 * returns the length that it would have, as snprintf does. */
int hr_loader_report(hr_loader *l, bool json, char *buf, size_t n);
/* The memory curve: lines "seconds,ledger_bytes,anon_bytes" with a header, to `path`. */
int hr_loader_write_curve(hr_loader *l, const char *path, struct hr_error *err);

/* --- unbounded sources: a producer pushes samples, the loader hands out batches of them, with back-pressure --- */
typedef struct hr_stream hr_stream;
struct hr_stream_value {
    const void *data; /* rows * row bytes of the field's dtype */
    uint64_t rows;    /* of the ragged dimension; 1 for fixed fields */
};
/* `fields` as a dataset's.  `capacity` samples may wait; hr_stream_push then blocks up to timeout_ns (HR_E_CANCELLED after
 * it, or when the stream is closed).  Any number of threads may push. */
int hr_stream_open(const struct hr_field *fields, int n, uint64_t capacity, const struct hr_loader_options *o,
                   hr_stream **ret, struct hr_error *err);
int hr_stream_push(hr_stream *s, const struct hr_stream_value *values, uint64_t timeout_ns, struct hr_error *err);
void hr_stream_end(hr_stream *s); /* no more pushes: next gives what is left, then 0 */
int hr_stream_next(hr_stream *s, uint64_t timeout_ns, hr_batch **ret, struct hr_error *err); /* 1, 0 = ended */
void hr_stream_close(hr_stream *s);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
