/* src/sys: files with faults, atomic replacement, folders, the root handle, the machine's few facts. */
#include "unit.h"

#include "clock.h"
#include "fault.h"
#include "file.h"
#include "machine.h"
#include "mapping.h"
#include "mem.h"
#include "root.h"
#include "thread.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/hr-sys-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) == NULL;
}

static int remove_dir(void **state)
{
    (void)state;
    return hr_remove_tree(dir, NULL);
}

static void put(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    char *slash = strrchr(path, '/');
    *slash = 0;
    assert_int_equal(hr_mkdir(path, true, NULL), 0);
    *slash = '/';
    assert_int_equal(hr_replace(path, text, strlen(text), NULL), 0);
}

/* Whatever system call fails, the file holds the old or the new text, and no temporary file is left. */
static void replace_is_all_or_nothing(void **state)
{
    (void)state;
    put("r/file", "old");
    char path[512], folder[512];
    snprintf(path, sizeof path, "%s/r/file", dir);
    snprintf(folder, sizeof folder, "%s/r", dir);
    int failures = 0;
    for (unsigned n = 1; n < 50; n++) {
        struct hr_error err = HR_ERROR_INIT;
        hr_fault_sys_at(n, false);
        int r = hr_replace(path, "new", 3, &err);
        hr_fault_sys_at(0, false);
        struct hr_buf b = HR_BUF_INIT(100);
        assert_int_equal(hr_slurp(path, &b, NULL), 0);
        assert_true(strcmp(b.data, "old") == 0 || strcmp(b.data, "new") == 0);
        hr_buf_fini(&b);
        struct hr_names names;
        assert_int_equal(hr_list(folder, &names, NULL), 0);
        assert_int_equal(names.n, 1);
        hr_names_fini(&names);
        if (r == 0)
            break;
        failures++;
        assert_true(strstr(err.text, dir) != NULL);
    }
    assert_in_range(failures, 4, 10);
}

static void files_say_where_they_end(void **state)
{
    (void)state;
    put("short", "12345");
    char path[512], to[16];
    snprintf(path, sizeof path, "%s/short", dir);
    int fd = -1;
    struct hr_error err = HR_ERROR_INIT;
    assert_int_equal(hr_open(path, O_RDONLY, 0, &fd, &err), 0);
    assert_int_equal(hr_pread_all(fd, to, 16, 0, path, &err), HR_E_FORMAT);
    assert_non_null(strstr(err.text, "ends at byte 5"));
    struct hr_mapping m;
    assert_int_equal(hr_map_file(fd, path, &m, &err), 0);
    assert_memory_equal(m.p, "12345", 5);
    hr_unmap(&m);
    hr_close(fd);
    struct hr_buf b = HR_BUF_INIT(4);
    assert_int_equal(hr_slurp(path, &b, &err), HR_E_LIMIT);
    hr_buf_fini(&b);
    assert_int_equal(hr_open("/nowhere/at/all", O_RDONLY, 0, &fd, &err), HR_E_NOT_FOUND);
}

/* A captured root must not lead out of itself. */
static void roots_are_closed(void **state)
{
    (void)state;
    put("root/proc/meminfo", "MemTotal:       16000 kB\nMemAvailable:    9000 kB\n");
    char path[512], link_at[512];
    snprintf(path, sizeof path, "%s/root", dir);
    snprintf(link_at, sizeof link_at, "%s/root/escape", dir);
    assert_int_equal(symlink("/etc/passwd", link_at), 0);
    struct hr_root *root;
    assert_int_equal(hr_root_open(path, &root, NULL), 0);
    assert_false(hr_root_is_live(root));
    struct hr_buf b = HR_BUF_INIT(1000);
    assert_true(hr_root_read(root, "escape", &b, NULL) < 0);
    assert_true(hr_root_read(root, "../r/file", &b, NULL) < 0);
    assert_int_equal(hr_root_read(root, "/proc/meminfo", &b, NULL), 0);
    struct hr_memory m;
    hr_memory_read(root, &m);
    assert_true(m.total.known && m.total.v == 16000 * 1024);
    assert_false(m.limit.known);
    assert_true(strlen(m.limit.why) > 5);
    hr_buf_fini(&b);
    hr_root_close(root);
}

