/* The tables of toolkits: what driver and which host compiler each asks for. */
#include "unit.h"

#include "file.h"
#include "kit_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned first_number(const char *version)
{
    return (unsigned)atoi(version);
}

static void every_row(void **state)
{
    (void)state;
    size_t n;
    const struct hr_kit_row *k = hr_kit_table(&n);
    assert_true(n >= 22);
    assert_int_equal(k[0].cuda, 1002);
    assert_true(k[n - 1].cuda >= 1302);
    for (size_t i = 0; i < n; i++) {
        struct hr_images builds;
        assert_true(k[i].gcc >= 8 && k[i].gcc_source[0] != 0);
        assert_ptr_equal(hr_kit_row_of(k[i].cuda), &k[i]);
        hr_arch_of_toolkit(k[i].cuda, &builds);
        assert_true(builds.n >= 8);
        if (i == 0)
            continue;
        assert_true(k[i].cuda > k[i - 1].cuda);
        assert_true(first_number(k[i].driver) > first_number(k[i - 1].driver));
        assert_true(k[i].gcc >= k[i - 1].gcc); /* no toolkit takes an older one than the one before it did */
        const char *oldest = hr_kit_oldest_driver(k[i].cuda);
        assert_non_null(oldest);
        assert_true(first_number(oldest) <= first_number(k[i].driver));
        const char *source;
        assert_int_equal(hr_driver_branch_of(k[i].cuda, &source), first_number(oldest));
    }
    assert_null(hr_kit_row_of(1207)); /* there was none */
    assert_null(hr_kit_oldest_driver(1002));
}

static void headers(void **state)
{
    (void)state;
    assert_int_equal(hr_kit_gcc_of_header(HR_STR("#if defined(__GNUC__)\n\n#if __GNUC__ > 14\n\n#error -- unsupported")), 14);
    assert_int_equal(hr_kit_gcc_of_header(HR_STR("  #if __GNUC__ > 11 || (__GNUC__ == 11 && __GNUC_MINOR__ > 2)\n")), 11);
    static const char *const none[] = { "", "#if __GNUC__ >", "#if __GNUC__ > x", "int a; // __GNUC__ > 3", "#if __GNUC__ > 0",
                                        "#if __GNUC__ > 99999999999999999999", "#if __GNUC__ >= 5", "\n\n\n", "#if" };
    for (size_t i = 0; i < HR_COUNT(none); i++)
        assert_int_equal(hr_kit_gcc_of_header(hr_str(none[i])), 0);
}

/* The table against the header of the toolkit that is here. */
static void the_header_that_is_here(void **state)
{
    (void)state;
    struct hr_buf b = HR_BUF_INIT(1 << 20);
    if (hr_slurp("/usr/local/cuda/include/crt/host_config.h", &b, NULL) < 0) {
        print_message("skipped: no toolkit in /usr/local/cuda\n");
        skip();
        return;
    }
    unsigned gcc = hr_kit_gcc_of_header(hr_buf_str(&b));
    assert_true(gcc >= 8);
    hr_buf_fini(&b);
    FILE *p = popen("/usr/local/cuda/bin/nvcc --version 2>/dev/null", "r");
    char text[4096];
    assert_non_null(p);
    size_t n = fread(text, 1, sizeof text - 1, p);
    text[n] = 0;
    pclose(p);
    const char *release = strstr(text, "release ");
    assert_non_null(release);
    unsigned cuda = hr_cuda_of((struct hr_str) { release + 8, strcspn(release + 8, ",") });
    const struct hr_kit_row *row = hr_kit_row_of(cuda);
    if (row == NULL) {
        print_message("skipped: CUDA %u is not in the table\n", cuda);
        skip();
        return;
    }
    if (row->gcc != gcc)
        fail_msg("CUDA %u: the table says gcc %u, its header %u", cuda, row->gcc, gcc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(headers),
        cmocka_unit_test(the_header_that_is_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
