/* A dataset damaged at every structural byte and at 10,000 random bits: opening refuses it or verify names it, and no
 * reader crashes, checksums or not. */
#include "unit.h"

#include "codec.h"
#include "file.h"
#include "graph_check.h"
#include "hash.h"
#include "manifest.h"
#include "rng.h"
#include "store.h"
#include "store_make.h"
#include "store_repair.h"
#include "verify.h"

#include <fcntl.h>

/* The thread sanitizer looks for races, which no further byte would show: there a sample of the bytes will do. */
#ifdef __SANITIZE_THREAD__
enum { EVERY = 16 };
#else
enum { EVERY = 1 };
#endif

static char folder[] = "/tmp/headrace-test-damage-XXXXXX";
static char path[128], sub[128];

static void must(int r, const struct hr_error *err)
{
    if (r < 0)
        fail_msg("%s", err->text);
}

static struct hr_verify_options one_job = { .jobs = 1 };

static void last_text(const struct hr_damage *f, void *arg)
{
    struct hr_error *e = arg;
    e->code = f->code;
    snprintf(e->text, sizeof e->text, "%s", f->text);
}

/* Findings of verify; a refusal that is no finding (as for a missing file) counts as one. */
static uint64_t findings(const char *name, struct hr_error *last)
{
    struct hr_verify_result res = { 0 };
    return hr_verify(name, &one_job, last_text, last, &res, NULL) < 0 ? 1 : res.findings;
}

static struct hr_column column[MAKE_ALL];
static _Alignas(64) uint8_t scratch[1 << 20];

/* Everything that a reader without checksums would touch. */
static void touch(const char *name, uint64_t *sum)
{
    struct hr_store *s = NULL;
    if (hr_store_open(name, &s, NULL) < 0)
        return;
    for (uint32_t c = 0; c < s->chunks && hr_store_scratch(s) <= sizeof scratch && s->schema.n <= MAKE_ALL; c++) {
        struct hr_chunk chunk = { 0, column };
        uint32_t at;
        if (hr_store_view(s, c, hr_store_block(s, c), scratch, true, &chunk, NULL) < 0)
            continue;
        *sum += hr_graph_check(&s->schema, s->layout, &chunk, &at, NULL) == 0;
        for (int f = 0; f < s->schema.n; f++)
            for (uint64_t k = 0; k < chunk.col[f].bytes; k++)
                *sum += chunk.col[f].values[k];
    }
    hr_store_close(s);
}

/* A file of the test, kept open, and its good bytes. */
struct target {
    int fd;
    struct hr_buf good;
};

static void poke(const struct target *t, const char *name, size_t at, uint8_t v)
{
    struct hr_error err = HR_ERROR_INIT;
    must(hr_pwrite_all(t->fd, &v, 1, at, name, &err), &err);
}

static void target_open(struct target *t, const char *name)
{
    struct hr_error err = HR_ERROR_INIT;
    t->good = HR_BUF_INIT(1 << 22);
    must(hr_slurp(name, &t->good, &err), &err);
    must(hr_open(name, O_RDWR, 0, &t->fd, &err), &err);
}

static void target_close(struct target *t)
{
    hr_close(t->fd);
    hr_buf_fini(&t->good);
}

static void one_bit(const struct target *t, const char *name, const char *dataset, size_t at, int bit)
{
    struct hr_error last = HR_ERROR_INIT;
    poke(t, name, at, (uint8_t)t->good.data[at] ^ (uint8_t)(1 << bit));
    if (hr_hash_available() && findings(dataset, &last) == 0)
        fail_msg("bit %d of byte %zu of %s was flipped, and verify found nothing", bit, at, name);
    uint64_t sum = 0;
    touch(dataset, &sum);
    poke(t, name, at, (uint8_t)t->good.data[at]);
}

/* Bytes that are not values: heads, offsets, padding between, footer. */
static bool *structural(size_t n)
{
    struct hr_error err = HR_ERROR_INIT;
    struct hr_store *s = NULL;
    bool *map = malloc(n);
    memset(map, 1, n);
    must(hr_store_open(path, &s, &err), &err);
    for (uint32_t c = 0; c < s->chunks; c++) {
        struct hr_chunk chunk = { 0, column };
        const uint8_t *base = (const uint8_t *)hr_store_block(s, c) - s->chunk[c].off;
        must(hr_store_view(s, c, hr_store_block(s, c), NULL, true, &chunk, &err), &err);
        for (int f = 0; f < s->schema.n; f++)
            if (chunk.col[f].bytes != 0)
                memset(map + (chunk.col[f].values - base), 0, chunk.col[f].bytes);
    }
    hr_store_close(s);
    return map;
}

