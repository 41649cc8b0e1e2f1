#include "unit.h"

#include "codec.h"
#include "file.h"
#include "hash.h"
#include "manifest.h"
#include "store.h"
#include "store_make.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char folder[] = "/tmp/headrace-test-store-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[2][256];
    static int turn;
    turn ^= 1;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static void must(int r, const struct hr_error *err)
{
    if (r < 0)
        fail_msg("%s", err->text);
}

/* What the store gives must be what make_fill gives for the same samples. */
static void compare(const struct hr_store *s, uint32_t c, const struct hr_chunk *got)
{
    struct make_chunk want;
    make_fill(&s->schema, s->chunk[c].first, s->chunk[c].n, &want);
    assert_int_equal(got->n, want.chunk.n);
    for (int f = 0; f < s->schema.n; f++) {
        const struct hr_column *a = &got->col[f], *b = &want.chunk.col[f];
        assert_int_equal(a->bytes, b->bytes);
        assert_int_equal((uintptr_t)a->values % 64, 0);
        if (a->bytes != 0)
            assert_memory_equal(a->values, b->values, a->bytes);
        assert_int_equal(a->offsets == NULL, b->offsets == NULL);
        if (a->offsets != NULL)
            assert_memory_equal(a->offsets, b->offsets, ((size_t)got->n * s->layout[f].lists + 1) * 4);
    }
    make_free(&want);
}

static void read_all(const char *path, uint64_t samples, uint32_t chunk_samples)
{
    struct hr_error err = HR_ERROR_INIT;
    struct hr_store *s = NULL;
    must(hr_store_open(path, &s, &err), &err);
    assert_int_equal(s->samples, samples);
    assert_int_equal(s->chunk_samples, chunk_samples);
    uint64_t scratch_bytes = hr_store_scratch(s), seen = 0;
    assert_int_equal(scratch_bytes != 0, s->codec != HR_CODEC_NONE && samples != 0);
    void *scratch = scratch_bytes == 0 ? NULL : hr_aligned(64, scratch_bytes), *copy = hr_aligned(64, s->body_max);
    struct hr_column col[MAKE_ALL];
    for (uint32_t c = 0; c < s->chunks; c++) {
        struct hr_chunk chunk = { 0, col };
        assert_int_equal(s->chunk[c].first, seen);
        assert_int_equal(s->chunk[c].off % 64, 0);
        assert_int_equal(hr_store_check(s, c, hr_store_block(s, c), &err), !hr_hash_available());
        must(hr_store_view(s, c, hr_store_block(s, c), scratch, true, &chunk, &err), &err);
        compare(s, c, &chunk);
        must(hr_store_read(s, c, copy, &err), &err);
        must(hr_store_view(s, c, copy, scratch, false, &chunk, &err), &err);
        compare(s, c, &chunk);
        for (uint32_t i = 0; i < chunk.n; i++)
            assert_int_equal(hr_store_chunk_of(s, seen + i), c);
        seen += chunk.n;
    }
    assert_int_equal(seen, samples);
    hr_free(scratch);
    hr_free(copy);
    hr_store_close(s);
}

static void round_trip(void **state)
{
    (void)state;
    struct hr_field f[MAKE_ALL];
    struct hr_schema schema;
    make_all(f, &schema);
    for (int codec = HR_CODEC_NONE; codec <= HR_CODEC_ZSTD; codec++) {
        if (!hr_codec_available((enum hr_codec)codec))
            continue;
        static const uint64_t counts[] = { 0, 1, 9, 10, 11, 57 };
        for (size_t k = 0; k < HR_COUNT(counts); k++) {
            struct hr_error err = HR_ERROR_INIT;
            struct hr_writer_options o = { .codec = (enum hr_codec)codec, .chunk_samples = 10 };
            const char *path = in_folder("a.arrow");
            must(make_store(path, &schema, 0, counts[k], &o, &err), &err);
            assert_int_equal(hr_path_kind(in_folder("a.arrow.partial")), HR_KIND_NONE);
            read_all(path, counts[k], 10);
            struct hr_store *s = NULL;
            must(hr_store_open(path, &s, &err), &err);
            assert_true(hr_schema_same(&s->schema, &schema));
            assert_int_equal(s->codec, codec);
            hr_store_close(s);
        }
    }
}

