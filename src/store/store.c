#include "store.h"

#include "arrow.h"
#include "codec.h"
#include "file.h"
#include "hash.h"
#include "manifest.h"
#include "mem.h"
#include "num.h"
#include "part.h"
#include "rng.h"
#include "view.h"

#include <string.h>

void hr_store_close(struct hr_store *s)
{
    if (s == NULL)
        return;
    for (uint32_t i = 0; i < s->parts; i++)
        hr_part_close(&s->part[i]);
    hr_coder_pool_destroy(s->coders);
    hr_schema_fini(&s->schema);
    hr_free(s->layout);
    hr_free(s->chunk);
    hr_free(s->part);
    hr_free(s->statistics);
    hr_free(s->path);
    hr_free(s);
}

static void store_closep(struct hr_store **s)
{
    hr_store_close(*s);
}

/* Takes the first part's facts as the dataset's. */
static int adopt_first(struct hr_store *s, struct hr_part_file *f, struct hr_error *err)
{
    s->schema = f->schema;
    f->schema = (struct hr_schema){ 0, NULL };
    s->chunk_samples = f->chunk_samples;
    s->codec = f->codec;
    s->sums = f->sums;
    s->layout = hr_reallocarray(NULL, (size_t)s->schema.n, sizeof *s->layout);
    if (s->layout == NULL)
        return hr_fail_nomem(err, (size_t)s->schema.n * sizeof *s->layout, "a dataset's layout");
    for (int i = 0; i < s->schema.n; i++)
        s->layout[i] = hr_layout_of(&s->schema.field[i]);
    return s->codec == HR_CODEC_NONE ? 0 : hr_coder_pool_create(s->codec, &s->coders, err);
}

static int agree(const struct hr_store *s, const struct hr_part_file *f, struct hr_error *err)
{
    const char *what = NULL;
    if (!hr_schema_same(&s->schema, &f->schema))
        what = "schema";
    else if (s->chunk_samples != f->chunk_samples)
        what = "number of samples per chunk";
    else if (s->codec != f->codec || s->sums != f->sums)
        what = "compression or kind of checksums";
    if (what == NULL)
        return 0;
    return hr_fail(err, HR_E_FORMAT, "'%s' has another %s than '%s', so they are not parts of one dataset", f->part.path, what,
                   s->part[0].path);
}

static int append_chunks(struct hr_store *s, struct hr_part_file *f, struct hr_error *err)
{
    if (f->part.chunks > UINT32_MAX - s->chunks)
        return hr_fail(err, HR_E_LIMIT, "'%s' has more than %u chunks; pack with larger ones", s->path, UINT32_MAX);
    if (s->chunk == NULL) {
        s->chunk = HR_TAKE(f->chunk);
    } else {
        struct hr_chunk_ref *all = hr_reallocarray(s->chunk, (size_t)s->chunks + f->part.chunks + 1, sizeof *all);
        if (all == NULL)
            return hr_fail_nomem(err, f->part.chunks * sizeof *all, "the list of chunks");
        s->chunk = all;
        memcpy(all + s->chunks, f->chunk, f->part.chunks * sizeof *all);
    }
    for (struct hr_chunk_ref *c = s->chunk + s->chunks; c < s->chunk + s->chunks + f->part.chunks; c++) {
        c->first += s->samples;
        c->part = s->parts;
        s->body_max = HR_MAX(s->body_max, c->meta + c->body);
    }
    return 0;
}

/* s->part has room for one more. */
static int add_part(struct hr_store *s, const char *path, struct hr_error *err)
{
    HR_CLEANUP(hr_part_fini) struct hr_part_file f = { .part.fd = -1 };
    int r = hr_part_open(path, &f, err);
    if (r == 0)
        r = s->parts == 0 ? adopt_first(s, &f, err) : agree(s, &f, err);
    if (r == 0)
        r = append_chunks(s, &f, err);
    if (r < 0)
        return r;
    f.part.first = s->samples;
    f.part.chunk0 = s->chunks;
    s->part[s->parts++] = f.part;
    s->samples += f.part.samples;
    s->chunks += f.part.chunks;
    s->bytes += f.part.bytes;
    s->scratch = HR_MAX(s->scratch, f.scratch);
    if (s->parts == 1)
        s->statistics = HR_TAKE(f.statistics);
    f.part = (struct hr_part){ .fd = -1 };
    return 0;
}

