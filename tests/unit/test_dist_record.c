/* What packages say of themselves: lists of files, names of modules, first lines of scripts, and lines of output. */
#include "unit.h"

#include "cpu_only.h"
#include "dist_record.h"
#include "import_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen {
    char text[512];
    size_t n;
};

static bool see(void *ctx, struct hr_str path)
{
    struct seen *s = ctx;
    size_t at = strlen(s->text);
    snprintf(s->text + at, sizeof s->text - at, "%.*s|", HR_STR_ARG(path));
    return ++s->n < 5;
}

static void lists_of_files(void **state)
{
    (void)state;
    struct seen s = { "", 0 };
    assert_true(hr_record_each(HR_STR("a/__init__.py,sha256=x,10\r\n\"odd, name.py\",,\n\"broken \"\"quotes\"\"\",,\n,,\n"
                                      "\"open,,\nb.so,sha256=y,1\n"),
                               see, &s));
    assert_string_equal(s.text, "a/__init__.py|odd, name.py|b.so|");
    s = (struct seen) { "", 0 };
    assert_true(hr_record_each(HR_STR("1,,\n2,,\n3,,\n4,,\n5,,\n6,,\n"), see, &s)); /* it said enough */
    assert_int_equal(s.n, 5);
    assert_true(hr_record_each(HR_STR(""), see, &s));
    assert_true(hr_record_inside(HR_STR("a/b.so")));
    assert_true(hr_record_inside(HR_STR("a..b/c")));
    assert_false(hr_record_inside(HR_STR("../../bin/tool")));
    assert_false(hr_record_inside(HR_STR("a/../../b")));
    assert_false(hr_record_inside(HR_STR("/etc/passwd")));
    assert_false(hr_record_inside(HR_STR("")));
}

static bool none(void *ctx, struct hr_str path)
{
    (void)path;
    ++*(size_t *)ctx;
    return true;
}

static void a_list_without_end(void **state)
{
    (void)state;
    size_t n = (size_t)HR_RECORD_LINES + 10, count = 0;
    char *text = malloc(2 * n);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        memcpy(text + 2 * i, "a\n", 2);
    assert_false(hr_record_each((struct hr_str) { text, 2 * n }, none, &count));
    assert_int_equal(count, HR_RECORD_LINES);
    memset(text, 'a', 2 * n); /* one line, and too long for a path */
    count = 0;
    assert_true(hr_record_each((struct hr_str) { text, 2 * n }, none, &count));
    assert_int_equal(count, 0);
    free(text);
}

static void names_of_modules(void **state)
{
    (void)state;
    static const struct {
        const char *path, *module; /* NULL: none */
    } rows[] = {
        { "torchmcubes/__init__.py", "torchmcubes" },
        { "torchmcubes_module.cpython-311-x86_64-linux-gnu.so", "torchmcubes_module" },
        { "flash_attn_2_cuda.abi3.so", "flash_attn_2_cuda" },
        { "six.py", "six" },
        { "pkg/_C.so", "pkg._C" },
        { "pkg/_C.cpython-312-aarch64-linux-gnu.so", "pkg._C" },
        { "pkg/lib/libggml.so", NULL },
        { "pkg/libggml.so", NULL },
        { "pkg/mod.py", NULL },
        { "pkg/deep/_C.so", NULL },
        { "tests/__init__.py", NULL },
        { "setup.py", NULL },
        { "../pkg/__init__.py", NULL },
        { "torch-2.0.dist-info/RECORD", NULL },
        { "1abc/__init__.py", NULL },
        { "a-b.py", NULL },
        { "libx.so.1", NULL },
        { ".so", NULL },
        { "/x.py", NULL },
    };
    for (size_t i = 0; i < HR_COUNT(rows); i++) {
        char out[HR_MODULE_MAX] = "?";
        bool is = hr_module_of_record(hr_str(rows[i].path), out);
        if (is != (rows[i].module != NULL))
            fail_msg("%s", rows[i].path);
        if (is)
            assert_string_equal(out, rows[i].module);
    }
    char out[HR_MODULE_MAX];
    assert_true(hr_module_of_library(HR_STR("/build/x/fast.cpython-311-x86_64-linux-gnu.so"), out));
    assert_string_equal(out, "fast");
    assert_true(hr_module_for_sure(HR_STR("/build/x/fast.cpython-311-x86_64-linux-gnu.so")));
    assert_false(hr_module_for_sure(HR_STR("/build/x/fast.so")));
    assert_false(hr_module_for_sure(HR_STR("/build/x/libfast.so.1")));
    char path[256];
    memset(path, 'x', sizeof path - 1);
    path[255] = 0;
    memcpy(path + 250, ".py", 4);
    assert_false(hr_module_of_record(hr_str(path), out));
}

static void first_lines(void **state)
{
    (void)state;
    char out[32];
    assert_true(hr_shebang(HR_STR("#!/opt/venv/bin/python3.11 -E\nimport x\n"), out, sizeof out));
    assert_string_equal(out, "/opt/venv/bin/python3.11");
    assert_true(hr_shebang(HR_STR("#! /usr/bin/env python3\n"), out, sizeof out));
    assert_string_equal(out, "python3");
    assert_false(hr_shebang(HR_STR("#!\n"), out, sizeof out));
    assert_false(hr_shebang(HR_STR("#!/usr/bin/env\n"), out, sizeof out) && out[0] == 0);
    assert_false(hr_shebang(HR_STR("import x\n"), out, sizeof out));
    assert_false(hr_shebang(HR_STR("#!/a/very/long/path/that/does/not/fit/python\n"), out, sizeof out));
    assert_false(hr_shebang(HR_STR("#!a\0b\n"), out, sizeof out));
    assert_true(hr_is_python(HR_STR("/usr/bin/python3.11")) && hr_is_python(HR_STR("python")));
    assert_false(hr_is_python(HR_STR("python-config")) || hr_is_python(HR_STR("ipython")));
    assert_true(hr_is_pip(HR_STR("pip3")) && hr_is_pip(HR_STR(".venv/bin/pip")));
    assert_false(hr_is_pip(HR_STR("pipx")) || hr_is_pip(HR_STR("pip-compile")));
}

