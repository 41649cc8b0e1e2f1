/* The CUDA driver, asked in a child: from a stand-in, and from texts. */
#include "unit.h"

#include "cuda.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Only the one that hangs may be given up: a busy machine may take a second for any. */
static struct hr_cuda read_with(const char *library, const char *mode)
{
    uint64_t deadline = strcmp(mode, "hang") == 0 ? UINT64_C(1000000000) : UINT64_C(100000000000);
    struct hr_root *root;
    struct hr_cuda c;
    setenv("HEADRACE_CUDA", library, 1);
    setenv("FAKE_CUDA", mode, 1);
    assert_int_equal(hr_root_open(NULL, &root, NULL), 0);
    assert_int_equal(hr_cuda_read(root, deadline, &c, NULL), 0);
    hr_root_close(root);
    return c;
}

static void a_driver_that_starts(void **state)
{
    (void)state;
    setenv("FAKE_CUDA_DEVICES", "2", 1);
    struct hr_cuda c = read_with(FAKE_CUDA_SO, "");
    assert_int_equal(c.state, HR_CUDA_READ);
    assert_int_equal(c.driver.v, 1209);
    assert_int_equal(c.devices.v, 2);
    assert_non_null(strstr(c.library.v, "fake_cuda.so"));
    assert_string_equal(c.say, "");
    unsetenv("FAKE_CUDA_DEVICES");
}

static void drivers_that_do_not(void **state)
{
    (void)state;
    static const int codes[] = { 3, 34, 100, 802, 803, 804, 999 };
    char mode[32];
    for (size_t i = 0; i < HR_COUNT(codes); i++) {
        snprintf(mode, sizeof mode, "init:%d", codes[i]);
        struct hr_cuda c = read_with(FAKE_CUDA_SO, mode);
        assert_int_equal(c.state, HR_CUDA_REFUSED);
        assert_int_equal(c.error, codes[i]);
        assert_non_null(strstr(c.say, hr_cuda_why(codes[i])));
        assert_false(c.devices.known);
    }
    struct hr_cuda c = read_with(FAKE_CUDA_SO, "hang");
    assert_int_equal(c.state, HR_CUDA_HANGS);
    assert_false(c.driver.known);
    c = read_with(FAKE_CUDA_SO, "crash");
    assert_int_equal(c.state, HR_CUDA_CRASHED);
    c = read_with(FAKE_NVML_SO, "");
    assert_int_equal(c.state, HR_CUDA_NO_SYMBOL);
    c = read_with("/no/such/libcuda.so.1", "");
    assert_int_equal(c.state, HR_CUDA_NO_LIBRARY);
    assert_non_null(strstr(c.say, "/no/such/libcuda.so.1"));
    assert_null(hr_cuda_advice(3));
    assert_non_null(hr_cuda_advice(34));
}

static void hostile_texts(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "[", "[]", "{}", "{\"state\":5}", "{\"state\":\"odd\"}", "{\"error\":-1,\"driver\":1.5}"
    };
    struct hr_cuda c;
    for (size_t i = 0; i < HR_COUNT(bad); i++) {
        assert_int_equal(hr_cuda_parse(hr_str(bad[i]), &c, NULL), 0);
        assert_int_equal(c.state, HR_CUDA_UNREADABLE);
        assert_int_not_equal(c.say[0], 0);
        assert_false(c.driver.known);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_driver_that_starts),
        cmocka_unit_test(drivers_that_do_not),
        cmocka_unit_test(hostile_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