static void write_small(enum hr_codec codec)
{
    struct hr_error err = HR_ERROR_INIT;
    struct hr_field f[3] = { make_field("x", HR_F32, 2, -1, 3, 0, 0), make_field("edge_index", HR_I16, 2, 2, -1, 0, 0),
                             make_field("name", HR_STR, 0, 0, 0, 0, 0) };
    struct hr_schema schema = { 3, f };
    struct hr_writer_options o = { .codec = codec, .chunk_samples = 4 };
    must(make_store(path, &schema, 0, 7, &o, &err), &err);
}

static void every_structural_byte(void **state)
{
    (void)state;
    write_small(HR_CODEC_NONE);
    struct target t;
    struct hr_error last = HR_ERROR_INIT;
    assert_int_equal(findings(path, &last), 0);
    target_open(&t, path);
    bool *map = structural(t.good.len);
    size_t n = 0;
    for (size_t at = 0; at < t.good.len; at++) {
        if (!map[at] || at % EVERY != 0)
            continue;
        one_bit(&t, path, path, at, (int)(hr_rng_u64(5, at) % 8));
        n++;
    }
    assert_true(n > 3000 / EVERY);
    free(map);
    target_close(&t);
}

static void random_bits(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        enum hr_codec codec = k == 1 && hr_codec_available(HR_CODEC_LZ4) ? HR_CODEC_LZ4 : HR_CODEC_NONE;
        write_small(codec);
        struct target t;
        target_open(&t, path);
        for (uint64_t i = 0; i < 5000 / EVERY; i++)
            one_bit(&t, path, path, hr_rng_u64(9, i) % t.good.len, (int)(hr_rng_u64(10, i) % 8));
        target_close(&t);
    }
}

/* As above, with the footer's checksum made to fit: what is left are the checks of structure, and none may crash. */
static void damage_with_a_fitting_sum(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    static const uint8_t patterns[] = { 0x00, 0xFF, 0x7F, 0x80, 0x01, 0x10 };
    uint64_t sum = 0;
    for (int codec = HR_CODEC_NONE; codec <= HR_CODEC_ZSTD; codec++) {
        if (!hr_codec_available((enum hr_codec)codec))
            continue;
        write_small((enum hr_codec)codec);
        struct target t;
        target_open(&t, path);
        uint8_t *bad = malloc(t.good.len);
        for (uint64_t i = 0; i < 2500 / EVERY; i++) {
            memcpy(bad, t.good.data, t.good.len);
            for (uint64_t k = 0; k < 1 + i % 3; k++)
                bad[hr_rng_u64(20 + k, i) % t.good.len] = patterns[hr_rng_u64(30 + k, i) % sizeof patterns];
            store_repair(bad, t.good.len);
            must(hr_pwrite_all(t.fd, bad, t.good.len, 0, path, &err), &err);
            touch(path, &sum);
        }
        free(bad);
        target_close(&t);
    }
    assert_true(sum != 0);
}

static void cut_or_lengthened(void **state)
{
    (void)state;
    write_small(HR_CODEC_NONE);
    struct hr_error err = HR_ERROR_INIT;
    struct hr_buf good = HR_BUF_INIT(1 << 22);
    must(hr_slurp(path, &good, &err), &err);
    for (size_t n = 0; n < good.len; n += 1 + n / 16) {
        must(hr_replace(path, good.data, n, &err), &err);
        assert_true(findings(path, &err) != 0);
    }
    assert_true(hr_buf_addc(&good, 0));
    must(hr_replace(path, good.data, good.len, &err), &err);
    assert_true(findings(path, &err) != 0);
    hr_buf_fini(&good);
}

static void folder_make(void)
{
    struct hr_error err = HR_ERROR_INIT;
    char name[160];
    must(hr_mkdir(sub, true, &err), &err);
    write_small(HR_CODEC_NONE);
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%s/part-%05d.arrow", sub, i);
        struct hr_buf b = HR_BUF_INIT(1 << 22);
        must(hr_slurp(path, &b, &err), &err);
        must(hr_replace(name, b.data, b.len, &err), &err);
        hr_buf_fini(&b);
    }
    must(hr_manifest_write(sub, "{\"sources\": [\"a\"]}", &err), &err);
}

static void every_byte_of_a_folder(void **state)
{
    (void)state;
    folder_make();
    static const char *const names[] = { "manifest.json", "part-00001.arrow" };
    for (int k = 0; k < 2; k++) {
        char name[160];
        snprintf(name, sizeof name, "%s/%s", sub, names[k]);
        struct target t;
        struct hr_error last = HR_ERROR_INIT;
        assert_int_equal(findings(sub, &last), 0);
        target_open(&t, name);
        for (size_t at = 0; at < t.good.len; at += (k == 0 ? 1 : 7) * EVERY)
            one_bit(&t, name, sub, at, (int)(hr_rng_u64(6, at) % 8));
        target_close(&t);
    }
}

