#include "writer.h"

#include "arrow.h"
#include "codec.h"
#include "file.h"
#include "hash.h"
#include "hex.h"
#include "keys.h"
#include "mem.h"
#include "num.h"
#include "writer_state.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Invariants:
 *   W1  the file and what is still held behind it have `off` bytes that count: the head and `chunks` whole blocks; what lies
 *       beyond is overwritten or cut;
 *   W2  block[] and sum[] describe exactly those blocks;
 *   W3  a failed append changes neither, so the caller may try again or give up. */

static void writer_free(struct hr_writer *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->metas; i++) {
        hr_free(w->meta[i].key);
        hr_free(w->meta[i].value);
    }
    hr_behind_fini(&w->behind);
    hr_close(w->fd);
    hr_coder_destroy(w->coder);
    hr_schema_fini(&w->schema);
    hr_fbb_fini(&w->fb);
    hr_buf_fini(&w->message);
    hr_buf_fini(&w->rebased);
    hr_free(w->layout);
    hr_free(w->node);
    hr_free(w->buffer);
    hr_free(w->block);
    hr_free(w->sum);
    hr_free(w->space);
    hr_free(w->path);
    hr_free(w->partial);
    hr_free(w);
}

static void writer_freep(struct hr_writer **w)
{
    writer_free(*w);
}

static int options_check(const struct hr_writer_options *o, struct hr_error *err)
{
    if (o->chunk_samples == 0)
        return hr_fail(err, HR_E_INVALID, "a chunk must hold at least one sample");
    if (!hr_codec_available(o->codec))
        return hr_fail(err, HR_E_UNSUPPORTED, "this build of headrace cannot write %s", hr_codec_name(o->codec));
    return 0;
}

static int names_set(struct hr_writer *w, const char *path, struct hr_error *err)
{
    size_t n = strlen(path) + sizeof ".partial";
    w->path = hr_strdup(path);
    w->partial = hr_malloc(n);
    if (w->path == NULL || w->partial == NULL)
        return hr_fail_nomem(err, n, "a file's name");
    snprintf(w->partial, n, "%s.partial", path);
    return 0;
}

/* Everything of a writer but its file. */
static int writer_new(const char *path, const struct hr_schema *schema, const struct hr_writer_options *o,
                      struct hr_writer **ret, struct hr_error *err)
{
    int r = options_check(o, err);
    if (r == 0)
        r = hr_schema_check(schema, err);
    if (r < 0)
        return r;
    HR_CLEANUP(writer_freep) struct hr_writer *w = hr_calloc(1, sizeof *w);
    if (w == NULL)
        return hr_fail_nomem(err, sizeof *w, "a writer");
    w->fd = -1;
    w->fb = HR_FBB_INIT((size_t)INT32_MAX);
    w->message = HR_BUF_INIT((size_t)INT32_MAX);
    w->rebased = HR_BUF_INIT((size_t)INT32_MAX * 4 + 64);
    w->options = *o;
    r = names_set(w, path, err);
    if (r == 0)
        r = hr_schema_copy(schema, &w->schema, err);
    if (r == 0 && o->codec != HR_CODEC_NONE)
        r = hr_coder_create(o->codec, o->level, &w->coder, err);
    if (r < 0)
        return r;
    w->plan = hr_arrow_plan_of(schema);
    w->layout = hr_reallocarray(NULL, (size_t)schema->n, sizeof *w->layout);
    w->node = hr_reallocarray(NULL, (size_t)w->plan.nodes, sizeof *w->node);
    w->buffer = hr_reallocarray(NULL, (size_t)w->plan.buffers, sizeof *w->buffer);
    if (w->layout == NULL || w->node == NULL || w->buffer == NULL)
        return hr_fail_nomem(err, (size_t)w->plan.buffers * sizeof *w->buffer, "a writer");
    for (int i = 0; i < schema->n; i++)
        w->layout[i] = hr_layout_of(&schema->field[i]);
    snprintf(w->chunk_text, sizeof w->chunk_text, "%u", o->chunk_samples);
    *ret = HR_TAKE(w);
    return 0;
}

void hr_writer_schema_kv(const struct hr_writer *w, struct hr_arrow_kv kv[HR_WRITER_SCHEMA_KV])
{
    kv[0] = (struct hr_arrow_kv){ HR_KEY_VERSION, hr_str(HR_FORMAT_VERSION) };
    kv[1] = (struct hr_arrow_kv){ HR_KEY_CHUNK_SAMPLES, hr_str(w->chunk_text) };
    kv[2] = (struct hr_arrow_kv){ HR_KEY_CODEC, hr_str(hr_codec_name(w->options.codec)) };
}

