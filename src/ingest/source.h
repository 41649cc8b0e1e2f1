/* A source: samples of one format, from files, folders or a stream, cut into units that are parsed in parallel.
 *
 *     open -> schema (inferred or its own) -> bind -> { next, parse, drop }* -> close
 *
 * What must hold, so that the output does not depend on the number of threads, and a killed packing continues:
 *   I1  units come out of `next` in source order, and the samples of a unit are consecutive samples of one file;
 *   I2  samples are numbered per file from 0, bad ones included, and files as in `file`; the numbers depend on nothing
 *       but the sources;
 *   I3  how the samples are cut into units has no influence on the samples themselves.
 *
 * `next` and `drop` are called by one thread at a time; `parse` by many at once, for different units.
 *
 * How to add a format: write its struct hr_source_ops, put it into the table of source.c, and give tests/unit a file. */
#ifndef HR_SOURCE_H
#define HR_SOURCE_H

#include "block.h"
#include "file.h"

struct hr_source;

/* A piece of work. */
struct hr_unit {
    uint64_t seq;        /* the packer's own */
    uint32_t file;       /* index in hr_source.file */
    uint64_t first;      /* number in the file of its first sample */
    uint64_t begin, end; /* the source's own: bytes, or numbers of samples */
    uint64_t bytes;      /* of input that it stands for, for the progress line */
    uint64_t cost;       /* bytes of memory that `data` and a block filled by parse may take: an upper estimate, not 0 */
    void *data;          /* the source's own; freed by `drop` */
};

struct hr_source_options {
    const char *format;  /* as the user named it; "auto" was resolved to ops->name */
    uint64_t unit_bytes; /* input bytes that a unit should stand for, about; a sample larger than that is a unit of its own */
    uint64_t memory;     /* a single sample beyond this is refused with HR_E_LIMIT, naming it */
    bool float64;        /* inferred: floats become float64, not float32 */
    bool other_keys;     /* the user's schema allows keys that it does not name: they are passed over */
    void (*notice)(const char *sentence, void *arg); /* may be NULL */
    void *arg;
};

/* The public head of every source; formats put it first in their own struct. */
struct hr_source {
    const struct hr_source_ops *ops;
    char **file;      /* names as the user would recognise them; owned by the source, never moved after open */
    uint32_t files;
    uint64_t bytes;   /* of all files; 0 = not known */
    bool once;        /* cannot be read twice (standard input): no restart with a widened schema */
};

struct hr_source_ops {
    const char *name; /* "json" */
    const char *help; /* "NumPy arrays (.npy), ragged ones with NAME_offsets.npy" */
    /* How sure that this regular file is of the format: 0 = no, 100 = certain.  `head` is its first 4 KiB or less (empty
     * for "-", where only the format's own name decides). */
    int (*detect)(const char *path, struct hr_str head);
    /* `paths` are files, folders, or "-", as the user gave them. */
    int (*open)(const char *const *paths, int n, const struct hr_source_options *o, struct hr_source **ret,
                struct hr_error *err);
    /* Fields, dtypes, shapes, roles where the format knows them (HR_ROLE_NONE elsewhere: the packer guesses the rest). */
    int (*schema)(struct hr_source *s, struct hr_schema *ret, struct hr_error *err);
    /* Called before the first `next` with the schema that parse will fill: the one from `schema` with roles put in, a widened
     * one, or the user's (which then may name fewer fields than there are, in another order, with other dtypes).
     * Fails when the source has no such field.  Also takes the source back to its beginning, so it may be called again;
     * when `once`, this must be possible until its second unit has been taken. `schema` outlives the source. */
    int (*bind)(struct hr_source *s, const struct hr_schema *schema, struct hr_error *err);
    /* 1 = *ret is the next unit, 0 = there are no more. */
    int (*next)(struct hr_source *s, struct hr_unit *ret, struct hr_error *err);
    /* All samples of the unit into `b` (made for the bound schema, empty).  Bad samples go into the block; a negative code
     * is for what ends the packing (I/O, memory). */
    int (*parse)(struct hr_source *s, const struct hr_unit *u, struct hr_block *b, struct hr_error *err);
    /* Frees u->data, when it is not NULL.  The op may be NULL. */
    void (*drop)(struct hr_source *s, struct hr_unit *u);
    void (*close)(struct hr_source *s); /* accepts a half-built one */
};

/* All formats of this build, ended by NULL. */
extern const struct hr_source_ops *const hr_sources[];
extern const struct hr_source_ops hr_source_json;
extern const struct hr_source_ops hr_source_npy;
extern const struct hr_source_ops hr_source_npz;
extern const struct hr_source_ops hr_source_hdf5;
extern const struct hr_source_ops hr_source_fcd;
extern const struct hr_source_ops hr_source_files_ops;

/* The format called `name`, or with "auto" the one that fits every path best.  HR_E_UNSUPPORTED names the formats there are;
 * mixed formats are HR_E_INVALID and both files are named. */
int hr_source_pick(const char *name, const char *const *paths, int n, const struct hr_source_ops **ret,
                   struct hr_error *err) HR_MUST_USE;
void hr_source_close(struct hr_source *s); /* accepts NULL */

/* What our exporter writes beside a folder of arrays: roles, and which bytes are text.  No sample. */
#define HR_NOTES_NAME "headrace.schema.json"

/* The regular files that the paths stand for: files as they are; folders with everything below them, in bytewise order of
 * the path, without hidden names and HR_NOTES_NAME.  `want` (may be NULL) tells which to take. */
int hr_source_files(const char *const *paths, int n, bool (*want)(const char *path, void *arg), void *arg,
                    struct hr_names *ret, struct hr_error *err) HR_MUST_USE;

#endif
