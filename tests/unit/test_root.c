/* The root handle beyond plain files: answers of captured roots, the tape, and other programs with a deadline. */
#include "unit.h"

#include "clock.h"
#include "fault.h"
#include "root_inside.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/headrace-root-XXXXXX";
#define SECOND UINT64_C(1000000000)
#define PATIENCE (100 * SECOND) /* what ends a test that hangs, not what something may take */

static void put(const char *path, const char *text)
{
    char full[512], *slash;
    snprintf(full, sizeof full, "%s/%s", dir, path);
    slash = strrchr(full, '/');
    *slash = 0;
    assert_int_equal(hr_mkdir(full, true, NULL), 0);
    *slash = '/';
    assert_int_equal(hr_replace(full, text, strlen(text), NULL), 0);
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) == NULL;
}

static int teardown(void **state)
{
    (void)state;
    return hr_remove_tree(dir, NULL);
}

static void captured_answers(void **state)
{
    (void)state;
    put("headrace/stat", "home/a%20b f 12 644 1000 100 5\n");
    put("headrace/statfs", "mnt/c 1021997 1000 500 400 0 0\n");
    put("headrace/link", "etc/wsl ../init%20x\n");
    put("headrace/env", "PATH /usr/bin:/mnt/c/Program%20Files\nEMPTY %\n");
    put("headrace/run", "powershell.exe%20-c%20x exit 3 a%0Ab\nslow timeout 0 %\n");
    put("headrace/list", "proc 1 2 a%20b\nempty\n");
    put("headrace/failed", "read:proc/kmsg 13\n");
    put("headrace/answer/machine", "aarch64\n");
    struct hr_root *root;
    assert_int_equal(hr_root_open(dir, &root, NULL), 0);
    struct hr_root_stat st;
    assert_int_equal(hr_root_stat(root, "/home/a b", true, &st, NULL), 0);
    assert_int_equal(st.kind, HR_KIND_FILE);
    assert_int_equal(st.size, 12);
    assert_int_equal(st.mode, 0644);
    struct hr_root_fs fs;
    assert_int_equal(hr_root_statfs(root, "/mnt/c", &fs, NULL), 0);
    assert_int_equal(fs.type, 0x01021997);
    assert_int_equal(fs.available, 400);
    assert_int_equal(hr_root_statfs(root, "/mnt/d", &fs, NULL), HR_E_NOT_FOUND);
    struct hr_buf b = HR_BUF_INIT(4096);
    assert_int_equal(hr_root_readlink(root, "etc/wsl", &b, NULL), 0);
    assert_string_equal(b.data, "../init x");
    hr_buf_reset(&b);
    assert_true(hr_root_env(root, "PATH", &b));
    assert_string_equal(b.data, "/usr/bin:/mnt/c/Program Files");
    hr_buf_reset(&b);
    assert_true(hr_root_env(root, "EMPTY", &b));
    assert_string_equal(b.data, "");
    assert_false(hr_root_env(root, "HOME", &b)); /* this machine's is not asked */
    struct hr_ran ran;
    assert_int_equal(
        hr_root_run(root, (const char *const[]) { "powershell.exe", "-c", "x", NULL }, NULL, 0, &b, &ran, NULL), 0);
    assert_int_equal(ran.end, HR_END_EXIT);
    assert_int_equal(ran.number, 3);
    assert_string_equal(b.data, "a\nb");
    assert_int_equal(hr_root_run(root, (const char *const[]) { "slow", NULL }, NULL, 0, &b, &ran, NULL), 0);
    assert_int_equal(ran.end, HR_END_TIMEOUT);
    assert_int_equal(hr_root_run(root, (const char *const[]) { "true", NULL }, NULL, 0, &b, &ran, NULL), 0);
    assert_int_equal(ran.end, HR_END_REFUSED); /* not told, so not there: never run here */
    struct hr_names names;
    assert_int_equal(hr_root_list(root, "/proc", &names, NULL), 0);
    assert_int_equal(names.n, 3);
    assert_string_equal(names.name[2], "a b");
    hr_names_fini(&names);
    struct hr_error err = HR_ERROR_INIT;
    assert_int_equal(hr_root_read(root, "proc/kmsg", &b, &err), HR_E_IO);
    assert_non_null(strstr(err.text, "Permission denied"));
    hr_buf_reset(&b);
    assert_int_equal(hr_root_machine(root, &b, NULL), 0);
    assert_string_equal(b.data, "aarch64");
    hr_buf_fini(&b);
    hr_root_close(root);
}

struct heard {
    struct hr_buf text;
};

