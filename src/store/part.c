#include "part.h"

#include "arrow.h"
#include "codec.h"
#include "file.h"
#include "hash.h"
#include "hex.h"
#include "keys.h"
#include "mem.h"
#include "num.h"
#include "parse.h"

#include <fcntl.h>
#include <string.h>

void hr_part_close(struct hr_part *p)
{
    hr_unmap(&p->map);
    hr_close(p->fd);
    hr_free(p->path);
    p->path = NULL;
    p->fd = -1;
}

void hr_part_fini(struct hr_part_file *p)
{
    hr_part_close(&p->part);
    hr_schema_fini(&p->schema);
    hr_free(p->chunk);
    hr_free(p->statistics);
    *p = (struct hr_part_file){ .part.fd = -1 };
}

/* The footer's bytes, and where in the file they begin. */
struct footer_bytes {
    uint8_t *p;
    uint32_t n;
    uint64_t at;
};

static int footer_load(const struct hr_part *part, struct footer_bytes *ret, struct hr_error *err)
{
    char head[8] = "", tail[HR_TAIL] = "";
    int r = 0;
    bool arrow = part->bytes >= sizeof head + HR_EOS + HR_TAIL;
    if (arrow)
        r = hr_pread_all(part->fd, head, sizeof head, 0, part->path, err);
    if (r == 0 && arrow)
        r = hr_pread_all(part->fd, tail, sizeof tail, part->bytes - HR_TAIL, part->path, err);
    if (r < 0)
        return r;
    if (!arrow || memcmp(head, HR_ARROW_MAGIC "\0", sizeof head) != 0)
        return hr_fail(err, HR_E_FORMAT, "'%s' is not an Arrow file: it does not begin as one", part->path);
    if (memcmp(tail + 4, HR_ARROW_MAGIC, 6) != 0)
        return hr_fail(err, HR_E_FORMAT, "'%s' does not end as an Arrow file: it is cut off or damaged", part->path);
    int32_t n = hr_fb_i32((const uint8_t *)tail);
    uint64_t room = part->bytes - HR_TAIL - HR_EOS - sizeof head;
    if (n < 8 || (uint64_t)n > room)
        return hr_fail(err, HR_E_CORRUPT, "'%s' gives its footer %d bytes, which cannot be", part->path, n);
    uint64_t at = part->bytes - HR_TAIL - (uint64_t)n;
    /* The end-of-stream mark before the footer is read along: no checksum covers it. */
    uint8_t *p = hr_malloc((size_t)n + HR_EOS);
    if (p == NULL)
        return hr_fail_nomem(err, (size_t)n, "a file's footer");
    r = hr_pread_all(part->fd, p, (size_t)n + HR_EOS, at - HR_EOS, part->path, err);
    static const uint8_t eos[HR_EOS] = { 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0 };
    if (r == 0 && memcmp(p, eos, HR_EOS) != 0)
        r = hr_fail(err, HR_E_CORRUPT, "'%s' lacks the end-of-stream mark before its footer", part->path);
    if (r < 0) {
        hr_free(p);
        return r;
    }
    *ret = (struct footer_bytes){ p, (uint32_t)n, at };
    return 0;
}

/* Compares the footer to the sum that it carries, which is of the footer with zeros in that place. */
static int footer_check(struct hr_part_file *f, struct footer_bytes *fb, struct hr_str sum, struct hr_error *err)
{
    uint64_t want;
    if (!hr_hash_available())
        return 0;
    if (sum.n != HR_HEX || !hr_hex_get(sum.p, &want))
        return hr_fail(err, HR_E_CORRUPT, "'%s': the metadata key %s is missing or malformed", f->part.path, HR_KEY_FOOTER_SUM);
    memset((char *)(uintptr_t)sum.p, '0', HR_HEX);
    uint64_t got = hr_hash(fb->p + HR_EOS, fb->n);
    hr_hex_put(want, (char *)(uintptr_t)sum.p);
    if (got != want)
        return hr_fail(err, HR_E_CORRUPT, "'%s' has a damaged footer: its checksum is %016llx, not %016llx", f->part.path,
                       (unsigned long long)got, (unsigned long long)want);
    f->part.footer_sum = want;
    return 0;
}