static void what_a_build_says(void **state)
{
    (void)state;
    struct hr_said s;
    memset(&s, 0, sizeof s);
    hr_said_line(&s, HR_STR("  Created wheel for torchmcubes: filename=torchmcubes-0.1.0-cp311-cp311-linux_x86_64.whl size=188 sha256=ab"));
    hr_said_line(&s, HR_STR("Created wheel for x: filename="));
    hr_said_line(&s, HR_STR("-- Looking for a CUDA compiler - /usr/local/cuda/bin/nvcc"));
    assert_null(s.sign);
    assert_int_equal(s.wheels, 1);
    assert_string_equal(s.wheel[0], "torchmcubes-0.1.0-cp311-cp311-linux_x86_64.whl");
    hr_said_line(&s, HR_STR("  -- Looking for a CUDA compiler - NOTFOUND"));
    assert_string_equal(s.sign->means, "CMake found no CUDA compiler");
    assert_string_equal(s.line, "-- Looking for a CUDA compiler - NOTFOUND");
    const struct hr_cuda_sign *first = s.sign;
    hr_said_line(&s, HR_STR("-- Could NOT find CUDA (missing: CUDA_TOOLKIT_ROOT_DIR)"));
    assert_ptr_equal(s.sign, first);
    for (int i = 0; i < 20; i++)
        hr_said_line(&s, HR_STR("Created wheel for x: filename=x.whl"));
    assert_int_equal(s.wheels, HR_SAID_WHEELS);
}

/* Each row of the tables can be found, and says where it is from. */
static void the_tables(void **state)
{
    (void)state;
    size_t n;
    const struct hr_cuda_sign *s = hr_cuda_sign_table(&n);
    for (size_t i = 0; i < n; i++) {
        char line[256];
        snprintf(line, sizeof line, "before %s after", s[i].words);
        assert_non_null(hr_cuda_sign_of(hr_str(line)));
        assert_true(strlen(s[i].means) > 10 && strlen(s[i].source) > 4);
    }
    assert_null(hr_cuda_sign_of(HR_STR("-- Found CUDAToolkit: /usr/local/cuda (found version \"13.0\")")));
    assert_null(hr_cuda_sign_of(HR_STR("")));
    const struct hr_cuda_recipe *r = hr_cuda_recipe_table(&n);
    for (size_t i = 0; i < n; i++)
        assert_ptr_equal(hr_cuda_recipe_of(r[i].module), &r[i]);
    assert_null(hr_cuda_recipe_of("numpy"));
    assert_true(hr_cuda_source("a.cu") && hr_cuda_source("b.cuh"));
    assert_false(hr_cuda_source("a.cc") || hr_cuda_source(".cu") || hr_cuda_source("cu") || hr_cuda_source("a.cubin"));
}

static void what_an_import_says(void **state)
{
    (void)state;
    struct hr_import list[5];
    memset(list, 0, sizeof list);
    list[3].guessed = true;
    struct hr_str text = HR_STR("begin\t0\nworks\t0\t1500\tTrue\nbegin\t1\nfails\t1\t7\tImportError: libc10.so: cannot open\n"
                                "begin\t2\nnone\t2\t3\tModuleNotFoundError: No module named 'x'\n"
                                "begin\t3\nnone\t3\t3\tModuleNotFoundError: No module named 'y'\nbegin\t4\n");
    assert_int_equal(hr_import_heard(text, list, 0, 5), 4); /* it ended at the fifth */
    assert_int_equal(list[0].state, HR_IMPORT_WORKS);
    assert_true(list[0].yes.known && list[0].yes.v && list[0].ns == 1500);
    assert_int_equal(list[1].state, HR_IMPORT_FAILS);
    assert_string_equal(list[1].say, "ImportError: libc10.so: cannot open");
    assert_int_equal(list[2].state, HR_IMPORT_FAILS); /* its package lists it */
    assert_int_equal(list[3].state, HR_IMPORT_NONE);
    assert_int_equal(list[4].state, HR_IMPORT_UNTRIED);
    memset(list, 0, sizeof list);
    assert_int_equal(hr_import_heard(HR_STR("begin\t0\nother\t0\t0\tfor another Python\n"), list, 0, 2), 1);
    assert_int_equal(list[0].state, HR_IMPORT_UNTRIED);
    assert_string_equal(list[0].say, "for another Python");
    static const char *const bad[] = { "", "\n\n", "begin\t9\n", "begin\t-1\n", "works\t0\t1\tTrue\n", "begin\tx\n", "begin\t0\nworks\t1\t2\tTrue\n" };
    for (size_t i = 0; i < HR_COUNT(bad); i++) {
        memset(list, 0, sizeof list);
        assert_int_equal(hr_import_heard(hr_str(bad[i]), list, 0, 2), 0);
        assert_int_equal(list[0].state, HR_IMPORT_UNTRIED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_files),    cmocka_unit_test(a_list_without_end), cmocka_unit_test(names_of_modules),
        cmocka_unit_test(first_lines),       cmocka_unit_test(what_a_build_says),  cmocka_unit_test(the_tables),
        cmocka_unit_test(what_an_import_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
