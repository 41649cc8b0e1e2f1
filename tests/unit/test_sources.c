/* Whole sources, from files on disk to blocks: the same four graphs in every format, hostile files, short memory. */
#include "unit.h"

#include "convert.h"
#include "mem.h"
#include "npy.h"
#include "source.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#ifndef HEADRACE_TEST_DATA
#error "the build says where tests/data is"
#endif
#define DATA(name) HEADRACE_TEST_DATA "/sources/" name

static const char graphs[] = "x=0 0.25 0.5 0.75| edge_index=0|1| edge_attr=0| y=0 1| name='a' ok=1|\n"
                             "x=| edge_index=||" " edge_attr=| y=2 3| name='böse' ok=0|\n"
                             "x=1 1.25 1.5 1.75 2 2.25| edge_index=1 2|0 0| edge_attr=1 2| y=4 5| name='' ok=1|\n"
                             "x=2.5 2.75| edge_index=0|0| edge_attr=3| y=6 7| name='d' ok=1|\n";
static const char *const graph_fields[] = { "x", "edge_index", "edge_attr", "y", "name", "ok", NULL };

/* --- reading all of a source as text --- */

static void put_values(const struct hr_block *b, int f, uint64_t row, uint64_t rows, struct hr_buf *to)
{
    const struct hr_field *field = &b->schema->field[f];
    const char *at = b->col[f].values.data + row * b->col[f].row_bytes;
    if (field->stored == HR_STR || field->stored == HR_BYTES) {
        hr_buf_printf(to, "'%.*s'", (int)rows, at);
        return;
    }
    uint64_t n = rows * b->layout[f].row;
    for (uint64_t i = 0; i < n; i++) {
        const char *value = at + i * b->layout[f].elem;
        double v = 0;
        if (field->stored == HR_I64) {
            int64_t whole;
            memcpy(&whole, value, sizeof whole);
            hr_buf_printf(to, "%s%" PRId64, i == 0 ? "" : " ", whole);
            continue;
        }
        assert_int_equal(hr_convert(HR_F64, &v, field->stored, value, 1), 1);
        hr_buf_printf(to, "%s%.10g", i == 0 ? "" : " ", v);
    }
    hr_buf_adds(to, "|");
}

static void put_sample(const struct hr_block *b, uint32_t i, const char *const *names, struct hr_buf *to)
{
    for (int k = 0; names[k] != NULL; k++) {
        int f = hr_schema_find(b->schema, names[k]);
        if (f < 0)
            fail_msg("there is no field '%s'", names[k]);
        hr_buf_printf(to, "%s%s=", k == 0 ? "" : " ", names[k]);
        const int32_t *off = (const int32_t *)(const void *)b->col[f].offsets.data;
        for (uint32_t j = 0; j < b->layout[f].lists; j++) {
            uint64_t l = (uint64_t)i * b->layout[f].lists + j;
            put_values(b, f, (uint64_t)off[l], (uint64_t)(off[l + 1] - off[l]), to);
        }
        if (b->layout[f].lists == 0)
            put_values(b, f, i, 1, to);
    }
    hr_buf_adds(to, "\n");
}

struct reading {
    const char *format;
    const char *const *names; /* fields to show */
    uint64_t unit_bytes, memory;
    const struct hr_schema *schema; /* instead of the source's */
};

static int read_units(struct hr_source *s, const struct hr_schema *schema, const struct reading *r, struct hr_buf *to,
                      struct hr_error *err)
{
    struct hr_block b;
    int e = hr_block_init(&b, schema, 1 << 24, err);
    struct hr_unit u;
    while (e == 0 && (e = s->ops->next(s, &u, err)) == 1) {
        hr_block_reset(&b);
        e = s->ops->parse(s, &u, &b, err);
        if (s->ops->drop != NULL)
            s->ops->drop(s, &u);
        const struct hr_bad_sample *bad = (const struct hr_bad_sample *)(const void *)b.bad.data;
        size_t k = 0, bads = hr_block_bads(&b);
        for (uint32_t i = 0; e == 0 && i <= b.n; i++) {
            for (; k < bads && bad[k].after == i; k++)
                hr_buf_printf(to, "bad %" PRIu64 ": %s %s\n", bad[k].number, bad[k].key, bad[k].why);
            if (i < b.n)
                put_sample(&b, i, r->names, to);
        }
    }
    hr_block_fini(&b);
    return e;
}

