/* A recording as a bundle, redacted, opened again as a root: the same answers; and a snapshot of this machine while memory and
 * system calls fail. */
#include "unit.h"

#include "bundle.h"
#include "clock.h"
#include "fault.h"
#include "mem.h"
#include "snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/headrace-snapshot-XXXXXX";

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

struct made {
    struct hr_redact *redact;
    struct hr_recording *rec;
    struct hr_root_tape tape;
};

static struct made make(void)
{
    struct made m = { 0 };
    assert_int_equal(hr_redact_open(false, &m.redact, NULL), 0);
    assert_int_equal(hr_redact_know(m.redact, HR_SECRET_USER, HR_STR("zaphod"), NULL), 0);
    assert_int_equal(hr_recording_create(&m.rec, NULL), 0);
    m.tape = hr_recording_tape(m.rec);
    return m;
}

static void tell(struct made *m, enum hr_root_what what, const char *path, const char *text, int failed)
{
    m->tape.add(m->tape.ctx, what, path, hr_str(text), failed);
}

/* Writes the bundle and opens it. */
static struct hr_root *replay(struct made *m)
{
    struct hr_bundle b;
    struct hr_error err = HR_ERROR_INIT;
    struct hr_root *root = NULL;
    char path[128];
    snprintf(path, sizeof path, "%s/b.tar", dir);
    hr_bundle_init(&b, "top", 1700000000, m->redact);
    if (hr_bundle_add(&b, m->rec, &err) < 0 || hr_bundle_finish(&b, &err) < 0 || hr_replace(path, b.tar.data, b.tar.len, &err) < 0 ||
        hr_root_open(path, &root, &err) < 0)
        fail_msg("%s", err.text);
    hr_bundle_fini(&b);
    hr_redact_close(m->redact);
    hr_recording_destroy(m->rec);
    return root;
}

/* A root of every kind of answer. */
static struct hr_root *told(void)
{
    static const struct {
        enum hr_root_what what;
        const char *path, *text;
        int failed;
    } answer[] = {
        { HR_ROOT_READ, "proc/meminfo", "MemTotal: 1 kB\n", 0 },
        { HR_ROOT_READ, "proc/meminfo", "MemTotal: 2 kB\n", 0 }, /* the first answer counts */
        { HR_ROOT_READ, "sys/a/../b", "up\n", 0 },
        { HR_ROOT_READ, "headrace/stat", "not ours\n", 0 },
        { HR_ROOT_READ, "home/zaphod/x", "", 0 },
        { HR_ROOT_READ, "proc/kmsg", "", EACCES },
        { HR_ROOT_READ, "big", "", EFBIG },
        { HR_ROOT_LIST, "home", "zaphod a%20b", 0 },
        { HR_ROOT_LIST, "empty", "", 0 },
        { HR_ROOT_LIST, "proc", "", EACCES }, /* though the bundle has a folder of that name */
        { HR_ROOT_EXISTS, "dev/dxg", "no", 0 },
        { HR_ROOT_STAT, "home/zaphod/x", "f 12 644 1000 1000 5", 0 },
        { HR_ROOT_LINK, "l", "/home/zaphod", 0 },
        { HR_ROOT_REAL, ".", "/home/zaphod/work", 0 },
        { HR_ROOT_STATFS, "", "ef53 1000 500 400 0 0", 0 },
        { HR_ROOT_STATFS, "mnt/c", "", EIO },
        { HR_ROOT_ENV, "HOME", "/home/zaphod", 0 },
        { HR_ROOT_ENV, "HF_TOKEN", "short", 0 },
        { HR_ROOT_ENV, "WANDB_API_KEY", "%", 0 },
        { HR_ROOT_ENV, "UNSET", "", ENOENT },
        { HR_ROOT_RUN, "id zaphod", "exit 3 uid%201000%20zaphod%0A", 0 },
        { HR_ROOT_ANSWER, "nvml", "GPU-1f2e3d4c-5b6a-7988-1234-56789abcdef0\n", 0 },
        { HR_ROOT_ANSWER, "kernel-log", "zaphod%20may%20not", -2 },
    };
    struct made m = make();
    for (size_t i = 0; i < HR_COUNT(answer); i++)
        tell(&m, answer[i].what, answer[i].path, answer[i].text, answer[i].failed);
    return replay(&m);
}