/* A fingerprint that differs when schema, sizes or contents differ.  It mixes the recorded sums, so builds with and
 * without libxxhash agree on it. */
static uint64_t mix_bytes(uint64_t h, const void *p, size_t n)
{
    uint64_t v;
    for (; n >= sizeof v; p = (const char *)p + sizeof v, n -= sizeof v) {
        memcpy(&v, p, sizeof v);
        h = hr_mix64(h ^ v) + n;
    }
    v = 0;
    memcpy(&v, p, n);
    return hr_mix64(h ^ v) + n;
}

static uint64_t fingerprint(const struct hr_store *s)
{
    uint64_t h = hr_mix64(s->samples ^ (uint64_t)s->chunk_samples << 40);
    for (int i = 0; i < s->schema.n; i++) {
        const struct hr_field *f = &s->schema.field[i];
        h = mix_bytes(h, f->name, strlen(f->name));
        h = hr_mix64(h ^ ((uint64_t)f->dtype | (uint64_t)f->stored << 8 | (uint64_t)f->role << 16 | (uint64_t)f->ndim << 24));
        h = mix_bytes(h, f->shape, (size_t)f->ndim * sizeof f->shape[0]);
    }
    for (uint32_t c = 0; c < s->chunks; c++)
        h = hr_mix64(h ^ s->chunk[c].sum ^ s->chunk[c].body << 1);
    return h;
}

static int store_alloc(const char *path, uint32_t parts, struct hr_store **ret, struct hr_error *err)
{
    struct hr_store *s = hr_calloc(1, sizeof *s);
    if (s == NULL)
        return hr_fail_nomem(err, sizeof *s, "a dataset");
    s->path = hr_strdup(path);
    s->part = hr_calloc(parts, sizeof *s->part);
    if (s->path == NULL || s->part == NULL) {
        hr_store_close(s);
        return hr_fail_nomem(err, parts * sizeof *s->part, "a dataset");
    }
    *ret = s;
    return 0;
}

/* What the manifest says of a part must be what the part says of itself. */
static int part_compare(const struct hr_part *p, const struct hr_manifest_part *m, struct hr_error *err)
{
    if (p->samples != m->samples || p->chunks != m->chunks || p->bytes != m->bytes || p->footer_sum != m->footer_sum)
        return hr_fail(err, HR_E_CORRUPT,
                       "'%s' is not the part that the manifest names: it was replaced or damaged; restore it, or pack again",
                       p->path);
    return 0;
}

static int open_folder(const char *path, struct hr_store **ret, struct hr_error *err)
{
    HR_CLEANUP(store_closep) struct hr_store *s = NULL;
    HR_CLEANUP(hr_manifest_fini) struct hr_manifest m = { 0 };
    int r = hr_manifest_load(path, &m, err);
    if (r == 0)
        r = store_alloc(path, m.parts, &s, err);
    for (uint32_t i = 0; r == 0 && i < m.parts; i++) {
        HR_CLEANUP(hr_freep) char *name = hr_join(path, m.part[i].name);
        if (name == NULL)
            return hr_fail_nomem(err, strlen(path), "a file's name");
        r = add_part(s, name, err);
        if (r == 0)
            r = part_compare(&s->part[i], &m.part[i], err);
    }
    if (r == 0 && (m.samples != s->samples || m.chunk_samples != s->chunk_samples || !hr_schema_same(&m.schema, &s->schema)))
        r = hr_fail(err, HR_E_CORRUPT, "'%s': the manifest and the parts contradict each other", path);
    if (r < 0)
        return r;
    if (m.statistics != NULL) {
        hr_free(s->statistics);
        s->statistics = HR_TAKE(m.statistics);
    }
    *ret = HR_TAKE(s);
    return 0;
}

static int open_file(const char *path, struct hr_store **ret, struct hr_error *err)
{
    HR_CLEANUP(store_closep) struct hr_store *s = NULL;
    int r = store_alloc(path, 1, &s, err);
    if (r == 0)
        r = add_part(s, path, err);
    if (r == 0)
        *ret = HR_TAKE(s);
    return r;
}