static void hear(void *ctx, enum hr_root_what what, const char *path, struct hr_str text, int failed)
{
    struct heard *h = ctx;
    hr_buf_printf(&h->text, "%s %s %d %.*s\n", hr_root_what_name(what), path, failed, HR_STR_ARG(text));
}

static void the_tape_hears_everything(void **state)
{
    (void)state;
    put("a b", "contents");
    char path[512];
    struct heard heard = { HR_BUF_INIT(1 << 20) };
    struct hr_root_tape tape = { &heard, hear };
    struct hr_root *root;
    assert_int_equal(hr_root_open(NULL, &root, NULL), 0);
    hr_root_record(root, &tape);
    struct hr_buf b = HR_BUF_INIT(4096);
    snprintf(path, sizeof path, "%s/a b", dir);
    assert_int_equal(hr_root_read(root, path, &b, NULL), 0);
    assert_true(hr_root_read(root, "/no/such", &b, NULL) < 0);
    assert_false(hr_root_exists(root, "no/such"));
    setenv("HEADRACE_TEST_VALUE", "x y", 1);
    assert_true(hr_root_env(root, "HEADRACE_TEST_VALUE", &b));
    struct hr_ran ran;
    assert_int_equal(hr_root_run(root, (const char *const[]) { "sh", "-c", "echo hi; exit 4", NULL }, NULL,
                                 hr_now() + PATIENCE, &b, &ran, NULL),
                     0);
    char want[1024];
    snprintf(want, sizeof want, "read %s 0 contents\n", path + 1);
    assert_non_null(strstr(heard.text.data, want));
    assert_non_null(strstr(heard.text.data, "read no/such 2 \n"));
    assert_non_null(strstr(heard.text.data, "exists no/such 0 no\n"));
    assert_non_null(strstr(heard.text.data, "env HEADRACE_TEST_VALUE 0 x%20y\n"));
    assert_non_null(strstr(heard.text.data, "run sh -c echo hi; exit 4 0 exit 4 hi%0A\n"));
    hr_buf_fini(&b);
    hr_buf_fini(&heard.text);
    hr_root_close(root);
}

static void programs_end_in_time(void **state)
{
    (void)state;
    struct hr_buf b = HR_BUF_INIT(8);
    struct hr_ran ran;
    /* A busy machine may not even begin it in the first of these times: then a longer one. */
    for (uint64_t given = SECOND / 5; b.len == 0 && given < 30 * SECOND; given *= 5) {
        uint64_t t = hr_now();
        assert_int_equal(hr_run((const char *const[]) { "sh", "-c", "echo begun; sleep 300 & sleep 300", NULL }, NULL, t + given, &b, &ran, NULL), 0);
        assert_int_equal(ran.end, HR_END_TIMEOUT);
        assert_true(hr_now() - t < given + PATIENCE);
    }
    assert_true(hr_str_is(hr_buf_str(&b), "begun\n"));
    hr_buf_reset(&b);
    assert_int_equal(hr_run((const char *const[]) { "yes", NULL }, NULL, hr_now() + 200000000u, &b, &ran, NULL), 0);
    assert_int_equal(ran.end, HR_END_TIMEOUT); /* who never stops talking is not listened to for ever */
    hr_buf_reset(&b);
    assert_int_equal(hr_run((const char *const[]) { "sh", "-c", "yes | head -c 1000000; kill -9 $$", NULL }, NULL,
                            hr_now() + PATIENCE, &b, &ran, NULL),
                     0);
    assert_int_equal(ran.end, HR_END_SIGNAL); /* all of its output was taken, though only eight bytes were kept */
    assert_int_equal(b.len, 8);
    assert_int_equal(
        hr_run((const char *const[]) { "/no/such/program", NULL }, NULL, hr_now() + PATIENCE, &b, &ran, NULL), 0);
    assert_int_equal(ran.end, HR_END_REFUSED);
    assert_int_equal(ran.number, 2);
    hr_buf_fini(&b);
}

static int says(void *ctx, struct hr_buf *out)
{
    hr_buf_adds(out, ctx);
    return 7;
}

static int crashes(void *ctx, struct hr_buf *out)
{
    (void)ctx;
    (void)out;
    raise(SIGKILL);
    return 0;
}

static void calls_stay_in_the_child(void **state)
{
    (void)state;
    struct hr_buf b = HR_BUF_INIT(4096);
    struct hr_ran ran;
    assert_int_equal(hr_run_call(says, (char *)"from the child", hr_now() + PATIENCE, &b, &ran, NULL), 0);
    assert_int_equal(ran.end, HR_END_EXIT);
    assert_int_equal(ran.number, 7);
    assert_string_equal(b.data, "from the child");
    assert_int_equal(hr_run_call(crashes, NULL, hr_now() + PATIENCE, &b, &ran, NULL), 0);
    assert_int_equal(ran.end, HR_END_SIGNAL);
    hr_buf_fini(&b);
}