/* Magic and schema message: everything before the first block, a multiple of 64 bytes. */
static int head_make(struct hr_writer *w, struct hr_buf *head, struct hr_error *err)
{
    struct hr_arrow_kv kv[HR_WRITER_SCHEMA_KV];
    hr_writer_schema_kv(w, kv);
    if (!hr_buf_add(head, HR_ARROW_MAGIC "\0", 8))
        return hr_fail_nomem(err, 8, "a file's head");
    int r = hr_arrow_put_schema(&w->fb, &w->schema, kv, HR_WRITER_SCHEMA_KV, 8, head, err);
    if (r < 0)
        return r;
    w->head_sum = hr_hash(head->data, head->len);
    w->off = head->len;
    return 0;
}

/* The message of a record batch has the same length for every chunk of a schema: room for it is left before the body, so
 * that a block is written with one call. */
static int message_measure(struct hr_writer *w, struct hr_error *err)
{
    memset(w->node, 0, (size_t)w->plan.nodes * sizeof *w->node);
    memset(w->buffer, 0, (size_t)w->plan.buffers * sizeof *w->buffer);
    int r = hr_writer_message(w, 0, 0, 0, err);
    w->meta_bytes = w->message.len;
    return r;
}

int hr_writer_create(const char *path, const struct hr_schema *schema, const struct hr_writer_options *o,
                     struct hr_writer **ret, struct hr_error *err)
{
    HR_CLEANUP(writer_freep) struct hr_writer *w = NULL;
    HR_CLEANUP(hr_buf_fini) struct hr_buf head = HR_BUF_INIT((size_t)INT32_MAX);
    int r = writer_new(path, schema, o, &w, err);
    if (r == 0)
        r = head_make(w, &head, err);
    if (r == 0)
        r = message_measure(w, err);
    if (r == 0)
        r = hr_open(w->partial, O_RDWR | O_CREAT | O_TRUNC, 0666, &w->fd, err);
    if (r < 0)
        return r;
    r = hr_behind_put(&w->behind, w->fd, head.data, head.len, 0, w->partial, err);
    if (r < 0) {
        (void)!hr_unlink(w->partial, NULL);
        return r;
    }
    *ret = HR_TAKE(w);
    return 0;
}

int hr_writer_resume(const char *path, const struct hr_schema *schema, const struct hr_writer_options *o,
                     struct hr_writer **ret, uint64_t *ret_samples, struct hr_error *err)
{
    HR_CLEANUP(writer_freep) struct hr_writer *w = NULL;
    HR_CLEANUP(hr_buf_fini) struct hr_buf head = HR_BUF_INIT((size_t)INT32_MAX);
    int r = writer_new(path, schema, o, &w, err);
    if (r == 0)
        r = head_make(w, &head, err);
    if (r == 0)
        r = message_measure(w, err);
    if (r == 0)
        r = hr_open(w->partial, O_RDWR, 0, &w->fd, err);
    if (r == 0)
        r = hr_writer_recover(w, hr_buf_str(&head), err);
    if (r < 0)
        return r;
    *ret_samples = w->samples;
    *ret = HR_TAKE(w);
    return 0;
}

int hr_writer_meta(struct hr_writer *w, const char *key, const char *value, struct hr_error *err)
{
    static const char *const own[] = { HR_KEY_SAMPLES, HR_KEY_SCRATCH, HR_KEY_SUMS, HR_KEY_HEAD_SUM, HR_KEY_FOOTER_SUM };
    bool taken = false;
    for (size_t i = 0; i < HR_COUNT(own); i++)
        taken |= strcmp(own[i], key) == 0;
    for (size_t i = 0; i < w->metas; i++)
        taken |= strcmp(w->meta[i].key, key) == 0;
    if (taken)
        return hr_fail(err, HR_E_EXISTS, "'%s' has the metadata key %s already", w->path, key);
    if (w->finished || w->metas == HR_COUNT(w->meta))
        return hr_fail(err, w->finished ? HR_E_STATE : HR_E_LIMIT, "'%s' takes no further metadata", w->path);
    char *k = hr_strdup(key), *v = hr_strdup(value);
    if (k == NULL || v == NULL) {
        hr_free(k);
        hr_free(v);
        return hr_fail_nomem(err, strlen(value), "metadata");
    }
    w->meta[w->metas].key = k;
    w->meta[w->metas++].value = v;
    return 0;
}