static void windows_are_rebased(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_field f = make_field("v", HR_I32, 1, -1, 0, 0, 0);
    struct hr_schema schema = { 1, &f };
    struct hr_writer_options o = { .chunk_samples = 2 };
    static const int32_t values[] = { 10, 11, 12, 13, 14, 15 }, offsets[] = { 0, 1, 3, 3, 6 };
    struct hr_writer *w = NULL;
    must(hr_writer_create(in_folder("w.arrow"), &schema, &o, &w, &err), &err);
    for (int i = 0; i < 2; i++) {
        struct hr_column col = { (const uint8_t *)values, offsets + 2 * i, sizeof values };
        must(hr_writer_append(w, &(struct hr_chunk){ 2, &col }, &err), &err);
    }
    must(hr_writer_finish(w, &err), &err);
    hr_writer_destroy(w, false);
    struct hr_store *s = NULL;
    must(hr_store_open(in_folder("w.arrow"), &s, &err), &err);
    struct hr_column col;
    struct hr_chunk c = { 0, &col };
    must(hr_store_view(s, 1, hr_store_block(s, 1), NULL, true, &c, &err), &err);
    assert_int_equal(col.bytes, 12);
    assert_memory_equal(col.values, values + 3, 12);
    assert_int_equal(col.offsets[0], 0);
    assert_int_equal(col.offsets[1], 0);
    assert_int_equal(col.offsets[2], 3);
    hr_store_close(s);
}

static void metadata_is_kept(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_field f = make_field("v", HR_I32, 0, 0, 0, 0, 0);
    struct hr_schema schema = { 1, &f };
    struct hr_writer_options o = { .chunk_samples = 2 };
    struct hr_writer *w = NULL;
    must(hr_writer_create(in_folder("m.arrow"), &schema, &o, &w, &err), &err);
    must(hr_writer_meta(w, "headrace.statistics", "{\"samples\": 0}", &err), &err);
    assert_int_equal(hr_writer_meta(w, "headrace.statistics", "", &err), HR_E_EXISTS);
    assert_int_equal(hr_writer_meta(w, "headrace.sums", "", &err), HR_E_EXISTS);
    must(hr_writer_finish(w, &err), &err);
    assert_int_equal(hr_writer_finish(w, &err), HR_E_STATE);
    assert_int_equal(hr_writer_meta(w, "late", "", &err), HR_E_STATE);
    hr_writer_destroy(w, false);
    struct hr_store *s = NULL;
    must(hr_store_open(in_folder("m.arrow"), &s, &err), &err);
    assert_string_equal(s->statistics, "{\"samples\": 0}");
    assert_int_equal(s->chunks, 0);
    hr_store_close(s);
}

static void wrong_chunks_are_refused(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_field f = make_field("v", HR_I32, 1, -1, 0, 0, 0);
    struct hr_schema schema = { 1, &f };
    struct hr_writer_options o = { .chunk_samples = 2 };
    struct hr_writer *w = NULL;
    static const int32_t values[] = { 1, 2, 3 }, good[] = { 0, 1, 3 }, falls[] = { 0, 2, 1 }, far[] = { 0, 1, 4 }, minus[] = { -1, 1, 2 };
    must(hr_writer_create(in_folder("r.arrow"), &schema, &o, &w, &err), &err);
    const int32_t *const bad[] = { falls, far, minus, NULL };
    for (size_t i = 0; i < HR_COUNT(bad); i++) {
        struct hr_column col = { (const uint8_t *)values, bad[i], sizeof values };
        assert_int_equal(hr_writer_append(w, &(struct hr_chunk){ 2, &col }, &err), HR_E_INVALID);
    }
    struct hr_column col = { (const uint8_t *)values, good, sizeof values };
    assert_int_equal(hr_writer_append(w, &(struct hr_chunk){ 0, &col }, &err), HR_E_INVALID);
    assert_int_equal(hr_writer_append(w, &(struct hr_chunk){ 3, &col }, &err), HR_E_INVALID);
    must(hr_writer_append(w, &(struct hr_chunk){ 1, &col }, &err), &err);
    assert_int_equal(hr_writer_append(w, &(struct hr_chunk){ 2, &col }, &err), HR_E_STATE); /* the short one must stay last */
    hr_writer_destroy(w, false);
    assert_int_equal(hr_path_kind(in_folder("r.arrow.partial")), HR_KIND_NONE);
    assert_int_equal(hr_path_kind(in_folder("r.arrow")), HR_KIND_NONE);
}

