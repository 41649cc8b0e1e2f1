/* Datasets of every dtype and shape go out to each format, are packed again, and hold the same values. */
#include "unit.h"

#include "export.h"
#include "file.h"
#include "headrace/pack.h"
#include "mem.h"
#include "sample_json.h"
#include "schema_json.h"
#include "fault.h"
#include "store_make.h"

#include <math.h>

/* The thread sanitizer looks for races, which no further failing call would show: there a sample of them will do. */
#ifdef __SANITIZE_THREAD__
enum { EVERY = 32 };
#else
enum { EVERY = 1 };
#endif

#define ROOT "test_export.tmp"
enum { SAMPLES = 37 };

static int make_folder(void **state)
{
    (void)state;
    return hr_remove_tree(ROOT, NULL) < 0 || hr_mkdir(ROOT, false, NULL) < 0 ? -1 : 0;
}

static int drop_folder(void **state)
{
    (void)state;
    return hr_remove_tree(ROOT, NULL);
}

struct dump {
    const struct hr_schema *schema;
    const struct hr_layout *layout;
    struct hr_buf *to;
};

static int dump_chunk(void *arg, const struct hr_chunk *c, struct hr_error *err)
{
    struct dump *d = arg;
    (void)err;
    for (uint32_t i = 0; i < c->n; i++)
        assert_true(hr_sample_json(d->schema, d->layout, c, i, d->to));
    return 0;
}

/* Names, dtypes and shapes, and every sample as text. */
static void dump(const char *path, const char *const *fields, uint64_t first, uint64_t n, struct hr_buf *to)
{
    struct hr_store *s;
    struct hr_decoder *d;
    struct hr_error err = HR_ERROR_INIT;
    hr_buf_reset(to);
    if (hr_store_open(path, &s, &err) < 0 || hr_decoder_open(s, fields, &d, &err) < 0)
        fail_msg("%s", err.text);
    struct hr_schema plain;
    assert_int_equal(hr_schema_copy(hr_decoder_schema(d), &plain, NULL), 0);
    for (int f = 0; f < plain.n; f++)
        plain.field[f].role = HR_ROLE_NONE; /* the packer gives some where there were none */
    assert_int_equal(hr_schema_to_json(&plain, to, NULL), 0);
    hr_schema_fini(&plain);
    struct dump arg = { hr_decoder_schema(d), hr_decoder_layout(d), to };
    if (hr_decoder_each(d, first, n == UINT64_MAX ? s->samples : n, dump_chunk, &arg, &err) < 0)
        fail_msg("%s", err.text);
    hr_decoder_close(d);
    hr_store_close(s);
}

static void make_dataset(const char *path, uint64_t samples, enum hr_codec codec)
{
    static struct hr_field f[MAKE_ALL];
    struct hr_schema s;
    struct hr_error err = HR_ERROR_INIT;
    make_all(f, &s);
    f[0].role = f[1].role = HR_ROLE_NONE; /* the values are random: no edge index of nodes that are there, */
    snprintf(f[0].name, sizeof f[0].name, "rows"); /* and nothing that the packer would take for one */
    snprintf(f[1].name, sizeof f[1].name, "two_rows");
    int r = make_store(path, &s, 0, samples, &(struct hr_writer_options){ .chunk_samples = 8, .codec = codec }, &err);
    if (r == HR_E_UNSUPPORTED) /* built without that codec */
        r = make_store(path, &s, 0, samples, &(struct hr_writer_options){ .chunk_samples = 8 }, &err);
    if (r < 0)
        fail_msg("%s", err.text);
}

static void export_to(const char *from, const char *to, struct hr_export_options o)
{
    struct hr_error err = HR_ERROR_INIT;
    struct hr_export_result r;
    o.count = o.count == 0 ? UINT64_MAX : o.count;
    if (hr_export(from, to, &o, &r, &err) < 0)
        fail_msg("%s: %s", to, err.text);
    assert_true(r.bytes > 0 && r.seconds > 0);
}

static void pack_again(const char *from, const char *to, const char *schema)
{
    struct hr_error err = HR_ERROR_INIT;
    struct hr_pack_options o;
    hr_pack_options_init(&o);
    o.schema = schema;
    o.chunk_samples = 5;
    o.jobs = 2;
    if (hr_pack(&from, 1, to, &o, NULL, &err) < 0)
        fail_msg("%s: %s", from, err.text);
}

static void same_values(const char *a, const char *b, const char *const *fields, uint64_t first, uint64_t n)
{
    struct hr_buf x = HR_BUF_INIT(1 << 24), y = HR_BUF_INIT(1 << 24);
    dump(a, fields, first, n, &x);
    dump(b, fields, 0, UINT64_MAX, &y);
    assert_string_equal(x.data, y.data);
    hr_buf_fini(&x);
    hr_buf_fini(&y);
}

static const char *const everything[] = { "rows", "two_rows", "fixed", "matrix", "four", "list", "deep", "pairs", "text", "blob",
                                          "quant", "scalar_bool", "scalar_uint8", "scalar_int64", "scalar_uint64", "scalar_float16",
                                          "scalar_float64", "один \"字\"", NULL };

