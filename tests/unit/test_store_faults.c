/* Writing, resuming, opening and verifying while the n-th allocation or the n-th system call fails, for every n of a clean
 * run: a clear error, no leak (under ASan), and never a file under the final name that is not whole. */
#include "unit.h"

#include "fault.h"
#include "file.h"
#include "manifest.h"
#include "store.h"
#include "store_make.h"
#include "verify.h"

static char folder[] = "/tmp/headrace-test-faults-XXXXXX";
static char path[128], partial[160], sub[128];

static const struct hr_writer_options options = { .codec = HR_CODEC_NONE, .chunk_samples = 3 };

struct work {
    struct hr_schema schema;
    struct hr_field f[3];
    struct make_chunk chunk[3]; /* made before faults are armed: the work is the store's alone */
};

static void work_make(struct work *w)
{
    w->f[0] = make_field("x", HR_F32, 2, -1, 3, 0, 0);
    w->f[1] = make_field("q", HR_F32, 1, 2, 0, 0, 0);
    w->f[2] = make_field("s", HR_STR, 0, 0, 0, 0, 0);
    static const double scale[2] = { 0.5, 2 }, offset[2] = { 1, 2 };
    w->f[1].stored = HR_I8;
    w->f[1].scale = scale;
    w->f[1].offset = offset;
    w->f[1].quant_n = 2;
    w->schema = (struct hr_schema){ 3, w->f };
    for (uint32_t i = 0; i < 3; i++)
        make_fill(&w->schema, i * 3, i < 2 ? 3 : 1, &w->chunk[i]);
}

static void work_free(struct work *w)
{
    for (int i = 0; i < 3; i++)
        make_free(&w->chunk[i]);
}

static int append(struct hr_writer *w, const struct work *k, uint64_t from, struct hr_error *err)
{
    int r = 0;
    for (uint64_t i = from / 3; i < 3 && r == 0; i++)
        r = hr_writer_append(w, &k->chunk[i].chunk, err);
    if (r == 0)
        r = hr_writer_meta(w, "key", "value", err);
    return r == 0 ? hr_writer_finish(w, err) : r;
}

static int do_write(const struct work *k, struct hr_error *err)
{
    struct hr_writer *w = NULL;
    int r = hr_writer_create(path, &k->schema, &options, &w, err);
    if (r == 0)
        r = append(w, k, 0, err);
    hr_writer_destroy(w, false);
    return r;
}

static int do_resume(const struct work *k, struct hr_error *err)
{
    struct hr_writer *w = NULL;
    uint64_t samples = 0;
    int r = hr_writer_resume(path, &k->schema, &options, &w, &samples, err);
    if (r == 0)
        r = append(w, k, samples, err);
    hr_writer_destroy(w, true);
    return r;
}

static int do_open(const struct work *k, struct hr_error *err)
{
    struct hr_store *s = NULL;
    struct hr_column col[3];
    struct hr_chunk c = { 0, col };
    static _Alignas(64) char block[1 << 16];
    (void)k;
    int r = hr_store_open(sub, &s, err);
    for (uint32_t i = 0; r == 0 && i < s->chunks; i++) {
        r = hr_store_read(s, i, block, err);
        if (r == 0)
            r = hr_store_view(s, i, block, NULL, true, &c, err);
    }
    hr_store_close(s);
    return r;
}

static int do_verify(const struct work *k, struct hr_error *err)
{
    struct hr_verify_options o = { .jobs = 2 };
    struct hr_verify_result res = { 0 };
    (void)k;
    int r = hr_verify(sub, &o, NULL, NULL, &res, err);
    if (r == 0 && res.findings != 0) /* a read that failed is a finding */
        r = hr_fail(err, HR_E_IO, "verify has findings");
    return r;
}

static int do_manifest(const struct work *k, struct hr_error *err)
{
    (void)k;
    return hr_manifest_write(sub, NULL, err);
}

