#include "manifest.h"

#include "codec.h"
#include "file.h"
#include "hash.h"
#include "hex.h"
#include "json_small.h"
#include "mem.h"
#include "part.h"
#include "schema_json.h"

#include <stdio.h>
#include <string.h>

enum { MANIFEST_MAX = 64 << 20, STATISTICS_MAX = 256 << 20 };
#define FORMAT_NAME "headrace-dataset"
#define SUM_KEY "\"sum\": \""

void hr_manifest_fini(struct hr_manifest *m)
{
    hr_schema_fini(&m->schema);
    hr_free(m->part);
    hr_free(m->statistics);
    *m = (struct hr_manifest){ 0 };
}

/* --- reading --- */

static int hex_of(const struct hr_js *o, const char *key, uint64_t *ret, struct hr_error *err)
{
    const struct hr_js *v = NULL;
    int r = hr_js_want(o, key, HR_JS_STRING, &v, err);
    if (r == 0 && (v->text.n != HR_HEX || !hr_hex_get(v->text.p, ret)))
        r = hr_js_fail(v, err, "'%s' must be a checksum of %d lower-case hexadecimal digits", key, HR_HEX);
    return r;
}

/* Parts lie in the folder itself: a name with a slash could lead anywhere. */
static int part_read(const struct hr_js *v, struct hr_manifest_part *ret, struct hr_error *err)
{
    const char *name = NULL;
    uint64_t chunks = 0;
    int r = hr_js_want_str(v, "name", &name, err);
    if (r < 0)
        return r;
    if (name[0] == 0 || name[0] == '.' || strchr(name, '/') != NULL || strlen(name) >= sizeof ret->name)
        return hr_js_fail(v, err, "'%s' cannot be the name of a part", name);
    memcpy(ret->name, name, strlen(name) + 1);
    r = hr_js_want_u64(v, "samples", &ret->samples, err);
    if (r == 0)
        r = hr_js_want_u64(v, "chunks", &chunks, err);
    if (r == 0)
        r = hr_js_want_u64(v, "bytes", &ret->bytes, err);
    if (r == 0)
        r = hex_of(v, "footer_sum", &ret->footer_sum, err);
    if (r == 0 && chunks > UINT32_MAX)
        r = hr_js_fail(v, err, "a part cannot have %llu chunks", (unsigned long long)chunks);
    ret->chunks = (uint32_t)chunks;
    return r;
}

static int parts_read(const struct hr_js *root, struct hr_manifest *m, struct hr_error *err)
{
    const struct hr_js *parts = NULL;
    int r = hr_js_want(root, "parts", HR_JS_ARRAY, &parts, err);
    if (r == 0 && parts->n == 0)
        r = hr_js_fail(parts, err, "a dataset has at least one part");
    if (r < 0)
        return r;
    m->part = hr_calloc(parts->n, sizeof *m->part);
    if (m->part == NULL)
        return hr_fail_nomem(err, parts->n * sizeof *m->part, "the list of parts");
    for (const struct hr_js *p = parts->child; p != NULL && r == 0; p = p->next)
        r = part_read(p, &m->part[m->parts++], err);
    return r;
}

static int statistics_read(const char *dir, const struct hr_js *root, struct hr_manifest *m, struct hr_error *err)
{
    const struct hr_js *v = hr_js_get(root, "statistics");
    if (v == NULL || v->type == HR_JS_NULL)
        return 0;
    HR_CLEANUP(hr_freep) char *path = hr_join(dir, HR_STATISTICS_NAME);
    HR_CLEANUP(hr_buf_fini) struct hr_buf text = HR_BUF_INIT(STATISTICS_MAX);
    uint64_t bytes = 0, sum = 0;
    if (path == NULL)
        return hr_fail_nomem(err, strlen(dir), "a file's name");
    int r = hr_js_want_u64(v, "bytes", &bytes, err);
    if (r == 0)
        r = hex_of(v, "sum", &sum, err);
    if (r == 0)
        r = hr_slurp(path, &text, err);
    if (r < 0)
        return r;
    if (text.len != bytes || (hr_hash_available() && hr_hash(text.data, text.len) != sum))
        return hr_fail(err, HR_E_CORRUPT, "'%s' is not the file that the manifest names: it was changed or damaged", path);
    m->statistics = hr_buf_take(&text);
    return 0;
}

/* The place of the manifest's own sum: the last key of the text. */
static char *sum_place(struct hr_buf *text)
{
    static const char end[] = "\"\n}\n";
    size_t tail = strlen(SUM_KEY) + HR_HEX + strlen(end);
    if (text->len < tail)
        return NULL;
    char *at = text->data + text->len - tail;
    if (memcmp(at, SUM_KEY, strlen(SUM_KEY)) != 0 || memcmp(at + strlen(SUM_KEY) + HR_HEX, end, strlen(end)) != 0)
        return NULL;
    return at + strlen(SUM_KEY);
}