/* Bytes in order, graphs not: verify names field and sample. */
static void bad_graphs_are_named(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_field f[2] = { make_field("x", HR_F32, 1, -1, 0, 0, 0), make_field("edge_index", HR_I16, 2, 2, -1, 0, 0) };
    f[0].role = HR_ROLE_NODE;
    f[1].role = HR_ROLE_EDGE_INDEX;
    struct hr_schema schema = { 2, f };
    struct hr_writer_options o = { .chunk_samples = 2 };
    static const float x[5];
    static const int32_t x_off[] = { 0, 3, 5 }, e_off[] = { 0, 2, 4, 5, 6 }, uneven[] = { 0, 2, 4, 6, 6 };
    static const int16_t good[] = { 0, 1, 2, 0, 1, 0 }, beyond[] = { 0, 1, 2, 0, 2, 0 }, negative[] = { 0, 1, 2, -1, 1, 0 };
    const struct {
        const int16_t *e;
        const int32_t *off;
        int64_t sample;
        const char *says;
    } cases[] = { { good, e_off, -1, NULL },
                  { beyond, e_off, 1, "names a node beyond the sample's 2" },
                  { negative, e_off, 0, "names a node beyond the sample's 3" },
                  { good, uneven, 1, "differ in length" } };
    for (size_t i = 0; i < HR_COUNT(cases); i++) {
        struct hr_writer *w = NULL;
        struct hr_column col[2] = { { (const uint8_t *)x, x_off, sizeof x }, { (const uint8_t *)cases[i].e, cases[i].off, 12 } };
        must(hr_writer_create(path, &schema, &o, &w, &err), &err);
        must(hr_writer_append(w, &(struct hr_chunk){ 2, col }, &err), &err);
        must(hr_writer_finish(w, &err), &err);
        hr_writer_destroy(w, false);
        err = (struct hr_error)HR_ERROR_INIT;
        assert_int_equal(findings(path, &err), cases[i].says != NULL);
        if (cases[i].says == NULL)
            continue;
        assert_int_equal(err.code, HR_E_BAD_SAMPLE);
        char where[64];
        snprintf(where, sizeof where, "sample %lld ", (long long)cases[i].sample);
        if (strstr(err.text, cases[i].says) == NULL || strstr(err.text, where) == NULL || strstr(err.text, "'edge_index'") == NULL)
            fail_msg("%s", err.text);
    }
}

static void many_jobs_find_the_same(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_field f[MAKE_ALL];
    struct hr_schema schema;
    make_all(f, &schema);
    f[0].role = f[1].role = HR_ROLE_NONE; /* made-up indices name no nodes */
    struct hr_writer_options o = { .chunk_samples = 5 };
    must(make_store(path, &schema, 0, 500, &o, &err), &err);
    struct target t;
    target_open(&t, path);
    struct hr_store *s = NULL;
    must(hr_store_open(path, &s, &err), &err);
    for (uint32_t c = 3; c < s->chunks; c += 10)
        poke(&t, path, s->chunk[c].off + s->chunk[c].meta + 1, 0x55);
    for (int jobs = 1; jobs <= 8; jobs *= 2) {
        struct hr_verify_options vo = { .jobs = jobs };
        struct hr_verify_result res = { 0 };
        must(hr_verify(path, &vo, NULL, NULL, &res, &err), &err);
        assert_int_equal(res.findings, 10);
        assert_int_equal(res.chunks, 100);
        assert_int_equal(res.samples, 500);
        assert_int_equal(res.bytes, t.good.len);
        assert_int_equal(res.sums, hr_hash_available());
    }
    hr_store_close(s);
    target_close(&t);
    struct hr_verify_result res = { 0 };
    assert_int_equal(hr_verify("/nonexistent/x", &one_job, NULL, NULL, &res, &err), HR_E_NOT_FOUND);
}

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/a.arrow", folder);
    snprintf(sub, sizeof sub, "%s/d", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return hr_remove_tree(folder, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_structural_byte),     cmocka_unit_test(random_bits),
        cmocka_unit_test(damage_with_a_fitting_sum), cmocka_unit_test(cut_or_lengthened),
        cmocka_unit_test(every_byte_of_a_folder),    cmocka_unit_test(bad_graphs_are_named),
        cmocka_unit_test(many_jobs_find_the_same),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
