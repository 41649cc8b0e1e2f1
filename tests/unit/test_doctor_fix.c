/* headrace doctor --fix and --undo behind the options: asked for, refused without a terminal, done, taken back. */
#include "unit.h"

#include "doctor_fix.h"

#include "file.h"
#include "mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/headrace-fix-XXXXXX";
static char path[sizeof dir + 16];

struct world {
    struct hr_common common;
    struct hr_cli cli;
    struct hr_root *root;
    struct hr_diagnosis d;
    struct hr_error err;
};

static void begin(struct world *w, bool json)
{
    *w = (struct world) { .common = { .json = json }, .cli = { .command = "doctor", .out = HR_BUF_INIT(1 << 20) } };
    w->cli.common = &w->common;
    assert_int_equal(hr_replace(path, "[wsl2]\nmemory=8\n", 16, NULL), 0);
    assert_int_equal(hr_root_open(NULL, &w->root, NULL), 0);
    w->d.result = hr_calloc(1, sizeof *w->d.result);
    assert_non_null(w->d.result);
    w->d.n = 1;
    hr_finding_init(&w->d.result[0].finding);
    hr_mend_file(&w->d.result[0].finding, path, HR_STR("[wsl2]\nmemory=8GB\n"), "gives memory=8 its unit");
}

static void end(struct world *w)
{
    hr_diagnosis_fini(&w->d);
    hr_root_close(w->root);
    hr_buf_fini(&w->cli.out);
}

static bool holds(const char *text)
{
    struct hr_buf b = HR_BUF_INIT(4096);
    bool same = hr_slurp(path, &b, NULL) == 0 && hr_str_is(hr_buf_str(&b), text);
    hr_buf_fini(&b);
    return same;
}

static void done_and_undone(void **unused)
{
    (void)unused;
    struct world w;
    begin(&w, false);
    assert_int_equal(hr_doctor_fix(&w.cli, w.root, &w.d, true, &w.err), 0);
    assert_non_null(strstr(w.cli.out.data, "1. gives memory=8 its unit"));
    assert_non_null(strstr(w.cli.out.data, "- memory=8\n"));
    assert_non_null(strstr(w.cli.out.data, "+ memory=8GB\n"));
    assert_non_null(strstr(w.cli.out.data, "Done."));
    assert_true(holds("[wsl2]\nmemory=8GB\n"));
    hr_buf_reset(&w.cli.out);
    assert_int_equal(hr_doctor_undo(&w.cli, w.root, &w.err), 0);
    assert_non_null(strstr(w.cli.out.data, "holds again what it held"));
    assert_true(holds("[wsl2]\nmemory=8\n"));
    hr_buf_reset(&w.cli.out);
    assert_int_equal(hr_doctor_undo(&w.cli, w.root, &w.err), 0);
    assert_non_null(strstr(w.cli.out.data, "nothing to take back"));
    end(&w);
}

static void refused_without_anybody_to_ask(void **unused)
{
    (void)unused;
    struct world w;
    int in = dup(0), null = open("/dev/null", O_RDONLY);
    begin(&w, false);
    assert_true(in >= 0 && null >= 0 && dup2(null, 0) == 0);
    assert_int_equal(hr_doctor_fix(&w.cli, w.root, &w.d, false, &w.err), HR_E_STATE);
    assert_non_null(strstr(w.err.text, "no terminal to ask on"));
    assert_true(holds("[wsl2]\nmemory=8\n"));
    assert_true(dup2(in, 0) == 0);
    close(in);
    close(null);
    end(&w);
}

static void nothing_to_do(void **unused)
{
    (void)unused;
    struct world w;
    begin(&w, false);
    assert_int_equal(hr_replace(path, "[wsl2]\nmemory=8GB\n", 18, NULL), 0);
    assert_int_equal(hr_doctor_fix(&w.cli, w.root, &w.d, true, &w.err), 0);
    assert_non_null(strstr(w.cli.out.data, "nothing that can be mended"));
    end(&w);
}

static void json_alone_on_standard_output(void **unused)
{
    (void)unused;
    struct world w;
    begin(&w, true);
    assert_int_equal(hr_doctor_fix(&w.cli, w.root, &w.d, true, &w.err), 0);
    assert_true(w.cli.out.data[0] == '{' && strstr(w.cli.out.data, "\"mended\"") != NULL);
    hr_buf_reset(&w.cli.out);
    assert_int_equal(hr_doctor_undo(&w.cli, w.root, &w.err), 0);
    assert_non_null(strstr(w.cli.out.data, "\"undone\": true"));
    end(&w);
}

static int setup(void **unused)
{
    (void)unused;
    if (mkdtemp(dir) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/.wslconfig", dir);
    return setenv("XDG_STATE_HOME", dir, 1);
}

static int teardown(void **unused)
{
    (void)unused;
    return hr_remove_tree(dir, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(done_and_undone),
        cmocka_unit_test(refused_without_anybody_to_ask),
        cmocka_unit_test(nothing_to_do),
        cmocka_unit_test(json_alone_on_standard_output),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
