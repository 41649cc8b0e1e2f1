/* Files that a build made: whole or cut, for which cards, loaded and launched on a stand-in for the driver. */
#include "unit.h"

#include "file.h"
#include "launch.h"
#include "product.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEEDS HEADRACE_TEST_DATA "/../fuzz/seeds/fatbin/"
#define PLACE "product.test.so"

static void put(const void *p, size_t n)
{
    FILE *f = fopen(PLACE, "wb"); /* without the fsync of hr_replace: there are hundreds of these */
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static struct hr_targets cards(const char *list)
{
    struct hr_targets t = { .n = 0, .cards = true };
    hr_targets_of_list(list, &t);
    return t;
}

static void lists_of_targets(void **state)
{
    (void)state;
    struct hr_targets t = cards("8.6;12.0+PTX 9.0a;12.0");
    assert_int_equal(t.n, 3);
    assert_true(t.cc[0] == 86 && t.cc[1] == 120 && t.cc[2] == 90);
    assert_int_equal(cards("").n, 0);
    assert_int_equal(cards("Ampere;native;;  ;7.5").n, 1);
    assert_int_equal(cards("5.0;5.2;6.0;6.1;7.0;7.5;8.0;8.6;8.9;9.0").n, HR_TARGETS_MAX);
}

/* tests/fuzz/seeds/fatbin/four: SASS 7.5, 9.0a, 10.0f and 12.0, PTX 12.0. */
static void for_which_cards(void **state)
{
    (void)state;
    struct hr_product p;
    struct hr_targets t = cards("7.5;8.6;9.0;10.3;12.0;12.1");
    assert_true(hr_product_read(SEEDS "four", &t, &p));
    assert_true(hr_product_gpu(&p));
    static const enum hr_runs want[] = { HR_RUNS_NATIVE, HR_RUNS_NOT, HR_RUNS_NATIVE, HR_RUNS_NATIVE, HR_RUNS_NATIVE, HR_RUNS_NATIVE };
    for (size_t i = 0; i < t.n; i++)
        assert_int_equal(p.on[i].runs, want[i]);
    assert_int_equal(hr_product_runs(&p, &t), HR_RUNS_NOT);
    t = cards("12.0");
    assert_true(hr_product_read(SEEDS "four", &t, &p));
    assert_int_equal(hr_product_runs(&p, &t), HR_RUNS_NATIVE);
    assert_true(hr_product_read(SEEDS "plain", &t, &p));
    assert_false(hr_product_gpu(&p));
    assert_int_equal(p.elf.state, HR_ELF_WHOLE);
    assert_false(hr_product_read("/no/such/file.so", &t, &p));
    assert_non_null(strstr(p.elf.why, "/no/such/file.so"));
    assert_false(hr_product_read("/", &t, &p));
}

/* Cut at every length of a real library, it is never taken for whole; nothing but the file is no library. */
static void files_that_end_too_early(void **state)
{
    (void)state;
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    struct hr_targets t = cards("12.0");
    struct hr_product p;
    assert_int_equal(hr_slurp(SEEDS "plain", &b, NULL), 0);
    for (size_t n = 0; n < b.len; n += n < 200 || n + 200 > b.len ? 1 : 97) {
        put(b.data, n);
        assert_true(hr_product_read(PLACE, &t, &p));
        assert_int_equal(p.elf.state, n < 4 ? HR_ELF_NOT : HR_ELF_CUT);
    }
    put(b.data, b.len);
    assert_true(hr_product_read(PLACE, &t, &p));
    assert_int_equal(p.elf.state, HR_ELF_WHOLE);
    put("INPUT(libc.so.6)", 16);
    assert_true(hr_product_read(PLACE, &t, &p));
    assert_int_equal(p.elf.state, HR_ELF_NOT);
    b.data[4] = 1; /* 32 bits */
    put(b.data, b.len);
    assert_true(hr_product_read(PLACE, &t, &p));
    assert_int_equal(p.elf.state, HR_ELF_OTHER);
    hr_buf_fini(&b);
    unlink(PLACE);
}

/* Every byte changed: an answer, and never a read outside. */
static void damaged_files(void **state)
{
    (void)state;
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    struct hr_targets t = cards("12.0");
    struct hr_product p;
    assert_int_equal(hr_slurp(SEEDS "four", &b, NULL), 0);
    for (size_t i = 0; i < b.len; i += i < 512 ? 1 : 37) {
        char was = b.data[i];
        b.data[i] = (char)~was;
        int fd;
        assert_int_equal(hr_open(PLACE, O_WRONLY | O_CREAT | O_TRUNC, 0600, &fd, NULL), 0);
        assert_int_equal(hr_write_all(fd, b.data, b.len, PLACE, NULL), 0);
        hr_close(fd);
        assert_true(hr_product_read(PLACE, &t, &p));
        assert_true(p.fatbin.images.n <= HR_IMAGES_MAX);
        b.data[i] = was;
    }
    hr_buf_fini(&b);
    unlink(PLACE);
}

/* Only the one that hangs may be given up: a busy machine may take seconds for any. */
static struct hr_launch launched(const char *library, const char *mode, const char *cc, bool images)
{
    struct hr_root *root;
    struct hr_launch l;
    struct hr_buf bytes = HR_BUF_INIT(1 << 20);
    struct hr_launch_images list = { .n = 0 };
    setenv("HEADRACE_CUDA", library, 1);
    setenv("FAKE_CUDA", mode, 1);
    setenv("FAKE_CUDA_CC", cc, 1);
    assert_int_equal(hr_root_open(NULL, &root, NULL), 0);
    if (images) {
        assert_int_equal(hr_product_images(SEEDS "four", 1 << 20, &bytes, &list, NULL), 0);
        assert_int_equal(list.n, 2);
        for (size_t i = 0; i < list.n; i++)
            assert_true(memcmp(list.image[i].p, "\x50\xed\x55\xba", 4) == 0 && (uintptr_t)list.image[i].p % 8 == 0);
    }
    hr_launch_try(root, &list, strcmp(mode, "hang") == 0 ? UINT64_C(2000000000) : UINT64_C(100000000000), &l);
    hr_buf_fini(&bytes);
    hr_root_close(root);
    unsetenv("HEADRACE_CUDA");
    unsetenv("FAKE_CUDA");
    unsetenv("FAKE_CUDA_CC");
    return l;
}

static void launches(void **state)
{
    (void)state;
    struct hr_launch l = launched(FAKE_CUDA_SO, "", "120", true);
    assert_int_equal(l.state, HR_LAUNCH_RAN);
    assert_true(l.cc == 120 && l.devices == 1 && l.loaded == 1);
    setenv("FAKE_CUDA_DEVICES", "3", 1);
    l = launched(FAKE_CUDA_SO, "", "75", true);
    unsetenv("FAKE_CUDA_DEVICES");
    assert_true(l.state == HR_LAUNCH_RAN && l.devices == 3);
    l = launched(FAKE_CUDA_SO, "", "86", true); /* 7.5's code is of another major */
    assert_int_equal(l.state, HR_LAUNCH_REFUSED);
    assert_int_equal(l.error, 209);
    assert_string_equal(l.call, "cuModuleLoadData");
    assert_non_null(strstr(l.say, "no kernel image"));
    l = launched(FAKE_CUDA_SO, "", "86", false); /* without images the kernel alone runs */
    assert_true(l.state == HR_LAUNCH_RAN && l.loaded == 0);
    l = launched(FAKE_CUDA_SO, "launch:719", "120", true);
    assert_true(l.state == HR_LAUNCH_REFUSED && l.error == 719);
    assert_string_equal(l.call, "cuLaunchKernel");
    assert_int_equal(launched(FAKE_CUDA_SO, "wrong", "120", true).state, HR_LAUNCH_WRONG);
    assert_int_equal(launched(FAKE_CUDA_SO, "init:100", "120", true).state, HR_LAUNCH_NO_CARD);
    assert_int_equal(launched(FAKE_CUDA_SO, "init:804", "120", true).state, HR_LAUNCH_REFUSED);
    assert_int_equal(launched(FAKE_CUDA_SO, "hang", "120", true).state, HR_LAUNCH_HANGS);
    assert_int_equal(launched(FAKE_CUDA_SO, "crash", "120", true).state, HR_LAUNCH_CRASHED);
    assert_int_equal(launched("/no/such/libcuda.so.1", "", "120", true).state, HR_LAUNCH_NO_CARD);
    assert_int_equal(launched(FAKE_NVML_SO, "", "120", true).state, HR_LAUNCH_NO_CARD);
}

static void hostile_answers(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "{", "[]", "{}", "{\"state\":\"odd\"}", "{\"state\":1}" };
    struct hr_launch l;
    for (size_t i = 0; i < HR_COUNT(bad); i++)
        assert_false(hr_launch_parse(hr_str(bad[i]), &l));
    assert_true(hr_launch_parse(HR_STR("{\"state\":\"refused\",\"error\":99999999,\"devices\":-1}"), &l));
    assert_true(l.state == HR_LAUNCH_REFUSED && l.error == 0 && l.devices == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_targets), cmocka_unit_test(for_which_cards), cmocka_unit_test(files_that_end_too_early),
        cmocka_unit_test(damaged_files),    cmocka_unit_test(launches),        cmocka_unit_test(hostile_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