static void files_come_back(void **state)
{
    (void)state;
    struct hr_root *root = told();
    struct hr_buf b = HR_BUF_INIT(4096);
    struct hr_error err = HR_ERROR_INIT;
    struct hr_root_stat st;
    struct hr_root_fs fs;
    static const struct {
        const char *path, *want;
    } files[] = { { "proc/meminfo", "MemTotal: 1 kB\n" }, { "sys/a/../b", "up\n" }, { "headrace/stat", "not ours\n" }, { "home/user1/x", "" } };
    for (size_t i = 0; i < HR_COUNT(files); i++) {
        hr_buf_reset(&b);
        assert_int_equal(hr_root_read(root, files[i].path, &b, NULL), 0);
        assert_string_equal(b.data, files[i].want);
    }
    assert_int_equal(hr_root_read(root, "proc/kmsg", &b, &err), HR_E_IO);
    assert_string_equal(err.text, "'/proc/kmsg' cannot be read: Permission denied");
    assert_int_equal(hr_root_read(root, "big", &b, &err), HR_E_LIMIT);
    assert_false(hr_root_exists(root, "dev/dxg"));
    assert_int_equal(hr_root_stat(root, "home/user1/x", true, &st, NULL), 0);
    assert_int_equal(st.size, 12);
    assert_int_equal(hr_root_statfs(root, "/", &fs, NULL), 0);
    assert_int_equal(fs.available, 400);
    assert_int_equal(hr_root_statfs(root, "mnt/c", &fs, NULL), HR_E_IO);
    hr_buf_fini(&b);
    hr_root_close(root);
}

static void folders_come_back(void **state)
{
    (void)state;
    struct hr_root *root = told();
    struct hr_names names;
    assert_int_equal(hr_root_list(root, "home", &names, NULL), 0);
    assert_int_equal(names.n, 2);
    assert_string_equal(names.name[0], "user1");
    hr_names_fini(&names);
    assert_int_equal(hr_root_list(root, "empty", &names, NULL), 0);
    assert_int_equal(names.n, 0);
    hr_names_fini(&names);
    assert_int_equal(hr_root_list(root, "proc", &names, NULL), HR_E_IO);
    hr_root_close(root);
}

static void links_and_the_environment_come_back(void **state)
{
    (void)state;
    struct hr_root *root = told();
    struct hr_buf b = HR_BUF_INIT(4096);
    assert_int_equal(hr_root_readlink(root, "l", &b, NULL), 0);
    assert_int_equal(hr_root_real(root, ".", &b, NULL), 0);
    assert_true(hr_root_env(root, "HOME", &b));
    assert_true(hr_root_env(root, "HF_TOKEN", &b));
    assert_true(hr_root_env(root, "WANDB_API_KEY", &b));
    assert_false(hr_root_env(root, "UNSET", &b));
    assert_string_equal(b.data, "/home/user1/home/user1/work/home/user1redacted-0");
    hr_buf_fini(&b);
    hr_root_close(root);
}

static void what_was_asked_comes_back(void **state)
{
    (void)state;
    struct hr_root *root = told();
    struct hr_buf b = HR_BUF_INIT(4096);
    struct hr_error err = HR_ERROR_INIT;
    struct hr_ran ran;
    assert_int_equal(hr_root_run(root, (const char *const[]) { "id", "user1", NULL }, NULL, 0, &b, &ran, NULL), 0);
    assert_int_equal(ran.number, 3);
    assert_string_equal(b.data, "uid 1000 user1\n");
    hr_buf_reset(&b);
    assert_int_equal(hr_root_answer(root, "nvml", NULL, NULL, &b, NULL), 0);
    assert_string_equal(b.data, "GPU-00000000-0000-4000-8000-000000000001\n");
    assert_int_equal(hr_root_kernel_log(root, &b, &err), HR_E_IO);
    assert_string_equal(err.text, "user1 may not");
    hr_buf_fini(&b);
    hr_root_close(root);
}