static int is_silent(void *at, struct hr_buf *out)
{
    (void)out;
    while (strstr(at, "dead") != NULL)
        pause();
    return 1; /* an error is an answer */
}

/* A server that is gone blocks one child for the time it is given, and nobody after it. */
static void what_does_not_answer_is_left_alone(void **state)
{
    (void)state;
    static const char mounts[] = "/dev/sda / ext4 rw 0 0\nC: /mnt/c 9p rw 0 0\nnone /mnt/c/local tmpfs rw 0 0\n"
                                 "srv:/x /mnt/dead nfs4 rw 0 0\nD: /mnt/my\\040dead drvfs rw 0 0\nnone /mnt/deadline ext4 rw 0 0\nbroken\n";
    static const struct {
        const char *path;
        bool lets;
    } want[] = {
        { "/mnt/dead", false },   { "mnt/dead/data/x", false },  { "/mnt/my dead/x", false },   { "/mnt/deadline/x", true },
        { "/mnt/c/Users", true }, { "/mnt/c/local/dead", true }, { "/home/dead", true },        { "/", true },
        { "/mnt/dea", true },     { "mnt/my\\040dead", true }, { "mnt/dead/data/y", false },
    };
    struct hr_root_guard *g = NULL;
    struct hr_root *root;
    struct hr_root_stat st;
    struct hr_error err = HR_ERROR_INIT;
    uint64_t t = 0, given = SECOND / 10;
    for (;; given *= 5) { /* a machine that is busy elsewhere may let a child that would answer run too late: then a longer time */
        t = hr_now();
        assert_int_equal(hr_root_guard_open(HR_STR(mounts), given, is_silent, &g, NULL), 0);
        if (hr_root_guard_lets(g, "/mnt/c/Users") || given > 10 * SECOND)
            break;
        hr_root_guard_close(g);
    }
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        if (hr_root_guard_lets(g, want[i].path) != want[i].lets)
            fail_msg("%s", want[i].path);
    assert_true(hr_now() - t < 10 * given + PATIENCE);
    assert_int_equal(hr_root_open(NULL, &root, NULL), 0);
    root->guard = g;
    assert_int_equal(hr_root_stat(root, "/mnt/dead/x", true, &st, &err), HR_E_IO);
    assert_non_null(strstr(err.text, "timed out"));
    assert_int_equal(hr_root_troubles(root, NULL), 1);
    struct hr_buf real = HR_BUF_INIT(4096);
    assert_int_equal(hr_root_real(root, "/mnt/dead/x", &real, &err), HR_E_IO);
    assert_int_equal(hr_root_real(root, "/proc/self/..", &real, &err), 0);
    hr_buf_fini(&real);
    hr_root_close(root);
    assert_int_equal(hr_root_open(NULL, &root, NULL), 0);
    assert_int_equal(hr_root_guard(root, 3000000000u, &err), 0);
    assert_true(hr_root_exists(root, "proc/meminfo"));
    hr_root_close(root);
}

static void every_call_can_fail(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 200; n++) {
        struct hr_buf b = HR_BUF_INIT(1 << 20);
        struct hr_root *root = NULL;
        struct hr_ran ran;
        struct hr_names names = { NULL, 0 };
        struct hr_root_stat st;
        struct hr_root_fs fs;
        struct hr_error err = HR_ERROR_INIT;
        uint64_t before = hr_fault_sys_count();
        hr_fault_sys_at(n, false);
        int r = hr_root_open(NULL, &root, &err);
        if (r == 0)
            r = hr_root_run(root, (const char *const[]) { "true", NULL }, NULL, hr_now() + PATIENCE, &b, &ran,
                            &err);
        if (r == 0)
            r = hr_root_list(root, "proc/self", &names, &err);
        if (r == 0)
            r = hr_root_stat(root, "proc", true, &st, &err);
        if (r == 0)
            r = hr_root_statfs(root, "proc", &fs, &err);
        uint64_t made = hr_fault_sys_count() - before;
        hr_fault_sys_at(0, false);
        assert_true(r == 0 || err.text[0] != 0);
        hr_names_fini(&names);
        hr_root_close(root);
        hr_buf_fini(&b);
        if (r == 0 && made < n)
            return;
    }
    fail_msg("the loop of faults did not come to its end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(captured_answers),     cmocka_unit_test(the_tape_hears_everything),
        cmocka_unit_test(programs_end_in_time), cmocka_unit_test(calls_stay_in_the_child),
        cmocka_unit_test(what_does_not_answer_is_left_alone),
        cmocka_unit_test(every_call_can_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