static int own_sum_check(struct hr_buf *text, const char *path, struct hr_error *err)
{
    uint64_t want;
    char *at = sum_place(text);
    if (at == NULL || !hr_hex_get(at, &want))
        return hr_fail(err, HR_E_FORMAT, "'%s' does not end with its own checksum: it is no manifest, or it was edited", path);
    if (!hr_hash_available())
        return 0;
    memset(at, '0', HR_HEX);
    if (hr_hash(text->data, text->len) != want)
        return hr_fail(err, HR_E_CORRUPT, "'%s' is damaged, or was edited: it does not have the checksum that it carries", path);
    hr_hex_put(want, at);
    return 0;
}

static int head_read(const struct hr_js *root, struct hr_manifest *m, struct hr_error *err)
{
    const char *format = NULL;
    const struct hr_js *schema = NULL;
    uint64_t version = 0, chunk_samples = 0;
    int r = hr_js_want_str(root, "format", &format, err);
    if (r == 0)
        r = hr_js_want_u64(root, "version", &version, err);
    if (r < 0)
        return r;
    if (strcmp(format, FORMAT_NAME) != 0 || version != 1)
        return hr_js_fail(root, err, "the format is %s, version %llu; this headrace reads %s, version 1", format,
                          (unsigned long long)version, FORMAT_NAME);
    r = hr_js_want_u64(root, "samples", &m->samples, err);
    if (r == 0)
        r = hr_js_want_u64(root, "chunk_samples", &chunk_samples, err);
    if (r == 0 && (chunk_samples == 0 || chunk_samples > UINT32_MAX))
        r = hr_js_fail(root, err, "chunk_samples is out of range");
    if (r == 0)
        r = hr_js_want(root, "schema", HR_JS_OBJECT, &schema, err);
    if (r == 0)
        r = hr_schema_read(schema, &m->schema, err);
    m->chunk_samples = (uint32_t)chunk_samples;
    return r;
}

int hr_manifest_load(const char *dir, struct hr_manifest *ret, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *path = hr_join(dir, HR_MANIFEST_NAME);
    HR_CLEANUP(hr_buf_fini) struct hr_buf text = HR_BUF_INIT(MANIFEST_MAX);
    HR_CLEANUP(hr_arena_fini) struct hr_arena arena = HR_ARENA_INIT((size_t)8 * MANIFEST_MAX);
    HR_CLEANUP(hr_manifest_fini) struct hr_manifest m = { 0 };
    const struct hr_js *root = NULL;
    if (path == NULL)
        return hr_fail_nomem(err, strlen(dir), "a file's name");
    int r = hr_slurp(path, &text, err);
    if (r == HR_E_NOT_FOUND)
        return hr_fail(err, r, "'%s' is a folder without %s, so it is no dataset; headrace pack makes one", dir, HR_MANIFEST_NAME);
    if (r == 0)
        r = own_sum_check(&text, path, err);
    if (r == 0)
        r = hr_js_parse(hr_buf_str(&text), path, &arena, &root, err);
    if (r == 0)
        r = head_read(root, &m, err);
    if (r == 0)
        r = parts_read(root, &m, err);
    if (r == 0)
        r = statistics_read(dir, root, &m, err);
    if (r < 0)
        return r;
    *ret = m;
    m = (struct hr_manifest){ 0 };
    return 0;
}

/* --- writing --- */

static void hex_write(struct hr_jw *w, const char *key, uint64_t v)
{
    char text[HR_HEX];
    hr_hex_put(v, text);
    hr_jw_key(w, key);
    hr_jw_str_n(w, (struct hr_str){ text, HR_HEX });
}

struct parts {
    struct hr_part_file *file;
    uint32_t n;
};

static void parts_fini(struct parts *p)
{
    for (uint32_t i = 0; i < p->n; i++)
        hr_part_fini(&p->file[i]);
    hr_free(p->file);
}

static bool is_part(const char *name)
{
    struct hr_str s = hr_str(name);
    return hr_str_starts(s, "part-") && hr_str_ends(s, ".arrow") && s.n < sizeof((struct hr_manifest_part *)0)->name;
}

static int parts_open(const char *dir, struct parts *ret, struct hr_error *err)
{
    HR_CLEANUP(hr_names_fini) struct hr_names names = { NULL, 0 };
    int r = hr_list(dir, &names, err);
    if (r < 0)
        return r;
    ret->file = hr_calloc(HR_MAX(names.n, (size_t)1), sizeof *ret->file);
    if (ret->file == NULL)
        return hr_fail_nomem(err, names.n * sizeof *ret->file, "the list of parts");
    for (size_t i = 0; i < names.n; i++) {
        if (!is_part(names.name[i]))
            continue;
        HR_CLEANUP(hr_freep) char *path = hr_join(dir, names.name[i]);
        if (path == NULL)
            return hr_fail_nomem(err, strlen(dir), "a file's name");
        r = hr_part_open(path, &ret->file[ret->n], err);
        if (r < 0)
            return r;
        ret->n++;
    }
    return ret->n == 0 ? hr_fail(err, HR_E_NOT_FOUND, "'%s' holds no part of a dataset (part-00000.arrow ...)", dir) : 0;
}