/* The tightest limit on the way up counts, in both cgroup versions; page cache is not "used". */
static void limits_of_cgroups(void **state)
{
    (void)state;
    put("v2/proc/meminfo", "MemTotal: 64000000 kB\nMemAvailable: 50000000 kB\n");
    put("v2/proc/self/cgroup", "0::/user/job\n");
    put("v2/sys/fs/cgroup/user/job/memory.max", "max\n");
    put("v2/sys/fs/cgroup/user/memory.max", "536870912\n");
    put("v2/sys/fs/cgroup/user/memory.current", "300000000\n");
    put("v2/sys/fs/cgroup/user/memory.stat", "anon 1\ninactive_file 100000000\nactive_file 50000000\n");
    put("v1/proc/meminfo", "MemTotal: 64000000 kB\nMemAvailable: 50000000 kB\n");
    put("v1/proc/self/cgroup", "4:memory:/box\n3:cpu,cpuacct:/\n");
    put("v1/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "268435456\n");
    put("v1/sys/fs/cgroup/memory/box/memory.usage_in_bytes", "68435456\n");
    put("v1/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    static const struct {
        const char *name;
        uint64_t limit, room;
    } want[] = { { "v2", 536870912, 536870912 - 150000000 }, { "v1", 268435456, 200000000 } };
    for (int i = 0; i < 2; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", dir, want[i].name);
        struct hr_root *root;
        assert_int_equal(hr_root_open(path, &root, NULL), 0);
        struct hr_memory m;
        hr_memory_read(root, &m);
        assert_true(m.limit.known && m.limit.v == want[i].limit);
        struct hr_figure room = hr_memory_free(&m);
        assert_true(room.known && room.v == want[i].room);
        hr_root_close(root);
    }
}

static void windows_drives_are_foreign(void **state)
{
    (void)state;
    put("wsl/proc/self/mounts", "/dev/sdc / ext4 rw 0 0\nC:\\134 /mnt/c 9p rw 0 0\nnone /mnt/cache tmpfs rw 0 0\n");
    char path[512];
    snprintf(path, sizeof path, "%s/wsl", dir);
    struct hr_root *root;
    assert_int_equal(hr_root_open(path, &root, NULL), 0);
    struct hr_fs fs;
    hr_fs_of(root, "/mnt/c/data/train", &fs);
    assert_string_equal(fs.type, "9p");
    assert_true(fs.foreign);
    hr_fs_of(root, "/mnt/cache/x", &fs);
    assert_string_equal(fs.type, "tmpfs");
    assert_false(fs.foreign);
    hr_fs_of(root, "/home/me", &fs);
    assert_string_equal(fs.type, "ext4");
    hr_root_close(root);
}

static void *answer(void *arg)
{
    *(int *)arg = 42;
    return NULL;
}

static void threads_and_clocks(void **state)
{
    (void)state;
    int v = 0;
    struct hr_thread t = { 0 };
    assert_int_equal(hr_thread_start(&t, "hr-test-thread-with-a-long-name", answer, &v, NULL), 0);
    hr_thread_join(&t);
    hr_thread_join(&t);
    assert_int_equal(v, 42);
    hr_fault_sys_at(1, false);
    struct hr_error err = HR_ERROR_INIT;
    assert_true(hr_thread_start(&t, "refused", answer, &v, &err) < 0);
    hr_fault_sys_at(0, false);
    assert_true(hr_cpus() >= 1);
    double ns = hr_tick_ns();
    assert_true(ns > 0.05 && ns < 100);
    uint64_t a = hr_now();
    hr_sleep(1000000);
    assert_true(hr_now() - a >= 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replace_is_all_or_nothing), cmocka_unit_test(files_say_where_they_end),
        cmocka_unit_test(roots_are_closed),          cmocka_unit_test(limits_of_cgroups),
        cmocka_unit_test(windows_drives_are_foreign), cmocka_unit_test(threads_and_clocks),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
