/* Writes a made-up dataset, the same for the same options: for tests of other readers, of the loader, and for the
 * benchmarks.
 *
 *   mkstore OUT [--kind graph|all] [--samples N] [--chunk-samples N | --chunk-bytes SIZE] [--narrow]
 *           [--codec none|lz4|zstd] [--seed N] [--parts N]
 *
 * OUT is one file; with --parts it is a folder of so many, with its manifest, the samples shared out evenly.
 *
 * graph: N = 20 to 60 nodes, `x` [N, 9] float32, role node; E = 120 to 280 edges, `edge_index` [2, E] int64 and `edge_attr`
 *        [E, 4] float32; `y` [8] float32, role label.  --narrow stores edge_index as uint8.
 * all:   every dtype and every kind of shape (tests/unit/store_make.h). */
#include "buf.h"
#include "codec.h"
#include "file.h"
#include "manifest.h"
#include "parse.h"
#include "store_make.h"

#include <stdio.h>

struct options {
    const char *out;
    bool all, narrow;
    uint64_t samples, chunk_samples, chunk_bytes, seed, parts;
    int codec;
};

static int usage(const char *what)
{
    fprintf(stderr, "mkstore: %s\n", what);
    return 2;
}

static int option(const char *name, const char *value, struct options *o)
{
    struct hr_str v = hr_str(value);
    if (strcmp(name, "--samples") == 0)
        return hr_parse_u64(v, &o->samples, NULL);
    if (strcmp(name, "--chunk-samples") == 0)
        return hr_parse_u64(v, &o->chunk_samples, NULL);
    if (strcmp(name, "--parts") == 0)
        return hr_parse_u64(v, &o->parts, NULL);
    if (strcmp(name, "--chunk-bytes") == 0)
        return hr_parse_size(v, &o->chunk_bytes, NULL);
    if (strcmp(name, "--seed") == 0)
        return hr_parse_u64(v, &o->seed, NULL);
    if (strcmp(name, "--codec") == 0)
        return o->codec = hr_codec_of(value);
    if (strcmp(name, "--kind") == 0) {
        o->all = strcmp(value, "all") == 0;
        return o->all || strcmp(value, "graph") == 0 ? 0 : -1;
    }
    return -1;
}

static struct hr_field field(const char *name, enum hr_dtype dtype, enum hr_role role, int ndim, int64_t a, int64_t b)
{
    struct hr_field f = { .dtype = dtype, .stored = dtype, .role = role, .ndim = ndim, .shape = { a, b } };
    snprintf(f.name, sizeof f.name, "%s", name);
    return f;
}

/* One chunk of graphs: the columns grow as they are filled. */
struct graphs {
    struct hr_buf values[4];
    int32_t *offsets[3];
};

static uint32_t nodes_of(const struct options *o, uint64_t i)
{
    return 20 + (uint32_t)(hr_rng_u64(o->seed, 4 * i) % 41);
}

static uint32_t edges_of(const struct options *o, uint64_t i)
{
    return 120 + (uint32_t)(hr_rng_u64(o->seed, 4 * i + 1) % 161);
}

static bool add_floats(struct hr_buf *b, uint64_t key, uint32_t n)
{
    float *to = (float *)(void *)hr_buf_reserve(b, n * sizeof *to);
    if (to == NULL)
        return false;
    for (uint32_t k = 0; k < n; k++)
        to[k] = (float)(hr_rng_unit(key, k) * 2 - 1);
    hr_buf_commit(b, n * sizeof *to);
    return true;
}

static bool add_indices(struct hr_buf *b, uint64_t key, uint32_t n, uint32_t nodes, bool narrow)
{
    for (uint32_t k = 0; k < n; k++) {
        uint64_t v = hr_rng_u64(key, k) % nodes;
        if (!hr_buf_add(b, &v, narrow ? 1 : 8))
            return false;
    }
    return true;
}

static bool graphs_fill(const struct options *o, uint64_t first, uint32_t n, struct graphs *g)
{
    int32_t nodes = 0, edges = 0;
    bool ok = true;
    for (int f = 0; f < 4; f++)
        hr_buf_reset(&g->values[f]);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t at = first + i;
        uint32_t vn = nodes_of(o, at), en = edges_of(o, at);
        ok &= add_floats(&g->values[0], hr_rng_key(o->seed, at, 0, 0), vn * 9);
        ok &= add_indices(&g->values[1], hr_rng_key(o->seed, at, 1, 0), en, vn, o->narrow);
        ok &= add_indices(&g->values[1], hr_rng_key(o->seed, at, 1, 1), en, vn, o->narrow);
        ok &= add_floats(&g->values[2], hr_rng_key(o->seed, at, 2, 0), en * 4);
        ok &= add_floats(&g->values[3], hr_rng_key(o->seed, at, 3, 0), 8);
        g->offsets[0][i + 1] = nodes += (int32_t)vn;
        g->offsets[1][2 * i + 1] = 2 * edges + (int32_t)en;
        g->offsets[1][2 * i + 2] = 2 * (edges + (int32_t)en);
        g->offsets[2][i + 1] = edges += (int32_t)en;
    }
    return ok;
}