static void arrays(void **state)
{
    (void)state;
    make_dataset(ROOT "/a.arrow", SAMPLES, HR_CODEC_NONE);
    export_to(ROOT "/a.arrow", ROOT "/npy", (struct hr_export_options){ .format = "npy" });
    pack_again(ROOT "/npy", ROOT "/b.arrow", NULL);
    same_values(ROOT "/a.arrow", ROOT "/b.arrow", everything, 0, UINT64_MAX);
    if (HEADRACE_TEST_HDF5) {
        export_to(ROOT "/a.arrow", ROOT "/all.h5", (struct hr_export_options){ 0 });
        pack_again(ROOT "/all.h5", ROOT "/c", NULL);
        same_values(ROOT "/a.arrow", ROOT "/c", everything, 0, UINT64_MAX);
    }
}

/* A run of samples that begins and ends inside chunks, some fields, from a compressed dataset. */
static void ranges(void **state)
{
    (void)state;
    static const char *const some[] = { "text", "quant", "two_rows", NULL };
    make_dataset(ROOT "/a.arrow", SAMPLES, HR_CODEC_ZSTD);
    struct hr_export_options o = { .fields = some, .first = 5, .count = 22 };
    export_to(ROOT "/a.arrow", ROOT "/npy", o);
    pack_again(ROOT "/npy", ROOT "/b.arrow", NULL);
    same_values(ROOT "/a.arrow", ROOT "/b.arrow", some, 5, 22);
    struct hr_error err = HR_ERROR_INIT;
    struct hr_export_result r;
    assert_int_equal(hr_export(ROOT "/a.arrow", ROOT "/npy/", &o, &r, &err), HR_E_EXISTS);
    o.force = true;
    o.first = 30;
    export_to(ROOT "/a.arrow", ROOT "/npy/", o);
    assert_int_equal(hr_path_kind(ROOT "/npy.partial"), HR_KIND_NONE);
    pack_again(ROOT "/npy", ROOT "/d.arrow", NULL);
    same_values(ROOT "/a.arrow", ROOT "/d.arrow", some, 30, 7);
    o.first = 38;
    assert_int_equal(hr_export(ROOT "/a.arrow", ROOT "/e", &o, &r, &err), HR_E_INVALID);
    o.first = SAMPLES; /* none at all */
    export_to(ROOT "/a.arrow", ROOT "/none", o);
    static const char *const nobody[] = { "nobody", NULL };
    o.fields = nobody;
    assert_int_equal(hr_export(ROOT "/a.arrow", ROOT "/f", &o, &r, &err), HR_E_NOT_FOUND);
}

static void lines(void **state)
{
    (void)state;
    static const char *const plain[] = { "rows", "two_rows", "fixed", "matrix", "four", "list", "deep", "text", "scalar_uint8",
                                         "scalar_int64", "scalar_float64", NULL };
    make_dataset(ROOT "/a.arrow", SAMPLES, HR_CODEC_LZ4);
    export_to(ROOT "/a.arrow", ROOT "/a.jsonl", (struct hr_export_options){ .fields = plain });
    struct hr_buf schema = HR_BUF_INIT(1 << 20);
    struct hr_store *s;
    struct hr_decoder *d;
    assert_int_equal(hr_store_open(ROOT "/a.arrow", &s, NULL), 0);
    assert_int_equal(hr_decoder_open(s, plain, &d, NULL), 0);
    assert_int_equal(hr_schema_to_json(hr_decoder_schema(d), &schema, NULL), 0);
    hr_decoder_close(d);
    hr_store_close(s);
    pack_again(ROOT "/a.jsonl", ROOT "/b.arrow", schema.data);
    same_values(ROOT "/a.arrow", ROOT "/b.arrow", plain, 0, UINT64_MAX);
    hr_buf_fini(&schema);
}

/* Each system call in turn fails: an error, and neither the result nor a partial one is left. */
static void failing_calls(void **state)
{
    (void)state;
    make_dataset(ROOT "/a.arrow", 9, HR_CODEC_NONE);
    for (int k = 0; k < 2; k++) {
        int r = -1;
        for (uint64_t n = 1; r < 0 && n < 5000; n += EVERY) {
            struct hr_export_options o = { .format = k == 0 ? "npy" : "jsonl", .count = UINT64_MAX };
            struct hr_export_result got;
            struct hr_error err = HR_ERROR_INIT;
            hr_fault_sys_at(n, false);
            r = hr_export(ROOT "/a.arrow", ROOT "/out", &o, &got, &err);
            hr_fault_sys_at(0, false);
            if (r < 0)
                assert_true(err.code != 0 && strlen(err.text) > 5);
            if (hr_path_kind(ROOT "/out") == HR_KIND_DIR)
                assert_int_equal(hr_remove_tree(ROOT "/out", NULL), 0);
            else if (hr_path_kind(ROOT "/out") == HR_KIND_FILE)
                assert_int_equal(hr_unlink(ROOT "/out", NULL), 0);
        }
        assert_int_equal(r, 0);
    }
}

static void short_of_memory(void **state)
{
    (void)state;
    make_dataset(ROOT "/a.arrow", 9, HR_CODEC_LZ4);
    static const char *const formats[] = { "npy", "jsonl" };
    for (int k = 0; k < 2; k++) {
        int r = -1;
        for (uint64_t n = 1; r < 0; n += EVERY) {
            struct hr_export_options o = { .format = formats[k], .count = UINT64_MAX, .force = true };
            struct hr_export_result got;
            struct hr_error err = HR_ERROR_INIT;
            hr_mem_fail_at(n, false);
            r = hr_export(ROOT "/a.arrow", ROOT "/out", &o, &got, &err);
            hr_mem_fail_at(0, false);
            assert_true(r == 0 || err.code != 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(arrays, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(ranges, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(lines, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(failing_calls, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(short_of_memory, make_folder, drop_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