static int read_all(const char *const *paths, int n, const struct reading *r, struct hr_buf *to, struct hr_error *err)
{
    const struct hr_source_ops *ops;
    struct hr_source *s = NULL;
    struct hr_schema schema = { 0, NULL };
    struct hr_source_options o = { .unit_bytes = r->unit_bytes == 0 ? 1 << 20 : r->unit_bytes,
                                   .memory = r->memory == 0 ? 1 << 22 : r->memory };
    hr_buf_reset(to);
    int e = hr_source_pick(r->format == NULL ? "auto" : r->format, paths, n, &ops, err);
    if (e == 0)
        e = ops->open(paths, n, &o, &s, err);
    if (e == 0 && r->schema == NULL)
        e = ops->schema(s, &schema, err);
    if (e == 0)
        e = hr_schema_check(r->schema != NULL ? r->schema : &schema, err);
    if (e == 0)
        e = ops->bind(s, r->schema != NULL ? r->schema : &schema, err);
    if (e == 0)
        e = read_units(s, r->schema != NULL ? r->schema : &schema, r, to, err);
    hr_source_close(s);
    hr_schema_fini(&schema);
    return e;
}

static void expect(const char *const *paths, int n, const struct reading *r, const char *want)
{
    struct hr_buf got = HR_BUF_INIT(1 << 20);
    struct hr_error err = HR_ERROR_INIT;
    int e = read_all(paths, n, r, &got, &err);
    if (e < 0 && strstr(err.text, "built without") != NULL) {
        print_message("skipped: %s\n", err.text);
        hr_buf_fini(&got);
        skip();
    }
    if (e < 0)
        fail_msg("%s: %s", paths[0], err.text);
    assert_string_equal(got.data, want);
    hr_buf_fini(&got);
}

static void expect_error(const char *path, const char *format, int code, const char *part)
{
    struct hr_buf got = HR_BUF_INIT(1 << 20);
    struct hr_error err = HR_ERROR_INIT;
    struct reading r = { .format = format, .names = graph_fields };
    int e = read_all(&path, 1, &r, &got, &err);
    if (e != code || strstr(err.text, part) == NULL)
        fail_msg("%s gave %d: %s", path, e, err.text);
    hr_buf_fini(&got);
}

/* --- the same graphs from everywhere --- */

static void formats(void **state)
{
    (void)state;
    static const char *const one[] = { DATA("stored.npz"), DATA("deflated.npz"), DATA("columns.h5"), DATA("groups.h5") };
    for (size_t i = 0; i < sizeof one / sizeof *one; i++) {
        if (strstr(one[i], ".h5") != NULL && !HEADRACE_TEST_HDF5)
            continue;
        for (uint64_t unit = 1; unit < 4000000; unit *= 50)
            expect(&one[i], 1, &(struct reading){ .names = graph_fields, .unit_bytes = unit }, graphs);
    }
    static const char *const records[] = { DATA("record0.npz"), DATA("record1.npz"), DATA("record2.npz"), DATA("record3.npz") };
    expect(records, 4, &(struct reading){ .names = graph_fields }, graphs);
}