/* What must hold after a failed run. */
static void nothing_half_written(void)
{
    struct hr_store *s = NULL;
    struct hr_error err = HR_ERROR_INIT;
    if (hr_path_kind(path) == HR_KIND_NONE)
        return;
    if (hr_store_open(path, &s, &err) < 0)
        fail_msg("a file that is not whole stands under the final name: %s", err.text);
    assert_int_equal(s->samples, 7);
    hr_store_close(s);
}

static void loop(int (*work)(const struct work *k, struct hr_error *err), bool sys, void (*before)(const struct work *k))
{
    struct work k;
    work_make(&k);
    uint64_t failed = 0;
    for (uint64_t n = 1;; n++) {
        struct hr_error err = HR_ERROR_INIT;
        assert_true(n < 2000);
        if (before != NULL)
            before(&k);
        if (sys)
            hr_fault_sys_at(n, false);
        else
            hr_mem_fail_at(n, false);
        uint64_t from = sys ? hr_fault_sys_count() : hr_mem_count();
        int r = work(&k, &err);
        uint64_t used = (sys ? hr_fault_sys_count() : hr_mem_count()) - from;
        hr_fault_sys_at(0, false);
        hr_mem_fail_at(0, false);
        nothing_half_written();
        if (r < 0) {
            failed++;
            if (err.code != r || strlen(err.text) < 10)
                fail_msg("fault %llu: code %d and the sentence '%s'", (unsigned long long)n, r, err.text);
            if (!sys)
                assert_int_equal(r, HR_E_NOMEM);
        }
        if (used < n)
            break; /* this run was clean: every n has had its turn */
    }
    assert_true(failed >= 3);
    work_free(&k);
}

static void clear(const struct work *k)
{
    (void)k;
    (void)!hr_unlink(path, NULL);
    (void)!hr_unlink(partial, NULL);
}

/* Two chunks and a bit, as a killed process leaves them. */
static void leave_partial(const struct work *k)
{
    struct hr_error err = HR_ERROR_INIT;
    struct hr_writer *w = NULL;
    clear(k);
    assert_int_equal(hr_writer_create(path, &k->schema, &options, &w, &err), 0);
    assert_int_equal(hr_writer_append(w, &k->chunk[0].chunk, &err), 0);
    assert_int_equal(hr_writer_append(w, &k->chunk[1].chunk, &err), 0);
    hr_writer_destroy(w, true);
}

static void writing(void **state)
{
    (void)state;
    loop(do_write, false, clear);
    loop(do_write, true, clear);
}

static void resuming(void **state)
{
    (void)state;
    loop(do_resume, false, leave_partial);
    loop(do_resume, true, leave_partial);
}

static void opening(void **state)
{
    (void)state;
    loop(do_open, false, NULL);
    loop(do_open, true, NULL);
}

static void verifying(void **state)
{
    (void)state;
    loop(do_verify, false, NULL);
    loop(do_verify, true, NULL);
}

static void manifests(void **state)
{
    (void)state;
    loop(do_manifest, false, NULL);
    loop(do_manifest, true, NULL);
}

static int setup(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    char name[160];
    struct work k;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/a.arrow", folder);
    snprintf(partial, sizeof partial, "%s.partial", path);
    snprintf(sub, sizeof sub, "%s/d", folder);
    snprintf(name, sizeof name, "%s/part-00000.arrow", sub);
    work_make(&k);
    int r = hr_mkdir(sub, true, &err);
    if (r == 0)
        r = make_store(name, &k.schema, 0, 7, &options, &err);
    if (r == 0)
        r = hr_manifest_write(sub, NULL, &err);
    work_free(&k);
    return r;
}

static int teardown(void **state)
{
    (void)state;
    return hr_remove_tree(folder, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(writing), cmocka_unit_test(resuming), cmocka_unit_test(opening),
                                        cmocka_unit_test(verifying), cmocka_unit_test(manifests) };
    return cmocka_run_group_tests(tests, setup, teardown);
}
