#include "unit.h"

#include "file.h"
#include "mem.h"
#include "missing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[256], said[HR_MISSING_MAX];

static void touch(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *slash = strrchr(path, '/');
    *slash = 0;
    assert_int_equal(hr_mkdir(path, true, NULL), 0);
    *slash = '/';
    assert_int_equal(hr_replace(path, "", 0, NULL), 0);
}

static int begin(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/missing-XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int end(void **state)
{
    (void)state;
    return hr_remove_tree(folder, NULL);
}

/* A command line of words between spaces. */
static bool missing_at(const char *line, const char *cwd)
{
    char text[256];
    const char *argv[16];
    size_t n = 0;
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
        argv[n++] = word;
    argv[n] = NULL;
    memset(said, 'x', sizeof said);
    bool told = hr_missing(argv, cwd, said);
    assert_true(memchr(said, 0, sizeof said) != NULL && told == (said[0] != 0));
    return told;
}

static bool missing(const char *line)
{
    return missing_at(line, folder);
}

static void an_empty_folder(void **state)
{
    (void)state;
    static const char *const lines[] = { "make", "make -j8", "/usr/bin/make -kj8 all", "env CC=gcc-12 make", "nice make", "gmake", "ninja", "ninja -j4 -v all",
                                         "cargo build --release", "cargo +nightly test", "pip install .", "pip3 install --no-build-isolation -e .",
                                         "python3.12 -m pip install -v .[dev,test]", "uv pip install .", "/opt/venv/bin/pip wheel ." };
    for (size_t i = 0; i < HR_COUNT(lines); i++) {
        if (!missing(lines[i]))
            fail_msg("nothing was said of '%s'", lines[i]);
        assert_non_null(strstr(said, folder));
        assert_non_null(strstr(said, "folder of the project"));
    }
}

/* Where the file may be elsewhere, or is not needed, nothing is said. */
static void nothing_certain(void **state)
{
    (void)state;
    static const char *const lines[] = { "make -C sub", "make -Csub", "make -kC sub", "make -f other.mk", "make --directory=sub", "make --file x", "make --eval=all:",
                                         "ninja -C out", "ninja -f x.ninja", "ninja -t targets", "cargo build --manifest-path x/Cargo.toml", "cargo -C x build",
                                         "cargo install ripgrep", "cargo --version", "cargo", "pip install numpy", "pip install --target . numpy", "pip install -f ./wheels x",
                                         "pip install ./there-is-none", "pip --version", "pip", "cmake --build .", "sh -c make", "nice -n 5 make", "env", "true", "" };
    for (size_t i = 0; i < HR_COUNT(lines); i++)
        if (missing(lines[i]))
            fail_msg("of '%s' it was said: %s", lines[i], said);
    assert_false(missing_at("make", ""));
}

static void it_is_there(void **state)
{
    (void)state;
    static const char *const files[][2] = { { "GNUmakefile", "make" },     { "makefile", "make" },         { "Makefile", "gmake" },
                                            { "build.ninja", "ninja" },    { "Cargo.toml", "cargo build" }, { "setup.py", "pip install ." },
                                            { "pyproject.toml", "pip install ." } };
    for (size_t i = 0; i < HR_COUNT(files); i++) {
        char path[512];
        assert_true(missing(files[i][1]));
        touch(files[i][0]);
        assert_false(missing(files[i][1]));
        snprintf(path, sizeof path, "%s/%s", folder, files[i][0]);
        assert_int_equal(hr_unlink(path, NULL), 0);
    }
}

static void it_is_near(void **state)
{
    (void)state;
    char below[512], whole[600];
    touch("CMakeLists.txt");
    assert_true(missing("make -j8") && strstr(said, "cmake -B build makes one in build, for make -C build") != NULL);
    assert_true(missing("ninja") && strstr(said, "cmake -G Ninja -B build makes one in build") != NULL);
    touch("build/Makefile");
    assert_true(missing("make -j8") && strstr(said, "there is one in build: make -C build") != NULL);
    touch("sub/deep/x");
    snprintf(below, sizeof below, "%s/sub/deep", folder);
    assert_true(missing_at("cargo build", below) && strstr(said, "with the folders above it") != NULL);
    touch("Cargo.toml"); /* cargo looks above; make does not */
    assert_false(missing_at("cargo build", below));
    assert_true(missing_at("make", below));
    assert_true(missing("pip install ./sub") && strstr(said, "/./sub has neither") != NULL);
    snprintf(whole, sizeof whole, "pip install %s", below);
    assert_true(missing(whole) && strstr(said, below) != NULL);
    touch("sub/setup.py");
    assert_false(missing("pip install ./sub"));
}

/* Short of memory nothing is certain, and a folder of any length is cut, not written over. */
static void at_the_limits(void **state)
{
    (void)state;
    static char deep[4096];
    for (uint64_t i = 1; i < 6; i++) {
        hr_mem_fail_at(i, false);
        (void)missing("make");
        hr_mem_fail_at(0, false);
    }
    memset(deep, 'd', sizeof deep - 1);
    deep[0] = '/';
    assert_true(missing_at("make", deep));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_folder, begin, end), cmocka_unit_test_setup_teardown(nothing_certain, begin, end),
        cmocka_unit_test_setup_teardown(it_is_there, begin, end),     cmocka_unit_test_setup_teardown(it_is_near, begin, end),
        cmocka_unit_test_setup_teardown(at_the_limits, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