/* The user's own schema: fewer fields, another order, other types. */
static void own_schema(void **state)
{
    (void)state;
    struct hr_field f[] = { { .name = "edge_attr", .dtype = HR_I8, .stored = HR_I8, .ndim = 1, .shape = { HR_RAGGED } },
                            { .name = "x", .dtype = HR_F64, .stored = HR_F64, .ndim = 2, .shape = { HR_RAGGED, 2 } } };
    struct hr_schema s = { 2, f };
    static const char *const names[] = { "edge_attr", "x", NULL };
    const char *paths[] = { DATA("stored.npz"), DATA("record0.npz") };
    struct reading r = { .names = names, .schema = &s };
    expect(&paths[0], 1, &r, "edge_attr=0| x=0 0.25 0.5 0.75|\nedge_attr=| x=|\nedge_attr=1 2| x=1 1.25 1.5 1.75 2 2.25|\n"
                             "edge_attr=3| x=2.5 2.75|\n");
    expect(&paths[1], 1, &r, "edge_attr=0| x=0 0.25 0.5 0.75|\n");
    f[1].dtype = f[1].stored = HR_I32; /* 0.25 is none */
    expect(&paths[0], 1, &r, "bad 0: x has a value at index 1 that int32 cannot hold\nedge_attr=| x=|\n"
                             "bad 2: x has a value at index 1 that int32 cannot hold\n"
                             "bad 3: x has a value at index 0 that int32 cannot hold\n");
    f[1].shape[1] = 3;
    struct hr_buf got = HR_BUF_INIT(1 << 20);
    struct hr_error err = HR_ERROR_INIT;
    assert_int_equal(read_all(&paths[0], 1, &r, &got, &err), HR_E_FORMAT);
    memcpy(f[1].name, "nothing", 8);
    assert_int_equal(read_all(&paths[0], 1, &r, &got, &err), HR_E_FORMAT);
    assert_non_null(strstr(err.text, "'nothing'"));
    hr_buf_fini(&got);
}

static void traffic(void **state)
{
    (void)state;
    static const char want[] = "time=0| x=| lane_index=|\n"
                               "time=0.5| x=1.5 -2.25 90 13.89 5.1 0 nan 3 40 0.5 0 0 0 7| lane_index=1 0|\n"
                               "time=1| x=2.5 -2.25 90 13.89 6.1 0 nan| lane_index=0|\n";
    static const char *const names[] = { "time", "x", "lane_index", NULL };
    struct hr_field f[] = { { .name = "time", .dtype = HR_F64, .stored = HR_F64 },
                            { .name = "x", .dtype = HR_F64, .stored = HR_F64, .ndim = 2, .shape = { HR_RAGGED, 7 } },
                            { .name = "lane_index", .dtype = HR_I16, .stored = HR_I16, .ndim = 1, .shape = { HR_RAGGED } },
                            { .name = "vehicle", .dtype = HR_I64, .stored = HR_I64, .ndim = 1, .shape = { HR_RAGGED } } };
    struct hr_schema s = { 4, f };
    const char *paths[] = { DATA("fcd.xml"), DATA("fcd.xml.gz") };
    for (int i = 0; i < 2; i++) {
        for (uint64_t unit = 1; unit < 100000; unit *= 30)
            expect(&paths[i], 1, &(struct reading){ .names = names, .unit_bytes = unit, .schema = &s }, want);
    }
    /* the same vehicle has the same number in every step, and another has another */
    static const char *const who[] = { "vehicle", NULL };
    struct hr_buf got = HR_BUF_INIT(1 << 20);
    assert_int_equal(read_all(paths, 1, &(struct reading){ .names = who }, &got, NULL), 0);
    long long a, b, again;
    assert_int_equal(sscanf(got.data, "vehicle=|\nvehicle=%lld %lld|\nvehicle=%lld|", &a, &b, &again), 3);
    assert_true(a == again && a != b && a > 0);
    hr_buf_fini(&got);
}

/* --- files made on the spot --- */

static char folder[64];

static void write_file(const char *name, const void *p, size_t n)
{
    char *path = hr_join(folder, name);
    FILE *f = fopen(path, "wb"); /* without the fsync of hr_replace: there are thousands of these */
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    hr_free(path);
}

static void write_npy(const char *name, enum hr_dtype t, int ndim, const uint64_t *shape, const void *p, size_t n)
{
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    assert_int_equal(hr_npy_write(&b, t, ndim, shape, NULL), 0);
    assert_int_equal(b.len % 64, 0);
    hr_buf_add(&b, p, n);
    write_file(name, b.data, b.len);
    hr_buf_fini(&b);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "test_sources.tmp");
    return hr_remove_tree(folder, NULL) < 0 || hr_mkdir(folder, false, NULL) < 0 ? -1 : 0;
}

