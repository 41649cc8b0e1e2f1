/* What a command made, found by a look that ends; and the whole verification with every allocation and system call failing in turn. */
#include "unit.h"

#include "build_verify.h"
#include "clock.h"
#include "cpu_only.h"
#include "fault.h"
#include "file.h"
#include "gzip.h"
#include "interpreter.h"
#include "made.h"
#include "mem.h"
#include "tar.h"
#include "walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLACE "made.test"
#define SEEDS HEADRACE_TEST_DATA "/../fuzz/seeds/fatbin/"

static void put(const char *path, const char *text)
{
    char folder[512];
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = 0;
    assert_int_equal(hr_mkdir(folder, true, NULL), 0);
    assert_int_equal(hr_replace(path, text, strlen(text), NULL), 0);
}

static int fresh(void **state)
{
    (void)state;
    return hr_remove_tree(PLACE, NULL) < 0 ? -1 : hr_mkdir(PLACE, false, NULL);
}

static int clean(void **state)
{
    (void)state;
    return hr_remove_tree(PLACE, NULL);
}

static struct hr_made *look(bool sources)
{
    struct hr_made *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->look_ns = UINT64_C(10000000000);
    assert_int_equal(hr_made_look(m, PLACE, sources, NULL), 0);
    return m;
}

static void drop(struct hr_made *m)
{
    hr_made_fini(m);
    free(m);
}

static bool has(const struct hr_made *m, const char *end)
{
    for (size_t i = 0; i < m->n; i++)
        if (hr_str_ends(hr_str(m->file[i].path), end))
            return true;
    return false;
}

static void what_counts(void **state)
{
    (void)state;
    put(PLACE "/a/liba.so", "x");
    put(PLACE "/a/libb.so.1.2", "x");
    put(PLACE "/a/empty.so", "");
    put(PLACE "/a/c.source", "x");
    put(PLACE "/a/tool", "x");
    put(PLACE "/a/readme", "x");
    assert_int_equal(chmod(PLACE "/a/tool", 0755), 0);
    put(PLACE "/dist/d-1.0-py3-none-any.whl", "x");
    put(PLACE "/.git/e.so", "x");
    put(PLACE "/venv/lib/python3/site-packages/f.so", "x");
    put(PLACE "/out/CMakeFiles/3.25.1/CompilerIdCUDA/g.so", "x");
    put(PLACE "/out/CMakeFiles/k.dir/k.cu.o", "x");
    put(PLACE "/out/temp/k2.cuda.o", "x");
    put(PLACE "/out/temp/k3.o", "x");
    put(PLACE "/a/k.cu", "x");
    put(PLACE "/a/k.cuh", "x");
    assert_int_equal(symlink("/", PLACE "/away"), 0);
    assert_int_equal(symlink("a/liba.so", PLACE "/again.so"), 0);
    struct hr_made *m = look(true);
    assert_int_equal(m->n, 4);
    assert_true(has(m, "/liba.so") && has(m, "/libb.so.1.2") && has(m, "/tool") && has(m, ".whl"));
    assert_int_equal(m->sources, 2);
    assert_int_equal(m->objects, 2);
    assert_false(m->cut);
    drop(m);
    m = look(false);
    assert_int_equal(m->sources, 0);
    drop(m);
}

static void only_the_new(void **state)
{
    (void)state;
    put(PLACE "/old.so", "x");
    struct hr_made *m = calloc(1, sizeof *m);
    m->look_ns = UINT64_C(10000000000);
    m->since = hr_wall() + UINT64_C(1000000000);
    assert_int_equal(hr_made_look(m, PLACE, true, NULL), 0);
    assert_int_equal(m->n, 0);
    drop(m);
}

/* Also in the very tick of the clock in which the build began. */
static void what_is_made_at_once_is_new(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        uint64_t since = hr_wall_files(), touched = 0;
        put(PLACE "/now.so", "x");
        assert_true(hr_touched(PLACE "/now.so", &touched) && touched >= since);
    }
    assert_true(hr_wall_files() <= hr_wall());
}

/* More files than are kept, and folders deeper than is looked. */
static void it_ends(void **state)
{
    (void)state;
    char path[2048] = PLACE "/deep";
    for (unsigned i = 0; i < HR_MADE_FILES + 10u; i++) {
        char name[64];
        snprintf(name, sizeof name, PLACE "/x%u.so", i);
        FILE *f = fopen(name, "w");
        assert_non_null(f);
        fputs("x", f);
        fclose(f);
    }
    struct hr_made *m = look(false);
    assert_true(m->n == HR_MADE_FILES && m->cut);
    drop(m);
    for (int i = 0; i < 40; i++)
        strcat(path, "/d");
    strcat(path, "/bottom.so");
    put(path, "x");
    m = look(false);
    assert_true(m->cut && !has(m, "bottom.so"));
    drop(m);
    bool cut = false;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_walk w = { .names = 10 };
    assert_int_equal(hr_walk(PLACE "/none", &w, &cut, &err), HR_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "made.test/none"));
}