/* The footer's flatbuffer with its own sum filled in; the builder's until it is used again. */
static int footer_make(struct hr_writer *w, struct hr_str sums, const void **ret_p, size_t *ret_n, struct hr_error *err)
{
    static const char zeros[] = "0000000000000000";
    struct hr_arrow_kv schema_kv[HR_WRITER_SCHEMA_KV], kv[HR_COUNT(w->meta) + 8];
    char samples[24], scratch[24], head_sum[HR_HEX];
    size_t n = 0;
    hr_writer_schema_kv(w, schema_kv);
    snprintf(samples, sizeof samples, "%llu", (unsigned long long)w->samples);
    snprintf(scratch, sizeof scratch, "%llu", (unsigned long long)w->scratch);
    hr_hex_put(w->head_sum, head_sum);
    kv[n++] = (struct hr_arrow_kv){ HR_KEY_SAMPLES, hr_str(samples) };
    kv[n++] = (struct hr_arrow_kv){ HR_KEY_SCRATCH, hr_str(scratch) };
    for (size_t i = 0; i < w->metas; i++)
        kv[n++] = (struct hr_arrow_kv){ w->meta[i].key, hr_str(w->meta[i].value) };
    if (hr_hash_available()) {
        kv[n++] = (struct hr_arrow_kv){ HR_KEY_SUMS, sums };
        kv[n++] = (struct hr_arrow_kv){ HR_KEY_HEAD_SUM, { head_sum, HR_HEX } };
        kv[n++] = (struct hr_arrow_kv){ HR_KEY_FOOTER_SUM, { zeros, HR_HEX } };
    }
    int r = hr_arrow_put_footer(&w->fb, &w->schema, schema_kv, HR_WRITER_SCHEMA_KV, w->block, w->chunks, kv, n, ret_p, ret_n, err);
    if (r < 0 || !hr_hash_available())
        return r;
    struct hr_arrow_footer footer;
    struct hr_str at = { NULL, 0 };
    r = hr_arrow_get_footer(*ret_p, *ret_n, &footer, err);
    if (r < 0 || !hr_arrow_get_kv(&footer.kv, HR_KEY_FOOTER_SUM, &at) || at.n != HR_HEX)
        return hr_fail(err, HR_E_BUG, "the footer of '%s' cannot be read back", w->path);
    hr_hex_put(hr_hash(*ret_p, *ret_n), (char *)(uintptr_t)at.p);
    return 0;
}

static int footer_write(struct hr_writer *w, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) char *sums = hr_reallocarray(NULL, w->chunks + 1, HR_HEX);
    if (sums == NULL)
        return hr_fail_nomem(err, ((size_t)w->chunks + 1) * HR_HEX, "the checksums of a file");
    for (uint32_t i = 0; i < w->chunks; i++)
        hr_hex_put(w->sum[i], sums + (size_t)i * HR_HEX);
    const void *p = NULL;
    size_t n = 0;
    int r = footer_make(w, (struct hr_str){ sums, (size_t)w->chunks * HR_HEX }, &p, &n, err);
    if (r < 0)
        return r;
    const uint32_t eos[2] = { UINT32_MAX, 0 }, length = (uint32_t)n;
    hr_buf_reset(&w->message);
    struct hr_buf *b = &w->message;
    if (!hr_buf_add(b, eos, sizeof eos) || !hr_buf_add(b, p, n) || !hr_buf_add(b, &length, sizeof length) ||
        !hr_buf_add(b, HR_ARROW_MAGIC, 6))
        return hr_fail_nomem(err, n, "a file's footer");
    r = hr_behind_put(&w->behind, w->fd, b->data, b->len, w->off, w->partial, err);
    if (r == 0)
        r = hr_behind_flush(&w->behind, w->fd, w->partial, err);
    return r < 0 ? r : hr_truncate(w->fd, w->off + b->len, w->partial, err);
}

int hr_writer_sync(struct hr_writer *w, struct hr_error *err)
{
    int r = hr_behind_flush(&w->behind, w->fd, w->partial, err);
    return r < 0 ? r : hr_fsync(w->fd, w->partial, err);
}

int hr_writer_finish(struct hr_writer *w, struct hr_error *err)
{
    if (w->finished)
        return hr_fail(err, HR_E_STATE, "'%s' is finished already", w->path);
    int r = footer_write(w, err);
    if (r == 0)
        r = hr_fsync(w->fd, w->partial, err);
    if (r == 0)
        r = hr_rename(w->partial, w->path, false, err);
    if (r < 0)
        return r;
    w->finished = true;
    return 0;
}

void hr_writer_destroy(struct hr_writer *w, bool keep)
{
    if (w == NULL)
        return;
    if (!w->finished && !keep)
        (void)!hr_unlink(w->partial, NULL);
    else if (!w->finished)
        (void)!hr_behind_flush(&w->behind, w->fd, w->partial, NULL); /* best effort: what is missing is packed again */
    writer_free(w);
}