static bool number_of(const struct hr_fb_vec *kv, const char *key, uint64_t top, uint64_t *ret)
{
    struct hr_str text;
    uint64_t v;
    if (!hr_arrow_get_kv(kv, key, &text) || text.p == NULL || hr_parse_u64(text, &v, NULL) < 0 || v > top)
        return false;
    *ret = v;
    return true;
}

static int schema_kv_read(struct hr_part_file *f, const struct hr_fb *schema, struct hr_error *err)
{
    struct hr_fb_vec kv;
    struct hr_str version, codec;
    uint64_t chunk_samples = 0;
    if (!hr_arrow_schema_kv(schema, &kv) || !hr_arrow_get_kv(&kv, HR_KEY_VERSION, &version) ||
        !hr_arrow_get_kv(&kv, HR_KEY_CODEC, &codec))
        return hr_fail(err, HR_E_CORRUPT, "'%s': the schema's metadata is malformed", f->part.path);
    if (version.p == NULL)
        return hr_fail(err, HR_E_FORMAT, "'%s' is an Arrow file, but not a dataset of headrace; pack its source again", f->part.path);
    if (!hr_str_is(version, HR_FORMAT_VERSION))
        return hr_fail(err, HR_E_UNSUPPORTED, "'%s' is of format version %.*s; this headrace reads version %s", f->part.path,
                       HR_STR_ARG(version), HR_FORMAT_VERSION);
    int c = codec.p == NULL ? -1 : hr_codec_of(codec.p);
    if (c < 0 || !number_of(&kv, HR_KEY_CHUNK_SAMPLES, UINT32_MAX, &chunk_samples) || chunk_samples == 0)
        return hr_fail(err, HR_E_FORMAT, "'%s': %s or %s is missing or unknown", f->part.path, HR_KEY_CODEC, HR_KEY_CHUNK_SAMPLES);
    f->codec = (enum hr_codec)c;
    f->chunk_samples = (uint32_t)chunk_samples;
    return 0;
}

/* The list of blocks: they follow each other without a gap, from the head to the end-of-stream mark (so that every byte of
 * the file belongs to exactly one of them), and hold as many samples as I1 of store.h says. */
static int blocks_read(struct hr_part_file *f, const struct hr_fb_vec *blocks, struct hr_str sums, uint64_t end, struct hr_error *err)
{
    uint64_t off = end, left = f->part.samples;
    struct hr_arrow_block b;
    if (blocks->n > 0) {
        memcpy(&b, hr_fb_vec_at(blocks, 0), sizeof b);
        off = (uint64_t)b.offset;
    }
    if (off % HR_ARROW_ALIGN != 0 || off < 16 || off > end)
        return hr_fail(err, HR_E_CORRUPT, "'%s': the first chunk begins at byte %llu, which cannot be", f->part.path,
                       (unsigned long long)off);
    f->part.head = off;
    bool ok = true;
    for (uint32_t i = 0; i < blocks->n; i++) {
        memcpy(&b, hr_fb_vec_at(blocks, i), sizeof b);
        ok &= (uint64_t)b.offset == off && b.meta > 0 && b.body >= 0 && b.pad == 0 && b.meta % HR_ARROW_ALIGN == 0 &&
              b.body % HR_ARROW_ALIGN == 0 && hr_range_ok(off, (uint64_t)(uint32_t)b.meta, end) &&
              hr_range_ok(off + (uint64_t)(uint32_t)b.meta, (uint64_t)b.body, end) && left != 0;
        if (!ok)
            break;
        struct hr_chunk_ref *c = &f->chunk[i];
        *c = (struct hr_chunk_ref){ .first = f->part.samples - left, .n = (uint32_t)HR_MIN(left, (uint64_t)f->chunk_samples),
                                    .off = off, .meta = (uint32_t)b.meta, .body = (uint64_t)b.body };
        ok &= !f->sums || hr_hex_get(sums.p + (size_t)i * HR_HEX, &c->sum);
        off += c->meta + c->body;
        left -= c->n;
    }
    if (!ok || off != end || left != 0)
        return hr_fail(err, HR_E_CORRUPT, "'%s': the list of chunks in the footer does not fit the file", f->part.path);
    return 0;
}