static void packages(void **state)
{
    (void)state;
    put(PLACE "/a/__init__.py", "");
    put(PLACE "/a/_c.abi3.so", "x");
    put(PLACE "/a-1.0.dist-info/RECORD", "a/__init__.py,,\na/_c.abi3.so,,\na-1.0.dist-info/RECORD,,\n../../bin/a.so,,\n__editable__.py,,\n");
    put(PLACE "/a-1.0.dist-info/REQUESTED", "");
    put(PLACE "/dep-2.dist-info/RECORD", "dep.py,,\n");
    put(PLACE "/my_own-3.dist-info/RECORD", "my_own-3.dist-info/RECORD,,\n__editable___my_own_finder.py,,\n");
    put(PLACE "/my_own-3.dist-info/REQUESTED", "");
    struct hr_made *m = calloc(1, sizeof *m);
    assert_int_equal(hr_made_installed(m, PLACE, NULL), 0);
    assert_true(m->dists == 2 && m->beside == 1 && m->n == 1 && m->file[0].installed);
    assert_int_equal(m->modules, 3);
    assert_string_equal(m->module[0].module, "a");
    assert_string_equal(m->module[1].module, "a._c");
    assert_string_equal(m->module[2].module, "my_own");
    assert_true(m->module[2].guessed && !m->module[0].guessed);
    assert_int_equal(hr_made_installed(m, PLACE "/none", NULL), 0);
    drop(m);
}

static void source_archives(void **state)
{
    (void)state;
    if (!hr_gzip_available())
        skip();
    struct hr_buf tar = HR_BUF_INIT(1 << 20), packed = HR_BUF_INIT(1 << 20);
    static const char *const names[] = { "p-1/setup.py", "p-1/csrc/k.cu", "p-1/csrc/k.cpp" };
    for (size_t i = 0; i < HR_COUNT(names); i++)
        hr_tar_add(&tar, &(struct hr_tar_entry) { .kind = HR_TAR_FILE, .name = hr_str(names[i]), .data = HR_STR("x"), .mode = 0644 });
    hr_tar_finish(&tar);
    assert_int_equal(hr_gzip(hr_buf_str(&tar), &packed, NULL), 0);
    assert_int_equal(hr_replace(PLACE "/p-1.tar.gz", packed.data, packed.len, NULL), 0);
    put(PLACE "/bad.tar.gz", "no archive");
    struct hr_made *m = calloc(1, sizeof *m);
    hr_made_archive(m, PLACE "/p-1.tar.gz");
    hr_made_archive(m, PLACE "/bad.tar.gz");
    hr_made_archive(m, PLACE "/none.tar.gz");
    assert_int_equal(m->sources, 1);
    assert_string_equal(m->source, "p-1/csrc/k.cu");
    drop(m);
    hr_buf_fini(&tar);
    hr_buf_fini(&packed);
}

static void the_interpreter(void **state)
{
    (void)state;
    char here[512], bin[600], pip[700];
    assert_non_null(getcwd(here, sizeof here));
    put(PLACE "/bin/python3.11", "x");
    put(PLACE "/bin/python", "x");
    snprintf(bin, sizeof bin, "%s/" PLACE "/bin", here);
    snprintf(pip, sizeof pip, "#!%s/python3.11\n", bin);
    put(PLACE "/bin/pip", pip);
    put(PLACE "/.venv/bin/python", "x");
    setenv("PATH", bin, 1);
    setenv("VIRTUAL_ENV", PLACE "/.venv", 1);
    struct hr_root *root;
    assert_int_equal(hr_root_open(NULL, &root, NULL), 0);
    static const struct {
        const char *argv[6];
        const char *program; /* its end; NULL: none */
        bool pip;
        const char *target;
    } rows[] = {
        { { "pip", "install", ".", NULL }, "/bin/python3.11", true, "" },
        { { "python", "-m", "pip", "install", "--target=there", NULL }, "/bin/python", true, "there" },
        { { "python", "-m", "build", NULL }, "/bin/python", true, "" },
        { { "python", "setup.py", "build_ext", NULL }, "/bin/python", false, "" },
        { { "sh", "-c", "cd x && (CC=gcc 'pip' install -t there -q .)", NULL }, "/bin/python3.11", true, "there" },
        { { "uv", "pip", "install", ".", NULL }, "/.venv/bin/python", true, "" },
        { { "make", "-j4", NULL }, NULL, false, "" },
        { { "gcc", "-I/usr/include/python3.11", "x.c", NULL }, NULL, false, "" },
        { { "python9.9", NULL }, NULL, false, "" },
        { { NULL }, NULL, false, "" },
    };
    for (size_t i = 0; i < HR_COUNT(rows); i++) {
        struct hr_interpreter who;
        hr_interpreter_of(root, rows[i].argv, &who);
        if ((who.program[0] != 0) != (rows[i].program != NULL) || who.pip != rows[i].pip)
            fail_msg("row %zu: '%s'", i, who.program);
        assert_true(rows[i].program == NULL || hr_str_ends(hr_str(who.program), rows[i].program));
        assert_string_equal(who.target, rows[i].target);
    }
    unsetenv("VIRTUAL_ENV");
    hr_root_close(root);
}