static int drop_folder(void **state)
{
    (void)state;
    return hr_remove_tree(folder, NULL);
}

static void write_graphs(const int64_t *off, size_t n)
{
    static const float x[] = { 1, 2, 3, 4, 5 };
    static const uint8_t y[] = { 7, 8, 9 };
    write_npy("x.npy", HR_F32, 1, (uint64_t[]){ 5 }, x, sizeof x);
    write_npy("x_offsets.npy", HR_I64, 1, (uint64_t[]){ n }, off, n * sizeof *off);
    write_npy("y.npy", HR_U8, 1, (uint64_t[]){ 3 }, y, sizeof y);
}

static void npy_folder(void **state)
{
    (void)state;
    static const char *const names[] = { "x", "y", NULL };
    const char *path = folder;
    struct reading r = { .names = names };
    write_graphs((int64_t[]){ 0, 2, 2, 5 }, 4);
    expect(&path, 1, &r, "x=1 2| y=7|\nx=| y=8|\nx=3 4 5| y=9|\n");
    write_graphs((int64_t[]){ 0, 9, 2, 5 }, 4);
    expect(&path, 1, &r, "bad 0: x has offsets 0 to 9 in 5 rows\nbad 1: x has offsets 9 to 2 in 5 rows\nx=3 4 5| y=9|\n");
    write_graphs((int64_t[]){ 0, INT64_MAX, INT64_MAX, 5 }, 4);
    expect(&path, 1, &r, "bad 0: x has offsets 0 to 9223372036854775807 in 5 rows\n"
                         "bad 1: x has offsets 9223372036854775807 to 9223372036854775807 in 5 rows\n"
                         "bad 2: x has offsets 9223372036854775807 to 5 in 5 rows\n");
    write_graphs((int64_t[]){ 0, -1, 2, 5 }, 4);
    expect_error(folder, NULL, HR_E_FORMAT, "negative offset at index 1");
    write_graphs((int64_t[]){ 0, 2, 2, 4 }, 4);
    expect_error(folder, NULL, HR_E_FORMAT, "end at 4");
    write_graphs((int64_t[]){ 0, 2, 5 }, 3);
    expect_error(folder, NULL, HR_E_FORMAT, "'y' has 3 rows");
}

static void wrong_npy(void **state)
{
    (void)state;
    static const struct {
        const char *head, *part;
    } bad[] = {
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "cut off" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2", "comma" },
        { "{'descr': '<f4', 'fortran_order': False, }", "missing" },
        { "{'descr': '<f4', 'descr': '<f4', 'shape': (2,)}", "repeated" },
        { "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "pickled" },
        { "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", "structured" },
        { "{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", "of this type" },
        { "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", "Fortran" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "too large" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296), }", "too large" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1), }", "five" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "number" },
        { "", "dictionary" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct hr_buf b = HR_BUF_INIT(4096);
        size_t n = strlen(bad[i].head);
        hr_buf_add(&b, "\x93NUMPY\1\0", 8);
        hr_buf_addc(&b, (char)(n + 2));
        hr_buf_addc(&b, 0);
        hr_buf_adds(&b, bad[i].head);
        hr_buf_adds(&b, " \n");
        if (strstr(bad[i].part, "Fortran") != NULL)
            hr_buf_pad(&b, 24, 0);
        write_file("x.npy", b.data, b.len);
        expect_error("test_sources.tmp/x.npy", "npy", strcmp(bad[i].part, "Fortran") == 0 ? HR_E_UNSUPPORTED : HR_E_FORMAT,
                     bad[i].part);
        hr_buf_fini(&b);
    }
}