static void too_large_is_told(void **state)
{
    (void)state;
    struct made m = make();
    struct hr_buf big = HR_BUF_INIT((size_t)HR_RECORDED_FILE_MAX + 2), b = HR_BUF_INIT(4096);
    struct hr_error err = HR_ERROR_INIT;
    hr_buf_pad(&big, (size_t)HR_RECORDED_FILE_MAX + 1, 'x');
    m.tape.add(m.tape.ctx, HR_ROOT_READ, "large", hr_buf_str(&big), 0);
    assert_true(hr_recording_find(m.rec, HR_ROOT_READ, "large")->left_out);
    struct hr_root *root = replay(&m);
    assert_int_equal(hr_root_read(root, "large", &b, &err), HR_E_LIMIT);
    hr_root_close(root);
    hr_buf_fini(&b);
    hr_buf_fini(&big);
}

/* What nobody redacts (here: a file added as it is) is found by the last look. */
static void a_secret_that_is_left_stops_it(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
    } left[] = { { "x", "hello ZAPHOD" }, { "home/zaphod", "" } };
    for (size_t i = 0; i < 2; i++) {
        struct made m = make();
        struct hr_bundle b;
        struct hr_error err = HR_ERROR_INIT;
        hr_bundle_init(&b, "top", 0, m.redact);
        assert_int_equal(hr_bundle_file(&b, left[i].name, hr_str(left[i].text), &err), 0);
        assert_int_equal(hr_bundle_finish(&b, &err), HR_E_BUG);
        assert_non_null(strstr(err.text, "user names"));
        assert_null(strcasestr(err.text, "zaphod"));
        hr_bundle_fini(&b);
        hr_redact_close(m.redact);
        hr_recording_destroy(m.rec);
    }
}

static void the_machine_while_things_fail(void **state)
{
    (void)state;
    const char *const path[] = { dir };
    struct hr_snapshot_options o = { .path = path, .paths = 1 };
    uint64_t calls[2];
    for (int kind = 0; kind < 2; kind++) {
        struct hr_snapshot s;
        struct hr_error err = HR_ERROR_INIT;
        uint64_t from = kind == 0 ? hr_mem_count() : hr_fault_sys_count();
        if (hr_snapshot_take(&o, &s, &err) < 0)
            fail_msg("%s", err.text);
        calls[kind] = (kind == 0 ? hr_mem_count() : hr_fault_sys_count()) - from;
        hr_snapshot_fini(&s);
    }
    for (int kind = 0; kind < 2; kind++)
        for (uint64_t n = 1, step = calls[kind] / 25 + 1; n < calls[kind]; n += n < 10 ? 1 : step) {
            struct hr_snapshot s;
            struct hr_error err = HR_ERROR_INIT;
            if (kind == 0)
                hr_mem_fail_at(n, false);
            else
                hr_fault_sys_at(n, false);
            int r = hr_snapshot_take(&o, &s, &err);
            hr_mem_fail_at(0, false);
            hr_fault_sys_at(0, false);
            if (r == 0)
                hr_snapshot_fini(&s);
            else if (strlen(err.text) < 10)
                fail_msg("fault %llu of kind %d: %d without a sentence", (unsigned long long)n, kind, r);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_back),
        cmocka_unit_test(folders_come_back),
        cmocka_unit_test(links_and_the_environment_come_back),
        cmocka_unit_test(what_was_asked_comes_back),
        cmocka_unit_test(too_large_is_told),
        cmocka_unit_test(a_secret_that_is_left_stops_it),
        cmocka_unit_test(the_machine_while_things_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