/* Samples per chunk that come closest to the wanted bytes, from the mean sample. */
static uint32_t chunk_samples(const struct options *o)
{
    uint64_t sample = 40 * 36 + 200 * (o->narrow ? 2 : 16) + 200 * 16 + 32 + 16;
    uint64_t n = o->chunk_samples != 0 ? o->chunk_samples : HR_MAX(o->chunk_bytes / sample, UINT64_C(1));
    return (uint32_t)HR_MIN(n, (uint64_t)INT32_MAX / 1024);
}

/* Samples first .. end - 1 into one file. */
static int write_graphs(const struct options *o, const char *path, uint64_t first, uint64_t end, struct hr_error *err)
{
    struct hr_field f[] = { field("x", HR_F32, HR_ROLE_NODE, 2, -1, 9), field("edge_index", HR_I64, HR_ROLE_EDGE_INDEX, 2, 2, -1),
                            field("edge_attr", HR_F32, HR_ROLE_EDGE, 2, -1, 4), field("y", HR_F32, HR_ROLE_LABEL, 1, 8, 0) };
    if (o->narrow)
        f[1].stored = HR_U8;
    const struct hr_schema schema = { 4, f };
    const struct hr_writer_options wo = { .codec = (enum hr_codec)o->codec, .chunk_samples = chunk_samples(o) };
    struct graphs g;
    struct hr_writer *w = NULL;
    for (int i = 0; i < 4; i++)
        g.values[i] = HR_BUF_INIT((size_t)1 << 32);
    for (int i = 0; i < 3; i++)
        g.offsets[i] = hr_calloc(2 * (size_t)wo.chunk_samples + 1, sizeof *g.offsets[i]);
    int r = hr_writer_create(path, &schema, &wo, &w, err);
    for (uint64_t i = first; r == 0 && i < end; i += wo.chunk_samples) {
        uint32_t n = (uint32_t)HR_MIN(end - i, (uint64_t)wo.chunk_samples);
        struct hr_column col[4];
        if (!graphs_fill(o, i, n, &g))
            r = hr_fail_nomem(err, 0, "a chunk");
        for (int k = 0; k < 4; k++)
            col[k] = (struct hr_column){ (const uint8_t *)g.values[k].data, k < 3 ? g.offsets[k] : NULL, g.values[k].len };
        if (r == 0)
            r = hr_writer_append(w, &(struct hr_chunk){ n, col }, err);
    }
    if (r == 0)
        r = hr_writer_finish(w, err);
    hr_writer_destroy(w, false);
    for (int i = 0; i < 4; i++)
        hr_buf_fini(&g.values[i]);
    for (int i = 0; i < 3; i++)
        hr_free(g.offsets[i]);
    return r;
}

static int write_all(const struct options *o, const char *path, uint64_t first, uint64_t end, struct hr_error *err)
{
    struct hr_field f[MAKE_ALL];
    struct hr_schema schema;
    make_all(f, &schema);
    const struct hr_writer_options wo = { .codec = (enum hr_codec)o->codec,
                                          .chunk_samples = o->chunk_samples != 0 ? (uint32_t)o->chunk_samples : 10 };
    return make_store(path, &schema, first, end - first, &wo, err);
}

static int write_file(const struct options *o, const char *path, uint64_t first, uint64_t end, struct hr_error *err)
{
    return o->all ? write_all(o, path, first, end, err) : write_graphs(o, path, first, end, err);
}

static int write_folder(const struct options *o, struct hr_error *err)
{
    int r = hr_mkdir(o->out, true, err);
    for (uint64_t p = 0; r == 0 && p < o->parts; p++) {
        char name[32];
        snprintf(name, sizeof name, "part-%05llu.arrow", (unsigned long long)p);
        HR_CLEANUP(hr_freep) char *path = hr_join(o->out, name);
        if (path == NULL)
            return hr_fail_nomem(err, strlen(o->out), "a file's name");
        r = write_file(o, path, o->samples * p / o->parts, o->samples * (p + 1) / o->parts, err);
    }
    return r == 0 ? hr_manifest_write(o->out, "{\"by\": \"mkstore\"}", err) : r;
}

int main(int argc, char **argv)
{
    struct options o = { .samples = 2000, .chunk_bytes = 256 << 10, .seed = 1 };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--narrow") == 0)
            o.narrow = true;
        else if (strncmp(argv[i], "--", 2) != 0 && o.out == NULL)
            o.out = argv[i];
        else if (i + 1 >= argc || option(argv[i], argv[i + 1], &o) < 0)
            return usage(argv[i]);
        else
            i++;
    }
    if (o.out == NULL)
        return usage("give the name of the file to write");
    struct hr_error err = HR_ERROR_INIT;
    int r = o.parts != 0 ? write_folder(&o, &err) : write_file(&o, o.out, 0, o.samples, &err);
    if (r < 0)
        fprintf(stderr, "mkstore: %s\n", err.text);
    return r < 0;
}