int hr_store_open(const char *path, struct hr_store **ret, struct hr_error *err)
{
    struct hr_store *s = NULL;
    int r = hr_path_kind(path) == HR_KIND_DIR ? open_folder(path, &s, err) : open_file(path, &s, err);
    if (r < 0)
        return r;
    s->sums &= hr_hash_available();
    s->id = fingerprint(s);
    *ret = s;
    return 0;
}

uint32_t hr_store_chunk_of(const struct hr_store *s, uint64_t sample)
{
    uint32_t low = 0, high = s->parts; /* part[low] begins at or before the sample, part[high] after it */
    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;
        if (s->part[mid].first <= sample)
            low = mid;
        else
            high = mid;
    }
    const struct hr_part *p = &s->part[low];
    return p->chunk0 + (uint32_t)((sample - p->first) / s->chunk_samples);
}

/* Puts before a sentence which chunk of which file is meant. */
static int chunk_fail(const struct hr_store *s, uint32_t c, int code, struct hr_error *err)
{
    const struct hr_chunk_ref *k = &s->chunk[c];
    return hr_fail_prefix(err, code, "'%s': chunk %u (samples %llu to %llu, at byte %llu)", s->part[k->part].path,
                          c - s->part[k->part].chunk0, (unsigned long long)k->first,
                          (unsigned long long)(k->first + k->n - 1), (unsigned long long)k->off);
}

int hr_store_view(const struct hr_store *s, uint32_t c, const void *block, void *scratch, bool deep, struct hr_chunk *ret,
                  struct hr_error *err)
{
    const struct hr_chunk_ref *k = &s->chunk[c];
    struct hr_view v = { .schema = &s->schema, .layout = s->layout, .codec = s->codec, .scratch = scratch,
                         .scratch_bytes = s->scratch, .deep = deep };
    struct hr_arrow_batch b;
    int r = hr_arrow_get_batch(block, k->meta, &b, err);
    if (r < 0)
        return chunk_fail(s, c, r == HR_E_FORMAT ? HR_E_CORRUPT : r, err);
    if (b.n != k->n || b.body != k->body) {
        r = hr_fail(err, HR_E_CORRUPT, "its head gives it %llu samples and %llu bytes, the footer %u and %llu",
                    (unsigned long long)b.n, (unsigned long long)b.body, k->n, (unsigned long long)k->body);
        return chunk_fail(s, c, r, err);
    }
    if (s->codec != HR_CODEC_NONE) {
        if (scratch == NULL)
            return hr_fail(err, HR_E_INVALID, "'%s' is compressed: viewing a chunk takes %llu bytes of scratch", s->path,
                           (unsigned long long)s->scratch);
        r = hr_coder_borrow(s->coders, &v.coder, err);
        if (r < 0)
            return r;
    }
    r = hr_view_batch(&v, &b, (const uint8_t *)block + k->meta, ret, NULL, err);
    if (v.coder != NULL)
        hr_coder_return(s->coders, v.coder);
    return r < 0 ? chunk_fail(s, c, r, err) : 0;
}

uint64_t hr_store_scratch(const struct hr_store *s)
{
    return s->codec == HR_CODEC_NONE ? 0 : s->scratch;
}

const void *hr_store_block(const struct hr_store *s, uint32_t c)
{
    const struct hr_chunk_ref *k = &s->chunk[c];
    return (const char *)s->part[k->part].map.p + k->off;
}

int hr_store_read(const struct hr_store *s, uint32_t c, void *to, struct hr_error *err)
{
    const struct hr_chunk_ref *k = &s->chunk[c];
    const struct hr_part *p = &s->part[k->part];
    return hr_pread_all(p->fd, to, k->meta + k->body, k->off, p->path, err);
}

int hr_store_check(const struct hr_store *s, uint32_t c, const void *block, struct hr_error *err)
{
    const struct hr_chunk_ref *k = &s->chunk[c];
    if (!s->sums)
        return 1;
    uint64_t got = hr_hash(block, k->meta + k->body);
    if (got == k->sum)
        return 0;
    int r = hr_fail(err, HR_E_CORRUPT,
                    "the bytes are damaged: their checksum is %016llx, recorded is %016llx; restore the file from a copy or "
                    "pack again",
                    (unsigned long long)got, (unsigned long long)k->sum);
    return chunk_fail(s, c, r, err);
}