/* Every byte of an archive changed in turn, and every length cut: an error or a result, and never a crash. */
static void damaged(void **state)
{
    (void)state;
    static const char *const from[] = { DATA("deflated.npz"), DATA("stored.npz"), DATA("fcd.xml"), DATA("fcd.xml.gz") };
    static const char *const as[] = { "t.npz", "t.npz", "t.xml", "t.xml.gz" };
    static const char *const format[] = { "npz", "npz", "fcd", "fcd" };
    static const char *const none[] = { NULL };
    struct hr_buf got = HR_BUF_INIT(1 << 20);
    for (size_t k = 0; k < 4; k++) {
        struct hr_buf b = HR_BUF_INIT(1 << 20);
        assert_int_equal(hr_slurp(from[k], &b, NULL), 0);
        char *path = hr_join(folder, as[k]);
        const char *p = path;
        for (size_t i = 0; i < b.len; i += 1 + b.len / 300) {
            struct hr_error err = HR_ERROR_INIT;
            struct reading r = { .format = format[k], .names = none, .unit_bytes = 200 };
            b.data[i] ^= (char)(1 << i % 8);
            write_file(as[k], b.data, b.len);
            int e = read_all(&p, 1, &r, &got, &err);
            assert_true(e == 0 || strlen(err.text) > 10);
            b.data[i] ^= (char)(1 << i % 8);
            if (i % 5 == 0) {
                write_file(as[k], b.data, i);
                e = read_all(&p, 1, &r, &got, &err);
                assert_true(e == 0 || strlen(err.text) > 10);
            }
        }
        hr_free(path);
        hr_buf_fini(&b);
    }
    hr_buf_fini(&got);
}

static void folder_of_files(void **state)
{
    (void)state;
    char *cat = hr_join(folder, "cat"), *dog = hr_join(folder, "dog");
    assert_int_equal(hr_mkdir(cat, false, NULL), 0);
    assert_int_equal(hr_mkdir(dog, false, NULL), 0);
    write_file("cat/a.bin", "meow", 4);
    write_file("cat/b.bin", "", 0);
    write_file("dog/c.bin", "woof!", 5);
    static const char *const names[] = { "data", "label", "path", NULL };
    const char *path = folder;
    expect(&path, 1, &(struct reading){ .names = names },
           "data='meow' label=0| path='cat/a.bin'\ndata='' label=0| path='cat/b.bin'\ndata='woof!' label=1| path='dog/c.bin'\n");
    hr_free(cat);
    hr_free(dog);
}

static void short_of_memory(void **state)
{
    (void)state;
    static const char *const from[] = { DATA("deflated.npz"), DATA("record1.npz"), DATA("fcd.xml.gz"), DATA("fcd.xml") };
    static const char *const none[] = { NULL };
    for (size_t k = 0; k < 4; k++) {
        int e = -1;
        for (uint64_t n = 1; e < 0; n++) {
            struct hr_buf got = HR_BUF_INIT(1 << 20);
            struct hr_error err = HR_ERROR_INIT;
            hr_mem_fail_at(n, true);
            e = read_all(&from[k], 1, &(struct reading){ .names = none }, &got, &err);
            hr_mem_fail_at(0, false);
            if (e < 0 && strstr(err.text, "built without") != NULL)
                e = 0;
            if (e < 0 && e != HR_E_NOMEM)
                fail_msg("%s, allocation %d: %s", from[k], (int)n, err.text);
            hr_buf_fini(&got);
        }
    }
    expect_error(DATA("stored.npz"), NULL, HR_OK, "");
    struct hr_buf got = HR_BUF_INIT(1 << 20);
    struct hr_error err = HR_ERROR_INIT;
    const char *path = DATA("stored.npz");
    assert_int_equal(read_all(&path, 1, &(struct reading){ .names = none, .memory = 30 }, &got, &err), HR_E_LIMIT);
    assert_non_null(strstr(err.text, "--memory"));
    hr_buf_fini(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats),
        cmocka_unit_test(own_schema),
        cmocka_unit_test(traffic),
        cmocka_unit_test_setup_teardown(npy_folder, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(wrong_npy, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(damaged, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(folder_of_files, make_folder, drop_folder),
        cmocka_unit_test(short_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