/* --- the whole --- */

static int whole(struct hr_verify *v, struct hr_error *err)
{
    static const char *const argv[] = { "make", NULL };
    struct hr_verify_ask ask = { .argv = argv, .folder = "log", .arches = "12.0" };
    struct hr_root *root;
    int r = hr_root_open(NULL, &root, err);
    if (r < 0)
        return r;
    r = hr_verify_build(root, &ask, v, err);
    hr_root_close(root);
    return r;
}

static void with_faults(void **state)
{
    (void)state;
    struct hr_buf four = HR_BUF_INIT(1 << 20);
    struct hr_verify *v = calloc(1, sizeof *v);
    assert_int_equal(hr_slurp(SEEDS "four", &four, NULL), 0);
    put(PLACE "/log/output.log", "Created wheel for x: filename=x.whl\nbuilding\n");
    put(PLACE "/k.cu", "x");
    assert_int_equal(hr_replace(PLACE "/libk.so", four.data, four.len, NULL), 0);
    setenv("HEADRACE_NVML", "/none", 1);
    setenv("HEADRACE_CUDA", "/none", 1);
    assert_int_equal(chdir(PLACE), 0); /* where a build tool is started, its products are looked for */
    uint64_t before = hr_mem_count(), calls = hr_fault_sys_count();
    assert_int_equal(whole(v, NULL), 0);
    assert_true(v->state == HR_VERIFY_CUDA && v->gpu == 1 && v->files == 1 && v->runs == HR_RUNS_NATIVE);
    uint64_t allocations = hr_mem_count() - before, system_calls = hr_fault_sys_count() - calls;
    for (uint64_t n = 1; n <= allocations; n++) {
        struct hr_error err = HR_ERROR_INIT;
        hr_mem_fail_at(n, false);
        int r = whole(v, &err);
        hr_mem_fail_at(0, false);
        assert_true(r == 0 || (r < 0 && err.text[0] != 0));
    }
    for (uint64_t n = 1; n <= system_calls; n++) {
        struct hr_error err = HR_ERROR_INIT;
        hr_fault_sys_at(n, false);
        int r = whole(v, &err);
        hr_fault_sys_at(0, false);
        assert_true(r == 0 || (r < 0 && err.text[0] != 0));
    }
    assert_int_equal(chdir(".."), 0);
    hr_buf_fini(&four);
    free(v);
    unsetenv("HEADRACE_NVML");
    unsetenv("HEADRACE_CUDA");
}

static void what_is_expected(void **state)
{
    (void)state;
    struct hr_verify *v = calloc(1, sizeof *v);
    char say[512];
    assert_true(hr_verify_meets(v, HR_EXPECT_ANY, say));
    assert_false(hr_verify_meets(v, HR_EXPECT_CUDA, say) || hr_verify_meets(v, HR_EXPECT_CPU, say));
    v->state = HR_VERIFY_CUDA;
    v->runs = HR_RUNS_NATIVE;
    assert_true(hr_verify_meets(v, HR_EXPECT_CUDA, say));
    assert_false(hr_verify_meets(v, HR_EXPECT_CPU, say));
    v->runs = HR_RUNS_JIT;
    assert_true(hr_verify_meets(v, HR_EXPECT_CUDA, say));
    v->runs = HR_RUNS_NEWER;
    assert_false(hr_verify_meets(v, HR_EXPECT_CUDA, say));
    v->runs = HR_RUNS_NATIVE;
    v->launched = true;
    v->launch.state = HR_LAUNCH_NO_CARD;
    assert_true(hr_verify_meets(v, HR_EXPECT_CUDA, say));
    v->launch.state = HR_LAUNCH_HANGS;
    assert_false(hr_verify_meets(v, HR_EXPECT_CUDA, say));
    v->launched = false;
    v->imports_bad = 1;
    assert_false(hr_verify_meets(v, HR_EXPECT_CUDA, say));
    v->imports_bad = 0;
    v->state = HR_VERIFY_CPU_ONLY;
    assert_false(hr_verify_meets(v, HR_EXPECT_CUDA, say));
    assert_string_equal(say, "it was built CPU-only");
    assert_true(hr_verify_meets(v, HR_EXPECT_CPU, say));
    v->damaged = 1;
    assert_false(hr_verify_meets(v, HR_EXPECT_CPU, say));
    free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_counts, fresh, clean), cmocka_unit_test_setup_teardown(only_the_new, fresh, clean),
        cmocka_unit_test_setup_teardown(what_is_made_at_once_is_new, fresh, clean),
        cmocka_unit_test_setup_teardown(it_ends, fresh, clean),     cmocka_unit_test_setup_teardown(packages, fresh, clean),
        cmocka_unit_test_setup_teardown(source_archives, fresh, clean),
        cmocka_unit_test_setup_teardown(with_faults, fresh, clean), cmocka_unit_test(what_is_expected),
        cmocka_unit_test_setup_teardown(the_interpreter, fresh, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