static int footer_kv_read(struct hr_part_file *f, const struct hr_arrow_footer *footer, uint64_t end, struct hr_error *err)
{
    struct hr_str sums, head_sum, statistics;
    uint64_t chunks = footer->blocks.n;
    if (!number_of(&footer->kv, HR_KEY_SAMPLES, INT64_MAX, &f->part.samples) ||
        !number_of(&footer->kv, HR_KEY_SCRATCH, INT64_MAX, &f->scratch) || !hr_arrow_get_kv(&footer->kv, HR_KEY_SUMS, &sums) ||
        !hr_arrow_get_kv(&footer->kv, HR_KEY_HEAD_SUM, &head_sum) ||
        !hr_arrow_get_kv(&footer->kv, HR_KEY_STATISTICS, &statistics))
        return hr_fail(err, HR_E_CORRUPT, "'%s': the footer's metadata is malformed", f->part.path);
    f->sums = sums.p != NULL;
    if (f->sums && (sums.n != chunks * HR_HEX || head_sum.n != HR_HEX || !hr_hex_get(head_sum.p, &f->part.head_sum)))
        return hr_fail(err, HR_E_CORRUPT, "'%s': the checksums in the footer are not one for each of the %llu chunks",
                       f->part.path, (unsigned long long)chunks);
    f->chunk = hr_reallocarray(NULL, chunks + 1, sizeof *f->chunk);
    if (f->chunk == NULL)
        return hr_fail_nomem(err, chunks * sizeof *f->chunk, "the list of chunks");
    f->part.chunks = (uint32_t)chunks;
    int r = blocks_read(f, &footer->blocks, sums, end, err);
    if (r == 0 && statistics.p != NULL && (f->statistics = hr_strdup(statistics.p)) == NULL)
        r = hr_fail_nomem(err, statistics.n, "a dataset's statistics");
    return r;
}

static int footer_read(struct hr_part_file *f, struct hr_error *err)
{
    struct footer_bytes fb = { NULL, 0, 0 };
    struct hr_arrow_footer footer;
    struct hr_str sum = { NULL, 0 };
    int r = footer_load(&f->part, &fb, err);
    if (r < 0)
        return r;
    HR_CLEANUP(hr_freep) uint8_t *bytes = fb.p;
    r = hr_arrow_get_footer(bytes + HR_EOS, fb.n, &footer, err);
    if (r < 0)
        return hr_fail_prefix(err, r, "'%s'", f->part.path);
    if (!hr_arrow_get_kv(&footer.kv, HR_KEY_FOOTER_SUM, &sum))
        return hr_fail(err, HR_E_CORRUPT, "'%s': the footer's metadata is malformed", f->part.path);
    r = schema_kv_read(f, &footer.schema, err);
    if (r == 0 && sum.p != NULL)
        r = footer_check(f, &fb, sum, err);
    if (r < 0)
        return r;
    r = hr_arrow_get_schema(&footer.schema, &f->schema, err);
    if (r < 0)
        return hr_fail_prefix(err, r, "'%s'", f->part.path);
    r = footer_kv_read(f, &footer, fb.at - HR_EOS, err);
    if (r == 0 && f->sums != (sum.p != NULL))
        r = hr_fail(err, HR_E_CORRUPT, "'%s' carries some checksums but not all", f->part.path);
    return r;
}

int hr_part_open(const char *path, struct hr_part_file *ret, struct hr_error *err)
{
    HR_CLEANUP(hr_part_fini) struct hr_part_file f = { .part.fd = -1 };
    f.part.path = hr_strdup(path);
    if (f.part.path == NULL)
        return hr_fail_nomem(err, strlen(path), "a file's name");
    int r = hr_open(path, O_RDONLY, 0, &f.part.fd, err);
    if (r == 0)
        r = hr_file_size(f.part.fd, path, &f.part.bytes, err);
    if (r == 0)
        r = footer_read(&f, err);
    if (r == 0)
        r = hr_map_file(f.part.fd, path, &f.part.map, err);
    if (r == 0 && f.part.map.n != f.part.bytes)
        r = hr_fail(err, HR_E_CORRUPT, "'%s' changed its size while it was opened", path);
    if (r < 0)
        return r;
    *ret = f;
    f = (struct hr_part_file){ .part.fd = -1 };
    return 0;
}