/* A file cut at any byte is taken up again, keeps its whole chunks, and ends up the same as one written in one go. */
static void resume_after_a_cut(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_field f[MAKE_ALL];
    struct hr_schema schema;
    make_all(f, &schema);
    for (int codec = HR_CODEC_NONE; codec <= HR_CODEC_ZSTD; codec += HR_CODEC_ZSTD) {
        struct hr_writer_options o = { .codec = (enum hr_codec)codec, .chunk_samples = 10 };
        if (!hr_codec_available(o.codec))
            continue;
        HR_CLEANUP(hr_buf_fini) struct hr_buf whole = HR_BUF_INIT(1 << 24);
        HR_CLEANUP(hr_buf_fini) struct hr_buf again = HR_BUF_INIT(1 << 24);
        must(make_store(in_folder("whole.arrow"), &schema, 0, 35, &o, &err), &err);
        must(hr_slurp(in_folder("whole.arrow"), &whole, &err), &err);
        struct hr_store *s = NULL;
        must(hr_store_open(in_folder("whole.arrow"), &s, &err), &err);
        uint64_t kept_end[5];
        for (uint32_t c = 0; c < 4; c++)
            kept_end[c] = s->chunk[c].off;
        kept_end[4] = UINT64_MAX;
        hr_store_close(s);
        for (size_t cut = 0; cut <= whole.len; cut += 1 + whole.len / 97) {
            must(hr_replace(in_folder("cut.arrow.partial"), whole.data, cut, &err), &err);
            struct hr_writer *w = NULL;
            uint64_t samples = 99;
            must(hr_writer_resume(in_folder("cut.arrow"), &schema, &o, &w, &samples, &err), &err);
            uint64_t want = 0; /* whole chunks of 10; the short last one is written again */
            while (want < 3 && kept_end[want + 1] <= cut)
                want++;
            assert_int_equal(samples, want * 10);
            for (uint64_t i = samples; i < 35; i += 10) {
                struct make_chunk m;
                make_fill(&schema, i, (uint32_t)HR_MIN(35 - i, 10u), &m);
                must(hr_writer_append(w, &m.chunk, &err), &err);
                make_free(&m);
            }
            must(hr_writer_finish(w, &err), &err);
            hr_writer_destroy(w, false);
            hr_buf_reset(&again);
            must(hr_slurp(in_folder("cut.arrow"), &again, &err), &err);
            assert_int_equal(again.len, whole.len);
            assert_memory_equal(again.data, whole.data, whole.len);
        }
    }
}

static void resume_refuses_others(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_field f = make_field("v", HR_I32, 0, 0, 0, 0, 0), g = make_field("v", HR_U32, 0, 0, 0, 0, 0);
    struct hr_schema schema = { 1, &f }, other = { 1, &g };
    struct hr_writer_options o = { .chunk_samples = 4 }, more = { .chunk_samples = 8 };
    struct hr_writer *w = NULL;
    uint64_t samples = 99;
    assert_int_equal(hr_writer_resume(in_folder("o.arrow"), &schema, &o, &w, &samples, &err), HR_E_NOT_FOUND);
    must(hr_writer_create(in_folder("o.arrow"), &schema, &o, &w, &err), &err);
    struct make_chunk m;
    make_fill(&schema, 0, 4, &m);
    must(hr_writer_append(w, &m.chunk, &err), &err);
    make_free(&m);
    hr_writer_destroy(w, true);
    w = NULL;
    assert_int_equal(hr_writer_resume(in_folder("o.arrow"), &other, &o, &w, &samples, &err), HR_E_FORMAT);
    assert_int_equal(hr_writer_resume(in_folder("o.arrow"), &schema, &more, &w, &samples, &err), HR_E_FORMAT);
    assert_null(w);
    assert_int_equal(samples, 99);
    /* A hole where a body should be, as a power cut leaves it: the chunk does not count. */
    HR_CLEANUP(hr_buf_fini) struct hr_buf b = HR_BUF_INIT(1 << 20);
    must(hr_slurp(in_folder("o.arrow.partial"), &b, &err), &err);
    memset(b.data + b.len - 64, 0, 64);
    must(hr_replace(in_folder("o.arrow.partial"), b.data, b.len, &err), &err);
    must(hr_writer_resume(in_folder("o.arrow"), &schema, &o, &w, &samples, &err), &err);
    assert_int_equal(samples, hr_hash_available() ? 0 : 4);
    hr_writer_destroy(w, false);
}