static int parts_agree(const struct parts *p, struct hr_error *err)
{
    const struct hr_part_file *a = &p->file[0];
    for (uint32_t i = 1; i < p->n; i++) {
        const struct hr_part_file *b = &p->file[i];
        if (!hr_schema_same(&a->schema, &b->schema) || a->chunk_samples != b->chunk_samples || a->codec != b->codec ||
            a->sums != b->sums)
            return hr_fail(err, HR_E_FORMAT, "'%s' and '%s' differ in schema, chunk size or compression", a->part.path, b->part.path);
    }
    return 0;
}

static void part_write(const struct hr_part *p, struct hr_jw *w)
{
    hr_jw_object_flat(w);
    hr_jw_kstr(w, "name", hr_base_name(p->path));
    hr_jw_ku64(w, "samples", p->samples);
    hr_jw_ku64(w, "chunks", p->chunks);
    hr_jw_ku64(w, "bytes", p->bytes);
    hex_write(w, "footer_sum", p->footer_sum);
    hr_jw_end(w);
}

static int statistics_write(const char *dir, struct hr_jw *w, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *path = hr_join(dir, HR_STATISTICS_NAME);
    HR_CLEANUP(hr_buf_fini) struct hr_buf text = HR_BUF_INIT(STATISTICS_MAX);
    if (path == NULL)
        return hr_fail_nomem(err, strlen(dir), "a file's name");
    if (hr_path_kind(path) == HR_KIND_NONE)
        return 0;
    int r = hr_slurp(path, &text, err);
    if (r < 0)
        return r;
    hr_jw_key(w, "statistics");
    hr_jw_object_flat(w);
    hr_jw_kstr(w, "name", HR_STATISTICS_NAME);
    hr_jw_ku64(w, "bytes", text.len);
    hex_write(w, "sum", hr_hash(text.data, text.len));
    hr_jw_end(w);
    return 0;
}

static int text_make(const char *dir, const struct parts *p, const char *made, struct hr_buf *text, struct hr_error *err)
{
    struct hr_jw w = HR_JW_INIT(text, 2);
    uint64_t samples = 0;
    for (uint32_t i = 0; i < p->n; i++)
        samples += p->file[i].part.samples;
    hr_jw_object(&w);
    hr_jw_kstr(&w, "format", FORMAT_NAME);
    hr_jw_ku64(&w, "version", 1);
    hr_jw_ku64(&w, "samples", samples);
    hr_jw_ku64(&w, "chunk_samples", p->file[0].chunk_samples);
    hr_jw_kstr(&w, "codec", hr_codec_name(p->file[0].codec));
    hr_jw_key(&w, "schema");
    hr_schema_write(&p->file[0].schema, &w);
    hr_jw_key(&w, "parts");
    hr_jw_array(&w);
    for (uint32_t i = 0; i < p->n; i++)
        part_write(&p->file[i].part, &w);
    hr_jw_end(&w);
    int r = statistics_write(dir, &w, err);
    if (r < 0)
        return r;
    if (made != NULL) {
        hr_jw_key(&w, "made");
        hr_jw_raw(&w, hr_str(made));
    }
    hex_write(&w, "sum", 0);
    hr_jw_end(&w);
    if (!hr_jw_done(&w) || !hr_buf_addc(text, '\n'))
        return hr_fail_nomem(err, text->len, "a manifest");
    char *at = sum_place(text);
    if (at == NULL)
        return hr_fail(err, HR_E_BUG, "the manifest of '%s' has no place for its checksum", dir);
    hr_hex_put(hr_hash(text->data, text->len), at);
    return 0;
}

int hr_manifest_write(const char *dir, const char *made, struct hr_error *err)
{
    HR_CLEANUP(parts_fini) struct parts p = { NULL, 0 };
    HR_CLEANUP(hr_buf_fini) struct hr_buf text = HR_BUF_INIT(MANIFEST_MAX);
    HR_CLEANUP(hr_freep) char *path = hr_join(dir, HR_MANIFEST_NAME);
    if (path == NULL)
        return hr_fail_nomem(err, strlen(dir), "a file's name");
    int r = parts_open(dir, &p, err);
    if (r == 0)
        r = parts_agree(&p, err);
    if (r == 0)
        r = text_make(dir, &p, made, &text, err);
    return r == 0 ? hr_replace(path, text.data, text.len, err) : r;
}