static void folders_of_parts(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_field f[MAKE_ALL];
    struct hr_schema schema;
    make_all(f, &schema);
    struct hr_writer_options o = { .chunk_samples = 10 };
    must(hr_mkdir(in_folder("d"), false, &err), &err);
    struct hr_store *s = NULL;
    assert_int_equal(hr_store_open(in_folder("d"), &s, &err), HR_E_NOT_FOUND);
    assert_int_equal(hr_manifest_write(in_folder("d"), NULL, &err), HR_E_NOT_FOUND);
    must(make_store(in_folder("d/part-00000.arrow"), &schema, 0, 25, &o, &err), &err);
    must(make_store(in_folder("d/part-00001.arrow"), &schema, 25, 10, &o, &err), &err);
    must(make_store(in_folder("d/part-00002.arrow"), &schema, 35, 1, &o, &err), &err);
    must(hr_replace(in_folder("d/statistics.json"), "{}\n", 3, &err), &err);
    must(hr_manifest_write(in_folder("d"), "{\"by\": [1, 2]}", &err), &err);
    read_all(in_folder("d"), 36, 10);
    must(hr_store_open(in_folder("d"), &s, &err), &err);
    assert_int_equal(s->parts, 3);
    assert_int_equal(s->chunks, 5);
    assert_string_equal(s->statistics, "{}\n");
    uint64_t id = s->id;
    hr_store_close(s);
    /* A part that is not the one of the manifest, other statistics, an edited manifest: each is refused by name. */
    must(make_store(in_folder("d/part-00001.arrow"), &schema, 26, 10, &o, &err), &err);
    assert_int_equal(hr_store_open(in_folder("d"), &s, &err), HR_E_CORRUPT);
    assert_non_null(strstr(err.text, "part-00001.arrow"));
    must(hr_manifest_write(in_folder("d"), NULL, &err), &err);
    must(hr_store_open(in_folder("d"), &s, &err), &err);
    assert_int_not_equal(s->id, id);
    hr_store_close(s);
    must(hr_replace(in_folder("d/statistics.json"), "{ }\n", 4, &err), &err);
    assert_int_equal(hr_store_open(in_folder("d"), &s, &err), HR_E_CORRUPT);
    assert_non_null(strstr(err.text, "statistics.json"));
    must(hr_manifest_write(in_folder("d"), NULL, &err), &err);
    o.chunk_samples = 11;
    must(make_store(in_folder("d/part-00001.arrow"), &schema, 25, 10, &o, &err), &err);
    assert_int_equal(hr_manifest_write(in_folder("d"), NULL, &err), HR_E_FORMAT);
}

static void foreign_files_are_told_apart(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_store *s = NULL;
    static const struct hr_str texts[] = { HR_STR(""), HR_STR("hello"),
                                           HR_STR("ARROW1\0\0 and then something that is long enough to be one"),
                                           HR_STR("{\"samples\": [1, 2, 3], \"and\": \"more than twenty-six bytes\"}") };
    for (size_t i = 0; i < HR_COUNT(texts); i++) {
        must(hr_replace(in_folder("foreign"), texts[i].p, texts[i].n, &err), &err);
        assert_int_equal(hr_store_open(in_folder("foreign"), &s, &err), HR_E_FORMAT);
        assert_non_null(strstr(err.text, "foreign"));
    }
    assert_int_equal(hr_store_open(in_folder("nothing"), &s, &err), HR_E_NOT_FOUND);
    assert_null(s);
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int teardown(void **state)
{
    (void)state;
    return hr_remove_tree(folder, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),         cmocka_unit_test(windows_are_rebased),
        cmocka_unit_test(metadata_is_kept),   cmocka_unit_test(wrong_chunks_are_refused),
        cmocka_unit_test(resume_after_a_cut), cmocka_unit_test(resume_refuses_others),
        cmocka_unit_test(folders_of_parts),   cmocka_unit_test(foreign_files_are_told_apart),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
